"""What `drift` does with its options: read the sides, compare, write the reports."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from pulumi_tke_hybrid.cli import files, options, result
from pulumi_tke_hybrid.cli.exit_code import ExitCode, FailOn, WrongUse
from pulumi_tke_hybrid.cli.options import named
from pulumi_tke_hybrid.cli.text import shown
from pulumi_tke_hybrid.cloud.client import TencentCloud
from pulumi_tke_hybrid.cloud.settings import CloudSettings, SettingsMissing
from pulumi_tke_hybrid.drift import report, sources
from pulumi_tke_hybrid.drift import report as table
from pulumi_tke_hybrid.drift.collect import Kube, LiveKube, collect
from pulumi_tke_hybrid.drift.compare import compare
from pulumi_tke_hybrid.drift.finding import IDS
from pulumi_tke_hybrid.drift.report import Outcome
from pulumi_tke_hybrid.drift.sources import Picture, Unread, Wish
from pulumi_tke_hybrid.kube.errors import KubeError
from pulumi_tke_hybrid.tke import names

_EXAMPLE = "node-zone-uncovered:ap-guangzhou-7"


def run(
    *,
    cluster_id: str,
    region: str,
    kubeconfig: Path | None,
    context: str,
    cloud_only: bool,
    facts_file: str,
    accept: Sequence[str],
    fail_on: FailOn,
    json_file: str,
    markdown_file: str,
) -> ExitCode:
    """Run it and write what was found. Standard output holds the table, or whatever was sent to `-`."""
    options.refuse_change("drift", fail_on)
    if cloud_only:
        options.refuse(
            "--cloud-only does not ask the cluster itself", {"--kubeconfig": kubeconfig, "--context": context}
        )
    for item in accept:
        if item.partition(":")[0] not in IDS:
            raise WrongUse(
                f"--accept {item}: there is no such finding; write its id as drift reports it, for example"
                f" {_EXAMPLE}"
            )
    files.refuse_two_on_standard_output({"--json": json_file, "--markdown": markdown_file})
    wish = sources.read(facts_file)
    cluster = _agreed("--cluster-id", cluster_id, wish.cluster_id if wish else "")
    problem = names.cluster_problem(cluster)
    if problem:
        raise WrongUse(f"--cluster-id: {problem}")
    settings = _settings(_agreed("--region", region, wish.region if wish else ""))
    kube = _kube(kubeconfig, context, cloud_only)
    picture = _picture(settings, kube, cluster, wish)
    outcome = Outcome(picture, compare(picture), accept, fail_on)
    return files.write_all(
        "drift",
        outcome.exit_code,
        lambda: files.write(json_file, report.as_json(outcome)),
        lambda: files.write(markdown_file, report.as_markdown(outcome)),
        lambda: table.show(outcome, result.console(stderr="-" in (json_file, markdown_file))),
    )


def _picture(settings: CloudSettings, kube: Kube | Unread, cluster: str, wish: Wish | None) -> Picture:
    with Console(stderr=True).status("reading") as status:
        return collect(
            TencentCloud(settings),
            kube,
            cluster,
            settings.region,
            wish,
            lambda what: status.update(f"reading {shown(what)}"),
        )


def _agreed(option: str, given: str, of_facts: str) -> str:
    if given and of_facts and given != of_facts:
        raise WrongUse(
            f"{option} is {given}, --facts are of {of_facts}; give the facts of the stack that made this"
            " cluster"
        )
    return given or of_facts


def _settings(region: str) -> CloudSettings:
    try:
        return CloudSettings.read(lambda _: None, region)
    except SettingsMissing:
        raise WrongUse("no region; give --region ap-guangzhou, --facts, or TENCENTCLOUD_REGION") from None


def _kube(kubeconfig: Path | None, context: str, cloud_only: bool) -> Kube | Unread:
    """The cluster that was named. Never the one that the machine happens to point at: another cluster would
    look like drift."""
    if cloud_only:
        return Unread("--cloud-only", wanted=False)
    if not named(kubeconfig):
        return Unread(
            "no kubeconfig was given; give --kubeconfig or KUBECONFIG, or --cloud-only if that is meant"
        )
    try:
        return LiveKube.connect(kubeconfig, context)
    except KubeError as error:
        return Unread(str(error))
