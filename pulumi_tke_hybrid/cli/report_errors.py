"""The errors that end a command: one line on standard error, and the exit code of the error."""

import contextlib
from collections.abc import Generator

import typer

from pulumi_tke_hybrid.cli.exit_code import CannotWrite, CommandError, CouldNotTell, ExitCode
from pulumi_tke_hybrid.cloud.errors import CloudError
from pulumi_tke_hybrid.kube.errors import KubeError


@contextlib.contextmanager
def report_errors(command: str) -> Generator[None]:
    """Run a command; an error that the user can act on ends the command with one line and the exit code of
    the error."""
    try:
        yield
    except CommandError as error:
        unknown = isinstance(error, CouldNotTell) and not isinstance(error, CannotWrite)
        _end(command, f"could not tell: {error}" if unknown else str(error), error.exit_code)
    except (KubeError, CloudError) as error:
        _end(command, f"could not tell: {error}", ExitCode.COULD_NOT_TELL)


def _end(command: str, line: str, code: ExitCode) -> None:
    from pulumi_tke_hybrid.cli import files  # what draws on terminals is not loaded for `--help`

    files.complain(command, line)
    raise typer.Exit(code) from None
