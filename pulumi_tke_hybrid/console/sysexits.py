"""Wrong use ends with 64, as in sysexits.h, for commands whose exit code 2 means something else (the library's own is 2)."""

from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

USAGE = 64
_UsageError: Any = typer.BadParameter.__mro__[1]  # the library's own class for wrong use has no public name in every version


class Command(TyperCommand):
    """A command."""

    def make_context(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().make_context(*args, **kwargs)
        except _UsageError as error:
            error.exit_code = USAGE
            raise


class Group(TyperGroup):
    """A command with subcommands."""

    def make_context(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().make_context(*args, **kwargs)
        except _UsageError as error:
            error.exit_code = USAGE
            raise
