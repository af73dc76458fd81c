"""A command that is told to end from outside ends as with Ctrl-C, so that what it made is removed."""

import contextlib
import signal
from collections.abc import Generator
from types import FrameType

_SIGNALS = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
"""What a cancelled pipeline and a closed terminal send; Windows has no SIGHUP."""


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
    """Once: whoever asks again must not stop the tidying up."""
    del number, frame
    for each in _SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt
