"""Rules on what is there before the first object of a workload is made: live Kubernetes objects, which the
workload adopts, and the other workloads of the program."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from typing import Any

from pulumi_tke_hybrid.tke.objects import Object, at, items, mapping
from pulumi_tke_hybrid.tke.rule import Finding, Rule, fixed_rule

LIVE_OBJECT = fixed_rule(
    "live-object-differs",
    "The program describes the immutable fields of an adopted object as they are.",
    "the live object",
    "Kubernetes: immutable fields of apps/v1 and v1; 457/90598",
)
SECOND_BUDGET = fixed_rule(
    "second-disruption-budget",
    "One disruption budget selects a pod.",
    "the namespace's budgets",
    "Kubernetes: the API server evicts no pod that two budgets select",
)
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
_differs = partial(LIVE_OBJECT.finding, why="Kubernetes cannot change it in place")


@dataclass(frozen=True)
class VolumeClaim:
    """A volume claim of a StatefulSet. None: the program does not set the field."""

    name: str
    storage: str | None = None
    storage_class: str | None = None
    access_modes: tuple[str, ...] | None = None


@dataclass(frozen=True)
class ImmutableFields:
    """The values of the program for immutable fields. A field that is None is not compared."""

    selector: Mapping[str, str] | None = None
    service_name: str | None = None
    pod_management_policy: str | None = None
    claims: Sequence[VolumeClaim] | None = None
    annotations: Mapping[str, Mapping[str, tuple[str, str | None]]] = field(
        default_factory=dict[str, "Mapping[str, tuple[str, str | None]]"]
    )
    """Property path and value of each annotation that TKE reads only when it makes a load balancer, by
    `service` and `ingress`."""
    exposed: bool | None = None
    """Whether the Service has a load balancer; None where the program allows another load balancer."""


def live_findings(live: Mapping[str, Object], wanted: ImmutableFields) -> Iterator[Finding]:
    """Return the differences. `live`: existing objects by `service`, `headless`, `ingress` and `pods`."""
    if "pods" in live:
        yield from _pod_holder_findings(live["pods"], wanted)
    if "service" in live:
        yield from _service_findings(live["service"], wanted)
    if "headless" in live and at(live["headless"], "spec", "clusterIP") != "None":
        yield _differs(
            "service_name",
            f"is a Service with an address (spec.clusterIP: {at(live['headless'], 'spec', 'clusterIP')})",
            why="Kubernetes cannot make it headless",
            todo="leave headless_service out, or give another name",
        )
    for front, fixed in wanted.annotations.items():
        # An annotation that changes while Pulumi applies the object does not replace the load balancer.
        if front in live and not managed(live[front]):
            yield from _fixed_findings(live[front], fixed)


def _service_findings(live: Object, wanted: ImmutableFields) -> Iterator[Finding]:
    if at(live, "spec", "clusterIP") == "None":
        yield _differs(
            "name",
            f"{at(live, 'metadata', 'name')} is the name of a headless Service (spec.clusterIP: None)",
            why="Kubernetes gives such a Service no address, so no client could come through it",
            todo="set front_service_name for the Service of the clients, and service_name for the headless"
            " Service",
        )
    if wanted.exposed is False and at(live, "spec", "type") == "LoadBalancer" and not managed(live):
        yield _differs(
            "exposure.kind",
            "instead of the load balancer of the live Service (spec.type: LoadBalancer)",
            value="none",
            why="the load balancer would be deleted, and clients would lose its address",
            todo="declare the load balancer of the live object, or set allow_address_change=True",
        )


def _pod_holder_findings(live: Object, wanted: ImmutableFields) -> Iterator[Finding]:
    selector = mapping(at(live, "spec", "selector", "matchLabels"))
    if items(at(live, "spec", "selector", "matchExpressions")):
        yield _differs(
            "selector",
            "is matchExpressions in the live object",
            todo="it cannot be taken over: labels alone can be given",
        )
    elif wanted.selector is not None and dict(selector) != dict(wanted.selector):
        yield _differs(
            "selector",
            f"instead of {_labels(selector)} (spec.selector of the live object)",
            value=_labels(wanted.selector),
            todo=f"set selector={dict(selector)!r}",
        )
    for path, key, declared, default in (
        ("service_name", "serviceName", wanted.service_name, ""),
        ("pod_management_policy", "podManagementPolicy", wanted.pod_management_policy, "OrderedReady"),
    ):
        current = str(at(live, "spec", key) or default)
        if declared is not None and current != declared:
            yield _differs(
                path,
                f"instead of {current} (spec.{key} of the live object)",
                value=declared,
                todo=f"set {path}={current!r}",
            )
    if wanted.claims is not None:
        yield from _claim_findings(
            [_claim(item) for item in items(at(live, "spec", "volumeClaimTemplates"))], wanted.claims
        )


_CLAIM = {
    "storage": "resources.requests.storage",
    "storage_class": "storageClassName",
    "access_modes": "accessModes",
}


def _claim_findings(current: Sequence[VolumeClaim], declared: Sequence[VolumeClaim]) -> Iterator[Finding]:
    names = [claim.name for claim in current]
    if names != [claim.name for claim in declared]:
        yield _differs(
            "volume_claims",
            f"instead of {', '.join(names) or 'none'} (spec.volumeClaimTemplates of the live object)",
            value=", ".join(claim.name for claim in declared) or "none",
            todo="declare the claims of the live object, in their order",
        )
        return
    for index, (live, wanted) in enumerate(zip(current, declared, strict=True)):
        for name, path in _CLAIM.items():
            now, was = getattr(wanted, name), getattr(live, name)
            if now is not None and _comparable(now) != _comparable(was):
                yield _differs(
                    f"volume_claims[{index}].spec.{path}",
                    f"instead of {_text(was)} (spec.volumeClaimTemplates of the live object)",
                    value=_text(now),
                    todo=f"set {_text(was)}; enlarge a volume on its PersistentVolumeClaim",
                )


def _claim(item: Any) -> VolumeClaim:
    return VolumeClaim(
        str(at(item, "metadata", "name")),
        at(item, "spec", "resources", "requests", "storage"),
        at(item, "spec", "storageClassName"),
        tuple(map(str, items(at(item, "spec", "accessModes")))),
    )


def _labels(selector: Mapping[str, str]) -> str:
    return ",".join(f"{label}={value}" for label, value in sorted(selector.items()))


_QUANTITY = re.compile(r"(\d+(?:\.\d+)?)([KMGTPE]i|[kMGTPE]?)")
_UNITS = {
    **{unit: 1000**power for power, unit in enumerate(("", "k", "M", "G", "T", "P", "E"))},
    **{f"{unit}i": 1024**power for power, unit in enumerate("KMGTPE", 1)},
}


def _comparable(value: object) -> object:
    """Return a quantity as a number, because the API server writes 1024Mi as 1Gi; other values unchanged."""
    match = _QUANTITY.fullmatch(value) if isinstance(value, str) else None
    return value if match is None else Fraction(match[1]) * _UNITS[match[2]]


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value))  # pyright: ignore[reportUnknownArgumentType]
    return str(value or "none")


def _fixed_findings(live: Object, fixed: Mapping[str, tuple[str, str | None]]) -> Iterator[Finding]:
    """Compare the annotations of a live object that has a load balancer."""
    if not items(at(live, "status", "loadBalancer", "ingress")):
        return
    for key, (path, declared) in fixed.items():
        current = at(live, "metadata", "annotations", key)
        if current != declared:
            yield _differs(
                path,
                f"instead of {current or 'none'} (annotation {key} of the live object)",
                value=declared or "none",
                why="TKE read it when it made the load balancer, and does not read it again (457/90598)",
                todo="declare the value of the live object, or delete the object first",
            )


def managed(live: Object) -> bool:
    """Whether a Pulumi stack applies the object."""
    return any(
        str(at(entry, "manager") or "").startswith("pulumi")
        for entry in items(at(live, "metadata", "managedFields"))
    )


def budget_findings(budgets: Sequence[Object], own: str, labels: Mapping[str, str]) -> Iterator[Finding]:
    """Refuse a second budget: return the other budgets of the namespace that select the pods."""
    for budget in budgets:
        name = str(at(budget, "metadata", "name"))
        if name != own and _selects(at(budget, "spec", "selector"), labels) and not _renamed(budget, labels):
            yield SECOND_BUDGET.finding(
                "disruption_budget",
                f"would be the second PodDisruptionBudget of these pods, beside {name}",
                why="the API server evicts no pod that two budgets select, so no node could be drained",
                todo=f"set disruption_budget=False, or remove {name}",
            )


def _renamed(budget: Object, labels: Mapping[str, str]) -> bool:
    """Whether a budget belongs to the same workload under its former name. Pulumi removes that budget after
    the new budget exists."""
    return managed(budget) and all(
        at(budget, "metadata", "labels", key) == value for key, value in labels.items()
    )


def _selects(selector: Any, labels: Mapping[str, str]) -> bool:
    """Whether a label selector of the API selects the labels. An empty selector selects all pods, None
    selects no pod."""
    if selector is None:
        return False
    wanted = mapping(at(selector, "matchLabels"))
    return all(labels.get(key) == value for key, value in wanted.items()) and all(
        _meets(expression, labels) for expression in items(at(selector, "matchExpressions"))
    )


def _meets(expression: Any, labels: Mapping[str, str]) -> bool:
    key, operator = str(at(expression, "key")), at(expression, "operator")
    if operator in ("In", "NotIn"):
        return (key in labels and labels[key] in items(at(expression, "values"))) is (operator == "In")
    return (key in labels) is (operator == "Exists")


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
