"""Dangerous changes: what a step from the properties before to those after does to the network, in words for a reviewer.

Pure functions over the steps of a plan (`tke.step`). Each rule here speaks of one resource, so that whoever sees one resource only can use
it too; what needs several of them is in `tke.rules.coverage`.
"""

from collections.abc import Iterator
from dataclasses import replace

from pulumi_tke_hybrid.tke import tokens
from pulumi_tke_hybrid.tke.rule import Finding, Rule, Severity
from pulumi_tke_hybrid.tke.rules import changes_of_clusters as clusters
from pulumi_tke_hybrid.tke.rules import changes_of_networks as networks
from pulumi_tke_hybrid.tke.rules import changes_of_system_objects as system
from pulumi_tke_hybrid.tke.rules import changes_of_workloads as workloads
from pulumi_tke_hybrid.tke.rules import exposure, security_groups
from pulumi_tke_hybrid.tke.rules.annotations_of_objects import annotation_findings
from pulumi_tke_hybrid.tke.rules.fixed_annotations import fixed_findings
from pulumi_tke_hybrid.tke.rules.left_unmanaged import left_findings
from pulumi_tke_hybrid.tke.step import Check, Plan, Step

VERSION_CHANGE = Rule(
    "version-change",
    Severity.NOTE,
    "A change of a provider's version is known of.",
    "versions of the providers",
    "lists of the provider that are ordered in one version and sets in another: tf-tencent#4121",
)


def findings(plan: Plan) -> Iterator[Finding]:
    """Everything that the rules of single resources find."""
    for step in plan.steps:
        if step.op.changes or step.was_protected != step.protected or step.type.startswith(tokens.PROVIDERS):
            yield from of_step(step)


def of_step(step: Step) -> Iterator[Finding]:
    """What the rules find in one step."""
    for check in (*_CHECKS.get(step.type, ()), *workloads.checks(step), *_BY_SHAPE):
        yield from (replace(finding, urn=step.urn) for finding in check(step))
    if step.type.startswith(tokens.PROVIDERS):
        yield from _version(step)


def _version(step: Step) -> Iterator[Finding]:
    before, after = step.old.get("version"), step.new.get("version")
    if before and after and before != after:
        yield VERSION_CHANGE.finding(
            step.name,
            f"instead of {before}",
            value=f"{step.type.removeprefix(tokens.PROVIDERS)} {after}",
            why="differences without a line in the program may come from it",
            todo="read its list of changes",
        )


_BY_SHAPE: tuple[Check, ...] = (fixed_findings, exposure.widened_fronts, exposure.widened_pods, annotation_findings, left_findings)
"""They look at the shape of the resource themselves, and find nothing in one of another shape."""
_CHECKS: dict[str, list[Check]] = {}
for _module in (clusters, networks, system, exposure, security_groups):
    for _token, _checks in _module.CHECKS.items():
        _CHECKS.setdefault(_token, []).extend(_checks)
JUDGED = frozenset(_CHECKS)
"""Types that have a check of their own."""
