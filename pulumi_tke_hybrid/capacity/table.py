"""An outcome, and a proposal, for a terminal."""

from collections import Counter
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pulumi_tke_hybrid.capacity.outcome import Fit, Outcome
from pulumi_tke_hybrid.capacity.rows import Row
from pulumi_tke_hybrid.console.terminal import first_rows
from pulumi_tke_hybrid.console.text import shown
from pulumi_tke_hybrid.tke.layout import Placed

BAR = 20
_COLOURS = {Fit.FITS: "green", Fit.FULL: "red"}


def show(outcome: Outcome, console: Console) -> None:
    """A line for each zone, and what could not be told."""
    title = Text(f"{shown(outcome.after.cluster)}: container subnets")
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    changed = outcome.before is not None
    heads = ["zone", "subnets", "used of size", "", "free", *(["left by the change"] if changed else [])]
    for head in (*heads, "nodes", "nodes fit", "pods", "pods fit", ""):
        table.add_column(head, justify="right" if head in ("free", "nodes", "nodes fit", "pods", "pods fit") else "left", overflow="fold")
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
        console.print("~ not counted by the cloud: what nodes and pods will take", style="dim", highlight=False)
    if any(row.by_table for row in outcome.rows):
        console.print("* by the vendor's table of ENI limits, not by the API or the nodes", style="dim", highlight=False)
    if any(row.about for row in outcome.rows):
        console.print("about: a pool of several zones, its nodes shared out evenly", style="dim", highlight=False)
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


def show_proposal(placed: Sequence[Placed], console: Console) -> None:
    """A line for each zone with its reasons, and the lines for the program."""
    for item in placed:
        console.print(
            Text.assemble((item.zone, "bold"), "  ", (item.block, "green"), f"  {item.needed} of {item.addresses} addresses needed")
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
