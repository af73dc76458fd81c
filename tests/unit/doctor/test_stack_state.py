"""Which resources of an exported stack are gone, closed, off or pending."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from pulumi_tke_hybrid.doctor.stack_state import Found, compare, read_stack
from pulumi_tke_hybrid.plan import resource_types as types
from tests.unit.doctor import exports
from tests.unit.doctor.exports import (
    CLS,
    NATIVE,
    NET,
    NODES,
    PODS,
    POOL,
    SUPER,
    WHOLE,
    LiveCloud,
    export,
    state,
)


def compared(data: dict[str, Any], cloud: LiveCloud | None = None) -> tuple[list[Found], list[str]]:
    unknowns: list[str] = []
    found = list(compare(read_stack(data), lambda _: cloud or LiveCloud(), "ap-guangzhou", unknowns))
    return found, unknowns


def conditions(data: dict[str, Any], cloud: LiveCloud | None = None) -> dict[str, str]:
    found, unknowns = compared(data, cloud)
    assert unknowns == []
    return {item.urn.rpartition("::")[2]: item.condition for item in found}


def test_nothing_is_found_where_the_cloud_has_everything() -> None:
    assert conditions(export(WHOLE)) == {}


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda cloud: cloud.pools.pop(POOL), {"shop-pool": "gone"}),
        (lambda cloud: cloud.pools.pop(NATIVE), {"shop-native": "gone"}),
        (lambda cloud: cloud.pools.pop(SUPER), {"shop-super": "gone"}),
        (lambda cloud: cloud.subnets.pop(NODES), {"nodes": "gone"}),
        (lambda cloud: cloud.vpcs.pop(NET), {"vpc": "gone"}),
        (lambda cloud: setattr(cloud, "endpoint", "NotFound"), {"shop-endpoint": "closed"}),
        (lambda cloud: setattr(cloud, "endpoint", "Deleted"), {"shop-endpoint": "closed"}),
        (lambda cloud: setattr(cloud, "enabled", False), {"shop-switch": "off", "shop-ready": "off"}),
        (
            lambda cloud: cloud.clusters.clear(),
            dict.fromkeys(
                (
                    "shop-cluster",
                    "shop-endpoint",
                    "shop-native",
                    "shop-pool",
                    "shop-super",
                    "shop-switch",
                    "shop-ready",
                ),
                "gone",
            ),
        ),
    ],
)
def test_each_kind_that_the_cloud_does_not_have_is_found(
    change: Callable[[LiveCloud], object], found: dict[str, str]
) -> None:
    cloud = LiveCloud()
    change(cloud)
    assert conditions(export(WHOLE), cloud) == found


def test_tokens_of_the_bridged_package_are_compared_too() -> None:
    bridged = copy.deepcopy(exports.REGULAR)
    bridged["type"] = "tencentcloud:index/kubernetesNodePool:KubernetesNodePool"
    cloud = LiveCloud()
    del cloud.pools[POOL]
    assert conditions(export([*exports.BASE, bridged]), cloud) == {"shop-pool": "gone"}


@pytest.mark.parametrize("operation", ["updating", "deleting", "reading", "importing"])
def test_a_pending_operation_is_found_beside_the_resource_that_is_gone(operation: str) -> None:
    cloud = LiveCloud()
    del cloud.pools[POOL]
    found, unknowns = compared(export(WHOLE, **{operation: exports.REGULAR}), cloud)
    assert [item.condition for item in found] == ["gone", f"pending {operation}"]
    assert unknowns == []


@pytest.mark.parametrize(
    ("resource", "id_"),
    [
        (exports.CLUSTER, CLS),
        (exports.REGULAR, f"{CLS}#{POOL}"),
        (exports.NATIVE_POOL, f"{CLS}#{NATIVE}"),
        (exports.SUPER_POOL, f"{CLS}#{SUPER}"),
        (exports.POD_SUBNET, PODS),
        (exports.VPC, NET),
        (exports.ENDPOINT, CLS),
    ],
    ids=lambda value: value["type"] if isinstance(value, dict) else "",  # pyright: ignore[reportUnknownLambdaType]
)
def test_a_pending_creation_is_found_by_its_name(resource: dict[str, Any], id_: str) -> None:
    """The stack itself does not have the resource."""
    pending = {**resource, "id": ""}
    others = [item for item in (exports.STACK, exports.HYBRID, exports.GUARDED) if item != resource]
    (found,), unknowns = compared(export(others, creating=pending))
    assert (found.condition, found.id, unknowns) == ("pending creating", id_, [])
    nothing = LiveCloud({}, {}, {}, {}, endpoint="NotFound")
    (found,), unknowns = compared(export(others, creating=pending), nothing)
    assert (found.condition, found.id, unknowns) == ("pending creating", "", [])


def test_a_resource_of_the_stack_is_not_taken_for_a_pending_creation_of_its_name() -> None:
    pending = {**exports.POD_SUBNET, "urn": exports.urn(types.SUBNET, "other"), "id": ""}
    (found,), _ = compared(export(exports.BASE, creating=pending))
    assert found.id == ""


def test_a_pending_creation_of_a_dynamic_resource_needs_no_look() -> None:
    (found,), unknowns = compared(export([exports.STACK], creating=exports.SWITCH))
    assert (found.condition, unknowns) == ("pending creating", [])


SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:x:y"}


@pytest.mark.parametrize(
    ("resources", "pending", "cloud", "said"),
    [
        (
            [state("tencentcloud:Security/group:Group", "web", "sg-1")],
            {},
            LiveCloud(),
            "tencentcloud:Security/group:Group web: this type is not compared",
        ),
        (
            [{**exports.REGULAR, "delete": True}],
            {},
            LiveCloud(),
            "1 replaced resources that wait for their deletion are not compared",
        ),
        (
            [{**exports.ENDPOINT, "inputs": {"clusterIntranet": SECRET}}],
            {},
            LiveCloud(),
            "endpoint shop-endpoint: its arguments are secrets",
        ),
        (
            [exports.CLUSTER],
            {},
            LiveCloud({CLS: "Deleting"}),
            f"{CLS} is being deleted; run this command again",
        ),
        (
            [exports.REGULAR],
            {},
            LiveCloud(pools={POOL: ("a", "deleting")}),
            f"{CLS}#{POOL} is being deleted; run this command again",
        ),
        ([exports.ENDPOINT], {}, LiveCloud(endpoint="CreateFailed"), "is CreateFailed"),
        ([exports.POD_SUBNET], {}, LiveCloud(fails={"DescribeSubnets": "UnauthorizedOperation"}), "pods"),
        ([exports.VPC], {}, LiveCloud(fails={"DescribeVpcs": "ClientNetworkError"}), "ClientNetworkError"),
        (
            [exports.REGULAR],
            {},
            LiveCloud(fails={"DescribeNodePools": "AuthFailure.TokenFailure"}),
            "node pool shop-pool …: DescribeNodePools failed: AuthFailure.TokenFailure",
        ),
        (
            [],
            {"creating": exports.SERVICE},
            LiveCloud(),
            "kubernetes:core/v1:Service web: whether its creation succeeded; look whether it exists",
        ),
        (
            [],
            {"creating": {**exports.VPC, "inputs": {"name": SECRET}}},
            LiveCloud(),
            "VPC vpc: whether its creation succeeded; its name is secret or missing in the export",
        ),
        (
            [],
            {"creating": exports.VPC},
            LiveCloud(vpcs={NET: "shop", "vpc-2": "shop"}),
            "VPC vpc: several have its name: vpc-11111111, vpc-2",
        ),
        (
            [],
            {"creating": exports.CLUSTER},
            LiveCloud({CLS: "Creating"}),
            f"{CLS} is creating; run this command again when that has ended",
        ),
        (
            [],
            {"creating": exports.SUPER_POOL},
            LiveCloud(fails={"DescribeNodePools": "InternalError"}),
            "super node pool shop-super: whether its creation succeeded; DescribeNodePools failed",
        ),
    ],
)
def test_a_resource_that_cannot_be_compared_is_named_and_no_key_is_shown(
    resources: list[Any], pending: dict[str, Any], cloud: LiveCloud, said: str
) -> None:
    _, unknowns = compared(export([exports.STACK, *resources], **pending), cloud)
    (line,) = unknowns
    assert said in line
    assert "AKID" not in line


def test_one_part_that_cannot_be_read_does_not_hide_the_others() -> None:
    cloud = LiveCloud(fails={"DescribeVpcs": "UnauthorizedOperation"})
    del cloud.pools[POOL]
    found, unknowns = compared(export(WHOLE), cloud)
    assert [item.kind for item in found] == ["node pool"]
    assert len(unknowns) == 1


def test_the_region_is_that_of_the_provider_then_that_of_the_dynamic_resources() -> None:
    provider = state("pulumi:providers:tencentcloud", "own", "p1", region="ap-shanghai")
    there = {**exports.VPC, "provider": f"{provider['urn']}::p1"}
    regions: list[str] = []

    def cloud(region: str) -> LiveCloud:
        regions.append(region)
        return LiveCloud()

    stack = read_stack(export([exports.STACK, provider, there, exports.GUARDED, exports.POD_SUBNET]))
    assert list(compare(stack, cloud, "ap-beijing", [])) == []
    assert regions == ["ap-guangzhou", "ap-shanghai"]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ({}, "no deployment"),
        ({"deployment": []}, "no deployment"),
        ({"deployment": {"resources": {}, "manifest": {}}}, ""),
        ({"deployment": {"resources": {"a": 1}}}, "deployment.resources is no list"),
        (
            {"deployment": {"resources": [], "pending_operations": "x"}},
            "deployment.pending_operations is no list",
        ),
        (export(["text"]), "a resource has no URN"),
        (export([{"type": "x"}]), "a resource has no URN"),
        (
            export([exports.STACK, {**exports.STACK, "urn": exports.ROOT.replace("dev", "prod")}]),
            "another stack",
        ),
        (export([{**exports.STACK, "urn": f"{exports.ROOT}\n$(reboot)"}]), "a resource has no URN"),
    ],
)
def test_other_json_is_refused(data: dict[str, Any], why: str) -> None:
    if not why:
        assert read_stack(data).states == {}
        return
    with pytest.raises(ValueError, match=why):
        read_stack(data)
