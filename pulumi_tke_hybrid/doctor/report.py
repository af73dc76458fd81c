"""Text from outside, made fit for a terminal and a log.

What one check found.

What was found, for a terminal and as JSON."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from rich.console import Console
from rich.text import Text

from pulumi_tke_hybrid.cli import text as console
from pulumi_tke_hybrid.cli.exit_code import ExitCode, FailOn
from pulumi_tke_hybrid.cli.text import shown

_SECRET_LIKE = re.compile(r"\b(AKID[A-Za-z0-9]{8,}|[A-Za-z0-9_-]{32,})\b")


def redacted(text: str, most: int = console.MAX_LENGTH) -> str:
    """One printable line. What looks like a key is cut out: some tools echo what they were given."""
    line = "".join(character if character.isprintable() else " " for character in text).strip()
    return console.shown(_SECRET_LIKE.sub("(not shown)", line), most)


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


FORMAT = 2
"""Changes when a key of the JSON changes its meaning or goes."""
_MOST = 2000
"""Characters of a line."""

_SIGN = {
    State.OK: ("ok  ", "green"),
    State.WARNING: ("warn", "yellow"),
    State.FAILURE: ("FAIL", "bold red"),
    State.SKIPPED: ("skip", "dim"),
}


def exit_code(checks: Sequence[Check], fail_on: FailOn = FailOn.ERROR) -> ExitCode:
    """Not fine if anything failed."""
    bad = {State.FAILURE, State.WARNING} if fail_on.warnings_count else {State.FAILURE}
    return ExitCode.NOT_FINE if any(check.state in bad for check in checks) else ExitCode.FINE


def headline(checks: Sequence[Check]) -> str:
    """One line."""
    counts = {state: sum(check.state is state for check in checks) for state in State}
    if counts[State.FAILURE]:
        return f"not ready: {counts[State.FAILURE]} of {len(checks)} checks failed"
    return "ready" + (f", with {counts[State.WARNING]} to look at" if counts[State.WARNING] else "")


def as_json(checks: Sequence[Check], fail_on: FailOn = FailOn.ERROR) -> str:
    """All of it."""
    data = {
        "format": FORMAT,
        "exitCode": int(exit_code(checks, fail_on)),
        "headline": headline(checks),
        "checks": [
            {"id": check.id, "state": check.state.value, "detail": check.detail, "todo": check.todo}
            for check in checks
        ],
    }
    return json.dumps(data, indent=2, ensure_ascii=True) + "\n"


def line(check: Check, console: Console) -> None:
    """One check, as soon as it is there."""
    sign, colour = _SIGN[check.state]
    console.print(Text.assemble((f"{sign} ", colour), (f"{check.id}: ", "bold"), shown(check.detail, _MOST)))
    if check.todo:
        console.print(Text(f"       do: {shown(check.todo, _MOST)}"))
