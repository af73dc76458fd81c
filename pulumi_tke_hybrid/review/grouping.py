"""Steps that are in every preview or follow from others: folded, but counted. A rule still looks at them.

The steps of a plan by the component that they belong to: one line for each, as a reviewer thinks of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from pulumi_tke_hybrid.cli.text import several
from pulumi_tke_hybrid.plan import resource_types
from pulumi_tke_hybrid.plan.kubernetes_objects import holders
from pulumi_tke_hybrid.plan.model import Op, Step
from pulumi_tke_hybrid.plan.preview_json import STACK, StackPlan
from pulumi_tke_hybrid.plan.resource_types import is_patch
from pulumi_tke_hybrid.review.difference import change_text, differences, named, printable, value_text
from pulumi_tke_hybrid.tke.values import Props, texts

_BOOKKEEPING = (
    "pulumi-python:dynamic/tke-hybrid:ClusterGuard",
    "pulumi-python:dynamic/tke-hybrid:VpcCniReady",
)
_FROM_VERSIONS = frozenset({"version", "pluginDownloadURL", "pluginChecksums"})


def kind(step: Step) -> str:
    """What sort of noise a step is, in words; empty where a reviewer should see it."""
    if step.op is Op.READ:
        return "reads"
    if not step.op.changes:
        return ""
    if step.type == STACK:
        return "stack outputs" if step.op is Op.UPDATE else ""
    if not step.custom:
        return ""  # a component: it holds others, and has its own line
    if (
        step.op is Op.UPDATE
        and step.type.startswith(resource_types.PROVIDERS)
        and _changed(step) <= _FROM_VERSIONS
    ):
        return "versions of providers"
    if step.type in _BOOKKEEPING and step.op in (Op.CREATE, Op.UPDATE):
        return "steps that only wait or check"
    if step.op is Op.UPDATE and _changed(step) == {"__provider"}:
        return "versions of this library"
    if step.op is Op.UPDATE and step.type == resource_types.CLUSTER and _only_order(step):
        return "order of a list"
    return ""


def _changed(step: Step) -> set[str]:
    if step.diff_keys is not None:
        return set(step.diff_keys)
    return {key for key in {*step.old, *step.new} if step.old.get(key) != step.new.get(key)}


def _only_order(step: Step) -> bool:
    before, after = texts(step.old.get("eniSubnetIds")), texts(step.new.get("eniSubnetIds"))
    return _changed(step) == {"eniSubnetIds"} and bool(before) and sorted(before) == sorted(after)


_COMPONENT = "tke-hybrid:index:"
_FACTS = 6
"""Inputs of a new component that its line names."""
_VERBS = {
    Op.CREATE: "created",
    Op.DELETE: "deleted",
    Op.OTHER: "changed by an unknown operation",
    Op.IMPORT: "imported as it is",
    Op.LEAVE: "leaves the stack, stays in the cloud",
}
ORDER = (Op.DELETE, Op.REPLACE, Op.OTHER, Op.UPDATE, Op.CREATE, Op.LEAVE, Op.IMPORT)
"""What a reviewer should see first."""


@dataclass
class Group:
    """What changes of one component, or one resource that belongs to none."""

    head: Step | None
    """The component; None for a resource by itself."""
    steps: list[Step] = field(default_factory=list[Step])
    """What changes, without noise."""

    @property
    def name(self) -> str:
        return (self.head or self.steps[0]).name

    @property
    def kind(self) -> str:
        """The type in short: `HybridCluster`, `Service`."""
        return kind_of(self.head or self.steps[0])

    @property
    def op(self) -> Op:
        """What happens to it as a whole."""
        ops = {step.op for step in self.steps}
        if self.head is not None and self.head.op in (Op.CREATE, Op.DELETE):
            return self.head.op
        return ops.pop() if len(ops) == 1 and self.head is None else Op.UPDATE

    @property
    def weight(self) -> int:
        """What comes first."""
        return min((ORDER.index(step.op) for step in self.steps), default=len(ORDER))

    @property
    def zones(self) -> list[str]:
        """The zones that it speaks of."""
        found: dict[str, None] = {}
        for step in ([self.head] if self.head else []) + self.steps:
            for props in (step.new, step.old):
                zone = props.get("zone") or props.get("availabilityZone")
                if isinstance(zone, str):
                    found[zone] = None
        return list(found)


def kind_of(step: Step) -> str:
    """A type in short. `Instance` says nothing: then the module does."""
    module, _, last = step.type.rpartition(":")
    if step.type.startswith(resource_types.PROVIDERS):
        return f"provider {last}"
    return module.rpartition(":")[2].partition("/")[0] if last == "Instance" else last


@dataclass(frozen=True)
class Outline:
    """All groups of a plan, and what was folded."""

    groups: Sequence[Group]
    folded: Sequence[tuple[str, int]]
    """(sort of noise, how many)."""
    counts: "Counts"


@dataclass(frozen=True)
class Counts:
    """Resources that something happens to, noise and mere components left out."""

    add: int
    update: int
    replace: int
    delete: int
    other: int
    noise: int
    same: int
    state_only: int = 0
    """Imported, or leaving the stack and staying in the cloud."""

    def __add__(self, more: "Counts") -> "Counts":
        return Counts(
            self.add + more.add,
            self.update + more.update,
            self.replace + more.replace,
            self.delete + more.delete,
            self.other + more.other,
            self.noise + more.noise,
            self.same + more.same,
            self.state_only + more.state_only,
        )

    @property
    def changes(self) -> int:
        """All that are not left as they are."""
        return self.add + self.update + self.replace + self.delete + self.other + self.state_only


NOTHING = Counts(0, 0, 0, 0, 0, 0, 0)


def outline(plan: StackPlan) -> Outline:
    """Sort the steps of a plan."""
    by_urn = {step.urn: step for step in plan.steps}
    groups: dict[str, Group] = {}
    folded: dict[str, int] = {}
    ops: dict[Op, int] = {}
    for step in plan.steps:
        sort = kind(step)
        if sort:
            folded[sort] = folded.get(sort, 0) + 1
            continue
        if step.type == STACK:
            continue
        if step.custom:
            ops[step.op] = ops.get(step.op, 0) + 1
        if not step.op.changes:
            continue
        head = _top(step, by_urn)
        group = groups.setdefault(head.urn if head else step.urn, Group(head))
        if step.custom or step is not head:
            group.steps.append(step)
    counts = Counts(
        add=ops.get(Op.CREATE, 0),
        update=ops.get(Op.UPDATE, 0),
        replace=ops.get(Op.REPLACE, 0),
        delete=ops.get(Op.DELETE, 0),
        other=ops.get(Op.OTHER, 0),
        noise=sum(folded.values()),
        same=ops.get(Op.SAME, 0),
        state_only=ops.get(Op.IMPORT, 0) + ops.get(Op.LEAVE, 0),
    )
    ordered = sorted(groups.values(), key=lambda group: (group.weight, group.name))
    return Outline(ordered, sorted(folded.items()), counts)


def _top(step: Step, by_urn: dict[str, Step]) -> Step | None:
    """The outermost component of this library that a step belongs to."""
    found: Step | None = None
    at_: Step | None = step
    for _ in range(20):  # a parent chain is short; a broken input could make a ring
        if at_ is None:
            break
        if at_.type.startswith(_COMPONENT):
            found = at_
        at_ = by_urn.get(at_.parent)
    return found


def summary(group: Group) -> str:
    """What happens to a group, in some words; what is foreign in it is not escaped yet."""
    if group.head is not None and group.op in (Op.CREATE, Op.DELETE):
        verb = "new" if group.op is Op.CREATE else "deleted"
        return ", ".join([verb, *_facts(group)])
    if group.head is None and group.op in (Op.CREATE, Op.DELETE):
        return ", ".join(
            ["new" if group.op is Op.CREATE else "deleted", *(f"zone {zone}" for zone in group.zones)]
        )
    return "; ".join(dict.fromkeys(_phrases(group))) or "its settings"


def _facts(group: Group) -> Iterator[str]:
    yield from (f"zone {zone}" for zone in group.zones)
    given: Props = group.head.new if group.head else {}
    told = [
        f"{key} {value_text(key, value)}"
        for key, value in given.items()
        if key != "zone" and value is not None and printable(key)
    ]
    yield from told[:_FACTS]
    yield several(len(group.steps), "resource")


def _phrases(group: Group) -> Iterator[str]:
    if group.head is not None:
        told = [change_text(path, old, new) for path, old, new in differences(group.head) if old != new]
        yield from told[:4]
    for step in group.steps[:6]:
        what = kind_of(step) if group.head is not None else ""
        if step.op is Op.UPDATE:
            pods = _rolling(step)
            names = _listed(named(step))
            yield " ".join(part for part in (what, names, pods) if part)
        elif step.op is Op.REPLACE:
            yield f"{what} replaced because of {step.replaced_for}".strip()
        else:
            yield f"{what} {_VERBS[step.op]}".strip()
    if len(group.steps) > 6:
        yield f"{len(group.steps) - 6} more"


def _rolling(step: Step) -> str:
    """How many pods a change makes anew."""
    before, after = holders(step.type, step.old), holders(step.type, step.new)
    if (
        is_patch(step.type)
        or not after
        or [each.template for each in before] == [each.template for each in after]
    ):
        return ""
    counts = [each.pods for each in after]
    return (
        "(its pods made anew)"
        if None in counts
        else f"({several(sum(count or 0 for count in counts), 'pod')} made anew)"
    )


def _listed(names: Sequence[str], most: int = 5) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
