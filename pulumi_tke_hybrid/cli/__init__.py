"""The entry point of the `tke-hybrid` command. Imports the standard library alone, so that the command can
name a missing package."""

from pulumi_tke_hybrid.cli import process


def main() -> None:
    """Entry point of the console script."""
    process.run(_command)


def _command() -> None:
    from pulumi_tke_hybrid.cli.commands import app

    app()
