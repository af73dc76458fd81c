"""What one check found."""

from dataclasses import dataclass
from enum import Enum


class State(str, Enum):
    """How it went."""

    OK = "ok"
    WARNING = "warning"
    """It may do; it is said why it may not."""
    FAILURE = "failure"
    """The program cannot run like this."""
    SKIPPED = "skipped"
    """It needs something that another check did not find."""


@dataclass(frozen=True)
class Check:
    """One line for a person; what to do wherever it is not well."""

    id: str
    state: State
    detail: str
    todo: str = ""


def ok(check: str, detail: str) -> Check:
    """All is well."""
    return Check(check, State.OK, detail)


def warning(check: str, detail: str, todo: str) -> Check:
    """Not well, perhaps."""
    return Check(check, State.WARNING, detail, todo)


def failure(check: str, detail: str, todo: str) -> Check:
    """Not well."""
    return Check(check, State.FAILURE, detail, todo)


def skipped(check: str, detail: str) -> Check:
    """Not looked at."""
    return Check(check, State.SKIPPED, detail)
