"""A cluster in which a workload's objects exist already, for programs under mocks."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from pulumi_tke_hybrid.component import live_objects
from pulumi_tke_hybrid.kube import KubeError

Json = dict[str, Any]
ByHand = list[dict[str, Any]]
KUBECTL: ByHand = [{"manager": "kubectl-client-side-apply", "operation": "Update"}]
PULUMI: ByHand = [
    {"manager": "kubectl", "operation": "Update"},
    {"manager": "pulumi-kubernetes-1a2b3c4d", "operation": "Apply"},
]
LABELS = {"app.kubernetes.io/name": "w"}


def live(
    kind: str,
    name: str = "w",
    *,
    managers: ByHand = KUBECTL,
    annotations: Mapping[str, str] | None = None,
    **more: Any,
) -> Json:
    """One object."""
    metadata = {"name": name, "managedFields": managers, "annotations": dict(annotations or {})}
    return {"kind": kind, "metadata": metadata, **more}


def holder(kind: str = "Deployment", image: str = "nginx", **more: Any) -> Json:
    """A Deployment or StatefulSet, with its managers under `managers`."""
    containers = [{"name": "w", "image": image}]
    spec = {
        "replicas": 7,
        "selector": {"matchLabels": LABELS},
        "template": {"spec": {"containers": containers}},
        **more.pop("spec", {}),
    }
    return live(kind, spec=spec, **more)


def budget(name: str, selector: Any) -> Json:
    """A disruption budget."""
    return {"metadata": {"name": name}, "spec": {"selector": selector}}


def unreadable(*_: Any) -> Any:
    """A cluster that does not answer."""
    raise KubeError("ConnectTimeout")


def cluster_of(monkeypatch: pytest.MonkeyPatch, *objects: Json) -> list[str]:
    """Give programs a cluster with these objects; the names that they read."""
    read: list[str] = []

    def objects_and_budgets(_: str, __: str, namespace: str, names: Mapping[str, tuple[str, str]]) -> Any:
        assert namespace == "default"
        read.extend(f"{kind}/{name}" for kind, name in names.values())
        there = {(item.get("kind"), item["metadata"]["name"]): item for item in objects}
        return {key: there[place] for key, place in names.items() if place in there}, [
            item for item in objects if "kind" not in item
        ]

    monkeypatch.setattr(live_objects, "objects_and_budgets", objects_and_budgets)
    return read


def no_cluster(monkeypatch: pytest.MonkeyPatch, answer: Callable[..., Any] = unreadable) -> None:
    """Give programs a cluster that cannot be read."""
    monkeypatch.setattr(live_objects, "objects_and_budgets", answer)
