"""Markdown of code hosts. What came from outside is shown as text and obeyed nowhere."""

import re
from collections.abc import Iterable, Sequence

from pulumi_tke_hybrid.console.text import shown

_SIGNS = str.maketrans({sign: f"\\{sign}" for sign in "\\`*_[]|~#@"} | {"<": "&lt;", ">": "&gt;", "&": "&amp;"})
_REFERENCE = re.compile(r"(?<=[@#!$%&~])(?=\w)|(?<=:)(?=//)|(?<=www)(?=\.)", re.IGNORECASE)
"""Where a code host would see a person, an issue or an address. It looks after the signs are obeyed, so a backslash does not help."""


def plain(text: str, most: int = 800) -> str:
    """The text itself, whatever signs are in it. Nobody is mentioned, nothing is linked."""
    return _REFERENCE.sub("\u200b", shown(text, most)).translate(_SIGNS)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A table's lines; cells are text."""
    return [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}", *(f"| {' | '.join(plain(cell) for cell in row)} |" for row in rows)]


def folded(summary: str, lines: Sequence[str]) -> list[str]:
    """What is shown only to who asks for it."""
    return [f"<details><summary>{summary}</summary>", "", *lines, "", "</details>", ""]
