"""All that one run found, and its exit code."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from pulumi_tke_hybrid.console.exit_code import ExitCode, FailOn
from pulumi_tke_hybrid.console.text import several
from pulumi_tke_hybrid.proof.coverage import Results
from pulumi_tke_hybrid.proof.pod_structure import Level
from pulumi_tke_hybrid.proof.structure import Structure
from pulumi_tke_hybrid.proof.traps import Trap
from pulumi_tke_hybrid.proof.verdict import Verdict, worst


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
        not_the_client = heard in (Verdict.SNAT_NODE, Verdict.SNAT_LB) or (heard is Verdict.HEADER_ONLY and not self.header_accepted)
        if not_the_client or Level.FAULT in levels or (Level.WARNING in levels and self.fail_on.warnings_count):
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
        bad = [zone.zone for zone in self.results.zones if zone.verdict is heard and heard is not Verdict.PRESERVED]
        where = f" in {', '.join(bad)}" if bad else ""
        but = f" (what answered: {heard.value})" if verdict is not heard else ""
        wrong = f"; structure: {faults}" if faults else ""
        asked = f"{several(self.sent.requests, 'request')}, {several(pods, 'pod')}, {several(len(zones), 'zone')}"
        return f"{verdict.value}{where}{but}: {asked}{missing}{wrong}"

    def _faults(self) -> str:
        found = self.structure.faults if self.structure else []
        zones = sorted({fault.zone for fault in found if fault.zone})
        return several(len(found), "fault") + (f" in {', '.join(zones)}" if zones else "") if found else ""
