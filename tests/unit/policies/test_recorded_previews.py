"""The pack says about a change what `tke-hybrid review` says about it, wherever a policy can see it."""

from dataclasses import replace
from pathlib import Path

import pytest
from pulumi_policy import EnforcementLevel, ResourceValidationPolicy, StackValidationArgs, StackValidationPolicy

from pulumi_tke_hybrid.policies import pack_of_rules as pack
from pulumi_tke_hybrid.review.read.preview import read
from pulumi_tke_hybrid.review.read.secrets import Secrets
from pulumi_tke_hybrid.tke import forced
from pulumi_tke_hybrid.tke.rule import Severity
from pulumi_tke_hybrid.tke.rules import changes, coverage
from pulumi_tke_hybrid.tke.step import Op, Plan, Step
from tests.unit.policies.recorded import PREVIEWS, Recorded

MANDATORY = EnforcementLevel.MANDATORY
BLOCKING_AND_RECORDED = {
    "phantom-hybrid", "zone-uncovered", "cluster-rebuilt", "pod-network-off", "pod-subnet-leaves", "refused-update", "range-changed",
    "node-pool-rebuilt", "direct-access-off", "pods-leave-eni", "balancer-replaced", "statefulset-replaced",
}  # fmt: skip


def said_by_pack(preview: Recorded) -> dict[str, set[str]]:
    """Sentences by the policies that report them, without the mark of removals."""
    found: dict[str, set[str]] = {}
    for policy in pack.policies(lambda stack: preview.before):
        said = found.setdefault(policy.name.removesuffix(pack.BY_REMOVAL), set())

        def report(message: str, urn: str | None = None, into: set[str] = said) -> None:
            into.add(message)

        if isinstance(policy, ResourceValidationPolicy):
            for resource in preview.resources():
                policy.validate(resource, report)
        elif isinstance(policy, StackValidationPolicy):
            policy.validate(StackValidationArgs(preview.stack()), report)
    return {rule: said for rule, said in found.items() if said}


def _as_seen(step: Step) -> Step:
    """What no policy is told: that a resource is rebuilt because its provider is (whatever rebuilds that is stopped by itself). And the
    engine names no property where it rebuilds what depends on something rebuilt, while a policy sees which value that is."""
    if step.op is not Op.REPLACE:
        return step
    if tuple(step.replace_keys) == ("provider",):
        return replace(step, op=Op.UPDATE)
    return step if step.replace_keys else replace(step, replace_keys=forced.changed(step.type, step.old, step.new))


def said_by_review(path: Path) -> dict[str, set[str]]:
    with path.open("rb") as file:
        plan = Plan([_as_seen(step) for step in read(file, path.name, Secrets()).steps])
    found: dict[str, set[str]] = {}
    for finding in (*changes.findings(plan), *coverage.findings(plan)):
        if finding.rule.severity is Severity.ERROR:
            found.setdefault(finding.rule.id, set()).add(pack.sentence(finding))
    return found


@pytest.mark.parametrize("path", PREVIEWS, ids=lambda path: path.stem)
def test_the_same_sentences_as_review(path: Path) -> None:
    blocking = {policy.name.removesuffix(pack.BY_REMOVAL) for policy in pack.policies() if policy.enforcement_level is MANDATORY}
    assert {rule: said for rule, said in said_by_pack(Recorded(path)).items() if rule in blocking} == said_by_review(path)


def test_every_blocking_change_is_among_the_recorded_ones() -> None:
    found = {rule for path in PREVIEWS for rule in said_by_review(path)}
    assert found >= BLOCKING_AND_RECORDED
