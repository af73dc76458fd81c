"""The registry: each rule has a check, each check reports its own rules, and a step selects its checks."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pulumi_tke_hybrid.plan import resource_types, rules
from pulumi_tke_hybrid.plan.model import Op, Plan, Step
from pulumi_tke_hybrid.plan.rules import registry, rules_of, workload_changes
from pulumi_tke_hybrid.plan.rules.cluster_rules import CLUSTER_REBUILT
from pulumi_tke_hybrid.plan.rules.not_judged import NOT_JUDGED
from pulumi_tke_hybrid.tke.rule import Finding, Rule
from tests.rules_page import registered_rules
from tests.unit.review.recordings import RECORDED, judged, recorded

REPORTED_ELSEWHERE = {
    NOT_JUDGED.id,
    *(rule.id for rule in vars(workload_changes).values() if isinstance(rule, Rule)),
}
"""What no check finds, and what the guard of a ClientIpWorkload refuses."""


def test_every_rule_on_plans_is_reported_by_a_registered_check() -> None:
    assert rules_of(rules).keys() - registered_rules().keys() <= REPORTED_ELSEWHERE


def test_no_check_is_called_twice_with_one_step() -> None:
    for op in Op:
        for type_ in registry.judged_types():
            selected = registry.checks_on(Step("urn", type_, op))
            assert len(selected) == len(set(selected)), (op, type_)


@pytest.mark.parametrize("path", sorted(RECORDED.glob("*.json")), ids=lambda path: path.stem)
def test_a_check_reports_its_registered_rules_alone(path: Path) -> None:
    (stack,) = judged(recorded(path.name)).stacks
    steps = stack.plan.steps
    for each in registry.checks():
        found = {finding.rule for step in steps if step.op in each.operations for finding in each.check(step)}
        assert found <= set(each.rules), each.check
    for check, reported in registry.plan_checks():
        assert {finding.rule for finding in check(Plan(steps))} <= set(reported), check


def test_a_registered_check_is_selected_by_type_shape_and_operation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_registered", [])

    @registry.rule(
        CLUSTER_REBUILT, on=(resource_types.VPC, registry.Shape.POD_TEMPLATE), operations=(Op.UPDATE,)
    )
    def check(step: Step) -> Iterator[Finding]:
        yield CLUSTER_REBUILT.finding(step.name, "is read")

    (registered,) = vars(registry)["_registered"]
    assert registered.check is check
    assert registered.rules == (CLUSTER_REBUILT,)
    assert registered.selects(resource_types.VPC, {registry.Shape.ANY}, Op.UPDATE)
    assert registered.selects(resource_types.DEPLOYMENT, {registry.Shape.POD_TEMPLATE}, Op.UPDATE)
    assert not registered.selects(resource_types.VPC, {registry.Shape.ANY}, Op.DELETE)
    assert not registered.selects(resource_types.SUBNET, {registry.Shape.ANY}, Op.UPDATE)
