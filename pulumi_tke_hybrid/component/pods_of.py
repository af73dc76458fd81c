"""Reads a workload's pods and events, by the kubeconfig of a Kubernetes provider. Imported only when something has gone wrong."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pulumi_tke_hybrid.kube.client import DEPLOYMENT, EVENT, INGRESS, POD, SERVICE, Kind, KubeClient, connect, connect_to
from pulumi_tke_hybrid.kube.errors import NotFound

Objects = list[Mapping[str, Any]]
DISRUPTION_BUDGET = Kind("poddisruptionbudgets", "policy")
KINDS: Mapping[str, Kind] = {
    "Deployment": DEPLOYMENT,
    "Ingress": INGRESS,
    "PodDisruptionBudget": DISRUPTION_BUDGET,
    "Service": SERVICE,
    "StatefulSet": Kind("statefulsets", "apps"),
}


def pods_and_events(kubeconfig: str, context: str, namespace: str, labels: Mapping[str, str]) -> tuple[Objects, Objects]:
    """The pods with these labels, and all events of their namespace. Raises `KubeError`."""
    client = _client(kubeconfig, context)
    return list(client.list(POD, namespace, labels)), list(client.list(EVENT, namespace))


def objects_and_budgets(
    kubeconfig: str, context: str, namespace: str, names: Mapping[str, tuple[str, str]]
) -> tuple[Mapping[str, Mapping[str, Any]], Objects]:
    """The objects of a namespace that exist, out of `names` (key -> kind and name), by the same keys; and its disruption budgets.

    Raises `KubeError`.
    """
    client = _client(kubeconfig, context)
    found = {key: _one(client, KINDS[kind], namespace, name) for key, (kind, name) in names.items()}
    return {key: item for key, item in found.items() if item is not None}, list(client.list(DISRUPTION_BUDGET, namespace))


def _one(client: KubeClient, kind: Kind, namespace: str, name: str) -> Mapping[str, Any] | None:
    try:
        return client.get(kind, namespace, name)
    except NotFound:
        return None


def _client(kubeconfig: str, context: str) -> KubeClient:
    """As the provider takes it: contents, a path, or the machine's own."""
    if not kubeconfig:
        return connect(None, context)
    path = os.path.expanduser(kubeconfig)
    return connect(Path(path), context) if os.path.exists(path) else connect_to(kubeconfig, context, "the provider's kubeconfig")
