"""All that one run found, and its exit code."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from pulumi_tke_hybrid.console.text import several
from pulumi_tke_hybrid.drift.compare import worst
from pulumi_tke_hybrid.drift.finding import Finding, Severity
from pulumi_tke_hybrid.drift.sides import Picture


class ExitCode(IntEnum):
    """What the process says to a pipeline."""

    AGREED = 0
    """All sides agree."""
    DRIFT = 1
    """They differ, and nothing is broken by it now."""
    DANGER = 2
    """They differ, and pods have no address or the wrong one, or soon will."""
    COULD_NOT_TELL = 3
    """A side could not be read, and what was read is no danger."""
    USAGE = 64
    """The command was called wrongly."""


_CODES = {
    Severity.DANGER: ExitCode.DANGER,
    Severity.UNKNOWN: ExitCode.COULD_NOT_TELL,
    Severity.WARNING: ExitCode.DRIFT,
    Severity.NOTE: ExitCode.AGREED,
}


@dataclass(frozen=True)
class Outcome:
    """The result of one `drift`."""

    picture: Picture
    findings: Sequence[Finding]
    accept: Sequence[str] = ()
    """`id` or `id:subject` of findings that are known and meant."""

    def accepted(self, finding: Finding) -> bool:
        """Whether somebody said that this one is meant."""
        return finding.id in self.accept or f"{finding.id}:{finding.subject}" in self.accept

    @property
    def counted(self) -> list[Finding]:
        """The findings that count."""
        return [finding for finding in self.findings if not self.accepted(finding)]

    @property
    def exit_code(self) -> ExitCode:
        """Danger first; then what is not known, which may hide one."""
        return _CODES[worst(self.counted)]

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
