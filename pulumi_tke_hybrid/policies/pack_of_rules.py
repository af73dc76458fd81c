"""One policy for each rule, under the rule's own name: so each is made mandatory, advisory or disabled by
itself."""

from collections.abc import Iterable
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
from pulumi_tke_hybrid.plan.rules import (
    addresses,
    annotations,
    clusters,
    coverage,
    exposure,
    networks,
    not_judged,
    of_plan,
    references,
    workloads,
)
from pulumi_tke_hybrid.plan.rules import networks as security_groups
from pulumi_tke_hybrid.plan.rules import of_plan as changes
from pulumi_tke_hybrid.plan.rules import of_plan as left_unmanaged
from pulumi_tke_hybrid.plan.rules import system_objects as system
from pulumi_tke_hybrid.policies import previous_state, steps
from pulumi_tke_hybrid.tke import cidrs, names
from pulumi_tke_hybrid.tke.rule import Finding, Rule, Severity
from pulumi_tke_hybrid.tke.rules import annotation_checks
from pulumi_tke_hybrid.tke.rules.load_balancers import LISTENERS

NAME = "tke-hybrid"
BY_REMOVAL = "-by-removal"
"""A resource that leaves the program is seen by stack policies only, and a policy has one kind."""

ADVISORY = "-advisory"
"""Ends the name of a policy for the milder findings of a rule."""

OF_RESOURCES = (
    clusters.PHANTOM_HYBRID,
    clusters.CLUSTER_REBUILT,
    clusters.POD_NETWORK_OFF,
    clusters.POD_SUBNET_LEAVES,
    clusters.REFUSED_UPDATE,
    clusters.GR_SOURCE_ADDRESS,
    clusters.PROTECTION_OFF,
    networks.RANGE_CHANGED,
    networks.POOL_REBUILT,
    security_groups.SECURITY_GROUP_NARROWED,
    workloads.DIRECT_ACCESS_OFF,
    workloads.PODS_LEAVE_ENI,
    workloads.BALANCER_REPLACED,
    workloads.STATEFUL_SET_REPLACED,
    workloads.DEPLOYMENT_REPLACED,
    workloads.KEPT_ADDRESS_OFF,
    system.IPAMD_RESTART,
    annotations.FIXED_ANNOTATION,
    exposure.EXPOSURE_WIDENED,
    system.IPAMD_REMOVED,
    left_unmanaged.LEFT_UNMANAGED,
    not_judged.NOT_JUDGED,
    exposure.NEW_EXPOSURE,
    *annotations.RULES,
)
OF_REMOVALS = (
    clusters.CLUSTER_REBUILT,
    clusters.POD_NETWORK_OFF,
    clusters.POD_SUBNET_LEAVES,
    clusters.SWITCH_UNMANAGED,
    networks.RANGE_CHANGED,
    networks.POOL_REBUILT,
    workloads.BALANCER_REPLACED,
    workloads.WORKLOAD_DELETED,
    workloads.DIRECT_ACCESS_OFF,
    workloads.PODS_LEAVE_ENI,
    security_groups.SECURITY_GROUP_NARROWED,
    system.IPAMD_REMOVED,
    left_unmanaged.LEFT_UNMANAGED,
    not_judged.NOT_JUDGED,
)
WITH_MILDER_FINDINGS = (exposure.EXPOSURE_WIDENED, annotation_checks.CONFLICT, annotation_checks.UNKNOWN_KEY)
"""Rules of which some findings are less severe than the rule: a policy has one level for all that it
reports."""
OF_STACKS = (
    names.ZONE_UNCOVERED,
    coverage.ADDRESSES_SHORT,
    addresses.PODS_FIT,
    cidrs.RANGE_OVERLAP,
    cidrs.RANGE_OUTSIDE_VPC,
    cidrs.RANGE_TOO_SMALL,
    references.IN_USE,
    LISTENERS,
)


def policies(read: previous_state.Read = previous_state.read) -> list[Policy]:
    """All of them, for a pack of your own: `PolicyPack("mine", [*policies(), …])`. `read` gets the state of
    the stack as it was."""

    @cache
    def of_stack_named(name: str) -> previous_state.Before:
        return read(name)

    def was(urn: str) -> previous_state.Before:
        # urn:pulumi:<stack>::<project>::…: a pack that Pulumi runs as a plugin is told the name of its stack
        # nowhere else.
        return of_stack_named(urn.split("::")[0].removeprefix("urn:pulumi:"))

    def was_all(args: StackValidationArgs) -> previous_state.Before:
        return was(args.resources[0].urn) if args.resources else previous_state.Before()

    def of_resource(rule: Rule, *, milder: bool = False) -> Policy:
        def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
            known = was(args.urn)
            if not known.unknown_because:
                for finding in _of(rule, of_plan.of_resource(steps.of_resource(args, known))):
                    if (finding.severity is not rule.severity) is milder:
                        report(sentence(finding), None)

        name, level = (
            (f"{rule.id}{ADVISORY}", EnforcementLevel.ADVISORY) if milder else (rule.id, _level(rule))
        )
        return ResourceValidationPolicy(name, rule.summary, validate, level)

    def removed(args: StackValidationArgs) -> list[Step]:
        aliases = (alias for item in args.resources for alias in item.opts.aliases)
        return steps.removed((item.urn for item in args.resources), aliases, was_all(args))

    def whole(args: StackValidationArgs) -> Plan:
        return Plan([*steps.of_stack(args.resources, was_all(args)).steps, *removed(args)])

    def of_removals(rule: Rule) -> Policy:
        def validate(args: StackValidationArgs, report: ReportViolation) -> None:
            gone, plan = removed(args), whole(args)
            found = [
                *(finding for step in gone for finding in changes.of_step(step)),
                *of_plan.of_several(plan),
            ]
            for finding in _of(rule, (*found, *of_plan.unjudged(Plan(gone), found))):
                report(sentence(finding), None)

        return StackValidationPolicy(f"{rule.id}{BY_REMOVAL}", rule.summary, validate, _level(rule))

    def of_stack(rule: Rule) -> Policy:
        def validate(args: StackValidationArgs, report: ReportViolation) -> None:
            plan = whole(args)
            for finding in _of(rule, of_plan.of_several(plan)):
                where = next(
                    (
                        step.urn
                        for step in plan.steps
                        if step.new and step.custom and step.name == finding.path.split(".")[0]
                    ),
                    None,
                )
                report(sentence(finding), where)

        return StackValidationPolicy(rule.id, rule.summary, validate, _level(rule))

    def unread(args: StackValidationArgs, report: ReportViolation) -> None:
        reason = was_all(args).unknown_because
        if reason:
            report(
                f"{reason}; so changes were not judged, only zones and ranges; {previous_state.VARIABLE} may"
                " name an export",
                None,
            )

    return [
        *(of_resource(rule) for rule in OF_RESOURCES),
        *(of_resource(rule, milder=True) for rule in WITH_MILDER_FINDINGS),
        *(of_stack(rule) for rule in OF_STACKS),
        *(of_removals(rule) for rule in OF_REMOVALS),
        StackValidationPolicy(
            "state-before", "The stack's last state can be read.", unread, EnforcementLevel.ADVISORY
        ),
    ]


def sentence(finding: Finding) -> str:
    """As `tke-hybrid review` says it."""
    return f"{finding.path}: {finding.message}"


def _of(rule: Rule, found: Iterable[Finding]) -> Iterable[Finding]:
    """What a rule has found. A policy has one level, so a mandatory one leaves out what its rule finds to be
    a warning or a note."""
    mandatory = rule.severity is Severity.ERROR
    return (
        finding
        for finding in found
        if finding.rule.id == rule.id and (not mandatory or finding.severity is Severity.ERROR)
    )


def _level(rule: Rule) -> EnforcementLevel:
    return EnforcementLevel.MANDATORY if rule.severity is Severity.ERROR else EnforcementLevel.ADVISORY


def run() -> None:
    """Serve the pack until the engine is done; this is the whole program of a pack."""
    PolicyPack(NAME, policies(), EnforcementLevel.ADVISORY)
