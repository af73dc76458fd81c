"""Waiting for the cloud: with a deadline, and with a line now and then that says what is being waited for."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from pulumi_tke_hybrid.cloud.errors import DeadlinePassed

T = TypeVar("T")


@dataclass(frozen=True)
class Wait:
    """How to wait. `say` shows progress; `sleep` and `clock` are replaced by tests."""

    deadline: float
    """Seconds from the start of each wait."""
    say: Callable[[str], None]
    pause: float = 0.5
    longest_pause: float = 5.0
    every: float = 15.0
    """Seconds between two lines that say the same."""
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)
    clock: Callable[[], float] = field(default=time.monotonic, repr=False)

    def until(self, what: str, look: Callable[[], tuple[T | None, str]], advice: str) -> T:
        """Call `look` until it gives a value. Its second item says in words what it saw."""
        started = self.clock()
        said, said_at = "", started
        pause = self.pause
        while True:
            value, seen = look()
            if value is not None:
                return value
            now = self.clock()
            if now - started >= self.deadline:
                raise DeadlinePassed(what, self.deadline, seen, advice)
            if seen != said or now - said_at >= self.every:
                self.say(f"{what}: {seen} ({now - started:.0f} s)")
                said, said_at = seen, now
            self.sleep(min(pause, self.longest_pause))
            pause *= 1.3
