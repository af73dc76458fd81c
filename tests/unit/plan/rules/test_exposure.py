"""What becomes reachable for more clients than before, and what does not."""

from typing import Any

import pytest

from pulumi_tke_hybrid.plan import resource_types
from pulumi_tke_hybrid.plan.model import Op, Plan, Step
from pulumi_tke_hybrid.plan.rules import registry
from pulumi_tke_hybrid.tke.objects import UNKNOWN

SUBNET, EXISTING = (
    "service.kubernetes.io/qcloud-loadbalancer-internal-subnetid",
    "service.kubernetes.io/tke-existed-lbid",
)
GROUPS, PASS = "service.cloud.tencent.com/security-groups", "service.cloud.tencent.com/pass-to-target"
DEPLOYMENT = resource_types.DEPLOYMENT


def found(kind: str, old: dict[str, Any], new: dict[str, Any], op: Op | None = None) -> list[tuple[str, str]]:
    what = op or (Op.CREATE if not old else Op.DELETE if not new else Op.UPDATE)
    step = Step(f"urn:pulumi:dev::demo::{kind}::it", kind, what, old, new)
    return [
        (item.rule.id, item.severity.value)
        for item in registry.change_findings(Plan([step]))
        if item.rule.id in ("exposure-widened", "new-exposure")
    ]


def service(kind: str = "LoadBalancer", **annotations: Any) -> dict[str, Any]:
    return {"metadata": {"name": "web", "annotations": annotations}, "spec": {"type": kind}}


def ingress(**annotations: Any) -> dict[str, Any]:
    return {"metadata": {"name": "web", "annotations": annotations}, "spec": {}}


def pods(**annotations: str) -> dict[str, Any]:
    return {"spec": {"template": {"metadata": {"annotations": annotations}, "spec": {"containers": []}}}}


INTERNAL, PUBLIC, OWN, NONE = (
    service(**{SUBNET: "subnet-aaaaaaaa"}),
    service(),
    service(**{EXISTING: "lb-aaaaaaaa"}),
    service("ClusterIP"),
)
CLB, ENDPOINT = resource_types.LOAD_BALANCER, resource_types.ENDPOINT
API_GROUP, RANGES = "clusterInternetSecurityGroup", "managedClusterInternetSecurityPolicies"
OPENED, OPEN_GROUPED = {"clusterInternet": True}, {"networkType": "OPEN", "securityGroups": ["sg-a"]}
T_SUBNET = "kubernetes.io/ingress.subnetId"
ERROR, WARNING, NOTE = (
    ("exposure-widened", "error"),
    ("exposure-widened", "warning"),
    ("new-exposure", "note"),
)

CASES: dict[str, tuple[str, dict[str, Any], dict[str, Any], list[tuple[str, str]]]] = {
    "internal to public": (resource_types.SERVICE, INTERNAL, PUBLIC, [ERROR]),
    "none to public": (resource_types.SERVICE, NONE, PUBLIC, [ERROR]),
    "own to public": (resource_types.SERVICE, OWN, PUBLIC, [ERROR]),
    "none to internal": (resource_types.SERVICE, NONE, INTERNAL, [NOTE]),
    "a new public one": (resource_types.SERVICE, {}, PUBLIC, [NOTE]),
    "public to internal": (resource_types.SERVICE, PUBLIC, INTERNAL, []),
    "public to none": (resource_types.SERVICE, PUBLIC, NONE, []),
    "internal to own": (resource_types.SERVICE, INTERNAL, OWN, []),
    "a new internal one": (resource_types.SERVICE, {}, INTERNAL, []),
    "public as before": (resource_types.SERVICE, PUBLIC, service(a="b"), []),
    "a subnet that is not known yet": (resource_types.SERVICE, INTERNAL, service(**{SUBNET: UNKNOWN}), []),
    "an Ingress, internal to public": (
        resource_types.INGRESS,
        ingress(**{T_SUBNET: "subnet-aaaaaaaa"}),
        ingress(),
        [ERROR],
    ),
    "an Ingress of nginx": (
        resource_types.INGRESS,
        {},
        ingress(**{"kubernetes.io/ingress.class": "nginx"}),
        [],
    ),
    "an Ingress that comes to TKE": (
        resource_types.INGRESS,
        ingress(**{"kubernetes.io/ingress.class": "nginx"}),
        ingress(),
        [ERROR],
    ),
    "groups go": (resource_types.SERVICE, service(**{GROUPS: "sg-a"}), PUBLIC, [ERROR]),
    "groups of an internal one go": (
        resource_types.SERVICE,
        service(**{SUBNET: "s", GROUPS: "sg-a"}),
        service(**{SUBNET: "s"}),
        [WARNING],
    ),
    "a group comes beside another": (
        resource_types.SERVICE,
        service(**{GROUPS: "sg-a"}),
        service(**{GROUPS: "sg-a,sg-b"}),
        [WARNING],
    ),
    "one of two groups goes": (
        resource_types.SERVICE,
        service(**{GROUPS: "sg-a,sg-b"}),
        service(**{GROUPS: "sg-a"}),
        [],
    ),
    "a first group": (resource_types.SERVICE, PUBLIC, service(**{GROUPS: "sg-a"}), []),
    "past the groups of the pods": (resource_types.SERVICE, PUBLIC, service(**{PASS: "true"}), [ERROR]),
    "past them, with a group": (
        resource_types.SERVICE,
        service(**{GROUPS: "a"}),
        service(**{GROUPS: "a", PASS: "true"}),
        [WARNING],
    ),
    "no longer past them": (
        resource_types.SERVICE,
        service(**{PASS: "true"}),
        service(**{PASS: "false"}),
        [],
    ),
    "a load balancer of one's own": (CLB, {"networkType": "INTERNAL"}, {"networkType": "OPEN"}, [ERROR]),
    "a public address on it": (
        CLB,
        {"networkType": "INTERNAL"},
        {"networkType": "INTERNAL", "eipAddressId": "eip-a"},
        [ERROR],
    ),
    "a new one": (CLB, {}, {"networkType": "OPEN"}, [NOTE]),
    "a new internal one of one's own": (CLB, {}, {"networkType": "INTERNAL"}, []),
    "its groups go": (
        CLB,
        {"networkType": "OPEN", "securityGroups": ["sg-a"]},
        {"networkType": "OPEN", "securityGroups": []},
        [ERROR],
    ),
    "its groups are not known": (CLB, OPEN_GROUPED, {**OPEN_GROUPED, "securityGroups": UNKNOWN}, [WARNING]),
    "it passes": (
        CLB,
        {"networkType": "OPEN"},
        {"networkType": "OPEN", "loadBalancerPassToTarget": True},
        [ERROR],
    ),
    "the API server": (ENDPOINT, {"clusterInternet": False}, {"clusterInternet": True}, [ERROR]),
    "the API server of a cluster": (
        resource_types.CLUSTER,
        {"vpcId": "v"},
        {"vpcId": "v", "clusterInternet": True},
        [ERROR],
    ),
    "an endpoint on a cluster that is there": (
        ENDPOINT,
        {},
        {"clusterId": "cls-aaaaaaaa", "clusterInternet": True},
        [ERROR],
    ),
    "an endpoint with its cluster": (ENDPOINT, {}, {"clusterId": UNKNOWN, "clusterInternet": True}, [NOTE]),
    "the endpoint's group goes": (
        ENDPOINT,
        {"clusterInternet": True, API_GROUP: "sg-a"},
        {"clusterInternet": True},
        [ERROR],
    ),
    "another group": (
        ENDPOINT,
        {"clusterInternet": True, API_GROUP: "sg-a"},
        {"clusterInternet": True, API_GROUP: "sg-b"},
        [WARNING],
    ),
    "an address more": (
        ENDPOINT,
        {**OPENED, RANGES: ["192.0.2.1"]},
        {**OPENED, RANGES: ["192.0.2.0/24"]},
        [ERROR],
    ),
    "an address less": (
        ENDPOINT,
        {**OPENED, RANGES: ["192.0.2.0/24"]},
        {**OPENED, RANGES: ["192.0.2.1"]},
        [],
    ),
    "the API server inside the VPC": (
        ENDPOINT,
        {},
        {"clusterId": "cls-aaaaaaaa", "clusterIntranet": True},
        [],
    ),
    "the API server no longer": (ENDPOINT, {"clusterInternet": True}, {"clusterInternet": False}, []),
    "pods with public addresses": (
        DEPLOYMENT,
        pods(),
        pods(**{"tke.cloud.tencent.com/eip-attributes": "{}"}),
        [ERROR],
    ),
    "new pods with public addresses": (
        DEPLOYMENT,
        {},
        pods(**{"eks.tke.cloud.tencent.com/eip-id-list": "eip-a"}),
        [NOTE],
    ),
    "nodes with public addresses": (
        resource_types.NODE_POOL,
        {"minSize": 1},
        {"autoScalingConfig": {"publicIpAssigned": True}},
        [ERROR],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_changes_of_admitted_clients(name: str) -> None:
    kind, old, new, expected = CASES[name]
    assert found(kind, old, new) == expected


@pytest.mark.parametrize("op", [Op.IMPORT, Op.LEAVE, Op.DELETE])
def test_an_imported_left_or_deleted_resource_exposes_nothing(op: Op) -> None:
    for kind, side in (
        (resource_types.SERVICE, PUBLIC),
        (CLB, {"networkType": "OPEN"}),
        (ENDPOINT, {"clusterInternet": True}),
    ):
        old, new = ({}, side) if op is Op.IMPORT else (side, {})
        assert found(kind, old, new, op) == []


def test_a_replaced_service_may_become_public_too() -> None:
    assert found(resource_types.SERVICE, INTERNAL, PUBLIC, Op.REPLACE) == [ERROR]


def narrowed(kind: str, old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    step = Step(f"urn:pulumi:dev::demo::{kind}::it", kind, Op.UPDATE, old, new)
    found = [
        item for item in registry.change_findings(Plan([step])) if item.rule.id == "security-group-narrowed"
    ]
    assert all(item.severity.value == "warning" for item in found)
    return [item.head for item in found]


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        ("", "sg-a", "sg-a instead of none: the security groups of the load balancer"),
        ("sg-a,sg-b", "sg-a", "sg-a instead of sg-a, sg-b: the security groups of the load balancer"),
        ("sg-a", "sg-a,sg-b", ""),
        ("sg-a", "", ""),
        ("sg-a", "sg-a", ""),
    ],
)
def test_groups_that_refuse_clients_of_a_load_balancer_are_named(
    before: str, after: str, sentence: str
) -> None:
    sides = [service(**({GROUPS: groups} if groups else {})) for groups in (before, after)]
    assert narrowed(resource_types.SERVICE, *sides) == ([sentence] if sentence else [])
    lists = [
        {"networkType": "OPEN", "securityGroups": groups.split(",") if groups else []}
        for groups in (before, after)
    ]
    assert narrowed(CLB, *lists) == ([sentence] if sentence else [])


def test_groups_of_pods_that_filter_again_are_named() -> None:
    text = "true → false: the security groups of the pods and nodes filter again what the load balancer sends"
    assert narrowed(resource_types.SERVICE, service(**{PASS: "true"}), service(**{PASS: "false"})) == [text]
    assert narrowed(CLB, {"loadBalancerPassToTarget": True}, {"loadBalancerPassToTarget": False}) == [text]
    assert narrowed(resource_types.SERVICE, service(**{PASS: "true"}), service(**{PASS: UNKNOWN})) == []
