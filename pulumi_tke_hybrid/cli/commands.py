"""The `tke-hybrid` command: its subcommands, and the exit code of every error.

The module of a subcommand holds options and help alone, and imports the rest when the subcommand runs.
"""

import contextlib
import sys
from collections.abc import Generator, Sequence
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from pulumi_tke_hybrid.capacity import command as capacity
from pulumi_tke_hybrid.cli import process
from pulumi_tke_hybrid.cli.process import ExitCode
from pulumi_tke_hybrid.doctor import command as doctor
from pulumi_tke_hybrid.drift import command as drift
from pulumi_tke_hybrid.review import command as review
from pulumi_tke_hybrid.verify import command as verify

_UsageError: Any = typer.BadParameter.__mro__[1]
"""The library's class for wrong use, which has no public name in every version."""


@contextlib.contextmanager
def _wrong_use() -> Generator[None]:
    try:
        yield
    except _UsageError as error:
        error.exit_code = ExitCode.WRONG_USE  # instead of the library's 2, which means NOT_FINE here
        raise


class Root(TyperGroup):
    """Gives the exit codes of `ExitCode`, also for wrong use, signals, faults and a closed output."""

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
        with _wrong_use():
            return super().make_context(*args, **kwargs)

    def invoke(self, *args: Any, **kwargs: Any) -> Any:
        with _wrong_use():
            return super().invoke(*args, **kwargs)


app = typer.Typer(
    name="tke-hybrid",
    cls=Root,
    help="The hybrid network of TKE: its state, its capacity, and the client address that each pod sees."
    " `tke-hybrid COMMAND --help` shows examples.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,  # would print local variables, which may hold secrets
    add_completion=False,
)


@app.callback()
def options(
    traceback: Annotated[
        bool,
        typer.Option(
            process.TRACEBACK,
            help="Print the stack trace of a fault of tke-hybrid itself; it may hold secrets.",
        ),
    ] = False,
) -> None:
    del traceback  # `Root` reads the option at any place of the command line


app.command("verify", help=verify.HELP, no_args_is_help=True)(verify.verify)
app.command("drift", help=drift.HELP, no_args_is_help=True)(drift.drift)
app.add_typer(capacity.app, name="capacity")
app.command("review", help=review.HELP, no_args_is_help=True)(review.review)
app.command("doctor", help=doctor.DOCTOR_HELP)(doctor.doctor)
app.command("policy", help=doctor.POLICY_HELP)(doctor.policy)
