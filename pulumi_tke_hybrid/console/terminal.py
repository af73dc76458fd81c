"""Where tables are drawn."""

import os
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from rich.console import Console

from pulumi_tke_hybrid.console.errors import CannotWrite

WIDE = 160
MOST_ROWS = 100
"""Rows of a table on a terminal; the JSON has all."""

_Row = TypeVar("_Row")


class Terminal(Console):
    """A console whose output that cannot be written raises `CannotWrite`."""

    def print(self, *objects: Any, **options: Any) -> None:
        try:
            super().print(*objects, **options)
        except OSError as error:
            raise CannotWrite(f"standard output cannot be written: {error.strerror}") from None

    def on_broken_pipe(self) -> None:
        raise CannotWrite("standard output cannot be written: nobody reads it")


def console(*, stderr: bool = False, soft_wrap: bool = False) -> Console:
    """As wide as the terminal, or as COLUMNS says; in a log, where there is none, wide enough for whole names and addresses."""
    nowhere = not os.environ.get("COLUMNS") and not any(map(_terminal, range(3)))
    return Terminal(stderr=stderr, width=WIDE if nowhere else None, soft_wrap=soft_wrap)


def first_rows(rows: Sequence[_Row], bad: Callable[[_Row], bool]) -> tuple[list[_Row], str]:
    """At most `MOST_ROWS` rows, the bad ones first where not all are shown, and a line that counts the rest; empty where all are shown."""
    rest = len(rows) - MOST_ROWS
    if rest <= 0:
        return list(rows), ""
    return sorted(rows, key=lambda row: not bad(row))[:MOST_ROWS], f"and {rest} more rows; --json FILE has all"


def _terminal(number: int) -> bool:
    try:
        return os.isatty(number)
    except OSError:
        return False
