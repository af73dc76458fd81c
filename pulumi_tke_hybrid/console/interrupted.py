"""A command that SIGTERM or SIGHUP ends is ended as by Ctrl-C, so that it removes what it made."""

import contextlib
import signal
from collections.abc import Generator
from types import FrameType

_SIGNALS = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
"""What a cancelled pipeline and a closed terminal send; Windows has no SIGHUP."""


class Interrupted(KeyboardInterrupt):
    """A signal that ends the command."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def number_of(interrupt: KeyboardInterrupt) -> int:
    """The number of the signal; Python raises `KeyboardInterrupt` itself for SIGINT."""
    return interrupt.number if isinstance(interrupt, Interrupted) else int(signal.SIGINT)


@contextlib.contextmanager
def like_ctrl_c() -> Generator[None]:
    """Around what must be tidied up. A signal that is ignored stays so, as SIGHUP below `nohup`."""
    before = {number: handler for number in _SIGNALS if (handler := signal.getsignal(number)) not in (signal.SIG_IGN, None)}
    for number in before:
        signal.signal(number, _interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _interrupt(number: int, frame: FrameType | None) -> None:
    """Further signals are ignored, so that the cleanup is not interrupted."""
    del frame
    for each in _SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    raise Interrupted(number)
