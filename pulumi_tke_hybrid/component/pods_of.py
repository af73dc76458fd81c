"""Reads a workload's pods and events, by the kubeconfig of a Kubernetes provider. Imported only when something has gone wrong."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pulumi_tke_hybrid.kube.client import EVENT, POD, KubeClient, connect, connect_to

Objects = list[Mapping[str, Any]]


def pods_and_events(kubeconfig: str, context: str, namespace: str, labels: Mapping[str, str]) -> tuple[Objects, Objects]:
    """The pods with these labels, and all events of their namespace. Raises `KubeError`."""
    client = _client(kubeconfig, context)
    return list(client.list(POD, namespace, labels)), list(client.list(EVENT, namespace))


def _client(kubeconfig: str, context: str) -> KubeClient:
    """As the provider takes it: contents, a path, or the machine's own."""
    if not kubeconfig:
        return connect(None, context)
    path = os.path.expanduser(kubeconfig)
    return connect(Path(path), context) if os.path.exists(path) else connect_to(kubeconfig, context, "the provider's kubeconfig")
