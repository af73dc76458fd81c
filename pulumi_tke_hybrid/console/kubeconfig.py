"""A cluster by its kubeconfig, for the commands that look inside one: of what the file says, nothing is ever shown."""

import os
from collections.abc import Collection
from pathlib import Path

import httpx2
from lightkube import Client, KubeConfig
from lightkube.core.exceptions import ConfigError

from pulumi_tke_hybrid.cloud.kubeconfig import UNFIT, reason
from pulumi_tke_hybrid.console.text import several, shown

_TIMEOUT = 15.0
"""Seconds until an API server has to answer."""


class NoKubeconfig(Exception):
    """The file leads to no cluster; says why, after the name of the file or of its option."""


def from_environment() -> Path | None:
    """The first file that `KUBECONFIG` names."""
    paths = os.environ.get("KUBECONFIG", "").split(os.pathsep)
    return next((Path(path).expanduser() for path in paths if path), None)


def connect(kubeconfig: Path | None, context: str) -> Client:
    """A client for the cluster of a kubeconfig: of its context, or of the current one.

    Without a file: `KUBECONFIG`, `~/.kube/config` or the pod's own account. Raises `NoKubeconfig`.
    """
    try:
        config = KubeConfig.from_file(kubeconfig) if kubeconfig else KubeConfig.from_env()
        return Client(config=config.get(context_name=context or None), timeout=httpx2.Timeout(_TIMEOUT))
    except ConfigError as error:
        raise NoKubeconfig(f"gives no cluster: {shown(str(error), 200)}") from None
    except UNFIT as error:
        raise NoKubeconfig(f"cannot be used ({reason(error)})") from None


def other_cluster(cluster_id: str, nodes: Collection[str], machines: Collection[str]) -> str:
    """That it is another cluster's, as no node's address is that of a machine; empty where one is, or one side lists none.

    What two clusters say must never be put together.
    """
    if not nodes or not machines or any(address in machines for address in nodes):
        return ""
    none = f"none of its {several(len(nodes), 'node')} is a machine of {cluster_id}"
    return f"the kubeconfig is that of another cluster: {none}; give the right one"
