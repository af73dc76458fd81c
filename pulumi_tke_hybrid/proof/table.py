"""An outcome as tables on a terminal."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pulumi_tke_hybrid.console.exit_code import ExitCode
from pulumi_tke_hybrid.console.terminal import first_rows
from pulumi_tke_hybrid.console.text import shown
from pulumi_tke_hybrid.proof.outcome import Outcome
from pulumi_tke_hybrid.proof.pod_structure import Level
from pulumi_tke_hybrid.proof.verdict import Verdict

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
    findings, rest = first_rows(outcome.structure.findings if outcome.structure else (), lambda found: found.level is Level.FAULT)
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
    pods, table.caption = first_rows(outcome.results.pods if outcome.results else (), lambda pod: pod.verdict is not Verdict.PRESERVED)
    for pod in pods:
        why = "" if pod.verdict is Verdict.PRESERVED else shown(pod.reason, 300)
        cells = (pod.zone, pod.pod, str(pod.answers), ", ".join(pod.peers))
        table.add_row(*(Text(shown(cell)) for cell in cells), Text(pod.verdict.value, style=_COLOUR[pod.verdict]), Text(why))
    return table


def _zones(outcome: Outcome) -> Table:
    table = _table(("zone", "pods answered", "verdict"))
    for zone in outcome.results.zones if outcome.results else ():
        table.add_row(Text(shown(zone.zone)), f"{zone.answered}/{zone.pods}", Text(zone.verdict.value, style=_COLOUR[zone.verdict]))
    return table


def _structure(outcome: Outcome) -> Table:
    structure = outcome.structure
    assert structure is not None, "called only with one"
    heads = ("zone", "pod", "node", "address", "network", "ENI annotation", "ENI resource", "readiness gate")
    table = _table(heads, f"load balancer to pods: {structure.path.value}")
    rows, table.caption = first_rows(structure.rows, lambda row: not (row.network == "eni" and row.annotated and row.asks))
    for row in rows:
        cells = (row.zone, row.pod, row.node, row.address or "-", row.network, _yes(row.annotated), _yes(row.asks), row.gate)
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
