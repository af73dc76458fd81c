"""Runs `drift`: reads the sources, compares them, writes the reports."""

from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from pulumi_tke_hybrid.cli import files
from pulumi_tke_hybrid.cli import files as options
from pulumi_tke_hybrid.cli.exit_code import ExitCode, FailOn, WrongUse
from pulumi_tke_hybrid.cli.result import ReportFiles, finish
from pulumi_tke_hybrid.cli.text import shown
from pulumi_tke_hybrid.cloud.api_client import TencentCloud
from pulumi_tke_hybrid.cloud.calls import CloudSettings, SettingsMissing
from pulumi_tke_hybrid.drift import report
from pulumi_tke_hybrid.drift.collect import collect
from pulumi_tke_hybrid.drift.compare import compare, rule_ids
from pulumi_tke_hybrid.drift.snapshot import Unavailable
from pulumi_tke_hybrid.kube.client import KubeClient
from pulumi_tke_hybrid.kube.errors import KubeError
from pulumi_tke_hybrid.tke import ipamd, names
from pulumi_tke_hybrid.tke.cluster import ClusterFacts

_EXAMPLE = "node-zone-uncovered:ap-guangzhou-7"


@dataclass(frozen=True)
class DriftOptions:
    """The options of `drift`. Raises `WrongUse` for options that exclude each other."""

    cluster_id: str
    region: str
    facts: str
    accept: tuple[str, ...]
    fail_on: FailOn
    kubeconfig: Path | None
    context: str
    cloud_only: bool

    def __post_init__(self) -> None:
        options.refuse_change("drift", self.fail_on)
        if self.cloud_only:
            options.refuse_kubeconfig(self.kubeconfig, self.context)
        for item in self.accept:
            if item.partition(":")[0] not in rule_ids():
                raise WrongUse(
                    f"--accept {item}: there is no such finding; write its id as drift reports it, for"
                    f" example {_EXAMPLE}"
                )


def run(given: DriftOptions, reports: ReportFiles) -> ExitCode:
    """Read, compare and report. Standard output holds the tables, or the report that goes to `-`."""
    program = read_program(given.facts)
    cluster = _agreed("--cluster-id", given.cluster_id, program.cluster_id if program else "")
    problem = names.cluster_problem(cluster)
    if problem:
        raise WrongUse(f"--cluster-id: {problem}")
    settings = _settings(_agreed("--region", given.region, program.region if program else ""))
    kube = _kube(given)
    with Console(stderr=True).status("reading") as status:
        snapshot = collect(
            TencentCloud(settings),
            kube,
            cluster,
            settings.region,
            program,
            lambda source: status.update(f"reading {shown(source)}"),
        )
    return finish("drift", report.result(snapshot, compare(snapshot), given.accept, given.fail_on), reports)


def read_program(name: str) -> ClusterFacts | None:
    """The facts in a file, `-` for standard input; None without a file. Raises `WrongUse`."""
    facts = files.read_facts(name) if name else None
    if facts is not None:
        problem = ipamd.reclaim_problem(facts.ip_reclaim)
        if problem:
            raise WrongUse(f"--facts {name}: ipReclaim: {problem}; write it with: {files.FACTS_COMMAND}")
    return facts


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


def _kube(given: DriftOptions) -> KubeClient | Unavailable:
    """The cluster of the kubeconfig that the user named. The current context of the machine is never used:
    another cluster would look like drift."""
    if given.cloud_only:
        return Unavailable("--cloud-only", wanted=False)
    if not options.named(given.kubeconfig):
        return Unavailable(
            "no kubeconfig was given; give --kubeconfig or KUBECONFIG, or --cloud-only if that is intended"
        )
    try:
        return options.connect(given.kubeconfig, given.context)
    except KubeError as error:
        return Unavailable(str(error))
