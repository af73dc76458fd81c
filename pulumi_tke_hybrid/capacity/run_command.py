"""Run `capacity` and `capacity propose`: check the options, read the cluster, count, write the reports."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from pulumi_tke_hybrid.capacity import cluster_sources, report
from pulumi_tke_hybrid.capacity.zone_rows import PERIODS, Growth, Outcome
from pulumi_tke_hybrid.cli import files
from pulumi_tke_hybrid.cli import files as options
from pulumi_tke_hybrid.cli.exit_code import ExitCode, FailOn, WrongUse
from pulumi_tke_hybrid.cli.result import ReportFiles, finish
from pulumi_tke_hybrid.tke import cidrs, enis, names, regions
from pulumi_tke_hybrid.tke.cluster import ClusterInventory
from pulumi_tke_hybrid.tke.subnet_allocation import NoRoom, SubnetProposal, ZoneDemand, propose, too_many_pods

_DEMAND = re.compile(r"(?P<zone>[^:]+):(?P<nodes>\d{1,5})x(?P<type>[^:]+):(?P<pods>\d{1,6})", re.ASCII)
_DEMAND_FORMAT = "write it as ZONE:NODESxTYPE:PODS, for example ap-guangzhou-4:3xS5.LARGE8:60"
_GROWTH = re.compile(r"(\d{1,6})(?:/(\w+))?", re.ASCII)


@dataclass(frozen=True)
class CapacityOptions:
    """The options of `capacity`; empty: not given."""

    preview: str = ""
    state: str = ""
    facts: str = ""
    cluster_id: str = ""
    cluster: str = ""
    region: str = ""
    kubeconfig: Path | None = None
    context: str = ""
    cloud_only: bool = False
    growth: str = ""
    reserve: int = 0
    fail_on: FailOn = FailOn.ERROR
    json_file: str = ""


class InvalidRequest(Exception):
    """All faults of the options of `capacity propose`, a line each."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.lines = tuple(lines)
        super().__init__("; ".join(lines))


def run(given: CapacityOptions) -> ExitCode:
    """Read and count one cluster, and write the reports."""
    options.refuse_change("capacity", given.fail_on)
    _check_source(given)
    growth = _growth(given.growth)
    before, after = _read(given)
    outcome = Outcome(after, before, growth, given.reserve, given.fail_on)
    return finish("capacity", report.result_of(outcome), ReportFiles(json=given.json_file))


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
        options.refuse(f"{named[0]} is about one cluster", {"--cluster": given.cluster})
    if not given.cluster_id:
        live = {
            "--region": given.region,
            "--kubeconfig": given.kubeconfig,
            "--context": given.context,
            "--cloud-only": given.cloud_only,
        }
        options.refuse(f"{named[0]} is read without a live cluster", live)


def _read(given: CapacityOptions) -> tuple[ClusterInventory | None, ClusterInventory]:
    """(the cluster before a change, the cluster after the change, or as it is)."""
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


def _growth(text: str) -> Growth | None:
    if not text:
        return None
    match = _GROWTH.fullmatch(text)
    period = match[2] or "week" if match else ""
    if match is None or period not in PERIODS:
        raise WrongUse(
            f"--growth {text!r} is no growth; write pods a {' or '.join(PERIODS)}, for example 20/week"
        )
    return Growth(int(match[1]), period)


def _read_live(given: CapacityOptions) -> ClusterInventory:
    from pulumi_tke_hybrid.cloud.api_client import TencentCloud
    from pulumi_tke_hybrid.cloud.calls import CloudSettings, SettingsMissing

    problem = names.cluster_problem(given.cluster_id)
    if problem:
        raise WrongUse(f"--cluster-id: {problem}")
    try:
        settings = CloudSettings.read(_no_configuration, given.region)
    except SettingsMissing:
        raise WrongUse("no region; give --region ap-guangzhou, or TENCENTCLOUD_REGION") from None
    if given.cloud_only:
        options.refuse(
            "--cloud-only reads no kubeconfig",
            {"--kubeconfig": given.kubeconfig, "--context": given.context},
        )
    elif not options.named(given.kubeconfig):
        raise WrongUse(
            "no kubeconfig; give --kubeconfig or KUBECONFIG, or --cloud-only for the subnets alone"
        )
    with Console(stderr=True).status("reading"):
        counts = None
        if not given.cloud_only:
            client = options.connect(given.kubeconfig, given.context)
            counts = cluster_sources.count_live_nodes(client, settings.region)
        return cluster_sources.of_cluster(TencentCloud(settings), given.cluster_id, counts)


def _no_configuration(_: str) -> None:
    """The command has no stack's configuration; the credentials come from the environment."""


def run_propose(*, vpc: str, zones: list[str], taken: list[str], growth: int, json_file: str) -> ExitCode:
    """Write a proposal."""
    try:
        proposals = proposal(vpc, zones, taken, growth)
    except InvalidRequest as error:
        for line in error.lines:
            files.complain("capacity propose", line)
        return ExitCode.WRONG_USE
    reports = ReportFiles(json=json_file)
    return files.write_all(
        "capacity propose",
        ExitCode.FINE,
        lambda: files.write(json_file, report.proposal_as_json(proposals, vpc)),
        lambda: report.show_proposal(proposals, reports.console()),
    )


def proposal(vpc: str, demands: Sequence[str], taken: Sequence[str], growth: int) -> list[SubnetProposal]:
    """A subnet for each zone. Raises `InvalidRequest` with all faults at once."""
    wrong = [f"--vpc: {problem}" for problem in [cidrs.cidr_problem(vpc)] if problem]
    wrong += [f"--taken {block}: {problem}" for block in taken if (problem := cidrs.cidr_problem(block))]
    parsed: list[ZoneDemand] = []
    for text in demands:
        demand = _parsed_demand(text)
        if isinstance(demand, str):
            wrong.append(f"--zone {text}: {demand}")
        else:
            parsed.append(demand)
    first = regions.region_of(parsed[0].zone) if parsed else None
    for demand in parsed:
        foreign = regions.foreign_zone_problem("", demand.zone, first) if first else None
        wrong += [f"--zone: {foreign}"] if foreign else []
    if wrong:
        raise InvalidRequest(wrong)
    try:
        return propose(vpc, parsed, {block: block for block in taken}, growth / 100)
    except NoRoom as error:
        raise InvalidRequest([str(error)]) from None


def _parsed_demand(text: str) -> ZoneDemand | str:
    """The demand of one `--zone`, or a sentence with its fault."""
    match = _DEMAND.fullmatch(text)
    if match is None:
        return _DEMAND_FORMAT
    problem = regions.zone_problem(match["zone"])
    limit = enis.eni_limit(match["type"])
    if problem:
        return str(problem)
    if limit is None:
        return f"{match['type']} is not in the table of ENI limits; name a type like S5.LARGE8"
    demand = ZoneDemand(match["zone"], int(match["nodes"]), int(match["pods"]), limit)
    return too_many_pods(demand) or demand
