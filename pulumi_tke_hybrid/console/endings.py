"""How a command ends that cannot do its work: one line, and the error's exit code."""

import contextlib
from collections.abc import Generator

import typer

from pulumi_tke_hybrid.cloud.errors import CloudError
from pulumi_tke_hybrid.console.errors import CannotWrite, CommandError, CouldNotTell
from pulumi_tke_hybrid.console.exit_code import ExitCode
from pulumi_tke_hybrid.kube.errors import KubeError


@contextlib.contextmanager
def told(command: str) -> Generator[None]:
    """Around what a command does."""
    try:
        yield
    except CommandError as error:
        unknown = isinstance(error, CouldNotTell) and not isinstance(error, CannotWrite)
        _end(command, f"could not tell: {error}" if unknown else str(error), error.exit_code)
    except (KubeError, CloudError) as error:
        _end(command, f"could not tell: {error}", ExitCode.COULD_NOT_TELL)


def _end(command: str, line: str, code: ExitCode) -> None:
    from pulumi_tke_hybrid.console import files  # what draws on terminals is not loaded for `--help`

    files.complain(command, line)
    raise typer.Exit(code) from None
