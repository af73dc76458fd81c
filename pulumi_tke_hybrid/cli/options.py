"""Checks of options that several commands share, the client of the cluster that the options name, and the
errors that end a command. The options themselves stand in each command's `command.py`."""

import contextlib
from collections.abc import Collection, Generator, Mapping
from pathlib import Path
from typing import Annotated

import typer

from pulumi_tke_hybrid.cli.exit_code import (
    CannotWrite,
    CommandError,
    CouldNotTell,
    ExitCode,
    FailOn,
    WrongUse,
)
from pulumi_tke_hybrid.cli.files import complain
from pulumi_tke_hybrid.cli.text import several
from pulumi_tke_hybrid.cloud.errors import CloudError
from pulumi_tke_hybrid.kube import client, kubeconfig
from pulumi_tke_hybrid.kube.client import KubeClient
from pulumi_tke_hybrid.kube.errors import KubeError, NoSuchEntry

KubeconfigFile = Annotated[
    Path | None,
    typer.Option(
        "--kubeconfig", help="The cluster's kubeconfig. Default: KUBECONFIG.", rich_help_panel="Cluster"
    ),
]
Context = Annotated[str, typer.Option(help="Context of the kubeconfig.", rich_help_panel="Cluster")]
JsonFile = Annotated[
    str,
    typer.Option(
        "--json", metavar="FILE", help="Write JSON there (- for standard output).", rich_help_panel="Report"
    ),
]
MarkdownFile = Annotated[
    str,
    typer.Option(
        "--markdown",
        metavar="FILE",
        help="Write Markdown there (- for standard output).",
        rich_help_panel="Report",
    ),
]


@contextlib.contextmanager
def report_errors(command: str) -> Generator[None]:
    """Run a command; an error that the user can correct ends the command with one line and the exit code of
    the error."""
    try:
        yield
    except CommandError as error:
        unknown = isinstance(error, CouldNotTell) and not isinstance(error, CannotWrite)
        line, code = f"could not tell: {error}" if unknown else str(error), error.exit_code
    except (KubeError, CloudError) as error:
        line, code = f"could not tell: {error}", ExitCode.COULD_NOT_TELL
    else:
        return
    complain(command, line)
    raise typer.Exit(code)


def refuse(why: str, options: Mapping[str, object]) -> None:
    """Raise `WrongUse` if an option has a value that the command would ignore. `options` maps each option
    to its value, which is empty where the user did not give the option."""
    given = [option for option, value in options.items() if value]
    if given:
        raise WrongUse(f"{why}; leave out {', '.join(given)}")


def refuse_change(command: str, fail_on: FailOn) -> None:
    """Raise `WrongUse` for `--fail-on change` of a command that compares no change."""
    if fail_on is FailOn.CHANGE:
        raise WrongUse(
            f"--fail-on change: {command} judges what there is, not a change; give error or warning"
        )


def refuse_kubeconfig(path: Path | None, context: str) -> None:
    """Raise `WrongUse` for `--kubeconfig` or `--context` beside `--cloud-only`."""
    refuse("--cloud-only does not read the cluster itself", {"--kubeconfig": path, "--context": context})


def named(path: Path | None) -> bool:
    """Return whether `--kubeconfig` or `KUBECONFIG` names a file."""
    return path is not None or bool(kubeconfig.environment_files())


def connect(path: Path | None, context: str) -> KubeClient:
    """Return a client for the cluster of a context, or of the current context.

    Without a file: `KUBECONFIG`, `~/.kube/config` or the pod's own account. Raises `WrongUse` where a file
    or a context that the user named does not exist, and `KubeError` where a kubeconfig cannot be used.
    """
    try:
        return client.connect(path, context)
    except NoSuchEntry as error:
        raise WrongUse(str(error)) from None


def other_cluster(cluster_id: str, nodes: Collection[str], instances: Collection[str]) -> str:
    """Return a sentence if the kubeconfig is that of another cluster: no node has the address of a CVM
    instance of the cluster. Empty where one node has, and where either list is empty."""
    if not nodes or not instances or any(address in instances for address in nodes):
        return ""
    none = f"none of its {several(len(nodes), 'node')} is a CVM instance of {cluster_id}"
    return f"the kubeconfig is that of another cluster: {none}; give the right kubeconfig"
