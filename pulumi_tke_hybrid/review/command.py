"""`tke-hybrid review`: its options and help. What does the work is imported when the command runs, so that
help costs nothing."""

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from pulumi_tke_hybrid.cli.exit_code import FailOn
from pulumi_tke_hybrid.cli.report_errors import report_errors

HELP = """What a preview means for the network, in one comment that a reviewer can act on. Changes nothing.

Verdict first, then what is dangerous and why, zones as rows, one line a component; noise is folded and counted. Reads
`pulumi preview --json` and the engine's event log, one or several; secrets are shown nowhere.

[bold]Examples[/bold]

  One preview, to standard output:
    pulumi preview --json --show-sames > preview.json
    tke-hybrid review preview.json

  Make the preview itself; what follows -- goes to pulumi:
    tke-hybrid review --run --stack prod -- --refresh

  In a pipeline, two stacks in one comment; the label tke-hybrid/accept:CODE accepts the danger of that code:
    tke-hybrid review network.json shop.json --post github --json digest.json --labels "$LABELS"

[bold]Exit codes[/bold]

  0  nothing changes, or no change is dangerous, or each danger is accepted
  2  dangerous: somebody must accept it (--accept, or the label); with --fail-on warning or change: also a warning, any change
  3  could not tell: there is no whole preview to read, or a report could not be written
  4  the preview itself failed
  5  the comment could not be posted, and nothing is dangerous
  64 wrong use    70 a fault of tke-hybrid itself
"""


class Host(str, Enum):
    """Where a comment can go."""

    GITHUB = "github"
    GITLAB = "gitlab"


def review(
    previews: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[FILE]...", help="Previews or event logs (- for standard input).", show_default=False
        ),
    ] = None,
    event_log: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE", help="An event log; the same as naming the file.", rich_help_panel="What"
        ),
    ] = None,
    run: Annotated[
        bool,
        typer.Option(
            "--run", help="Run `pulumi preview`; FILEs are then its arguments.", rich_help_panel="What"
        ),
    ] = False,
    stack: Annotated[
        str, typer.Option(help="With --run: the stack. Default: the selected one.", rich_help_panel="What")
    ] = "",
    cwd: Annotated[
        Path, typer.Option(help="With --run: the project's folder.", rich_help_panel="What")
    ] = Path(),
    commit: Annotated[
        str,
        typer.Option(
            help="Commit for the comment. Default: what GitHub or GitLab say.", rich_help_panel="What"
        ),
    ] = "",
    accept: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CODE",
            help="Accept the danger of this code, which the report names; for this change set alone.",
            rich_help_panel="Gate",
        ),
    ] = None,
    labels: Annotated[
        str,
        typer.Option(
            help="Labels of the pull request, with commas. Default: what GitHub or GitLab say.",
            rich_help_panel="Gate",
        ),
    ] = "",
    rule: Annotated[
        list[str] | None,
        typer.Option(
            metavar="RULE=SEVERITY",
            help="Another severity: error (dangerous), warning, note.",
            rich_help_panel="Gate",
        ),
    ] = None,
    fail_on: Annotated[
        FailOn,
        typer.Option(
            help="End with 2 at a danger (error), at a warning too, or at any change.", rich_help_panel="Gate"
        ),
    ] = FailOn.ERROR,
    json_file: Annotated[
        str,
        typer.Option(
            "--json",
            metavar="FILE",
            help="Write the digest there (- for standard output).",
            rich_help_panel="Report",
        ),
    ] = "",
    markdown_file: Annotated[
        str,
        typer.Option(
            "--markdown",
            metavar="FILE",
            help="Write the comment there (- for standard output).",
            rich_help_panel="Report",
        ),
    ] = "",
    limit: Annotated[
        int, typer.Option(min=1000, help="Characters that the comment may have.", rich_help_panel="Report")
    ] = 65_536,
    post: Annotated[
        Host | None,
        typer.Option(
            help="Put the comment on the pull request that the job runs for.", rich_help_panel="Report"
        ),
    ] = None,
    docs_url: Annotated[
        str,
        typer.Option(
            metavar="URL",
            help="Where docs/ of this library can be read, for links to rules.",
            rich_help_panel="Report",
        ),
    ] = "",
    pull_request: Annotated[
        int | None, typer.Option(min=1, help="Another one than the job's.", rich_help_panel="Report")
    ] = None,
) -> None:
    with report_errors("review"):
        from pulumi_tke_hybrid.review import run_command

        code = run_command.run(
            run_command.Inputs(previews or [], event_log or [], run=run, stack=stack, cwd=cwd, commit=commit),
            run_command.Judging(accept or [], labels, rule or [], fail_on),
            run_command.Reports(
                json_file, markdown_file, limit, post.value if post else "", pull_request, docs_url
            ),
        )
    raise typer.Exit(code)
