"""The pack reports the findings of `tke-hybrid review` that a policy can see."""

from dataclasses import replace
from pathlib import Path

import pytest
from pulumi_policy import ResourceValidationPolicy, StackValidationArgs, StackValidationPolicy

from pulumi_tke_hybrid.plan import resource_types
from pulumi_tke_hybrid.plan.engine_steps import Secrets
from pulumi_tke_hybrid.plan.model import Op, Plan, Step
from pulumi_tke_hybrid.plan.preview_json import read
from pulumi_tke_hybrid.plan.rules import registry
from pulumi_tke_hybrid.policies import pack_of_rules as pack
from pulumi_tke_hybrid.tke.objects import at, items, unknown
from tests.unit.policies.recorded import PREVIEWS, Recorded

NOT_OF_POLICIES = {"version-change"}
BLOCKING_AND_RECORDED = {
    "phantom-hybrid", "zone-uncovered", "cluster-rebuilt", "pod-network-off", "pod-subnet-leaves",
    "refused-update", "range-changed", "node-pool-rebuilt", "direct-access-off", "pods-leave-eni",
    "balancer-replaced", "statefulset-replaced", "deployment-replaced",
}  # fmt: skip


def reported_by_pack(preview: Recorded) -> dict[str, set[str]]:
    """Sentences by policy, without the suffixes."""
    found: dict[str, set[str]] = {}
    for policy in pack.policies(lambda stack: preview.before):
        reported = found.setdefault(
            policy.name.removesuffix(pack.BY_REMOVAL).removesuffix(pack.ADVISORY), set()
        )

        def report(message: str, urn: str | None = None, into: set[str] = reported) -> None:
            into.add(message)

        if isinstance(policy, ResourceValidationPolicy):
            for resource in preview.resources():
                policy.validate(resource, report)
        elif isinstance(policy, StackValidationPolicy):
            policy.validate(StackValidationArgs(preview.stack()), report)
    return {rule: reported for rule, reported in found.items() if reported}


def _as_seen(step: Step) -> Step:
    """Return the step as a policy sees it: replacements that follow from other replacements differ.

    No policy sees that a provider is replaced; the rule on its cluster stops the change. Where the engine
    rebuilds a dependent resource, it names other properties, or none, than those whose value is unknown.
    """
    if step.op is not Op.REPLACE:
        return step
    changed = resource_types.changed_keys(step.type, step.old, step.new, step.state)
    if "provider" in step.replace_keys:
        return replace(step, op=Op.REPLACE if changed else Op.UPDATE, replace_keys=changed)
    follows = any(
        unknown(at(step.new, key)) or any(map(unknown, items(at(step.new, key)))) for key in changed
    )
    return replace(step, replace_keys=changed) if follows else step


def reported_by_review(path: Path) -> dict[str, set[str]]:
    with path.open("rb") as file:
        plan = Plan([_as_seen(step) for step in read(file, path.name, Secrets()).steps])
    found: dict[str, set[str]] = {}
    for finding in registry.plan_findings(plan):
        if finding.rule.id not in NOT_OF_POLICIES:
            found.setdefault(finding.rule.id, set()).add(pack.sentence(finding))
    return found


@pytest.mark.parametrize("path", PREVIEWS, ids=lambda path: path.stem)
def test_the_same_sentences_as_review(path: Path) -> None:
    assert reported_by_pack(Recorded(path)) == reported_by_review(path)


def test_every_blocking_change_is_among_the_recorded_changes() -> None:
    found = {rule for path in PREVIEWS for rule in reported_by_review(path)}
    assert found >= BLOCKING_AND_RECORDED
