"""An outcome as JSON and as Markdown."""

import json
from collections.abc import Sequence
from typing import Any

from pulumi_tke_hybrid.console.exit_code import ExitCode
from pulumi_tke_hybrid.console.markdown import folded, plain, table
from pulumi_tke_hybrid.console.text import shown
from pulumi_tke_hybrid.drift.finding import Finding, Severity
from pulumi_tke_hybrid.drift.outcome import Outcome
from pulumi_tke_hybrid.drift.views import pod_rows, setting_rows, subnet_rows, zone_rows

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
        lines += _bullets(title, [finding for finding in outcome.findings if finding.severity in severities], outcome)
    rows = [
        (row.subnet, row.zone or "?", row.block or "?", mark(row.cloud), mark(row.ipamd), mark(row.config_map), mark(row.program))
        for row in subnet_rows(picture)
    ]
    lines += [*table(("subnet", "zone", "range", "cloud", "ipamd", "ConfigMap", "program"), rows), ""] if rows else []
    zones = [(row.zone, str(row.nodes), ", ".join(row.subnets) or "none") for row in zone_rows(picture)]
    lines += [*table(("zone", "nodes", "subnets"), zones), ""] if zones else []
    pods = [(row.pod, row.node, row.address or "none", row.place) for row in pod_rows(picture)][:_MOST]
    if pods:
        lines += folded(f"ENI pods ({len(pod_rows(picture))})", table(("ENI pod", "node", "address", "where"), pods))
    return "\n".join(lines).rstrip() + "\n"


def mark(value: bool | None) -> str:
    """Whether a side lists it; None: that side says nothing."""
    return "?" if value is None else "yes" if value else "no"


def _bullets(title: str, findings: Sequence[Finding], outcome: Outcome) -> list[str]:
    items = [f"- {'(accepted) ' if outcome.accepted(finding) else ''}{plain(finding.message)}" for finding in findings]
    return [f"**{title}**", *items, ""] if items else []
