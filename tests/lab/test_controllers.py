"""The stand-in controllers against a real control plane: what a TKE hybrid cluster does, seen through its
API."""

import asyncio
import ipaddress
import os
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from lightkube.core.generic_client import WatchDriver
from lightkube.resources.apps_v1 import StatefulSet
from lightkube.resources.core_v1 import Namespace

from tests.lab.control_plane import ControlPlane
from tests.lab.controllers import TkeControllers, keys, kube
from tests.lab.controllers.kube import (
    CONFIG_MAP,
    DEPLOYMENT,
    EVENT,
    INGRESS,
    NODE,
    POD,
    SERVICE,
    VPC_IP_CLAIM,
    Api,
    Json,
    annotations_of,
    child,
    children,
    condition,
    data_of,
    finalizers_of,
    labels_of,
    name_of,
    node_of,
    pod_ip,
    spec_of,
    status_of,
    uid_of,
    vips_of,
)
from tests.lab.controllers.watching import Mirror
from tests.lab.toolchain import ensure
from tests.lab.world import (
    Cluster,
    Instance,
    LoadBalancer,
    NodePool,
    SecurityGroup,
    Subnet,
    Vpc,
    VpcCni,
    World,
)

MANAGER = "test"
ENI = {keys.NETWORKS: keys.ROUTE_ENI}
KEPT = {**ENI, keys.CLAIM_DELETE_POLICY: "Never"}
NAMESPACE: type[Any] = Namespace
STATEFUL_SET: type[Any] = StatefulSet
T = TypeVar("T")


class Clock:
    """Real time plus what a test skipped."""

    def __init__(self) -> None:
        self.skipped = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.skipped


class Lab:
    """One cluster with a node in each of two zones; only zone 4 has a container subnet."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.clock = Clock()
        self.world = World()
        self.world.vpcs["vpc-1"] = Vpc("vpc-1", "main", "10.0.0.0/16")
        for name, zone, cidr in (
            ("nodes", "ap-guangzhou-4", "10.0.0.0/24"),
            ("clb", "ap-guangzhou-4", "10.0.8.0/24"),
            ("eni-4", "ap-guangzhou-4", "10.0.4.0/24"),
            ("eni-6", "ap-guangzhou-6", "10.0.6.0/24"),
            ("eni-7", "ap-guangzhou-7", "10.0.7.0/29"),
        ):
            self.world.subnets[f"subnet-{name}"] = Subnet(
                f"subnet-{name}", name, "vpc-1", zone, cidr, "rtb-1"
            )
        pool = NodePool(
            "np-1",
            "pool",
            ["subnet-nodes"],
            "S5.MEDIUM4",
            0,
            9,
            2,
            False,
            {"team": "shop"},
            [],
            "asc-1",
            "asg-1",
            {},
        )
        self.cluster = Cluster(
            cluster_id="cls-1",
            name="hybrid",
            vpc_id="vpc-1",
            region="ap-guangzhou",
            network_type="GR",
            cluster_cidr="192.168.0.0/20",
            service_cidr="192.168.12.0/22",
            max_pod_num=64,
            max_service_num=1024,
            version="1.36.3",
            non_static_ip_mode=False,
            deletion_protection=False,
            raw={},
            node_pools={"np-1": pool},
        )
        self.world.clusters["cls-1"] = self.cluster
        self.cluster.vpc_cni = VpcCni("tke-route-eni", True, 300, ["subnet-eni-4"], True)

    async def start(self, binaries: Path, directory: Path) -> None:
        self._plane = await ControlPlane.start(binaries, directory, service_cidr=self.cluster.service_cidr)
        self.controllers = TkeControllers(self.world, self.cluster, self._plane.kubeconfig, clock=self.clock)
        self._task = asyncio.create_task(self.controllers.run())
        self.api = Api(self._plane.kubeconfig)
        await asyncio.wait_for(self.controllers.ready.wait(), 60)

    async def stop(self) -> None:
        await self.api.close()
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self._plane.stop()

    def run(self, scenario: Coroutine[Any, Any, T], timeout: float = 60) -> T:
        return self.loop.run_until_complete(asyncio.wait_for(scenario, timeout))

    async def until(self, probe: Callable[[], Awaitable[T | None]], timeout: float = 20) -> T:
        """The first truthy answer."""
        deadline = time.monotonic() + timeout
        while True:
            found = await probe()
            if found:
                return found
            assert time.monotonic() < deadline, (
                f"{probe.__qualname__}: not within {timeout} s, last {found!r}"
            )
            await asyncio.sleep(0.03)

    def add_node(self, zone: str, address: str) -> None:
        instance_id = f"ins-{address.rpartition('.')[2]}"
        self.cluster.instances[instance_id] = Instance(
            instance_id, "np-1", "subnet-nodes", zone, address, "S5.MEDIUM4"
        )
        self.controllers.wake()

    async def node(self, name: str) -> Json | None:
        found = await self.api.get(NODE, name)
        return found if found and condition(found, "Ready") else None

    def phase(self, wanted: str) -> Callable[[], Awaitable[bool]]:
        async def reached() -> bool:
            return self.cluster.vpc_cni is not None and self.cluster.vpc_cni.phase == wanted

        return reached

    def eni_ip_of(self, name: str) -> Callable[[], Awaitable[str | None]]:
        async def allocatable() -> str | None:
            node = await self.api.get(NODE, name)
            return child(status_of(node or {}), "allocatable").get(keys.ENI_IP)

        return allocatable

    async def namespace(self, name: str) -> str:
        await self.api.ensure(NAMESPACE, {"metadata": {"name": name}}, manager=MANAGER)
        return name

    async def pods(self, namespace: str) -> list[Json]:
        found, _ = await self.api.list_all(POD, namespace)
        return sorted(found, key=name_of)

    def ready_pods(self, namespace: str, count: int) -> Callable[[], Awaitable[list[Json] | None]]:
        async def ready() -> list[Json] | None:
            found = [
                pod
                for pod in await self.pods(namespace)
                if condition(pod, "Ready") and not pod["metadata"].get("deletionTimestamp")
            ]
            return found if len(found) == count else None

        return ready

    def event(self, namespace: str, text: str) -> Callable[[], Awaitable[str | None]]:
        async def written() -> str | None:
            found, _ = await self.api.list_all(EVENT, namespace)
            return next((str(event["message"]) for event in found if text in str(event.get("message"))), None)

        return written

    def balancer(self, owner: str) -> LoadBalancer | None:
        return next((lb for lb in self.world.load_balancers.values() if lb.owner == owner), None)

    def vip_of(self, kind: type[Any], namespace: str, name: str) -> Callable[[], Awaitable[str | None]]:
        async def vip() -> str | None:
            found = await self.api.get(kind, name, namespace)
            vips = vips_of(found) if found else []
            return vips[0] if vips else None

        return vip

    async def workload(self, kind: type[Any], namespace: str, replicas: int, template: Json) -> None:
        body: Json = {
            "metadata": {"name": "web", "namespace": namespace},
            "spec": {
                "replicas": replicas,
                "selector": {"matchLabels": {"app": "web"}},
                "template": template,
                **({"serviceName": "web", "podManagementPolicy": "Parallel"} if kind is STATEFUL_SET else {}),
            },
        }
        await self.api.create(kind, body, manager=MANAGER)

    async def service(self, namespace: str, annotations: dict[str, str], kind: str = "LoadBalancer") -> None:
        body: Json = {
            "metadata": {"name": "web", "namespace": namespace, "annotations": annotations},
            "spec": {
                "type": kind,
                "selector": {"app": "web"},
                "ports": [{"name": "http", "port": 80, "targetPort": "http"}],
            },
        }
        await self.api.create(SERVICE, body, manager=MANAGER)


def template(annotations: dict[str, str] | None = None, zone: str = "100004") -> Json:
    asked = {keys.ENI_IP: "1"} if annotations and keys.NETWORKS in annotations else {}
    return {
        "metadata": {"labels": {"app": "web"}, "annotations": annotations or {}},
        "spec": {
            "nodeSelector": {"topology.kubernetes.io/zone": zone},
            "terminationGracePeriodSeconds": 1,
            "containers": [
                {
                    "name": "web",
                    "image": "web",
                    "ports": [{"name": "http", "containerPort": 8080}],
                    "resources": {"requests": asked, "limits": asked},
                }
            ],
        },
    }


def gated(pod: Json) -> bool:
    return any(
        gate["conditionType"] == keys.READINESS_GATE for gate in children(spec_of(pod), "readinessGates")
    )


def within(address: str, cidr: str) -> bool:
    return ipaddress.IPv4Address(address) in ipaddress.IPv4Network(cidr)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    given = os.environ.get("LAB_BINARIES")
    binaries = Path(given) if given else ensure().bin
    made = Lab()
    made.run(made.start(binaries, tmp_path_factory.mktemp("cluster")), timeout=120)
    made.run(made.until(made.phase("upgrading")))
    made.add_node("ap-guangzhou-4", "10.0.0.4")
    made.run(made.until(lambda: made.node("10.0.0.4")))
    made.add_node("ap-guangzhou-6", "10.0.0.6")
    made.run(made.until(lambda: made.node("10.0.0.6")))
    made.run(made.until(made.phase("running")))
    made.run(made.until(made.eni_ip_of("10.0.0.4")))
    yield made
    made.run(made.stop())
    made.loop.close()


def test_instances_become_nodes(lab: Lab) -> None:
    async def scenario() -> None:
        first, second = await lab.node("10.0.0.4"), await lab.node("10.0.0.6")
        assert first is not None
        assert second is not None
        assert spec_of(first)["podCIDR"] == "192.168.0.0/26"
        assert spec_of(second)["podCIDR"] == "192.168.0.64/26"
        assert spec_of(second)["providerID"] == "qcloud:///100006/ins-6"
        assert labels_of(second)["topology.kubernetes.io/zone"] == "100006"
        assert labels_of(second)["topology.kubernetes.io/region"] == "gz"
        assert labels_of(second)["team"] == "shop"
        assert child(status_of(first), "allocatable")["pods"] == "61"
        assert {instance.state for instance in lab.cluster.instances.values()} == {"running"}
        assert lab.cluster.vpc_cni is not None
        assert lab.cluster.vpc_cni.phase == "running"
        assert await lab.eni_ip_of("10.0.0.4")() == "27"
        assert await lab.eni_ip_of("10.0.0.6")() is None

    lab.run(scenario())


def test_ipamd_config_is_written_by_the_platform(lab: Lab) -> None:
    async def scenario() -> None:
        config = await lab.api.get(CONFIG_MAP, keys.IPAMD, keys.KUBE_SYSTEM)
        assert data_of(config) == {
            "TKE_ENI_IPAMD_SUBNET_ID": "subnet-eni-4",
            "TKE_ENI_IPAMD_VPC_ID": "vpc-1",
            "TKE_ENI_IPAMD_ZONE": "ap-guangzhou-4",
        }
        entries = children(child(config, "metadata"), "managedFields")
        assert [(entry["manager"], entry["operation"]) for entry in entries] == [
            ("tke-controller-manager", "Update")
        ]
        masquerade = await lab.api.get(CONFIG_MAP, "ip-masq-agent-config", keys.KUBE_SYSTEM)
        assert '"192.168.0.0/20", "10.0.0.0/16"' in data_of(masquerade)["config"]

    lab.run(scenario())


def test_direct_service_first_then_an_eni_deployment(lab: Lab) -> None:
    async def scenario() -> None:
        namespace = await lab.namespace("direct")
        await lab.service(namespace, {keys.SERVICE_SUBNET: "subnet-clb", keys.SERVICE_DIRECT: "true"})
        vip = await lab.until(lab.vip_of(SERVICE, namespace, "web"))
        assert within(vip, "10.0.8.8/29")
        begin = time.monotonic()
        await lab.workload(DEPLOYMENT, namespace, 2, template(ENI))
        pods = await lab.until(lab.ready_pods(namespace, 2))
        took = time.monotonic() - begin
        assert all(gated(pod) and condition(pod, keys.READINESS_GATE) for pod in pods)
        assert all(within(pod_ip(pod), "10.0.4.0/24") for pod in pods)
        balancer = lab.balancer("service/direct/web")
        assert balancer is not None
        assert balancer.direct
        assert balancer.vip == vip
        assert balancer.listeners[0].backends == sorted((pod_ip(pod), 8080) for pod in pods)
        assert took < 5, f"two ENI pods took {took:.1f} s"
        print(f"two ENI pods ready in {took:.2f} s")
        # One address of the subnet is the ENI's own.
        assert "eni-primary:cls-1/10.0.0.4" in lab.world.subnets["subnet-eni-4"].leases.values()

    lab.run(scenario())


def test_pods_before_the_service_have_no_gate(lab: Lab) -> None:
    async def scenario() -> None:
        namespace = await lab.namespace("late")
        await lab.workload(DEPLOYMENT, namespace, 1, template(ENI))
        await lab.until(lab.ready_pods(namespace, 1))
        await lab.service(namespace, {keys.SERVICE_DIRECT: "true"})
        await lab.until(lab.vip_of(SERVICE, namespace, "web"))
        (pod,) = await lab.pods(namespace)
        assert not gated(pod)

        async def bound() -> bool:
            balancer = lab.balancer("service/late/web")
            return balancer is not None and balancer.listeners[0].backends == [(pod_ip(pod), 8080)]

        await lab.until(bound)

    lab.run(scenario())


def test_plain_service_with_direct_access_off_goes_through_node_ports(lab: Lab) -> None:
    async def scenario() -> None:
        namespace = await lab.namespace("plain")
        await lab.service(namespace, {keys.SERVICE_SUBNET: "subnet-clb", keys.SERVICE_DIRECT: "false"})
        await lab.workload(DEPLOYMENT, namespace, 1, template(zone="100006"))
        (pod,) = await lab.until(lab.ready_pods(namespace, 1))
        assert not gated(pod)
        assert within(pod_ip(pod), "192.168.0.64/26")
        await lab.until(lab.vip_of(SERVICE, namespace, "web"))
        service = await lab.api.get(SERVICE, "web", namespace)
        assert service is not None
        node_port = spec_of(service)["ports"][0]["nodePort"]
        balancer = lab.balancer("service/plain/web")
        assert balancer is not None
        assert not balancer.direct
        assert balancer.listeners[0].backends == [("10.0.0.4", node_port), ("10.0.0.6", node_port)]
        assert annotations_of(service)[keys.SERVICE_DIRECT] == "false"

    lab.run(scenario())


def test_new_service_gets_direct_access_by_default(lab: Lab) -> None:
    async def scenario() -> None:
        namespace = await lab.namespace("default-direct")
        await lab.service(namespace, {})
        vip = await lab.until(lab.vip_of(SERVICE, namespace, "web"))
        assert within(vip, "203.0.113.0/24")
        service = await lab.api.get(SERVICE, "web", namespace)
        assert service is not None
        assert annotations_of(service)[keys.SERVICE_DIRECT] == "true"
        balancer = lab.balancer("service/default-direct/web")
        assert balancer is not None
        assert annotations_of(service)[keys.SERVICE_LB_ID] == balancer.lb_id
        await lab.workload(DEPLOYMENT, namespace, 1, template())
        (pod,) = await lab.until(lab.ready_pods(namespace, 1))
        assert gated(pod)
        assert balancer.listeners[0].backends == [(pod_ip(pod), 8080)]
        assert within(pod_ip(pod), "192.168.0.0/26")

    lab.run(scenario())


def test_a_load_balancer_goes_with_its_service_and_never_changes_in_place(lab: Lab) -> None:
    async def scenario() -> None:
        namespace = await lab.namespace("moving")
        await lab.service(namespace, {keys.SERVICE_SUBNET: "subnet-clb"})
        vip = await lab.until(lab.vip_of(SERVICE, namespace, "web"))
        public: Json = {"metadata": {"annotations": {keys.SERVICE_SUBNET: None}}}
        await lab.api.patch(SERVICE, "web", public, namespace=namespace, manager=MANAGER)
        await lab.until(lab.event(namespace, "cannot be changed between public and internal"))
        assert await lab.vip_of(SERVICE, namespace, "web")() == vip

        plain: Json = {"spec": {"type": "ClusterIP"}}
        await lab.api.patch(SERVICE, "web", plain, namespace=namespace, manager=MANAGER)

        async def withdrawn() -> bool:
            service = await lab.api.get(SERVICE, "web", namespace)
            return (
                service is not None
                and not finalizers_of(service)
                and not vips_of(service)
                and keys.SERVICE_LB_ID not in annotations_of(service)
            )

        await lab.until(withdrawn)
        assert lab.balancer("service/moving/web") is None
        assert vip not in lab.world.subnets["subnet-clb"].leases
        back: Json = {"spec": {"type": "LoadBalancer"}}
        await lab.api.patch(SERVICE, "web", back, namespace=namespace, manager=MANAGER)
        assert within(await lab.until(lab.vip_of(SERVICE, namespace, "web")), "203.0.113.0/24")
        await lab.api.delete(SERVICE, "web", namespace)

        async def gone() -> bool:
            return await lab.api.get(SERVICE, "web", namespace) is None

        await lab.until(gone)
        assert lab.balancer("service/moving/web") is None

    lab.run(scenario())


def ingress_body(namespace: str, annotations: dict[str, str]) -> Json:
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    return {
        "metadata": {"name": "edge", "namespace": namespace, "annotations": annotations},
        "spec": {"rules": [{"http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}]},
    }


def test_direct_ingress(lab: Lab) -> None:
    async def scenario() -> None:
        namespace = await lab.namespace("edge")
        await lab.service(namespace, {}, kind="ClusterIP")
        await lab.api.create(
            INGRESS,
            ingress_body(namespace, {keys.INGRESS_DIRECT: "true", keys.INGRESS_SUBNET: "subnet-clb"}),
            manager=MANAGER,
        )
        await lab.until(lab.event(namespace, "E4047"))
        assert lab.balancer("ingress/edge/edge") is None
        await lab.api.patch(
            SERVICE, "web", {"spec": {"type": "NodePort"}}, namespace=namespace, manager=MANAGER
        )
        vip = await lab.until(lab.vip_of(INGRESS, namespace, "edge"))
        await lab.workload(DEPLOYMENT, namespace, 1, template(ENI))
        (pod,) = await lab.until(lab.ready_pods(namespace, 1))
        assert gated(pod)
        balancer = lab.balancer("ingress/edge/edge")
        assert balancer is not None
        assert balancer.vip == vip
        (listener,) = balancer.listeners
        assert (listener.protocol, listener.port) == ("HTTP", 80)
        (rule,) = listener.rules
        assert (rule.host, rule.path, rule.backends) == ("", "/", [(pod_ip(pod), 8080)])
        await lab.api.delete(INGRESS, "edge", namespace)

        async def gone() -> bool:
            return await lab.api.get(INGRESS, "edge", namespace) is None

        await lab.until(gone)
        assert lab.balancer("ingress/edge/edge") is None

    lab.run(scenario())


def test_graceful_deletion_holds_a_pod_until_its_load_balancer_lets_go(lab: Lab) -> None:
    async def scenario() -> None:
        namespace = await lab.namespace("graceful")
        graceful = {
            keys.SERVICE_SUBNET: "subnet-clb",
            keys.SERVICE_DIRECT: "true",
            keys.SERVICE_GRACE: "true",
        }
        await lab.service(namespace, graceful)
        await lab.until(lab.vip_of(SERVICE, namespace, "web"))
        await lab.workload(DEPLOYMENT, namespace, 1, template(ENI))
        (pod,) = await lab.until(lab.ready_pods(namespace, 1))

        def behind() -> list[str]:
            balancer = lab.balancer("service/graceful/web")
            assert balancer is not None
            return [address for address, _ in balancer.listeners[0].backends]

        async def held() -> bool:
            found = await lab.api.get(POD, name_of(pod), namespace)
            return found is not None and annotations_of(found).get(keys.DELETION_HOLD) == "true"

        async def gone() -> bool:
            return await lab.api.get(POD, name_of(pod), namespace) is None

        await lab.until(held)
        lab.world.load_balancer_sync_seconds = 1.5
        try:
            await lab.api.delete(POD, name_of(pod), namespace)
            await asyncio.sleep(0.7)
            assert await held()
            assert pod_ip(pod) in behind()
            await lab.until(gone)
            assert pod_ip(pod) not in behind()
        finally:
            lab.world.load_balancer_sync_seconds = 0.0

    lab.run(scenario())


def test_a_gate_opens_only_for_a_pod_that_the_health_check_reaches(lab: Lab) -> None:
    async def scenario() -> None:
        namespace = await lab.namespace("closed")
        assert lab.cluster.vpc_cni is not None
        group = SecurityGroup("sg-1", "enis", "", "0", "ap-guangzhou")
        lab.world.security_groups["sg-1"], lab.cluster.vpc_cni.security_group_ids = group, ["sg-1"]
        try:
            await lab.service(namespace, {keys.SERVICE_SUBNET: "subnet-clb", keys.SERVICE_DIRECT: "true"})
            await lab.until(lab.vip_of(SERVICE, namespace, "web"))
            await lab.workload(DEPLOYMENT, namespace, 1, template(ENI))

            async def refused() -> bool:
                return [
                    (entry["status"], entry.get("reason"))
                    for pod in await lab.pods(namespace)
                    for entry in children(status_of(pod), "conditions")
                    if entry["type"] == keys.READINESS_GATE and condition(pod, "ContainersReady")
                ] == [("False", keys.NOT_READY_REASON)]

            await lab.until(refused)
            await asyncio.sleep(1.0)  # several times what it takes to open
            assert await refused()
            group.ingress.append(
                {"Action": "ACCEPT", "CidrBlock": "10.0.8.0/24", "Protocol": "TCP", "Port": "8080"}
            )
            await lab.until(lab.ready_pods(namespace, 1))
        finally:
            lab.cluster.vpc_cni.security_group_ids = None

    lab.run(scenario())


def test_fixed_address_comes_back_to_the_same_name(lab: Lab) -> None:
    async def scenario() -> None:
        namespace = await lab.namespace("fixed")
        await lab.workload(STATEFUL_SET, namespace, 1, template(KEPT))
        (before,) = await lab.until(lab.ready_pods(namespace, 1))
        assert await lab.api.get(VPC_IP_CLAIM, "web-0", namespace) is not None
        await lab.api.delete(POD, "web-0", namespace)

        async def replaced() -> Json | None:
            found = await lab.ready_pods(namespace, 1)()
            return found[0] if found and uid_of(found[0]) != uid_of(before) else None

        after = await lab.until(replaced)
        assert pod_ip(after) == pod_ip(before)

        # The set is scaled down: the claim keeps the address until it expires.
        leases = lab.world.subnets["subnet-eni-4"].leases
        await lab.api.patch(
            STATEFUL_SET, "web", {"spec": {"replicas": 0}}, namespace=namespace, manager=MANAGER
        )

        async def empty() -> bool:
            return not await lab.pods(namespace)

        await lab.until(empty)
        await asyncio.sleep(0.5)
        assert leases[pod_ip(before)] == "eni:cls-1/fixed/web-0"
        lab.clock.skipped += 301

        async def released() -> bool:
            return (
                pod_ip(before) not in leases and await lab.api.get(VPC_IP_CLAIM, "web-0", namespace) is None
            )

        await lab.until(released)

    lab.run(scenario())


def test_a_deleted_claim_frees_the_address(lab: Lab) -> None:
    async def scenario() -> None:
        namespace = await lab.namespace("manual")
        await lab.workload(STATEFUL_SET, namespace, 1, template(KEPT))
        (pod,) = await lab.until(lab.ready_pods(namespace, 1))
        await lab.api.delete(STATEFUL_SET, "web", namespace)
        leases = lab.world.subnets["subnet-eni-4"].leases

        async def empty() -> bool:
            return not await lab.pods(namespace)

        await lab.until(empty)
        await asyncio.sleep(0.3)
        assert pod_ip(pod) in leases
        await lab.api.delete(VPC_IP_CLAIM, "web-0", namespace)

        async def released() -> bool:
            return pod_ip(pod) not in leases

        await lab.until(released)

    lab.run(scenario())


def test_other_pods_give_their_address_back(lab: Lab) -> None:
    async def scenario() -> None:
        namespace = await lab.namespace("floating")
        await lab.workload(STATEFUL_SET, namespace, 1, template(ENI))
        (before,) = await lab.until(lab.ready_pods(namespace, 1))
        await lab.api.delete(POD, "web-0", namespace)

        async def replaced() -> Json | None:
            found = await lab.ready_pods(namespace, 1)()
            return found[0] if found and uid_of(found[0]) != uid_of(before) else None

        after = await lab.until(replaced)
        assert pod_ip(after) != pod_ip(before)
        assert pod_ip(before) not in lab.world.subnets["subnet-eni-4"].leases

    lab.run(scenario())


def test_annotation_alone_is_completed_by_the_webhook(lab: Lab) -> None:
    async def scenario() -> None:
        namespace = await lab.namespace("completed")
        half = template()
        half["metadata"]["annotations"] = ENI
        await lab.workload(DEPLOYMENT, namespace, 1, half)
        (pod,) = await lab.until(lab.ready_pods(namespace, 1))
        assert spec_of(pod)["containers"][0]["resources"]["limits"][keys.ENI_IP] == "1"
        assert within(pod_ip(pod), "10.0.4.0/24")
        # Where the webhook is told to stay out, half an opt-in is none.
        await lab.api.create(
            NAMESPACE,
            {"metadata": {"name": "half", "labels": {keys.NO_ENI_IP_LIMIT_LABEL: "true"}}},
            manager=MANAGER,
        )
        await lab.workload(DEPLOYMENT, "half", 1, half)
        (pod,) = await lab.until(lab.ready_pods("half", 1))
        assert within(pod_ip(pod), "192.168.0.0/26")

    lab.run(scenario())


def test_config_map_edit_works_after_ipamd_was_replaced_and_not_before(lab: Lab) -> None:
    async def scenario() -> None:
        namespace = await lab.namespace("zone-six")
        await lab.workload(DEPLOYMENT, namespace, 1, template(ENI, zone="100006"))
        await lab.until(lab.event(namespace, f"Insufficient {keys.ENI_IP}"))
        data = {
            keys.SUBNET_ID_KEY: "subnet-eni-4:subnet-eni-6",
            keys.ZONE_KEY: "ap-guangzhou-4:ap-guangzhou-6",
        }
        await lab.api.patch(
            CONFIG_MAP, keys.IPAMD, {"data": data}, namespace=keys.KUBE_SYSTEM, manager=MANAGER
        )
        await asyncio.sleep(1.5)
        assert lab.cluster.vpc_cni is not None
        assert lab.cluster.vpc_cni.ipamd_subnet_ids == ["subnet-eni-4"]
        (pod,) = await lab.pods(namespace)
        assert status_of(pod)["phase"] == "Pending"
        assert not node_of(pod)

        restart: Json = {"spec": {"template": {"metadata": {"annotations": {"restarted": "yes"}}}}}
        await lab.api.patch(DEPLOYMENT, keys.IPAMD, restart, namespace=keys.KUBE_SYSTEM, manager=MANAGER)
        (pod,) = await lab.until(lab.ready_pods(namespace, 1), timeout=40)
        assert within(pod_ip(pod), "10.0.6.0/24")
        assert lab.cluster.vpc_cni.ipamd_subnet_ids == ["subnet-eni-4", "subnet-eni-6"]
        # The cloud's own list does not learn of it.
        assert lab.cluster.vpc_cni.subnet_ids == ["subnet-eni-4"]

    lab.run(scenario())


def test_fixed_address_does_not_cross_zones(lab: Lab) -> None:
    async def scenario() -> None:
        namespace = await lab.namespace("pinned")
        await lab.workload(STATEFUL_SET, namespace, 1, template(KEPT))
        (pod,) = await lab.until(lab.ready_pods(namespace, 1))
        moved: Json = {"spec": {"template": {"spec": template(KEPT, zone="100006")["spec"]}}}
        await lab.api.patch(STATEFUL_SET, "web", moved, namespace=namespace, manager=MANAGER)
        await lab.until(lab.event(namespace, "belongs to subnet-eni-4 in ap-guangzhou-4"))
        (stuck,) = await lab.pods(namespace)
        assert uid_of(stuck) != uid_of(pod)
        assert status_of(stuck)["phase"] == "Pending"

    lab.run(scenario())


def test_subnets_added_through_the_cloud_need_no_restart(lab: Lab) -> None:
    async def scenario() -> None:
        lab.add_node("ap-guangzhou-7", "10.0.0.7")
        await lab.until(lambda: lab.node("10.0.0.7"))
        assert lab.cluster.vpc_cni is not None
        lab.cluster.vpc_cni.subnet_ids.append("subnet-eni-7")
        lab.controllers.wake()
        # A /29: five usable addresses, one for the ENI.
        assert await lab.until(lab.eni_ip_of("10.0.0.7")) == "4"
        config = await lab.api.get(CONFIG_MAP, keys.IPAMD, keys.KUBE_SYSTEM)
        assert data_of(config)[keys.SUBNET_ID_KEY].split(":")[-1] == "subnet-eni-7"
        assert "subnet-eni-4" in lab.cluster.vpc_cni.ipamd_subnet_ids

    lab.run(scenario())


def test_a_vanished_instance_takes_its_node_and_pods_along(lab: Lab) -> None:
    async def scenario() -> None:
        namespace = await lab.namespace("vanishing")
        lab.add_node("ap-guangzhou-4", "10.0.0.14")
        await lab.until(lambda: lab.node("10.0.0.14"))
        pinned = template(ENI)
        pinned["spec"]["nodeName"] = "10.0.0.14"
        await lab.until(lab.eni_ip_of("10.0.0.14"))
        await lab.api.create(
            POD,
            {
                "metadata": {"name": "bare", "namespace": namespace, **pinned["metadata"]},
                "spec": pinned["spec"],
            },
            manager=MANAGER,
        )
        await lab.until(lab.ready_pods(namespace, 1))
        del lab.cluster.instances["ins-14"]
        lab.controllers.wake()

        async def gone() -> bool:
            return not await lab.pods(namespace) and await lab.api.get(NODE, "10.0.0.14") is None

        await lab.until(gone)

        async def given_back() -> bool:
            owners = set(lab.world.subnets["subnet-eni-4"].leases.values())
            return owners.isdisjoint({"eni:cls-1/vanishing/bare", "eni-primary:cls-1/10.0.0.14"})

        await lab.until(given_back)

    lab.run(scenario())


def test_a_watch_ends_after_a_while_and_the_next_one_goes_on_where_it_was(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: Counter[WatchDriver] = Counter()

    def begins(self: WatchDriver, timeout: Any) -> Any:
        begun[self] += 1
        return get_request(self, timeout)

    get_request: Any = WatchDriver.get_request
    monkeypatch.setattr(WatchDriver, "get_request", begins)
    monkeypatch.setattr(kube, "WATCH_SECONDS", 1)

    async def scenario() -> None:
        namespace = await lab.namespace("watched")
        mirror = Mirror(lab.api, CONFIG_MAP, namespace)
        task = asyncio.create_task(mirror.run())
        try:
            await mirror.synced.wait()

            async def third() -> bool:
                return max(begun.values()) >= 3  # those of the controllers last longer

            await lab.until(third)
            await lab.api.create(
                CONFIG_MAP, {"metadata": {"name": "late", "namespace": namespace}}, manager=MANAGER
            )

            async def seen() -> bool:
                return (namespace, "late") in mirror

            await lab.until(seen)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    lab.run(scenario())


def test_turning_vpc_cni_off_takes_everything_away(lab: Lab) -> None:
    async def scenario() -> None:
        lab.cluster.vpc_cni = None
        lab.controllers.wake()

        async def gone() -> bool:
            return (
                await lab.api.get(CONFIG_MAP, keys.IPAMD, keys.KUBE_SYSTEM) is None
                and await lab.api.get(DEPLOYMENT, keys.IPAMD, keys.KUBE_SYSTEM) is None
                and await lab.eni_ip_of("10.0.0.4")() is None
            )

        await lab.until(gone)
        again = VpcCni("tke-route-eni", False, None, ["subnet-eni-4"], True)
        lab.cluster.vpc_cni = again
        lab.controllers.wake()

        async def running() -> bool:
            return again.phase == "running" and await lab.eni_ip_of("10.0.0.4")() == "27"

        await lab.until(running)

    lab.run(scenario())
