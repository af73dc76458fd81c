"""Steps of a plan grouped by component: one line for each component, as a reviewer sees the program.

Steps that are in every preview, or follow from others, are noise: the noise is counted and not listed. Rules
check all steps.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from pulumi_tke_hybrid.cli.process import listed, several
from pulumi_tke_hybrid.plan import resource_types
from pulumi_tke_hybrid.plan.kubernetes_objects import Holder, holders
from pulumi_tke_hybrid.plan.model import Op, Step, is_patch
from pulumi_tke_hybrid.plan.preview_json import STACK, StackPlan
from pulumi_tke_hybrid.review.redaction import change_text, differences, is_listed, short_changes, value_text
from pulumi_tke_hybrid.tke.objects import texts

_BOOKKEEPING = (
    "pulumi-python:dynamic/tke-hybrid:ClusterGuard",
    "pulumi-python:dynamic/tke-hybrid:VpcCniReady",
)
_FROM_VERSIONS = frozenset({"version", "pluginDownloadURL", "pluginChecksums"})


def noise_kind(step: Step) -> str:
    """Return the kind of noise that a step is, in words; empty where a reviewer should see the step."""
    if step.op is Op.READ:
        return "reads"
    if not step.op.changes:
        return ""
    if step.type == STACK:
        return "stack outputs" if step.op is Op.UPDATE else ""
    if not step.custom:
        return ""  # a component, which has its own line
    if step.type in _BOOKKEEPING and step.op in (Op.CREATE, Op.UPDATE):
        return "steps that only wait or check"
    if step.op is not Op.UPDATE:
        return ""
    changed = step.changed_inputs
    if step.type.startswith(resource_types.PROVIDERS) and changed <= _FROM_VERSIONS:
        return "versions of providers"
    if changed == {"__provider"}:
        return "versions of this library"
    if changed == {"eniSubnetIds"} and step.type == resource_types.CLUSTER:
        before, after = texts(step.old.get("eniSubnetIds")), texts(step.new.get("eniSubnetIds"))
        return "order of a list" if before and sorted(before) == sorted(after) else ""
    return ""


_COMPONENT = "tke-hybrid:index:"
_MOST_INPUTS = 6
"""Inputs that the line of a new component names."""
_MOST_STEPS = 6
"""Steps of a component that its line names."""
_VERBS = {
    Op.CREATE: "created",
    Op.DELETE: "deleted",
    Op.OTHER: "changed by an unknown operation",
    Op.IMPORT: "imported as it is",
    Op.LEAVE: "leaves the stack, stays in the cloud",
}
SIGNS = {
    Op.DELETE: "-",
    Op.REPLACE: "±",
    Op.OTHER: "?",
    Op.UPDATE: "~",
    Op.CREATE: "+",
    Op.LEAVE: "=",
    Op.IMPORT: "=",
}
"""The sign of each operation that changes a resource, as in a diff; the most important operation first."""
_ORDER = list(SIGNS)


@dataclass
class Group:
    """The changes of one component, or of one resource without component."""

    head: Step | None
    """The component; None for a resource without component."""
    steps: list[Step] = field(default_factory=list[Step])
    """The changed resources, without noise."""

    @property
    def name(self) -> str:
        return (self.head or self.steps[0]).name

    @property
    def kind(self) -> str:
        """The short type: `HybridCluster`, `Service`."""
        return short_type(self.head or self.steps[0])

    @cached_property
    def summary(self) -> str:
        """The changes in a few words, not escaped yet. Read after the last step is added."""
        if self.op not in (Op.CREATE, Op.DELETE):
            return "; ".join(dict.fromkeys(_phrases(self))) or "its settings"
        words = ["new" if self.op is Op.CREATE else "deleted", *(f"zone {zone}" for zone in self.zones)]
        if self.head is not None:
            words += [*_inputs(self.head), several(len(self.steps), "resource")]
        return ", ".join(words)

    @property
    def op(self) -> Op:
        """The operation of the group as a whole."""
        if self.head is None:
            return self.steps[0].op
        return self.head.op if self.head.op in (Op.CREATE, Op.DELETE) else Op.UPDATE

    @property
    def sign(self) -> str:
        """The sign of the operation."""
        return SIGNS[self.op]

    @property
    def rank(self) -> int:
        """The position of the group: the group with the most important operation first."""
        return min((_ORDER.index(step.op) for step in self.steps), default=len(_ORDER))

    @property
    def zones(self) -> list[str]:
        """The zones in the inputs of the group."""
        steps = [self.head, *self.steps] if self.head else self.steps
        found = (
            props.get("zone") or props.get("availabilityZone")
            for step in steps
            for props in (step.new, step.old)
        )
        return list(dict.fromkeys(zone for zone in found if isinstance(zone, str)))


def short_type(step: Step) -> str:
    """Return the type without package and module; the module for the type `Instance`, which is ambiguous."""
    module, _, last = step.type.rpartition(":")
    if step.type.startswith(resource_types.PROVIDERS):
        return f"provider {last}"
    return module.rpartition(":")[2].partition("/")[0] if last == "Instance" else last


@dataclass(frozen=True)
class Grouping:
    """All groups of a plan, and the noise."""

    groups: Sequence[Group]
    noise: Mapping[str, int]
    """Number of steps by the kind of noise."""
    counts: Counter[Op]
    """Number of resources by operation, without noise and components."""


def changes_in(counts: Counter[Op]) -> int:
    """Return the number of resources that change."""
    return sum(count for op, count in counts.items() if op.changes)


def group_steps(plan: StackPlan) -> Grouping:
    """Group the steps of a plan."""
    by_urn = {step.urn: step for step in plan.steps}
    groups: dict[str, Group] = {}
    noise: Counter[str] = Counter()
    counts: Counter[Op] = Counter()
    for step in plan.steps:
        kind = noise_kind(step)
        if kind:
            noise[kind] += 1
            continue
        if step.type == STACK:
            continue
        if step.custom:
            counts[step.op] += 1
        if not step.op.changes:
            continue
        head = _component_of(step, by_urn)
        group = groups.setdefault(head.urn if head else step.urn, Group(head))
        if step.custom or step is not head:
            group.steps.append(step)
    ordered = sorted(groups.values(), key=lambda group: (group.rank, group.name))
    return Grouping(ordered, dict(sorted(noise.items())), counts)


def _component_of(step: Step, by_urn: dict[str, Step]) -> Step | None:
    """Return the outermost component of this library that contains a step."""
    found: Step | None = None
    parent: Step | None = step
    for _ in range(20):  # a parent chain is short; a broken input could have a ring
        if parent is None:
            break
        if parent.type.startswith(_COMPONENT):
            found = parent
        parent = by_urn.get(parent.parent)
    return found


def _inputs(component: Step) -> list[str]:
    found = [
        f"{key} {value_text(key, value)}"
        for key, value in component.new.items()
        if key != "zone" and value is not None and is_listed(key)
    ]
    return found[:_MOST_INPUTS]


def _phrases(group: Group) -> Iterator[str]:
    if group.head is not None:
        changed = [change for change in differences(group.head) if change[1] != change[2]]
        yield from (f"{path} {change_text(path, old, new)}" for path, old, new in changed[:4])
    for step in group.steps[:_MOST_STEPS]:
        kind = short_type(step) if group.head is not None else ""
        if step.op is Op.UPDATE:
            yield " ".join(part for part in (kind, listed(short_changes(step)), _rollout(step)) if part)
        elif step.op is Op.REPLACE:
            yield f"{kind} replaced because of {step.replaced_for}".strip()
        else:
            yield f"{kind} {_VERBS[step.op]}".strip()
    if len(group.steps) > _MOST_STEPS:
        yield f"{len(group.steps) - _MOST_STEPS} more"


def _rollout(step: Step) -> str:
    """Return the number of pods that a change of the pod template replaces."""
    before, after = holders(step.type, step.old), holders(step.type, step.new)
    same = [holder.template for holder in before] == [holder.template for holder in after]
    if is_patch(step.type) or not after or same:
        return ""
    return f"({pods_text(after, 'its pods')} recreated)"


def pods_text(templates: Sequence[Holder], unknown: str = "pods") -> str:
    """Return the number of pods, as `2 pods`; `unknown` where the number is not known."""
    counts = [holder.pods for holder in templates]
    return unknown if None in counts else several(sum(count or 0 for count in counts), "pod")
