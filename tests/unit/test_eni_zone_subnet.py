"""EniZoneSubnet: made, or adopted after a comparison."""

from typing import Any

import pulumi
import pytest

import pulumi_tke_hybrid as tke
from tests.unit.component_programs import cluster, pool
from tests.unit.programs import Graph, run


def test_an_adopted_subnet_creates_nothing_and_reports_its_free_addresses() -> None:
    free: list[int] = []

    def program() -> None:
        args = tke.EniZoneSubnetArgs(
            vpc_id="vpc-12345678",
            zone="ap-guangzhou-4",
            cidr_block="10.0.64.0/22",
            subnet_id="subnet-12345678",
        )
        tke.EniZoneSubnet("there", args).available_ip_count.apply(free.append)

    graph = run(program)
    assert [resource.type for resource in graph.resources] == ["tke-hybrid:index:EniZoneSubnet"]
    assert free == [42]


def test_an_adopted_subnet_that_is_elsewhere_is_refused_by_property() -> None:
    def program() -> None:
        args = tke.EniZoneSubnetArgs(
            vpc_id="vpc-12345678",
            zone="ap-guangzhou-6",
            cidr_block="10.0.64.0/22",
            subnet_id="subnet-12345678",
        )
        tke.EniZoneSubnet("there", args).subnet_id.apply(lambda subnet: subnet)

    with pytest.raises(
        tke.InvalidInputs, match="zone: ap-guangzhou-6 is stated, but subnet-12345678 has ap-guangzhou-4"
    ):
        run(program)


def test_a_zone_inside_an_output_is_checked_before_a_resource_is_made() -> None:
    def program(zone: str) -> None:
        later: Any = pulumi.Output.from_input(zone)
        cluster(
            node_pools=[
                pool("ap-guangzhou-4"),
                tke.NodePoolArgs(**{**vars(pool("ap-guangzhou-4", name="b")), "zone": later}),
            ]
        )

    with pytest.raises(
        tke.InvalidInputs, match=r"node_pools\[1\]\.zone: ap-guangzhou-7 has no container subnet"
    ):
        run(lambda: program("ap-guangzhou-7"))
    with pytest.raises(
        tke.InvalidInputs, match=r"node_pools\[1\]\.zone: ap-shanghai-2 is not in region ap-guangzhou"
    ):
        run(lambda: program("ap-shanghai-2"))


def test_a_subnet_that_cannot_be_read_is_a_single_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_graph: Graph, _args: object) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        raise RuntimeError(
            "invoke of tencentcloud:Vpc/getSubnets:getSubnets failed: AuthFailure\n  at line 7"
        )

    monkeypatch.setattr(Graph, "call", fail)
    described = {
        "vpc_id": "vpc-12345678",
        "zone": "ap-guangzhou-4",
        "cidr_block": "10.0.64.0/22",
        "subnet_id": "subnet-12345678",
    }
    with pytest.raises(tke.InvalidInputs) as caught:
        run(lambda: tke.EniZoneSubnet("pods", described))
    (problem,) = caught.value.problems
    assert str(problem).startswith(
        "subnet_id: subnet-12345678 could not be looked up; invoke of tencentcloud:Vpc/getSubnets:getSubnets"
        " failed"
    )
    assert "at line 7" not in str(problem)


def test_a_subnet_is_protected_by_default_and_multicast_is_off() -> None:
    def program() -> None:
        tke.EniZoneSubnet(
            "made",
            tke.EniZoneSubnetArgs(vpc_id="vpc-12345678", zone="ap-guangzhou-4", cidr_block="10.0.64.0/22"),
        )

    assert run(program).named("made-subnet").inputs == {
        "vpcId": "vpc-12345678",
        "availabilityZone": "ap-guangzhou-4",
        "cidrBlock": "10.0.64.0/22",
        "name": "made",
        "isMulticast": False,
    }
