"""Reads the files that commands read, and writes their reports; `-` is standard input or standard output.

Every error of a file is `WrongUse` or `CannotWrite`, in one sentence.

Checks of options that several commands share, the client of the cluster that the options name, and the
errors that end a command. The options themselves stand in each command's `command.py`. A help text loads this
module, so the readers and the errors of other layers are imported when a command runs.
"""

import contextlib
import errno
import os
import sys
from collections.abc import Callable, Collection, Generator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import typer

from pulumi_tke_hybrid.cli.process import (
    CannotWrite,
    CommandError,
    CouldNotTell,
    ExitCode,
    FailOn,
    WrongUse,
    several,
    shown,
)

if TYPE_CHECKING:
    from pulumi_tke_hybrid.cloud.calls import CloudError
    from pulumi_tke_hybrid.kube import KubeError
    from pulumi_tke_hybrid.kube.client import KubeClient
    from pulumi_tke_hybrid.tke.cluster import ClusterFacts

STANDARD_INPUT = STANDARD_OUTPUT = "-"
FACTS_COMMAND = "pulumi stack output <name of the exported cluster_facts> --json"
_WRONG_NAME = {
    errno.ENOENT,
    errno.EISDIR,
    errno.ENOTDIR,
    errno.EACCES,
    errno.EPERM,
    errno.EROFS,
    errno.ENAMETOOLONG,
    errno.EINVAL,
}


def refuse_two_on_standard_output(names: Mapping[str, str]) -> None:
    """Raise `WrongUse` if two reports go to standard output. `names` maps each option to its file."""
    taken = [option for option, name in names.items() if name == STANDARD_OUTPUT]
    if len(taken) > 1:
        raise WrongUse(f"{' and '.join(taken)} cannot both go to standard output")


def write(name: str, text: str) -> None:
    """Write a report; without a name write nothing. Raises `CannotWrite`, or `WrongUse` for a name that no
    file can have."""
    if name == STANDARD_OUTPUT:
        try:
            sys.stdout.write(text)
            sys.stdout.flush()
        except OSError as error:
            raise CannotWrite(f"standard output cannot be written: {error.strerror}") from None
    elif name:
        try:
            # A file name in the text may hold characters that UTF-8 cannot encode.
            Path(name).write_text(text, encoding="utf-8", errors="backslashreplace")
        except OSError as error:
            kind = WrongUse if error.errno in _WRONG_NAME else CannotWrite
            raise kind(f"{name} cannot be written: {error.strerror}") from None
        except ValueError as error:
            raise WrongUse(f"{name!r} is no name of a file: {error}") from None


def write_all(command: str, code: ExitCode, *reports: Callable[[], None]) -> ExitCode:
    """Write each report, also after a report that cannot be written. Returns the code, or the code of a lost
    report where the code was `FINE`."""
    for report in reports:
        try:
            report()
        except CommandError as error:
            complain(command, str(error))
            code = code or error.exit_code
    return code


def complain(command: str, message: str) -> None:
    """Write one line on standard error."""
    from rich.console import Console
    from rich.text import Text

    Console(stderr=True).print(Text.assemble((f"{command}: ", "bold red"), shown(message)), soft_wrap=True)


@contextlib.contextmanager
def opened(name: str, option: str = "") -> Generator[BinaryIO]:
    """Open the file for bytes. Raises `WrongUse` for an error when the file is opened or read."""
    try:
        if name == STANDARD_INPUT:
            yield sys.stdin.buffer
        else:
            _refuse_impossible(name, option)
            with Path(name).open("rb") as source:
                yield source
    except OSError as error:
        raise WrongUse(f"{option} {name} cannot be read: {error.strerror}".strip()) from None


def _refuse_impossible(name: str, option: str) -> None:
    try:
        os.stat(name)
    except ValueError as error:  # a zero byte, or a character that file names cannot have
        raise WrongUse(f"{option} {name!r} cannot be read: {error}".strip()) from None


def read(option: str, name: str, command: str) -> dict[str, Any]:
    """Return the JSON object of the file that an option names, which `command` writes. Raises `WrongUse`."""
    from pulumi_tke_hybrid.plan.json_stream import Unreadable, read_object

    with opened(name, option) as source:
        data = source.read()
    try:
        return read_object(data)
    except Unreadable as error:
        raise WrongUse(f"{option} {name} cannot be read as JSON: {error}; write it with: {command}") from None


def read_facts(name: str, command: str = FACTS_COMMAND) -> "ClusterFacts":
    """Return the facts of a cluster in the file of `--facts`, which `command` writes. Raises `WrongUse`."""
    from pulumi_tke_hybrid.tke.cluster import ClusterFacts

    found = read("--facts", name, command)
    try:
        return ClusterFacts.checked(found)
    except ValueError as error:
        raise WrongUse(
            f"--facts {name} is not a cluster's facts: {error}; write it with: {command}"
        ) from None


def option(heading: str, text: str, *names: str, **more: Any) -> Any:
    """Return an option of a command, under a heading of the command's help. `names`: for a name that typer
    would not make from the parameter; `more`: arguments of `typer.Option`."""
    return typer.Option(*names, help=text, rich_help_panel=heading, **more)


KubeconfigFile = Annotated[
    Path | None, option("Cluster", "The cluster's kubeconfig. Default: KUBECONFIG.", "--kubeconfig")
]
Context = Annotated[str, option("Cluster", "Context of the kubeconfig.")]
JsonFile = Annotated[
    str, option("Report", "Write JSON there (- for standard output).", "--json", metavar="FILE")
]
MarkdownFile = Annotated[
    str, option("Report", "Write Markdown there (- for standard output).", "--markdown", metavar="FILE")
]


@contextlib.contextmanager
def report_errors(command: str) -> Generator[None]:
    """Run a command; an error that the user can correct ends the command with one line and its exit code."""
    try:
        yield
    except CommandError as error:
        unknown = isinstance(error, CouldNotTell) and not isinstance(error, CannotWrite)
        line, code = f"could not tell: {error}" if unknown else str(error), error.exit_code
    except _errors_of_sources() as error:
        line, code = f"could not tell: {error}", ExitCode.COULD_NOT_TELL
    else:
        return
    complain(command, line)
    raise typer.Exit(code)


def _errors_of_sources() -> "tuple[type[KubeError], type[CloudError]]":
    from pulumi_tke_hybrid.cloud.calls import CloudError
    from pulumi_tke_hybrid.kube import KubeError

    return KubeError, CloudError


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


def named(path: Path | None) -> bool:
    """Return whether `--kubeconfig` or `KUBECONFIG` names a file."""
    from pulumi_tke_hybrid.kube.kubeconfig import environment_files

    return path is not None or bool(environment_files())


def connect(path: Path | None, context: str) -> "KubeClient":
    """Return a client for the cluster of a context, or of the current context.

    Without a file: `KUBECONFIG`, `~/.kube/config` or the pod's own account. Raises `WrongUse` where a file
    or a context that the user named does not exist, and `KubeError` where a kubeconfig cannot be used.
    """
    from pulumi_tke_hybrid.kube import NoSuchEntry, client

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
