"""The commands that `tke-hybrid doctor --state` prints for a stack, read and run as printed."""

import re
import shlex
import subprocess
import sys
from collections.abc import Sequence
from typing import Literal

from tests.lab.lab import Lab, wait_until
from tests.lab.pulumi_cli import PulumiProject

Ending = Literal["up", "destroy"]
_TITLES: dict[Ending, str] = {"up": "Then, to go on", "destroy": "Or, to destroy"}
_LONGEST = 150.0


def printed_commands(lab: Lab, project: PulumiProject, ending: Ending) -> list[str]:
    """The commands of both ways, and those of the way that ends with `ending`; none where nothing is gone or
    pending."""
    exported = str(project.root / "exported.json")
    project.run("stack", "export", "--file", exported)

    account: list[str] = []

    def look() -> "subprocess.CompletedProcess[str] | None":
        ran = subprocess.run(
            [sys.executable, "-m", "pulumi_tke_hybrid.cli", "doctor", "--state", exported, *account],
            cwd=project.root, env=project.environment(), capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert ran.returncode in (0, 2, 3), ran.stdout + ran.stderr
        assert lab.secret_key not in ran.stdout + ran.stderr
        if "--account UIN" in ran.stderr:  # the person who runs the command knows the account
            account[:] = ["--account", str(lab.call("sts", "GetCallerIdentity", {})["AccountId"])]
        # 3: something is being made or deleted, or the account is not known.
        return ran if ran.returncode != 3 else None

    ran: subprocess.CompletedProcess[str] = wait_until("doctor --state can tell", look, 90)
    (project.root / "exported.json").unlink()
    project.printed.append(ran.stdout)
    commands, title = list[str](), ""
    for line in ran.stdout.splitlines():
        title = line if line.endswith(":") and not line.startswith(" ") else title
        numbered = re.fullmatch(r" *\d+\. (.*)", line)
        if numbered and title.startswith(("Run in this order", _TITLES[ending])):
            commands.append(numbered[1])
    assert bool(commands) == (ran.returncode == 2), ran.stdout
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
