"""Capacity against a real scheduler: pods are added to each zone until some stay Pending. What was predicted
is what runs."""

import asyncio
from collections import Counter
from collections.abc import Iterator

import pytest

from pulumi_tke_hybrid.capacity import cluster_sources
from pulumi_tke_hybrid.capacity.zone_rows import ZoneRow, zone_rows
from pulumi_tke_hybrid.tke.cluster import ClusterInventory, Nodes, Subnet, Zone
from pulumi_tke_hybrid.tke.enis import LimitSource
from tests.lab.controllers.kube import DEPLOYMENT, NODE, POD, Json, condition, name_of, pod_ip, status_of
from tests.lab.controllers_tests.cluster import ENI, Lab, template
from tests.lab.toolchain import CONTROL_PLANE, ensure
from tests.lab.world import Instance
from tests.lab.world import Subnet as WorldSubnet

ZONES = {
    # The machine's type ends it; the addresses; the addresses, of which each of two nodes takes one for its
    # ENI.
    "ap-guangzhou-4": ("S5.SMALL1", "10.0.64.0/24", ["10.0.0.41"], 5),
    "ap-guangzhou-7": ("S5.2XLARGE16", "10.0.65.0/28", ["10.0.0.71"], 12),
    "ap-guangzhou-6": ("S5.MEDIUM4", "10.0.66.0/28", ["10.0.0.61", "10.0.0.62"], 11),
}
BEYOND = 3
"""Number of pods above the prediction."""


def predicted() -> dict[str, ZoneRow]:
    zones = tuple(
        Zone(name, (Subnet(block),), (Nodes(kind, len(nodes)),))
        for name, (kind, block, nodes, _) in ZONES.items()
    )
    return {row.zone: row for row in zone_rows(ClusterInventory("cls-1", zones=zones))}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    made = Lab()
    assert made.cluster.vpc_cni is not None
    made.cluster.vpc_cni.subnet_ids = [f"subnet-{zone}" for zone in ZONES]
    for zone, (kind, block, nodes, _) in ZONES.items():
        made.world.subnets[f"subnet-{zone}"] = WorldSubnet(
            f"subnet-{zone}", zone, "vpc-1", zone, block, "rtb-1"
        )
        for address in nodes:
            name = f"ins-{address}"
            made.cluster.instances[name] = Instance(name, "np-1", "subnet-nodes", zone, address, kind)
    made.run(made.start(ensure(only=CONTROL_PLANE).bin, tmp_path_factory.mktemp("capacity")), timeout=120)
    made.run(made.until(made.phase("running"), timeout=60), timeout=90)
    yield made
    made.run(made.stop())
    made.loop.close()


async def settled(lab: Lab, namespace: str, wanted: int, running: int) -> list[Json] | None:
    """Return all pods, as soon as this number runs and the scheduler has refused the others."""
    pods = await lab.pods(namespace)
    with_address = [pod for pod in pods if pod_ip(pod)]
    waiting = [pod for pod in pods if not pod_ip(pod) and status_of(pod).get("conditions")]
    return pods if len(with_address) >= running and len(waiting) == wanted - len(with_address) else None


@pytest.mark.parametrize("zone", ZONES)
def test_as_many_pods_run_as_were_predicted_and_the_others_stay_pending(lab: Lab, zone: str) -> None:
    expected = predicted()[zone].pods_fit
    assert expected == ZONES[zone][3]
    namespace, wanted = f"z{zone[-1]}", expected + BEYOND

    async def fill() -> list[Json]:
        await lab.namespace(namespace)
        await lab.until(lambda: lab.eni_ip_of(ZONES[zone][2][0])())
        labels = {"app": "web"}
        spec: Json = {
            "replicas": wanted,
            "selector": {"matchLabels": labels},
            "template": template(ENI, f"10000{zone[-1]}"),
        }
        await lab.api.create(
            DEPLOYMENT, {"metadata": {"name": "web", "namespace": namespace}, "spec": spec}, manager="test"
        )

        async def look() -> list[Json] | None:
            return await settled(lab, namespace, wanted, expected)

        await lab.until(look, timeout=60)
        await asyncio.sleep(1)  # for one more, if there were room
        return await lab.pods(namespace)

    pods = lab.run(fill(), timeout=120)
    assert len(pods) == wanted
    assert len([pod for pod in pods if pod_ip(pod)]) == expected
    assert not any(condition(pod, "Ready") for pod in pods if not pod_ip(pod))


def test_a_live_look_counts_the_same(lab: Lab) -> None:
    async def look() -> tuple[dict[str, Counter[cluster_sources.NodeKind]], Counter[str]]:
        nodes, _ = await lab.api.list_all(NODE, None)
        pods, _ = await lab.api.list_all(POD)
        return cluster_sources.count(sorted(nodes, key=name_of), pods, "ap-guangzhou")

    by_zone, living = lab.run(look())
    types = {zone: Counter(kind for kind, _ in kinds.elements()) for zone, kinds in by_zone.items()}
    assert types == {zone: Counter({kind: len(nodes)}) for zone, (kind, _, nodes, _) in ZONES.items()}
    limits = [limit for kinds in by_zone.values() for _, limit in kinds]
    assert all(limit is not None and limit.source is LimitSource.NODE for limit in limits)
    assert living == Counter({zone: row.pods_fit for zone, row in predicted().items()})
    used = {zone: len(lab.world.subnets[f"subnet-{zone}"].leases) for zone in ZONES}
    zones = tuple(
        Zone(name, (Subnet(block, f"subnet-{name}", used[name]),), (Nodes(kind, len(nodes)),), living[name])
        for name, (kind, block, nodes, _) in ZONES.items()
    )
    for row in zone_rows(ClusterInventory("cls-1", zones=zones)):
        assert row.pods == row.pods_fit
        assert row.free == lab.world.subnets[f"subnet-{row.zone}"].available
