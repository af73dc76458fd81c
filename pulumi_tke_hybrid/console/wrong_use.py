"""How a command ends that is called with options or files that make no sense: one line, and the exit code of wrong use."""

import contextlib
from collections.abc import Generator
from typing import Any

import typer
from typer.core import TyperGroup

from pulumi_tke_hybrid.cloud.errors import CloudError
from pulumi_tke_hybrid.console.errors import WrongUse
from pulumi_tke_hybrid.console.exit_code import ExitCode
from pulumi_tke_hybrid.kube.errors import KubeError

_UsageError: Any = typer.BadParameter.__mro__[1]  # the library's own class for wrong use has no public name in every version


@contextlib.contextmanager
def _with_our_code() -> Generator[None]:
    try:
        yield
    except _UsageError as error:
        error.exit_code = ExitCode.WRONG_USE  # the library's own is 2, which is a verdict
        raise


class Root(TyperGroup):
    """The command itself: what its subcommands raise for wrong use ends with `ExitCode.WRONG_USE`."""

    def make_context(self, *args: Any, **kwargs: Any) -> Any:
        with _with_our_code():
            return super().make_context(*args, **kwargs)

    def invoke(self, *args: Any, **kwargs: Any) -> Any:
        with _with_our_code():
            return super().invoke(*args, **kwargs)


@contextlib.contextmanager
def told(command: str) -> Generator[None]:
    """Around what a command does."""
    try:
        yield
    except WrongUse as error:
        from pulumi_tke_hybrid.console import files  # what draws on terminals is not loaded for `--help`

        files.complain(command, str(error))
        raise typer.Exit(ExitCode.WRONG_USE) from None
    except (KubeError, CloudError) as error:
        from pulumi_tke_hybrid.console import files

        files.complain(command, f"could not tell: {error}")
        raise typer.Exit(ExitCode.COULD_NOT_TELL) from None
