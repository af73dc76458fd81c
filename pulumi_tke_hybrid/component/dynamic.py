"""Base classes of the dynamic providers: region and account of their calls, checks, and progress.

The pickled provider classes are in `vpc_cni`, `cluster_guard`, `kept_addresses` and `workload.guard`.
"""

import sys
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, ClassVar

import pulumi
from pulumi.dynamic import (
    CheckFailure,
    CheckResult,
    Config,
    ConfigureRequest,
    CreateResult,
    DiffResult,
    ResourceProvider,
    UpdateResult,
)

from pulumi_tke_hybrid.cloud.api_client import (
    Cloud,
    TencentCloud,
    account_of,
    refuse_other_account,
    wrong_account,
)
from pulumi_tke_hybrid.cloud.calls import CloudError, CloudSettings, SettingsMissing, Wait
from pulumi_tke_hybrid.tke.objects import UNKNOWN, items, mapping, unknown
from pulumi_tke_hybrid.tke.rule import PROPERTY, Finding, Severity, judged
from pulumi_tke_hybrid.tke.rules.immutable_fields import STACK_PLACE

DEFAULT_DEADLINE = 600


def log_progress(line: str) -> None:
    """Print a line of progress: the engine shows the output of a plugin at once."""
    print(line, flush=True)


def mark_unknown(value: Any) -> Any:
    """Return the value with `UNKNOWN` in place of the SDK's object for an unknown value. The host sends both
    to the engine as the same text."""
    if isinstance(value, pulumi.output.Unknown):
        return UNKNOWN
    if properties := mapping(value):
        return {name: mark_unknown(item) for name, item in properties.items()}
    return [mark_unknown(item) for item in listed] if (listed := items(value)) else value


log_once = cache(log_progress)
"""Print a line once for all resources of a run, which share one process."""


def errors_among(findings: Iterable[Finding], settings: Mapping[str, Severity]) -> list[Finding]:
    """Return the errors among the findings, with the severities of the program; print the other findings."""
    found = judged(findings, settings)
    for finding in found:
        if finding.severity is not Severity.ERROR:
            log_progress(f"{finding.severity.value}: {finding}")
    return [finding for finding in found if finding.severity is Severity.ERROR]


class CloudProvider(ResourceProvider):
    """A dynamic provider over the cloud's API.

    A provider is pickled as a reference, so neither code nor credentials are in the state. A provider has the
    stack's configuration and the environment, but no explicit provider object. So region and account are
    inputs, are stored, and are compared before any other call. A deletion does nothing unless the class has
    a `delete`: a resource that leaves the program keeps the pod network.
    """

    serialize_as_secret_always = False
    _config: Config

    def configure(self, req: ConfigureRequest) -> None:
        self._config = req.config
        # The host prints an exception with its stack trace. The message of the cloud is enough.
        sys.tracebacklimit = 0

    def check(self, olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        olds, news = mark_unknown(olds), mark_unknown(news)
        try:
            problems = (
                self._check_region(olds, news)
                or self.check_offline(olds, news)
                or self._check_account(olds, news)
                or self.check_live(olds, news)
            )
        except SettingsMissing as error:
            problems = [PROPERTY.finding("region", str(error))]
        # With a property name, the engine would print the whole value between the path and the sentence.
        return CheckResult(news, [CheckFailure("", str(problem)) for problem in problems])

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        return self.compare(mark_unknown(olds), mark_unknown(news))

    def compare(self, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        """Return the changes between the state and the program. Make no call."""
        raise NotImplementedError

    def check_offline(self, olds: dict[str, Any], news: dict[str, Any]) -> list[Finding]:
        """Return the findings on the state and the program alone. Make no call."""
        return []

    def check_live(self, olds: dict[str, Any], news: dict[str, Any]) -> list[Finding]:
        """Return the findings on the live state. Read only."""
        return []

    def settings(self, region: str) -> CloudSettings:
        """Return region, address and credentials for calls in the region."""
        return CloudSettings.read(self._config.get, region)

    def cloud(self, props: Mapping[str, Any]) -> Cloud:
        """Return the cloud. Raise `CloudError` if the credentials belong to another account than the
        properties."""
        settings = self.settings(str(props["region"]))
        cloud = TencentCloud(settings)
        if props.get("accountId"):
            refuse_other_account(cloud, str(props["accountId"]), settings.secret_id)
        return cloud

    def wait(self, props: Mapping[str, Any]) -> Wait:
        """Return the deadline of waits, with progress in the engine's output."""
        return Wait(deadline=float(props.get("deadlineSeconds") or DEFAULT_DEADLINE), log=log_progress)

    def _check_region(self, olds: dict[str, Any], news: dict[str, Any]) -> list[Finding]:
        if not news.get("region"):
            news["region"] = self.settings("").region
        before, now = olds.get("region"), news["region"]
        if before and not unknown(now) and before != now and olds.get("clusterId") == news.get("clusterId"):
            return [
                STACK_PLACE.finding(
                    "region",
                    f"the stack belongs to region {before}, the program to {now}",
                    why="a cluster never moves",
                    todo=f"go back to {before}",
                )
            ]
        return []

    def _check_account(self, olds: dict[str, Any], news: dict[str, Any]) -> list[Finding]:
        before = str(olds.get("accountId") or "")
        news["accountId"] = before
        if unknown(news["region"]):
            return []
        settings = self.settings(str(news["region"]))
        try:
            now = account_of(TencentCloud(settings))
        except CloudError as error:
            # A preview works without credentials; a later call that needs them raises its own error.
            log_once(
                f"could not read the account of the credentials ({error.code}), so it was not compared;"
                " `tke-hybrid doctor` looks why"
            )
            return []
        news["accountId"] = now
        if before in ("", now):
            return []
        return [STACK_PLACE.finding("credentials", wrong_account(before, now, settings.secret_id))]


class CloudStateProvider(CloudProvider):
    """Base of a step that stores its inputs, and calls the cloud only in its checks and its deletion."""

    compared: ClassVar[tuple[str, ...]]
    """Properties whose change is an update."""

    def create(self, props: dict[str, Any]) -> CreateResult:
        return CreateResult(str(props["name"]), dict(props))

    def update(self, _id: str, _olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        return UpdateResult(dict(news))

    def compare(self, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        # An account is stored as soon as it can be read; any other change of the account was refused.
        return DiffResult(
            changes=any(olds.get(name) != news.get(name) for name in ("accountId", *self.compared)),
            replaces=[],
        )
