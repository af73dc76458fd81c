"""The command itself, which gives each error that a subcommand raises its exit code."""

import contextlib
import sys
from collections.abc import Generator, Sequence
from typing import Any

import typer
from typer.core import TyperGroup

from pulumi_tke_hybrid.console import process
from pulumi_tke_hybrid.console.exit_code import ExitCode

_UsageError: Any = typer.BadParameter.__mro__[1]  # the library's own class for wrong use has no public name in every version


@contextlib.contextmanager
def _with_our_code() -> Generator[None]:
    try:
        yield
    except _UsageError as error:
        error.exit_code = ExitCode.WRONG_USE  # the library's own is 2, which is a verdict
        raise


class Root(TyperGroup):
    """A group whose exit codes are those of `ExitCode`, also for wrong use, signals, faults and a closed output."""

    def main(self, args: Sequence[str] | None = None, *rest: Any, **more: Any) -> Any:
        given = list(sys.argv[1:] if args is None else args)
        options = given[: given.index("--")] if "--" in given else given
        trace = process.TRACEBACK in options
        if trace:
            given.remove(process.TRACEBACK)
        try:
            return super().main(given, *rest, **more)
        except BaseException as error:
            raise SystemExit(process.code_of(error, trace=trace)) from None

    def make_context(self, *args: Any, **kwargs: Any) -> Any:
        with _with_our_code():
            return super().make_context(*args, **kwargs)

    def invoke(self, *args: Any, **kwargs: Any) -> Any:
        with _with_our_code():
            return super().invoke(*args, **kwargs)
