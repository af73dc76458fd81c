"""`tke-hybrid drift`: options and help; reads the sources, compares them, writes the reports. The readers of
the sources are imported when the command runs."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pulumi_tke_hybrid.cli import files
from pulumi_tke_hybrid.cli.files import Context, JsonFile, KubeconfigFile, MarkdownFile, option
from pulumi_tke_hybrid.cli.process import ExitCode, FailOn, WrongUse, shown

if TYPE_CHECKING:
    from pulumi_tke_hybrid.cli.result import ReportFiles
    from pulumi_tke_hybrid.cloud.calls import CloudSettings
    from pulumi_tke_hybrid.drift.snapshot import Unavailable
    from pulumi_tke_hybrid.kube.client import KubeClient
    from pulumi_tke_hybrid.tke.cluster import ClusterFacts

HELP = """
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
"""The help after its first sentences, which stand in `cli.commands`."""


def drift(
    cluster_id: Annotated[
        str, option("What", "The cluster. Default: that of --facts.", metavar="CLS-ID")
    ] = "",
    region: Annotated[
        str, option("What", "Region of the cluster. Default: that of --facts, else TENCENTCLOUD_REGION.")
    ] = "",
    facts: Annotated[
        str,
        option(
            "What", "The program: JSON of the stack's cluster_facts (- for standard input).", metavar="FILE"
        ),
    ] = "",
    accept: Annotated[
        list[str] | None, option("What", "Accept a finding; may be repeated.", metavar="ID[:SUBJECT]")
    ] = None,
    fail_on: Annotated[
        FailOn, option("What", "End with 2 at a danger (error), or at any difference (warning).")
    ] = FailOn.ERROR,
    kubeconfig: KubeconfigFile = None,
    context: Context = "",
    cloud_only: Annotated[
        bool,
        option(
            "Cluster",
            "Do not read the cluster itself; this does not count as `could not tell`.",
            "--cloud-only",
        ),
    ] = False,
    json_file: JsonFile = "",
    markdown_file: MarkdownFile = "",
) -> None:
    with files.report_errors("drift"):
        from pulumi_tke_hybrid.cli.result import ReportFiles
        from pulumi_tke_hybrid.tke.names import cluster_problem

        files.refuse_change("drift", fail_on)
        if cloud_only:
            ignored = {"--kubeconfig": kubeconfig, "--context": context}
            files.refuse("--cloud-only does not read the cluster itself", ignored)
        accepted = tuple(accept or ())
        _refuse_unknown(accepted)
        reports = ReportFiles(json_file, markdown_file)
        program = read_program(facts)
        cluster = _agreed("--cluster-id", cluster_id, program.cluster_id if program else "")
        problem = cluster_problem(cluster)
        if problem:
            raise WrongUse(f"--cluster-id: {problem}")
        settings = _settings(_agreed("--region", region, program.region if program else ""))
        kube = connect(kubeconfig, context, cloud_only=cloud_only)
        code = run(cluster, settings, kube, program, accepted, fail_on, reports)
    raise typer.Exit(code)


def run(
    cluster: str,
    settings: "CloudSettings",
    kube: "KubeClient | Unavailable",
    program: "ClusterFacts | None",
    accepted: tuple[str, ...],
    fail_on: FailOn,
    reports: "ReportFiles",
) -> ExitCode:
    """Read, compare and report. Standard output holds the tables, or the report that goes to `-`."""
    from rich.console import Console

    from pulumi_tke_hybrid.cli.result import finish
    from pulumi_tke_hybrid.cloud.api_client import TencentCloud
    from pulumi_tke_hybrid.drift import report
    from pulumi_tke_hybrid.drift.collect import collect
    from pulumi_tke_hybrid.drift.compare import compare

    with Console(stderr=True).status("reading") as status:
        snapshot = collect(
            TencentCloud(settings),
            kube,
            cluster,
            settings.region,
            program,
            lambda source: status.update(f"reading {shown(source)}"),
        )
    return finish("drift", report.result(snapshot, compare(snapshot), accepted, fail_on), reports)


def _refuse_unknown(accepted: tuple[str, ...]) -> None:
    """Raise `WrongUse` for an accepted finding whose id no rule has."""
    from pulumi_tke_hybrid.drift.compare import rule_ids

    for item in accepted:
        if item.partition(":")[0] not in rule_ids():
            raise WrongUse(
                f"--accept {item}: there is no such finding; write its id as drift reports it, for example"
                " node-zone-uncovered:ap-guangzhou-7"
            )


def read_program(name: str) -> "ClusterFacts | None":
    """The facts in a file, `-` for standard input; None without a file. Raises `WrongUse`."""
    from pulumi_tke_hybrid.tke.ipamd import reclaim_problem

    if not name:
        return None
    facts = files.read_facts(name)
    if problem := reclaim_problem(facts.ip_reclaim):
        raise WrongUse(f"--facts {name}: ipReclaim: {problem}; write it with: {files.FACTS_COMMAND}")
    return facts


def _agreed(option: str, given: str, of_facts: str) -> str:
    if given and of_facts and given != of_facts:
        raise WrongUse(
            f"{option} is {given}, --facts are of {of_facts}; give the facts of the stack that made this"
            " cluster"
        )
    return given or of_facts


def _settings(region: str) -> "CloudSettings":
    from pulumi_tke_hybrid.cloud.calls import CloudSettings, SettingsMissing

    try:
        return CloudSettings.read(lambda _: None, region)
    except SettingsMissing:
        raise WrongUse("no region; give --region ap-guangzhou, --facts, or TENCENTCLOUD_REGION") from None


def connect(kubeconfig: Path | None, context: str, *, cloud_only: bool) -> "KubeClient | Unavailable":
    """Return the cluster of the kubeconfig that the user named. The current context of the machine is never
    used: another cluster would look like drift."""
    from pulumi_tke_hybrid.drift.snapshot import Unavailable
    from pulumi_tke_hybrid.kube import KubeError

    if cloud_only:
        return Unavailable("--cloud-only", wanted=False)
    if not files.named(kubeconfig):
        return Unavailable(
            "no kubeconfig was given; give --kubeconfig or KUBECONFIG, or --cloud-only if that is intended"
        )
    try:
        return files.connect(kubeconfig, context)
    except KubeError as error:
        return Unavailable(str(error))
