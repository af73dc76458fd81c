"""Text from outside, made fit for a terminal and a log."""

import re

_SECRET_LIKE = re.compile(r"\b(AKID[A-Za-z0-9]{8,}|[A-Za-z0-9_-]{32,})\b")


def shown(text: str, most: int = 400) -> str:
    """One printable line. What looks like a key is cut out: some tools echo what they were given."""
    line = "".join(character if character.isprintable() else " " for character in text).strip()
    line = _SECRET_LIKE.sub("(not shown)", line)
    return line if len(line) <= most else line[: most - 1] + "…"
