"""The options and the help of `tke-hybrid doctor` and `tke-hybrid policy`; the rest is imported when a
command runs."""

from pathlib import Path
from typing import Annotated

import typer

from pulumi_tke_hybrid.cli.exit_code import FailOn
from pulumi_tke_hybrid.cli.files import report_errors

DOCTOR_HELP = """Check whether this machine can run the program. Reads only; shows no secret.

Python and this package's requirements, the Pulumi CLI and its plugins, region and credentials (their source,
and the key's id masked), this machine's clock, the account, the first permissions, and the role that ipamd
needs. Each failure has the action that corrects it.

[bold]Examples[/bold]

  In a project's folder, with its selected stack:
    tke-hybrid doctor

  Before there is a stack, or with another one:
    tke-hybrid doctor --region ap-guangzhou
    tke-hybrid doctor --stack prod --json doctor.json

[bold]Exit codes[/bold]

  0  ready, perhaps with something to look at
  2  something failed; with --fail-on warning: also something to look at
  3  the report could not be written
  64 wrong use    70 a fault of tke-hybrid itself
"""

POLICY_HELP = """Print the least access policy (CAM) that a program with these components needs.

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


def doctor(
    stack: Annotated[
        str, typer.Option(help="Stack whose configuration counts. Default: the selected one.")
    ] = "",
    region: Annotated[str, typer.Option(help="Region. Default: the stack's, else TENCENTCLOUD_REGION.")] = "",
    project: Annotated[
        Path, typer.Option(help="Folder of the Pulumi project.", exists=True, file_okay=False)
    ] = Path(),
    offline: Annotated[bool, typer.Option("--offline", help="Do not call the cloud.")] = False,
    fail_on: Annotated[
        FailOn, typer.Option(help="End with 2 at a failure (error), or also at a warning.")
    ] = FailOn.ERROR,
    json_file: Annotated[
        str, typer.Option("--json", metavar="FILE", help="Write JSON there (- for standard output).")
    ] = "",
) -> None:
    from pulumi_tke_hybrid.cli.result import ReportFiles
    from pulumi_tke_hybrid.doctor import run_command

    with report_errors("doctor"):
        given = run_command.DoctorOptions(stack, region, project, offline, fail_on)
        code = run_command.run(given, ReportFiles(json_file))
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
    from pulumi_tke_hybrid.cli.result import ReportFiles
    from pulumi_tke_hybrid.doctor import run_command

    with report_errors("policy"):
        reports = ReportFiles(json_file, markdown_file)
        code = run_command.policy(read_only=read_only, own_vpc=own_vpc, reports=reports)
    raise typer.Exit(code)
