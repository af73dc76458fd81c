"""Ranges of raw resources: each mistake once, with the resource's own property, and nothing about what does not change."""

from typing import Any

import pytest

from pulumi_tke_hybrid.tke import tokens
from pulumi_tke_hybrid.tke.rules import ranges_of_steps
from pulumi_tke_hybrid.tke.step import UNKNOWN, Op, Plan, Step


def step(kind: str, name: str, op: Op = Op.CREATE, **new: Any) -> Step:
    urn = f"urn:pulumi:dev::p::{kind}::{name}"
    return Step(urn, kind, op, new=new, sources={"vpcId": [f"urn:pulumi:dev::p::{tokens.VPC}::vpc"]})


def network(vpc: str = "10.0.0.0/16", op: Op = Op.CREATE, cluster: str = "192.168.0.0/20", **subnets: str) -> Plan:
    return Plan(
        [
            step(tokens.VPC, "vpc", op, cidrBlock=vpc),
            *(step(tokens.SUBNET, name, op, vpcId=UNKNOWN, cidrBlock=block) for name, block in subnets.items()),
            step(tokens.CLUSTER, "c", op, vpcId=UNKNOWN, clusterCidr=cluster, clusterMaxPodNum=64.0, clusterMaxServiceNum=1024.0),
        ]
    )


@pytest.mark.parametrize(
    ("plan", "says"),
    [
        (network(a="10.0.0.0/24", b="10.0.64.0/22"), []),
        (network(a="10.0.0.0/24", b="10.0.0.128/25"), ["b.cidrBlock: 10.0.0.128/25 overlaps 10.0.0.0/24 (a.cidrBlock)"]),
        (network(a="10.1.0.0/24"), ["a.cidrBlock: 10.1.0.0/24 does not lie in the VPC's range 10.0.0.0/16"]),
        (network(cluster="10.0.128.0/20", a="10.0.128.0/24"), ["c.clusterCidr: 10.0.128.0/20 overlaps 10.0.0.0/16 (vpc.cidrBlock)"]),
        (
            network(a="192.168.1.0/24"),
            [
                "a.cidrBlock: 192.168.1.0/24 does not lie in the VPC's range 10.0.0.0/16",
                "a.cidrBlock: 192.168.1.0/24 overlaps 192.168.0.0/20 (c.clusterCidr)",
            ],
        ),
        (network(cluster="192.168.0.0/22"), ["c.clusterCidr: 192.168.0.0/22 has 1024 addresses, too few for 1024 services and one node"]),
        (network(vpc=UNKNOWN, a="10.0.0.0/24", b="10.0.0.0/25"), ["b.cidrBlock: 10.0.0.0/25 overlaps 10.0.0.0/24 (a.cidrBlock)"]),
        (network(cluster="none", a="10.0.0.1/24"), []),
        (network(op=Op.SAME, cluster="192.168.0.0/22", a="10.1.0.0/24", b="10.1.0.0/24"), []),
    ],
)
def test_what_is_wrong_with_the_ranges(plan: Plan, says: list[str]) -> None:
    found = [f"{finding.path}: {finding.message}" for finding in ranges_of_steps.findings(plan)]
    assert len(found) == len(says)
    assert all(line.startswith(expected) for line, expected in zip(found, says, strict=True))


def test_a_size_that_is_none_is_the_providers_to_refuse() -> None:
    cluster = step(tokens.CLUSTER, "c", clusterCidr="192.168.0.0/20", clusterMaxPodNum=0, clusterMaxServiceNum=1024)
    assert list(ranges_of_steps.findings(Plan([cluster]))) == []


def test_a_subnet_of_another_vpc_is_compared_with_that_one() -> None:
    other = Step("urn:pulumi:dev::p::x::other", tokens.VPC, Op.SAME, new={"cidrBlock": "10.9.0.0/16"}, id="vpc-2")
    subnet = Step("urn:pulumi:dev::p::x::a", tokens.SUBNET, Op.CREATE, new={"cidrBlock": "10.0.1.0/24", "vpcId": "vpc-2"})
    (found,) = ranges_of_steps.findings(Plan([*network(a="10.0.1.0/24").steps, other, subnet]))
    assert found.message.startswith("10.0.1.0/24 does not lie in the VPC's range 10.9.0.0/16")
