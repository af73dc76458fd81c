"""A hybrid cluster of two zones on the lab, with real packets: where workloads are rolled, moved and scaled
under steady load."""

import contextlib
import time
from collections.abc import Generator, Mapping
from typing import Any

from lightkube.resources.apps_v1 import Deployment, StatefulSet
from lightkube.resources.core_v1 import Namespace, Node, Pod, Service
from lightkube.resources.networking_v1 import Ingress
from lightkube.types import PatchType

from tests.engine.stacks import PROGRAMS, configure, stack
from tests.lab.cluster_view import client, pods
from tests.lab.lab import Lab, wait_until
from tests.lab.load.steady import SteadyLoad
from tests.lab.pulumi_cli import PulumiProject

ZONES = ["ap-guangzhou-4", "ap-guangzhou-6"]
PREFIX = 28
"""Of the container subnets: 13 addresses, one of them for the node's ENI itself."""
CLIENT = "10.0.200.3"
SYNC_SECONDS = 1.5
"""Time until the lab's controllers have bound new pods; a change that misses one sync waits for the next
sync."""
RESTARTED = "kubectl.kubernetes.io/restartedAt"
Json = dict[str, Any]


class Scene:
    def __init__(self, lab: Lab, cluster_id: str) -> None:
        self.lab = lab
        self.cluster_id = cluster_id
        self.kubeconfig = lab.kubeconfig(cluster_id)
        self.kube: Any = client(self.kubeconfig)  # partly without types
        self.subnet_id = next(
            name for name, item in lab.state()["subnets"].items() if item["name"] == f"nodes-{ZONES[0]}"
        )

    @classmethod
    @contextlib.contextmanager
    def set_up(cls, lab: Lab) -> "Generator[Scene]":
        """`lab` with packets. Taken down at the end."""
        with stack(
            lab, PROGRAMS / "zones", "scene", {"zones": ZONES, "workload": "false", "prefix": PREFIX}
        ) as made:
            made.up()
            lab.settings(slow_backends=SYNC_SECONDS)
            yield cls(lab, str(made.outputs()["clusterId"]))

    @contextlib.contextmanager
    def workload(self, name: str, **config: object) -> Generator[PulumiProject]:
        """A stack with one `ClientIpWorkload`, `web`, up."""
        given: dict[str, object] = {"clusterId": self.cluster_id, "subnetId": self.subnet_id, **config}
        with stack(
            self.lab, PROGRAMS / "rollouts", name, given, {"LAB_KUBECONFIG": self.kubeconfig}
        ) as project:
            project.up()
            yield project

    def load(self, address: str) -> SteadyLoad:
        """New requests from a client in the VPC, until the end of the block."""
        return SteadyLoad(self.lab.client(CLIENT), address)

    def restart(
        self,
        kind: "type[Deployment | StatefulSet]" = Deployment,
        namespace: str = "default",
        name: str = "web",
    ) -> None:
        """As `kubectl rollout restart` does."""
        patch: Json = {"spec": {"template": {"metadata": {"annotations": {RESTARTED: str(time.time())}}}}}
        self.kube.patch(kind, name, patch, namespace=namespace, patch_type=PatchType.MERGE)

    def roll_twice(self, project: PulumiProject, replicas: int) -> None:
        """A restart and then another image, each until its last pod is gone."""
        self.restart()
        self.rolled_out(replicas)
        configure(project, {"image": "nginx:2"})
        project.up()
        self.rolled_out(replicas)

    def security_groups(self, *groups: str) -> None:
        """Put these security groups on the nodes' ENIs, by ipamd's arguments; none of them: switch that
        off."""
        arguments = ["--enable-security-groups", f"--security-groups={','.join(groups)}"] if groups else []
        containers = [{"name": "tke-eni-ipamd", "args": arguments}]
        patch: Json = {"spec": {"template": {"spec": {"containers": containers}}}}
        self.kube.patch(Deployment, "tke-eni-ipamd", patch, namespace="kube-system")
        wanted = list(groups) or None
        wait_until(
            "ipamd's restart",
            lambda: self.vpc_cni()["security_group_ids"] == wanted and self.vpc_cni()["phase"] == "running",
        )

    def vpc_cni(self) -> Json:
        """VPC-CNI of the cluster, as the cloud has it."""
        found: Json = self.lab.state()["clusters"][self.cluster_id]["vpc_cni"]
        return found

    def pods(self, namespace: str = "default") -> list[Json]:
        return [pod.to_dict() for pod in self.kube.list(Pod, namespace=namespace)]

    def rolled_out(
        self,
        replicas: int,
        *,
        kind: "type[Deployment | StatefulSet]" = Deployment,
        namespace: str = "default",
    ) -> None:
        """Wait until the new pods are ready and the last old pod is gone."""

        def done() -> bool:
            found: Json = self.kube.get(kind, "web", namespace=namespace).to_dict()
            status, pods = found.get("status") or {}, self.pods(namespace)
            counts = [status.get(field, 0) for field in ("replicas", "updatedReplicas", "readyReplicas")]
            current = status.get("observedGeneration") == found["metadata"]["generation"]
            return (
                current
                and counts == [replicas] * 3
                and len(pods) == replicas
                and not any(_ends(pod) for pod in pods)
            )

        wait_until(f"the rollout of {namespace}/web", done, 180)

    @staticmethod
    def is_ready(pod: Json) -> bool:
        """Whether the pod is Ready."""
        return any(
            entry["type"] == "Ready" and entry["status"] == "True"
            for entry in (pod.get("status") or {}).get("conditions") or ()
        )

    @contextlib.contextmanager
    def plain(
        self, namespace: str, replicas: int = 4, annotations: Mapping[str, str] | None = None
    ) -> Generator[str]:
        """The objects of a team without this library: a Deployment and a Service of type LoadBalancer.
        Return the Service's address."""
        labels = {"app": "web"}
        spec: Json = {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "containers": [{"name": "web", "image": "nginx:1", "ports": [{"containerPort": 80}]}]
                },
            },
        }
        placed = {
            "service.kubernetes.io/qcloud-loadbalancer-internal-subnetid": self.subnet_id,
            **(annotations or {}),
        }
        self.kube.create(Namespace.from_dict({"metadata": {"name": namespace}}))
        try:
            service: Json = {
                "type": "LoadBalancer",
                "selector": labels,
                "ports": [{"port": 80, "targetPort": 80}],
            }
            named: Json = {"name": "web", "namespace": namespace}
            self.kube.create(
                Service.from_dict({"metadata": {**named, "annotations": placed}, "spec": service})
            )
            self.kube.create(Deployment.from_dict({"metadata": named, "spec": spec}))
            self.rolled_out(replicas, namespace=namespace)
            yield self.address(namespace)
        finally:
            self.kube.delete(Service, "web", namespace=namespace)
            self.kube.delete(Deployment, "web", namespace=namespace)
            self.kube.delete(Namespace, namespace)

    def set_image(self, image: str, namespace: str) -> None:
        """As `kubectl set image` does."""
        patch: Json = {"spec": {"template": {"spec": {"containers": [{"name": "web", "image": image}]}}}}
        self.kube.patch(Deployment, "web", patch, namespace=namespace)

    def service(self, namespace: str = "default") -> Json:
        found: Json = self.kube.get(Service, "web", namespace=namespace).to_dict()
        return found

    def address(self, namespace: str = "default", front: str = "service") -> str:
        """Once the load balancer has the pods."""
        found: Json = self.kube.get(
            Service if front == "service" else Ingress, "web", namespace=namespace
        ).to_dict()
        return str(found["status"]["loadBalancer"]["ingress"][0]["ip"])

    def balancer(self, namespace: str = "default", front: str = "service") -> Json:
        """The load balancer of the Service or Ingress `web`, as the cloud has it."""
        owner = f"{front}/{namespace}/web"
        return next(item for item in self.lab.state()["load_balancers"].values() if item["owner"] == owner)

    def bound(self, count: int, namespace: str = "default", front: str = "service") -> None:
        """Wait until the load balancer has this number of backends, and the backends answer."""

        def backends() -> list[int]:
            return [len(item["backends"]) for item in self.balancer(namespace, front)["listeners"]]

        wait_until(
            f"{count} backends", lambda: backends() == [count], 90, lambda: self._picture(namespace, front)
        )

    def _picture(self, namespace: str, front: str) -> str:
        """The diagnosis of a load balancer without the expected state: the lab's last log lines, the object,
        the nodes, the pods and the load balancer."""
        owner: Json = self.kube.get(
            Service if front == "service" else Ingress, "web", namespace=namespace
        ).to_dict()
        ready = {
            node.metadata.name: (
                {entry.type: entry.status for entry in node.status.conditions or ()}.get("Ready")
            )
            for node in self.kube.list(Node)
        }
        logged = (self.lab.directory / "lab.log").read_text().splitlines()[-20:]
        shown = [str(row) for row in pods(self.kubeconfig, namespace)]
        # The most important lines are last, because a shortened output ends with them.
        return "\n".join([*logged, str(owner), str(ready), *shown, str(self.balancer(namespace, front))])


def _ends(pod: Json) -> bool:
    return bool(pod["metadata"].get("deletionTimestamp"))
