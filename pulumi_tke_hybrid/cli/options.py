"""Options that would be ignored are refused: who gives one believes that it counts.

A cluster by its kubeconfig, for the commands that look inside one."""

from collections.abc import Collection, Mapping
from pathlib import Path

from pulumi_tke_hybrid.cli.exit_code import FailOn, WrongUse
from pulumi_tke_hybrid.cli.text import several
from pulumi_tke_hybrid.kube import kubeconfig as files
from pulumi_tke_hybrid.kube.client import KubeClient
from pulumi_tke_hybrid.kube.client import connect as _connect
from pulumi_tke_hybrid.kube.errors import NoSuchEntry


def refuse(why: str, options: Mapping[str, object]) -> None:
    """Option to what was given for it; empty where nothing was."""
    given = [option for option, value in options.items() if value]
    if given:
        raise WrongUse(f"{why}; leave out {', '.join(given)}")


def refuse_change(command: str, fail_on: FailOn) -> None:
    """Raise `WrongUse` for `--fail-on change` of a command that judges no changes."""
    if fail_on is FailOn.CHANGE:
        raise WrongUse(
            f"--fail-on change: {command} judges what there is, not a change; give error or warning"
        )


def named(kubeconfig: Path | None) -> bool:
    """Whether `--kubeconfig` or `KUBECONFIG` names a file."""
    return kubeconfig is not None or bool(files.environment_files())


def connect(kubeconfig: Path | None, context: str) -> KubeClient:
    """A client for the cluster of a context, or of the current one.

    Without a file: `KUBECONFIG`, `~/.kube/config` or the pod's own account. Raises `WrongUse` where a file or
    a context that the user
    named does not exist, and `KubeError` where a kubeconfig cannot be used.
    """
    try:
        return _connect(kubeconfig, context)
    except NoSuchEntry as error:
        raise WrongUse(str(error)) from None


def other_cluster(cluster_id: str, nodes: Collection[str], machines: Collection[str]) -> str:
    """That it is another cluster's, as no node's address is that of a machine; empty where one is, or one
    side lists none.

    What two clusters say must never be put together.
    """
    if not nodes or not machines or any(address in machines for address in nodes):
        return ""
    none = f"none of its {several(len(nodes), 'node')} is a machine of {cluster_id}"
    return f"the kubeconfig is that of another cluster: {none}; give the right one"
