"""The model of a review: stacks with their changes, zones and causes, the verdict and the exit code.

`review` judges the plans; the writers are in `markdown_report` and `report`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from pulumi_tke_hybrid.cli.exit_code import ExitCode, FailOn
from pulumi_tke_hybrid.cli.text import several
from pulumi_tke_hybrid.plan.model import Plan, Step
from pulumi_tke_hybrid.plan.preview_json import StackPlan
from pulumi_tke_hybrid.plan.rules import registry
from pulumi_tke_hybrid.plan.zone_changes import ZoneChange, zones_of
from pulumi_tke_hybrid.review import accepting
from pulumi_tke_hybrid.review.accepting import Acceptance, JudgedCause, JudgedFinding, ReviewVerdict
from pulumi_tke_hybrid.review.affected import AffectedResources
from pulumi_tke_hybrid.review.causes import causes
from pulumi_tke_hybrid.review.grouping import NO_COUNTS, Counts, Grouping, group_steps
from pulumi_tke_hybrid.review.redaction import Redactor
from pulumi_tke_hybrid.tke.rule import Finding, Severity, judged


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
            item.finding.severity is Severity.WARNING and item.accepted is None for item in self.findings
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
    def counts(self) -> Counts:
        """The counts of all stacks together."""
        return sum((stack.grouping.counts for stack in self.stacks), NO_COUNTS)

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
    return Review(
        stacks,
        accepting.verdict(plans, found),
        redactor,
        origin or Origin(),
        fail_on,
        accepting.void(found, acceptances),
    )


def _review_stack(
    plan: StackPlan, acceptances: Sequence[Acceptance], severities: Mapping[str, Severity]
) -> StackReview:
    steps = Plan(plan.steps)
    found = judged(registry.plan_findings(steps), severities)
    return StackReview(
        plan,
        group_steps(plan),
        zones_of(steps),
        accepting.judge(plan, causes(plan.steps, found), acceptances),
    )
