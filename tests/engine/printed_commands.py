"""The commands that `tke-hybrid doctor --state` prints for a stack, read and run as printed."""

import json
import re
import shlex
from collections.abc import Sequence
from typing import Literal

from typer.testing import CliRunner
from typer.testing import Result as Ran

from pulumi_tke_hybrid.cli.commands import app
from tests.lab.lab import Lab, wait_until
from tests.lab.pulumi_cli import PulumiProject

Ending = Literal["up", "destroy"]
_TITLES: dict[Ending, str] = {"up": "Then, to go on", "destroy": "Or, to destroy"}
_LONGEST = 150.0


def printed_commands(lab: Lab, project: PulumiProject, ending: Ending) -> list[str]:
    """The commands of both ways, and those of the way that ends with `ending`; none where nothing is gone or
    pending."""
    path = project.root / "exported.json"
    path.write_text(json.dumps(project.export()))
    command = ["doctor", "--state", str(path), "--project", str(project.root)]
    account: list[str] = []

    def look() -> "Ran | None":
        ran = CliRunner().invoke(app, [*command, *account], env=project.environment())
        assert ran.exit_code in (0, 2, 3), f"{ran.output}{ran.exception!r}"
        assert lab.secret_key not in ran.output
        if "--account UIN" in ran.stderr:  # the person who runs the command knows the account
            account[:] = ["--account", str(lab.call("sts", "GetCallerIdentity", {})["AccountId"])]
        # 3: something is being made or deleted, or the account is not known.
        return ran if ran.exit_code != 3 else None

    ran: Ran = wait_until("doctor --state can tell", look, 90)
    path.unlink()
    project.printed.append(ran.stdout)
    commands, title = list[str](), ""
    for line in ran.stdout.splitlines():
        title = line if line.endswith(":") and not line.startswith(" ") else title
        numbered = re.fullmatch(r" *\d+\. (.*)", line)
        if numbered and title.startswith(("Run in this order", _TITLES[ending])):
            commands.append(numbered[1])
    assert bool(commands) == (ran.exit_code == 2), ran.stdout
    return commands


def follow(lab: Lab, project: PulumiProject, commands: Sequence[str]) -> None:
    """Run the commands as printed, in order. The person who runs the commands answers each question of the
    CLI with yes, and goes on after a run that ends with the error that its reason announces."""
    # The provider reads a gone cluster again and again, for ten times this many minutes.
    settings = {"PULUMI_SKIP_CONFIRMATIONS": "true", "TENCENTCLOUD_READ_RETRY_TIMEOUT": "1"}
    project.change_environment(settings)
    for number, command in enumerate(commands, 1):
        if by_hand := re.fullmatch(r"\(by hand\) in the console, close the endpoint of (cls-\w+)", command):
            close_endpoint(lab, by_hand[1])
            continue
        program, *arguments = shlex.split(command)
        assert program == "pulumi", command
        announced = arguments[0] in _TITLES and number < len(commands)
        result = project.run(*arguments, check=not announced, timeout=_LONGEST)
        assert not announced or result.exit_code
    project.change_environment(dict.fromkeys(settings, ""))


def close_endpoint(lab: Lab, cluster_id: str) -> None:
    """In the console: close the intranet endpoint."""
    lab.call("tke", "DeleteClusterEndpoint", {"ClusterId": cluster_id, "IsExtranet": False})
    which = {"ClusterId": cluster_id, "IsExtranet": False}
    wait_until(
        "no endpoint",
        lambda: lab.call("tke", "DescribeClusterEndpointStatus", which)["Status"] == "NotFound",
    )
