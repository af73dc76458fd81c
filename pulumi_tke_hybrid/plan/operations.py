"""The meaning of the engine's operations and resource states, as the engine applies them (pulumi/pulumi,
pkg/resource/deploy/step.go).

Every reader of previews, event logs and exports uses these functions.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pulumi_tke_hybrid.plan.model import Op, Plan, Step
from pulumi_tke_hybrid.plan.resource_types import canonical, is_patch
from pulumi_tke_hybrid.tke.values import at, items, mapping, texts

State = Mapping[str, Any]
"""The engine's JSON of a resource: `inputs`, `outputs`, `retainOnDelete`, `external`, …"""

_OPS = {
    "same": Op.SAME,
    "create": Op.CREATE,
    "update": Op.UPDATE,
    "delete": Op.DELETE,
    "replace": Op.REPLACE,
    "create-replacement": Op.REPLACE,
    "delete-replaced": Op.REPLACE,
    "import": Op.IMPORT,
    "import-replacement": Op.REPLACE,
    "read": Op.READ,
    "read-replacement": Op.REPLACE,
    "refresh": Op.READ,
    "diff": Op.READ,
    "discard": Op.READ,
    "read-discard": Op.READ,
    "discard-replaced": Op.READ,
    "remove-pending-replace": Op.READ,
}
"""`read-replacement`: the managed resource is deleted. `discard…`: a resource that was only read is dropped.
`remove-pending-replace`: a resource that an earlier run deleted is dropped."""
ADOPTING = ("import", "import-replacement", "read", "read-replacement")
"""Operations that put a resource which exists under the program's URN."""
_ENDING = (
    "delete",
    "replace",
    "create-replacement",
    "delete-replaced",
    "import-replacement",
    "read-replacement",
)
_CLEANING = ("delete", "delete-replaced", "discard-replaced")
"""Operations on a resource that an earlier step left for deletion; its old state has the mark `delete`."""
_WEIGHT = {
    op: weight
    for weight, op in enumerate(
        (Op.READ, Op.SAME, Op.LEAVE, Op.IMPORT, Op.UPDATE, Op.OTHER, Op.CREATE, Op.DELETE, Op.REPLACE)
    )
}


def is_known(engine_op: object) -> bool:
    """Whether this module knows the engine's operation."""
    return isinstance(engine_op, str) and engine_op in _OPS


def stays(old: State) -> bool:
    """Whether the engine keeps the resource in the cloud: it is retained, or was only read and never
    managed."""
    return old.get("retainOnDelete") is True or old.get("external") is True


def leaves_old(engine_op: object, old: State) -> bool:
    """Whether the old resource stays in the cloud although the step deletes or replaces it."""
    return old.get("retainOnDelete") is True and engine_op in _ENDING


def operation(engine_op: object, old: State, new: State) -> Op:
    """Return the operation of a step. `engine_op`: the engine's word; `old` and `new`: the states before and
    after.

    The deletion of a kept resource is `LEAVE`; the replacement of a kept resource creates a new one beside
    it. A managed resource that the program only reads from now on, under the same id, leaves the stack too. A
    patch belongs to an object that stays anyway, so its replacement stays a replacement. `OTHER` for an
    unknown operation.
    """
    found = _OPS.get(engine_op, Op.OTHER) if isinstance(engine_op, str) else Op.OTHER
    if found is Op.DELETE and stays(old):
        return Op.LEAVE
    if found is Op.REPLACE and stays(old) and not is_patch(str(old.get("type"))):
        return (
            Op.LEAVE if engine_op == "delete-replaced" else Op.IMPORT if engine_op in ADOPTING else Op.CREATE
        )
    if engine_op == "read" and old and old.get("external") is not True and new.get("external") is True:
        return Op.LEAVE
    return found


def together(first: Op, second: Op) -> Op:
    """Return the operation of two steps of one resource: a refresh and the next step, an import and its
    update, or the parts of a replacement."""
    pair = {first, second}
    if pair == {Op.DELETE, Op.CREATE}:
        return Op.REPLACE
    return max(first, second, key=_WEIGHT.__getitem__)


def last_states(steps: Iterable[object]) -> tuple[dict[str, State], dict[str, State]]:
    """Return (before, after): the state of each resource by URN on both sides of `pulumi preview --json`.

    A resource has one state on each side, however many steps it has: the last step counts, and a refresh
    alone changes nothing. An imported resource exists before; a resource that leaves the stack exists after;
    a removed resource does not.
    """
    before: dict[str, State] = {}
    after: dict[str, State] = {}
    ops: dict[str, Op] = {}
    for step in map(mapping, steps):
        old, new, engine_op = mapping(step.get("oldState")), mapping(step.get("newState")), step.get("op")
        urn = step.get("urn") or new.get("urn") or old.get("urn")
        if not isinstance(urn, str) or (old.get("delete") is True and engine_op in _CLEANING):
            continue
        op = operation(engine_op, old, new)
        if engine_op == "refresh":
            old = new
        elif op is Op.IMPORT:
            old = old or new
        first = ops.get(urn)
        ops[urn] = whole = op if first is None or first is Op.READ else together(first, op)
        if old and (urn not in before or first is Op.READ):
            before[urn] = old
        if whole is Op.DELETE or (
            engine_op in ("discard", "read-discard", "discard-replaced", "remove-pending-replace") and not new
        ):
            after.pop(urn, None)
        elif whole is Op.LEAVE:
            after[urn] = new or old
        elif new:
            after[urn] = new
    return before, after


def exported_states(export: State) -> dict[str, State]:
    """The state of each resource by URN in the JSON of `pulumi stack export`. Raise ValueError for any other
    JSON.

    Left out are resources that wait for their deletion.
    """
    if "deployment" not in export:
        raise ValueError("no deployment")
    states = [mapping(item) for item in items(at(export, "deployment", "resources"))]
    return {str(state.get("urn", "")): state for state in states if state.get("delete") is not True}


def sources(state: State) -> dict[str, list[str]]:
    """For each property the URNs of the resources that its value comes from."""
    return {str(key): texts(urns) for key, urns in mapping(state.get("propertyDependencies")).items() if urns}


def deleted_with(old: State) -> str:
    """URN of the resource with which the engine counts this resource as deleted; empty where there is
    none."""
    found = at(old, "deletedWith")
    return found if isinstance(found, str) else ""


def of_states(states: Mapping[str, State]) -> Plan:
    """The resources of a state as steps that change nothing."""
    return Plan([_step_of_state(urn, state) for urn, state in states.items()])


def _step_of_state(urn: str, state: State) -> Step:
    token = str(state.get("type") or "")
    inputs = mapping(state.get("inputs"))
    type_ = canonical(token, inputs)
    provider = str(state.get("provider") or "").rpartition("::")[0]
    sources: dict[str, Sequence[str]] = {
        str(key): texts(value) for key, value in mapping(state.get("propertyDependencies")).items()
    }
    outputs = mapping(state.get("outputs"))
    return Step(
        urn,
        type_,
        Op.SAME,
        old=inputs,
        new=inputs,
        state=outputs,
        id=str(state.get("id") or outputs.get("id") or ""),
        parent=str(state.get("parent") or ""),
        sources={**sources, **({"provider": (provider,)} if provider else {})},
        token=token if token != type_ else "",
    )
