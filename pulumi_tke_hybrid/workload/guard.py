"""What is remembered about a workload, so that a preview can refuse a change that would lose its address, its
pods or its clients."""

from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi.dynamic import CheckFailure, CheckResult, DiffResult, Resource

from pulumi_tke_hybrid.component.dynamic import StateOnlyProvider, log_progress, unknown
from pulumi_tke_hybrid.plan.rules.workload_changes import change_findings, lost_ids


def _remembered(props: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in props.items() if name != "__provider" and value is not None}


class WorkloadGuardProvider(StateOnlyProvider):
    """Compares what the program says with what was there before. Asks nobody. Its module path is in every
    user's state: never move it."""

    def check(self, olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        findings = change_findings(olds, news, unknown) if olds else ()
        for line in lost_ids(olds, news, unknown):
            log_progress(line)
        return CheckResult(news, [CheckFailure("", str(finding)) for finding in findings])

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        before, after = _remembered(_olds), _remembered(_news)
        for name in (
            "selector",
            "volumeClaims",
            "serviceName",
            "podManagementPolicy",
            "ids",
            "serviceAnnotations",
            "ingressAnnotations",
        ):
            if name not in before:  # older stacks: the engine stores it without a step
                after.pop(name, None)
        return DiffResult(changes=before != after, replaces=[])


class WorkloadGuard(Resource, module="tke-hybrid", name="WorkloadGuard"):
    """What a workload is now: its network, its way to the clients, its name, how it finds its pods.

    Each workload has two. The first comes before every object of it, so that a refused change touches nothing
    even in an `up` without a
    preview. The second comes after the pods, so that it knows what was really reached when a rollout failed
    half-way.
    """

    def __init__(self, name: str, props: Mapping[str, Any], opts: pulumi.ResourceOptions) -> None:
        super().__init__(WorkloadGuardProvider(), name, dict(props), opts)
