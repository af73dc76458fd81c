"""The verdict of a review, and the codes that accept a danger.

A code is made of the stack, the fingerprint of the change set, and the danger with its consequences. A code
accepts nothing in another change set, and no consequence that was not below the danger when the code was
shown.
"""

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from pulumi_tke_hybrid.plan.preview_json import StackPlan
from pulumi_tke_hybrid.review.causes import Cause
from pulumi_tke_hybrid.tke.rule import Finding, Severity


class ReviewVerdict(str, Enum):
    """The verdict on all changes, the best first."""

    CLEAN = "clean"
    """Nothing changes."""
    CHANGES = "changes"
    """Something changes; no change is dangerous, or each danger is accepted."""
    DANGEROUS = "dangerous"
    """Pods lose their network, their address or their client's address, and the danger is not accepted."""
    INVALID = "invalid"
    """The preview itself failed; its error must be fixed first."""
    COULD_NOT_TELL = "could not tell"
    """No whole preview could be read, so the changes are not known."""


LABEL = "tke-hybrid/accept"
"""A label `tke-hybrid/accept:CODE` accepts the danger of that code: 26 characters, of 50 that GitHub
allows."""
_CODE = re.compile(r"[A-Z2-7]{8}")


@dataclass(frozen=True)
class Acceptance:
    """A label or an option that accepts the danger of a code."""

    code: str
    """Empty where the label or the option holds no code: then nothing is accepted."""
    by: str
    """The source for the record: the option, or the label and the account that set the label, where that is
    known."""


@dataclass(frozen=True)
class JudgedFinding:
    """A finding of a stack, with the acceptance of its cause."""

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
    """A cause of a stack, with its code and acceptance."""

    stack: str
    cause: Cause
    code: str
    accepted: Acceptance | None = None

    @property
    def severity(self) -> Severity:
        """The severity of the cause; no consequence has a stricter one."""
        return self.cause.first.severity

    @property
    def blocks(self) -> bool:
        """Whether a pipeline must stop."""
        return self.severity is Severity.ERROR and self.accepted is None

    @property
    def level(self) -> str:
        """`danger`, `warning`, `note` or `accepted`."""
        if self.accepted is not None:
            return "accepted"
        return "danger" if self.severity is Severity.ERROR else self.severity.value

    @property
    def findings(self) -> list[JudgedFinding]:
        """The cause's own findings, then the consequences."""
        sources = [(finding, "") for finding in self.cause.findings]
        sources += [(finding, self.cause.first.path) for finding in self.cause.consequences]
        return [JudgedFinding(self.stack, found, self.accepted, self.code, path) for found, path in sources]


def code_in(text: str) -> str:
    """Return the text in capitals if the text is a code, else an empty string."""
    found = text.strip().upper()
    return found if _CODE.fullmatch(found) else ""


def from_labels(labels: Iterable[str], setters: Mapping[str, str] | None = None) -> list[Acceptance]:
    """Return the acceptances among a pull request's labels. Those without a code are included, because the
    comment names them as void.

    `setters`: the account that set each label, where that is known.
    """
    found: list[Acceptance] = []
    for label in labels:
        start, _, code = label.strip().partition(":")
        if start.lower() == LABEL:
            account = (setters or {}).get(label.strip(), "")
            source = f"label {label.strip()}" + (f", set by {account}" if account else "")
            found.append(Acceptance(code_in(code), source))
    return found


def code_of(plan: StackPlan, cause: Cause) -> str:
    """Return the code that accepts a cause in this change set: 8 letters and digits."""
    parts = [
        (finding.rule.id, finding.path, finding.urn, finding.head)
        for finding in (*cause.findings, *cause.consequences)
    ]
    whole = "\0".join([plan.stack, plan.fingerprint, *("\0".join(part) for part in sorted(parts))])
    return base64.b32encode(hashlib.sha256(whole.encode(errors="replace")).digest())[:8].decode()


def judge(plan: StackPlan, causes: Iterable[Cause], acceptances: Sequence[Acceptance]) -> list[JudgedCause]:
    """Return each cause with its code, and with the first acceptance of that code."""
    by_code = {given.code: given for given in reversed(acceptances)}
    coded = ((cause, code_of(plan, cause)) for cause in causes)
    return [JudgedCause(plan.stack, cause, code, by_code.get(code)) for cause, code in coded]


def void(causes: Iterable[JudgedCause], acceptances: Iterable[Acceptance]) -> list[Acceptance]:
    """Return the acceptances whose code belongs to no cause."""
    codes = {item.code for item in causes}
    return [given for given in acceptances if given.code not in codes]


def verdict(plans: Sequence[StackPlan], causes: Iterable[JudgedCause]) -> ReviewVerdict:
    """Return the worst verdict of all stacks. A danger comes first, because a danger is certain whatever else
    could not be read."""
    if any(item.blocks for item in causes):
        return ReviewVerdict.DANGEROUS
    if any(plan.failed for plan in plans):
        return ReviewVerdict.INVALID
    if not plans or any(plan.unreadable for plan in plans):
        return ReviewVerdict.COULD_NOT_TELL
    return (
        ReviewVerdict.CHANGES
        if any(step.op.changes for plan in plans for step in plan.steps)
        else ReviewVerdict.CLEAN
    )
