"""Reads a workload's pods and events, by the kubeconfig of a Kubernetes provider. Imported only when something has gone wrong."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx2
import yaml
from lightkube import Client, KubeConfig
from lightkube.resources.core_v1 import Event, Pod

from pulumi_tke_hybrid.cloud.in_cluster import ONE_AT_A_TIME
from pulumi_tke_hybrid.cloud.kubeconfig import UNFIT, reason

TIMEOUT = 15.0
_PAGE = 500
_load: Any = KubeConfig
Objects = list[Mapping[str, Any]]


class Unreadable(Exception):
    """The cluster did not say. Nothing of a kubeconfig is in the message."""


def pods_and_events(kubeconfig: str, context: str, namespace: str, labels: Mapping[str, str]) -> tuple[Objects, Objects]:
    """The pods with these labels, and all events of their namespace."""
    try:
        client: Any = Client(config=_config(kubeconfig).get(context_name=context or None), timeout=httpx2.Timeout(TIMEOUT))
        with ONE_AT_A_TIME:
            pods = [pod.to_dict() for pod in client.list(Pod, namespace=namespace, labels=dict(labels), chunk_size=_PAGE)]
            events = [event.to_dict() for event in client.list(Event, namespace=namespace, chunk_size=_PAGE)]
    except (httpx2.HTTPError, *UNFIT) as error:
        raise Unreadable(reason(error)) from None
    return pods, events


def _config(kubeconfig: str) -> Any:
    """As the provider takes it: contents, a path, or the machine's own."""
    if not kubeconfig:
        return _load.from_env()
    contents: object = yaml.safe_load(kubeconfig)
    return _load.from_dict(contents) if isinstance(contents, dict) else _load.from_file(Path(kubeconfig))
