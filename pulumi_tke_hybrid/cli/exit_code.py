"""Exit codes of all commands, the option `--fail-on`, and the errors that end a command with an exit code.

Imports the standard library alone.
"""

from enum import Enum, IntEnum


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
