"""Where reports go: a file, or `-` for standard output.

Files of JSON that a command reads, `-` for standard input."""

import contextlib
import errno
import os
import sys
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from pulumi_tke_hybrid.cli.exit_code import CannotWrite, CommandError, ExitCode, WrongUse
from pulumi_tke_hybrid.cli.text import shown
from pulumi_tke_hybrid.plan.json_stream import Unreadable, read_object

STANDARD_OUTPUT = "-"
_WRONG_NAME = {
    errno.ENOENT,
    errno.EISDIR,
    errno.ENOTDIR,
    errno.EACCES,
    errno.EPERM,
    errno.EROFS,
    errno.ENAMETOOLONG,
    errno.EINVAL,
}


def refuse_two_on_standard_output(names: Mapping[str, str]) -> None:
    """Option to file name. Two reports in one stream can be read by nobody."""
    taken = [option for option, name in names.items() if name == STANDARD_OUTPUT]
    if len(taken) > 1:
        raise WrongUse(f"{' and '.join(taken)} cannot both go to standard output")


def write(name: str, text: str) -> None:
    """Write a report; nothing without a name. Raises `CannotWrite`, or `WrongUse` for a name that no file can
    have."""
    if name == STANDARD_OUTPUT:
        try:
            sys.stdout.write(text)
            sys.stdout.flush()
        except OSError as error:
            raise CannotWrite(f"standard output cannot be written: {error.strerror}") from None
    elif name:
        try:
            # What is no UTF-8, as in a file name, is written as an escape.
            Path(name).write_text(text, encoding="utf-8", errors="backslashreplace")
        except OSError as error:
            kind = WrongUse if error.errno in _WRONG_NAME else CannotWrite
            raise kind(f"{name} cannot be written: {error.strerror}") from None
        except ValueError as error:
            raise WrongUse(f"{name!r} is no name of a file: {error}") from None


def write_all(command: str, code: ExitCode, *reports: Callable[[], None]) -> ExitCode:
    """Write each report, also after one that cannot be written. A lost report is never fine; a worse code
    stays."""
    for report in reports:
        try:
            report()
        except CommandError as error:
            complain(command, str(error))
            code = code or error.exit_code
    return code


def complain(command: str, message: str) -> None:
    """One line on standard error, for an error that the user can do something about."""
    from rich.console import Console  # not loaded for `--help`
    from rich.text import Text

    Console(stderr=True).print(Text.assemble((f"{command}: ", "bold red"), shown(message)), soft_wrap=True)


STANDARD_INPUT = STANDARD_OUTPUT


@contextlib.contextmanager
def opened(name: str, option: str = "") -> Generator[BinaryIO]:
    """The file's bytes. Raises `WrongUse` for a file that cannot be read, also for one that fails while it is
    read."""
    try:
        with contextlib.ExitStack() as stack:
            yield (
                sys.stdin.buffer
                if name == STANDARD_INPUT
                else stack.enter_context(_path(name, option).open("rb"))
            )
    except OSError as error:
        raise WrongUse(f"{option} {name} cannot be read: {error.strerror}".strip()) from None


def _path(name: str, option: str) -> Path:
    try:
        os.stat(name)
    except ValueError as error:  # a zero byte, or a sign that file names cannot have here
        raise WrongUse(f"{option} {name!r} cannot be read: {error}".strip()) from None
    return Path(name)


def read(option: str, name: str, how: str) -> dict[str, Any]:
    """The JSON object of the file that an option names. `how` is the command that writes such a file. Raises
    `WrongUse`."""
    with opened(name, option) as source:
        data = source.read()
    try:
        return read_object(data)
    except Unreadable as error:
        raise WrongUse(f"{option} {name} cannot be read as JSON: {error}; write it with: {how}") from None
