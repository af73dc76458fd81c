"""The command itself, which gives each error that a subcommand raises its exit code.

The `tke-hybrid` command. Each subcommand's module holds options and help only, and imports what works when it
runs.
"""

import contextlib
import sys
from collections.abc import Generator, Sequence
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from pulumi_tke_hybrid.capacity import command as capacity
from pulumi_tke_hybrid.cli import process
from pulumi_tke_hybrid.cli.exit_code import ExitCode
from pulumi_tke_hybrid.doctor import command as doctor
from pulumi_tke_hybrid.drift import command as drift
from pulumi_tke_hybrid.review import command as review
from pulumi_tke_hybrid.verify import command as proof

_UsageError: Any = typer.BadParameter.__mro__[
    1
]  # the library's own class for wrong use has no public name in every version


@contextlib.contextmanager
def _with_our_code() -> Generator[None]:
    try:
        yield
    except _UsageError as error:
        error.exit_code = ExitCode.WRONG_USE  # the library's own is 2, which is a verdict
        raise


class Root(TyperGroup):
    """A group whose exit codes are those of `ExitCode`, also for wrong use, signals, faults and a closed
    output."""

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


app = typer.Typer(
    name="tke-hybrid",
    cls=Root,
    help=(
        "TKE's hybrid network: what is there, and does each pod see its client? `tke-hybrid COMMAND --help`"
        " shows examples."
    ),
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,  # they would print local variables, and with them secrets
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
    del traceback  # `Root` takes it, wherever it stands


app.command("verify", help=proof.HELP, no_args_is_help=True)(proof.verify)
app.command("drift", help=drift.HELP, no_args_is_help=True)(drift.drift)
app.add_typer(capacity.app, name="capacity")
app.command("review", help=review.HELP, no_args_is_help=True)(review.review)
app.command("doctor", help=doctor.DOCTOR_HELP)(doctor.doctor)
app.command("policy", help=doctor.POLICY_HELP)(doctor.policy)
