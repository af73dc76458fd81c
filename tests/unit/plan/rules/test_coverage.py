"""Rules on zones: nodes without a container subnet, lost container subnets, and few free addresses."""

from dataclasses import replace
from typing import Any

import pytest

from pulumi_tke_hybrid.plan import resource_types
from pulumi_tke_hybrid.plan.model import Op, Plan, Step
from pulumi_tke_hybrid.plan.rules import coverage
from pulumi_tke_hybrid.plan.zone_changes import zones_of
from pulumi_tke_hybrid.review.view import ZoneRow
from pulumi_tke_hybrid.tke.objects import UNKNOWN
from tests.unit.plan.rules.builders import (
    FOUR,
    NETWORKS,
    SIX,
    A,
    B,
    C,
    deleted,
    found,
    pods,
    step,
    subnet,
    update,
)


def pool(name: str, place: Step, op: Op = Op.CREATE) -> Step:
    return Step(
        f"urn:pulumi:dev::demo::{resource_types.NODE_POOL}::{name}",
        resource_types.NODE_POOL,
        op,
        new={"subnetIds": [UNKNOWN], "desiredCapacity": 2},
        sources={"subnetIds": [place.urn]},
    )


def cluster(*pods_: Step) -> Step:
    return step(
        resource_types.CLUSTER,
        Op.UPDATE,
        {},
        {"eniSubnetIds": [UNKNOWN] * len(pods_)},
        diff_keys=("tags",),
        sources={"eniSubnetIds": [item.urn for item in pods_]},
    )


def test_a_pool_in_a_zone_without_a_container_subnet_is_found_before_any_id_is_known() -> None:
    pods_4, nodes_4, nodes_6 = subnet("pods-4", FOUR), subnet("nodes-4", FOUR), subnet("nodes-6", SIX)
    steps = (pods_4, nodes_4, nodes_6, cluster(pods_4), pool("a", nodes_4), pool("b", nodes_6))
    (finding,) = coverage.findings(Plan(steps))
    assert str(finding).startswith(
        f"b: {SIX} has no container subnet (zones with a container subnet: {FOUR})"
    )


@pytest.mark.parametrize(("op", "rules"), [(Op.SAME, []), (Op.CREATE, ["zone-uncovered"])])
def test_a_zone_that_was_uncovered_before_is_no_finding(op: Op, rules: list[str]) -> None:
    pods_4, nodes_6 = subnet("pods-4", FOUR, Op.SAME), subnet("nodes-6", SIX, Op.SAME)
    plan = Plan((pods_4, nodes_6, cluster(pods_4), pool("b", nodes_6, op)))
    assert [finding.rule.id for finding in coverage.findings(plan)] == rules


def named(type_: str, name: str, op: Op, **more: Any) -> Step:
    return Step(f"urn:pulumi:dev::demo::{type_}::{name}", type_, op, **more)


def raw_cluster(name: str, *listed: str) -> Step:
    props = {"eniSubnetIds": list(listed)}
    return named(resource_types.CLUSTER, name, Op.SAME, old=props, new=props, id=f"cls-{name}")


def grown(of: str, subnet_id: str, **more: Any) -> Step:
    old = {"clusterId": of, "subnetIds": [subnet_id], "desiredCapacity": 1}
    return named(
        resource_types.NODE_POOL, "grown", Op.UPDATE, old=old, new={**old, "desiredCapacity": 2}, **more
    )


PODS_4, PODS_6 = replace(subnet("pods-4", FOUR, Op.SAME), id=A), replace(subnet("pods-6", SIX, Op.SAME), id=B)
NODES_6 = replace(subnet("nodes-6", SIX, Op.SAME), id=C)
HYBRID, OTHER = raw_cluster("hybrid", A), raw_cluster("other", B)


def verdict_of(zone: str, *steps: Step) -> str:
    return next(
        ZoneRow(found_, whole=True).verdict for found_ in zones_of(Plan(steps)) if found_.name == zone
    )


def test_a_pool_of_a_cluster_without_container_subnets_needs_none() -> None:
    steps = (PODS_4, NODES_6, HYBRID, raw_cluster("plain"), grown("cls-plain", C))
    assert found(*steps) == []
    assert verdict_of(SIX, *steps) == "its cluster lists no container subnets"


def test_the_container_subnet_of_another_cluster_covers_no_pool() -> None:
    steps = (PODS_4, PODS_6, NODES_6, HYBRID, OTHER, grown("cls-hybrid", C))
    (finding,) = coverage.findings(Plan(steps))
    assert str(finding).startswith(
        f"grown: {SIX} has no container subnet (zones with a container subnet: {FOUR})"
    )
    assert verdict_of(SIX, *steps) == "⛔ nodes without container subnet"
    assert found(PODS_4, PODS_6, NODES_6, HYBRID, OTHER, grown("cls-other", C)) == []


def test_the_source_of_an_id_shows_the_cluster_of_a_pool() -> None:
    switch = named(
        resource_types.SWITCH,
        "switch",
        Op.CREATE,
        new={"clusterId": UNKNOWN, "subnets": [B]},
        sources={"clusterId": [raw_cluster("new").urn]},
    )
    stack = (PODS_4, PODS_6, NODES_6, HYBRID, raw_cluster("new"), switch)
    assert found(*stack, grown(UNKNOWN, C, sources={"clusterId": [switch.urn]})) == []
    assert found(*stack, grown(UNKNOWN, C, sources={"clusterId": [HYBRID.urn]})) == ["zone-uncovered"]


def test_every_container_subnet_counts_for_a_pool_of_an_unknown_cluster() -> None:
    assert found(PODS_4, PODS_6, NODES_6, HYBRID, OTHER, grown(UNKNOWN, C)) == []
    assert found(PODS_4, NODES_6, HYBRID, raw_cluster("plain"), grown(UNKNOWN, C)) == ["zone-uncovered"]
    without_ids = (replace(HYBRID, id=""), replace(raw_cluster("plain"), id=""))
    assert found(PODS_4, NODES_6, *without_ids, grown("cls-plain", C)) == ["zone-uncovered"]


def test_a_subnet_that_leaves_a_computed_list_covers_no_zone() -> None:
    old, new = {"eniSubnetIds": [A, B]}, {"eniSubnetIds": [A]}
    shrinks = named(
        resource_types.CLUSTER,
        "hybrid",
        Op.UPDATE,
        old=old,
        new=new,
        id="cls-hybrid",
        sources={"eniSubnetIds": [PODS_4.urn, PODS_6.urn]},
    )
    assert found(PODS_4, PODS_6, NODES_6, shrinks, grown("cls-hybrid", C)) == [
        "pod-subnet-leaves",
        "zone-uncovered",
    ]


def test_the_advice_on_a_raw_pool_fits_a_raw_program() -> None:
    (finding,) = coverage.findings(Plan((PODS_4, NODES_6, HYBRID, grown("cls-hybrid", C))))
    assert finding.message.endswith(f"add a subnet in {SIX} to the cluster's list of container subnets")


def test_an_unknown_list_has_lost_no_subnet() -> None:
    pods_4, nodes_6 = subnet("pods-4", FOUR), subnet("nodes-6", SIX, Op.SAME)
    pods_6 = replace(subnet("pods-6", SIX, Op.SAME), id=B)
    lists = update(
        resource_types.CLUSTER,
        {"eniSubnetIds": [B]},
        {"eniSubnetIds": UNKNOWN},
        sources={"eniSubnetIds": [pods_4.urn]},
    )
    assert list(coverage.findings(Plan((pods_4, pods_6, nodes_6, lists, pool("b", nodes_6))))) == []


KEPT: list[Step] = [
    step(resource_types.CLUSTER, Op.SAME, {"eniSubnetIds": [A]}, {"eniSubnetIds": [A]}),
    update(
        resource_types.CLUSTER, {"eniSubnetIds": [A]}, {"eniSubnetIds": [A], "tags": {}}, diff_keys=("tags",)
    ),
    step(
        resource_types.CLUSTER, Op.SAME, {}, {}, state={"eniSubnetIds": [A]}
    ),  # ignore_changes: only the cloud has the list
    step(resource_types.SWITCH, Op.SAME, {"subnets": [A]}, {"subnets": [A]}),
    step(
        resource_types.SWITCH,
        Op.SAME,
        {"subnets": [B]},
        {"subnets": [B]},
        state={"registeredSubnets": [A, B]},
    ),
]


@pytest.mark.parametrize("keeps", KEPT)
def test_a_raw_subnet_that_a_cluster_keeps_is_not_deleted(keeps: Step) -> None:
    (finding,) = coverage.findings(Plan((keeps, deleted(A))))
    assert str(finding).startswith(
        f"pods-6: {A} would be deleted: the container subnet 10.0.0.0/28 of zone {SIX}; certain: new"
        " pods in its zone"
    )
    assert finding.rule.id == "pod-subnet-leaves"


def test_a_raw_subnet_that_makes_room_for_another_in_the_list_is_not_deleted() -> None:
    swap = update(resource_types.CLUSTER, {"eniSubnetIds": [A]}, {"eniSubnetIds": [UNKNOWN]})
    assert found(swap, deleted(A)) == ["gr-source-address", "pod-subnet-leaves"]


LEFT: list[Step] = [
    step(resource_types.CLUSTER, Op.SAME, {"eniSubnetIds": [B]}, {"eniSubnetIds": [B]}),
    step(resource_types.CLUSTER, Op.DELETE, {"eniSubnetIds": [A]}, {}, state={"eniSubnetIds": [A]}),
    update(resource_types.CLUSTER, {"eniSubnetIds": [A]}, {"eniSubnetIds": []}, state={"eniSubnetIds": [A]}),
    update(resource_types.SWITCH, {"subnets": [A]}, {"subnets": []}, state={"registeredSubnets": [A]}),
]


@pytest.mark.parametrize("leaves", LEFT)
def test_a_raw_subnet_that_no_cluster_keeps_may_be_deleted(leaves: Step) -> None:
    assert list(coverage.findings(Plan((leaves, deleted(A))))) == []


def test_a_stack_without_any_container_subnet_is_not_judged() -> None:
    nodes_6 = subnet("nodes-6", SIX)
    assert found(nodes_6, pool("b", nodes_6)) == []


@pytest.mark.parametrize(("replicas", "short"), [(8, False), (9, True), (40, True)])
def test_a_zone_that_would_run_short_of_addresses_is_found_from_a_tenth_on(
    replicas: int, short: bool
) -> None:
    """A rollout adds a quarter: 8 replicas and 2 more leave 3 of 13 addresses, 9 replicas and 3 more leave
    1."""
    pods_4 = subnet("pods-4", FOUR, Op.SAME, availableIpCount=13)
    more = update(
        resource_types.DEPLOYMENT,
        pods({NETWORKS: "tke-route-eni"}, 1),
        pods({NETWORKS: "tke-route-eni"}, replicas),
    )
    assert ("addresses-short" in found(pods_4, cluster(pods_4), more)) is short
