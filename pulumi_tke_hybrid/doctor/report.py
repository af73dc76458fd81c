"""What was found, for a terminal and as JSON."""

import json
from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from pulumi_tke_hybrid.console.exit_code import ExitCode, FailOn
from pulumi_tke_hybrid.console.text import shown
from pulumi_tke_hybrid.doctor.check import Check, State

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
        "checks": [{"id": check.id, "state": check.state.value, "detail": check.detail, "todo": check.todo} for check in checks],
    }
    return json.dumps(data, indent=2, ensure_ascii=True) + "\n"


def line(check: Check, console: Console) -> None:
    """One check, as soon as it is there."""
    sign, colour = _SIGN[check.state]
    console.print(Text.assemble((f"{sign} ", colour), (f"{check.id}: ", "bold"), shown(check.detail, _MOST)))
    if check.todo:
        console.print(Text(f"       do: {shown(check.todo, _MOST)}"))
