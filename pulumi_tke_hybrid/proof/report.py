"""An outcome as JSON and as Markdown. What pods said is shown as text and obeyed nowhere."""

import json
from collections.abc import Sequence
from typing import Any

from pulumi_tke_hybrid.console.exit_code import ExitCode
from pulumi_tke_hybrid.console.markdown import folded, plain, table
from pulumi_tke_hybrid.console.text import shown
from pulumi_tke_hybrid.proof.outcome import Outcome
from pulumi_tke_hybrid.proof.pod_structure import Level
from pulumi_tke_hybrid.proof.verdict import Verdict

MARK = "<!-- tke-hybrid:verify -->"
"""First line of the Markdown, for whoever keeps one comment up to date."""
FORMAT = 2
"""Changes when a key of the JSON changes its meaning or goes."""


def as_data(outcome: Outcome) -> dict[str, Any]:
    """The whole outcome as plain data."""
    results, structure, sent = outcome.results, outcome.structure, outcome.sent
    return {
        "format": FORMAT,
        "subject": outcome.subject,
        "verdict": outcome.verdict.value if outcome.verdict else None,
        "exitCode": int(outcome.exit_code),
        "result": outcome.exit_code.name,
        "headline": outcome.headline,
        "expectedClient": outcome.expected,
        "headerAccepted": outcome.header_accepted,
        "zones": [
            {"zone": zone.zone, "verdict": zone.verdict.value, "answered": zone.answered, "pods": zone.pods, "missing": list(zone.missing)}
            for zone in (results.zones if results else ())
        ],
        "pods": [
            {
                "pod": pod.pod, "zone": pod.zone, "node": pod.node, "address": pod.address, "verdict": pod.verdict.value,
                "answers": pod.answers, "peers": list(pod.peers), "reason": shown(pod.reason, 400),
            }
            for pod in (results.pods if results else ())
        ],
        "uncovered": list(outcome.uncovered),
        "structure": {
            "path": structure.path.value,
            "layer7": structure.layer7,
            "sessionPersistence": structure.session,
            "pods": [
                {
                    "pod": row.pod, "zone": row.zone, "node": row.node, "address": row.address, "network": row.network,
                    "eniAnnotation": row.annotated, "eniResource": row.asks, "readinessGate": row.gate,
                }
                for row in structure.rows
            ],
            "findings": [
                {"level": found.level.value, "subject": found.subject, "zone": found.zone, "message": shown(found.message, 400)}
                for found in structure.findings
            ],
        } if structure else None,
        "traps": [{"name": trap.name, "message": shown(trap.message, 400)} for trap in outcome.traps],
        "traffic": {
            "requests": sent.requests, "replies": sent.replies, "seconds": round(sent.seconds, 3), "failures": sent.failures,
            "client": sent.local, "asked": sent.remote,
        } if results else None,
    }  # fmt: skip


def as_json(outcome: Outcome) -> str:
    """The whole outcome as JSON text."""
    return json.dumps(as_data(outcome), indent=2, ensure_ascii=True) + "\n"


def as_markdown(outcome: Outcome) -> str:
    """For a pull request or a job's summary."""
    sign = {ExitCode.FINE: "✅", ExitCode.NOT_FINE: "⛔"}.get(outcome.exit_code, "⚠️")
    lines = [
        MARK,
        f"### {sign} {plain(outcome.headline)}",
        "",
        f"{plain(outcome.subject)}, expected client {plain(outcome.expected or '?')}",
        "",
    ]
    results = outcome.results
    if results and results.zones:
        zones = [(zone.zone, f"{zone.answered}/{zone.pods}", zone.verdict.value) for zone in results.zones]
        lines += [*table(("zone", "pods answered", "verdict"), zones), ""]
    bad = [pod for pod in results.pods if pod.verdict is not Verdict.PRESERVED] if results else []
    if bad:
        lines += [*table(("pod", "zone", "verdict", "why"), [(pod.pod, pod.zone, pod.verdict.value, pod.reason) for pod in bad[:30]]), ""]
        lines += [f"… and {len(bad) - 30} more", ""] if len(bad) > 30 else []
    if outcome.structure:
        faults = [found for found in outcome.structure.findings if found.level is Level.FAULT]
        others = [found for found in outcome.structure.findings if found.level is not Level.FAULT]
        lines += _bullets("**Needs a decision**", [f"{plain(found.subject)}: {plain(found.message)}" for found in faults])
        rest = [f"- {found.level.value}: {plain(found.subject)}: {plain(found.message)}" for found in others]
        lines += folded(f"Structure ({len(rest)})", rest[:50]) if rest else []
    lines += _bullets("**To know**", [f"{plain(trap.name)}: {plain(trap.message)}" for trap in outcome.traps])
    if results and results.pods:
        rows = [(pod.pod, pod.zone, str(pod.answers), ", ".join(pod.peers), pod.verdict.value) for pod in results.pods[:200]]
        lines += folded(f"All pods ({len(results.pods)})", table(("pod", "zone", "answers", "peer seen", "verdict"), rows))
    return "\n".join(lines).rstrip() + "\n"


def _bullets(title: str, items: Sequence[str]) -> list[str]:
    return [title, *(f"- {item}" for item in items[:30]), ""] if items else []
