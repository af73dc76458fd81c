"""Text from outside, made fit for a terminal and a log."""

import re

from pulumi_tke_hybrid.console import text as console

_SECRET_LIKE = re.compile(r"\b(AKID[A-Za-z0-9]{8,}|[A-Za-z0-9_-]{32,})\b")


def shown(text: str, most: int = console.SHOWN) -> str:
    """One printable line. What looks like a key is cut out: some tools echo what they were given."""
    line = "".join(character if character.isprintable() else " " for character in text).strip()
    return console.shown(_SECRET_LIKE.sub("(not shown)", line), most)
