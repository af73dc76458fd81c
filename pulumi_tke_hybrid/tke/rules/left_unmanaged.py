"""What leaves the stack and stays in the cloud."""

from collections.abc import Iterator

from pulumi_tke_hybrid.tke import resource_types, tokens
from pulumi_tke_hybrid.tke.rule import Finding, Rule, Severity
from pulumi_tke_hybrid.tke.step import Op, Step

LEFT_UNMANAGED = Rule(
    "left-unmanaged",
    Severity.NOTE,
    "What leaves the stack and stays in the cloud is known of.",
    "the operation; retainOnDelete in the stack's last state",
    "Pulumi, resource option retainOnDelete: the engine makes no call of the provider",
)


def left_findings(step: Step) -> Iterator[Finding]:
    """For a resource of the network that is to be retained and leaves the program, or has a new one made beside it."""
    beside = step.op is not Op.LEAVE
    if not step.left or not step.custom or not _matters(step) or (beside and resource_types.is_patch(step.type)):
        return
    yield LEFT_UNMANAGED.finding(
        step.name,
        "stays in the cloud as it is, and a new one is made beside it"
        if beside
        else "leaves the stack only, and stays in the cloud as it is",
        value=step.id,
        why="the program retains it, so nothing is deleted; from then on no program changes or guards it",
        todo="keep its id, so that a program can import it again or somebody can delete it",
    )


def _matters(step: Step) -> bool:
    if step.type.startswith("tencentcloud:"):
        return resource_types.may_hold_network(step.type)
    return step.type.startswith("kubernetes:") or step.type == tokens.SWITCH
