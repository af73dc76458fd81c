"""Rules on adoption: live Kubernetes objects compared with the program, before the first object is made."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from typing import Any

from pulumi_tke_hybrid.tke.objects import Object, at, items, mapping
from pulumi_tke_hybrid.tke.rule import Finding, fixed_rule

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
