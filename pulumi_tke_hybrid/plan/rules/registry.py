"""The registry of rules on a plan: a decorator beside each check names the rules that the check reports.

`@rule(CLUSTER_REBUILT, on=CLUSTER, operations=ENDING)` registers a check on single resources,
`@plan_rule(IN_USE)` a check on all resources of a plan. The review, the policy pack and docs/rules.md read
this registry; no other list of checks exists.

All findings of a plan, or of one step: the registered checks are run here, and what no check judges is
named."""

import importlib
import pkgutil
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, replace
from enum import Enum
from functools import cache
from itertools import chain
from pathlib import Path
from typing import TypeVar

from pulumi_tke_hybrid.plan.kubernetes_objects import is_load_balancer_source, template_paths
from pulumi_tke_hybrid.plan.model import Op, Plan, Step
from pulumi_tke_hybrid.plan.resource_types import PROVIDERS
from pulumi_tke_hybrid.plan.rules import not_judged
from pulumi_tke_hybrid.tke.rule import Finding, Rule, Severity


class Shape(Enum):
    """Resources that a check selects by their shape; their type may be any."""

    ANY = "any resource"
    PROVIDER = "a provider of Pulumi"
    POD_TEMPLATE = "an object of Kubernetes with a pod template"
    LOAD_BALANCER_SOURCE = "a Service, an Ingress, or another object with TKE's annotations of load balancers"


EVERY = frozenset(Op)
ENDING = frozenset({Op.REPLACE, Op.DELETE})
"""Operations after which the old resource is gone."""
REMAINING = EVERY - {Op.DELETE, Op.LEAVE}
"""Operations after which the program has the resource."""
IN_CLOUD = EVERY - {Op.IMPORT, Op.LEAVE}
"""Operations that may change the cloud, not only the state of the stack."""

Check = Callable[[Step], Iterator[Finding]]
PlanCheck = Callable[[Plan], Iterator[Finding]]
ACheck = TypeVar("ACheck", bound=Check)
APlanCheck = TypeVar("APlanCheck", bound=PlanCheck)


@dataclass(frozen=True)
class RegisteredCheck:
    """A check on single resources, and the steps that the check is called with."""

    check: Check
    rules: Sequence[Rule]
    """Rules whose findings the check yields."""
    types: Set[str]
    shapes: Set[Shape]
    operations: Set[Op]
    milder: Sequence[Rule]
    """Rules of which the check also yields findings below the rule's severity, for a policy of their own."""

    def selects(self, type_: str, shapes: Set[Shape], op: Op) -> bool:
        """Whether the check reads steps of this type or shape with this operation."""
        return op in self.operations and (type_ in self.types or not self.shapes.isdisjoint(shapes))


_registered: list[RegisteredCheck] = []
_registered_on_plans: list[tuple[PlanCheck, Sequence[Rule]]] = []


def rule(
    *rules: Rule,
    on: str | Shape | Iterable[str | Shape],
    operations: Collection[Op] = EVERY,
    milder: Sequence[Rule] = (),
) -> Callable[[ACheck], ACheck]:
    """Register a check on single resources: types of resources, or shapes. Stacked decorators need disjoint
    operations."""
    selected = [on] if isinstance(on, str | Shape) else list(on)

    def register(check: ACheck) -> ACheck:
        types = frozenset(item for item in selected if isinstance(item, str))
        shapes = frozenset(item for item in selected if isinstance(item, Shape))
        _registered.append(RegisteredCheck(check, rules, types, shapes, frozenset(operations), milder))
        return check

    return register


def warned(finding: Finding) -> Finding:
    """Return the finding as a warning, for a milder case of a rule whose findings are errors."""
    return replace(finding, severity=Severity.WARNING)


def plan_rule(*rules: Rule) -> Callable[[APlanCheck], APlanCheck]:
    """Register a check on all resources of a plan."""

    def register(check: APlanCheck) -> APlanCheck:
        _registered_on_plans.append((check, rules))
        return check

    return register


@cache
def _import_checks() -> None:
    """Import the modules of this folder, so that their checks are registered."""
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        importlib.import_module(f"{__package__}.{module.name}")


@cache
def checks() -> Sequence[RegisteredCheck]:
    """Checks on single resources: those by type first, then by name of their module, then from top to
    bottom."""
    _import_checks()
    return sorted(_registered, key=lambda each: (bool(each.shapes), each.check.__module__))


@cache
def plan_checks() -> Sequence[tuple[PlanCheck, Sequence[Rule]]]:
    """Checks on all resources of a plan, with their rules, by name of their module."""
    _import_checks()
    return sorted(_registered_on_plans, key=lambda each: each[0].__module__)


def checks_on(step: Step) -> Sequence[Check]:
    """The checks of one step."""
    return _selected(step.type, _shapes(step), step.op)


@cache
def _selected(type_: str, shapes: frozenset[Shape], op: Op) -> Sequence[Check]:
    return tuple(each.check for each in checks() if each.selects(type_, shapes, op))


def _shapes(step: Step) -> frozenset[Shape]:
    found = {Shape.ANY}
    if step.type.startswith(PROVIDERS):
        found.add(Shape.PROVIDER)
    if template_paths(step.type, step.old, step.new):
        found.add(Shape.POD_TEMPLATE)
    if is_load_balancer_source(step):
        found.add(Shape.LOAD_BALANCER_SOURCE)
    return frozenset(found)


@cache
def judged_types() -> frozenset[str]:
    """Types of resources that a check selects by name."""
    return frozenset(type_ for each in checks() for type_ in each.types)


def _unique(rules: Iterable[Rule]) -> list[Rule]:
    return list({found.id: found for found in rules}.values())


def rules_on_resources(operations: Set[Op]) -> list[Rule]:
    """Rules that a single resource can break by one of these operations. Providers are left out: a policy
    does not read their versions."""
    return _unique(
        found
        for each in checks()
        if Shape.PROVIDER not in each.shapes and not each.operations.isdisjoint(operations)
        for found in each.rules
    )


def rules_on_plans() -> list[Rule]:
    """Rules that only several resources together can break."""
    of_steps = {found.id for each in checks() for found in each.rules}
    of_plans = _unique(found for _, rules in plan_checks() for found in rules)
    return [found for found in of_plans if found.id not in of_steps]


def rules_with_milder_findings() -> list[Rule]:
    """Rules of which single resources get findings below the rule's severity."""
    return _unique(found for each in checks() for found in each.milder)


def plan_findings(plan: Plan) -> Iterator[Finding]:
    """Findings on single resources, on several resources together, and then the changes that no rule
    judges."""
    found = list(chain(change_findings(plan), several_findings(plan)))
    yield from found
    yield from unjudged_findings(plan, found)


def change_findings(plan: Plan) -> Iterator[Finding]:
    """Findings on single resources."""
    for step in plan.steps:
        if step.op.changes or step.was_protected != step.protected or step.type.startswith(PROVIDERS):
            yield from step_findings(step)


def step_findings(step: Step) -> Iterator[Finding]:
    """Findings on one step."""
    for check in checks_on(step):
        yield from (replace(finding, urn=step.urn) for finding in check(step))


def several_findings(plan: Plan) -> Iterator[Finding]:
    """Findings on several resources together."""
    for check, _ in plan_checks():
        yield from check(plan)


def unjudged_findings(plan: Plan, found: list[Finding]) -> Iterator[Finding]:
    """Changes that no rule judges. `found`: the findings of the rules."""
    yield from not_judged.findings(plan, judged_types(), {finding.urn for finding in found if finding.urn})


def resource_findings(step: Step) -> Iterator[Finding]:
    """Findings on a step whose plan is not known, or a note that no rule judges the step."""
    found = list(step_findings(step))
    yield from found
    yield from not_judged.of_fields(step)
    if not found:
        yield from not_judged.of_step(step, judged_types(), has_children=True)
