"""Reads the files that commands read, and writes their reports; `-` is standard input or standard output.

Every error of a file is `WrongUse` or `CannotWrite`, in one sentence.
"""

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
from pulumi_tke_hybrid.tke.cluster_facts import ClusterFacts

STANDARD_INPUT = STANDARD_OUTPUT = "-"
FACTS_COMMAND = "pulumi stack output <name of the exported cluster_facts> --json"
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
    """Raise `WrongUse` if two reports go to standard output. `names` maps each option to its file."""
    taken = [option for option, name in names.items() if name == STANDARD_OUTPUT]
    if len(taken) > 1:
        raise WrongUse(f"{' and '.join(taken)} cannot both go to standard output")


def write(name: str, text: str) -> None:
    """Write a report; without a name write nothing. Raises `CannotWrite`, or `WrongUse` for a name that no
    file can have."""
    if name == STANDARD_OUTPUT:
        try:
            sys.stdout.write(text)
            sys.stdout.flush()
        except OSError as error:
            raise CannotWrite(f"standard output cannot be written: {error.strerror}") from None
    elif name:
        try:
            # A file name in the text may hold characters that UTF-8 cannot encode.
            Path(name).write_text(text, encoding="utf-8", errors="backslashreplace")
        except OSError as error:
            kind = WrongUse if error.errno in _WRONG_NAME else CannotWrite
            raise kind(f"{name} cannot be written: {error.strerror}") from None
        except ValueError as error:
            raise WrongUse(f"{name!r} is no name of a file: {error}") from None


def write_all(command: str, code: ExitCode, *reports: Callable[[], None]) -> ExitCode:
    """Write each report, also after a report that cannot be written. Returns the code, or the code of a lost
    report where the code was `FINE`."""
    for report in reports:
        try:
            report()
        except CommandError as error:
            complain(command, str(error))
            code = code or error.exit_code
    return code


def complain(command: str, message: str) -> None:
    """Write one line on standard error."""
    from rich.console import Console  # not loaded for `--help`
    from rich.text import Text

    Console(stderr=True).print(Text.assemble((f"{command}: ", "bold red"), shown(message)), soft_wrap=True)


@contextlib.contextmanager
def opened(name: str, option: str = "") -> Generator[BinaryIO]:
    """Open the file for bytes. Raises `WrongUse` for an error when the file is opened or read."""
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
    except ValueError as error:  # a zero byte, or a character that file names cannot have
        raise WrongUse(f"{option} {name!r} cannot be read: {error}".strip()) from None
    return Path(name)


def read(option: str, name: str, command: str) -> dict[str, Any]:
    """Return the JSON object of the file that an option names. `command` is the command that writes such a
    file. Raises `WrongUse`."""
    with opened(name, option) as source:
        data = source.read()
    try:
        return read_object(data)
    except Unreadable as error:
        raise WrongUse(f"{option} {name} cannot be read as JSON: {error}; write it with: {command}") from None


def read_facts(name: str) -> ClusterFacts:
    """Return the facts of a cluster in the file of `--facts`. Raises `WrongUse`."""
    found = read("--facts", name, FACTS_COMMAND)
    try:
        return ClusterFacts.checked(found)
    except ValueError as error:
        raise WrongUse(
            f"--facts {name} is not a cluster's facts: {error}; write it with: {FACTS_COMMAND}"
        ) from None
