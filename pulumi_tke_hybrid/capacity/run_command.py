"""What `capacity propose` is asked for: zones with nodes and pods, and ranges that are taken.

What `capacity` does with its options: read, count, write the reports."""

import re
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from pulumi_tke_hybrid.capacity import report
from pulumi_tke_hybrid.capacity import report as table
from pulumi_tke_hybrid.capacity import sources as read_plan
from pulumi_tke_hybrid.capacity.report import Outcome
from pulumi_tke_hybrid.capacity.rows import PERIODS, Growth
from pulumi_tke_hybrid.cli import files, options, result
from pulumi_tke_hybrid.cli import files as json_files
from pulumi_tke_hybrid.cli.exit_code import ExitCode, FailOn, WrongUse
from pulumi_tke_hybrid.tke import cidrs, enis, names, regions
from pulumi_tke_hybrid.tke.cluster import ClusterInventory
from pulumi_tke_hybrid.tke.subnet_allocation import NoRoom, SubnetProposal, ZoneDemand, propose, too_many_pods

_WISH = re.compile(r"(?P<zone>[^:]+):(?P<nodes>\d{1,5})x(?P<type>[^:]+):(?P<pods>\d{1,6})", re.ASCII)


class InvalidRequest(Exception):
    """All that is wrong with a question, a line each."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.lines = tuple(lines)
        super().__init__("; ".join(lines))


HOW = "write it as ZONE:NODESxTYPE:PODS, for example ap-guangzhou-4:3xS5.LARGE8:60"


def proposal(vpc: str, wishes: Sequence[str], taken: Sequence[str], growth: int) -> list[SubnetProposal]:
    """A subnet for each zone. All that is wrong with the question is said at once."""
    wrong = [f"--vpc: {problem}" for problem in [cidrs.cidr_problem(vpc)] if problem]
    wrong += [f"--taken {block}: {problem}" for block in taken if (problem := cidrs.cidr_problem(block))]
    asked: list[ZoneDemand] = []
    for text in wishes:
        wish = _wish(text)
        if isinstance(wish, str):
            wrong.append(f"--zone {text}: {wish}")
        else:
            asked.append(wish)
    first = regions.region_of(asked[0].zone) if asked else None
    for wish in asked:
        foreign = regions.foreign_zone_problem("", wish.zone, first) if first else None
        wrong += [f"--zone: {foreign}"] if foreign else []
    if wrong:
        raise InvalidRequest(wrong)
    try:
        return propose(vpc, asked, {block: block for block in taken}, growth / 100)
    except NoRoom as error:
        raise InvalidRequest([str(error)]) from None


def _wish(text: str) -> ZoneDemand | str:
    match = _WISH.fullmatch(text)
    if match is None:
        return HOW
    problem = regions.zone_problem(match["zone"])
    limit = enis.eni_limit(match["type"])
    if problem:
        return str(problem)
    if limit is None:
        return f"{match['type']} is not in the table of ENI limits; name a type like S5.LARGE8"
    wish = ZoneDemand(match["zone"], int(match["nodes"]), int(match["pods"]), limit)
    return too_many_pods(wish) or wish


_GROWTH = re.compile(r"(\d{1,6})(?:/(\w+))?", re.ASCII)


def run(
    *,
    preview: str,
    state: str,
    facts: str,
    cluster_id: str,
    cluster: str,
    region: str,
    kubeconfig: Path | None,
    context: str,
    cloud_only: bool,
    growth: str,
    reserve: int,
    fail_on: FailOn,
    json_file: str,
) -> ExitCode:
    """Run it and write what was found. Standard output holds the table, or the JSON."""
    options.refuse_change("capacity", fail_on)
    sources = {"--preview": preview, "--state": state, "--facts": facts, "--cluster-id": cluster_id}
    given = [option for option, value in sources.items() if value]
    if len(given) != 1:
        raise WrongUse(
            f"one of {', '.join(sources)} is needed" + (f"; given are {' and '.join(given)}" if given else "")
        )
    if facts or cluster_id:
        options.refuse(f"{given[0]} tells of one cluster", {"--cluster": cluster})
    if not cluster_id:
        live = {
            "--region": region,
            "--kubeconfig": kubeconfig,
            "--context": context,
            "--cloud-only": cloud_only,
        }
        options.refuse(f"{given[0]} is read without asking a live cluster", live)
    wanted = _growth(growth)
    if preview:
        before, after = read_plan.of_preview(
            json_files.read("--preview", preview, "pulumi preview --json --show-sames"), cluster
        )
        outcome = Outcome(after, before, wanted, reserve, fail_on)
    elif state:
        outcome = Outcome(
            read_plan.of_stack(json_files.read("--state", state, "pulumi stack export"), cluster),
            None,
            wanted,
            reserve,
            fail_on,
        )
    elif facts:
        how = "pulumi stack output clusterFacts --json"
        outcome = Outcome(
            read_plan.of_facts(json_files.read("--facts", facts, how)), None, wanted, reserve, fail_on
        )
    else:
        outcome = Outcome(
            _live(cluster_id, region, kubeconfig, context, cloud_only), None, wanted, reserve, fail_on
        )
    return files.write_all(
        "capacity",
        outcome.exit_code,
        lambda: files.write(json_file, report.as_json(outcome)),
        lambda: table.show(outcome, result.console(stderr=json_file == files.STANDARD_OUTPUT)),
    )


def run_propose(*, vpc: str, zones: list[str], taken: list[str], growth: int, json_file: str) -> ExitCode:
    """Write a proposal."""
    try:
        placed = proposal(vpc, zones, taken, growth)
    except InvalidRequest as error:
        for line in error.lines:
            files.complain("capacity propose", line)
        return ExitCode.WRONG_USE
    return files.write_all(
        "capacity propose",
        ExitCode.FINE,
        lambda: files.write(json_file, report.proposal_as_json(placed, vpc)),
        lambda: table.show_proposal(placed, result.console(stderr=json_file == files.STANDARD_OUTPUT)),
    )


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


def _live(
    cluster_id: str, region: str, kubeconfig: Path | None, context: str, cloud_only: bool
) -> ClusterInventory:
    from pulumi_tke_hybrid.capacity import sources as inside
    from pulumi_tke_hybrid.capacity import sources as read_live
    from pulumi_tke_hybrid.cli.options import connect, named
    from pulumi_tke_hybrid.cloud.client import TencentCloud
    from pulumi_tke_hybrid.cloud.settings import CloudSettings, SettingsMissing

    problem = names.cluster_problem(cluster_id)
    if problem:
        raise WrongUse(f"--cluster-id: {problem}")
    try:
        settings = CloudSettings.read(_nothing, region)
    except SettingsMissing:
        raise WrongUse("no region; give --region ap-guangzhou, or TENCENTCLOUD_REGION") from None
    if cloud_only:
        options.refuse(
            "--cloud-only does not ask the cluster itself", {"--kubeconfig": kubeconfig, "--context": context}
        )
    elif not named(kubeconfig):
        raise WrongUse(
            "no kubeconfig; give --kubeconfig or KUBECONFIG, or --cloud-only for the subnets alone"
        )
    with Console(stderr=True).status("reading"):
        counted = None if cloud_only else inside.look(connect(kubeconfig, context), settings.region)
        return read_live.of_cluster(TencentCloud(settings), cluster_id, counted)


def _nothing(_: str) -> None:
    """The command has no stack's configuration; keys come from the environment."""
