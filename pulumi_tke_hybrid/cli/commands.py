"""The `tke-hybrid` command: its subcommands, and the exit code of every error.

The module of a subcommand is imported when the user names the subcommand; the module imports the readers, the
checks and the writers when the subcommand runs.
"""

import contextlib
import sys
from collections.abc import Generator, Sequence
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from pulumi_tke_hybrid.cli import process
from pulumi_tke_hybrid.cli.process import ExitCode

_UsageError: Any = typer.BadParameter.__mro__[1]
"""The library's class for wrong use, which has no public name in every version."""


_SUMMARIES = {
    "verify": "Prove which address the pods see: the client's address, or another address.",
    "drift": "Compare the sources of a cluster's pod network. Reads only, changes nothing.",
    "review": "The effect of a preview on the network, in one comment that a reviewer can act on. Changes"
    " nothing.",
    "doctor": "Check whether this machine can run the program. Reads only; shows no secret.",
    "policy": "Print the least access policy (CAM) that a program with these components needs.",
    "capacity": "How many nodes and ENI pods fit in each zone, now and after a change. Reads only, changes"
    " nothing.",
}
"""The first sentences of each help text: `tke-hybrid --help` shows them, and imports no subcommand."""


@contextlib.contextmanager
def _wrong_use() -> Generator[None]:
    try:
        yield
    except _UsageError as error:
        error.exit_code = ExitCode.WRONG_USE  # instead of the library's 2, which means NOT_FINE here
        raise


class Root(TyperGroup):
    """Imports the subcommand that the user names, and gives the exit codes of `ExitCode`, also for wrong use,
    signals, faults and a closed output."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        for name, summary in _SUMMARIES.items():
            self.commands.setdefault(name, TyperCommand(name, help=summary))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args[0] in _SUMMARIES:
            self.commands[args[0]] = _load(args[0])
        return super().resolve_command(ctx, args)

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

    @_wrong_use()
    def make_context(self, *args: Any, **kwargs: Any) -> Any:
        return super().make_context(*args, **kwargs)

    @_wrong_use()
    def invoke(self, *args: Any, **kwargs: Any) -> Any:
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


def _load(name: str) -> Any:
    """Import the module of a subcommand, and return the subcommand."""
    made, summary = typer.Typer(rich_markup_mode="rich"), f"{_SUMMARIES[name]}\n"
    match name:
        case "verify":
            from pulumi_tke_hybrid.verify import command as verify

            made.command(name, help=summary + verify.HELP, no_args_is_help=True)(verify.verify)
        case "drift":
            from pulumi_tke_hybrid.drift import command as drift

            made.command(name, help=summary + drift.HELP, no_args_is_help=True)(drift.drift)
        case "capacity":
            from pulumi_tke_hybrid.capacity import command as capacity

            made.add_typer(capacity.app, name=name, help=summary + capacity.HELP)
        case "review":
            from pulumi_tke_hybrid.review import command as review

            made.command(name, help=summary + review.HELP, no_args_is_help=True)(review.review)
        case "doctor":
            from pulumi_tke_hybrid.doctor import command as doctor

            made.command(name, help=summary + doctor.DOCTOR_HELP)(doctor.doctor)
        case _:
            from pulumi_tke_hybrid.doctor import command as doctor

            made.command(name, help=summary + doctor.POLICY_HELP)(doctor.policy)
    return typer.main.get_group(made).commands[name]
