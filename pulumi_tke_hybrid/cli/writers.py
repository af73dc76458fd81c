"""Where tables are drawn.

Text for people: what came from outside made printable, numbers with their nouns, long lists cut.

Markdown of code hosts. What came from outside is shown as text and obeyed nowhere."""

import os
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from rich.console import Console

from pulumi_tke_hybrid.cli.exit_code import CannotWrite
from pulumi_tke_hybrid.tke.rule import printable

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
    """As wide as the terminal, or as COLUMNS says; in a log, where there is none, wide enough for whole names
    and addresses."""
    nowhere = not os.environ.get("COLUMNS") and not any(map(_terminal, range(3)))
    return Terminal(stderr=stderr, width=WIDE if nowhere else None, soft_wrap=soft_wrap)


def first_rows(rows: Sequence[_Row], bad: Callable[[_Row], bool]) -> tuple[list[_Row], str]:
    """At most `MOST_ROWS` rows, the bad ones first where not all are shown, and a line that counts the rest;
    empty where all are shown."""
    rest = len(rows) - MOST_ROWS
    if rest <= 0:
        return list(rows), ""
    return (
        sorted(rows, key=lambda row: not bad(row))[:MOST_ROWS],
        f"and {rest} more rows; --json FILE has all",
    )


def _terminal(number: int) -> bool:
    try:
        return os.isatty(number)
    except OSError:
        return False


SHOWN = 400


def shown(text: str, most: int = SHOWN) -> str:
    """One printable line. What a cluster, a pod or a proxy says may hold control sequences; a report shows
    them and obeys none."""
    line = printable(text[: most + 1])
    return line if len(line) <= most else line[: most - 1] + "…"


def several(count: int, noun: str) -> str:
    """`1 pod`, `2 pods`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def listed(items: Sequence[str], most: int = 5) -> str:
    """The first of them, and how many more there are."""
    more = len(items) - most
    return ", ".join(items[:most]) + (f" and {more} more" if more > 0 else "")


_SIGNS = str.maketrans(
    {sign: f"\\{sign}" for sign in "\\`*_[]|~#@"} | {"<": "&lt;", ">": "&gt;", "&": "&amp;"}
)
_REFERENCE = re.compile(r"(?<=[@#!$%&~])(?=\w)|(?<=:)(?=//)|(?<=www)(?=\.)", re.IGNORECASE)
"""Where a code host would see a person, an issue or an address. It looks after the signs are obeyed, so a
backslash does not help."""


def plain(text: str, most: int = 800) -> str:
    """The text itself, whatever signs are in it. Nobody is mentioned, nothing is linked."""
    return _REFERENCE.sub("\u200b", shown(text, most)).translate(_SIGNS)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A table's lines; cells are text."""
    return [
        f"| {' | '.join(head)} |",
        f"|{'---|' * len(head)}",
        *(f"| {' | '.join(plain(cell) for cell in row)} |" for row in rows),
    ]


def folded(summary: str, lines: Sequence[str]) -> list[str]:
    """What is shown only to who asks for it."""
    return [f"<details><summary>{summary}</summary>", "", *lines, "", "</details>", ""]
