"""The entry point of the `tke-hybrid` command. Imports the standard library alone, so that the command can
name a missing package."""

from typing import TYPE_CHECKING

from pulumi_tke_hybrid.cli import process

if TYPE_CHECKING:
    from pulumi_tke_hybrid.cli.commands import app as app


def main() -> None:
    """Entry point of the console script."""
    process.run(_command)


def _command() -> None:
    from pulumi_tke_hybrid.cli.commands import app

    app()


def __getattr__(name: str) -> object:
    """`app`, the typer application, imported when it is first used."""
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from pulumi_tke_hybrid.cli.commands import app

    return app
