"""The rule on source addresses: ranges of ip-masq-agent's list, and further container subnets."""

from typing import Any

from pulumi_tke_hybrid.plan import resource_types
from pulumi_tke_hybrid.plan.model import Plan
from pulumi_tke_hybrid.plan.rules import registry
from pulumi_tke_hybrid.tke.objects import UNKNOWN
from pulumi_tke_hybrid.tke.rule import Finding, Severity
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


def test_a_further_container_subnet_is_a_note_because_the_list_has_the_range_already() -> None:
    def found(old: dict[str, Any]) -> Finding:
        (one,) = registry.change_findings(
            Plan([update(resource_types.CLUSTER, old, {"eniSubnetIds": [A, UNKNOWN]})])
        )
        return one

    assert found({}).why.startswith("certain, as soon as it is applied: ")
    assert found({}).severity is Severity.WARNING
    assert found({"eniSubnetIds": [A]}).why.startswith("possible, but not expected, because TKE adds")
    assert found({"eniSubnetIds": [A]}).severity is Severity.NOTE
