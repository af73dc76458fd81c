"""The model of a plan: steps, each a resource with its operation and its properties before and after; and the
meaning of the engine's operations and states (pulumi/pulumi, pkg/resource/deploy/step.go).

`engine_steps` creates the steps from Pulumi's JSON.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import wraps
from typing import Any, TypeVar

from pulumi_tke_hybrid.tke.objects import SECRET, Props, at, known_later, mapping, texts

NEW = "a new one"
"""Shown in place of a value that comes from a resource which is created anew."""
_ANNOTATION = re.compile(r'^metadata\.annotations\["([^"]*)"\]$')
_PART = re.compile(r'\["([^"]*)"\]|([^.\[\]]+)')
"""The parts of a property's path, as the engine writes it."""
_SECRET_NAMES = re.compile(
    r"password|passwd|passphrase|secret|token|credential|kubeconfig|privatekey|script|userdata", re.IGNORECASE
)
_MOST_CHARACTERS = 60
_WHOLE = re.compile(r"^(spec\.(?:selector|volumeClaimTemplates))[.\[].*$")
"""Fields that Kubernetes only replaces as a whole: the label or claim inside is not shown."""


class Op(str, Enum):
    """What would happen to a resource."""

    SAME = "same"
    READ = "read"
    """The resource is only read."""
    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    IMPORT = "import"
    """The stack takes over a resource that exists; nothing is created."""
    LEAVE = "leave"
    """The resource leaves the stack and stays in the cloud (`retain_on_delete`)."""
    OTHER = "other"
    """An operation that this module does not know: it counts as a change."""

    @property
    def changes(self) -> bool:
        """Whether the operation changes the resource."""
        return self not in (Op.SAME, Op.READ)

    @property
    def ends(self) -> bool:
        """Whether the operation removes the existing resource."""
        return self in (Op.REPLACE, Op.DELETE)

    @property
    def state_only(self) -> bool:
        """Whether the stack's state changes, and nothing in the cloud."""
        return self in (Op.IMPORT, Op.LEAVE)


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
CLEANING = ("delete", "delete-replaced", "discard-replaced")
"""Operations on a resource that an earlier step left for deletion; its old state has the mark `delete`."""
_BY_WEIGHT = (Op.READ, Op.SAME, Op.LEAVE, Op.IMPORT, Op.UPDATE, Op.OTHER, Op.CREATE, Op.DELETE, Op.REPLACE)


def _op(engine_op: object) -> Op:
    return _OPS.get(engine_op, Op.OTHER) if isinstance(engine_op, str) else Op.OTHER


def is_known_operation(engine_op: object) -> bool:
    """Whether this module knows the engine's operation."""
    return _op(engine_op) is not Op.OTHER


def stays(old: State) -> bool:
    """Whether the engine keeps the resource in the cloud: it is retained, or was only read and never
    managed."""
    return old.get("retainOnDelete") is True or old.get("external") is True


def leaves_old(engine_op: object, old: State) -> bool:
    """Whether the old resource stays in the cloud although the step deletes or replaces it."""
    return old.get("retainOnDelete") is True and _op(engine_op).ends


def operation(engine_op: object, old: State, new: State) -> Op:
    """Return the operation of a step. `engine_op`: the engine's word; `old` and `new`: the states before and
    after.

    The deletion of a kept resource is `LEAVE`; the replacement of a kept resource creates a new one beside
    it. A managed resource that the program only reads from now on, under the same id, leaves the stack too. A
    patch belongs to an object that stays anyway, so its replacement stays a replacement. `OTHER` for an
    unknown operation.
    """
    found = _op(engine_op)
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
    return max(first, second, key=_BY_WEIGHT.index)


def is_patch(token: str) -> bool:
    """Whether the resource writes some fields of an object that it does not own: its deletion takes these
    fields back."""
    return token.startswith("kubernetes:") and token.endswith("Patch")


def sources_of(state: State) -> dict[str, list[str]]:
    """For each property the URNs of the resources that its value comes from."""
    return {str(key): texts(urns) for key, urns in mapping(state.get("propertyDependencies")).items() if urns}


def all_sources_of(state: State, provider: str = "") -> dict[str, list[str]]:
    """As `sources_of`, and the URN of the resource's provider as `provider`: the given one, else the
    state's."""
    provider = provider or provider_of(state)
    return {**sources_of(state), **({"provider": [provider]} if provider else {})}


def provider_of(holder: State) -> str:
    """URN of the provider in a step or a state, which write `URN::id`; empty where there is none."""
    return str(holder.get("provider") or "").rpartition("::")[0]


def deleted_with(old: State) -> str:
    """URN of the resource with which the engine counts this resource as deleted; empty where there is
    none."""
    found = at(old, "deletedWith")
    return found if isinstance(found, str) else ""


@dataclass(frozen=True)
class Step:
    """A resource in a plan. Rules read nothing else, so a policy or a test can create a step by hand."""

    urn: str
    type: str
    """Canonical type token (`resource_types.canonical`), e.g. `tencentcloud:Kubernetes/cluster:Cluster`."""
    op: Op
    old: Props = field(default_factory=dict[str, Any])
    """Inputs before; empty for a new resource."""
    new: Props = field(default_factory=dict[str, Any])
    """Inputs of the program; empty for a removed resource."""
    state: Props = field(default_factory=dict[str, Any])
    """Outputs when the cloud was last read; empty for a new resource."""
    replace_keys: Sequence[str] = ()
    """Properties that force a replacement."""
    diff_keys: Sequence[str] | None = None
    """Properties that the provider reports as different; None where it reports nothing."""
    id: str = ""
    """The cloud's id, where known."""
    parent: str = ""
    """URN of the parent component."""
    sources: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    """For each property the URNs of the resources from which the value comes: the source of an id that is not
    known yet. `provider` is the resource's provider."""
    was_protected: bool = False
    protected: bool = False
    custom: bool = True
    """Whether a provider creates the resource; a component only holds others."""
    token: str = ""
    """The engine's type token, where it differs from `type`."""
    adopted: bool = False
    """Whether the resource exists before: it is imported or read, and not created."""
    is_rest: bool = False
    """Whether the step cleans up after a replacement that an earlier run did not finish; the resource itself
    has another step."""
    left: bool = False
    """Whether the old resource stays in the cloud and leaves the stack."""

    @property
    def creates(self) -> bool:
        """Whether a new resource is created in the cloud."""
        return self.op in (Op.CREATE, Op.REPLACE) and not self.adopted

    @property
    def name(self) -> str:
        """The resource's name in the program."""
        return self.urn.rsplit("::", 1)[-1]

    @property
    def all_sources(self) -> set[str]:
        """URNs of all resources from which a property's value comes."""
        return {urn for urns in self.sources.values() for urn in urns}

    @property
    def deletes_object(self) -> bool:
        """Whether an object of Kubernetes is deleted. A deleted patch takes its fields back, and the object
        stays."""
        return self.op is Op.DELETE and not is_patch(self.type)

    @property
    def ending(self) -> str:
        """The end of the resource, as text for users."""
        return f"would be replaced ({self.replaced_for})" if self.op is Op.REPLACE else "would be deleted"

    @property
    def replaced_for(self) -> str:
        """The properties that force a replacement, as text for users."""
        reasons = dict.fromkeys(map(self._reason, self.replace_keys))
        return ", ".join(reasons) or "a property that the preview does not name"

    def leaving(self) -> "Step":
        """Return the step of a resource that leaves the stack as it is, and stays in the cloud."""
        return replace(self, op=Op.LEAVE, new=self.old, left=True, protected=self.was_protected)

    def _reason(self, key: str) -> str:
        """A property that forces a replacement, with old and new value if both are plain and not secret."""
        if key == "provider":
            return "its provider, which is made anew"
        # `metadata.annotations["a.b/c"]` → `a.b/c`, `spec.selector.matchLabels.app` → `spec.selector`
        path = _WHOLE.sub(r"\1", _ANNOTATION.sub(r"\1", key))
        parts = field_path(key)
        before, after = at(self.old, *parts), at(self.new, *parts)
        if before == after or _SECRET_NAMES.search(key):
            return path
        late = known_later(after)
        old, new = _plain(before), NEW if late else _plain(after)
        if old and new:
            return f"{path} {old} → {new}"
        return f"{path} → {NEW}" if late else path

    @property
    def changed_inputs(self) -> set[str]:
        """The inputs that change."""
        if self.diff_keys is not None:
            return set(self.diff_keys)
        return {key for key in {*self.old, *self.new} if self.old.get(key) != self.new.get(key)}


def field_path(key: str) -> tuple[str, ...]:
    """The parts of a property's path, as the engine writes the path: `metadata.annotations["a.b/c"]`."""
    return tuple(quoted or plain for quoted, plain in _PART.findall(key))


def _plain(value: object) -> str:
    """A text or number that may be shown; an empty text for any other value."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    text = str(value) if isinstance(value, (str, int)) and value != SECRET else ""
    return text if len(text) <= _MOST_CHARACTERS else ""


@dataclass(frozen=True, eq=False)
class Plan:
    """All steps of one stack, including the unchanged resources that the preview shows.

    A plan equals only itself, so that functions can cache by plan.
    """

    steps: Sequence[Step]
    results: dict[object, Any] = field(default_factory=dict[object, Any], init=False, repr=False)
    """Results of the functions marked `kept_by_plan`."""

    def of(self, *types: str) -> Iterator[Step]:
        """Steps of resources of these types."""
        return (step for step in self.steps if step.type in types)


Result = TypeVar("Result")


def kept_by_plan(read: Callable[[Plan], Result]) -> Callable[[Plan], Result]:
    """Make the plan keep the function's result, so that several rules share one reading of the plan."""

    @wraps(read)
    def kept(plan: Plan) -> Result:
        if read not in plan.results:
            plan.results[read] = read(plan)
        found: Result = plan.results[read]
        return found

    return kept
