"""The options and the help of `tke-hybrid drift`; the rest is imported when the command runs."""

from typing import Annotated

import typer

from pulumi_tke_hybrid.cli.exit_code import FailOn
from pulumi_tke_hybrid.cli.files import Context, JsonFile, KubeconfigFile, MarkdownFile, report_errors

HELP = """Compare the sources of a cluster's pod network. Reads only, changes nothing.

Sources: the cloud's cluster list, IPAMD, the ConfigMap kube-system/tke-eni-ipamd, the zones of the nodes,
the addresses of the ENI pods and, with --facts, the program. Each difference is one sentence: what differs,
why it matters, what to do.

[bold]Examples[/bold]

  All sources, and the program:
    pulumi stack output clusterFacts --json > facts.json
    tke-hybrid drift --facts facts.json --kubeconfig admin.yaml

  From a runner that does not reach the API server:
    tke-hybrid drift --cluster-id cls-a1b2c3d4 --region ap-guangzhou --cloud-only

  In a pipeline; the pool in zone 7 is not for ENI pods:
    tke-hybrid drift --facts facts.json --kubeconfig admin.yaml --json drift.json \\
        --accept node-zone-uncovered:ap-guangzhou-7

[bold]Exit codes[/bold]

  0  no drift, or a difference that breaks nothing now
  2  dangerous: VPC-CNI is off, a zone with nodes has no subnet, one source alone lists a subnet, an ENI pod
     has an address of the overlay; with --fail-on warning: any difference
  3  could not tell: a source could not be read, or a report could not be written; the rest is no danger
  64 wrong use    70 a fault of tke-hybrid itself
"""


def drift(
    cluster_id: Annotated[
        str,
        typer.Option(metavar="CLS-ID", help="The cluster. Default: that of --facts.", rich_help_panel="What"),
    ] = "",
    region: Annotated[
        str,
        typer.Option(
            help="Region of the cluster. Default: that of --facts, else TENCENTCLOUD_REGION.",
            rich_help_panel="What",
        ),
    ] = "",
    facts: Annotated[
        str,
        typer.Option(
            metavar="FILE",
            help="The program: JSON of the stack's cluster_facts (- for standard input).",
            rich_help_panel="What",
        ),
    ] = "",
    accept: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ID[:SUBJECT]", help="Accept a finding; may be repeated.", rich_help_panel="What"
        ),
    ] = None,
    fail_on: Annotated[
        FailOn,
        typer.Option(
            help="End with 2 at a danger (error), or at any difference (warning).", rich_help_panel="What"
        ),
    ] = FailOn.ERROR,
    kubeconfig: KubeconfigFile = None,
    context: Context = "",
    cloud_only: Annotated[
        bool,
        typer.Option(
            "--cloud-only",
            help="Do not read the cluster itself; this does not count as `could not tell`.",
            rich_help_panel="Cluster",
        ),
    ] = False,
    json_file: JsonFile = "",
    markdown_file: MarkdownFile = "",
) -> None:
    from pulumi_tke_hybrid.cli.result import ReportFiles
    from pulumi_tke_hybrid.drift import run_command

    with report_errors("drift"):
        given = run_command.DriftOptions(
            cluster_id, region, facts, tuple(accept or ()), fail_on, kubeconfig, context, cloud_only
        )
        code = run_command.run(given, ReportFiles(json_file, markdown_file))
    raise typer.Exit(code)
