"""Progress while it runs, on standard error: a moving line on a terminal, a line now and then elsewhere."""

import contextlib
import time
from collections.abc import Generator
from typing import Protocol

from rich.console import Console
from rich.status import Status
from rich.text import Text

from pulumi_tke_hybrid.console.text import listed, shown
from pulumi_tke_hybrid.proof.probe import Traffic

EVERY = 5.0
"""Seconds between two lines where there is no terminal."""


class Progress(Protocol):
    """Told what happens."""

    def say(self, line: str) -> None:
        """A step."""
        ...

    def watch(self, traffic: Traffic) -> None:
        """After each question."""
        ...


class Silent:
    """Shows nothing."""

    def say(self, line: str) -> None:
        del line

    def watch(self, traffic: Traffic) -> None:
        del traffic


class Shown:
    """Shows it to a person or to a pipeline's log."""

    def __init__(self, console: Console, status: Status | None) -> None:
        self._console, self._status = console, status
        self._next = time.monotonic() + EVERY

    def say(self, line: str) -> None:
        self._console.print(Text(shown(line, 300)))

    def watch(self, traffic: Traffic) -> None:
        if self._status is None and time.monotonic() < self._next:
            return
        self._next = time.monotonic() + EVERY
        line = _line(traffic)
        if self._status is None:
            self.say(line)
        else:
            self._status.update(Text(line))


@contextlib.contextmanager
def shown_on(console: Console) -> Generator[Progress]:
    """Progress on this console for as long as it takes."""
    if not console.is_terminal:
        yield Shown(console, None)
        return
    with console.status(Text("reading")) as status:
        yield Shown(console, status)


def _line(traffic: Traffic) -> str:
    tally = traffic.tally
    pods = f", {len(tally.answered)}/{len(tally.roster.wanted)} pods answered" if tally.roster.wanted else ""
    failed = sum(traffic.failures.values())
    failures = f", {failed} failed ({listed([shown(text, 60) for text in traffic.failures], 1)})" if failed else ""
    if not traffic.replies:
        return f"waiting for the load balancer: {traffic.requests} requests{failures}"
    return f"{traffic.requests} requests{pods}{failures}"
