"""Exactly one comment of our own on a pull request, whatever is there already and whoever else writes at the same time."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from pulumi_tke_hybrid.review.post.errors import CannotPost, Gone

TRIES = 3
"""Each try that fails is one comment that another job took away while we worked on it."""


@dataclass(frozen=True)
class Remark:
    """One comment of a pull request."""

    id: int
    """Code hosts count upwards: the smallest is the oldest."""
    body: str
    mine: bool
    """Written by the account that writes now. Anybody may copy our hidden line; only what we wrote ourselves is changed or taken away."""


class Thread(Protocol):
    """The comments of one pull request, on a code host."""

    def remarks(self) -> Iterable[Remark]:
        """All of them, over all pages."""
        ...

    def setters(self) -> dict[str, str]:
        """Who set each label last, by the label's name."""
        ...

    def add(self, body: str) -> Remark:
        """A new one."""
        ...

    def change(self, remark: Remark, body: str) -> None:
        """Raises `Gone` when it is not there any more."""
        ...

    def remove(self, remark: Remark) -> None:
        """Raises `Gone` when it is not there any more."""
        ...


@dataclass(frozen=True)
class Put:
    """What was done. For the log: `added`, `changed`, `kept` or `left out`."""

    deed: str
    removed: int = 0
    """Duplicates of our own that were taken away."""


def put(thread: Thread, marker: str, body: str, *, worth_making: bool = True) -> Put:
    """Make `body` the only comment of our own that begins with `marker`. A new one is made only if that is worth it."""
    for _ in range(TRIES):
        try:
            return _put(thread, marker, body, worth_making=worth_making)
        except Gone:
            continue
    raise CannotPost(f"another job took the comment away {TRIES} times while it was written; let one job at a time post for a pull request")


def _put(thread: Thread, marker: str, body: str, *, worth_making: bool) -> Put:
    own = _own(thread, marker)
    if own:
        deed = "kept"
    elif worth_making:
        added = thread.add(body)
        deed = "added"
        # Another job may have looked and added just as we did: so look again. Of two that add, at least the later one sees both comments,
        # and both keep the older one. What we have just added counts even where the answer comes from a copy that does not know it yet.
        own = {**_own(thread, marker), added.id: added}
    else:
        return Put("left out")
    oldest, *rest = (own[number] for number in sorted(own))
    if _lines(oldest.body) != _lines(body):
        thread.change(oldest, body)
        deed = "changed"
    return Put(deed, sum(_removed(thread, remark) for remark in rest))


def _own(thread: Thread, marker: str) -> dict[int, Remark]:
    return {remark.id: remark for remark in thread.remarks() if remark.mine and remark.body.startswith(marker)}


def _lines(body: str) -> list[str]:
    """Hosts may change line ends, and what follows the last line."""
    return [line.rstrip() for line in body.strip().splitlines()]


def _removed(thread: Thread, remark: Remark) -> bool:
    try:
        thread.remove(remark)
    except Gone:
        return False
    return True
