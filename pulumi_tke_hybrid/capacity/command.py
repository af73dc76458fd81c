"""Options and help of `tke-hybrid capacity`. The command imports `run_command` only when it runs, so that the
help is fast."""

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from pulumi_tke_hybrid.cli import files
from pulumi_tke_hybrid.cli.files import JsonFile, option, report_errors
from pulumi_tke_hybrid.cli.process import FailOn

HELP = """How many nodes and ENI pods fit in each zone, now and after a change. Reads only, changes nothing.

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


@dataclass(frozen=True)
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


@app.callback(help=HELP)
@functools.wraps(CapacityOptions, updated=())
def capacity(**given: Any) -> None:
    options = CapacityOptions(**given)
    with report_errors("capacity"):
        command = options.invocation.invoked_subcommand
        if command is not None:
            files.refuse(f"{command} has options of its own, after its name", _given(options.invocation))
            return
        from pulumi_tke_hybrid.capacity import run_command

        code = run_command.run(options)
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
