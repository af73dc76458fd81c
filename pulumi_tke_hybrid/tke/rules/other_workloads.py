"""Rules on the workloads of one program: no two workloads have the same objects or the same pods."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pulumi_tke_hybrid.tke.rule import Finding, Rule, fixed_rule

OBJECT_TWICE = fixed_rule(
    "object-named-twice",
    "Each Kubernetes object belongs to one workload, under one name.",
    "kinds, namespaces and names of the program's workloads",
    "Kubernetes: namespace and name identify an object of a kind",
)
SELECTOR_OVERLAP = Rule(
    "selector-overlap",
    "The selector of a workload selects no pod of another workload.",
    "selectors and labels of the program's workloads",
    "Kubernetes: selectors of Deployments and StatefulSets do not overlap",
)


@dataclass(frozen=True)
class NamedObject:
    """An object that a workload makes, and the argument that gives the object its name."""

    kind: str
    name: str
    argument: str


@dataclass(frozen=True)
class DeclaredWorkload:
    """A workload with its known values. `labels`: of the pods."""

    owner: str
    objects: Sequence[NamedObject]
    selector: Mapping[str, str] = field(default_factory=dict[str, str])
    """Empty if the selector is not known yet."""
    labels: Mapping[str, str] = field(default_factory=dict[str, str])


class WorkloadsOfNamespace:
    """The workloads that a program has registered in one namespace of one cluster."""

    def __init__(self, namespace: str) -> None:
        self._namespace = namespace
        self._objects: dict[tuple[str, str], tuple[DeclaredWorkload, str]] = {}
        """Workload and argument of each object."""
        self._by_label: defaultdict[tuple[str, str], list[DeclaredWorkload]] = defaultdict(list)
        self._by_selector: defaultdict[tuple[str, str], list[DeclaredWorkload]] = defaultdict(list)
        """Each workload once, under the rarest label of its selector: few workloads are compared then."""

    def add(self, workload: DeclaredWorkload) -> list[Finding]:
        """Return the findings on a workload and the workloads before, and remember the workload."""
        found = [*self._same_objects(workload), *self._same_pods(workload)]
        for label in workload.labels.items():
            self._by_label[label].append(workload)
        if workload.selector:
            self._by_selector[self._rarest(workload.selector)].append(workload)
        return found

    def _same_objects(self, workload: DeclaredWorkload) -> Iterator[Finding]:
        for item in workload.objects:
            first, argument = self._objects.setdefault((item.kind, item.name), (workload, item.argument))
            if first is not workload or argument != item.argument:
                other = f"`{argument}`" if first is workload else first.owner
                yield OBJECT_TWICE.finding(
                    item.argument,
                    f"names the {item.kind} of {other} in namespace {self._namespace}",
                    value=item.name,
                    why="the second object would overwrite the first, and the removal of one removes both",
                    todo=f"give another {item.argument}",
                )

    def _rarest(self, selector: Mapping[str, str]) -> tuple[str, str]:
        return min(selector.items(), key=lambda label: len(self._by_label[label]))

    def _same_pods(self, workload: DeclaredWorkload) -> Iterator[Finding]:
        selector, labels = workload.selector, workload.labels
        selected = self._by_label[self._rarest(selector)] if selector else []
        others = {other.owner for other in selected if selector.items() <= other.labels.items()}
        others |= {
            other.owner
            for label in labels.items()
            for other in self._by_selector[label]
            if other.selector.items() <= labels.items()
        }
        for other in sorted(others):
            yield SELECTOR_OVERLAP.finding(
                "selector",
                f"shares pods with {other} in namespace {self._namespace}",
                value=",".join(f"{key}={value}" for key, value in sorted(selector.items())),
                why="the load balancer of one would send to pods of the other, and the API server evicts no"
                " pod that two disruption budgets select, so no node could be drained",
                todo="give each workload a label of its own in `selector`",
            )
