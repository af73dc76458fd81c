"""Waits for the cloud, with a deadline and with lines of progress."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from pulumi_tke_hybrid.cloud.errors import DeadlinePassed

T = TypeVar("T")


@dataclass(frozen=True)
class Wait:
    """Deadline and pauses of a wait. `log` writes a line of progress; tests replace `sleep` and `clock`."""

    deadline: float
    """Seconds from the start of each wait."""
    log: Callable[[str], None]
    pause: float = 0.5
    longest_pause: float = 5.0
    every: float = 15.0
    """Seconds between two equal lines."""
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)
    clock: Callable[[], float] = field(default=time.monotonic, repr=False)

    def until(self, what: str, look: Callable[[], tuple[T | None, str]], advice: str) -> T:
        """Call `look` until its first item is a value; its second item describes the live state. Raise
        `DeadlinePassed` at the deadline."""
        started = self.clock()
        last_line, logged_at = "", started
        pause = self.pause
        while True:
            value, seen = look()
            if value is not None:
                return value
            now = self.clock()
            if now - started >= self.deadline:
                raise DeadlinePassed(what, self.deadline, seen, advice)
            if seen != last_line or now - logged_at >= self.every:
                self.log(f"{what}: {seen} ({now - started:.0f} s)")
                last_line, logged_at = seen, now
            self.sleep(min(pause, self.longest_pause))
            pause *= 1.3
