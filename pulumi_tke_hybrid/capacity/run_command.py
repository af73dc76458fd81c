"""Run `capacity` and `capacity propose`: check the options, read the cluster, count, write the reports."""

import re
from collections.abc import Callable, Sequence
from dataclasses import asdict

from rich.console import Console

from pulumi_tke_hybrid.capacity import cluster_sources
from pulumi_tke_hybrid.capacity.command import CapacityOptions
from pulumi_tke_hybrid.capacity.zone_rows import PERIODS, Fit, Growth, Outcome, ZoneRow
from pulumi_tke_hybrid.cli import files
from pulumi_tke_hybrid.cli.process import ExitCode, WrongUse
from pulumi_tke_hybrid.cli.result import Column, ReportFiles, Result, Table, finish
from pulumi_tke_hybrid.tke import names
from pulumi_tke_hybrid.tke.cluster import ClusterInventory

_GROWTH = re.compile(r"(\d{1,6})(?:/(\w+))?", re.ASCII)
BAR = 20
_COLOURS = {Fit.FITS: "green", Fit.FULL: "red"}
_HEADLINES = {
    ExitCode.FINE: "everything fits",
    ExitCode.NOT_FINE: "not everything fits, or too few addresses stay free",
    ExitCode.COULD_NOT_TELL: "could not tell whether everything fits",
}
_NOTES: Sequence[tuple[Callable[[ZoneRow], bool], str]] = (
    (lambda row: not row.counted, "~ not counted by the cloud: addresses that nodes and pods will take"),
    (lambda row: row.by_table, "* by the vendor's table of ENI limits, not by the API or the nodes"),
    (lambda row: row.about, "about: nodes of a pool in several zones, divided evenly"),
)


def run(given: CapacityOptions) -> ExitCode:
    """Read and count one cluster, and write the reports."""
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
        files.refuse(
            "--cloud-only reads no kubeconfig",
            {"--kubeconfig": given.kubeconfig, "--context": given.context},
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


def _no_configuration(_: str) -> None:
    """The command has no stack's configuration; the credentials come from the environment."""


def result_of(outcome: Outcome) -> Result:
    """The outcome as the result of the command."""
    code = outcome.exit_code
    return Result(
        headline=f"{outcome.after.cluster}: {_HEADLINES[code]}",
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
        notes=[note for applies, note in _NOTES if any(map(applies, outcome.rows))],
        measured=code,
        fail_on=outcome.fail_on,
        data={
            "cluster": outcome.after.cluster,
            "staticIp": outcome.after.static_ip,
            "growth": asdict(outcome.growth) if outcome.growth else None,
            "unsaid": list(outcome.unknowns),
        },
    )


def _columns(outcome: Outcome) -> list[Column[ZoneRow]]:
    def colour(row: ZoneRow) -> str:
        return _COLOURS.get(outcome.verdict(row), "yellow")

    return [
        Column("zone", "zone", lambda row: row.zone),
        Column("subnets", "subnets", lambda row: list(row.subnets)),
        Column("used of size", "", lambda row: row.used, _used, colour),
        Column("", "size", lambda row: row.size),
        Column("", "used", lambda row: row.used),
        Column("", "counted", lambda row: row.counted),
        Column("free", "free", lambda row: row.free, right=True),
        Column("left by the change" if outcome.before else "", "change", lambda row: row.change, _change),
        Column("nodes", "nodes", lambda row: row.nodes, _nodes, right=True),
        Column("", "nodesWorkedOut", lambda row: row.about),
        Column("", "mostNodes", lambda row: row.most_nodes),
        Column("nodes fit", "nodesFit", lambda row: row.nodes_fit, right=True),
        Column("pods", "pods", lambda row: row.pods, right=True),
        Column("pods fit", "podsFit", lambda row: row.pods_fit, _pods_fit, right=True),
        Column("", "podsFitOnMostNodes", lambda row: row.pods_fit_on_most),
        Column("", "podsLacking", lambda row: row.lacking),
        Column("", "limitsByTable", lambda row: row.by_table),
        Column("", "boundBy", lambda row: row.bound),
        Column("", "periodsUntilFull", lambda row: row.periods),
        Column("", "result", lambda row: outcome.verdict(row).name),
        Column("verdict", "words", outcome.sentence, style=colour),
    ]


def _used(row: ZoneRow) -> str:
    return f"{bar(row.used, row.size)} {'' if row.counted else '~'}{row.used}/{row.size}"


def bar(used: int, size: int) -> str:
    """The used part of a zone as a bar of `BAR` signs. A bar is empty, or full, only if the zone is."""
    if size <= 0:
        return "-" * BAR
    filled = min(max(used, 0), size) * BAR // size
    filled = max(filled, 1) if used > 0 else 0
    return "#" * filled + "." * (BAR - filled)


def _nodes(row: ZoneRow) -> str:
    number = str(row.nodes) if row.most_nodes == row.nodes else f"{row.nodes} to {row.most_nodes}"
    return f"about {number}" if row.about else number


def _pods_fit(row: ZoneRow) -> str:
    return f"{'*' if row.by_table else ''}{row.pods_fit}"


def _change(row: ZoneRow) -> str:
    if row.change is None:
        return "?"
    return f"{row.free} ({-row.change:+d})" if row.change else f"{row.free} (as now)"
