"""How commands end that were asked for something that makes no sense: one line, and the exit code of wrong use."""

import contextlib
from collections.abc import Generator

import typer

from pulumi_tke_hybrid.console.errors import WrongUse

EXIT_CODE = 2


@contextlib.contextmanager
def told(command: str, exit_code: int = EXIT_CODE) -> Generator[None]:
    """Around what a command does."""
    try:
        yield
    except WrongUse as error:
        from pulumi_tke_hybrid.console import files  # what draws on terminals is not loaded for `--help`

        files.complain(command, str(error))
        raise typer.Exit(exit_code) from None
