"""All that one run found, and its exit code.

An outcome as JSON and as Markdown.

An outcome as tables on a terminal."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pulumi_tke_hybrid.cli.exit_code import ExitCode, FailOn
from pulumi_tke_hybrid.cli.result import first_rows
from pulumi_tke_hybrid.cli.text import folded, plain, several, shown, table
from pulumi_tke_hybrid.drift.compare_pods import REGISTERED
from pulumi_tke_hybrid.drift.finding import Finding, Severity
from pulumi_tke_hybrid.drift.sources import Picture
from pulumi_tke_hybrid.drift.views import pod_rows, setting_rows, subnet_rows, zone_rows


@dataclass(frozen=True)
class Outcome:
    """The result of one `drift`."""

    picture: Picture
    findings: Sequence[Finding]
    accept: Sequence[str] = ()
    """`id` or `id:subject` of findings that are known and meant."""
    fail_on: FailOn = FailOn.ERROR

    def accepted(self, finding: Finding) -> bool:
        """Whether somebody said that this one is meant."""
        return finding.id in self.accept or f"{finding.id}:{finding.subject}" in self.accept

    @property
    def counted(self) -> list[Finding]:
        """The findings that count."""
        return [finding for finding in self.findings if not self.accepted(finding)]

    @property
    def exit_code(self) -> ExitCode:
        """A danger first; then what is not known, which may hide a danger."""
        found = {finding.severity for finding in self.counted}
        if Severity.DANGER in found or (Severity.WARNING in found and self.fail_on.warnings_count):
            return ExitCode.NOT_FINE
        return ExitCode.COULD_NOT_TELL if Severity.UNKNOWN in found else ExitCode.FINE

    @property
    def headline(self) -> str:
        """One line: what it comes to, and what it rests on."""
        counts = {
            severity: sum(finding.severity is severity for finding in self.counted) for severity in Severity
        }
        numbers = (
            [several(counts[Severity.DANGER], "dangerous difference")] if counts[Severity.DANGER] else []
        )
        numbers += [several(counts[Severity.WARNING], "difference")] if counts[Severity.WARNING] else []
        numbers += (
            [f"could not tell in {several(counts[Severity.UNKNOWN], 'place')}"]
            if counts[Severity.UNKNOWN]
            else []
        )
        meant = sum(self.accepted(finding) for finding in self.findings)
        skipped = [name for name, side in self.picture.unread if not side.wanted]
        rest = [f"{meant} accepted"] if meant else []
        rest += [f"not asked: {', '.join(skipped)}"] if skipped else []
        rest += [] if self.picture.wish else ["no --facts, so the program was not compared"]
        return f"{self.picture.cluster_id}: {', '.join(numbers) or 'no drift'}" + (
            f" ({'; '.join(rest)})" if rest else ""
        )


MARK = "<!-- tke-hybrid:drift -->"
"""First line of the Markdown, for whoever keeps one comment up to date."""
FORMAT = 2
"""Changes when a key of the JSON changes its meaning or goes."""

_MOST = 200


def as_data(outcome: Outcome) -> dict[str, Any]:
    """The whole outcome as plain data."""
    picture = outcome.picture
    return {
        "format": FORMAT,
        "cluster": picture.cluster_id,
        "region": picture.region,
        "exitCode": int(outcome.exit_code),
        "result": outcome.exit_code.name,
        "headline": outcome.headline,
        "notRead": [{"side": name, "reason": shown(side.reason), "wanted": side.wanted} for name, side in picture.unread],
        "settings": [
            {"setting": row.name, "cloud": row.cloud, "ipamd": row.ipamd, "configmap": row.config_map, "program": row.program}
            for row in setting_rows(picture)
        ],
        "subnets": [
            {
                "subnet": row.subnet, "zone": row.zone, "range": row.block, "free": row.free,
                "cloud": row.cloud, "ipamd": row.ipamd, "configmap": row.config_map, "program": row.program,
            }
            for row in subnet_rows(picture)
        ],
        "zones": [{"zone": row.zone, "nodes": row.nodes, "subnets": list(row.subnets)} for row in zone_rows(picture)],
        "pods": [
            {"pod": row.pod, "workload": row.workload, "node": row.node, "address": row.address, "place": row.place, "subnet": row.subnet}
            for row in pod_rows(picture)
        ],
        "findings": [
            {
                "id": finding.id, "severity": finding.severity.value, "subject": shown(finding.subject),
                "accepted": outcome.accepted(finding), "message": shown(finding.message, 2000),
                "what": shown(finding.what), "value": shown(finding.value), "why": shown(finding.why), "todo": shown(finding.todo),
            }
            for finding in outcome.findings
        ],
    }  # fmt: skip


def as_json(outcome: Outcome) -> str:
    """The whole outcome as JSON text."""
    return json.dumps(as_data(outcome), indent=2, ensure_ascii=True) + "\n"


def as_markdown(outcome: Outcome) -> str:
    """For a pull request, an incident or a job's summary."""
    picture = outcome.picture
    sign = {ExitCode.FINE: "✅", ExitCode.NOT_FINE: "⛔"}.get(outcome.exit_code, "⚠️")
    lines = [MARK, f"### {sign} {plain(outcome.headline)}", ""]
    for title, severities in (
        ("Dangerous", [Severity.DANGER]),
        ("Could not tell", [Severity.UNKNOWN]),
        ("Different", [Severity.WARNING]),
        ("To know", [Severity.NOTE]),
    ):
        lines += _bullets(
            title, [finding for finding in outcome.findings if finding.severity in severities], outcome
        )
    rows = [
        (
            row.subnet,
            row.zone or "?",
            row.block or "?",
            mark(row.cloud),
            mark(row.ipamd),
            mark(row.config_map),
            mark(row.program),
        )
        for row in subnet_rows(picture)
    ]
    lines += (
        [*table(("subnet", "zone", "range", "cloud", "ipamd", "ConfigMap", "program"), rows), ""]
        if rows
        else []
    )
    zones = [(row.zone, str(row.nodes), ", ".join(row.subnets) or "none") for row in zone_rows(picture)]
    lines += [*table(("zone", "nodes", "subnets"), zones), ""] if zones else []
    pods = [(row.pod, row.node, row.address or "none", row.place) for row in pod_rows(picture)][:_MOST]
    if pods:
        lines += folded(
            f"ENI pods ({len(pod_rows(picture))})", table(("ENI pod", "node", "address", "where"), pods)
        )
    return "\n".join(lines).rstrip() + "\n"


def mark(value: bool | None) -> str:
    """Whether a side lists it; None: that side says nothing."""
    return "?" if value is None else "yes" if value else "no"


def _bullets(title: str, findings: Sequence[Finding], outcome: Outcome) -> list[str]:
    items = [
        f"- {'(accepted) ' if outcome.accepted(finding) else ''}{plain(finding.message)}"
        for finding in findings
    ]
    return [f"**{title}**", *items, ""] if items else []


_COLOUR = {
    Severity.DANGER: "bold red",
    Severity.UNKNOWN: "magenta",
    Severity.WARNING: "yellow",
    Severity.NOTE: "cyan",
}


def show(outcome: Outcome, console: Console) -> None:
    """Sides, zones, pods that are not where they should be, findings, and the headline last, where the eye
    is."""
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
    _table(
        console,
        "",
        ("ENI pod", "node", "address", "where"),
        [(row.pod, row.node, row.address, row.place) for row in pods],
    )
    for name, side in picture.unread:
        if not side.wanted:
            console.print(Text(f"{name}: not read: {shown(side.reason)}", style="dim"))
    findings, rest = first_rows(
        outcome.findings,
        lambda finding: finding.severity is Severity.DANGER and not outcome.accepted(finding),
    )
    for finding in findings:
        accepted = outcome.accepted(finding)
        label = f"{finding.severity.value}{' (accepted)' if accepted else ''} {finding.id}: "
        console.print(
            Text.assemble(
                (label, "dim" if accepted else _COLOUR[finding.severity]), shown(finding.message, 1200)
            )
        )
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
