"""Where reports go: a file, or `-` for standard output."""

import errno
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from rich.console import Console
from rich.text import Text

from pulumi_tke_hybrid.console.errors import CannotWrite, CommandError, WrongUse
from pulumi_tke_hybrid.console.exit_code import ExitCode
from pulumi_tke_hybrid.console.text import shown

STANDARD_OUTPUT = "-"
_WRONG_NAME = {errno.ENOENT, errno.EISDIR, errno.ENOTDIR, errno.EACCES, errno.EPERM, errno.EROFS, errno.ENAMETOOLONG, errno.EINVAL}


def refuse_two_on_standard_output(names: Mapping[str, str]) -> None:
    """Option to file name. Two reports in one stream can be read by nobody."""
    taken = [option for option, name in names.items() if name == STANDARD_OUTPUT]
    if len(taken) > 1:
        raise WrongUse(f"{' and '.join(taken)} cannot both go to standard output")


def write(name: str, text: str) -> None:
    """Write a report; nothing without a name. Raises `CannotWrite`, or `WrongUse` for a name that no file can have."""
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
    """Write each report, also after one that cannot be written. A lost report is never fine; a worse code stays."""
    for report in reports:
        try:
            report()
        except CommandError as error:
            complain(command, str(error))
            code = code or error.exit_code
    return code


def complain(command: str, message: str) -> None:
    """One line on standard error, for an error that the user can do something about."""
    Console(stderr=True).print(Text.assemble((f"{command}: ", "bold red"), shown(message)), soft_wrap=True)
