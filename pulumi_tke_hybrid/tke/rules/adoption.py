"""What a workload would take over, compared with what the program says, before anything is made."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from pulumi_tke_hybrid.tke.rule import Finding, Rule, Severity
from pulumi_tke_hybrid.tke.values import at, items, mapping

LIVE_OBJECT = Rule(
    "live-object-differs",
    Severity.ERROR,
    "What Kubernetes or TKE cannot change of an object that is taken over is described as it is.",
    "the live object",
    "Kubernetes: immutable fields of apps/v1 and v1; 457/90598",
    fixed_severity=True,
)
SECOND_BUDGET = Rule(
    "second-disruption-budget",
    Severity.ERROR,
    "One disruption budget selects a pod.",
    "the namespace's budgets",
    "Kubernetes: the API server evicts no pod that two budgets select",
    fixed_severity=True,
)
Json = Mapping[str, Any]


@dataclass(frozen=True)
class VolumeClaim:
    """A volume of each pod: its name, and what the program says of it."""

    name: str
    storage: str | None = None
    storage_class: str | None = None
    access_modes: tuple[str, ...] | None = None


@dataclass(frozen=True)
class ImmutableFields:
    """What a program says of the objects, as far as it cannot change in them. None is compared with
    nothing."""

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
    """Whether a load balancer stands behind the Service; None where another one is allowed."""


def live_findings(live: Mapping[str, Json], wanted: ImmutableFields) -> Iterator[Finding]:
    """What differs. `live` has the objects that exist, by `service`, `headless`, `ingress` and `pods`."""
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
        if front in live and not managed(
            live[front]
        ):  # later an annotation that somebody edits is no other load balancer
            yield from _fixed_findings(live[front], fixed)


def _service_findings(live: Json, wanted: ImmutableFields) -> Iterator[Finding]:
    if at(live, "spec", "clusterIP") == "None":
        yield _differs(
            "name",
            f"{at(live, 'metadata', 'name')} is the name of a headless Service (spec.clusterIP: None)",
            why="Kubernetes gives such a Service no address, so no client could come through it",
            todo=(
                "say front_service_name for the Service that clients come through, and service_name for the"
                " headless one"
            ),
        )
    if wanted.exposed is False and at(live, "spec", "type") == "LoadBalancer" and not managed(live):
        yield _differs(
            "exposure.kind",
            "instead of the load balancer of the live Service (spec.type: LoadBalancer)",
            value="none",
            why="the load balancer would be deleted, and clients would lose its address",
            todo="state the load balancer that is there, or say allow_address_change=True",
        )


def _pod_holder_findings(live: Json, wanted: ImmutableFields) -> Iterator[Finding]:
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
            todo=f"say selector={dict(selector)!r}",
        )
    for path, key, said, default in (
        ("service_name", "serviceName", wanted.service_name, ""),
        ("pod_management_policy", "podManagementPolicy", wanted.pod_management_policy, "OrderedReady"),
    ):
        there = str(at(live, "spec", key) or default)
        if said is not None and there != said:
            yield _differs(
                path,
                f"instead of {there} (spec.{key} of the live object)",
                value=said,
                todo=f"say {path}={there!r}",
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


def _claim_findings(there: Sequence[VolumeClaim], said: Sequence[VolumeClaim]) -> Iterator[Finding]:
    names = [claim.name for claim in there]
    if names != [claim.name for claim in said]:
        yield _differs(
            "volume_claims",
            f"instead of {', '.join(names) or 'none'} (spec.volumeClaimTemplates of the live object)",
            value=", ".join(claim.name for claim in said) or "none",
            todo="state the claims that are there, in their order",
        )
        return
    for index, (live, wanted) in enumerate(zip(there, said, strict=True)):
        for name, path in _CLAIM.items():
            now, was = getattr(wanted, name), getattr(live, name)
            if now is not None and _comparable(now) != _comparable(was):
                yield _differs(
                    f"volume_claims[{index}].spec.{path}",
                    f"instead of {_text(was)} (spec.volumeClaimTemplates of the live object)",
                    value=_text(now),
                    todo=f"say {_text(was)}; a larger volume is asked for on the claims themselves",
                )


def _claim(item: Any) -> VolumeClaim:
    storage, storage_class = (
        at(item, "spec", "resources", "requests", "storage"),
        at(item, "spec", "storageClassName"),
    )
    return VolumeClaim(
        str(at(item, "metadata", "name")),
        storage,
        storage_class,
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
    """A quantity as a number: the API server writes 1024Mi as 1Gi. Anything else as it is."""
    match = _QUANTITY.fullmatch(value) if isinstance(value, str) else None
    return value if match is None else Fraction(match[1]) * _UNITS[match[2]]


def _text(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value or "none")  # pyright: ignore[reportUnknownArgumentType]


def _fixed_findings(live: Json, fixed: Mapping[str, tuple[str, str | None]]) -> Iterator[Finding]:
    """Of a live object that has a load balancer already."""
    if not items(at(live, "status", "loadBalancer", "ingress")):
        return
    for key, (path, said) in fixed.items():
        there = at(live, "metadata", "annotations", key)
        if there != said:
            yield _differs(
                path,
                f"instead of {there or 'none'} (annotation {key} of the live object)",
                value=said or "none",
                why="TKE read it when it made the load balancer, and does not read it again (457/90598)",
                todo="state what is there, or take the object away first",
            )


def _differs(
    path: str,
    what: str,
    *,
    value: str = "",
    why: str = "Kubernetes cannot change it in place",
    todo: str = "",
) -> Finding:
    return LIVE_OBJECT.finding(path, what, value=value, why=why, todo=todo)


def managed(live: Json) -> bool:
    """Whether a Pulumi stack applies the object already."""
    return any(
        str(at(entry, "manager") or "").startswith("pulumi")
        for entry in items(at(live, "metadata", "managedFields"))
    )


def budget_findings(budgets: Sequence[Json], own: str, labels: Mapping[str, str]) -> Iterator[Finding]:
    """That another budget of the namespace selects the pods already."""
    for budget in budgets:
        name = str(at(budget, "metadata", "name"))
        if name != own and _selects(at(budget, "spec", "selector"), labels) and not _renamed(budget, labels):
            yield SECOND_BUDGET.finding(
                "disruption_budget",
                f"would be the second PodDisruptionBudget of these pods, beside {name}",
                why="the API server evicts no pod that two budgets select, so no node could be drained",
                todo=f"say disruption_budget=False, or remove {name}",
            )


def _renamed(budget: Json, labels: Mapping[str, str]) -> bool:
    """Whether a budget is the workload's own of before it was renamed: it goes once the new one is there."""
    return managed(budget) and all(
        at(budget, "metadata", "labels", key) == value for key, value in labels.items()
    )


def _selects(selector: Any, labels: Mapping[str, str]) -> bool:
    """Whether a label selector of the API selects the labels; an empty one selects everything, none at all
    nothing."""
    if selector is None:
        return False
    wanted = mapping(at(selector, "matchLabels"))
    return all(labels.get(key) == value for key, value in wanted.items()) and all(
        _meets(expression, labels) for expression in items(at(selector, "matchExpressions"))
    )


def _meets(expression: Any, labels: Mapping[str, str]) -> bool:
    key, operator, values = (
        str(at(expression, "key")),
        at(expression, "operator"),
        items(at(expression, "values")),
    )
    there = key in labels
    if operator in ("In", "NotIn"):
        return (there and labels[key] in values) is (operator == "In")
    return there is (operator == "Exists")
