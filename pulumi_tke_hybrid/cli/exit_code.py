"""Exit codes of all commands, and the border between fine and not fine.

Errors that the user can do something about. A command ends with one line and the error's exit code."""

from enum import Enum, IntEnum


class ExitCode(IntEnum):
    """Exit code of a command. 1 is never used: an interpreter that dies, a missing package and a shell end
    with 1.

    A process that is ended by a signal ends with 128 and the signal's number: 130 for Ctrl-C, 143 for
    SIGTERM.
    """

    FINE = 0
    """Nothing that `--fail-on` stops at."""
    NOT_FINE = 2
    """A danger, a pod that sees another address, too few addresses, a failure."""
    COULD_NOT_TELL = 3
    """Something could not be read or judged, or a report could not be written; what was judged is fine."""
    PREVIEW_FAILED = 4
    """`review`: the preview itself failed."""
    NOT_POSTED = 5
    """`review`: the comment could not be posted, and nothing is dangerous."""
    WRONG_USE = 64
    """Options or files that make no sense."""
    INTERNAL_FAULT = 70
    """A fault of this package or of its installation, such as a missing Python package."""


class FailOn(str, Enum):
    """The least that ends a command with 2."""

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
    """Options or files that make no sense."""

    exit_code = ExitCode.WRONG_USE


class CouldNotTell(CommandError):
    """What the verdict needs cannot be read or reached."""

    exit_code = ExitCode.COULD_NOT_TELL


class CannotWrite(CouldNotTell):
    """A report cannot be written."""
