"""The logic of `VpcCni` over plain dictionaries, against a cloud of thirty lines that can be made to
misbehave."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import quote, quote_plus, unquote_plus

import pytest
from pulumi.output import Unknown

from pulumi_tke_hybrid.cloud.client import NETWORK_ERROR, Params, TencentCloud
from pulumi_tke_hybrid.cloud.errors import CloudError, DeadlinePassed, Incompatible, IncompleteResponse
from pulumi_tke_hybrid.cloud.in_cluster import NotReadable
from pulumi_tke_hybrid.cloud.settings import AssumedRole, CloudSettings, SettingsMissing
from pulumi_tke_hybrid.cloud.vpc_cni import VpcCniSwitch
from pulumi_tke_hybrid.cloud.vpc_cni_state import AdoptionReport, adoption_report, changes, forbidden_changes
from pulumi_tke_hybrid.cloud.waiting import Wait
from pulumi_tke_hybrid.component import dynamic
from pulumi_tke_hybrid.vpc_cni import VpcCniProvider, VpcCniReadyProvider

A, B, C = "subnet-aaaaaaaa", "subnet-bbbbbbbb", "subnet-cccccccc"
WISH: dict[str, Any] = {
    "region": "ap-guangzhou",
    "clusterId": "cls-12345678",
    "vpcId": "vpc-12345678",
    "subnets": [A, B],
    "cniType": "tke-route-eni",
    "staticIp": True,
    "ipReclaim": "300s",
    "nonMasquerade": "add_vpc",
}
UNKNOWN = object()


@dataclass
class FakeCloud:
    """Answers in the API's shapes; `before` runs at each call and may raise."""

    status: str = "Running"
    enabled: bool | None = False
    """None: the answer does not tell."""
    subnets: list[str] | None = None
    ipamd: list[str] = field(default_factory=list[str])
    phase: str = ""
    reclaim: str = ""
    reason: str = ""
    gone: bool = False
    nodes: int = 2
    progress: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    """What the task of switching on answers, one call after the other; the last answer stays."""
    used: dict[str, int] = field(default_factory=dict[str, int])
    """Addresses in use, by subnet."""
    enables: bool = True
    """Whether the accepted request ever switches VPC-CNI on."""
    described: dict[str, Any] = field(default_factory=dict[str, Any])
    """More of what `Property` holds."""
    vpc: str = "vpc-12345678"
    calls: list[tuple[str, Params]] = field(default_factory=list[tuple[str, Params]])
    before: Callable[[str], None] = lambda action: None
    after: Callable[[str], None] = lambda action: None

    def call(self, service: str, action: str, params: Params) -> dict[str, Any]:
        self.calls.append((action, params))
        self.before(action)
        answer = self._answer(action, dict(params))
        self.after(action)
        return answer

    def _answer(self, action: str, params: dict[str, Any]) -> dict[str, Any]:
        if action == "DescribeClusters":
            described = {
                "NetworkType": "GR",
                **({"VpcCniType": "tke-route-eni"} if self.enabled else {}),
                **self.described,
            }
            network = {"Subnets": self.subnets, "VpcId": self.vpc}
            cluster = {
                "ClusterStatus": self.status,
                "ClusterNodeNum": self.nodes,
                "Property": json.dumps(described),
                "ClusterNetworkSettings": network,
            }
            return {"Clusters": [] if self.gone else [cluster]}
        if action == "DescribeIPAMD":
            return {
                "EnableIPAMD": self.enabled,
                "DisableVpcCniMode": False,
                "Phase": self.phase,
                "Reason": self.reason,
                "SubnetIds": self.ipamd,
                "ClaimExpiredDuration": self.reclaim,
            }
        if action == "DescribeSubnets":
            named: list[str] = params["Filters"][0]["Values"]
            shape = {"TotalIpAddressCount": 253}
            return {
                "SubnetSet": [
                    {"SubnetId": item, **shape, "AvailableIpAddressCount": 253 - self.used.get(item, 0)}
                    for item in named
                ]
            }
        if action == "DescribeEnableVpcCniProgress" and self.progress:
            return self.progress.pop(0) if len(self.progress) > 1 else self.progress[0]
        if action == "EnableVpcCniNetworkType" and self.enables:
            self.enabled, self.subnets, self.phase = True, list(params["Subnets"]), "initializing"
            self.reclaim = f"{params.get('ExpiredSeconds', 0)}s"
        if action == "DisableVpcCniNetworkType":
            self.enabled, self.subnets, self.phase = False, None, ""
        if action == "AddVpcCniSubnets":
            self.subnets = [*(self.subnets or []), *params["SubnetIds"]]
        return {}

    def asked(self, action: str) -> list[Params]:
        return [params for name, params in self.calls if name == action]


def switch(cloud: FakeCloud, said: list[str] | None = None, deadline: float = 20) -> VpcCniSwitch:
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    return VpcCniSwitch(
        cloud, Wait(deadline, (said if said is not None else []).append, sleep=sleep, clock=lambda: now[0])
    )


def reported(cloud: FakeCloud) -> Callable[[dict[str, Any]], AdoptionReport]:
    """The report of a preview."""
    return lambda props: adoption_report(cloud, props, lambda value: value is UNKNOWN)


def test_all_subnets_are_given_in_the_one_call_that_switches_on() -> None:
    cloud = FakeCloud()
    outputs = switch(cloud).create(WISH)
    assert cloud.asked("EnableVpcCniNetworkType") == [
        {
            "ClusterId": "cls-12345678",
            "VpcCniType": "tke-route-eni",
            "EnableStaticIp": True,
            "Subnets": [A, B],
            "SkipAddingNonMasqueradeCIDRs": False,
            "ExpiredSeconds": 300,
        }
    ]
    assert not cloud.asked("AddVpcCniSubnets")
    assert outputs == {**WISH, "registeredSubnets": [A, B], "phase": "initializing", "reclaimSeconds": 300}


def test_never_is_expressed_by_leaving_the_seconds_out() -> None:
    cloud = FakeCloud()
    switch(cloud).create({**WISH, "ipReclaim": "never"})
    assert "ExpiredSeconds" not in cloud.asked("EnableVpcCniNetworkType")[0]


def test_keep_leaves_the_non_masquerade_list_alone() -> None:
    cloud = FakeCloud()
    switch(cloud).create({**WISH, "nonMasquerade": "keep"})
    assert cloud.asked("EnableVpcCniNetworkType")[0]["SkipAddingNonMasqueradeCIDRs"] is True


def test_nothing_is_switched_on_before_the_cluster_runs() -> None:
    cloud = FakeCloud(status="Creating")
    seen = 0

    def before(action: str) -> None:
        nonlocal seen
        seen += action == "DescribeClusters"
        if seen == 4:
            cloud.status = "Running"
        assert action != "EnableVpcCniNetworkType" or cloud.status == "Running"

    cloud.before = before
    switch(cloud).create(WISH)
    assert len(cloud.asked("EnableVpcCniNetworkType")) == 1


def test_a_compatible_setting_is_adopted_and_completed() -> None:
    cloud = FakeCloud(enabled=True, subnets=[A], phase="running", reclaim="5m0s")
    outputs = switch(cloud).create(WISH)
    assert not cloud.asked("EnableVpcCniNetworkType")
    assert [params["SubnetIds"] for params in cloud.asked("AddVpcCniSubnets")] == [[B]]
    assert outputs["registeredSubnets"] == [A, B]


def test_an_incompatible_setting_is_refused_and_nothing_written() -> None:
    cloud = FakeCloud(enabled=True, subnets=[A, B], phase="running", reclaim="3600s")
    with pytest.raises(Incompatible, match="reclaim is 3600 s, the program says 300 s"):
        switch(cloud).create(WISH)
    assert not cloud.asked("EnableVpcCniNetworkType")
    assert not cloud.asked("AddVpcCniSubnets")


def test_a_lost_answer_to_an_accepted_request_is_no_failure_and_nothing_is_asked_twice() -> None:
    cloud = FakeCloud()

    def lose(action: str) -> None:
        if action == "EnableVpcCniNetworkType":
            raise CloudError(action, NETWORK_ERROR, "connection reset")

    cloud.after = lose
    assert switch(cloud).create(WISH)["registeredSubnets"] == [A, B]
    assert len(cloud.asked("EnableVpcCniNetworkType")) == 1


def test_a_refusal_of_the_cloud_is_passed_on_in_its_words() -> None:
    def refuse(action: str) -> None:
        if action == "EnableVpcCniNetworkType":
            raise CloudError(action, "FailedOperation.Role", "role IPAMDofTKE_QCSRole is missing", "req-1")

    with pytest.raises(
        CloudError,
        match=r"EnableVpcCniNetworkType failed: FailedOperation.Role: role .* is missing, request req-1",
    ):
        switch(FakeCloud(before=refuse)).create(WISH)


def test_a_subnet_that_shows_up_late_is_waited_for_with_progress() -> None:
    cloud, said = FakeCloud(enabled=True, subnets=[A], phase="running", reclaim="300s"), list[str]()
    looks = 0

    def late(action: str) -> None:
        nonlocal looks
        looks += action == "DescribeClusters"
        if action == "AddVpcCniSubnets":
            cloud.subnets = [A]
        if looks == 5:
            cloud.subnets = [A, B]

    cloud.after = late
    assert switch(cloud, said).update(WISH)["registeredSubnets"] == [A, B]
    assert any(f"{B} not listed yet" in line for line in said)


def test_a_wait_ends_at_its_deadline_and_says_what_it_saw() -> None:
    cloud = FakeCloud(enabled=True, subnets=[A, B], phase="upgrading", ipamd=[A], reclaim="300s")
    with pytest.raises(DeadlinePassed, match="not there after 20 s; last seen: ipamd is upgrading"):
        switch(cloud).wait_until_ready(WISH)


def test_ready_means_running_with_every_subnet_and_the_wanted_reclaim_time() -> None:
    cloud = FakeCloud(enabled=True, subnets=[A, B], ipamd=[A], phase="initializing", reclaim="0s")
    steps = iter([("running", [A], "0s"), ("running", [A, B], "0s"), ("running", [A, B], "300s")])

    def progress(action: str) -> None:
        if action == "DescribeIPAMD":
            cloud.phase, cloud.ipamd, cloud.reclaim = next(steps)

    cloud.before = progress
    assert switch(cloud).wait_until_ready(WISH)["phase"] == "running"
    assert next(steps, None) is None


FAILURES = (
    "Failed",
    "failed",
    "FAILED",
    "failure",
    "Failure",
    "FailedInstall",
    "fail",
    "unhealthy",
    "Unhealthy",
    " Failed ",
)
STRANGE = (
    "", "initializing", "upgrading", "Initializing", "Upgrading", "Pending", "Starting", "installing", "unknown", "Error", "stopped",
    "NotRunning", "running-degraded", "runnning", "succeeded", "normal", "ready", "healthy", "Deleting", "升级中",
)  # fmt: skip


@pytest.mark.parametrize("phase", FAILURES)
def test_every_spelling_of_a_failure_ends_the_wait_at_once_with_its_reason(phase: str) -> None:
    for step in (
        switch(
            failed := FakeCloud(enabled=True, subnets=[A, B], phase=phase, reason="no role")
        ).wait_until_ready,
        switch(failed).create,
    ):
        with pytest.raises(CloudError, match=f"ipamd of cls-12345678 is {phase}: no role"):
            step({**WISH, "ipReclaim": "never"})
        failed.calls.clear()
    assert not switch(FakeCloud(enabled=True, phase=phase, reclaim="600s")).reclaims_as(
        {**WISH, "ipReclaim": "600s"}
    )


@pytest.mark.parametrize("phase", STRANGE)
def test_no_phase_but_running_is_ready_and_the_deadline_names_the_last_one(phase: str) -> None:
    cloud = FakeCloud(
        enabled=True, subnets=[A, B], ipamd=[A, B], phase=phase, reason="agent waits", reclaim="300s"
    )
    with pytest.raises(DeadlinePassed) as failure:
        switch(cloud).wait_until_ready(WISH)
    assert f"last seen: ipamd is {phase or 'not installed yet'} (agent waits)" in str(failure.value)
    assert not switch(cloud).reclaims_as({**WISH, "ipReclaim": "300s"})


@pytest.mark.parametrize("phase", ["running", "Running", "RUNNING"])
def test_running_is_ready_in_any_spelling(phase: str) -> None:
    cloud = FakeCloud(enabled=True, subnets=[A, B], ipamd=[A, B], phase=phase, reclaim="300s")
    assert switch(cloud).wait_until_ready(WISH)["phase"] == phase


@pytest.mark.parametrize("phase", ["upgrading", "uninstalling", "Terminating", "unknown"])
def test_it_is_not_off_while_ipamd_is_in_a_phase_of_its_own(phase: str) -> None:
    cloud = FakeCloud(enabled=True, subnets=[A, B], phase="running")

    def going(action: str) -> None:
        if action == "DisableVpcCniNetworkType":
            cloud.phase = phase

    cloud.after = going
    with pytest.raises(DeadlinePassed, match=f"last seen: ipamd is {phase}"):
        switch(cloud).switch_off(WISH, list)


@pytest.mark.parametrize("status", ["Failed", "failed", "FAILED"])
def test_why_switching_on_failed_ends_the_wait_at_once(status: str) -> None:
    steps = [{"Status": "Running", "ErrorMessage": ""}] * 2 + [
        {"Status": status, "ErrorMessage": "install eniipamd failed: no role"}
    ]
    cloud, said = FakeCloud(enables=False, progress=steps), list[str]()
    with pytest.raises(
        CloudError, match=r"switching it on is \w+ \(install eniipamd failed: no role\); mend the cause"
    ):
        switch(cloud, said).create(WISH)
    assert len(cloud.asked("DescribeEnableVpcCniProgress")) == 3
    assert any("switching it on is Running" in line for line in said)


def test_why_the_installation_of_ipamd_failed_ends_the_wait_until_it_is_ready() -> None:
    cloud = FakeCloud(
        enabled=True,
        subnets=[A, B],
        progress=[{"Status": "Failed", "ErrorMessage": "install eniipamd failed"}],
    )
    with pytest.raises(CloudError, match="install eniipamd failed"):
        switch(cloud).wait_until_ready(WISH)
    cloud.phase = "initializing"  # it was installed after all
    with pytest.raises(DeadlinePassed, match="last seen: ipamd is initializing"):
        switch(cloud).wait_until_ready(WISH)


@pytest.mark.parametrize(
    "code",
    ["FailedOperation.TaskNotFound", "FailedOperation.EnableVPCCNIFailed", "UnauthorizedOperation.CamNoAuth"],
)
def test_a_cloud_that_does_not_tell_the_progress_holds_nothing_up(code: str) -> None:
    def refuse(action: str) -> None:
        if action == "DescribeEnableVpcCniProgress":
            raise CloudError(action, code, "no")

    assert switch(FakeCloud(before=refuse)).create(WISH)["registeredSubnets"] == [A, B]
    with pytest.raises(
        DeadlinePassed,
        match=rf"VPC-CNI is not on yet; how far switching it on is could not be told \({code}\)",
    ):
        switch(FakeCloud(before=refuse, enables=False)).create(WISH)


def test_a_state_of_the_task_that_nobody_knows_is_no_end_and_is_named() -> None:
    with pytest.raises(DeadlinePassed, match="last seen: VPC-CNI is not on yet; switching it on is Succeed"):
        switch(FakeCloud(enables=False, progress=[{"Status": "Succeed"}])).create(WISH)
    with pytest.raises(DeadlinePassed, match="switching it on is in no state that the cloud names"):
        switch(FakeCloud(enables=False, progress=[{"Status": None}])).create(WISH)


@pytest.mark.parametrize(
    "status", ["Isolated", "Abnormal", "ResourceIsolated", "ResourceIsolate", "Deleting", "isolated"]
)
def test_a_cluster_that_no_waiting_helps_is_named_at_once(status: str) -> None:
    cloud = FakeCloud(status=status)
    with pytest.raises(CloudError, match=f"cls-12345678 is {status}, and VPC-CNI needs a running one"):
        switch(cloud).create(WISH)
    assert len(cloud.calls) == 1


@pytest.mark.parametrize(
    "status", ["Creating", "Upgrading", "Scaling", "Idling", "Trading", "unheard-of", ""]
)
def test_any_other_state_of_a_cluster_is_waited_for_by_its_name(status: str) -> None:
    named = status or "in no state that the answer names"
    with pytest.raises(DeadlinePassed, match=f"last seen: the cluster is {named}"):
        switch(FakeCloud(status=status)).create(WISH)


def test_read_sees_that_it_was_switched_off_elsewhere_but_never_takes_an_error_for_it() -> None:
    assert switch(FakeCloud(enabled=True, subnets=[A, B, C], phase="running")).read(WISH) == {
        **WISH,
        "registeredSubnets": [A, B, C],
        "phase": "running",
        "reclaimSeconds": None,
    }
    off = FakeCloud()
    assert switch(off).read(WISH) is None
    assert len(off.asked("DescribeIPAMD")) == 2
    assert switch(FakeCloud(gone=True)).read(WISH) is None

    def fail(action: str) -> None:
        raise CloudError(action, "InternalError", "try again")

    with pytest.raises(CloudError):
        switch(FakeCloud(before=fail)).read(WISH)


def test_an_answer_that_does_not_tell_is_never_a_no() -> None:
    cloud = FakeCloud(enabled=None, subnets=[A, B])
    for ask in (switch(cloud).read, switch(cloud).create, switch(cloud).update, reported(cloud)):
        with pytest.raises(IncompleteResponse, match="does not say whether VPC-CNI of cls-12345678 is on"):
            ask(WISH)
    with pytest.raises(IncompleteResponse):
        switch(cloud).switch_off(WISH, list)
    assert {action for action, _ in cloud.calls} == {"DescribeClusters", "DescribeIPAMD"}


def test_a_wait_goes_on_while_the_answer_does_not_tell() -> None:
    cloud, answers = (
        FakeCloud(subnets=[A, B], ipamd=[A, B], phase="running", reclaim="300s"),
        iter([None, None, True]),
    )

    def progress(action: str) -> None:
        if action == "DescribeIPAMD":
            cloud.enabled = next(answers)

    cloud.before = progress
    assert switch(cloud).wait_until_ready(WISH)["phase"] == "running"


def test_an_update_of_what_was_switched_off_elsewhere_is_refused_with_the_way_out() -> None:
    with pytest.raises(CloudError, match="pulumi refresh"):
        switch(FakeCloud()).update(WISH)


def test_it_is_switched_off_only_where_no_pod_would_lose_its_network() -> None:
    cloud = FakeCloud(enabled=True, subnets=[A, B], phase="running")
    pods = [f"shop/web-{number}" for number in range(7)]
    with pytest.raises(
        CloudError,
        match=r"7 pods of cls-12345678 live on ENI addresses .*: shop/web-0, .*shop/web-4 and 2 more; remove",
    ):
        switch(cloud).switch_off(WISH, lambda: pods)

    def silent() -> list[str]:
        raise NotReadable("no endpoint is open")

    with pytest.raises(
        CloudError, match="could not tell whether ENI pods live in cls-12345678: no endpoint is open"
    ):
        switch(cloud).switch_off(WISH, silent)
    assert not cloud.asked("DisableVpcCniNetworkType")
    switch(cloud).switch_off(WISH, list)
    assert cloud.asked("DisableVpcCniNetworkType") == [{"ClusterId": "cls-12345678"}]
    assert not cloud.enabled


@pytest.mark.parametrize("cloud", [FakeCloud(), FakeCloud(gone=True)])
def test_what_is_off_or_gone_is_not_switched_off_again(cloud: FakeCloud) -> None:
    switch(cloud).switch_off(WISH, list)
    assert not cloud.asked("DisableVpcCniNetworkType")


def test_without_nodes_no_pod_lives_and_nobody_is_asked() -> None:
    cloud = FakeCloud(enabled=True, subnets=[A, B], phase="upgrading", nodes=0)

    def silent() -> list[str]:
        raise NotReadable("no endpoint is open")

    switch(cloud).switch_off(WISH, silent)
    assert not cloud.enabled


def unknown(value: object) -> bool:
    return value is UNKNOWN


@pytest.mark.parametrize(
    ("news", "property_", "part"),
    [
        ({"subnets": []}, "subnets", "is empty"),
        ({"subnets": [A]}, "subnets", f"{B} left the list"),
        ({"subnets": [A, UNKNOWN]}, "subnets", f"{B} left the list"),
        ({"staticIp": False}, "static_ip", "False instead of True"),
        ({"subnets": UNKNOWN, "staticIp": False}, "static_ip", "False instead of True"),
        ({"ipReclaim": "600s"}, "ip_reclaim", "600s instead of 300s"),
        ({"cniType": "tke-direct-eni"}, "cni_type", "tke-direct-eni instead of tke-route-eni"),
    ],
)
def test_what_tke_cannot_do_is_refused_at_preview(news: dict[str, Any], property_: str, part: str) -> None:
    problems = forbidden_changes(WISH, {**WISH, **news}, unknown)
    assert [problem.path for problem in problems] == [property_]
    assert part in problems[0].message


def test_a_reclaim_time_that_the_cloud_has_already_is_only_stored() -> None:
    cloud = FakeCloud(enabled=True, subnets=[A, B], phase="running", reclaim="10m0s")
    assert switch(cloud).reclaims_as({**WISH, "ipReclaim": "600s"})
    assert not switch(cloud).reclaims_as({**WISH, "ipReclaim": "900s"})
    assert not switch(FakeCloud(gone=True)).reclaims_as({**WISH, "ipReclaim": "600s"})
    assert changes({**WISH, "registeredSubnets": [A, B]}, {**WISH, "ipReclaim": "600s"}, unknown) == (
        ["ipReclaim"],
        [],
    )


def test_a_state_of_before_on_delete_existed_is_no_change() -> None:
    live = {**WISH, "registeredSubnets": [A, B]}
    assert changes(live, {**WISH, "onDelete": "keep"}, unknown) == ([], [])
    assert changes(live, {**WISH, "onDelete": "disable"}, unknown) == (["onDelete"], [])


@pytest.mark.parametrize("subnets", [[A, B], [B, A], [A, B, C], [C, B, A], [A, B, UNKNOWN], UNKNOWN])
def test_order_and_additions_are_accepted(subnets: Any) -> None:
    assert forbidden_changes(WISH, {**WISH, "subnets": subnets}, unknown) == []


def test_only_what_is_missing_is_a_change() -> None:
    live = {**WISH, "registeredSubnets": [A, B, C]}
    assert changes(live, {**WISH, "subnets": [B, A]}, unknown) == ([], [])
    assert changes(live, {**WISH, "subnets": [A, B, UNKNOWN]}, unknown) == (["subnets"], [])
    assert changes(live, {**WISH, "clusterId": "cls-87654321"}, unknown) == (
        ["clusterId"],
        ["clusterId"],
    )


def test_settings_come_from_the_stack_first_then_from_the_environment() -> None:
    environment = {
        "TENCENTCLOUD_REGION": "ap-beijing",
        "TENCENTCLOUD_SECRET_ID": "env-id",
        "TENCENTCLOUD_SECRET_KEY": "env-key",
    }
    settings = CloudSettings.read({"tencentcloud:secretId": "stack-id"}.get, environment=environment)
    assert (settings.region, settings.secret_id, settings.secret_key) == ("ap-beijing", "stack-id", "env-key")
    assert "stack-id" not in repr(settings)
    assert "env-key" not in repr(settings)
    with pytest.raises(SettingsMissing, match="pulumi config set tencentcloud:region"):
        CloudSettings.read(lambda key: None, environment={})


def test_an_assumed_role_comes_from_the_stack_or_the_environment() -> None:
    variables = {
        "TENCENTCLOUD_ASSUME_ROLE_ARN": "qcs::cam::uin/1:roleName/deploy",
        "TENCENTCLOUD_ASSUME_ROLE_SESSION_DURATION": "3600",
    }
    environment = {"TENCENTCLOUD_REGION": "ap-beijing", **variables}
    role = CloudSettings.read(lambda key: None, environment=environment).role
    assert role == AssumedRole("qcs::cam::uin/1:roleName/deploy", "pulumi-tke-hybrid", 3600)
    configured = {
        "tencentcloud:assumeRole": (
            '{"roleArn": "qcs::cam::uin/2:roleName/ci", "sessionName": "ci", "sessionDuration": 900}'
        )
    }
    assert CloudSettings.read(configured.get, environment=environment).role == AssumedRole(
        "qcs::cam::uin/2:roleName/ci", "ci", 900
    )
    assert CloudSettings.read(lambda key: None, "ap-beijing", {}).role is None
    with pytest.raises(SettingsMissing, match="is not an object with roleArn"):
        CloudSettings.read({"tencentcloud:assumeRole": "[1]"}.get, "ap-beijing", {})


def test_a_role_of_which_no_key_comes_back_is_an_error_of_the_cloud(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TencentCloud, "_answered", lambda self, client, action, params: {"RequestId": "1"})
    role = AssumedRole("qcs::cam::uin/1:roleName/deploy", "ci", 3600)
    cloud = TencentCloud(
        CloudSettings(region="ap-guangzhou", secret_id="own-id", secret_key="own-key", role=role)
    )
    with pytest.raises(
        CloudError,
        match="AssumeRole failed: IncompleteResponse: the answer holds no key for qcs::cam::uin/1:roleName/deploy",
    ):
        cloud.call("tke", "DescribeClusters", {})


def test_a_role_is_assumed_once_and_its_own_key_signs_everything_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[tuple[str, str, dict[str, Any]]] = []

    class Client:
        def __init__(self, service: str, credential: Any) -> None:
            self.service, self.credential = service, credential

        def call_json(self, action: str, params: dict[str, Any]) -> dict[str, Any]:
            asked.append((action, self.credential.secret_id, params))
            temporary = {"TmpSecretId": "tmp-id", "TmpSecretKey": "tmp-key", "Token": "tmp-token"}
            return {"Response": {"Credentials": temporary}}

    monkeypatch.setattr(
        TencentCloud, "_connected", lambda self, service, version, credential: Client(service, credential)
    )
    role = AssumedRole("qcs::cam::uin/1:roleName/deploy", "ci", 3600, external_id="partner")
    cloud = TencentCloud(
        CloudSettings(region="ap-guangzhou", secret_id="own-id", secret_key="own-key", role=role)
    )
    cloud.call("tke", "DescribeClusters", {})
    cloud.call("vpc", "DescribeSubnets", {})
    wanted = {"RoleArn": role.arn, "RoleSessionName": "ci", "DurationSeconds": 3600, "ExternalId": "partner"}
    assert asked == [
        ("AssumeRole", "own-id", wanted),
        ("DescribeClusters", "tmp-id", {}),
        ("DescribeSubnets", "tmp-id", {}),
    ]


POLICY = '{"version":"2.0","statement":[{"effect":"allow","action":["tke:*"],"resource":["qcs::tke::uin/1:cluster/a%2Fb+c&d"]}]}'


@pytest.mark.parametrize(
    "policy", [POLICY, f"\n  {POLICY}", '{ "statement": [] }', '{"note": "100% + 容器"}']
)
def test_a_session_policy_is_url_encoded_exactly_once(monkeypatch: pytest.MonkeyPatch, policy: str) -> None:
    """The same for a policy that is given encoded, in both ways in which that is written."""
    sent: list[str] = []

    class Client:
        def call_json(self, action: str, params: dict[str, Any]) -> dict[str, Any]:
            sent.append(params.get("Policy", ""))
            return {
                "Response": {
                    "Credentials": {"TmpSecretId": "tmp-id", "TmpSecretKey": "tmp-key", "Token": "tmp-token"}
                }
            }

    monkeypatch.setattr(TencentCloud, "_connected", lambda *_: Client())
    for given in (policy, quote(policy, safe=""), quote_plus(policy)):
        role = AssumedRole("qcs::cam::uin/1:roleName/deploy", "ci", policy=given)
        TencentCloud(CloudSettings(region="ap-guangzhou", secret_id="id", secret_key="key", role=role)).call(
            "tke", "DescribeClusters", {}
        )
        assumed = sent[-2]
        assert (
            not set(assumed)
            - set("%+-._~")
            - set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
        )
        assert unquote_plus(assumed) == policy


def test_throttling_is_waited_out_and_a_lost_connection_is_retried_only_when_reading(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    def once(self: TencentCloud, service: str, action: str, params: Params) -> dict[str, Any]:
        asked.append(action)
        if action == "DescribeIPAMD" and len(asked) < 3:
            raise CloudError(action, "RequestLimitExceeded" if len(asked) == 1 else NETWORK_ERROR, "later")
        if action == "AddVpcCniSubnets":
            raise CloudError(action, NETWORK_ERROR, "lost")
        return {"Phase": "running"}

    monkeypatch.setattr(TencentCloud, "_call_once", once)
    pauses: list[float] = []
    cloud = TencentCloud(CloudSettings(region="ap-guangzhou"), pauses.append)
    assert cloud.call("tke", "DescribeIPAMD", {}) == {"Phase": "running"}
    assert (asked, pauses) == (["DescribeIPAMD"] * 3, [0.5, 1.0])
    with pytest.raises(CloudError):
        cloud.call("tke", "AddVpcCniSubnets", {})
    assert asked.count("AddVpcCniSubnets") == 1


@pytest.mark.parametrize(
    ("described", "words"),
    [({"NetworkType": "VPC-CNI"}, "was made as VPC-CNI"), ({"Cilium": True}, "runs Cilium")],
)
def test_a_cluster_that_cannot_become_hybrid_is_refused_also_when_nobody_previewed(
    described: dict[str, Any], words: str
) -> None:
    for enabled in (False, True):
        cloud = FakeCloud(enabled=enabled, subnets=[C] if enabled else None, described=described)
        with pytest.raises(CloudError, match=words):
            switch(cloud).create(WISH)
        assert {action for action, _ in cloud.calls} == {"DescribeClusters"}


def test_the_vpc_that_the_program_says_is_that_of_the_cluster() -> None:
    (problem,) = reported(FakeCloud(vpc="vpc-87654321"))(WISH).problems
    assert str(problem).startswith(
        "vpc_id: vpc-12345678 is not the VPC of cls-12345678, which is vpc-87654321"
    )
    assert reported(FakeCloud(vpc="vpc-87654321"))({**WISH, "vpcId": UNKNOWN}).problems == []


@pytest.mark.parametrize("enabled", [False, True])
@pytest.mark.parametrize(
    "change", [{"subnets": UNKNOWN}, {"subnets": [A, UNKNOWN]}, {"ipReclaim": UNKNOWN}, {"staticIp": UNKNOWN}]
)
def test_what_a_preview_cannot_know_contradicts_nothing(change: dict[str, Any], enabled: bool) -> None:
    cloud = FakeCloud(
        enabled=enabled,
        subnets=[A, B],
        phase="running",
        reclaim="300s",
        described={"IsNonStaticIpMode": False},
    )
    assert reported(cloud)({**WISH, **change}).problems == []


def test_an_account_that_could_not_be_told_is_stored_once_it_can() -> None:
    def changed(before: str, now: str) -> list[str]:
        olds, news = {**WISH, "accountId": before, "registeredSubnets": [A, B]}, {**WISH, "accountId": now}
        return changes(olds, news, lambda value: value is UNKNOWN)[0]

    assert changed("", "100000000001") == ["accountId"]
    assert changed("100000000001", "100000000001") == []


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> FakeCloud:
    """What the providers ask."""
    cloud = FakeCloud(enabled=True, subnets=[A, B], phase="running", reclaim="300s")
    monkeypatch.setattr(dynamic.CloudProvider, "cloud", lambda self, props: cloud)
    return cloud


def test_another_cluster_under_the_same_name_is_looked_at_like_a_new_one(cloud: FakeCloud) -> None:
    cloud.described = {"NetworkType": "VPC-CNI"}
    moved = VpcCniProvider().check_live({**WISH, "clusterId": "cls-87654321"}, WISH)
    assert [finding.what for finding in moved] == ["was made as VPC-CNI"]
    assert VpcCniProvider().check_live(WISH, WISH) == []


def test_a_preview_that_cannot_look_says_so_and_goes_on(
    cloud: FakeCloud, capsys: pytest.CaptureFixture[str]
) -> None:
    cloud.enabled = None
    assert VpcCniProvider().check_live({}, WISH) == []
    assert "could not look at cls-12345678: IncompleteResponse" in capsys.readouterr().out


def test_a_subnet_that_is_not_empty_is_named_before_it_is_registered_and_never_afterwards(
    cloud: FakeCloud, capsys: pytest.CaptureFixture[str]
) -> None:
    cloud.enabled, cloud.subnets, cloud.used = False, None, {A: 0, B: 3, C: 7}
    provider = VpcCniProvider()
    assert provider.check_live({}, WISH) == []
    assert (
        f"warning: subnets: {B} holds 3 addresses and is not registered as container subnet yet"
        in capsys.readouterr().out
    )
    live = {**WISH, "registeredSubnets": [A, B]}
    assert provider.check_live(live, WISH) == []
    assert capsys.readouterr().out == ""
    assert provider.check_live(live, {**WISH, "subnets": [A, B, C]}) == []
    assert f"{C} holds 7 addresses" in (said := capsys.readouterr().out)
    assert B not in said
    (found,) = provider.check_live(live, {**WISH, "subnets": [A, B, C], "inUse": "error"})
    assert (found.rule.id, found.value) == ("subnet-in-use", C)


def test_what_an_adopted_cluster_has_registered_may_be_full_of_pods(
    cloud: FakeCloud, capsys: pytest.CaptureFixture[str]
) -> None:
    cloud.enabled, cloud.subnets, cloud.used, cloud.phase, cloud.reclaim = (
        True,
        [A],
        {A: 200, B: 1},
        "running",
        "300s",
    )
    assert VpcCniProvider().check_live({}, WISH) == []
    assert f"{B} holds 1 addresses" in (said := capsys.readouterr().out)
    assert "holds 200" not in said


def test_a_cluster_that_is_still_to_be_made_gets_no_subnet_in_use_either(
    cloud: FakeCloud, capsys: pytest.CaptureFixture[str]
) -> None:
    cloud.used, unknown_value = {B: 5}, cast(Any, Unknown)
    not_known = unknown_value()
    assert VpcCniProvider().check_live({}, {**WISH, "clusterId": not_known}) == []
    assert f"{B} holds 5 addresses" in capsys.readouterr().out
    assert {action for action, _ in cloud.calls} == {"DescribeSubnets"}


def test_subnets_that_could_not_be_looked_at_are_named_as_not_looked_at(
    cloud: FakeCloud, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(action: str) -> None:
        if action == "DescribeSubnets":
            raise CloudError(action, "UnauthorizedOperation", "no")

    cloud.before = refuse
    assert VpcCniProvider().check_live({"clusterId": "cls-12345678"}, WISH) == []
    assert (
        "could not look whether the container subnets are empty (UnauthorizedOperation)"
        in capsys.readouterr().out
    )


def test_readiness_goes_with_vpc_cni_and_has_to_come_back_with_it(cloud: FakeCloud) -> None:
    assert VpcCniReadyProvider().read("id", WISH).id == "id"
    cloud.enabled = False
    assert VpcCniReadyProvider().read("id", WISH).id == ""
