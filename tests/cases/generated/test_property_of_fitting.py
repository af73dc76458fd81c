"""A thousand generated clusters: what `capacity` counts is what placing pods one by one gives, and the
preview passes nothing beyond it."""

import random
from dataclasses import dataclass
from typing import Any

import pytest

from pulumi_tke_hybrid.capacity import cluster_sources
from pulumi_tke_hybrid.capacity.propose import ZoneDemand, propose, too_many_pods
from pulumi_tke_hybrid.capacity.zone_rows import Fit, Outcome
from pulumi_tke_hybrid.plan.model import Op, Plan, State
from pulumi_tke_hybrid.plan.preview_json import last_states, of_states
from pulumi_tke_hybrid.plan.rules import coverage
from pulumi_tke_hybrid.tke import capacity, cidrs
from pulumi_tke_hybrid.tke.cluster import ClusterFacts
from pulumi_tke_hybrid.tke.enis import EniLimit, eni_limit
from pulumi_tke_hybrid.tke.rules import address_capacity
from tests.unit.capacity.stacks import Json, cluster, made_cluster, preview, subnet
from tests.unit.capacity.stacks import workload as deployment

ZONES = ("ap-guangzhou-4", "ap-guangzhou-6", "ap-guangzhou-7")
TYPES = ("S5.SMALL2", "S5.LARGE8", "S5.2XLARGE16")


@dataclass
class Generated:
    """One cluster with one workload."""

    static_ip: bool
    pods_per_node: int
    zones: dict[str, list[tuple[str, int | None]]]
    """Ranges by zone, with the free addresses when the subnet was last read."""
    pools: list[Json]
    replicas: int
    surge: int

    def plan(self) -> Json:
        listed = [
            {"zone": zone, "cidrBlock": block} for zone, blocks in self.zones.items() for block, _ in blocks
        ]
        pools = {f"p{index}": pool for index, pool in enumerate(self.pools)}
        made = cluster(eniSubnets=listed, nodePools=pools, staticIp=self.static_ip)
        there = [made, made_cluster(pods_per_node=self.pods_per_node)]
        for zone, blocks in self.zones.items():
            for index, (block, free) in enumerate(blocks):
                one = subnet(zone, block, free)
                one["urn"] += str(index)
                if free is not None:
                    one["outputs"]["id"] = subnet_id(zone, index)
                there.append(one)
        return preview(there, [*there, deployment("web", self.replicas, surge=self.surge)])

    def facts(self) -> dict[str, Any]:
        zones = {
            zone: [
                {"subnetId": subnet_id(zone, index), "cidrBlock": block}
                for index, (block, _) in enumerate(blocks)
            ]
            for zone, blocks in self.zones.items()
        }
        return {
            "clusterId": "cls-12345678", "staticIp": self.static_ip, "zones": zones, "nodePools": self.pools,
            "podsPerNode": self.pods_per_node,
        }  # fmt: skip


def subnet_id(zone: str, index: int) -> str:
    return f"subnet-{zone[-1] * 7}{index}"


def generated(chance: random.Random, *, read: bool) -> Generated:
    """`read`: the provider has read free addresses, of which others may hold some."""
    zones: dict[str, list[tuple[str, int | None]]] = {}
    for number, zone in enumerate(ZONES[: chance.randint(1, 3)]):
        zones[zone] = []
        for index in range(chance.randint(1, 2)):
            block = f"10.{number}.{index}.0/{chance.randint(25, 28)}"
            size = cidrs.usable_addresses(block)
            zones[zone].append((block, chance.randint(0, size) if read else None))
    pools: list[Json] = [
        {
            "zone": chance.choice(list(zones)),
            "size": chance.randint(0, 3),
            "instanceType": chance.choice(TYPES),
        }
        for _ in range(chance.randint(1, 3))
    ]
    if not any(pool["size"] for pool in pools):
        pools[0]["size"] = 1
    for pool in pools:
        if chance.random() < 0.2:
            pool |= {"minSize": 0, "maxSize": max(pool["size"], 1) + chance.randint(0, 2)}
    return Generated(
        chance.random() < 0.8,
        chance.choice((16, 32, 64, 256)),
        zones,
        pools,
        chance.randint(0, 130),
        chance.randint(0, 9),
    )


def one_by_one(found: Generated, wanted: int) -> int:
    """Pods that get an address when each goes to the emptiest zone that has room, there to the emptiest node
    that has."""
    zones = [Counted(found, zone) for zone in found.zones]
    placed = 0
    while placed < wanted and any(zone.place() for zone in sorted(zones, key=lambda zone: zone.pods)):
        placed += 1
    return placed


class Counted:
    """A zone in which pods are counted one by one, by lists and loops alone."""

    def __init__(self, found: Generated, zone: str) -> None:
        self.free = [cidrs.usable_addresses(block) for block, _ in found.zones[zone]]
        self.pods = 0
        limits: list[tuple[EniLimit, int]] = []
        for pool in found.pools:
            limit = eni_limit(pool["instanceType"])
            assert limit is not None
            number = max(pool["size"], pool.get("maxSize", 0)) if pool["zone"] == zone else 0
            limits += [(limit, min(limit.enis * limit.pods_per_eni, found.pods_per_node - 3))] * number
        self.nodes: list[dict[str, Any]] = [
            {"limit": limit, "most": most, "pods": 0, "enis": []} for limit, most in limits
        ]
        for _ in range(0 if found.static_ip else 5 * len(self.nodes)):
            if max(self.free):
                self.free[self.free.index(max(self.free))] -= 1
        for node in self.nodes:
            self.attach(node, 1)

    def attach(self, node: dict[str, Any], least: int) -> bool:
        if max(self.free) < least or len(node["enis"]) == node["limit"].enis:
            return False
        index = self.free.index(max(self.free))
        self.free[index] -= 1
        node["enis"].append([index, node["limit"].pods_per_eni])
        return True

    def place(self) -> bool:
        for node in sorted(self.nodes, key=lambda node: int(node["pods"])):
            if node["pods"] == node["most"]:
                continue
            usable = [eni for eni in node["enis"] if eni[1] and self.free[eni[0]]]
            if not usable and not self.attach(node, 2):
                continue
            eni = usable[0] if usable else node["enis"][-1]
            eni[1] -= 1
            self.free[eni[0]] -= 1
            node["pods"] += 1
            self.pods += 1
            return True
        return False


def sides(plan: Json) -> Plan:
    """The plan as a review has it."""
    before, after = last_states(plan["steps"])
    steps = []
    for urn in after:
        state: State = after[urn]
        (step,) = of_states({urn: state}).steps
        old: State = before.get(urn, {})
        steps.append(step if old else type(step)(urn, step.type, Op.CREATE, new=step.new, parent=step.parent))
    return Plan(steps)


def test_preview_rule_capacity_and_a_plain_count_agree_on_what_fits() -> None:
    chance, full = random.Random(20261130), 0
    for number in range(1000):
        found = generated(chance, read=number % 2 == 1)
        plan = found.plan()
        before, after = cluster_sources.of_preview(plan, "")
        outcome = Outcome(after, before)
        lacking = sum(row.lacking for row in outcome.rows)
        assert (lacking > 0) == any(
            outcome.verdict(row) is Fit.FULL and row.subnets for row in outcome.rows
        ), found
        assert (lacking > 0) == bool(list(coverage.pods_fit_findings(sides(plan)))), found
        full += lacking > 0
        if (
            number % 2 == 0
        ):  # a workload knows the ranges of its cluster's subnets, not how many addresses others hold in them
            wanted = found.replicas + min(found.surge, found.replicas)
            assert lacking == wanted - one_by_one(found, wanted), found
            room = capacity.room_of(ClusterFacts.of(found.facts()).inventory())
            findings = list(
                address_capacity.capacity_findings(
                    found.replicas, found.surge, room, exposed=False, rolling=True
                )
            )
            assert (lacking > 0) == any(finding.rule is address_capacity.ADDRESSES for finding in findings), (
                found
            )
    assert 200 < full < 900


@pytest.mark.parametrize("seed", range(2))
def test_a_proposed_subnet_holds_the_nodes_and_pods_of_its_demand(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(40):
        kind = chance.choice(TYPES)
        limit = eni_limit(kind)
        assert limit is not None
        nodes = chance.randint(1, 12)
        wish = ZoneDemand(ZONES[0], nodes, chance.randint(0, nodes * limit.pods), limit)
        assert too_many_pods(wish) is None
        (placed,) = propose("10.0.0.0/16", [wish], {}, 0.0)
        pool = {"zone": ZONES[0], "size": nodes, "instanceType": kind}
        found = Generated(True, 256, {ZONES[0]: [(placed.block, None)]}, [pool], wish.pods, 0)
        before, after = cluster_sources.of_preview(found.plan(), "")
        (row,) = Outcome(after, before).rows
        assert (row.lacking, row.used) == (0, placed.needed), found
