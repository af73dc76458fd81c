"""Errors of calls to the cloud, with the cloud's own code and message.

Waits for the cloud, with a deadline and with lines of progress."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from pulumi_tke_hybrid.tke.rule import printable


class CloudError(Exception):
    """The cloud refused a call, or could not be reached."""

    __module__ = "builtins"  # Pulumi prints the module of an exception in front of its message

    def __init__(self, action: str, code: str, message: str, request_id: str = "") -> None:
        self.action = action
        self.code = code
        self.message = message
        self.request_id = request_id
        asked = f", request {request_id}" if request_id else ""
        super().__init__(printable(f"{action} failed: {code}: {message}{asked}", kept="\n"))


class IncompleteResponse(CloudError):
    """The response lacks the requested value. Callers must not take a missing value for "no"."""

    __module__ = "builtins"


class DeadlinePassed(CloudError):
    """A wait took longer than its deadline."""

    __module__ = "builtins"

    def __init__(self, what: str, seconds: float, seen: str, advice: str) -> None:
        super().__init__(
            what, "DeadlinePassed", f"not there after {seconds:.0f} s; last seen: {seen}. {advice}"
        )


class Incompatible(CloudError):
    """The live state contradicts the program."""

    __module__ = "builtins"

    def __init__(self, subject: str, differences: list[str], advice: str) -> None:
        super().__init__(
            subject, "Incompatible", "\n".join(["", *(f"  - {line}" for line in differences), advice])
        )


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
