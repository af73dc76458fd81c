"""How commands end that were asked for something that makes no sense: one line, and the exit code of wrong use."""

import contextlib
from collections.abc import Generator
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from pulumi_tke_hybrid.console.errors import WrongUse

EXIT_CODE = 2
SYSEXITS_USAGE = 64
_UsageError: Any = typer.BadParameter.__mro__[1]  # the library's own class for wrong use has no public name in every version


@contextlib.contextmanager
def _as_in_sysexits() -> Generator[None]:
    try:
        yield
    except _UsageError as error:
        error.exit_code = SYSEXITS_USAGE
        raise


class Command(TyperCommand):
    """A command whose exit code 2 is a finding: wrong use is then 64, as in sysexits.h. The library itself would end with 2."""

    def make_context(self, *args: Any, **kwargs: Any) -> Any:
        with _as_in_sysexits():
            return super().make_context(*args, **kwargs)


class Group(TyperGroup):
    """The same for a command that has subcommands, also for one that it does not have."""

    def make_context(self, *args: Any, **kwargs: Any) -> Any:
        with _as_in_sysexits():
            return super().make_context(*args, **kwargs)

    def resolve_command(self, *args: Any, **kwargs: Any) -> Any:
        with _as_in_sysexits():
            return super().resolve_command(*args, **kwargs)


@contextlib.contextmanager
def told(command: str, exit_code: int = EXIT_CODE) -> Generator[None]:
    """Around what a command does."""
    try:
        yield
    except WrongUse as error:
        from pulumi_tke_hybrid.console import files  # what draws on terminals is not loaded for `--help`

        files.complain(command, str(error))
        raise typer.Exit(exit_code) from None
