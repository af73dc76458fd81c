"""Changes of VPC-CNI against a cloud in memory that loses responses, is slow, and fails."""

from typing import Any

import pytest

from pulumi_tke_hybrid.cloud.api_client import NETWORK_ERROR
from pulumi_tke_hybrid.cloud.calls import CloudError, DeadlinePassed, Incompatible, IncompleteResponse
from pulumi_tke_hybrid.cloud.in_cluster import NotReadable
from tests.unit.cloud.fake_cloud import WISH, A, B, C, FakeCloud, reported, switch_of


def test_the_call_that_enables_vpc_cni_has_all_subnets() -> None:
    cloud = FakeCloud()
    outputs = switch_of(cloud).create(WISH)
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
    switch_of(cloud).create({**WISH, "ipReclaim": "never"})
    assert "ExpiredSeconds" not in cloud.asked("EnableVpcCniNetworkType")[0]


def test_keep_leaves_the_non_masquerade_list_alone() -> None:
    cloud = FakeCloud()
    switch_of(cloud).create({**WISH, "nonMasquerade": "keep"})
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
    switch_of(cloud).create(WISH)
    assert len(cloud.asked("EnableVpcCniNetworkType")) == 1


def test_a_compatible_setting_is_adopted_and_completed() -> None:
    cloud = FakeCloud(enabled=True, subnets=[A], phase="running", reclaim="5m0s")
    outputs = switch_of(cloud).create(WISH)
    assert not cloud.asked("EnableVpcCniNetworkType")
    assert [params["SubnetIds"] for params in cloud.asked("AddVpcCniSubnets")] == [[B]]
    assert outputs["registeredSubnets"] == [A, B]


def test_an_incompatible_setting_is_refused_and_nothing_written() -> None:
    cloud = FakeCloud(enabled=True, subnets=[A, B], phase="running", reclaim="3600s")
    with pytest.raises(Incompatible, match="reclaim is 3600 s, but 300 s in the program"):
        switch_of(cloud).create(WISH)
    assert not cloud.asked("EnableVpcCniNetworkType")
    assert not cloud.asked("AddVpcCniSubnets")


def test_a_lost_response_to_an_accepted_request_is_no_failure_and_nothing_is_repeated() -> None:
    cloud = FakeCloud()

    def lose(action: str) -> None:
        if action == "EnableVpcCniNetworkType":
            raise CloudError(action, NETWORK_ERROR, "connection reset")

    cloud.after = lose
    assert switch_of(cloud).create(WISH)["registeredSubnets"] == [A, B]
    assert len(cloud.asked("EnableVpcCniNetworkType")) == 1


def test_an_error_of_the_cloud_is_raised_with_its_message() -> None:
    def refuse(action: str) -> None:
        if action == "EnableVpcCniNetworkType":
            raise CloudError(action, "FailedOperation.Role", "role IPAMDofTKE_QCSRole is missing", "req-1")

    with pytest.raises(
        CloudError,
        match=r"EnableVpcCniNetworkType failed: FailedOperation.Role: role .* is missing, request req-1",
    ):
        switch_of(FakeCloud(before=refuse)).create(WISH)


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
    assert switch_of(cloud, said).update(WISH)["registeredSubnets"] == [A, B]
    assert any(f"{B} not listed yet" in line for line in said)


def test_a_wait_ends_at_its_deadline_with_the_last_state() -> None:
    cloud = FakeCloud(enabled=True, subnets=[A, B], phase="upgrading", ipamd=[A], reclaim="300s")
    with pytest.raises(DeadlinePassed, match="not there after 20 s; last seen: ipamd is upgrading"):
        switch_of(cloud).wait_until_ready(WISH)


def test_ready_means_running_with_every_subnet_and_the_wanted_reclaim_time() -> None:
    cloud = FakeCloud(enabled=True, subnets=[A, B], ipamd=[A], phase="initializing", reclaim="0s")
    steps = iter([("running", [A], "0s"), ("running", [A, B], "0s"), ("running", [A, B], "300s")])

    def progress(action: str) -> None:
        if action == "DescribeIPAMD":
            cloud.phase, cloud.ipamd, cloud.reclaim = next(steps)

    cloud.before = progress
    assert switch_of(cloud).wait_until_ready(WISH)["phase"] == "running"
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
    "",
    "initializing",
    "upgrading",
    "Initializing",
    "Upgrading",
    "Pending",
    "Starting",
    "installing",
    "unknown",
    "Error",
    "stopped",
    "NotRunning",
    "running-degraded",
    "runnning",
    "succeeded",
    "normal",
    "ready",
    "healthy",
    "Deleting",
    "升级中",
)


@pytest.mark.parametrize("phase", FAILURES)
def test_every_spelling_of_a_failure_ends_the_wait_at_once_with_its_reason(phase: str) -> None:
    for step in (
        switch_of(
            failed := FakeCloud(enabled=True, subnets=[A, B], phase=phase, reason="no role")
        ).wait_until_ready,
        switch_of(failed).create,
    ):
        with pytest.raises(CloudError, match=f"ipamd of cls-12345678 is {phase}: no role"):
            step({**WISH, "ipReclaim": "never"})
        failed.calls.clear()
    assert not switch_of(FakeCloud(enabled=True, phase=phase, reclaim="600s")).reclaims_as(
        {**WISH, "ipReclaim": "600s"}
    )


@pytest.mark.parametrize("phase", STRANGE)
def test_only_running_is_ready_and_the_deadline_names_the_last_phase(phase: str) -> None:
    cloud = FakeCloud(
        enabled=True, subnets=[A, B], ipamd=[A, B], phase=phase, reason="agent waits", reclaim="300s"
    )
    with pytest.raises(DeadlinePassed) as failure:
        switch_of(cloud).wait_until_ready(WISH)
    assert f"last seen: ipamd is {phase or 'not installed yet'} (agent waits)" in str(failure.value)
    assert not switch_of(cloud).reclaims_as({**WISH, "ipReclaim": "300s"})


@pytest.mark.parametrize("phase", ["running", "Running", "RUNNING"])
def test_running_is_ready_in_any_spelling(phase: str) -> None:
    cloud = FakeCloud(enabled=True, subnets=[A, B], ipamd=[A, B], phase=phase, reclaim="300s")
    assert switch_of(cloud).wait_until_ready(WISH)["phase"] == phase


@pytest.mark.parametrize("phase", ["upgrading", "uninstalling", "Terminating", "unknown"])
def test_vpc_cni_is_not_off_while_ipamd_has_a_phase(phase: str) -> None:
    cloud = FakeCloud(enabled=True, subnets=[A, B], phase="running")

    def going(action: str) -> None:
        if action == "DisableVpcCniNetworkType":
            cloud.phase = phase

    cloud.after = going
    with pytest.raises(DeadlinePassed, match=f"last seen: ipamd is {phase}"):
        switch_of(cloud).switch_off(WISH, list)


@pytest.mark.parametrize("status", ["Failed", "failed", "FAILED"])
def test_why_switching_on_failed_ends_the_wait_at_once(status: str) -> None:
    steps = [{"Status": "Running", "ErrorMessage": ""}] * 2 + [
        {"Status": status, "ErrorMessage": "install eniipamd failed: no role"}
    ]
    cloud, said = FakeCloud(enables=False, progress=steps), list[str]()
    with pytest.raises(
        CloudError, match=r"switching it on is \w+ \(install eniipamd failed: no role\); mend the cause"
    ):
        switch_of(cloud, said).create(WISH)
    assert len(cloud.asked("DescribeEnableVpcCniProgress")) == 3
    assert any("switching it on is Running" in line for line in said)


def test_a_failed_installation_of_ipamd_ends_the_wait_with_its_reason() -> None:
    cloud = FakeCloud(
        enabled=True,
        subnets=[A, B],
        progress=[{"Status": "Failed", "ErrorMessage": "install eniipamd failed"}],
    )
    with pytest.raises(CloudError, match="install eniipamd failed"):
        switch_of(cloud).wait_until_ready(WISH)
    cloud.phase = "initializing"  # it was installed after all
    with pytest.raises(DeadlinePassed, match="last seen: ipamd is initializing"):
        switch_of(cloud).wait_until_ready(WISH)


@pytest.mark.parametrize(
    "code",
    ["FailedOperation.TaskNotFound", "FailedOperation.EnableVPCCNIFailed", "UnauthorizedOperation.CamNoAuth"],
)
def test_missing_progress_does_not_stop_the_wait(code: str) -> None:
    def refuse(action: str) -> None:
        if action == "DescribeEnableVpcCniProgress":
            raise CloudError(action, code, "no")

    assert switch_of(FakeCloud(before=refuse)).create(WISH)["registeredSubnets"] == [A, B]
    with pytest.raises(
        DeadlinePassed,
        match=rf"VPC-CNI is not on yet; its progress could not be read \({code}\)",
    ):
        switch_of(FakeCloud(before=refuse, enables=False)).create(WISH)


def test_an_unknown_state_of_the_task_does_not_end_the_wait_and_is_named() -> None:
    with pytest.raises(DeadlinePassed, match="last seen: VPC-CNI is not on yet; switching it on is Succeed"):
        switch_of(FakeCloud(enables=False, progress=[{"Status": "Succeed"}])).create(WISH)
    with pytest.raises(DeadlinePassed, match="switching it on is in no state that the cloud names"):
        switch_of(FakeCloud(enables=False, progress=[{"Status": None}])).create(WISH)


@pytest.mark.parametrize(
    "status", ["Isolated", "Abnormal", "ResourceIsolated", "ResourceIsolate", "Deleting", "isolated"]
)
def test_a_cluster_that_no_waiting_helps_is_named_at_once(status: str) -> None:
    cloud = FakeCloud(status=status)
    with pytest.raises(CloudError, match=f"cls-12345678 is {status}, and VPC-CNI needs a running one"):
        switch_of(cloud).create(WISH)
    assert len(cloud.calls) == 1


@pytest.mark.parametrize(
    "status", ["Creating", "Upgrading", "Scaling", "Idling", "Trading", "unheard-of", ""]
)
def test_any_other_state_of_a_cluster_is_waited_for_by_its_name(status: str) -> None:
    named = status or "in no state that the answer names"
    with pytest.raises(DeadlinePassed, match=f"last seen: the cluster is {named}"):
        switch_of(FakeCloud(status=status)).create(WISH)


def test_read_sees_that_vpc_cni_was_switched_off_and_does_not_take_an_error_for_off() -> None:
    assert switch_of(FakeCloud(enabled=True, subnets=[A, B, C], phase="running")).read(WISH) == {
        **WISH,
        "registeredSubnets": [A, B, C],
        "phase": "running",
        "reclaimSeconds": None,
    }
    off = FakeCloud()
    assert switch_of(off).read(WISH) is None
    assert len(off.asked("DescribeIPAMD")) == 2
    assert switch_of(FakeCloud(gone=True)).read(WISH) is None

    def fail(action: str) -> None:
        raise CloudError(action, "InternalError", "try again")

    with pytest.raises(CloudError):
        switch_of(FakeCloud(before=fail)).read(WISH)


def test_an_incomplete_response_is_not_taken_for_off() -> None:
    cloud = FakeCloud(enabled=None, subnets=[A, B])
    for ask in (switch_of(cloud).read, switch_of(cloud).create, switch_of(cloud).update, reported(cloud)):
        with pytest.raises(IncompleteResponse, match="does not show whether VPC-CNI of cls-12345678 is on"):
            ask(WISH)
    with pytest.raises(IncompleteResponse):
        switch_of(cloud).switch_off(WISH, list)
    assert {action for action, _ in cloud.calls} == {"DescribeClusters", "DescribeIPAMD"}


def test_a_wait_goes_on_after_an_incomplete_response() -> None:
    cloud, answers = (
        FakeCloud(subnets=[A, B], ipamd=[A, B], phase="running", reclaim="300s"),
        iter([None, None, True]),
    )

    def progress(action: str) -> None:
        if action == "DescribeIPAMD":
            cloud.enabled = next(answers)

    cloud.before = progress
    assert switch_of(cloud).wait_until_ready(WISH)["phase"] == "running"


def test_an_update_after_a_switch_off_elsewhere_is_refused_with_the_repair() -> None:
    with pytest.raises(CloudError, match="pulumi refresh"):
        switch_of(FakeCloud()).update(WISH)


def test_vpc_cni_is_switched_off_only_if_no_pod_would_lose_its_network() -> None:
    cloud = FakeCloud(enabled=True, subnets=[A, B], phase="running")
    pods = [f"shop/web-{number}" for number in range(7)]
    with pytest.raises(
        CloudError,
        match=r"7 pods of cls-12345678 live on ENI addresses .*: shop/web-0, .*shop/web-4 and 2 more; remove",
    ):
        switch_of(cloud).switch_off(WISH, lambda: pods)

    def silent() -> list[str]:
        raise NotReadable("no endpoint is open")

    with pytest.raises(CloudError, match="could not read the ENI pods of cls-12345678: no endpoint is open"):
        switch_of(cloud).switch_off(WISH, silent)
    assert not cloud.asked("DisableVpcCniNetworkType")
    switch_of(cloud).switch_off(WISH, list)
    assert cloud.asked("DisableVpcCniNetworkType") == [{"ClusterId": "cls-12345678"}]
    assert not cloud.enabled


@pytest.mark.parametrize("cloud", [FakeCloud(), FakeCloud(gone=True)])
def test_a_cluster_that_is_off_or_gone_is_not_switched_off_again(cloud: FakeCloud) -> None:
    switch_of(cloud).switch_off(WISH, list)
    assert not cloud.asked("DisableVpcCniNetworkType")


def test_without_nodes_pods_are_not_read() -> None:
    cloud = FakeCloud(enabled=True, subnets=[A, B], phase="upgrading", nodes=0)

    def silent() -> list[str]:
        raise NotReadable("no endpoint is open")

    switch_of(cloud).switch_off(WISH, silent)
    assert not cloud.enabled


@pytest.mark.parametrize(
    ("described", "words"),
    [({"NetworkType": "VPC-CNI"}, "was made as VPC-CNI"), ({"Cilium": True}, "runs Cilium")],
)
def test_a_cluster_that_cannot_become_hybrid_is_refused_also_without_a_preview(
    described: dict[str, Any], words: str
) -> None:
    for enabled in (False, True):
        cloud = FakeCloud(enabled=enabled, subnets=[C] if enabled else None, described=described)
        with pytest.raises(CloudError, match=words):
            switch_of(cloud).create(WISH)
        assert {action for action, _ in cloud.calls} == {"DescribeClusters"}
