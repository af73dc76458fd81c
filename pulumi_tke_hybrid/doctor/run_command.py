"""What `doctor` and `policy` do with their options."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from rich.console import Console
from rich.text import Text

from pulumi_tke_hybrid.cli import files, options, result
from pulumi_tke_hybrid.cli.exit_code import ExitCode, FailOn
from pulumi_tke_hybrid.cloud.client import Cloud, TencentCloud
from pulumi_tke_hybrid.cloud.settings import CloudSettings
from pulumi_tke_hybrid.doctor import permissions as policies
from pulumi_tke_hybrid.doctor import report
from pulumi_tke_hybrid.doctor.credentials import find, not_usable, stack_configuration
from pulumi_tke_hybrid.doctor.machine import Machine, ThisMachine
from pulumi_tke_hybrid.doctor.report import Check, skipped
from pulumi_tke_hybrid.doctor.service import CHECKS, Skew, service, skew
from pulumi_tke_hybrid.doctor.tools import tools

_PAUSE = 0.2
"""Between tries. A service that is not there now is the answer, not something to wait for."""


def checks(
    machine: Machine,
    stack: str,
    region: str,
    offline: bool,
    cloud: Callable[[CloudSettings], Cloud],
    clock: Skew,
) -> Iterator[Check]:
    """All of them, as they come."""
    yield from tools(machine)
    found = find(machine, stack_configuration(machine, stack), region)
    yield from found.checks
    if offline:
        yield from (skipped(check, "--offline") for check in CHECKS)
    elif found.settings is None:
        yield from not_usable(CHECKS)
    else:
        yield from service(cloud(found.settings), found.settings, found.who, clock)


def run(
    *, stack: str, region: str, project: Path, offline: bool, fail_on: FailOn, json_file: str
) -> ExitCode:
    """Run them and say what was found; standard output holds it, or the JSON where that was sent to `-`."""
    options.refuse_change("doctor", fail_on)
    console = result.console(stderr=json_file == "-", soft_wrap=True)
    done: list[Check] = []
    with Console(stderr=True).status("checking") as status:
        for check in checks(ThisMachine(project), stack, region, offline, _cloud, skew):
            report.line(check, console)
            status.update(f"checking (last: {check.id})")
            done.append(check)
    code = report.exit_code(done, fail_on)
    return files.write_all(
        "doctor",
        code,
        lambda: files.write(json_file, report.as_json(done, fail_on)),
        lambda: console.print(Text(report.headline(done), style="bold red" if code else "bold green")),
    )


def policy(*, read_only: bool, own_vpc: bool, json_file: str, markdown_file: str) -> ExitCode:
    """Write the policy, to standard output where no file takes it, and with its reasons."""
    files.refuse_two_on_standard_output({"--json": json_file, "--markdown": markdown_file})
    where = json_file or ("" if markdown_file == files.STANDARD_OUTPUT else files.STANDARD_OUTPUT)
    return files.write_all(
        "policy",
        ExitCode.FINE,
        lambda: files.write(where, policies.as_json(read_only=read_only, own_vpc=own_vpc)),
        lambda: files.write(markdown_file, policies.as_markdown(read_only=read_only, own_vpc=own_vpc)),
    )


def _cloud(settings: CloudSettings) -> Cloud:
    return TencentCloud(settings, sleep=lambda _: time.sleep(_PAUSE))
