"""The border of the process: exit codes, errors that end a command, streams, signals, and text for people.

Imports the standard library alone: a missing package can be named, and the Job of `verify --in-vpc` has no
other package.
"""

import contextlib
import errno
import gc
import io
import os
import platform
import re
import signal
import sys
import traceback
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from enum import Enum, IntEnum
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn, TypeVar

from pulumi_tke_hybrid.tke import printable


class ExitCode(IntEnum):
    """Exit code of a command. 1 is never used, because a dying interpreter and a shell give 1.

    A signal ends the process with 128 plus the signal's number: 130 for Ctrl-C, 143 for SIGTERM.
    """

    FINE = 0
    """Nothing that `--fail-on` stops at."""
    NOT_FINE = 2
    """A danger, a pod that sees another address, too few addresses, a failure."""
    COULD_NOT_TELL = 3
    """Something could not be read or judged, or a report could not be written; the rest is fine."""
    PREVIEW_FAILED = 4
    """`review`: the preview itself failed."""
    NOT_POSTED = 5
    """`review`: the comment could not be posted, and nothing is dangerous."""
    WRONG_USE = 64
    """Options or files that cannot be used."""
    INTERNAL_FAULT = 70
    """A fault of this package or of its installation, such as a missing Python package."""


class FailOn(str, Enum):
    """The lowest severity that ends a command with 2."""

    ERROR = "error"
    WARNING = "warning"
    CHANGE = "change"

    @property
    def warnings_count(self) -> bool:
        """Whether a warning ends a command with 2."""
        return self is not FailOn.ERROR


class CommandError(Exception):
    """Ends a command with its exit code."""

    exit_code: ExitCode = ExitCode.INTERNAL_FAULT


class WrongUse(CommandError):
    """Options or files that cannot be used."""

    exit_code = ExitCode.WRONG_USE


class CouldNotTell(CommandError):
    """A value that the result needs cannot be read."""

    exit_code = ExitCode.COULD_NOT_TELL


class CannotWrite(CouldNotTell):
    """A report cannot be written."""


MAX_LENGTH = 400
Item = TypeVar("Item")
_SIGNS = str.maketrans(
    {sign: f"\\{sign}" for sign in "\\`*_[]|~#@"} | {"<": "&lt;", ">": "&gt;", "&": "&amp;"}
)
_REFERENCE = r"(?i)(?<=[@#!$%&~])(?=\w)|(?<=:)(?=//)|(?<=www)(?=\.)"
"""Where a code host finds a person, an issue or an address. A code host searches after it has removed the
backslashes, so a backslash is no protection."""


def shown(text: str, most: int = MAX_LENGTH) -> str:
    """One printable line. Text of a cluster, a pod or a proxy may hold control sequences, which a terminal
    would obey."""
    line = printable(text[: most + 1])
    return line if len(line) <= most else line[: most - 1] + "…"


def several(count: int, noun: str) -> str:
    """`1 pod`, `2 pods`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def listed(items: Sequence[Item], most: int = 5, text: Callable[[Item], str] = str) -> str:
    """The first items, and the number of the others. `text` makes the text of an item."""
    more = len(items) - most
    return ", ".join(map(text, items[:most])) + (f" and {more} more" if more > 0 else "")


def plain(text: str, most: int = 800) -> str:
    """The text escaped for Markdown: a code host formats nothing, mentions no person and links nothing."""
    return re.sub(_REFERENCE, "\u200b", shown(text, most)).translate(_SIGNS)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """The lines of a Markdown table, whose cells are escaped already."""
    return [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}", *(f"| {' | '.join(row)} |" for row in rows)]


def folded(summary: str, lines: Sequence[str]) -> list[str]:
    """Markdown lines that a code host shows after a click."""
    return [f"<details><summary>{summary}</summary>", "", *lines, "", "</details>"]


TRACEBACK = "--traceback"
_PACKAGE = Path(__file__).parents[1]
_OUTPUT = {errno.EPIPE, errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF}
"""Errors of a write: the reader is closed, the disk is full or broken, the stream is closed."""
_DISTRIBUTIONS = {
    "yaml": "pyyaml",
    "tencentcloud": "tencentcloud-sdk-python-common",
    "github": "PyGithub",
    "gitlab": "python-gitlab",
}
"""Distributions whose name differs from their module's."""


def run(command: Callable[[], object]) -> NoReturn:
    """Run the command and end the process, with a code of `ExitCode` or 128 and a signal's number."""
    prepare_streams()
    gc.set_threshold(50_000)  # the default, 700, costs a twelfth of the time of a large review
    try:
        command()
        code = int(ExitCode.FINE)
    except BaseException as error:  # the border of the process: no caller could handle the error
        code = code_of(error, trace=TRACEBACK in sys.argv)
    sys.exit(_flushed(code))


def code_of(error: BaseException, *, trace: bool = False) -> int:
    """Return the exit code of an error, and write one line on standard error unless the command did so."""
    causes = list(_causes(error))
    if isinstance(error, SystemExit) and error.code not in (1, 130):
        return _of_exit(error)
    interrupt = next((cause for cause in causes if isinstance(cause, KeyboardInterrupt)), None)
    if interrupt is not None:
        _line("ended before it was done")
        # For SIGINT Python itself raises `KeyboardInterrupt`.
        return 128 + (interrupt.number if isinstance(interrupt, Interrupted) else signal.SIGINT)
    write = next((cause for cause in causes if isinstance(cause, OSError) and cause.errno in _OUTPUT), None)
    if write is not None:
        _line(f"output could not be written: {write.strerror}")
        return ExitCode.COULD_NOT_TELL
    if trace:
        traceback.print_exception(error)
    _line(
        _missing(error)
        if isinstance(error, ImportError)
        and (error.name is not None and error.name.split(".")[0] != _PACKAGE.name)
        else _fault(error)
    )
    return ExitCode.INTERNAL_FAULT


def _of_exit(end: SystemExit) -> int:
    if end.code is None or isinstance(end.code, int):
        return end.code or 0
    _line(str(end.code))
    return ExitCode.INTERNAL_FAULT


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _missing(error: ImportError) -> str:
    module = str(error.name).split(".")[0]
    if module in sys.stdlib_module_names:
        return f"this Python ({sys.executable}) lacks its own module {error.name}; use a complete Python"
    name = _DISTRIBUTIONS.get(module, module.replace("_", "-"))
    if isinstance(error, ModuleNotFoundError) and error.name == module:
        return (
            f"the Python package {name} is not installed for {sys.executable}; install it: pip install {name}"
        )
    return (
        f"the Python package {name} cannot be loaded (of another version, or broken); install it again: pip"
        f" install --upgrade {name}"
    )


def _fault(error: BaseException) -> str:
    """Return the line for a fault of this package, without the error's text, which may hold a secret."""
    files = [(Path(frame.filename), frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    ours = [
        f" at {file.relative_to(_PACKAGE)}:{line}" for file, line in files if file.is_relative_to(_PACKAGE)
    ]
    where = ours[-1] if ours else ""
    versions = f"Python {platform.python_version()}"
    return (
        f"a fault of tke-hybrid itself: {type(error).__name__}{where} ({versions}). Please report this line"
        f" to the maintainers of pulumi-tke-hybrid; {TRACEBACK} prints the stack trace, which may hold"
        " secrets"
    )


def _line(text: str) -> None:
    print(f"tke-hybrid: {text}", file=sys.stderr)


def prepare_streams() -> None:
    """Set the streams to UTF-8 in every locale, and open the missing streams. An error of standard error is
    ignored."""
    _open_missing()
    output: Any = sys.stdout
    if isinstance(output, io.TextIOWrapper):
        output.reconfigure(encoding="utf-8", errors="backslashreplace")
    forgiving = io.BufferedWriter(_Forgiving(2, "w", closefd=False))
    sys.stderr = io.TextIOWrapper(forgiving, encoding="utf-8", errors="backslashreplace", line_buffering=True)


class _Forgiving(io.FileIO):
    """Standard error that ignores errors: the exit code counts after the reader has closed the stream."""

    def write(self, data: Any, /) -> int:
        try:
            return super().write(data)
        except OSError:
            return len(data)


def _open_missing() -> None:
    """Open the streams that were closed at the start, because the next opened file would get their number. A
    closed standard output becomes a pipe without a reader."""
    streams: Any = sys  # a stream that was closed at the start is None
    if streams.stdin is None:
        _use(os.open(os.devnull, os.O_RDONLY), 0)
        streams.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
    if streams.stdout is None:
        reader, writer = os.pipe()
        os.dup2(writer, 1)
        for number in {reader, writer} - {1}:
            os.close(number)
        streams.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    if streams.stderr is None:
        _use(os.open(os.devnull, os.O_WRONLY), 2)


def _use(opened: int, number: int) -> None:
    if opened != number:
        os.dup2(opened, number)
        os.close(opened)


def _flushed(code: int) -> int:
    """Flush standard output and return the code: the interpreter would end with a code of its own."""
    try:
        sys.stdout.flush()
    except OSError as error:
        if not code:
            _line(f"output could not be written: {error.strerror}")
            code = int(ExitCode.COULD_NOT_TELL)
        _use(os.open(os.devnull, os.O_WRONLY), 1)
    return code


_SIGNALS = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
"""The signals of a cancelled pipeline and of a closed terminal; Windows has no SIGHUP."""


class Interrupted(KeyboardInterrupt):
    """A signal that ends the command."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


@contextlib.contextmanager
def like_ctrl_c() -> Generator[None]:
    """Raise `Interrupted` for SIGTERM and SIGHUP, so that the code inside can clean up. An ignored signal
    stays ignored, as SIGHUP below `nohup`."""
    before = {
        number: handler
        for number in _SIGNALS
        if (handler := signal.getsignal(number)) not in (signal.SIG_IGN, None)
    }
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
