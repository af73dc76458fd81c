"""Errors that the user can do something about. A command ends with one line and the error's exit code."""

from pulumi_tke_hybrid.console.exit_code import ExitCode


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
