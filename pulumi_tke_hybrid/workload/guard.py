"""What is remembered about a workload, so that a preview can refuse a change that would lose its address or its clients."""

from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi.dynamic import CheckFailure, CheckResult, CreateResult, DiffResult, ReadResult, Resource, ResourceProvider, UpdateResult

from pulumi_tke_hybrid.tke.rules.workload_changes import change_findings


def _unknown(value: object) -> bool:
    return isinstance(value, pulumi.output.Unknown)


def _remembered(props: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in props.items() if name != "__provider" and value is not None}


class WorkloadGuardProvider(ResourceProvider):
    """Compares what the program says with what was there before. Asks nobody. Its module path is in every user's state: never move it."""

    serialize_as_secret_always = False

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        findings = change_findings(_olds, news, _unknown) if _olds else ()
        return CheckResult(news, [CheckFailure("", str(finding)) for finding in findings])

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        return DiffResult(changes=_remembered(_olds) != _remembered(_news), replaces=[])

    def create(self, props: dict[str, Any]) -> CreateResult:
        return CreateResult(str(props["name"]), dict(props))

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        return ReadResult(id_, props)

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        return UpdateResult(dict(_news))


class WorkloadGuard(Resource, module="tke-hybrid", name="WorkloadGuard"):
    """What a workload is now: its network, its way to the clients, its name.

    Each workload has two. The first comes before every object of it, so that a refused change touches nothing even in an `up` without a
    preview. The second comes after the pods, so that it knows what was really reached when a rollout failed half-way.
    """

    def __init__(self, name: str, props: Mapping[str, Any], opts: pulumi.ResourceOptions) -> None:
        super().__init__(WorkloadGuardProvider(), name, dict(props), opts)
