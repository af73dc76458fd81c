"""The model of a review: stacks with their changes, zones and causes, the verdict, the exit code, and the
codes that accept a danger.

A code is made of the stack, the fingerprint of the change set, and the danger with its consequences. A code
accepts nothing in another change set, and no consequence that was not below the danger when the code was
shown. `review` judges the plans; the writers are in `markdown_report` and `report`."""

import base64
import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property

from pulumi_tke_hybrid.cli.process import ExitCode, FailOn, several
from pulumi_tke_hybrid.plan.model import Op, Plan, Step
from pulumi_tke_hybrid.plan.preview_json import StackPlan
from pulumi_tke_hybrid.plan.rules import registry
from pulumi_tke_hybrid.plan.zone_changes import ZoneChange, zones_of
from pulumi_tke_hybrid.review.affected import AffectedResources
from pulumi_tke_hybrid.review.causes import Cause, causes
from pulumi_tke_hybrid.review.grouping import Grouping, group_steps
from pulumi_tke_hybrid.review.redaction import Redactor
from pulumi_tke_hybrid.tke.rule import Finding, Severity, judged


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
"""A label `tke-hybrid/accept:CODE` accepts the danger of that code: 26 characters, GitHub allows 50."""
_CODE = re.compile(r"[A-Z2-7]{8}")


@dataclass(frozen=True)
class Acceptance:
    """A label or an option that accepts the danger of a code."""

    code: str
    """Empty where the label or the option holds no code: then nothing is accepted."""
    by: str
    """For the record: the option, or the label and the account that set the label, where that is known."""


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
    def findings(self) -> "list[JudgedFinding]":
        """The cause's own findings, then the consequences."""
        own = [JudgedFinding(finding, self) for finding in self.cause.findings]
        path = self.cause.first.path
        return [*own, *(JudgedFinding(finding, self, path) for finding in self.cause.consequences)]


@dataclass(frozen=True)
class JudgedFinding:
    """A finding with its cause."""

    finding: Finding
    cause: JudgedCause
    follows: str = ""
    """Path of the finding that this one follows from; empty for a cause."""

    @property
    def blocks(self) -> bool:
        """Whether a pipeline must stop."""
        return self.finding.severity is Severity.ERROR and self.cause.accepted is None


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


def verdict(plans: Sequence[StackPlan], causes: Iterable[JudgedCause]) -> ReviewVerdict:
    """Return the worst verdict of all stacks. A danger comes first, because a danger is certain whatever else
    could not be read."""
    if any(item.blocks for item in causes):
        return ReviewVerdict.DANGEROUS
    if any(plan.failed for plan in plans):
        return ReviewVerdict.INVALID
    if not plans or any(plan.unreadable for plan in plans):
        return ReviewVerdict.COULD_NOT_TELL
    changes = any(step.op.changes for plan in plans for step in plan.steps)
    return ReviewVerdict.CHANGES if changes else ReviewVerdict.CLEAN


@dataclass(frozen=True)
class Origin:
    """The source of the previews, for the comment's last line."""

    commit: str = ""
    tools: Mapping[str, str] = field(default_factory=dict[str, str])
    docs: str = ""
    """Address of the folder docs/ of this library; empty where the address is not known."""
    job: str = ""
    """Address of the job that makes the review."""


@dataclass(frozen=True)
class StackReview:
    """One stack of a review."""

    plan: StackPlan
    grouping: Grouping
    zones: Sequence[ZoneChange]
    causes: Sequence[JudgedCause]

    @property
    def name(self) -> str:
        """`<project>/<stack>`; the file's name where the preview does not name the stack."""
        return self.plan.stack or self.plan.source

    @cached_property
    def affected(self) -> AffectedResources:
        """Nodes, pods and load balancers that a finding affects."""
        return AffectedResources(self.plan.steps)


@dataclass(frozen=True)
class Review:
    """All stacks together."""

    stacks: Sequence[StackReview]
    verdict: ReviewVerdict
    redactor: Redactor
    origin: Origin
    fail_on: FailOn = FailOn.ERROR
    void: Sequence[Acceptance] = ()
    """Acceptances that accept nothing here."""

    @property
    def exit_code(self) -> ExitCode:
        """A known danger decides before a preview that could not be read."""
        if self.verdict is ReviewVerdict.DANGEROUS or self.stopped_by:
            return ExitCode.NOT_FINE
        if self.verdict is ReviewVerdict.INVALID:
            return ExitCode.PREVIEW_FAILED
        return ExitCode.COULD_NOT_TELL if self.verdict is ReviewVerdict.COULD_NOT_TELL else ExitCode.FINE

    @cached_property
    def stopped_by(self) -> str:
        """The warnings or changes that `--fail-on` stops at, in words; empty where `--fail-on` stops at
        nothing beside a danger."""
        warnings = sum(
            item.finding.severity is Severity.WARNING and item.cause.accepted is None
            for item in self.findings
        )
        if warnings and self.fail_on.warnings_count:
            return several(warnings, "warning")
        changes = sum(step.op.changes for step in self.steps)
        return several(changes, "change") if changes and self.fail_on is FailOn.CHANGE else ""

    @cached_property
    def steps(self) -> list[Step]:
        """The steps of all stacks."""
        return [step for stack in self.stacks for step in stack.plan.steps]

    @cached_property
    def causes(self) -> list[JudgedCause]:
        """The causes of all stacks, the strictest first."""
        order = list(Severity)
        return sorted(
            (item for stack in self.stacks for item in stack.causes),
            key=lambda item: order.index(item.severity),
        )

    @cached_property
    def findings(self) -> list[JudgedFinding]:
        """The findings of all causes, each followed by its consequences."""
        return [finding for item in self.causes for finding in item.findings]

    @cached_property
    def counts(self) -> Counter[Op]:
        """The number of resources of all stacks by operation, without noise and components."""
        return sum((stack.grouping.counts for stack in self.stacks), Counter[Op]())

    @property
    def noise(self) -> int:
        """The number of steps of all stacks that are noise."""
        return sum(count for stack in self.stacks for count in stack.grouping.noise.values())

    @property
    def names(self) -> list[str]:
        """The names of the stacks."""
        return [stack.name for stack in self.stacks]

    def affected(self, item: JudgedCause) -> str:
        """Return the nodes, pods and load balancers that a cause affects, in words."""
        stacks = (stack for stack in self.stacks if stack.plan.stack == item.stack)
        return next((stack.affected.of(item.cause.findings) for stack in stacks), "")

    def place(self, stack: str, finding: Finding) -> str:
        """Return the path of a finding, with its stack where the review has several."""
        return f"{stack}: {finding.path}" if len(self.stacks) > 1 else finding.path

    def needs_code(self, item: JudgedCause) -> bool:
        """Whether the cause stops the pipeline until its code is accepted."""
        warning_stops = item.severity is Severity.WARNING and self.fail_on.warnings_count
        return (item.severity is Severity.ERROR or warning_stops) and item.accepted is None


def review(
    plans: Sequence[StackPlan],
    redactor: Redactor,
    *,
    acceptances: Sequence[Acceptance] = (),
    severities: Mapping[str, Severity] | None = None,
    origin: Origin | None = None,
    fail_on: FailOn = FailOn.ERROR,
) -> Review:
    """Judge the plans."""
    stacks = [_review_stack(plan, acceptances, severities or {}) for plan in plans]
    found = [item for stack in stacks for item in stack.causes]
    codes = {item.code for item in found}
    void = [given for given in acceptances if given.code not in codes]
    return Review(stacks, verdict(plans, found), redactor, origin or Origin(), fail_on, void)


def _review_stack(
    plan: StackPlan, acceptances: Sequence[Acceptance], severities: Mapping[str, Severity]
) -> StackReview:
    """Judge a plan: each cause gets its code, and the first acceptance of that code."""
    steps = Plan(plan.steps)
    found = judged(registry.plan_findings(steps), severities)
    by_code = {given.code: given for given in reversed(acceptances)}
    coded = [(cause, code_of(plan, cause)) for cause in causes(plan.steps, found)]
    judgements = [JudgedCause(plan.stack, cause, code, by_code.get(code)) for cause, code in coded]
    return StackReview(plan, group_steps(plan), zones_of(steps), judgements)
