"""What the engine means by the operations of a preview, as it applies them (pulumi/pulumi,
pkg/resource/deploy/step.go).

Everything that reads steps of the engine goes through these functions: one operation of the engine has one
meaning.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from pulumi_tke_hybrid.plan.model import Op
from pulumi_tke_hybrid.plan.resource_types import is_patch
from pulumi_tke_hybrid.tke.values import at, items, mapping, texts

State = Mapping[str, Any]
"""A resource as the engine writes it, with its options: `inputs`, `outputs`, `retainOnDelete`, `external`,
…"""

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
"""`read-replacement`: the managed resource that was there is deleted. `discard…`: a resource that was only
read is forgotten.
`remove-pending-replace`: a resource that an earlier run deleted is forgotten."""
ADOPTING = ("import", "import-replacement", "read", "read-replacement")
"""Operations after which the resource is one that was there before, under the program's own id."""
_ENDING = (
    "delete",
    "replace",
    "create-replacement",
    "delete-replaced",
    "import-replacement",
    "read-replacement",
)
_CLEANING = ("delete", "delete-replaced", "discard-replaced")
"""Operations on what an earlier run, or the replacement before, left to be deleted: with it the old state is
marked `delete`."""
_WEIGHT = {
    op: weight
    for weight, op in enumerate(
        (Op.READ, Op.SAME, Op.LEAVE, Op.IMPORT, Op.UPDATE, Op.OTHER, Op.CREATE, Op.DELETE, Op.REPLACE)
    )
}


def is_known(said: object) -> bool:
    """Whether the engine's operation is one of those that this module knows."""
    return isinstance(said, str) and said in _OPS


def stays(old: State) -> bool:
    """Whether the engine deletes nothing when the resource goes: it is to be retained, or was only read and
    never managed."""
    return old.get("retainOnDelete") is True or old.get("external") is True


def leaves_old(said: object, old: State) -> bool:
    """Whether the resource that was there leaves the stack only: it is to be retained where the step deletes
    or replaces."""
    return old.get("retainOnDelete") is True and said in _ENDING


def operation(said: object, old: State, new: State) -> Op:
    """What a step does to the resource; `said` is the engine's operation, `old` and `new` are the states
    before and after.

    A deletion of what stays is `LEAVE`; a replacement of what stays creates the new resource beside it. A
    managed resource that the
    program only reads from now on, under the same id, is left as well. A patch is part of an object that
    stays anyway, so its replacement
    stays one. `OTHER` for an operation that this module does not know.
    """
    found = _OPS.get(said, Op.OTHER) if isinstance(said, str) else Op.OTHER
    if found is Op.DELETE and stays(old):
        return Op.LEAVE
    if found is Op.REPLACE and stays(old) and not is_patch(str(old.get("type"))):
        return Op.LEAVE if said == "delete-replaced" else Op.IMPORT if said in ADOPTING else Op.CREATE
    if said == "read" and old and old.get("external") is not True and new.get("external") is True:
        return Op.LEAVE
    return found


def together(first: Op, second: Op) -> Op:
    """What two steps of one resource come to: a refresh and what follows, an import and its update, the parts
    of a replacement."""
    pair = {first, second}
    if pair == {Op.DELETE, Op.CREATE}:
        return Op.REPLACE
    return max(first, second, key=_WEIGHT.__getitem__)


def last_states(steps: Iterable[object]) -> tuple[dict[str, State], dict[str, State]]:
    """(before, after): the state of each resource by URN, before and after what the steps of `pulumi preview
    --json` do.

    A resource has one state on each side, whatever the number of its steps: that of its last step counts, and
    a refresh alone changes
    nothing. An imported resource is there before; a resource that leaves the stack only is there after; one
    that goes is not.
    """
    before: dict[str, State] = {}
    after: dict[str, State] = {}
    ops: dict[str, Op] = {}
    for step in map(mapping, steps):
        old, new, said = mapping(step.get("oldState")), mapping(step.get("newState")), step.get("op")
        urn = step.get("urn") or new.get("urn") or old.get("urn")
        if not isinstance(urn, str) or (old.get("delete") is True and said in _CLEANING):
            continue
        op = operation(said, old, new)
        if said == "refresh":
            old = new
        elif op is Op.IMPORT:
            old = old or new
        first = ops.get(urn)
        ops[urn] = whole = op if first is None or first is Op.READ else together(first, op)
        if old and (urn not in before or first is Op.READ):
            before[urn] = old
        if whole is Op.DELETE or (
            said in ("discard", "read-discard", "discard-replaced", "remove-pending-replace") and not new
        ):
            after.pop(urn, None)
        elif whole is Op.LEAVE:
            after[urn] = new or old
        elif new:
            after[urn] = new
    return before, after


def exported_states(export: State) -> dict[str, State]:
    """The state of each resource by URN in the JSON of `pulumi stack export`. Raise ValueError for any other JSON.

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
    """URN of the resource with which the engine takes this one for deleted, without a call of its own; empty
    where there is none."""
    found = at(old, "deletedWith")
    return found if isinstance(found, str) else ""
