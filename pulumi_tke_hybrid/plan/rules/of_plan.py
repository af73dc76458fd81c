"""What leaves the stack and stays in the cloud.

Dangerous changes: what a step from the properties before to those after does to the network, in words for a
reviewer.

Pure functions over the steps of a plan (`tke.step`). Each rule here speaks of one resource, so that whoever
sees one resource only can use
it too; what needs several of them is in `tke.rules.coverage`.

Everything that the rules find in a plan."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain

from pulumi_tke_hybrid.plan import load_balancers, resource_types
from pulumi_tke_hybrid.plan import resource_types as tokens
from pulumi_tke_hybrid.plan.model import Check, Op, Plan, Step
from pulumi_tke_hybrid.plan.rules import (
    addresses,
    clusters,
    coverage,
    exposure,
    networks,
    not_judged,
    references,
    workloads,
)
from pulumi_tke_hybrid.plan.rules import system_objects as system
from pulumi_tke_hybrid.plan.rules.annotations import annotation_findings, fixed_findings
from pulumi_tke_hybrid.tke.rule import Finding, Rule, Severity

LEFT_UNMANAGED = Rule(
    "left-unmanaged",
    Severity.NOTE,
    "What leaves the stack and stays in the cloud is known of.",
    "the operation; retainOnDelete in the stack's last state",
    "Pulumi, resource option retainOnDelete: the engine makes no call of the provider",
)


def left_findings(step: Step) -> Iterator[Finding]:
    """For a resource of the network that is to be retained and leaves the program, or has a new one made
    beside it."""
    beside = step.op is not Op.LEAVE
    if (
        not step.left
        or not step.custom
        or not _matters(step)
        or (beside and resource_types.is_patch(step.type))
    ):
        return
    yield LEFT_UNMANAGED.finding(
        step.name,
        (
            "stays in the cloud as it is, and a new one is made beside it"
            if beside
            else "leaves the stack only, and stays in the cloud as it is"
        ),
        value=step.id,
        why="the program retains it, so nothing is deleted; from then on no program changes or guards it",
        todo="keep its id, so that a program can import it again or somebody can delete it",
    )


def _matters(step: Step) -> bool:
    if step.type.startswith("tencentcloud:"):
        return resource_types.may_hold_network(step.type)
    return step.type.startswith("kubernetes:") or step.type == tokens.SWITCH


VERSION_CHANGE = Rule(
    "version-change",
    Severity.NOTE,
    "A change of a provider's version is known of.",
    "versions of the providers",
    "lists of the provider that are ordered in one version and sets in another: tf-tencent#4121",
)


def change_findings(plan: Plan) -> Iterator[Finding]:
    """Everything that the rules of single resources find."""
    for step in plan.steps:
        if (
            step.op.changes
            or step.was_protected != step.protected
            or step.type.startswith(resource_types.PROVIDERS)
        ):
            yield from of_step(step)


def of_step(step: Step) -> Iterator[Finding]:
    """What the rules find in one step."""
    for check in (*_CHECKS.get(step.type, ()), *workloads.checks(step), *_BY_SHAPE):
        yield from (replace(finding, urn=step.urn) for finding in check(step))
    if step.type.startswith(resource_types.PROVIDERS):
        yield from _version(step)


def _version(step: Step) -> Iterator[Finding]:
    before, after = step.old.get("version"), step.new.get("version")
    if before and after and before != after:
        yield VERSION_CHANGE.finding(
            step.name,
            f"instead of {before}",
            value=f"{step.type.removeprefix(resource_types.PROVIDERS)} {after}",
            why="differences without a line in the program may come from it",
            todo="read its list of changes",
        )


_BY_SHAPE: tuple[Check, ...] = (
    fixed_findings,
    exposure.widened_fronts,
    exposure.widened_pods,
    annotation_findings,
    left_findings,
)
"""They look at the shape of the resource themselves, and find nothing in one of another shape."""
_CHECKS: dict[str, list[Check]] = {}
for _module in (clusters, networks, system, exposure):
    for _token, _checks in _module.CHECKS.items():
        _CHECKS.setdefault(_token, []).extend(_checks)
JUDGED = frozenset(_CHECKS)
"""Types that have a check of their own."""


def findings(plan: Plan) -> Iterator[Finding]:
    """What the rules of single resources and of the whole plan find, and then what none of them can judge."""
    found = list(chain(change_findings(plan), of_several(plan)))
    yield from found
    yield from unjudged(plan, found)


def of_several(plan: Plan) -> Iterator[Finding]:
    """What is found by several resources together."""
    yield from coverage.findings(plan)
    yield from addresses.range_findings(plan)
    yield from references.findings(plan)
    yield from load_balancers.findings(plan)


def unjudged(plan: Plan, found: list[Finding]) -> Iterator[Finding]:
    """What changes and is judged by no rule; `found` is what the others have found."""
    yield from not_judged.findings(plan, JUDGED, {finding.urn for finding in found if finding.urn})


def of_resource(step: Step) -> Iterator[Finding]:
    """What is found, and what is not judged, where one resource is all that is known."""
    found = list(of_step(step))
    yield from found
    if not found:
        yield from not_judged.of_step(step, JUDGED, has_children=True)
