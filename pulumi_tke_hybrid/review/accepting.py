"""The one word of a review.

Which findings stop a pipeline, who accepted them, and the verdict.

A danger is accepted by its code. The code is made of the stack, the change set's fingerprint and the danger
with its consequences, so it
accepts nothing in another change set, and nothing that was not below the danger when the code was shown."""

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from pulumi_tke_hybrid.plan.preview_json import StackPlan
from pulumi_tke_hybrid.review.causes import Cause
from pulumi_tke_hybrid.tke.rule import Finding, Severity


class Verdict(str, Enum):
    """What the changes come to, the best first."""

    CLEAN = "clean"
    """Nothing changes."""
    CHANGES = "changes"
    """Something changes, and none of it is dangerous; or somebody said that what is dangerous is meant."""
    DANGEROUS = "dangerous"
    """Pods lose their network, their address or their client's; nobody said that this is meant."""
    INVALID = "invalid"
    """The preview itself failed: what it says is wrong must be mended first."""
    COULD_NOT_TELL = "could not tell"
    """There is no whole preview to read, so nobody knows what would change."""


LABEL = "tke-hybrid/accept"
"""A label `tke-hybrid/accept:CODE` accepts the danger of that code: 26 characters, of 50 that GitHub
allows."""
_CODE = re.compile(r"[A-Z2-7]{8}")


@dataclass(frozen=True)
class Acceptance:
    """That somebody accepts the danger of a code."""

    code: str
    """Empty where the label or the option holds no code: then nothing is accepted."""
    by: str
    """How the danger was accepted, for the record: the option, or the label and who set it where that is
    known."""


@dataclass(frozen=True)
class Judged:
    """A finding in its stack, and who accepted it, alone or with its cause."""

    stack: str
    finding: Finding
    accepted: Acceptance | None
    code: str
    """Accepts the finding's cause."""
    follows: str
    """Path of the finding that this one follows from; empty for a cause."""

    @property
    def blocks(self) -> bool:
        """Whether a pipeline must stop."""
        return self.finding.severity is Severity.ERROR and self.accepted is None


@dataclass(frozen=True)
class JudgedCause:
    """A cause in its stack, its code, and who accepted it."""

    stack: str
    cause: Cause
    code: str
    accepted: Acceptance | None = None

    @property
    def severity(self) -> Severity:
        """Of the cause; no consequence has a stricter one."""
        return self.cause.first.severity

    @property
    def blocks(self) -> bool:
        """Whether a pipeline must stop."""
        return self.severity is Severity.ERROR and self.accepted is None

    @property
    def findings(self) -> list[Judged]:
        """The cause's own findings, then the consequences."""
        own = [Judged(self.stack, finding, self.accepted, self.code, "") for finding in self.cause.findings]
        path = self.cause.first.path
        return [
            *own,
            *(
                Judged(self.stack, finding, self.accepted, self.code, path)
                for finding in self.cause.consequences
            ),
        ]


def code_in(text: str) -> str:
    """The code that a text is, in capitals; empty where the text is no code."""
    found = text.strip().upper()
    return found if _CODE.fullmatch(found) else ""


def from_labels(labels: Iterable[str], setters: Mapping[str, str] | None = None) -> list[Acceptance]:
    """The acceptances among a pull request's labels, those without a code included: the comment names them as
    void.

    `setters`: who set each label, where that is known.
    """
    found: list[Acceptance] = []
    for label in labels:
        start, _, code = label.strip().partition(":")
        if start.lower() == LABEL:
            who = (setters or {}).get(label.strip(), "")
            found.append(
                Acceptance(code_in(code), f"label {label.strip()}{f', set by {who}' if who else ''}")
            )
    return found


def code_of(plan: StackPlan, cause: Cause) -> str:
    """The code that accepts a cause in this change set: 8 letters and digits."""
    said = [
        (finding.rule.id, finding.path, finding.urn, finding.head)
        for finding in (*cause.findings, *cause.consequences)
    ]
    whole = "\0".join([plan.stack, plan.fingerprint, *("\0".join(parts) for parts in sorted(said))])
    return base64.b32encode(hashlib.sha256(whole.encode(errors="replace")).digest())[:8].decode()


def judge(plan: StackPlan, causes: Iterable[Cause], acceptances: Sequence[Acceptance]) -> list[JudgedCause]:
    """Each cause with its code, and with the first acceptance of that code."""
    found = [JudgedCause(plan.stack, cause, code_of(plan, cause)) for cause in causes]
    return [
        replace(item, accepted=next((given for given in acceptances if given.code == item.code), None))
        for item in found
    ]


def void(causes: Iterable[JudgedCause], acceptances: Iterable[Acceptance]) -> list[Acceptance]:
    """Acceptances that accept nothing here."""
    codes = {item.code for item in causes}
    return [given for given in acceptances if given.code not in codes]


def verdict(plans: Sequence[StackPlan], causes: Iterable[JudgedCause]) -> Verdict:
    """The worst of all stacks. A danger comes first: it is known, whatever else is not."""
    if any(item.blocks for item in causes):
        return Verdict.DANGEROUS
    if any(plan.failed for plan in plans):
        return Verdict.INVALID
    if not plans or any(plan.unreadable for plan in plans):
        return Verdict.COULD_NOT_TELL
    return Verdict.CHANGES if any(step.op.changes for plan in plans for step in plan.steps) else Verdict.CLEAN
