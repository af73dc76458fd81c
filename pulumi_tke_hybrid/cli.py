"""The `tke-hybrid` command. Each subcommand's module holds options and help only, and imports what works when it runs."""

import typer

from pulumi_tke_hybrid.proof import command as proof

app = typer.Typer(
    name="tke-hybrid",
    help="TKE's hybrid network: prove what it does. `tke-hybrid COMMAND --help` shows examples.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,  # they would print local variables, and with them secrets
    add_completion=False,
)


@app.callback()
def _program() -> None:
    """Makes a program with subcommands out of one that has a single one so far."""


app.command("verify", help=proof.HELP, no_args_is_help=True)(proof.verify)


def main() -> None:
    """Entry point of the console script."""
    app()


if __name__ == "__main__":
    main()
