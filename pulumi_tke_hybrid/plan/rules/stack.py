"""Rules on the stack itself: resources that leave the stack and stay in the cloud, and versions of
providers."""

from collections.abc import Iterator

from pulumi_tke_hybrid.plan import resource_types
from pulumi_tke_hybrid.plan.model import Op, Step
from pulumi_tke_hybrid.plan.rules.registry import Shape, rule
from pulumi_tke_hybrid.tke.rule import Finding, Rule, Severity

LEFT_UNMANAGED = Rule(
    "left-unmanaged",
    Severity.NOTE,
    "A resource with `retain_on_delete` that leaves the stack and stays in the cloud is named.",
    "the operation; retainOnDelete in the stack's last state",
    "Pulumi, resource option retainOnDelete: the engine makes no call of the provider",
)
VERSION_CHANGE = Rule(
    "version-change",
    Severity.NOTE,
    "A change of a provider's version is named.",
    "versions of the providers",
    "lists of the provider that are ordered in one version and sets in another: tf-tencent#4121",
)


@rule(LEFT_UNMANAGED, on=Shape.ANY)
def _left_unmanaged(step: Step) -> Iterator[Finding]:
    """Report a retained resource of the network that leaves the program, or beside which a new one is
    created."""
    if not step.left or not step.custom or not _is_of_network(step):
        return
    beside = step.op is not Op.LEAVE
    if beside and resource_types.is_patch(step.type):
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


def _is_of_network(step: Step) -> bool:
    if step.type.startswith("tencentcloud:"):
        return resource_types.may_hold_network(step.type)
    return step.type.startswith("kubernetes:") or step.type == resource_types.SWITCH


@rule(VERSION_CHANGE, on=Shape.PROVIDER)
def _version_changed(step: Step) -> Iterator[Finding]:
    before, after = step.old.get("version"), step.new.get("version")
    if before and after and before != after:
        yield VERSION_CHANGE.finding(
            step.name,
            f"instead of {before}",
            value=f"{step.type.removeprefix(resource_types.PROVIDERS)} {after}",
            why="differences without a line in the program may come from it",
            todo="read its list of changes",
        )
