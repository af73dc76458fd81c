"""A whole review: plans, what the rules find in them, and what a pipeline should do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from pulumi_tke_hybrid.console.exit_code import ExitCode, FailOn
from pulumi_tke_hybrid.console.text import several
from pulumi_tke_hybrid.review import gate
from pulumi_tke_hybrid.review.behind import Surroundings
from pulumi_tke_hybrid.review.causes import causes
from pulumi_tke_hybrid.review.gate import Acceptance, Judged, JudgedCause
from pulumi_tke_hybrid.review.outline import NOTHING, Counts, Outline, outline
from pulumi_tke_hybrid.review.plan import StackPlan
from pulumi_tke_hybrid.review.verdict import Verdict
from pulumi_tke_hybrid.review.words import Words
from pulumi_tke_hybrid.tke.rule import Severity, judged
from pulumi_tke_hybrid.tke.rules import coverage, of_plan
from pulumi_tke_hybrid.tke.step import Plan


@dataclass(frozen=True)
class Origin:
    """Where the previews come from, for the comment's last line."""

    commit: str = ""
    tools: Mapping[str, str] = field(default_factory=dict[str, str])
    docs: str = ""
    """Where the folder docs/ of this library can be read; empty where that is not known."""
    job: str = ""
    """Address of the job that makes the review."""


@dataclass(frozen=True)
class StackReview:
    """One stack of a review."""

    plan: StackPlan
    outline: Outline
    zones: Sequence[coverage.Zone]
    causes: Sequence[JudgedCause]

    @cached_property
    def surroundings(self) -> Surroundings:
        """Who stands behind its resources."""
        return Surroundings(self.plan.steps)


@dataclass(frozen=True)
class Review:
    """All stacks together."""

    stacks: Sequence[StackReview]
    verdict: Verdict
    words: Words
    origin: Origin
    fail_on: FailOn = FailOn.ERROR
    void: Sequence[Acceptance] = ()
    """Acceptances that accept nothing here."""

    @property
    def exit_code(self) -> ExitCode:
        """What is known to be bad decides before what could not be read."""
        if self.verdict is Verdict.DANGEROUS or self.stopped_by:
            return ExitCode.NOT_FINE
        if self.verdict is Verdict.INVALID:
            return ExitCode.PREVIEW_FAILED
        return ExitCode.COULD_NOT_TELL if self.verdict is Verdict.COULD_NOT_TELL else ExitCode.FINE

    @cached_property
    def stopped_by(self) -> str:
        """What `--fail-on` stops at, in words; empty where nothing beside a danger stops."""
        warnings = sum(item.finding.severity is Severity.WARNING and item.accepted is None for item in self.findings)
        if warnings and self.fail_on.warnings_count:
            return several(warnings, "warning")
        changes = sum(step.op.changes for stack in self.stacks for step in stack.plan.steps)
        return several(changes, "change") if changes and self.fail_on is FailOn.CHANGE else ""

    @cached_property
    def causes(self) -> list[JudgedCause]:
        """Of all stacks, the strictest first."""
        order = list(Severity)
        return sorted((item for stack in self.stacks for item in stack.causes), key=lambda item: order.index(item.severity))

    @cached_property
    def findings(self) -> list[Judged]:
        """Of all causes, each followed by its consequences."""
        return [finding for item in self.causes for finding in item.findings]

    @cached_property
    def counts(self) -> Counts:
        """Of all stacks together."""
        return sum((stack.outline.counts for stack in self.stacks), NOTHING)

    @property
    def names(self) -> list[str]:
        """`<project>/<stack>` of each; a file's name where a preview did not say."""
        return [stack.plan.stack or stack.plan.source for stack in self.stacks]


def review(
    plans: Sequence[StackPlan],
    words: Words,
    *,
    acceptances: Sequence[Acceptance] = (),
    severities: Mapping[str, Severity] | None = None,
    origin: Origin | None = None,
    fail_on: FailOn = FailOn.ERROR,
) -> Review:
    """Judge the plans."""
    stacks = [_of_stack(plan, acceptances, severities or {}) for plan in plans]
    found = [item for stack in stacks for item in stack.causes]
    return Review(stacks, gate.verdict(plans, found), words, origin or Origin(), fail_on, gate.void(found, acceptances))


def _of_stack(plan: StackPlan, acceptances: Sequence[Acceptance], severities: Mapping[str, Severity]) -> StackReview:
    steps = Plan(plan.steps)
    found = judged(of_plan.findings(steps), severities)
    return StackReview(plan, outline(plan), coverage.zones_of(steps), gate.judge(plan, causes(plan.steps, found), acceptances))
