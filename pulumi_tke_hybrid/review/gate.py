"""Which findings stop a pipeline, who said that one is meant, and the verdict."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pulumi_tke_hybrid.review.plan import StackPlan
from pulumi_tke_hybrid.review.verdict import Verdict
from pulumi_tke_hybrid.tke.rule import Finding, Severity

LABEL = "tke-hybrid/accept"
"""A label of this name accepts every danger; `tke-hybrid/accept:RULE` those of one rule, and so on as with `--accept`."""


@dataclass(frozen=True)
class Acceptance:
    """That somebody means a danger."""

    rule: str
    """Empty: every rule."""
    subject: str
    """The path of the finding, or the resource's name; empty: every one."""
    by: str
    """How it was said, for the record."""

    @classmethod
    def parse(cls, text: str, by: str) -> "Acceptance":
        """`RULE`, `RULE:SUBJECT`."""
        rule, _, subject = text.partition(":")
        return cls(rule.strip(), subject.strip(), by)

    def covers(self, finding: Finding) -> bool:
        """Whether it is about this one."""
        if self.rule and self.rule != finding.rule.id:
            return False
        return not self.subject or self.subject == finding.path or finding.path.startswith(f"{self.subject}.")


@dataclass(frozen=True)
class Judged:
    """A finding in its stack, and who accepted it."""

    stack: str
    finding: Finding
    accepted: Acceptance | None

    @property
    def blocks(self) -> bool:
        """Whether a pipeline must stop."""
        return self.finding.severity is Severity.ERROR and self.accepted is None


def from_labels(labels: Iterable[str]) -> list[Acceptance]:
    """What the labels of a pull request accept."""
    found: list[Acceptance] = []
    for label in labels:
        name = label.strip()
        if name == LABEL or name.startswith(f"{LABEL}:"):
            found.append(Acceptance.parse(name[len(LABEL) + 1 :], f"label {name}"))
    return found


def judge(stack: str, findings: Iterable[Finding], acceptances: Sequence[Acceptance]) -> list[Judged]:
    """Each finding once, with the first acceptance that covers it."""
    unique = dict.fromkeys(findings)
    return [Judged(stack, finding, next((item for item in acceptances if item.covers(finding)), None)) for finding in unique]


def verdict(plans: Sequence[StackPlan], judged: Iterable[Judged]) -> Verdict:
    """The worst of all stacks. A danger comes first: it is known, whatever else is not."""
    if any(item.blocks for item in judged):
        return Verdict.DANGEROUS
    if any(plan.failed for plan in plans):
        return Verdict.INVALID
    if not plans or any(plan.unreadable for plan in plans):
        return Verdict.COULD_NOT_TELL
    return Verdict.CHANGES if any(step.op.changes for plan in plans for step in plan.steps) else Verdict.CLEAN
