"""An outcome as tables on a terminal."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pulumi_tke_hybrid.console.exit_code import ExitCode
from pulumi_tke_hybrid.console.terminal import first_rows
from pulumi_tke_hybrid.console.text import shown
from pulumi_tke_hybrid.drift.compare_pods import REGISTERED
from pulumi_tke_hybrid.drift.finding import Severity
from pulumi_tke_hybrid.drift.outcome import Outcome
from pulumi_tke_hybrid.drift.report import mark
from pulumi_tke_hybrid.drift.views import pod_rows, setting_rows, subnet_rows, zone_rows

_COLOUR = {Severity.DANGER: "bold red", Severity.UNKNOWN: "magenta", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}


def show(outcome: Outcome, console: Console) -> None:
    """Sides, zones, pods that are not where they should be, findings, and the headline last, where the eye is."""
    picture = outcome.picture
    subnets = [
        (
            row.subnet, row.zone or "?", row.block or "?", "?" if row.free is None else str(row.free),
            mark(row.cloud), mark(row.ipamd), mark(row.config_map), mark(row.program),
        )
        for row in subnet_rows(picture)
    ]  # fmt: skip
    heads = ("subnet", "zone", "range", "free", "cloud list", "ipamd", "ConfigMap", "program")
    _table(console, f"{picture.cluster_id} in {picture.region}", heads, subnets)
    settings = [
        (row.name, row.cloud, row.ipamd, row.config_map, row.program)
        for row in setting_rows(picture)
        if row.cloud or row.ipamd or row.config_map or row.program
    ]
    _table(console, "", ("setting", "cloud list", "ipamd", "ConfigMap", "program"), settings)
    zones = [(row.zone, str(row.nodes), ", ".join(row.subnets) or "none") for row in zone_rows(picture)]
    _table(console, "", ("zone", "nodes", "subnets"), zones)
    pods = [row for row in pod_rows(picture) if row.place != REGISTERED]
    _table(console, "", ("ENI pod", "node", "address", "where"), [(row.pod, row.node, row.address, row.place) for row in pods])
    for name, side in picture.unread:
        if not side.wanted:
            console.print(Text(f"{name}: not read: {shown(side.reason)}", style="dim"))
    findings, rest = first_rows(outcome.findings, lambda finding: finding.severity is Severity.DANGER and not outcome.accepted(finding))
    for finding in findings:
        accepted = outcome.accepted(finding)
        label = f"{finding.severity.value}{' (accepted)' if accepted else ''} {finding.id}: "
        console.print(Text.assemble((label, "dim" if accepted else _COLOUR[finding.severity]), shown(finding.message, 1200)))
    if rest:
        console.print(Text(rest))
    good = outcome.exit_code is ExitCode.FINE
    console.print(Text(shown(outcome.headline), style="bold green" if good else "bold red"))


def _table(console: Console, title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    table = Table(title=Text(shown(title)) if title else None, title_justify="left")
    for head in heads:
        table.add_column(head, overflow="fold")
    first, table.caption = first_rows(rows, lambda row: not {"no", "?", "none"}.isdisjoint(row))
    for row in first:
        table.add_row(*(Text(shown(cell, 200)) for cell in row))
    if table.row_count:
        console.print(table)
