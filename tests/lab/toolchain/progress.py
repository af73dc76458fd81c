"""What a person sees while something takes minutes: plain lines, or one line in place on a terminal."""

import sys
import time
from typing import TextIO

HEARTBEAT_SECONDS = 15.0


def clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"


class Progress:
    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._terminal = self._stream.isatty()
        self._beat = 1.0 if self._terminal else HEARTBEAT_SECONDS
        self._open = False
        self._last = 0.0

    def line(self, text: str) -> None:
        self._write(f"\r\x1b[K{text}\n" if self._open else f"{text}\n")
        self._open = False
        self._last = time.monotonic()

    def beat(self, text: str) -> None:
        """At most one a heart-beat."""
        now = time.monotonic()
        if now - self._last < self._beat:
            return
        if self._terminal:
            self._write(f"\r\x1b[K{text}")
            self._open = True
            self._last = now
        else:
            self.line(text)

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
