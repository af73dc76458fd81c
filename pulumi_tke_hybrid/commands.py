"""The `tke-hybrid` command. Each subcommand's module holds options and help only, and imports what works when it runs."""

from typing import Annotated

import typer

from pulumi_tke_hybrid.capacity import command as capacity
from pulumi_tke_hybrid.console import process
from pulumi_tke_hybrid.console.root import Root
from pulumi_tke_hybrid.doctor import command as doctor
from pulumi_tke_hybrid.drift import command as drift
from pulumi_tke_hybrid.proof import command as proof
from pulumi_tke_hybrid.review import command as review

app = typer.Typer(
    name="tke-hybrid",
    cls=Root,
    help="TKE's hybrid network: what is there, and does each pod see its client? `tke-hybrid COMMAND --help` shows examples.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,  # they would print local variables, and with them secrets
    add_completion=False,
)


@app.callback()
def options(
    traceback: Annotated[
        bool, typer.Option(process.TRACEBACK, help="Print the stack trace of a fault of tke-hybrid itself; it may hold secrets.")
    ] = False,
) -> None:
    del traceback  # `Root` takes it, wherever it stands


app.command("verify", help=proof.HELP, no_args_is_help=True)(proof.verify)
app.command("drift", help=drift.HELP, no_args_is_help=True)(drift.drift)
app.add_typer(capacity.app, name="capacity")
app.command("review", help=review.HELP, no_args_is_help=True)(review.review)
app.command("doctor", help=doctor.DOCTOR_HELP)(doctor.doctor)
app.command("policy", help=doctor.POLICY_HELP)(doctor.policy)
