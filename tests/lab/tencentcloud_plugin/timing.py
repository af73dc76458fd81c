"""Waiting of the stand-in plugin: the vendor's timeouts and sleeps, shortened by one factor.

`LAB_PLUGIN_TIME_SCALE` (default 1/30: a sleep of 3 s takes 0.1 s, the 3 minutes of a read retry take 6 s)
multiplies
every fixed sleep and every timeout of the vendor. The vendor's own variables
`TENCENTCLOUD_READ_RETRY_TIMEOUT`,
`TENCENTCLOUD_WRITE_RETRY_TIMEOUT` (minutes) and `TENCENTCLOUD_WAIT_READ_TIMEOUT` (seconds) work as they do
there.
Polling is every 0.2 to 0.5 s of real time, and no HTTP request is given up before 10 s, at any scale.
`LAB_PLUGIN_EXPIRED_SECONDS` (default 150, of the vendor's time) is how long a read with expired
credentials is repeated before it fails.
"""

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

T = TypeVar("T")

FIRST_POLL = 0.2
SLOWEST_POLL = 0.5


class Retry(Exception):
    """Raised inside `Timing.retry` to be called again; its text is the error if time runs out."""

    def __init__(self, cause: Exception | str) -> None:
        super().__init__(str(cause))
        self.cause = cause if isinstance(cause, Exception) else None


class Cancelled(Exception):
    """The engine cancelled the provider."""


def _whole(name: str, default: int) -> int:
    text = os.environ.get(name)
    if text is None:
        return default
    try:
        return int(text)
    except ValueError as error:
        raise ValueError(f"{name} must be int.") from error


@dataclass(frozen=True)
class Timing:
    scale: float = 1 / 30
    read_minutes: int = 3
    write_minutes: int = 5
    wait_read_seconds: int = 1
    expired_seconds: int = 150
    cancelled: threading.Event = field(default_factory=threading.Event)

    @classmethod
    def from_environment(cls) -> "Timing":
        return cls(
            scale=float(os.environ.get("LAB_PLUGIN_TIME_SCALE", 1 / 30)),
            read_minutes=_whole("TENCENTCLOUD_READ_RETRY_TIMEOUT", 3),
            write_minutes=_whole("TENCENTCLOUD_WRITE_RETRY_TIMEOUT", 5),
            wait_read_seconds=_whole("TENCENTCLOUD_WAIT_READ_TIMEOUT", 1),
            expired_seconds=_whole("LAB_PLUGIN_EXPIRED_SECONDS", 150),
        )

    @property
    def read(self) -> float:
        """The read retry timeout, in seconds of the vendor."""
        return self.read_minutes * 60.0

    @property
    def write(self) -> float:
        return self.write_minutes * 60.0

    def sleep(self, vendor_seconds: float) -> None:
        self._pause(vendor_seconds * self.scale)

    def retry(self, vendor_seconds: float, attempt: Callable[[], T]) -> T:
        """Call `attempt` until it does not raise Retry, at most `vendor_seconds` of the vendor's time."""
        deadline = time.monotonic() + vendor_seconds * self.scale
        pause = FIRST_POLL
        while True:
            try:
                return attempt()
            except Retry as error:
                left = deadline - time.monotonic()
                if left <= 0:
                    if error.cause is not None:
                        raise error.cause from None
                    raise TimeoutError(str(error)) from None
                self._pause(min(pause, left))
                pause = min(pause * 1.5, SLOWEST_POLL)

    def _pause(self, seconds: float) -> None:
        if self.cancelled.wait(seconds):
            raise Cancelled("the operation was cancelled")
