"""Where tables are drawn."""

import os

from rich.console import Console

WIDE = 160


def console(*, stderr: bool = False) -> Console:
    """As wide as the terminal, or as COLUMNS says; in a log, where there is none, wide enough for whole names and addresses."""
    nowhere = not os.environ.get("COLUMNS") and not any(map(os.isatty, range(3)))
    return Console(stderr=stderr, width=WIDE if nowhere else None)
