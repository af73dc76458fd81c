"""The report of `capacity` and of `capacity propose`: the table, the JSON, and the lines for the program.

The numbers come from `zone_rows` and `tke.subnet_allocation`."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict

from rich.console import Console
from rich.text import Text

from pulumi_tke_hybrid.capacity.zone_rows import Fit, Outcome, ZoneRow
from pulumi_tke_hybrid.cli.exit_code import ExitCode
from pulumi_tke_hybrid.cli.result import FORMAT, Column, Result, Table
from pulumi_tke_hybrid.tke.subnet_allocation import SubnetProposal

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


def proposal_as_json(proposals: Sequence[SubnetProposal], vpc: str) -> str:
    """The proposals as JSON text."""
    subnets = [
        {
            "zone": item.zone,
            "cidrBlock": item.block,
            "addresses": item.addresses,
            "needed": item.needed,
            "wanted": item.wanted,
            "reasons": list(item.reasons),
        }
        for item in proposals
    ]
    return json.dumps({"format": FORMAT, "vpcCidr": vpc, "subnets": subnets}, indent=2) + "\n"


def show_proposal(proposals: Sequence[SubnetProposal], console: Console) -> None:
    """Print each proposed subnet with its reasons, then the lines for the program."""
    for item in proposals:
        need = f"  {item.needed} of {item.addresses} addresses needed"
        console.print(Text.assemble((item.zone, "bold"), "  ", (item.block, "green"), need))
        for reason in item.reasons:
            console.print(Text(f"    {reason}", style="dim"))
    console.print()
    seen = Counter[str]()
    for item in proposals:
        seen[item.zone] += 1
        name = f"pods-{item.zone}" if seen[item.zone] == 1 else f"pods-{item.zone}-{seen[item.zone]}"
        inputs = f'{{"vpc_id": vpc.id, "zone": "{item.zone}", "cidr_block": "{item.block}"}}'
        console.print(f'tke.EniZoneSubnet("{name}", {inputs})', highlight=False, soft_wrap=True)
