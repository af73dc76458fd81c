"""One step of a plan: a resource, what would happen to it, and its properties before and after."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import wraps
from typing import Any, TypeVar

from pulumi_tke_hybrid.tke.rule import Finding
from pulumi_tke_hybrid.tke.values import SECRET, Props, at, unknown

NEW = "a new one"
"""In place of the value of a property that comes from a resource which is made anew."""
_ANNOTATION = re.compile(r'^metadata\.annotations\["([^"]*)"\]$')
_PART = re.compile(r'\["([^"]*)"\]|([^.\[\]]+)')
"""The parts of a property's path, as the engine writes it."""
_TELLING = re.compile(
    r"password|passwd|passphrase|secret|token|credential|kubeconfig|privatekey|script|userdata", re.IGNORECASE
)
_LONGEST = 60
_WHOLE = re.compile(r"^(spec\.(?:selector|volumeClaimTemplates))[.\[].*$")
"""Fields that Kubernetes never changes in part: the label or claim inside matters to nobody."""


class Op(str, Enum):
    """What would happen to a resource."""

    SAME = "same"
    READ = "read"
    """Only looked at."""
    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    IMPORT = "import"
    """The stack takes over what is there already; nothing is made."""
    LEAVE = "leave"
    """The resource leaves the stack only and stays as it is, because the program said so before
    (`retain_on_delete`)."""
    OTHER = "other"
    """An operation that nobody here has heard of: it counts as a change."""

    @property
    def changes(self) -> bool:
        """Whether the resource is not left as it is."""
        return self not in (Op.SAME, Op.READ)

    @property
    def ends(self) -> bool:
        """Whether what is there now goes away."""
        return self in (Op.REPLACE, Op.DELETE)

    @property
    def state_only(self) -> bool:
        """Whether the stack's state changes, and nothing in the cloud."""
        return self in (Op.IMPORT, Op.LEAVE)


def _nothing() -> Props:
    return {}


@dataclass(frozen=True)
class Step:
    """A resource in a plan. The rules look at nothing else, so a policy or a test can make one by hand."""

    urn: str
    type: str
    """Canonical type token (`tke.resource_types`), e.g. `tencentcloud:Kubernetes/cluster:Cluster`."""
    op: Op
    old: Props = field(default_factory=_nothing)
    """Inputs as they were; empty for something new."""
    new: Props = field(default_factory=_nothing)
    """Inputs as the program says them; empty for something that goes."""
    state: Props = field(default_factory=_nothing)
    """What the cloud said when it was last looked at; empty for something new."""
    replace_keys: Sequence[str] = ()
    """Properties because of which it is replaced."""
    diff_keys: Sequence[str] | None = None
    """Properties that the provider says differ; None where nobody said."""
    id: str = ""
    """The cloud's id, where it is known."""
    parent: str = ""
    """URN of the component that it belongs to."""
    sources: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    """For each property the URNs of the resources that its value comes from: what an unknown id will be the
    id of. `provider` is that of
    the resource's provider."""
    was_protected: bool = False
    protected: bool = False
    custom: bool = True
    """Something that a provider makes; a component only holds others."""
    token: str = ""
    """The type token as the engine wrote it, where it is another one than `type`."""
    adopted: bool = False
    """What it becomes is there already: it is imported or read, and not made."""
    is_rest: bool = False
    """It is the rest of a replacement that an earlier run did not finish; its own resource has another
    step."""
    left: bool = False
    """What was there stays as it is, and the stack does not manage it any more."""

    @property
    def creates(self) -> bool:
        """Whether a new resource is made in the cloud."""
        return self.op in (Op.CREATE, Op.REPLACE) and not self.adopted

    @property
    def name(self) -> str:
        """The resource's name in the program."""
        return self.urn.rsplit("::", 1)[-1]

    @property
    def replaced_for(self) -> str:
        """The properties that force a replacement, for people."""
        named = (
            (
                "its provider, which is made anew"
                if key == "provider"
                else f"{_shortened(key)}{self._from_to(key)}"
            )
            for key in self.replace_keys
        )
        return ", ".join(dict.fromkeys(named)) or "a property that the preview does not name"

    def _from_to(self, key: str) -> str:
        """Both values of a property that is plain text or a number and holds no secret."""
        parts = [quoted or plain for quoted, plain in _PART.findall(key)]
        before, after = at(self.old, *parts), at(self.new, *parts)
        if before == after or _TELLING.search(key):
            return ""
        old, new = _plain(before), NEW if unknown(after) else _plain(after)
        return f" {old} → {new}" if old and new else f" → {NEW}" if unknown(after) else ""

    def differs(self, key: str) -> bool:
        """Whether this input is another one than before."""
        if self.diff_keys is not None:
            return key in self.diff_keys
        return self.old.get(key) != self.new.get(key)


def _shortened(path: str) -> str:
    """`metadata.annotations["a.b/c"]` → `a.b/c`, `spec.selector.matchLabels.app` → `spec.selector`."""
    return _WHOLE.sub(r"\1", _ANNOTATION.sub(r"\1", path))


def _plain(value: object) -> str:
    """A text or number that may be shown; nothing for anything else."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return (
        str(value)
        if isinstance(value, (str, int)) and value != SECRET and 0 < len(str(value)) <= _LONGEST
        else ""
    )


Check = Callable[[Step], Iterator[Finding]]
"""What one rule finds in one step."""


@dataclass(frozen=True, eq=False)
class Plan:
    """All steps of one stack that a rule may look at, also those that change nothing, as far as the preview
    shows them.

    A plan is equal to itself alone, so that what several rules read of a plan is kept by the plan.
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
