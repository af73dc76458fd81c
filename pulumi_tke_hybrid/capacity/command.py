"""`tke-hybrid capacity`: options and help; checks the options, reads the cluster, counts, writes the report.
Everything else is imported when the command runs: its help needs no model of a cluster."""

import functools
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pulumi_tke_hybrid.cli import files
from pulumi_tke_hybrid.cli.files import JsonFile, option, report_errors
from pulumi_tke_hybrid.cli.process import ExitCode, FailOn, WrongUse

if TYPE_CHECKING:
    from pulumi_tke_hybrid.capacity.zone_rows import Growth, Outcome, ZoneRow
    from pulumi_tke_hybrid.cli.result import Column, Result
    from pulumi_tke_hybrid.tke.cluster import ClusterInventory

HELP = """
For each zone: its container subnets, their size, used and free addresses, the number of nodes with one full
ENI each, the number of pods on the present nodes, the free addresses after the change, and when the zone is
full.

[bold]Examples[/bold]

  What a change would leave:
    pulumi preview --json --show-sames > plan.json
    tke-hybrid capacity --preview plan.json

  The stack as it is, growing by 20 pods a week, with a fifth kept free:
    pulumi stack export | tke-hybrid capacity --state - --growth 20/week --reserve 20

  A live cluster:
    tke-hybrid capacity --cluster-id cls-a1b2c3d4 --region ap-guangzhou --kubeconfig admin.yaml

  Subnets for a new cluster: tke-hybrid capacity propose --help

[bold]Exit codes[/bold]

  0  everything fits
  2  a zone has too few addresses, no container subnet, or less free than --reserve;
     with --fail-on warning: also a zone that the first period of --growth fills
  3  could not tell: a range or the type of a node is not known, or a report could not be written
  64 wrong use    70 a fault of tke-hybrid itself
"""
"""The help after its first sentences, which stand in `cli.commands`."""

PROPOSE_HELP = """Propose container subnets inside a VPC. Pure arithmetic: reads and creates nothing.

For each zone the smallest range with an address for each ENI and each pod, and room to grow. Ranges overlap
neither each other nor a range in use. Each range comes with its reasons and a line for the program.

[bold]Examples[/bold]

  Two zones with three nodes each:
    tke-hybrid capacity propose --vpc 10.0.0.0/16 --zone ap-guangzhou-4:3xS5.LARGE8:60 \\
      --zone ap-guangzhou-6:3xS5.LARGE8:60

  Beside what is there already, with half as much room again:
    tke-hybrid capacity propose --vpc 10.0.0.0/16 --taken 10.0.0.0/20 --growth 50 \\
      --zone ap-guangzhou-7:2xS5.2XLARGE16:40

[bold]Exit codes[/bold]

  0  proposed
  3  the proposal could not be written
  64 the VPC has no room, or wrong use    70 a fault of tke-hybrid itself
"""


app = typer.Typer(
    invoke_without_command=True, no_args_is_help=True, rich_markup_mode="rich", add_completion=False
)


@dataclass(frozen=True, eq=False, repr=False)  # a help text pays for each method that is made
class CapacityOptions:
    """The options of `capacity`; empty: not given."""

    invocation: typer.Context
    preview: Annotated[
        str, option("Source", "JSON of `pulumi preview --show-sames` (- for standard input).", metavar="FILE")
    ] = ""
    state: Annotated[
        str, option("Source", "JSON of `pulumi stack export` (- for standard input).", metavar="FILE")
    ] = ""
    facts: Annotated[
        str,
        option(
            "Source",
            "JSON of a stack's cluster facts (- for standard input): pulumi stack output clusterFacts"
            " --json > facts.json",
            metavar="FILE",
        ),
    ] = ""
    cluster_id: Annotated[str, option("Source", "A live cluster.", metavar="CLS-ID")] = ""
    cluster: Annotated[
        str, option("Source", "Which HybridCluster of the stack, if it has several.", metavar="NAME")
    ] = ""
    region: Annotated[
        str, option("Live cluster", "Region of the live cluster. Default: TENCENTCLOUD_REGION.")
    ] = ""
    kubeconfig: Annotated[
        Path | None, option("Live cluster", "The cluster's kubeconfig. Default: KUBECONFIG.")
    ] = None
    context: Annotated[str, option("Live cluster", "Context of the kubeconfig.")] = ""
    cloud_only: Annotated[
        bool,
        option(
            "Live cluster", "Read the container subnets alone, not the cluster's API server.", "--cloud-only"
        ),
    ] = False
    growth: Annotated[
        str, option("Judgement", "Growth over all zones, a day, week or month.", metavar="PODS[/PERIOD]")
    ] = ""
    reserve: Annotated[
        int, option("Judgement", "Per cent of each zone's addresses that must stay free.", min=0, max=99)
    ] = 0
    fail_on: Annotated[
        FailOn,
        option("Judgement", "End with 2 at what does not fit (error), or also at what fills up (warning)."),
    ] = FailOn.ERROR
    json_file: JsonFile = ""


@app.callback()
@functools.wraps(CapacityOptions, updated=())
def capacity(**given: Any) -> None:
    options = CapacityOptions(**given)
    with report_errors("capacity"):
        command = options.invocation.invoked_subcommand
        if command is not None:
            files.refuse(f"{command} has options of its own, after its name", _given(options.invocation))
            return
        code = run(options)
    raise typer.Exit(code)


def _given(context: typer.Context) -> dict[str, bool]:
    """Whether the command line has the option, by option."""
    sources = {
        option.opts[0]: context.get_parameter_source(str(option.name)) for option in context.command.params
    }
    return {option: source is not None and source.name == "COMMANDLINE" for option, source in sources.items()}


@app.command("propose", help=PROPOSE_HELP, no_args_is_help=True)
def propose(
    vpc: Annotated[str, typer.Option(metavar="RANGE", help="Range of the VPC.")],
    zone: Annotated[
        list[str],
        typer.Option(metavar="ZONE:NODESxTYPE:PODS", help="Nodes and pods of a zone; may be repeated."),
    ],
    taken: Annotated[
        list[str] | None, typer.Option(metavar="RANGE", help="A range in use; may be repeated.")
    ] = None,
    growth: Annotated[
        int, typer.Option(min=0, max=10000, help="Room to grow, in per cent of the need.")
    ] = 100,
    json_file: JsonFile = "",
) -> None:
    with report_errors("capacity propose"):
        from pulumi_tke_hybrid.capacity.propose import run_propose

        code = run_propose(vpc=vpc, zones=zone, taken=taken or [], growth=growth, json_file=json_file)
    raise typer.Exit(code)


def run(given: CapacityOptions) -> ExitCode:
    """Read and count one cluster, and write the reports."""
    from pulumi_tke_hybrid.capacity.zone_rows import Outcome
    from pulumi_tke_hybrid.cli.result import ReportFiles, finish

    files.refuse_change("capacity", given.fail_on)
    _check_source(given)
    growth = _growth(given.growth)
    before, after = _read(given)
    outcome = Outcome(after, before, growth, given.reserve, given.fail_on)
    return finish("capacity", result_of(outcome), ReportFiles(json=given.json_file))


def _check_source(given: CapacityOptions) -> None:
    """Raise `WrongUse` unless the cluster comes from one source, and every option is about this source."""
    sources = {
        "--preview": given.preview,
        "--state": given.state,
        "--facts": given.facts,
        "--cluster-id": given.cluster_id,
    }
    named = [option for option, value in sources.items() if value]
    if len(named) != 1:
        found = f"; given are {' and '.join(named)}" if named else ""
        raise WrongUse(f"one of {', '.join(sources)} is needed{found}")
    if given.facts or given.cluster_id:
        files.refuse(f"{named[0]} is about one cluster", {"--cluster": given.cluster})
    if not given.cluster_id:
        live = {
            "--region": given.region,
            "--kubeconfig": given.kubeconfig,
            "--context": given.context,
            "--cloud-only": given.cloud_only,
        }
        files.refuse(f"{named[0]} is read without a live cluster", live)


def _read(given: CapacityOptions) -> "tuple[ClusterInventory | None, ClusterInventory]":
    """(the cluster before a change, the cluster after the change, or as it is)."""
    from pulumi_tke_hybrid.capacity import cluster_sources

    if given.preview:
        found = files.read("--preview", given.preview, "pulumi preview --json --show-sames")
        return cluster_sources.of_preview(found, given.cluster)
    if given.state:
        found = files.read("--state", given.state, "pulumi stack export")
        return None, cluster_sources.of_stack(found, given.cluster)
    if given.facts:
        found = files.read("--facts", given.facts, cluster_sources.FACTS_COMMAND)
        return None, cluster_sources.of_facts(found)
    return None, _read_live(given)


def _growth(text: str) -> "Growth | None":
    from pulumi_tke_hybrid.capacity.zone_rows import PERIODS, Growth

    if not text:
        return None
    match = re.fullmatch(r"(\d{1,6})(?:/(\w+))?", text, re.ASCII)
    period = match[2] or "week" if match else ""
    if match is None or period not in PERIODS:
        raise WrongUse(
            f"--growth {text!r} is no growth; write pods a {' or '.join(PERIODS)}, for example 20/week"
        )
    return Growth(int(match[1]), period)


def _read_live(given: CapacityOptions) -> "ClusterInventory":
    from rich.console import Console

    from pulumi_tke_hybrid.capacity import cluster_sources
    from pulumi_tke_hybrid.cloud.api_client import TencentCloud
    from pulumi_tke_hybrid.cloud.calls import CloudSettings, SettingsMissing
    from pulumi_tke_hybrid.tke.names import cluster_problem

    problem = cluster_problem(given.cluster_id)
    if problem:
        raise WrongUse(f"--cluster-id: {problem}")
    try:
        settings = CloudSettings.read(lambda _: None, given.region)
    except SettingsMissing:
        raise WrongUse("no region; give --region ap-guangzhou, or TENCENTCLOUD_REGION") from None
    if given.cloud_only:
        files.refuse(
            "--cloud-only reads no kubeconfig", {"--kubeconfig": given.kubeconfig, "--context": given.context}
        )
    elif not files.named(given.kubeconfig):
        raise WrongUse(
            "no kubeconfig; give --kubeconfig or KUBECONFIG, or --cloud-only for the subnets alone"
        )
    with Console(stderr=True).status("reading"):
        counts = None
        if not given.cloud_only:
            client = files.connect(given.kubeconfig, given.context)
            counts = cluster_sources.count_live_nodes(client, settings.region)
        return cluster_sources.of_cluster(TencentCloud(settings), given.cluster_id, counts)


def result_of(outcome: "Outcome") -> "Result":
    """The outcome as the result of the command."""
    from pulumi_tke_hybrid.capacity.zone_rows import Fit
    from pulumi_tke_hybrid.cli.result import Result, Table

    return Result(
        headline=outcome.headline,
        unknowns=outcome.unknowns,
        tables=[
            Table(
                "zones",
                _columns(outcome),
                outcome.rows,
                lambda row: outcome.verdict(row) is not Fit.FITS,
                title=f"{outcome.after.cluster}: container subnets",
            )
        ],
        notes=outcome.notes,
        measured=outcome.exit_code,
        fail_on=outcome.fail_on,
        data={
            "cluster": outcome.after.cluster,
            "staticIp": outcome.after.static_ip,
            "growth": asdict(outcome.growth) if outcome.growth else None,
            "unsaid": list(outcome.unknowns),
        },
    )


def _columns(outcome: "Outcome") -> "list[Column[ZoneRow]]":
    from pulumi_tke_hybrid.capacity.zone_rows import Fit
    from pulumi_tke_hybrid.cli.result import Column

    colours = {Fit.FITS: "green", Fit.FULL: "red"}

    def colour(row: "ZoneRow") -> str:
        return colours.get(outcome.verdict(row), "yellow")

    return [
        Column("zone", "zone", lambda row: row.zone),
        Column("subnets", "subnets", lambda row: list(row.subnets)),
        Column("used of size", "", lambda row: row.used, lambda row: row.used_text, colour),
        Column("", "size", lambda row: row.size),
        Column("", "used", lambda row: row.used),
        Column("", "counted", lambda row: row.counted),
        Column("free", "free", lambda row: row.free, right=True),
        Column(
            "left by the change" if outcome.before else "",
            "change",
            lambda row: row.change,
            lambda row: row.change_text,
        ),
        Column("nodes", "nodes", lambda row: row.nodes, lambda row: row.nodes_text, right=True),
        Column("", "nodesWorkedOut", lambda row: row.about),
        Column("", "mostNodes", lambda row: row.most_nodes),
        Column("nodes fit", "nodesFit", lambda row: row.nodes_fit, right=True),
        Column("pods", "pods", lambda row: row.pods, right=True),
        Column(
            "pods fit",
            "podsFit",
            lambda row: row.pods_fit,
            lambda row: f"{'*' if row.by_table else ''}{row.pods_fit}",
            right=True,
        ),
        Column("", "podsFitOnMostNodes", lambda row: row.pods_fit_on_most),
        Column("", "podsLacking", lambda row: row.lacking),
        Column("", "limitsByTable", lambda row: row.by_table),
        Column("", "boundBy", lambda row: row.bound),
        Column("", "periodsUntilFull", lambda row: row.periods),
        Column("", "result", lambda row: outcome.verdict(row).name),
        Column("verdict", "words", outcome.sentence, style=colour),
    ]
