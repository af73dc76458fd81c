"""The state of VPC-CNI against the program: forbidden changes, differences, adoption."""

from typing import Any

import pytest

from pulumi_tke_hybrid.cloud.vpc_cni_state import changes, forbidden_changes
from pulumi_tke_hybrid.tke.objects import UNKNOWN
from tests.unit.cloud.fake_cloud import WISH, A, B, C, FakeCloud, reported, switch_of


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
def test_a_change_that_tke_cannot_make_is_refused_at_preview(
    news: dict[str, Any], property_: str, part: str
) -> None:
    problems = forbidden_changes(WISH, {**WISH, **news})
    assert [problem.path for problem in problems] == [property_]
    assert part in problems[0].message


def test_a_reclaim_time_that_the_cloud_has_already_is_only_stored() -> None:
    cloud = FakeCloud(enabled=True, subnets=[A, B], phase="running", reclaim="10m0s")
    assert switch_of(cloud).reclaims_as({**WISH, "ipReclaim": "600s"})
    assert not switch_of(cloud).reclaims_as({**WISH, "ipReclaim": "900s"})
    assert not switch_of(FakeCloud(gone=True)).reclaims_as({**WISH, "ipReclaim": "600s"})
    assert changes({**WISH, "registeredSubnets": [A, B]}, {**WISH, "ipReclaim": "600s"}) == (
        ["ipReclaim"],
        [],
    )


def test_a_state_of_before_on_delete_existed_is_no_change() -> None:
    live = {**WISH, "registeredSubnets": [A, B]}
    assert changes(live, {**WISH, "onDelete": "keep"}) == ([], [])
    assert changes(live, {**WISH, "onDelete": "disable"}) == (["onDelete"], [])


@pytest.mark.parametrize("subnets", [[A, B], [B, A], [A, B, C], [C, B, A], [A, B, UNKNOWN], UNKNOWN])
def test_order_and_additions_are_accepted(subnets: Any) -> None:
    assert forbidden_changes(WISH, {**WISH, "subnets": subnets}) == []


def test_only_missing_subnets_are_a_change() -> None:
    live = {**WISH, "registeredSubnets": [A, B, C]}
    assert changes(live, {**WISH, "subnets": [B, A]}) == ([], [])
    assert changes(live, {**WISH, "subnets": [A, B, UNKNOWN]}) == (["subnets"], [])
    assert changes(live, {**WISH, "clusterId": "cls-87654321"}) == (
        ["clusterId"],
        ["clusterId"],
    )


def test_the_stated_vpc_is_the_vpc_of_the_cluster() -> None:
    (problem,) = reported(FakeCloud(vpc="vpc-87654321"))(WISH).problems
    assert str(problem).startswith(
        "vpc_id: vpc-12345678 is not the VPC of cls-12345678, which is vpc-87654321"
    )
    assert reported(FakeCloud(vpc="vpc-87654321"))({**WISH, "vpcId": UNKNOWN}).problems == []


@pytest.mark.parametrize("enabled", [False, True])
@pytest.mark.parametrize(
    "change", [{"subnets": UNKNOWN}, {"subnets": [A, UNKNOWN]}, {"ipReclaim": UNKNOWN}, {"staticIp": UNKNOWN}]
)
def test_an_unknown_value_of_a_preview_contradicts_nothing(change: dict[str, Any], enabled: bool) -> None:
    cloud = FakeCloud(
        enabled=enabled,
        subnets=[A, B],
        phase="running",
        reclaim="300s",
        described={"IsNonStaticIpMode": False},
    )
    assert reported(cloud)({**WISH, **change}).problems == []


def test_an_account_that_could_not_be_read_is_stored_later() -> None:
    def changed(before: str, now: str) -> list[str]:
        olds, news = {**WISH, "accountId": before, "registeredSubnets": [A, B]}, {**WISH, "accountId": now}
        return changes(olds, news)[0]

    assert changed("", "100000000001") == ["accountId"]
    assert changed("100000000001", "100000000001") == []
