"""`tke-hybrid review`: options and help.

The work is in `run_command`, which is imported when the command runs, so that `--help` loads no rules.
"""

import functools
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer

from pulumi_tke_hybrid.cli.files import option, report_errors
from pulumi_tke_hybrid.cli.process import FailOn

HELP = """
The comment has the verdict, each danger with its effect, a row for each zone and each component; noise is
counted. Reads `pulumi preview --json` and the engine's event log, one or several; shows no secrets.

[bold]Examples[/bold]

  One preview, to standard output:
    pulumi preview --json --show-sames > preview.json
    tke-hybrid review preview.json

  Run the preview; arguments after -- are passed to pulumi:
    tke-hybrid review --run --stack prod -- --refresh

  In a pipeline, two stacks in one comment; the label tke-hybrid/accept:CODE accepts the danger of that code:
    tke-hybrid review network.json shop.json --post github --json digest.json --labels "$LABELS"

[bold]Exit codes[/bold]

  0  nothing changes, or no change is dangerous, or each danger is accepted
  2  dangerous, and not accepted (--accept, or the label); with --fail-on also a warning, or any change
  3  could not tell: there is no whole preview to read, or a report could not be written
  4  the preview itself failed
  5  the comment could not be posted, and nothing is dangerous
  64 wrong use    70 a fault of tke-hybrid itself
"""
"""The help after its first sentences, which stand in `cli.commands`."""


class Host(str, Enum):
    """The code hosts that take a comment."""

    GITHUB = "github"
    GITLAB = "gitlab"


_INPUT, _VERDICT, _REPORT = "Input", "Verdict", "Report"


@dataclass(frozen=True, eq=False, repr=False)  # a help text pays for each method that is made
class ReviewOptions:
    """The options and arguments of one run; typer reads them from the fields."""

    previews: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[FILE]...", help="Previews or event logs (- for standard input).", show_default=False
        ),
    ] = None
    event_log: Annotated[
        list[str] | None, option(_INPUT, "An event log; the same as naming the file.", metavar="FILE")
    ] = None
    run: Annotated[bool, option(_INPUT, "Run `pulumi preview`; FILEs are its arguments.", "--run")] = False
    stack: Annotated[str, option(_INPUT, "With --run: the stack. Default: the selected one.")] = ""
    cwd: Annotated[Path, option(_INPUT, "With --run: the project's folder.")] = Path()
    commit: Annotated[
        str, option(_INPUT, "Commit for the comment. Default: the commit of the GitHub or GitLab job.")
    ] = ""
    accept: Annotated[
        list[str] | None,
        option(
            _VERDICT,
            "Accept the danger of this code from the report; for this change set alone.",
            metavar="CODE",
        ),
    ] = None
    labels: Annotated[
        str,
        option(
            _VERDICT, "Labels of the pull request, with commas. Default: those of the GitHub or GitLab job."
        ),
    ] = ""
    rule: Annotated[
        list[str] | None,
        option(_VERDICT, "Another severity: error (dangerous), warning, note.", metavar="RULE=SEVERITY"),
    ] = None
    fail_on: Annotated[
        FailOn, option(_VERDICT, "End with 2 at a danger (error), at a warning too, or at any change.")
    ] = FailOn.ERROR
    json_file: Annotated[
        str, option(_REPORT, "Write the digest to FILE (- for standard output).", "--json", metavar="FILE")
    ] = ""
    markdown_file: Annotated[
        str,
        option(_REPORT, "Write the comment to FILE (- for standard output).", "--markdown", metavar="FILE"),
    ] = ""
    limit: Annotated[int, option(_REPORT, "Characters that the comment may have.", min=1000)] = 65_536
    post: Annotated[Host | None, option(_REPORT, "Put the comment on the pull request of the job.")] = None
    docs_url: Annotated[
        str, option(_REPORT, "Address of docs/ of this library, for links to rules.", metavar="URL")
    ] = ""
    pull_request: Annotated[
        int | None, option(_REPORT, "Number of another pull request than the job's.", min=1)
    ] = None


@functools.wraps(ReviewOptions, updated=())
def review(**options: Any) -> None:
    with report_errors("review"):
        from pulumi_tke_hybrid.review import run_command

        code = run_command.run(ReviewOptions(**options))
    raise typer.Exit(code)
