"""All that one run found, and its exit code."""

from collections.abc import Sequence
from dataclasses import dataclass

from pulumi_tke_hybrid.console.exit_code import ExitCode, FailOn
from pulumi_tke_hybrid.console.text import several
from pulumi_tke_hybrid.drift.finding import Finding, Severity
from pulumi_tke_hybrid.drift.sides import Picture


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
        counts = {severity: sum(finding.severity is severity for finding in self.counted) for severity in Severity}
        numbers = [several(counts[Severity.DANGER], "dangerous difference")] if counts[Severity.DANGER] else []
        numbers += [several(counts[Severity.WARNING], "difference")] if counts[Severity.WARNING] else []
        numbers += [f"could not tell in {several(counts[Severity.UNKNOWN], 'place')}"] if counts[Severity.UNKNOWN] else []
        meant = sum(self.accepted(finding) for finding in self.findings)
        skipped = [name for name, side in self.picture.unread if not side.wanted]
        rest = [f"{meant} accepted"] if meant else []
        rest += [f"not asked: {', '.join(skipped)}"] if skipped else []
        rest += [] if self.picture.wish else ["no --facts, so the program was not compared"]
        return f"{self.picture.cluster_id}: {', '.join(numbers) or 'no drift'}" + (f" ({'; '.join(rest)})" if rest else "")
