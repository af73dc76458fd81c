"""Text for people: what came from outside made printable, numbers with their nouns, long lists cut."""

from collections.abc import Sequence

from pulumi_tke_hybrid.tke.text import printable

SHOWN = 400


def shown(text: str, most: int = SHOWN) -> str:
    """One printable line. What a cluster, a pod or a proxy says may hold control sequences; a report shows them and obeys none."""
    line = printable(text[: most + 1])
    return line if len(line) <= most else line[: most - 1] + "…"


def several(count: int, noun: str) -> str:
    """`1 pod`, `2 pods`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def listed(items: Sequence[str], most: int = 5) -> str:
    """The first of them, and how many more there are."""
    more = len(items) - most
    return ", ".join(items[:most]) + (f" and {more} more" if more > 0 else "")
