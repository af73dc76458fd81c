"""Ranges of raw resources: each mistake once, with the resource's own property, and nothing about what does
not change."""

import time
from typing import Any

import pytest

from pulumi_tke_hybrid.plan import resource_types
from pulumi_tke_hybrid.plan.model import Op, Plan, Step
from pulumi_tke_hybrid.plan.rules import range_rules
from pulumi_tke_hybrid.tke.objects import UNKNOWN


def step(kind: str, name: str, op: Op = Op.CREATE, **new: Any) -> Step:
    urn = f"urn:pulumi:dev::p::{kind}::{name}"
    return Step(urn, kind, op, new=new, sources={"vpcId": [f"urn:pulumi:dev::p::{resource_types.VPC}::vpc"]})


def network(
    vpc: str = "10.0.0.0/16", op: Op = Op.CREATE, cluster: str = "192.168.0.0/20", **subnets: str
) -> Plan:
    return Plan(
        [
            step(resource_types.VPC, "vpc", op, cidrBlock=vpc),
            *(
                step(resource_types.SUBNET, name, op, vpcId=UNKNOWN, cidrBlock=block)
                for name, block in subnets.items()
            ),
            step(
                resource_types.CLUSTER,
                "c",
                op,
                vpcId=UNKNOWN,
                clusterCidr=cluster,
                clusterMaxPodNum=64.0,
                clusterMaxServiceNum=1024.0,
            ),
        ]
    )


@pytest.mark.parametrize(
    ("plan", "says"),
    [
        (network(a="10.0.0.0/24", b="10.0.64.0/22"), []),
        (
            network(a="10.0.0.0/24", b="10.0.0.128/25"),
            ["b.cidrBlock: 10.0.0.128/25 overlaps 10.0.0.0/24 (a.cidrBlock)"],
        ),
        (network(a="10.1.0.0/24"), ["a.cidrBlock: 10.1.0.0/24 does not lie in the VPC's range 10.0.0.0/16"]),
        (
            network(cluster="10.0.128.0/20", a="10.0.128.0/24"),
            ["c.clusterCidr: 10.0.128.0/20 overlaps 10.0.0.0/16 (vpc.cidrBlock)"],
        ),
        (
            network(a="192.168.1.0/24"),
            [
                "a.cidrBlock: 192.168.1.0/24 does not lie in the VPC's range 10.0.0.0/16",
                "a.cidrBlock: 192.168.1.0/24 overlaps 192.168.0.0/20 (c.clusterCidr)",
            ],
        ),
        (
            network(cluster="192.168.0.0/22"),
            ["c.clusterCidr: 192.168.0.0/22 has 1024 addresses, too few for 1024 services and one node"],
        ),
        (
            network(vpc=UNKNOWN, a="10.0.0.0/24", b="10.0.0.0/25"),
            ["b.cidrBlock: 10.0.0.0/25 overlaps 10.0.0.0/24 (a.cidrBlock)"],
        ),
        (network(cluster="none", a="10.0.0.1/24"), []),
        (network(op=Op.SAME, cluster="192.168.0.0/22", a="10.1.0.0/24", b="10.1.0.0/24"), []),
    ],
)
def test_wrong_ranges_have_findings(plan: Plan, says: list[str]) -> None:
    found = [f"{finding.path}: {finding.message}" for finding in range_rules.range_findings(plan)]
    assert len(found) == len(says)
    assert all(line.startswith(expected) for line, expected in zip(found, says, strict=True))


def test_a_size_that_is_none_is_the_providers_to_refuse() -> None:
    cluster = step(
        resource_types.CLUSTER,
        "c",
        clusterCidr="192.168.0.0/20",
        clusterMaxPodNum=0,
        clusterMaxServiceNum=1024,
    )
    assert list(range_rules.range_findings(Plan([cluster]))) == []


def test_a_subnet_of_another_vpc_is_compared_with_that_one() -> None:
    other = Step(
        "urn:pulumi:dev::p::x::other",
        resource_types.VPC,
        Op.SAME,
        new={"cidrBlock": "10.9.0.0/16"},
        id="vpc-2",
    )
    subnet = Step(
        "urn:pulumi:dev::p::x::a",
        resource_types.SUBNET,
        Op.CREATE,
        new={"cidrBlock": "10.0.1.0/24", "vpcId": "vpc-2"},
    )
    (found,) = range_rules.range_findings(Plan([*network(a="10.0.1.0/24").steps, other, subnet]))
    assert found.message.startswith("10.0.1.0/24 does not lie in the VPC's range 10.9.0.0/16")


SECOND = "10.10.0.0/16"


def with_secondary(
    second: Any, plan: Plan, op: Op = Op.CREATE, state: Any = None, from_another: bool = False
) -> list[str]:
    """The findings on a VPC with secondary ranges."""
    vpc, *others = plan.steps
    stated = vpc.new if second is None else {**vpc.new, "assistantCidrs": second}
    sources = {"assistantCidrs": ["urn:pulumi:dev::p::x::y"]} if from_another else {}
    changed = Step(vpc.urn, vpc.type, op, new=stated, state={"assistantCidrs": state}, sources=sources)
    return [
        f"{finding.path}: {finding.head}" for finding in range_rules.range_findings(Plan([changed, *others]))
    ]


def test_a_subnet_may_lie_in_any_range_of_its_vpc() -> None:
    assert with_secondary([SECOND], network(a="10.10.0.0/24", b="10.0.0.0/24")) == []
    assert with_secondary([SECOND], network(a="10.11.0.0/24")) == [
        "a.cidrBlock: 10.11.0.0/24 lies in none of the VPC's ranges 10.0.0.0/16, 10.10.0.0/16"
    ]
    many = [f"10.{number}.0.0/16" for number in range(10, 16)]
    assert with_secondary(many, network(a="10.9.0.0/24")) == [
        "a.cidrBlock: 10.9.0.0/24 lies in none of the VPC's ranges 10.0.0.0/16, 10.10.0.0/16, 10.11.0.0/16,"
        " 10.12.0.0/16 and 3 more"
    ]


def test_an_overlay_is_compared_with_all_ranges_of_the_vpc() -> None:
    assert with_secondary([SECOND], network(cluster="10.10.0.0/20", a="10.10.0.0/24")) == [
        "c.clusterCidr: 10.10.0.0/20 overlaps 10.10.0.0/16 (vpc.assistantCidrs[0])"
    ]


def test_nothing_lies_outside_a_vpc_while_one_of_its_ranges_is_not_known() -> None:
    assert with_secondary([UNKNOWN], network(a="10.11.0.0/24")) == []
    assert with_secondary(UNKNOWN, network(a="10.11.0.0/24"), from_another=True) == []
    assert with_secondary([SECOND], network(vpc=UNKNOWN, a="10.11.0.0/24")) == []
    overlaps = "a.cidrBlock: 192.168.1.0/24 overlaps 192.168.0.0/20 (c.clusterCidr)"
    assert with_secondary([UNKNOWN], network(a="192.168.1.0/24")) == [overlaps]


def test_secondary_ranges_that_the_program_leaves_out_stay_and_a_new_vpc_has_none() -> None:
    outside = ["a.cidrBlock: 10.10.0.0/24 does not lie in the VPC's range 10.0.0.0/16"]
    assert with_secondary(None, network(a="10.10.0.0/24"), Op.UPDATE, [SECOND]) == []
    assert with_secondary(None, network(a="10.10.0.0/24"), Op.REPLACE, [SECOND]) == outside
    assert with_secondary([], network(a="10.10.0.0/24"), Op.UPDATE, [SECOND]) == outside
    # A policy reads a new VPC whose program sets no secondary range: the provider computes the ranges later.
    assert with_secondary(UNKNOWN, network(a="10.10.0.0/24")) == outside


def test_thousands_of_subnets_in_hundreds_of_ranges_are_looked_up_not_compared() -> None:
    ranges = [f"10.{number}.0.0/16" for number in range(1, 255)]
    blocks = [f"10.{number % 254 + 1}.{number // 254}.0/24" for number in range(5000)]
    subnets = [
        step(resource_types.SUBNET, f"s{number}", vpcId=UNKNOWN, cidrBlock=block)
        for number, block in enumerate(blocks)
    ]
    begin = time.process_time()
    assert with_secondary(ranges, Plan([*network().steps, *subnets])) == []
    assert time.process_time() - begin < 5
