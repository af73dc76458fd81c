"""The rule on source addresses: ranges of ip-masq-agent's list, and further container subnets."""

from typing import Any

from pulumi_tke_hybrid.plan import resource_types
from pulumi_tke_hybrid.plan.model import Plan
from pulumi_tke_hybrid.plan.rules import registry
from pulumi_tke_hybrid.tke.objects import UNKNOWN
from tests.unit.plan.rules.builders import (
    MAP,
    A,
    config_map,
    update,
)


def test_ranges_that_leave_the_list_without_source_nat_are_qualified_where_others_hold_them() -> None:
    def head(before: str, after: str) -> str:
        (one,) = registry.change_findings(
            Plan(
                [
                    update(
                        MAP,
                        config_map("ip-masq-agent-config", c=before),
                        config_map("ip-masq-agent-config", c=after),
                    )
                ]
            )
        )
        return one.head

    assert "-10.0.0.0/16: these destinations see the node's address from now on)" in head(
        "10.0.0.0/16", "172.16.0.0/12"
    )
    assert (
        "-10.1.0.0/16: these destinations see the node's address from now on, as far as no other range"
        in head("10.1.0.0/16", "10.0.0.0/8")
    )
    assert "as far as no other range" in head("999.1.0.0/16", "172.16.0.0/12")


def test_a_further_container_subnet_adds_the_range_of_the_vpc_only_where_the_list_lacks_the_range() -> None:
    def why(old: dict[str, Any]) -> str:
        (one,) = registry.change_findings(
            Plan([update(resource_types.CLUSTER, old, {"eniSubnetIds": [A, UNKNOWN]})])
        )
        return one.why

    assert why({}).startswith("certain, as soon as it is applied: ")
    assert why({"eniSubnetIds": [A]}).startswith("possible, as soon as it is applied: ")
