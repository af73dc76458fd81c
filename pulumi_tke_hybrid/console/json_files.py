"""Files of JSON that a command reads, `-` for standard input."""

import contextlib
import os
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any, BinaryIO

from pulumi_tke_hybrid.console.errors import WrongUse
from pulumi_tke_hybrid.console.files import STANDARD_OUTPUT
from pulumi_tke_hybrid.console.json_stream import Unreadable, read_object

STANDARD_INPUT = STANDARD_OUTPUT


@contextlib.contextmanager
def opened(name: str, option: str = "") -> Generator[BinaryIO]:
    """The file's bytes. Raises `WrongUse` for a file that cannot be read, also for one that fails while it is read."""
    try:
        with contextlib.ExitStack() as stack:
            yield sys.stdin.buffer if name == STANDARD_INPUT else stack.enter_context(_path(name, option).open("rb"))
    except OSError as error:
        raise WrongUse(f"{option} {name} cannot be read: {error.strerror}".strip()) from None


def _path(name: str, option: str) -> Path:
    try:
        os.stat(name)
    except ValueError as error:  # a zero byte, or a sign that file names cannot have here
        raise WrongUse(f"{option} {name!r} cannot be read: {error}".strip()) from None
    return Path(name)


def read(option: str, name: str, how: str) -> dict[str, Any]:
    """The JSON object of the file that an option names. `how` is the command that writes such a file. Raises `WrongUse`."""
    with opened(name, option) as source:
        data = source.read()
    try:
        return read_object(data)
    except Unreadable as error:
        raise WrongUse(f"{option} {name} cannot be read as JSON: {error}; write it with: {how}") from None
