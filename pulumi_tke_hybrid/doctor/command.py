"""`tke-hybrid doctor`, which prints each check as soon as it is made, and `tke-hybrid policy`: options, help
and run. The modules of the checks are imported when a command runs."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pulumi_tke_hybrid.cli import files
from pulumi_tke_hybrid.cli.process import CouldNotTell, ExitCode, FailOn, WrongUse, shown

if TYPE_CHECKING:
    from rich.console import Console

    from pulumi_tke_hybrid.cli.result import ReportFiles, Result
    from pulumi_tke_hybrid.cloud.api_client import Cloud
    from pulumi_tke_hybrid.cloud.calls import CloudSettings
    from pulumi_tke_hybrid.doctor.machine import Check, Machine
    from pulumi_tke_hybrid.doctor.service import Reach, Skew

DOCTOR_HELP = """
Python and this package's requirements, the Pulumi CLI and its plugins, the tests that were run with these
versions, region and credentials (their source, and the key's id masked), this machine's clock, the host that
node pools need whatever the domain is, the account, the first permissions, and the role that ipamd needs.
Each failure has the action that corrects it.

[bold]Examples[/bold]

  In a project's folder, with its selected stack:
    tke-hybrid doctor

  Before there is a stack, or with another one:
    tke-hybrid doctor --region ap-guangzhou
    tke-hybrid doctor --stack prod --json doctor.json

  After a killed run, or after resources were deleted elsewhere: which resources of the stack are gone or
  pending, and the commands that repair the stack, in order, each with its reason:
    pulumi stack export | tke-hybrid doctor --state -

[bold]Exit codes[/bold]

  0  ready, perhaps with something to look at; with --state: nothing to do
  2  something failed; with --fail-on warning: also something to look at; with --state: a resource is gone,
     closed, off or pending
  3  the report could not be written; with --state: a resource could not be compared
  64 wrong use    70 a fault of tke-hybrid itself
"""
"""The help after its first sentences, which stand in `cli.commands`."""

POLICY_HELP = """
The policy lists the actions that the library and the tencentcloud provider call, without
DisableVpcCniNetworkType.

[bold]Examples[/bold]

  For the user that runs `pulumi up`, in a program that also makes its VPC:
    tke-hybrid policy --own-vpc > policy.json

  For a pipeline that previews only, without --refresh, and for drift and doctor:
    tke-hybrid policy --read-only > policy.json

  With the reason for each action, for a security review:
    tke-hybrid policy --markdown policy.md
"""
"""The help after its first sentences, which stand in `cli.commands`."""

_PAUSE = 0.2
"""Seconds between tries; an API that is not reached is a finding, so the command does not wait for it."""
_MAX_LINE = 2000
EXPORT_COMMAND = "pulumi stack export --file FILE"


def doctor(
    stack: Annotated[
        str, typer.Option(help="Stack whose configuration counts. Default: the selected one.")
    ] = "",
    region: Annotated[str, typer.Option(help="Region. Default: the stack's, else TENCENTCLOUD_REGION.")] = "",
    project: Annotated[
        Path, typer.Option(help="Folder of the Pulumi project.", exists=True, file_okay=False)
    ] = Path(),
    offline: Annotated[bool, typer.Option("--offline", help="Do not call the cloud.")] = False,
    state: Annotated[
        str,
        typer.Option(
            metavar="FILE",
            help="Compare this `pulumi stack export` with the cloud instead (- for standard input).",
        ),
    ] = "",
    account: Annotated[
        str,
        typer.Option(
            metavar="UIN",
            help="With --state: the account of a stack that does not store its account.",
        ),
    ] = "",
    fail_on: Annotated[
        FailOn, typer.Option(help="End with 2 at a failure (error), or also at a warning.")
    ] = FailOn.ERROR,
    json_file: Annotated[
        str, typer.Option("--json", metavar="FILE", help="Write JSON there (- for standard output).")
    ] = "",
) -> None:
    with files.report_errors("doctor"):
        from pulumi_tke_hybrid.cli.result import ReportFiles

        files.refuse_change("doctor", fail_on)
        if state:
            ignored = {"--offline": offline, "--fail-on": fail_on is not FailOn.ERROR}
            files.refuse("--state compares a stack with the cloud", ignored)
            code = compare_state(state, stack, region, account, project, ReportFiles(json_file))
        else:
            files.refuse(
                "the checks read the account themselves; --account needs --state", {"--account": account}
            )
            code = run(stack, region, project, offline, fail_on, ReportFiles(json_file))
    raise typer.Exit(code)


def policy(
    read_only: Annotated[
        bool, typer.Option("--read-only", help="Only actions that read, without the cluster's credentials.")
    ] = False,
    own_vpc: Annotated[
        bool, typer.Option("--own-vpc", help="For a program that also makes its VPC.")
    ] = False,
    json_file: Annotated[
        str, typer.Option("--json", metavar="FILE", help="Write the policy there. Default: standard output.")
    ] = "",
    markdown_file: Annotated[
        str,
        typer.Option("--markdown", metavar="FILE", help="Write it with its reasons (- for standard output)."),
    ] = "",
) -> None:
    with files.report_errors("policy"):
        from pulumi_tke_hybrid.cli.result import ReportFiles

        reports = ReportFiles(json_file, markdown_file)
        code = write_policy(read_only=read_only, own_vpc=own_vpc, reports=reports)
    raise typer.Exit(code)


def run(
    stack: str, region: str, project: Path, offline: bool, fail_on: FailOn, reports: "ReportFiles"
) -> ExitCode:
    """Make all checks. Standard output holds them, or the JSON where that goes to `-`."""
    from rich.console import Console

    from pulumi_tke_hybrid.cli.result import finish
    from pulumi_tke_hybrid.doctor.machine import Machine
    from pulumi_tke_hybrid.doctor.service import reach, skew

    console = reports.console(soft_wrap=True)
    done: list[Check] = []
    with Console(stderr=True).status("checking") as status:
        for check in checks(Machine(project), stack, region, offline, _cloud, skew, reach):
            _show(check, console)
            status.update(f"checking (last: {check.id})")
            done.append(check)
    return finish("doctor", result(done, fail_on), reports)


def checks(
    machine: "Machine",
    stack: str,
    region: str,
    offline: bool,
    cloud: "Callable[[CloudSettings], Cloud]",
    clock: "Skew",
    reached: "Reach",
) -> "Iterator[Check]":
    """Yield each check when it is made."""
    from pulumi_tke_hybrid.doctor.credentials import find, stack_configuration
    from pulumi_tke_hybrid.doctor.machine import program_checks, skipped
    from pulumi_tke_hybrid.doctor.service import CHECKS, service_checks

    yield from program_checks(machine)
    found = find(machine, stack_configuration(machine, stack), region)
    yield from found.checks
    if offline or found.settings is None:
        reason = "--offline" if offline else "needs credentials and a region"
        yield from (skipped(check, reason) for check in CHECKS)
    else:
        yield from service_checks(cloud(found.settings), found.settings, found.key_id, clock, reached)


def result(done: "Sequence[Check]", fail_on: FailOn = FailOn.ERROR) -> "Result":
    """The result of all checks; the terminal has the checks already."""
    from pulumi_tke_hybrid.cli.result import Column, Result, Table
    from pulumi_tke_hybrid.doctor.machine import State

    keys = ("id", "state", "detail", "todo")
    columns: list[Column[Check]] = [Column("", key, attrgetter(key)) for key in keys]
    failures = sum(check.state is State.FAILURE for check in done)
    warnings = sum(check.state is State.WARNING for check in done)
    headline = "ready" + (f", with {warnings} to look at" if warnings else "")
    if failures:
        headline = f"not ready: {failures} of {len(done)} checks failed"
    fine = not failures and not (warnings and fail_on.warnings_count)
    measured = ExitCode.FINE if fine else ExitCode.NOT_FINE
    return Result(headline, tables=[Table("checks", columns, done)], measured=measured)


def _show(check: "Check", console: "Console") -> None:
    from rich.text import Text

    from pulumi_tke_hybrid.doctor.machine import State

    sign, colour = {
        State.OK: ("ok  ", "green"),
        State.WARNING: ("warn", "yellow"),
        State.FAILURE: ("FAIL", "bold red"),
        State.SKIPPED: ("skip", "dim"),
    }[check.state]
    detail = shown(check.detail, _MAX_LINE)
    console.print(Text.assemble((f"{sign} ", colour), (f"{check.id}: ", "bold"), detail))
    if check.todo:
        console.print(Text(f"       do: {shown(check.todo, _MAX_LINE)}"))


def compare_state(
    name: str, stack: str, region: str, account: str, project: Path, reports: "ReportFiles"
) -> ExitCode:
    """Compare an exported stack with the cloud, and print the commands that repair the stack."""
    from pulumi_tke_hybrid.cli.result import finish
    from pulumi_tke_hybrid.doctor import recovery
    from pulumi_tke_hybrid.doctor.credentials import find, stack_configuration
    from pulumi_tke_hybrid.doctor.machine import Machine
    from pulumi_tke_hybrid.doctor.stack_state import compare, read_stack

    try:
        exported = read_stack(files.read("--state", name, EXPORT_COMMAND))
    except ValueError as error:
        why = f"{error}; write it with: {EXPORT_COMMAND}"
        raise WrongUse(f"--state {name} is no export of a stack: {why}") from None
    _refuse_other_project(exported.place[1], project)
    machine, which = Machine(project), stack or exported.place[0]
    region = region or exported.stored_region
    settings = find(machine, stack_configuration(machine, which), region).settings
    if settings is None:
        raise CouldNotTell("no credentials or no region; `tke-hybrid doctor` without --state has the reason")
    for stated in filter(None, (exported.account, account)):
        recovery.refuse_other_account(_cloud(settings), stated)

    @cache
    def cloud(place: str) -> "Cloud":
        return _cloud(replace(settings, region=place))

    unknowns: list[str] = []
    found = list(compare(exported, cloud, settings.region, unknowns))
    recovery.refuse_doubt(exported, found, account)
    made = list(recovery.commands(exported, found, which, whole=not unknowns))
    recovery.show(made, found, reports)
    return finish("doctor", recovery.result(exported, found, made, unknowns), reports)


def _refuse_other_project(project: str, folder: Path) -> None:
    """Raise `WrongUse` if the folder has another Pulumi project: the commands would change its stack."""
    import yaml

    from pulumi_tke_hybrid.tke.objects import at

    for path in (folder / "Pulumi.yaml", folder / "Pulumi.yml"):
        if not project or not path.is_file():
            continue
        try:
            here = at(yaml.safe_load(path.read_bytes()), "name")
        except (OSError, yaml.YAMLError):
            here = None
        if here != project:
            raise WrongUse(f"--state is of project {project!r}, and {path} is of project {here!r}")


def write_policy(*, read_only: bool, own_vpc: bool, reports: "ReportFiles") -> ExitCode:
    """Write the policy, to standard output unless a file is named, and its reasons."""
    from pulumi_tke_hybrid.doctor.permissions import as_json, as_markdown, needs

    free = reports.markdown != files.STANDARD_OUTPUT
    json_file = reports.json or (files.STANDARD_OUTPUT if free else "")
    found = needs(read_only=read_only, own_vpc=own_vpc)
    return files.write_all(
        "policy",
        ExitCode.FINE,
        lambda: files.write(json_file, as_json(found)),
        lambda: files.write(reports.markdown, as_markdown(found)),
    )


def _cloud(settings: "CloudSettings") -> "Cloud":
    from pulumi_tke_hybrid.cloud.api_client import TencentCloud

    return TencentCloud(settings, sleep=lambda _: time.sleep(_PAUSE))
