"""Kubernetes objects as TKE's are: the article's cluster, in two zones."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pulumi_tke_hybrid.kube import NotAllowed, NotFound
from pulumi_tke_hybrid.kube.client import (
    ENDPOINT_SLICE,
    INGRESS,
    NODE,
    POD,
    SERVICE,
    TKE_SERVICE_CONFIG,
    Kind,
    KubeClient,
)
from pulumi_tke_hybrid.tke import keys
from pulumi_tke_hybrid.tke.cluster import ClusterFacts
from pulumi_tke_hybrid.tke.objects import Json
from pulumi_tke_hybrid.verify.cluster_snapshot import ContainerSubnets

FACTS = {
    "region": "ap-guangzhou",
    "zones": {
        "ap-guangzhou-4": [{"subnetId": "subnet-f3m8i0xi", "cidrBlock": "10.0.64.0/22"}],
        "ap-guangzhou-6": [{"subnetId": "subnet-ef66oja6", "cidrBlock": "10.0.68.0/22"}],
    },
}
SUBNETS = ContainerSubnets.of(ClusterFacts.of(FACTS))


def node(address: str, zone: str, overlay: str) -> Json:
    """A node with its zone as a number and its range of the overlay."""
    return {
        "metadata": {"name": address, "labels": {keys.ZONE_LABEL: zone}},
        "spec": {"podCIDR": overlay, "podCIDRs": [overlay]},
        "status": {
            "addresses": [
                {"type": "InternalIP", "address": address},
                {"type": "Hostname", "address": address},
            ],
            "conditions": [{"type": "Ready", "status": "True"}],
        },
    }


def pod(
    name: str,
    node_name: str,
    address: str,
    *,
    annotated: bool = True,
    requests_eni: bool = True,
    gate: str = "True",
    **spec: object,
) -> Json:
    """Return a running pod. `gate` is the status of its readiness gate; empty means no gate."""
    amounts = {keys.ENI_IP: "1"} if requests_eni else {}
    conditions = [{"type": "Ready", "status": "True" if address else "False"}]
    if gate:
        conditions.append({"type": keys.READINESS_GATE, "status": gate})
    return {
        "metadata": {"name": name, "annotations": {keys.NETWORKS: keys.ROUTE_ENI} if annotated else {}},
        "spec": {
            "nodeName": node_name,
            "containers": [{"name": "web", "resources": {"requests": amounts, "limits": amounts}}],
            "readinessGates": [{"conditionType": keys.READINESS_GATE}] if gate else [],
            **spec,
        },
        "status": {"phase": "Running", "podIP": address, "conditions": conditions},
    }


def service(direct: bool = True, **spec: object) -> Json:
    """A load balancer's Service."""
    annotations = {keys.SERVICE_DIRECT_ACCESS: "true"} if direct else {}
    return {
        "metadata": {"name": "web", "namespace": "default", "annotations": annotations},
        "spec": {
            "type": "LoadBalancer",
            "selector": {"app": "web"},
            "ports": [{"port": 80, "nodePort": 30535}],
            **spec,
        },
        "status": {"loadBalancer": {"ingress": [{"ip": "10.0.8.10"}]}},
    }


def ingress(direct: bool = True, **spec: object) -> Json:
    """An Ingress in front of the Service."""
    path = {"path": "/", "backend": {"service": {"name": "web", "port": {"number": 80}}}}
    return {
        "metadata": {"name": "web", "annotations": {keys.INGRESS_DIRECT_ACCESS: "true"} if direct else {}},
        "spec": {"rules": [{"host": "shop.example.com", "http": {"paths": [path]}}], **spec},
        "status": {"loadBalancer": {"ingress": [{"ip": "10.0.8.8"}]}},
    }


def two_zones() -> list[Json]:
    """Nodes."""
    return [node("10.0.0.4", "100004", "192.168.0.64/26"), node("10.0.1.4", "100006", "192.168.0.128/26")]


def good_pods() -> list[Json]:
    """One pod in each zone, each with an address of its zone's subnet."""
    return [pod("web-0", "10.0.0.4", "10.0.64.2"), pod("web-1", "10.0.1.4", "10.0.68.2")]


@dataclass
class FakeKube(KubeClient):
    """A cluster that is a few lists."""

    services: Mapping[str, Json] = field(default_factory=lambda: {"web": service()})
    ingresses: Mapping[str, Json] = field(default_factory=lambda: {"web": ingress()})
    pods: list[Json] = field(default_factory=good_pods)
    nodes: list[Json] = field(default_factory=two_zones)
    slices: list[Json] = field(default_factory=list[Json])
    configs: Mapping[str, Json] = field(default_factory=dict[str, Json])
    logs: Mapping[str, list[str]] = field(default_factory=dict[str, list[str]])
    forbidden: set[Kind] = field(default_factory=set[Kind])
    jobs: dict[str, Json] = field(default_factory=dict[str, Json])
    job_pods: list[Json] = field(default_factory=list[Json])
    deleted: list[str] = field(default_factory=list[str])

    def get(self, kind: Kind, namespace: str, name: str) -> Json:
        objects = {SERVICE: self.services, INGRESS: self.ingresses, TKE_SERVICE_CONFIG: self.configs}[kind]
        if name not in objects:
            raise NotFound(f"get {kind.plural} {namespace}/{name}: not found")
        return objects[name]

    def list(
        self, kind: Kind, namespace: str = "", labels: Mapping[str, str] | None = None
    ) -> Iterator[Json]:
        if kind in self.forbidden:
            raise NotAllowed(f"list {kind.plural}: not allowed with this kubeconfig (403)")
        if labels and "job-name" in labels:
            return iter(self.job_pods)
        return iter({POD: self.pods, NODE: self.nodes, ENDPOINT_SLICE: self.slices}[kind])

    def log(self, namespace: str, pod: str, container: str, seconds: int) -> Sequence[str]:
        return self.logs.get(pod, [])

    def create(self, kind: Kind, namespace: str, body: Json) -> Json:
        self.jobs[body["metadata"]["name"]] = body
        return body

    def delete(self, kind: Kind, namespace: str, name: str) -> None:
        self.deleted.append(name)
