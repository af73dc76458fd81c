"""All that one run found, and its exit code.

An outcome as JSON and as Markdown. What pods said is shown as text and obeyed nowhere.

An outcome as tables on a terminal."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pulumi_tke_hybrid.cli.exit_code import ExitCode, FailOn
from pulumi_tke_hybrid.cli.result import first_rows
from pulumi_tke_hybrid.cli.text import folded, plain, several, shown, table
from pulumi_tke_hybrid.verify.caveats import Trap
from pulumi_tke_hybrid.verify.pod_structure import Level
from pulumi_tke_hybrid.verify.structure import Structure
from pulumi_tke_hybrid.verify.verdict import Results, Verdict, worst


@dataclass(frozen=True)
class Sent:
    """The traffic in numbers."""

    requests: int = 0
    replies: int = 0
    seconds: float = 0.0
    failures: dict[str, int] = field(default_factory=dict[str, int])
    local: str = ""
    remote: str = ""


@dataclass(frozen=True)
class Outcome:
    """The result of one `verify`."""

    subject: str
    """What was verified: the URL, the Service or Ingress."""
    expected: str
    """The client's address that pods should see."""
    header_accepted: bool
    """HEADER_ONLY is a success: the listener is HTTP, or the user said so."""
    results: Results | None = None
    """None when only the structure was looked at."""
    structure: Structure | None = None
    """None without a Service or Ingress."""
    out_of_reach: Sequence[str] = ()
    """Without traffic: what could not be covered by any, in words."""
    traps: Sequence[Trap] = ()
    sent: Sent = Sent()
    fail_on: FailOn = FailOn.ERROR

    @property
    def verdict(self) -> Verdict | None:
        """What is proven; None without traffic. Where the structure has a fault, good answers are luck."""
        if not self.results:
            return None
        faults = self.structure.faults if self.structure else []
        return worst([self.results.verdict, Verdict.UNKNOWN]) if faults else self.results.verdict

    @property
    def uncovered(self) -> Sequence[str]:
        """What is missing before the outcome speaks for all, in words."""
        return self.results.uncovered if self.results else self.out_of_reach

    @property
    def exit_code(self) -> ExitCode:
        """What is known to be bad decides before what is not known."""
        heard = self.results.heard if self.results else None
        levels = {finding.level for finding in self.structure.findings} if self.structure else set[Level]()
        not_the_client = heard in (Verdict.SNAT_NODE, Verdict.SNAT_LB) or (
            heard is Verdict.HEADER_ONLY and not self.header_accepted
        )
        if (
            not_the_client
            or Level.FAULT in levels
            or (Level.WARNING in levels and self.fail_on.warnings_count)
        ):
            return ExitCode.NOT_FINE
        if heard is Verdict.UNKNOWN or self.uncovered or Level.UNKNOWN in levels:
            return ExitCode.COULD_NOT_TELL
        return ExitCode.FINE

    @property
    def headline(self) -> str:
        """One line: the verdict and what it rests on."""
        faults = self._faults()
        missing = f"; coverage not reached: {'; '.join(self.uncovered)}" if self.uncovered else ""
        if not self.results:
            return f"structure: {faults or 'no fault'}; no traffic was sent{missing}"
        verdict, heard = self.verdict or Verdict.UNKNOWN, self.results.heard
        zones = [zone for zone in self.results.zones if zone.answered]
        pods = sum(zone.answered for zone in zones)
        bad = [
            zone.zone
            for zone in self.results.zones
            if zone.verdict is heard and heard is not Verdict.PRESERVED
        ]
        where = f" in {', '.join(bad)}" if bad else ""
        but = f" (what answered: {heard.value})" if verdict is not heard else ""
        wrong = f"; structure: {faults}" if faults else ""
        asked = (
            f"{several(self.sent.requests, 'request')}, {several(pods, 'pod')}, {several(len(zones), 'zone')}"
        )
        return f"{verdict.value}{where}{but}: {asked}{missing}{wrong}"

    def _faults(self) -> str:
        found = self.structure.faults if self.structure else []
        zones = sorted({fault.zone for fault in found if fault.zone})
        return several(len(found), "fault") + (f" in {', '.join(zones)}" if zones else "") if found else ""


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
        lines += [
            *table(
                ("pod", "zone", "verdict", "why"),
                [(pod.pod, pod.zone, pod.verdict.value, pod.reason) for pod in bad[:30]],
            ),
            "",
        ]
        lines += [f"… and {len(bad) - 30} more", ""] if len(bad) > 30 else []
    if outcome.structure:
        faults = [found for found in outcome.structure.findings if found.level is Level.FAULT]
        others = [found for found in outcome.structure.findings if found.level is not Level.FAULT]
        lines += _bullets(
            "**Needs a decision**", [f"{plain(found.subject)}: {plain(found.message)}" for found in faults]
        )
        rest = [f"- {found.level.value}: {plain(found.subject)}: {plain(found.message)}" for found in others]
        lines += folded(f"Structure ({len(rest)})", rest[:50]) if rest else []
    lines += _bullets("**To know**", [f"{plain(trap.name)}: {plain(trap.message)}" for trap in outcome.traps])
    if results and results.pods:
        rows = [
            (pod.pod, pod.zone, str(pod.answers), ", ".join(pod.peers), pod.verdict.value)
            for pod in results.pods[:200]
        ]
        lines += folded(
            f"All pods ({len(results.pods)})", table(("pod", "zone", "answers", "peer seen", "verdict"), rows)
        )
    return "\n".join(lines).rstrip() + "\n"


def _bullets(title: str, items: Sequence[str]) -> list[str]:
    return [title, *(f"- {item}" for item in items[:30]), ""] if items else []


_COLOUR = {
    Verdict.PRESERVED: "green",
    Verdict.HEADER_ONLY: "yellow",
    Verdict.UNKNOWN: "yellow",
    Verdict.SNAT_LB: "red",
    Verdict.SNAT_NODE: "red",
}
_LEVEL_COLOUR = {Level.FAULT: "red", Level.WARNING: "yellow", Level.UNKNOWN: "yellow"}


def show(outcome: Outcome, console: Console) -> None:
    """Zones, pods, findings, traps, and the headline last, where the eye is."""
    if outcome.results and outcome.results.pods:
        console.print(_pods(outcome))
    if outcome.results and outcome.results.zones:
        console.print(_zones(outcome))
    if outcome.structure and (not outcome.results or outcome.structure.faults):
        console.print(_structure(outcome))
    findings, rest = first_rows(
        outcome.structure.findings if outcome.structure else (), lambda found: found.level is Level.FAULT
    )
    for found in findings:
        _line(console, found.level.value, _LEVEL_COLOUR[found.level], f"{found.subject}: {found.message}")
    if rest:
        console.print(Text(rest))
    for trap in outcome.traps:
        _line(console, trap.name, "yellow", trap.message)
    good = outcome.exit_code is ExitCode.FINE
    console.print(Text(shown(outcome.headline, 400), style="bold green" if good else "bold red"))


def _line(console: Console, label: str, colour: str, message: str) -> None:
    console.print(Text.assemble((f"{label}: ", colour), shown(message, 400)))


def _pods(outcome: Outcome) -> Table:
    heads = ("zone", "pod", "answers", "peer seen", "verdict", "why")
    table = _table(heads, f"{outcome.subject}, expected client {outcome.expected or '?'}")
    pods, table.caption = first_rows(
        outcome.results.pods if outcome.results else (), lambda pod: pod.verdict is not Verdict.PRESERVED
    )
    for pod in pods:
        why = "" if pod.verdict is Verdict.PRESERVED else shown(pod.reason, 300)
        cells = (pod.zone, pod.pod, str(pod.answers), ", ".join(pod.peers))
        table.add_row(
            *(Text(shown(cell)) for cell in cells),
            Text(pod.verdict.value, style=_COLOUR[pod.verdict]),
            Text(why),
        )
    return table


def _zones(outcome: Outcome) -> Table:
    table = _table(("zone", "pods answered", "verdict"))
    for zone in outcome.results.zones if outcome.results else ():
        table.add_row(
            Text(shown(zone.zone)),
            f"{zone.answered}/{zone.pods}",
            Text(zone.verdict.value, style=_COLOUR[zone.verdict]),
        )
    return table


def _structure(outcome: Outcome) -> Table:
    structure = outcome.structure
    assert structure is not None, "called only with one"
    heads = ("zone", "pod", "node", "address", "network", "ENI annotation", "ENI resource", "readiness gate")
    table = _table(heads, f"load balancer to pods: {structure.path.value}")
    rows, table.caption = first_rows(
        structure.rows, lambda row: not (row.network == "eni" and row.annotated and row.asks)
    )
    for row in rows:
        cells = (
            row.zone,
            row.pod,
            row.node,
            row.address or "-",
            row.network,
            _yes(row.annotated),
            _yes(row.asks),
            row.gate,
        )
        table.add_row(*(Text(shown(cell)) for cell in cells))
    return table


def _table(heads: Sequence[str], title: str = "") -> Table:
    """What is too long for its column goes on in the next line."""
    table = Table(title=Text(shown(title)) if title else None, title_justify="left")
    for head in heads:
        table.add_column(head, overflow="fold")
    return table


def _yes(value: bool) -> str:
    return "yes" if value else "no"
