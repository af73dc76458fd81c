"""Runs `doctor`, which prints each check as soon as it is made, and `policy`."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.text import Text

from pulumi_tke_hybrid.cli import files
from pulumi_tke_hybrid.cli import files as options
from pulumi_tke_hybrid.cli.exit_code import ExitCode, FailOn
from pulumi_tke_hybrid.cli.result import Column, ReportFiles, Result, Table, finish
from pulumi_tke_hybrid.cli.text import shown
from pulumi_tke_hybrid.cloud.api_client import Cloud, TencentCloud
from pulumi_tke_hybrid.cloud.settings import CloudSettings
from pulumi_tke_hybrid.doctor import permissions
from pulumi_tke_hybrid.doctor.credentials import find, stack_configuration
from pulumi_tke_hybrid.doctor.machine import Check, Machine, State, ThisMachine, program_checks, skipped
from pulumi_tke_hybrid.doctor.service import CHECKS, Skew, service_checks, skew

_PAUSE = 0.2
"""Seconds between tries; an API that is not reached is a finding, so the command does not wait for it."""
_MAX_LINE = 2000
_SIGN = {
    State.OK: ("ok  ", "green"),
    State.WARNING: ("warn", "yellow"),
    State.FAILURE: ("FAIL", "bold red"),
    State.SKIPPED: ("skip", "dim"),
}
_COLUMNS: list[Column[Check]] = [
    Column("", "id", lambda check: check.id),
    Column("", "state", lambda check: check.state.value),
    Column("", "detail", lambda check: check.detail),
    Column("", "todo", lambda check: check.todo),
]


@dataclass(frozen=True)
class DoctorOptions:
    """The options of `doctor`. Raises `WrongUse`."""

    stack: str
    region: str
    project: Path
    offline: bool
    fail_on: FailOn

    def __post_init__(self) -> None:
        options.refuse_change("doctor", self.fail_on)


def run(given: DoctorOptions, reports: ReportFiles) -> ExitCode:
    """Make all checks. Standard output holds them, or the JSON where that goes to `-`."""
    console = reports.console(soft_wrap=True)
    done: list[Check] = []
    with Console(stderr=True).status("checking") as status:
        for check in checks(
            ThisMachine(given.project), given.stack, given.region, given.offline, _cloud, skew
        ):
            _show(check, console)
            status.update(f"checking (last: {check.id})")
            done.append(check)
    return finish("doctor", result(done, given.fail_on), reports)


def checks(
    machine: Machine,
    stack: str,
    region: str,
    offline: bool,
    cloud: Callable[[CloudSettings], Cloud],
    clock: Skew,
) -> Iterator[Check]:
    """Yield each check when it is made."""
    yield from program_checks(machine)
    found = find(machine, stack_configuration(machine, stack), region)
    yield from found.checks
    if offline or found.settings is None:
        reason = "--offline" if offline else "needs credentials and a region"
        yield from (skipped(check, reason) for check in CHECKS)
    else:
        yield from service_checks(cloud(found.settings), found.settings, found.key_id, clock)


def result(done: Sequence[Check], fail_on: FailOn = FailOn.ERROR) -> Result:
    """The result of all checks; the terminal has the checks already."""
    failures, warnings = (
        sum(check.state is state for check in done) for state in (State.FAILURE, State.WARNING)
    )
    headline = "ready" + (f", with {warnings} to look at" if warnings else "")
    if failures:
        headline = f"not ready: {failures} of {len(done)} checks failed"
    fine = not failures and not (warnings and fail_on.warnings_count)
    return Result(
        headline,
        tables=[Table("checks", _COLUMNS, done)],
        measured=ExitCode.FINE if fine else ExitCode.NOT_FINE,
    )


def _show(check: Check, console: Console) -> None:
    sign, colour = _SIGN[check.state]
    detail = shown(check.detail, _MAX_LINE)
    console.print(Text.assemble((f"{sign} ", colour), (f"{check.id}: ", "bold"), detail))
    if check.todo:
        console.print(Text(f"       do: {shown(check.todo, _MAX_LINE)}"))


def policy(*, read_only: bool, own_vpc: bool, reports: ReportFiles) -> ExitCode:
    """Write the policy, to standard output unless a file is named, and its reasons."""
    free = reports.markdown != files.STANDARD_OUTPUT
    json_file = reports.json or (files.STANDARD_OUTPUT if free else "")
    return files.write_all(
        "policy",
        ExitCode.FINE,
        lambda: files.write(json_file, permissions.as_json(read_only=read_only, own_vpc=own_vpc)),
        lambda: files.write(reports.markdown, permissions.as_markdown(read_only=read_only, own_vpc=own_vpc)),
    )


def _cloud(settings: CloudSettings) -> Cloud:
    return TencentCloud(settings, sleep=lambda _: time.sleep(_PAUSE))
