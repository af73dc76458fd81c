"""The policies of the pack: one for each registered rule, named by the rule's id, so that a user can set each
level."""

from collections.abc import Callable, Iterable
from functools import cache

from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyPack,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)

from pulumi_tke_hybrid.plan.model import Plan, Step
from pulumi_tke_hybrid.plan.rules import registry
from pulumi_tke_hybrid.plan.rules.not_judged import NOT_JUDGED
from pulumi_tke_hybrid.plan.rules.registry import (
    resource_findings,
    several_findings,
    step_findings,
    unjudged_findings,
)
from pulumi_tke_hybrid.policies import steps
from pulumi_tke_hybrid.policies.steps import PreviousState
from pulumi_tke_hybrid.tke.rule import Finding, Rule, Severity

NAME = "tke-hybrid"
BY_REMOVAL = "-by-removal"
"""Suffix of the policies on removed resources, which only stack policies see; a policy is of one kind."""
ADVISORY = "-advisory"
"""Suffix of the policies for findings below the severity of their rule; a policy has one level."""
REMOVING = registry.EVERY - registry.REMAINING
"""Operations after which the program no longer has the resource."""
_NOT_READ = f"so changes were not judged, only zones and ranges; {steps.VARIABLE} may name an export"


def policies(read: Callable[[str], PreviousState] = steps.read) -> list[Policy]:
    """Return all policies, for a pack of your own: `PolicyPack("mine", [*policies(), …])`.

    `read` returns the previous state of the stack with the given name.
    """
    history = _History(read)
    return [
        *(
            _on_resources(rule, history)
            for rule in (*registry.rules_on_resources(registry.REMAINING), NOT_JUDGED)
        ),
        *(_on_resources(rule, history, milder=True) for rule in registry.rules_with_milder_findings()),
        *(_on_stack(rule, history) for rule in registry.rules_on_plans() if rule != NOT_JUDGED),
        *(_on_removals(rule, history) for rule in (*registry.rules_on_resources(REMOVING), NOT_JUDGED)),
        _on_unread_state(history),
    ]


class _History:
    """The previous state of each stack, read once, and the steps that lead from the state to the program."""

    def __init__(self, read: Callable[[str], PreviousState]) -> None:
        self._read = cache(read)

    def of_urn(self, urn: str) -> PreviousState:
        # urn:pulumi:<stack>::<project>::…: Pulumi gives a pack the name of the stack nowhere else.
        return self._read(urn.split("::")[0].removeprefix("urn:pulumi:"))

    def of_stack(self, args: StackValidationArgs) -> PreviousState:
        return self.of_urn(args.resources[0].urn) if args.resources else PreviousState()

    def removed(self, args: StackValidationArgs) -> list[Step]:
        aliases = (alias for item in args.resources for alias in item.opts.aliases)
        return steps.removed((item.urn for item in args.resources), aliases, self.of_stack(args))

    def plan(self, args: StackValidationArgs) -> Plan:
        return Plan([*steps.of_stack(args.resources, self.of_stack(args)).steps, *self.removed(args)])


def _on_resources(rule: Rule, history: _History, *, milder: bool = False) -> Policy:
    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        before = history.of_urn(args.urn)
        if not before.unknown_because:
            found = resource_findings(steps.of_resource(args, before))
            for finding in _findings_of(rule, found, milder=milder):
                report(sentence(finding), None)

    name = f"{rule.id}{ADVISORY}" if milder else rule.id
    level = EnforcementLevel.ADVISORY if milder else _level(rule)
    return ResourceValidationPolicy(name, rule.summary, validate, level)


def _on_removals(rule: Rule, history: _History) -> Policy:
    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        removed = history.removed(args)
        found = [finding for step in removed for finding in step_findings(step)]
        found += several_findings(history.plan(args))
        for finding in _findings_of(rule, (*found, *unjudged_findings(Plan(removed), found))):
            report(sentence(finding), None)

    return StackValidationPolicy(f"{rule.id}{BY_REMOVAL}", rule.summary, validate, _level(rule))


def _on_stack(rule: Rule, history: _History) -> Policy:
    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        plan = history.plan(args)
        for finding in _findings_of(rule, several_findings(plan)):
            report(sentence(finding), _urn_of(finding, plan))

    return StackValidationPolicy(rule.id, rule.summary, validate, _level(rule))


def _urn_of(finding: Finding, plan: Plan) -> str | None:
    """URN of the resource whose name begins the finding's path."""
    name = finding.path.split(".")[0]
    return next((step.urn for step in plan.steps if step.new and step.custom and step.name == name), None)


def _on_unread_state(history: _History) -> Policy:
    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        reason = history.of_stack(args).unknown_because
        if reason:
            report(f"{reason}; {_NOT_READ}", None)

    summary = "The stack's last state can be read."
    return StackValidationPolicy("state-before", summary, validate, EnforcementLevel.ADVISORY)


def sentence(finding: Finding) -> str:
    """The finding in the words of `tke-hybrid review`."""
    return f"{finding.path}: {finding.message}"


def _findings_of(rule: Rule, found: Iterable[Finding], *, milder: bool = False) -> list[Finding]:
    """The findings of one rule: as a policy has one level, a mandatory policy reports errors only, and an
    advisory one the `milder` findings."""
    own = [finding for finding in found if finding.rule.id == rule.id]
    mandatory = rule.severity is Severity.ERROR
    return [item for item in own if (mandatory and item.severity is not Severity.ERROR) is milder]


def _level(rule: Rule) -> EnforcementLevel:
    return EnforcementLevel.MANDATORY if rule.severity is Severity.ERROR else EnforcementLevel.ADVISORY


def run() -> None:
    """Serve the pack until the engine ends; a pack's program calls nothing else."""
    PolicyPack(NAME, policies(), EnforcementLevel.ADVISORY)
