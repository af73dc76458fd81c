"""Text for people: untrusted text made printable, numbers with their nouns, long lists cut, Markdown escaped.

Imports the standard library alone: the Job of `verify --in-vpc` has no other package.
"""

import re
from collections.abc import Iterable, Sequence

from pulumi_tke_hybrid.tke.rule import printable

MAX_LENGTH = 400
_SIGNS = str.maketrans(
    {sign: f"\\{sign}" for sign in "\\`*_[]|~#@"} | {"<": "&lt;", ">": "&gt;", "&": "&amp;"}
)
_REFERENCE = re.compile(r"(?<=[@#!$%&~])(?=\w)|(?<=:)(?=//)|(?<=www)(?=\.)", re.IGNORECASE)
"""Where a code host finds a person, an issue or an address. A code host searches after it has removed the
backslashes, so a backslash is no protection."""


def shown(text: str, most: int = MAX_LENGTH) -> str:
    """One printable line. Text of a cluster, a pod or a proxy may hold control sequences, which a terminal
    would obey."""
    line = printable(text[: most + 1])
    return line if len(line) <= most else line[: most - 1] + "…"


def several(count: int, noun: str) -> str:
    """`1 pod`, `2 pods`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def listed(items: Sequence[str], most: int = 5) -> str:
    """The first items, and the number of the others."""
    more = len(items) - most
    return ", ".join(items[:most]) + (f" and {more} more" if more > 0 else "")


def plain(text: str, most: int = 800) -> str:
    """The text escaped for Markdown: a code host formats nothing, mentions no person and links nothing."""
    return _REFERENCE.sub("\u200b", shown(text, most)).translate(_SIGNS)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """The lines of a Markdown table, each cell escaped."""
    return [
        f"| {' | '.join(head)} |",
        f"|{'---|' * len(head)}",
        *(f"| {' | '.join(plain(cell) for cell in row)} |" for row in rows),
    ]


def folded(summary: str, lines: Sequence[str]) -> list[str]:
    """Markdown lines that a code host shows after a click."""
    return [f"<details><summary>{summary}</summary>", "", *lines, "", "</details>", ""]
