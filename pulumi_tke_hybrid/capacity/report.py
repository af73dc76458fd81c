"""All that one run found, and its exit code.

An outcome, and a proposal, as JSON.

An outcome, and a proposal, for a terminal."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import Enum
from functools import cached_property
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pulumi_tke_hybrid.capacity.rows import Growth, Row, rows
from pulumi_tke_hybrid.cli.exit_code import ExitCode, FailOn
from pulumi_tke_hybrid.cli.result import first_rows
from pulumi_tke_hybrid.cli.text import several, shown
from pulumi_tke_hybrid.tke.cluster import ClusterInventory
from pulumi_tke_hybrid.tke.subnet_allocation import SubnetProposal
from pulumi_tke_hybrid.tke.values import unknown


class Fit(Enum):
    """What a zone comes to, the worst first."""

    FULL = "full"
    """The zone has too few addresses, or none at all, for its nodes or pods."""
    COULD_NOT_TELL = "could not tell"
    """The type of a node is not known."""
    TIGHT = "tight"
    """Everything fits, and less than `--reserve` is left."""
    FILLS_UP = "fills up"
    """Everything fits, and not even one further period of `--growth` does."""
    FITS = "fits"


@dataclass(frozen=True)
class Outcome:
    """The result of one `capacity`."""

    after: ClusterInventory
    before: ClusterInventory | None = None
    growth: Growth | None = None
    reserve: int = 0
    """Per cent of each zone's addresses that must stay free."""
    fail_on: FailOn = FailOn.ERROR

    @cached_property
    def rows(self) -> list[Row]:
        """A row for each zone."""
        return rows(self.after, self.before, self.growth)

    def verdict(self, row: Row) -> Fit:
        """Of one zone."""
        if row.most_nodes and not row.subnets:
            return Fit.FULL
        if row.lacking or (row.ranges_known and row.free < 0):
            return Fit.FULL
        if row.uncertain or not row.ranges_known or (row.most_nodes and not row.types_known):
            return Fit.COULD_NOT_TELL
        if row.free * 100 < row.size * self.reserve:
            return Fit.TIGHT
        return Fit.FILLS_UP if self.growth and row.periods == 0 else Fit.FITS

    @property
    def unsaid(self) -> Sequence[str]:
        """What could not be told, in words."""
        strange = [
            _unknown_type(nodes.instance_type, zone.name)
            for zone in self.after.zones
            for nodes in zone.nodes
            if nodes.greatest and self.after.limit(nodes) is None
        ]
        kubelet = self.after.pods_per_node is None and any(
            row.uncertain and row.types_known for row in self.rows
        )
        unread = f"cluster_max_pod_num of {self.after.cluster}, which bounds the pods of a node, is not known"
        return [*self.after.unknowns, *dict.fromkeys(strange)] or ([unread] if kubelet else [])

    @property
    def exit_code(self) -> ExitCode:
        """The worst zone. Less than the reserve is not fine: `--reserve` asks for that."""
        found = {self.verdict(row) for row in self.rows}
        if found & {Fit.FULL, Fit.TIGHT} or (Fit.FILLS_UP in found and self.fail_on.warnings_count):
            return ExitCode.NOT_FINE
        return ExitCode.COULD_NOT_TELL if self.unsaid or Fit.COULD_NOT_TELL in found else ExitCode.FINE

    def words(self, row: Row) -> str:
        """What a zone comes to."""
        if not row.subnets and (row.most_nodes or row.lacking):
            return "no ENI subnet: no ENI pod can run here"
        if row.ranges_known and row.free < 0:
            return f"{-row.free} addresses are missing"
        if row.lacking:
            return f"{several(row.lacking, 'pod')} {'does' if row.lacking == 1 else 'do'} not fit"
        if not row.ranges_known:
            return "the range of a subnet is not known"
        if row.most_nodes and not row.types_known:
            return "the type of a node is not known"
        if row.uncertain:
            return "not certain that all pods fit"
        if self.verdict(row) is Fit.TIGHT:
            return f"less than {self.reserve} % free"
        if self.growth is None or row.periods is None:
            return "fits" if row.pods <= row.pods_fit else "fits when the autoscaler has made more nodes"
        return (
            f"full in {row.periods} {self.growth.period}{'' if row.periods == 1 else 's'}"
            if row.periods
            else "full now"
        )


def _unknown_type(instance_type: str, zone: str) -> str:
    """Why a node's ENIs are not known. How the engine writes a value that comes late is nothing to show."""
    if unknown(instance_type):
        return f"a node in {zone} has a type that is not known yet"
    return f"{instance_type or 'a node without type'} in {zone} is not in the table of ENI limits"


FORMAT = 2
"""Changes when a key of the JSON changes its meaning or goes."""


def as_data(outcome: Outcome) -> dict[str, Any]:
    """The whole outcome as plain data."""
    return {
        "format": FORMAT,
        "cluster": outcome.after.cluster,
        "staticIp": outcome.after.static_ip,
        "exitCode": int(outcome.exit_code),
        "result": outcome.exit_code.name,
        "growth": asdict(outcome.growth) if outcome.growth else None,
        "unsaid": list(outcome.unsaid),
        "zones": [
            {
                "zone": row.zone, "subnets": list(row.subnets), "size": row.size, "used": row.used, "counted": row.counted,
                "free": row.free, "nodes": row.nodes, "nodesWorkedOut": row.about, "mostNodes": row.most_nodes, "nodesFit": row.nodes_fit,
                "pods": row.pods, "podsFit": row.pods_fit, "podsFitOnMostNodes": row.pods_fit_on_most, "podsLacking": row.lacking,
                "limitsByTable": row.by_table, "boundBy": row.bound, "change": row.change,
                "periodsUntilFull": row.periods, "result": outcome.verdict(row).name, "words": outcome.words(row),
            }
            for row in outcome.rows
        ],
    }  # fmt: skip


def as_json(outcome: Outcome) -> str:
    """The whole outcome as JSON text."""
    return json.dumps(as_data(outcome), indent=2) + "\n"


def proposal_as_json(placed: Sequence[SubnetProposal], vpc: str) -> str:
    """A proposal as JSON text."""
    subnets = [
        {
            "zone": item.zone, "cidrBlock": item.block, "addresses": item.addresses, "needed": item.needed, "wanted": item.wanted,
            "reasons": list(item.reasons),
        }
        for item in placed
    ]  # fmt: skip
    return json.dumps({"format": FORMAT, "vpcCidr": vpc, "subnets": subnets}, indent=2) + "\n"


BAR = 20
_COLOURS = {Fit.FITS: "green", Fit.FULL: "red"}


def show(outcome: Outcome, console: Console) -> None:
    """A line for each zone, and what could not be told."""
    title = Text(f"{shown(outcome.after.cluster)}: container subnets")
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    changed = outcome.before is not None
    heads = ["zone", "subnets", "used of size", "", "free", *(["left by the change"] if changed else [])]
    for head in (*heads, "nodes", "nodes fit", "pods", "pods fit", ""):
        table.add_column(
            head,
            justify="right" if head in ("free", "nodes", "nodes fit", "pods", "pods fit") else "left",
            overflow="fold",
        )
    rows, table.caption = first_rows(outcome.rows, lambda row: outcome.verdict(row) is not Fit.FITS)
    for row in rows:
        colour = _COLOURS.get(outcome.verdict(row), "yellow")
        cells: list[str | Text] = [
            shown(row.zone),
            "\n".join(map(shown, row.subnets)) or "none",
            Text(bar(row.used, row.size), style=colour),
            f"{'' if row.counted else '~'}{row.used}/{row.size}",
            str(row.free),
            *([_change(row)] if changed else []),
            _nodes(row),
            "?" if row.nodes_fit is None else str(row.nodes_fit),
            str(row.pods),
            f"{'*' if row.by_table else ''}{row.pods_fit}",
            Text(outcome.words(row), style=colour),
        ]
        table.add_row(*(cell if isinstance(cell, Text) else Text(cell) for cell in cells))
    console.print(table)
    if any(not row.counted for row in outcome.rows):
        console.print(
            "~ not counted by the cloud: what nodes and pods will take", style="dim", highlight=False
        )
    if any(row.by_table for row in outcome.rows):
        console.print(
            "* by the vendor's table of ENI limits, not by the API or the nodes", style="dim", highlight=False
        )
    if any(row.about for row in outcome.rows):
        console.print(
            "about: a pool of several zones, its nodes shared out evenly", style="dim", highlight=False
        )
    for line in outcome.unsaid:
        console.print(Text.assemble(("could not tell: ", "yellow"), shown(line)))


def bar(used: int, size: int) -> str:
    """How full a zone is. Anything in use shows, and only what is full looks full."""
    if size <= 0:
        return "-" * BAR
    filled = min(max(used, 0), size) * BAR // size
    filled = max(filled, 1) if used > 0 else 0
    return "#" * filled + "." * (BAR - filled)


def _nodes(row: Row) -> str:
    number = str(row.nodes) if row.most_nodes == row.nodes else f"{row.nodes} to {row.most_nodes}"
    return f"about {number}" if row.about else number


def _change(row: Row) -> str:
    if row.change is None:
        return "?"
    return f"{row.free} ({-row.change:+d})" if row.change else f"{row.free} (as now)"


def show_proposal(placed: Sequence[SubnetProposal], console: Console) -> None:
    """A line for each zone with its reasons, and the lines for the program."""
    for item in placed:
        console.print(
            Text.assemble(
                (item.zone, "bold"),
                "  ",
                (item.block, "green"),
                f"  {item.needed} of {item.addresses} addresses needed",
            )
        )
        for reason in item.reasons:
            console.print(Text(f"    {reason}", style="dim"))
    console.print()
    seen = Counter[str]()
    for item in placed:
        seen[item.zone] += 1
        name = f"pods-{item.zone}" if seen[item.zone] == 1 else f"pods-{item.zone}-{seen[item.zone]}"
        console.print(f'tke.EniZoneSubnet("{name}", {{"vpc_id": vpc.id, "zone": "{item.zone}", "cidr_block": "{item.block}"}})',
                      highlight=False, soft_wrap=True)  # fmt: skip
