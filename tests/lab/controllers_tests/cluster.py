"""One cluster with a real control plane and the stand-in TKE controllers, for tests."""

import asyncio
import ipaddress
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any, TypeVar

from lightkube.resources.apps_v1 import StatefulSet
from lightkube.resources.core_v1 import Namespace

from tests.lab.control_plane import ControlPlane
from tests.lab.controllers import TkeControllers, keys
from tests.lab.controllers.kube import (
    EVENT,
    NODE,
    POD,
    SERVICE,
    Api,
    Json,
    child,
    children,
    condition,
    name_of,
    spec_of,
    status_of,
    vips_of,
)
from tests.lab.world import (
    Cluster,
    Instance,
    LoadBalancer,
    NodePool,
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


def hybrid_world(subnets: Mapping[str, tuple[str, str]], *container_subnets: str) -> tuple[World, Cluster]:
    """A world with one VPC and one cluster. `subnets`: name -> zone and range; the id is `subnet-<name>`."""
    world = World()
    world.vpcs["vpc-1"] = Vpc("vpc-1", "main", "10.0.0.0/16")
    for name, (zone, cidr) in subnets.items():
        subnet = Subnet(f"subnet-{name}", name, "vpc-1", zone, cidr, "rtb-1")
        world.subnets[subnet.subnet_id] = subnet
    cluster = world.clusters["cls-1"] = Cluster(
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
        vpc_cni=VpcCni("tke-route-eni", True, 300, list(container_subnets), True),
    )
    return world, cluster


class Clock:
    """Real time plus the skipped seconds of a test."""

    def __init__(self) -> None:
        self.skipped = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.skipped


class Lab:
    """One cluster with a node in each of two zones; only zone 4 has a container subnet."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.clock = Clock()
        self.world, self.cluster = hybrid_world(
            {
                "nodes": ("ap-guangzhou-4", "10.0.0.0/24"),
                "clb": ("ap-guangzhou-4", "10.0.8.0/24"),
                "eni-4": ("ap-guangzhou-4", "10.0.4.0/24"),
                "eni-6": ("ap-guangzhou-6", "10.0.6.0/24"),
                "eni-7": ("ap-guangzhou-7", "10.0.7.0/29"),
            },
            "subnet-eni-4",
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
        self.cluster.node_pools["np-1"] = pool

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
    requested = {keys.ENI_IP: "1"} if annotations and keys.NETWORKS in annotations else {}
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
                    "resources": {"requests": requested, "limits": requested},
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
