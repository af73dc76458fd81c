"""Options and help of `tke-hybrid capacity`. The command imports `run_command` only when it runs, so that the
help is fast."""

from pathlib import Path
from typing import Annotated

import typer

from pulumi_tke_hybrid.cli import files
from pulumi_tke_hybrid.cli.files import report_errors
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
JsonFile = Annotated[
    str,
    typer.Option(
        "--json", metavar="FILE", help="Write JSON there (- for standard output).", rich_help_panel="Report"
    ),
]


@app.callback(help=HELP)
def capacity(
    context: typer.Context,
    preview: Annotated[
        str,
        typer.Option(
            metavar="FILE",
            help="JSON of `pulumi preview --show-sames` (- for standard input).",
            rich_help_panel="Source",
        ),
    ] = "",
    state: Annotated[
        str,
        typer.Option(
            metavar="FILE",
            help="JSON of `pulumi stack export` (- for standard input).",
            rich_help_panel="Source",
        ),
    ] = "",
    facts: Annotated[
        str,
        typer.Option(
            metavar="FILE",
            help=(
                "JSON of a stack's cluster facts (- for standard input): pulumi stack output clusterFacts"
                " --json > facts.json"
            ),
            rich_help_panel="Source",
        ),
    ] = "",
    cluster_id: Annotated[
        str, typer.Option(metavar="CLS-ID", help="A live cluster.", rich_help_panel="Source")
    ] = "",
    cluster: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="Which HybridCluster of the stack, if it has several.",
            rich_help_panel="Source",
        ),
    ] = "",
    region: Annotated[
        str,
        typer.Option(
            help="Region of the live cluster. Default: TENCENTCLOUD_REGION.", rich_help_panel="Live cluster"
        ),
    ] = "",
    kubeconfig: Annotated[
        Path | None,
        typer.Option(help="The cluster's kubeconfig. Default: KUBECONFIG.", rich_help_panel="Live cluster"),
    ] = None,
    kube_context: Annotated[
        str, typer.Option("--context", help="Context of the kubeconfig.", rich_help_panel="Live cluster")
    ] = "",
    cloud_only: Annotated[
        bool,
        typer.Option(
            "--cloud-only",
            help="Read the container subnets alone, not the cluster's API server.",
            rich_help_panel="Live cluster",
        ),
    ] = False,
    growth: Annotated[
        str,
        typer.Option(
            metavar="PODS[/PERIOD]",
            help="Growth over all zones, a day, week or month.",
            rich_help_panel="Judgement",
        ),
    ] = "",
    reserve: Annotated[
        int,
        typer.Option(
            min=0,
            max=99,
            help="Per cent of each zone's addresses that must stay free.",
            rich_help_panel="Judgement",
        ),
    ] = 0,
    fail_on: Annotated[
        FailOn,
        typer.Option(
            help="End with 2 at what does not fit (error), or also at what fills up (warning).",
            rich_help_panel="Judgement",
        ),
    ] = FailOn.ERROR,
    json_file: JsonFile = "",
) -> None:
    if context.invoked_subcommand is not None:
        with report_errors("capacity"):
            files.refuse(
                f"{context.invoked_subcommand} has options of its own, after its name", _given(context)
            )
        return
    with report_errors("capacity"):
        from pulumi_tke_hybrid.capacity import run_command

        given = run_command.CapacityOptions(
            preview=preview,
            state=state,
            facts=facts,
            cluster_id=cluster_id,
            cluster=cluster,
            region=region,
            kubeconfig=kubeconfig,
            context=kube_context,
            cloud_only=cloud_only,
            growth=growth,
            reserve=reserve,
            fail_on=fail_on,
            json_file=json_file,
        )
        code = run_command.run(given)
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
