"""The report of one `verify`: headline, tables and findings as a `Result`, and the keys of its JSON. A new
column is one line here."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pulumi_tke_hybrid.cli.process import ExitCode, FailOn, several, shown
from pulumi_tke_hybrid.cli.result import Column, Result, Table
from pulumi_tke_hybrid.tke.rule import Finding, Severity
from pulumi_tke_hybrid.verify.backends import Backends, PodResult, Results, Tally, ZoneResult
from pulumi_tke_hybrid.verify.caveats import name_of_caveat
from pulumi_tke_hybrid.verify.pod_structure import PodRow
from pulumi_tke_hybrid.verify.probe import Traffic
from pulumi_tke_hybrid.verify.structure import Structure
from pulumi_tke_hybrid.verify.verdict import Verdict, worst

MARKER = "<!-- tke-hybrid:verify -->"
FAULT = "fault"
"""Word for a finding of severity ERROR, on the terminal and in the JSON."""
_MAX_MESSAGE = 400


@dataclass(frozen=True)
class Verification:
    """All that one `verify` found."""

    subject: str
    """The URL, the Service or the Ingress."""
    expected: str
    """The client's address that pods should see."""
    header_accepted: bool
    """HEADER_ONLY is a success: the listener is HTTP, or the user accepts headers."""
    results: Results | None = None
    """None without traffic."""
    structure: Structure | None = None
    """None without a Service or Ingress."""
    out_of_reach: Sequence[str] = ()
    """Without traffic: pods and zones that no traffic could cover, a sentence each."""
    caveats: Sequence[Finding] = ()
    traffic: Traffic = field(default_factory=lambda: Traffic(Tally(Backends())))
    fail_on: FailOn = FailOn.ERROR

    @property
    def verdict(self) -> Verdict | None:
        """The proven verdict; None without traffic. With a fault of the structure, good answers prove
        nothing."""
        if not self.results:
            return None
        return worst([self.results.verdict, Verdict.UNKNOWN]) if self.faults else self.results.verdict

    @property
    def faults(self) -> dict[Finding, str]:
        return self.structure.faults if self.structure else {}

    @property
    def uncovered(self) -> Sequence[str]:
        """Pods and zones that are not covered, a sentence each."""
        return self.results.uncovered if self.results else self.out_of_reach

    @property
    def exit_code(self) -> ExitCode:
        """The worst of answers and structure."""
        return as_result(self).exit_code

    @property
    def measured(self) -> ExitCode:
        """The exit code by the answers alone. A proven fault decides before missing answers."""
        verdict = self.results.measured if self.results else None
        if verdict and (verdict.client_lost or (verdict is Verdict.HEADER_ONLY and not self.header_accepted)):
            return ExitCode.NOT_FINE
        proven = verdict in (None, Verdict.PRESERVED, Verdict.HEADER_ONLY)
        return ExitCode.FINE if proven and not self.uncovered else ExitCode.COULD_NOT_TELL

    @property
    def headline(self) -> str:
        """One line: the verdict and its basis."""
        zones = sorted({zone for zone in self.faults.values() if zone})
        in_zones = f" in {', '.join(zones)}" if zones else ""
        faults = f"{several(len(self.faults), FAULT)}{in_zones}" if self.faults else ""
        missing = f"; coverage not reached: {'; '.join(self.uncovered)}" if self.uncovered else ""
        if not self.results:
            return f"structure: {faults or 'no fault'}; no traffic was sent{missing}"
        verdict, measured = self.verdict or Verdict.UNKNOWN, self.results.measured
        answered = [zone for zone in self.results.zones if zone.answered]
        worst_zones = [zone.zone for zone in self.results.zones if zone.verdict is measured]
        where = f" in {', '.join(worst_zones)}" if worst_zones and measured is not Verdict.PRESERVED else ""
        but = f" (answers: {measured.value})" if verdict is not measured else ""
        pods = several(sum(zone.answered for zone in answered), "pod")
        basis = f"{several(self.traffic.requests, 'request')}, {pods}, {several(len(answered), 'zone')}"
        wrong = f"; structure: {faults}" if faults else ""
        return f"{verdict.value}{where}{but}: {basis}{missing}{wrong}"


_POD_COLUMNS: Sequence[Column[PodResult]] = (
    Column("zone", "zone", lambda pod: pod.zone),
    Column("pod", "pod", lambda pod: pod.pod),
    Column("", "node", lambda pod: pod.node),
    Column("", "address", lambda pod: pod.address),
    Column("answers", "answers", lambda pod: pod.answers),
    Column("peer seen", "peers", lambda pod: list(pod.peers)),
    Column("verdict", "verdict", lambda pod: pod.verdict.value, style=lambda pod: pod.verdict.style),
    Column(
        "why",
        "reason",
        lambda pod: shown(pod.reason, _MAX_MESSAGE),
        lambda pod: "" if pod.verdict is Verdict.PRESERVED else pod.reason,
    ),
)
_ZONE_COLUMNS: Sequence[Column[ZoneResult]] = (
    Column("zone", "zone", lambda zone: zone.zone),
    Column(
        "pods answered", "answered", lambda zone: zone.answered, lambda zone: f"{zone.answered}/{zone.pods}"
    ),
    Column("verdict", "verdict", lambda zone: zone.verdict.value, style=lambda zone: zone.verdict.style),
    Column("", "pods", lambda zone: zone.pods),
    Column("", "missing", lambda zone: list(zone.missing)),
)
_STRUCTURE_COLUMNS: Sequence[Column[PodRow]] = (
    Column("zone", "zone", lambda row: row.zone),
    Column("pod", "pod", lambda row: row.pod),
    Column("node", "node", lambda row: row.node),
    Column("address", "address", lambda row: row.address, lambda row: row.address or "-"),
    Column("network", "network", lambda row: row.network),
    Column("ENI annotation", "eniAnnotation", lambda row: row.annotated),
    Column("ENI resource", "eniResource", lambda row: row.requests_eni),
    Column("readiness gate", "readinessGate", lambda row: row.gate),
)


def as_result(found: Verification) -> Result:
    """Return the result that the writers show."""
    about = f"{found.subject}, expected client {found.expected or '?'}"
    results, structure = found.results, found.structure
    tables: list[Table[Any]] = [
        Table(
            "pods",
            _POD_COLUMNS,
            results.pods if results else (),
            lambda pod: pod.verdict is not Verdict.PRESERVED,
            title=about,
            folded="All pods",
        ),
        Table("zones", _ZONE_COLUMNS, results.zones if results else ()),
    ]
    if structure and (not results or found.faults):
        tables.append(_structure_table(structure))
    return Result(
        headline=found.headline,
        findings=[*(structure.findings if structure else ()), *found.caveats],
        tables=tables,
        measured=found.measured,
        fail_on=found.fail_on,
        data=_data(found),
        marker=MARKER,
        introduction=about,
        error_word=FAULT,
    )


def _structure_table(structure: Structure) -> Table[PodRow]:
    """Return the table of the pods' structure; the JSON of the table is nested in `structure`."""
    faulty = {finding.path for finding in structure.faults}
    title = f"load balancer to pods: {structure.path.value}"
    return Table(
        "", _STRUCTURE_COLUMNS, structure.rows, lambda row: row.subject in faulty, title, folded="Structure"
    )


def _data(found: Verification) -> dict[str, Any]:
    """Return the keys of the JSON beside those of every command and of the tables."""
    structure, traffic = found.structure, found.traffic
    return {
        "subject": found.subject,
        "verdict": found.verdict.value if found.verdict else None,
        "expectedClient": found.expected,
        "headerAccepted": found.header_accepted,
        "uncovered": list(found.uncovered),
        "structure": {
            "path": structure.path.value,
            "layer7": structure.layer7,
            "sessionPersistence": structure.session,
            "pods": _structure_table(structure).data(),
            "findings": [_finding(finding, zone) for finding, zone in structure.findings.items()],
        }
        if structure
        else None,
        "traps": [
            {"name": name_of_caveat(item), "message": shown(item.message, _MAX_MESSAGE)}
            for item in found.caveats
        ],
        "traffic": {
            "requests": traffic.requests,
            "replies": traffic.replies,
            "seconds": round(traffic.seconds, 3),
            "failures": traffic.failures,
            "client": traffic.local,
            "asked": traffic.remote,
        }
        if found.results
        else None,
    }


def _finding(finding: Finding, zone: str) -> dict[str, str]:
    level = FAULT if finding.severity is Severity.ERROR else finding.severity.value
    return {
        "rule": finding.rule.id,
        "level": "unknown" if finding.unknown else level,
        "subject": finding.path,
        "zone": zone,
        "message": shown(finding.message, _MAX_MESSAGE),
    }
