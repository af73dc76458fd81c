"""The pack says about a change what `tke-hybrid review` says about it, wherever a policy can see it."""

from dataclasses import replace
from pathlib import Path

import pytest
from pulumi_policy import ResourceValidationPolicy, StackValidationArgs, StackValidationPolicy

from pulumi_tke_hybrid.plan import force_new
from pulumi_tke_hybrid.plan.engine_steps import Secrets
from pulumi_tke_hybrid.plan.model import Op, Plan, Step
from pulumi_tke_hybrid.plan.preview_json import read
from pulumi_tke_hybrid.plan.rules import findings
from pulumi_tke_hybrid.policies import pack_of_rules as pack
from pulumi_tke_hybrid.tke.values import at, items, unknown
from tests.unit.policies.recorded import PREVIEWS, Recorded

NOT_OF_POLICIES = {"version-change"}
BLOCKING_AND_RECORDED = {
    "phantom-hybrid", "zone-uncovered", "cluster-rebuilt", "pod-network-off", "pod-subnet-leaves",
    "refused-update", "range-changed", "node-pool-rebuilt", "direct-access-off", "pods-leave-eni",
    "balancer-replaced", "statefulset-replaced", "deployment-replaced",
}  # fmt: skip


def said_by_pack(preview: Recorded) -> dict[str, set[str]]:
    """Sentences by the policies that report them, without the mark of removals."""
    found: dict[str, set[str]] = {}
    for policy in pack.policies(lambda stack: preview.before):
        said = found.setdefault(policy.name.removesuffix(pack.BY_REMOVAL).removesuffix(pack.ADVISORY), set())

        def report(message: str, urn: str | None = None, into: set[str] = said) -> None:
            into.add(message)

        if isinstance(policy, ResourceValidationPolicy):
            for resource in preview.resources():
                policy.validate(resource, report)
        elif isinstance(policy, StackValidationPolicy):
            policy.validate(StackValidationArgs(preview.stack()), report)
    return {rule: said for rule, said in found.items() if said}


def _as_seen(step: Step) -> Step:
    """Where policy and engine differ, and only there: what is rebuilt because something else is.

    No policy is told that a provider is replaced; whatever rebuilds that one is stopped by itself. Where the
    engine rebuilds what depends
    on something rebuilt, it names other properties, or none, than those whose value is not known any more.
    """
    if step.op is not Op.REPLACE:
        return step
    changed = force_new.changed_keys(step.type, step.old, step.new, step.state)
    if "provider" in step.replace_keys:
        return replace(step, op=Op.REPLACE if changed else Op.UPDATE, replace_keys=changed)
    follows = any(
        unknown(at(step.new, key)) or any(map(unknown, items(at(step.new, key)))) for key in changed
    )
    return replace(step, replace_keys=changed) if follows else step


def said_by_review(path: Path) -> dict[str, set[str]]:
    with path.open("rb") as file:
        plan = Plan([_as_seen(step) for step in read(file, path.name, Secrets()).steps])
    found: dict[str, set[str]] = {}
    for finding in findings.plan_findings(plan):
        if finding.rule.id not in NOT_OF_POLICIES:
            found.setdefault(finding.rule.id, set()).add(pack.sentence(finding))
    return found


@pytest.mark.parametrize("path", PREVIEWS, ids=lambda path: path.stem)
def test_the_same_sentences_as_review(path: Path) -> None:
    assert said_by_pack(Recorded(path)) == said_by_review(path)


def test_every_blocking_change_is_among_the_recorded_ones() -> None:
    found = {rule for path in PREVIEWS for rule in said_by_review(path)}
    assert found >= BLOCKING_AND_RECORDED
