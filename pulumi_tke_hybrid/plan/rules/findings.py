"""All findings of a plan, or of one step: the registered checks are run here, and what no check judges is
named."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain

from pulumi_tke_hybrid.plan.model import Plan, Step
from pulumi_tke_hybrid.plan.resource_types import PROVIDERS
from pulumi_tke_hybrid.plan.rules import not_judged
from pulumi_tke_hybrid.plan.rules.registry import checks_on, judged_types, plan_checks
from pulumi_tke_hybrid.tke.rule import Finding


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
    if not found:
        yield from not_judged.of_step(step, judged_types(), has_children=True)
