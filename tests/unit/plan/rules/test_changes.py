"""The rules about dangerous changes: what each of them finds, and what it leaves alone."""

from dataclasses import replace
from typing import Any

import pytest

from pulumi_tke_hybrid.plan import resource_types
from pulumi_tke_hybrid.plan.model import Op, Plan, Step
from pulumi_tke_hybrid.plan.rules import coverage, every_rule, findings
from pulumi_tke_hybrid.plan.zone_changes import zones_of
from pulumi_tke_hybrid.review.view import ZoneRow
from pulumi_tke_hybrid.tke.rule import Severity
from pulumi_tke_hybrid.tke.values import UNKNOWN

NETWORKS = "tke.cloud.tencent.com/networks"
CLAIM = "tke.cloud.tencent.com/vpc-ip-claim-delete-policy"
DIRECT = "service.cloud.tencent.com/direct-access"
EXISTING = "service.kubernetes.io/tke-existed-lbid"
A, B, C = "subnet-aaaaaaaa", "subnet-bbbbbbbb", "subnet-cccccccc"


def step(type_: str, op: Op, old: dict[str, Any], new: dict[str, Any], **more: Any) -> Step:
    return Step(f"urn:pulumi:dev::demo::{type_}::it", type_, op, old, new, **more)


def update(type_: str, old: dict[str, Any], new: dict[str, Any], **more: Any) -> Step:
    return step(type_, Op.UPDATE, old, new, **more)


def found(*steps: Step) -> list[str]:
    plan = Plan(steps)
    return [finding.rule.id for finding in (*findings.change_findings(plan), *coverage.findings(plan))]


def pods(annotations: dict[str, str], replicas: int = 1) -> dict[str, Any]:
    return {"spec": {"replicas": replicas, "template": {"metadata": {"annotations": annotations}}}}


def named_pods(replicas: int = 2, **metadata: Any) -> dict[str, Any]:
    return {"metadata": {"name": "web", **metadata}, "spec": {"replicas": replicas}}


def service(kind: str, **annotations: str) -> dict[str, Any]:
    keys = {"direct": DIRECT, "existing": EXISTING}
    return {
        "metadata": {"annotations": {keys[name]: value for name, value in annotations.items()}},
        "spec": {"type": kind},
    }


def config_map(name: str, **data: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "kube-system"}, "data": data}


def rules_of(*admitted: str) -> dict[str, Any]:
    return {
        "ingresses": [
            {"action": "ACCEPT", "cidrBlock": block, "protocol": "TCP", "port": "80"} for block in admitted
        ]
    }


IPAMD = {"metadata": {"name": "tke-eni-ipamd"}, "spec": {"template": 1}}
IPAMD_LIST = "TKE_ENI_IPAMD_SUBNET_ID"
GR = {"networkType": "GR"}
MAP = resource_types.CONFIG_MAPS[1]
POD_SUBNET_URN = (
    f"urn:pulumi:dev::demo::{resource_types.POD_SUBNET}$tencentcloud:Subnet/instance:Instance::pods-subnet"
)

CASES: list[tuple[str, Step]] = [
    ("cluster-rebuilt", step(resource_types.CLUSTER, Op.REPLACE, {}, {}, replace_keys=("clusterCidr",))),
    ("cluster-rebuilt", step(resource_types.CLUSTER, Op.DELETE, {"vpcId": "vpc-1"}, {})),
    ("pod-network-off", update(resource_types.CLUSTER, {"eniSubnetIds": [A]}, {"eniSubnetIds": []})),
    ("pod-network-off", update(resource_types.CLUSTER, {"eniSubnetIds": [A]}, {})),
    (
        "pod-network-off",
        update(resource_types.CLUSTER, {}, {}, state={"eniSubnetIds": [A]}, diff_keys=("eniSubnetIds",)),
    ),
    ("pod-network-off", update(resource_types.SWITCH, {"subnets": [A]}, {"subnets": []})),
    ("pod-network-off", step(resource_types.SWITCH, Op.DELETE, {"subnets": [A], "onDelete": "disable"}, {})),
    (
        "pod-network-off",
        step(
            resource_types.SWITCH,
            Op.REPLACE,
            {"clusterId": "cls-1", "subnets": [A], "onDelete": "disable"},
            {"clusterId": "cls-2", "subnets": [A], "onDelete": "keep"},
            replace_keys=("clusterId",),
        ),
    ),
    (
        "pod-network-off",
        update(
            MAP,
            config_map("tke-eni-ipamd", **{IPAMD_LIST: A}),
            config_map("tke-eni-ipamd", **{IPAMD_LIST: ""}),
        ),
    ),
    ("pod-network-off", step(MAP, Op.DELETE, config_map("tke-eni-ipamd", **{IPAMD_LIST: A}), {})),
    (
        "ipamd-removed",
        step(resource_types.CONFIG_MAPS[0], Op.DELETE, config_map("tke-eni-ipamd", **{IPAMD_LIST: A}), {}),
    ),
    ("ipamd-removed", step(resource_types.IPAMD_WORKLOADS[0], Op.DELETE, IPAMD, {})),
    ("ipamd-restart", step(resource_types.IPAMD_WORKLOADS[1], Op.DELETE, IPAMD, {})),
    ("pod-subnet-leaves", update(resource_types.CLUSTER, {"eniSubnetIds": [A, B]}, {"eniSubnetIds": [A]})),
    ("pod-subnet-leaves", update(resource_types.SWITCH, {"subnets": [A, B]}, {"subnets": [B, C]})),
    (
        "pod-subnet-leaves",
        update(
            MAP,
            config_map("tke-eni-ipamd", **{IPAMD_LIST: f"{A}:{B}"}),
            config_map("tke-eni-ipamd", **{IPAMD_LIST: A}),
        ),
    ),
    (
        "pod-subnet-leaves",
        Step(POD_SUBNET_URN, resource_types.SUBNET, Op.DELETE, {"availabilityZone": "ap-guangzhou-4"}, {}),
    ),
    (
        "pod-subnet-leaves",
        Step(POD_SUBNET_URN, resource_types.SUBNET, Op.REPLACE, {}, {}, replace_keys=("cidrBlock",)),
    ),
    ("range-changed", step(resource_types.SUBNET, Op.REPLACE, {}, {}, replace_keys=("cidrBlock",))),
    ("range-changed", step(resource_types.VPC, Op.REPLACE, {}, {}, replace_keys=("cidrBlock",))),
    ("range-changed", step(resource_types.VPC, Op.DELETE, {}, {})),
    ("phantom-hybrid", step(resource_types.CLUSTER, Op.CREATE, {}, {**GR, "eniSubnetIds": [UNKNOWN]})),
    ("phantom-hybrid", step(resource_types.CLUSTER, Op.CREATE, {}, {"vpcCniType": "tke-route-eni"})),
    (
        "refused-update",
        update(
            resource_types.CLUSTER,
            {"eniSubnetIds": [A], "claimExpiredSeconds": 300},
            {"eniSubnetIds": [A], "claimExpiredSeconds": 600},
        ),
    ),
    (
        "node-pool-rebuilt",
        step(resource_types.NODE_POOL, Op.REPLACE, {"desiredCapacity": 3}, {}, replace_keys=("subnetIds",)),
    ),
    ("node-pool-rebuilt", step(resource_types.NATIVE_NODE_POOL, Op.DELETE, {"native": {"replicas": 2}}, {})),
    (
        "direct-access-off",
        update(
            resource_types.SERVICE,
            service("LoadBalancer", direct="true"),
            service("LoadBalancer", direct="false"),
        ),
    ),
    (
        "direct-access-off",
        update(resource_types.SERVICE, service("LoadBalancer", direct="true"), service("LoadBalancer")),
    ),
    ("direct-access-off", update(resource_types.SERVICE, service("LoadBalancer"), service("ClusterIP"))),
    (
        "direct-access-off",
        step(resource_types.SERVICE, Op.REPLACE, service("LoadBalancer"), service("NodePort")),
    ),
    (
        "balancer-replaced",
        step(resource_types.SERVICE, Op.REPLACE, service("LoadBalancer"), service("LoadBalancer")),
    ),
    (
        "exposure-widened",
        update(resource_types.RULE_SET, rules_of("10.0.0.0/8"), rules_of("10.0.0.0/8", "0.0.0.0/0")),
    ),
    (
        "exposure-widened",
        update(resource_types.SERVICE, service("ClusterIP"), service("LoadBalancer", direct="true")),
    ),
    ("balancer-replaced", step(resource_types.SERVICE, Op.DELETE, service("LoadBalancer"), {})),
    ("balancer-replaced", step(resource_types.INGRESS, Op.REPLACE, {"spec": {}}, {"spec": {}})),
    ("pods-leave-eni", update(resource_types.DEPLOYMENT, pods({NETWORKS: "tke-route-eni"}), pods({}))),
    (
        "statefulset-replaced",
        step(
            resource_types.STATEFUL_SET,
            Op.REPLACE,
            pods({}, 3),
            pods({}, 3),
            replace_keys=("spec.serviceName",),
        ),
    ),
    (
        "deployment-replaced",
        step(
            resource_types.DEPLOYMENT, Op.REPLACE, named_pods(), named_pods(), replace_keys=("spec.selector",)
        ),
    ),
    (
        "deployment-replaced",
        step(resource_types.DEPLOYMENT, Op.REPLACE, named_pods(), named_pods(namespace="default")),
    ),
    (
        "kept-address-off",
        update(resource_types.STATEFUL_SET, pods({CLAIM: "Never"}), pods({CLAIM: "Immediate"})),
    ),
    ("gr-source-address", update(resource_types.CLUSTER, {}, {"eniSubnetIds": [A]})),
    (
        "gr-source-address",
        update(resource_types.CLUSTER, {"eniSubnetIds": [A]}, {"eniSubnetIds": [A, UNKNOWN]}),
    ),
    (
        "gr-source-address",
        step(resource_types.SWITCH, Op.CREATE, {}, {"subnets": [A], "nonMasquerade": "add_vpc"}),
    ),
    (
        "gr-source-address",
        update(
            resource_types.SWITCH,
            {"subnets": [A], "nonMasquerade": "add_vpc"},
            {"subnets": [A, B], "nonMasquerade": "add_vpc"},
        ),
    ),
    (
        "gr-source-address",
        update(
            MAP,
            config_map("ip-masq-agent-config", config="a"),
            config_map("ip-masq-agent-config", config="b"),
        ),
    ),
    (
        "ipamd-restart",
        update(resource_types.IPAMD_WORKLOADS[1], IPAMD, {**IPAMD, "spec": {"template": 2}}),
    ),
    ("ipamd-restart", step(resource_types.IPAMD_WORKLOADS[1], Op.REPLACE, IPAMD, IPAMD)),
    (
        "ipamd-restart",
        update(
            resource_types.ADDON,
            {"addonName": "eniipamd"},
            {"addonName": "eniipamd", "addonVersion": "3.5.0"},
        ),
    ),
    (
        "security-group-narrowed",
        update(resource_types.RULE_SET, rules_of("10.0.0.0/8", "0.0.0.0/0"), rules_of("10.0.0.0/8")),
    ),
    (
        "security-group-narrowed",
        update(
            resource_types.LITE_RULES,
            {"ingresses": ["ACCEPT#0.0.0.0/0#80#TCP"]},
            {"ingresses": ["DROP#0.0.0.0/0#80#TCP"]},
        ),
    ),
    ("security-group-narrowed", step(resource_types.RULE_SET, Op.DELETE, rules_of("0.0.0.0/0"), {})),
    (
        "protection-off",
        update(resource_types.CLUSTER, {"deletionProtection": True}, {"deletionProtection": False}),
    ),
    (
        "protection-off",
        step(resource_types.SUBNET, Op.SAME, {"vpcId": "v"}, {"vpcId": "v"}, was_protected=True),
    ),
    ("switch-unmanaged", step(resource_types.SWITCH, Op.DELETE, {"subnets": [A]}, {})),
    (
        "version-change",
        update(f"{resource_types.PROVIDERS}kubernetes", {"version": "4.24.0"}, {"version": "4.25.0"}),
    ),
]


@pytest.mark.parametrize(
    ("rule", "made"), CASES, ids=[f"{index}-{rule}" for index, (rule, _) in enumerate(CASES)]
)
def test_a_dangerous_change_is_found_by_its_rule_alone(rule: str, made: Step) -> None:
    assert found(made) == [rule]


HARMLESS: list[Step] = [
    step(
        resource_types.IPAMD_WORKLOADS[1], Op.REPLACE, IPAMD, IPAMD, replace_keys=("provider",)
    ),  # in another cluster
    update(
        resource_types.CLUSTER, {"eniSubnetIds": [A], "tags": {}}, {"eniSubnetIds": [A], "tags": {"a": "b"}}
    ),
    update(
        resource_types.CLUSTER, {"eniSubnetIds": [A]}, {"tags": {}}, diff_keys=("tags",)
    ),  # ignore_changes keeps the list
    update(resource_types.CLUSTER, {"eniSubnetIds": [A, B]}, {"eniSubnetIds": [B, A]}),
    step(resource_types.CLUSTER, Op.CREATE, {}, {**GR, "claimExpiredSeconds": 300}),
    step(resource_types.CLUSTER, Op.CREATE, {}, {"networkType": "VPC-CNI", "eniSubnetIds": [A]}),
    step(resource_types.SWITCH, Op.CREATE, {}, {"subnets": [A], "nonMasquerade": "keep"}),
    update(
        resource_types.SWITCH,
        {"subnets": [A], "nonMasquerade": "add_vpc"},
        {"subnets": [A], "nonMasquerade": "add_vpc", "deadlineSeconds": 900},
    ),
    step(
        resource_types.SWITCH,
        Op.REPLACE,
        {"clusterId": "cls-1", "onDelete": "keep"},
        {"clusterId": "cls-2", "onDelete": "disable"},
    ),
    step(resource_types.SUBNET, Op.DELETE, {}, {}),
    step(resource_types.SUBNET, Op.CREATE, {}, {"cidrBlock": "10.0.0.0/24"}),
    update(resource_types.NODE_POOL, {"desiredCapacity": 1}, {"desiredCapacity": 2}),
    update(
        resource_types.SERVICE,
        service("LoadBalancer", direct="true"),
        service("LoadBalancer", direct=UNKNOWN),
    ),
    step(resource_types.SERVICE, Op.DELETE, service("ClusterIP"), {}),
    # The new pods come first.
    step(
        resource_types.DEPLOYMENT,
        Op.REPLACE,
        named_pods(),
        named_pods(name="shop"),
        replace_keys=("metadata.name",),
    ),
    step(
        resource_types.DEPLOYMENT,
        Op.REPLACE,
        named_pods(),
        named_pods(namespace="shop"),
        replace_keys=("metadata.namespace",),
    ),
    step(
        resource_types.DEPLOYMENT,
        Op.REPLACE,
        named_pods(),
        named_pods(name=UNKNOWN),
        replace_keys=("metadata.name",),
    ),
    step(
        resource_types.DEPLOYMENT,
        Op.REPLACE,
        named_pods(),
        {"metadata": UNKNOWN},
        replace_keys=("metadata.name",),
    ),
    step(
        resource_types.DEPLOYMENT,
        Op.REPLACE,
        named_pods(),
        named_pods(annotations={"pulumi.com/autonamed": "true"}),
    ),
    # Its cluster goes, which has a rule of its own.
    step(resource_types.DEPLOYMENT, Op.REPLACE, named_pods(), named_pods(), replace_keys=("provider",)),
    step(
        resource_types.DEPLOYMENT, Op.REPLACE, named_pods(0), named_pods(0), replace_keys=("spec.selector",)
    ),
    step(resource_types.DEPLOYMENT, Op.DELETE, named_pods(replicas=0), {}),
    update(resource_types.DEPLOYMENT, pods({}, 2), pods({NETWORKS: "tke-route-eni"}, 2)),
    update(resource_types.STATEFUL_SET, pods({CLAIM: "Never"}, 1), pods({CLAIM: "Never"}, 3)),
    update(MAP, config_map("other", config="a"), config_map("other", config="b")),
    update(
        MAP,
        config_map("tke-eni-ipamd", **{IPAMD_LIST: A}),
        config_map("tke-eni-ipamd", **{IPAMD_LIST: f"{A}:{B}"}),
    ),
    update(
        resource_types.RULE_SET, rules_of("10.0.0.0/8"), rules_of("10.0.0.0/8", "10.1.0.0/16")
    ),  # it is in the first
    update(
        f"{resource_types.PROVIDERS}kubernetes",
        {"version": "4.25.0"},
        {"version": "4.25.0", "namespace": "a"},
    ),
    step(resource_types.CLUSTER, Op.SAME, {"eniSubnetIds": [A]}, {"eniSubnetIds": [A]}),
]


@pytest.mark.parametrize(
    "made", HARMLESS, ids=[f"{index}-{made.type}" for index, made in enumerate(HARMLESS)]
)
def test_a_harmless_change_is_left_alone(made: Step) -> None:
    assert found(made) == []


@pytest.mark.parametrize("listed", [UNKNOWN, [UNKNOWN]], ids=["the list", "an id"])
def test_pod_subnets_that_are_still_to_come_switch_the_network_on_with_its_settings(listed: object) -> None:
    settings = {"vpcCniType": "tke-route-eni", "claimExpiredSeconds": 300}
    assert found(update(resource_types.CLUSTER, {}, {"eniSubnetIds": listed, **settings})) == [
        "gr-source-address"
    ]


@pytest.mark.parametrize("listed", [UNKNOWN, [A, UNKNOWN]], ids=["the list", "an id"])
def test_pod_subnets_that_are_still_to_come_cannot_be_added_together_with_another_reclaim_time(
    listed: object,
) -> None:
    old = {"eniSubnetIds": [A], "claimExpiredSeconds": 300}
    rules = found(update(resource_types.CLUSTER, old, {"eniSubnetIds": listed, "claimExpiredSeconds": 600}))
    assert rules == ["refused-update", "gr-source-address"]


NOT_KNOWN_AS_A_WHOLE: list[dict[str, Any]] = [
    {
        "metadata": {"annotations": UNKNOWN},
        "spec": {"type": "LoadBalancer", "template": {"metadata": {"annotations": UNKNOWN}}},
    },
    {"metadata": UNKNOWN, "spec": {"type": "LoadBalancer", "template": {"metadata": UNKNOWN}}},
    {"metadata": UNKNOWN, "spec": {"type": "LoadBalancer", "template": UNKNOWN}},
    {"metadata": UNKNOWN, "spec": UNKNOWN},
]


@pytest.mark.parametrize("new", NOT_KNOWN_AS_A_WHOLE, ids=["annotations", "metadata", "template", "spec"])
def test_annotations_that_are_still_to_come_as_a_whole_are_not_gone(new: dict[str, Any]) -> None:
    assert found(update(resource_types.SERVICE, service("LoadBalancer", direct="true"), new)) == []
    assert found(update(resource_types.DEPLOYMENT, pods({NETWORKS: "tke-route-eni"}), new)) == []
    assert (
        found(update(resource_types.STATEFUL_SET, pods({NETWORKS: "tke-route-eni", CLAIM: "Never"}), new))
        == []
    )


def test_a_load_balancer_that_the_user_made_keeps_its_address_and_the_finding_says_so() -> None:
    (finding,) = findings.step_findings(
        step(
            resource_types.SERVICE,
            Op.REPLACE,
            service("LoadBalancer", existing="lb-12345678"),
            service("LoadBalancer", existing="lb-12345678"),
        )
    )
    assert "lb-12345678 and its address stay" in finding.message


def subnet(name: str, zone: str, op: Op = Op.CREATE, **state: int) -> Step:
    new = {"availabilityZone": zone, "cidrBlock": "10.0.0.0/28"}
    return Step(
        f"urn:pulumi:dev::demo::{resource_types.SUBNET}::{name}",
        resource_types.SUBNET,
        op,
        new=new,
        state=state,
    )


def pool(name: str, place: Step, op: Op = Op.CREATE) -> Step:
    return Step(
        f"urn:pulumi:dev::demo::{resource_types.NODE_POOL}::{name}",
        resource_types.NODE_POOL,
        op,
        new={"subnetIds": [UNKNOWN], "desiredCapacity": 2},
        sources={"subnetIds": [place.urn]},
    )


def cluster(*pods_: Step) -> Step:
    return step(
        resource_types.CLUSTER,
        Op.UPDATE,
        {},
        {"eniSubnetIds": [UNKNOWN] * len(pods_)},
        diff_keys=("tags",),
        sources={"eniSubnetIds": [item.urn for item in pods_]},
    )


FOUR, SIX = "ap-guangzhou-4", "ap-guangzhou-6"


def test_a_pool_in_a_zone_without_a_pod_subnet_is_found_though_no_id_is_known_yet() -> None:
    pods_4, nodes_4, nodes_6 = subnet("pods-4", FOUR), subnet("nodes-4", FOUR), subnet("nodes-6", SIX)
    steps = (pods_4, nodes_4, nodes_6, cluster(pods_4), pool("a", nodes_4), pool("b", nodes_6))
    (finding,) = coverage.findings(Plan(steps))
    assert str(finding).startswith(f"b: {SIX} has no pod subnet (zones that have one: {FOUR})")


def test_a_zone_that_was_uncovered_before_is_found_only_by_who_asks_for_all() -> None:
    pods_4, nodes_6 = subnet("pods-4", FOUR, Op.SAME), subnet("nodes-6", SIX, Op.SAME)
    plan = Plan((pods_4, nodes_6, cluster(pods_4), pool("b", nodes_6, Op.SAME)))
    assert list(coverage.findings(plan)) == []
    assert [finding.rule.id for finding in coverage.findings(plan, only_changes=False)] == ["zone-uncovered"]


def named(type_: str, name: str, op: Op, **more: Any) -> Step:
    return Step(f"urn:pulumi:dev::demo::{type_}::{name}", type_, op, **more)


def raw_cluster(name: str, *listed: str) -> Step:
    props = {"eniSubnetIds": list(listed)}
    return named(resource_types.CLUSTER, name, Op.SAME, old=props, new=props, id=f"cls-{name}")


def grown(of: str, subnet_id: str, **more: Any) -> Step:
    old = {"clusterId": of, "subnetIds": [subnet_id], "desiredCapacity": 1}
    return named(
        resource_types.NODE_POOL, "grown", Op.UPDATE, old=old, new={**old, "desiredCapacity": 2}, **more
    )


PODS_4, PODS_6 = replace(subnet("pods-4", FOUR, Op.SAME), id=A), replace(subnet("pods-6", SIX, Op.SAME), id=B)
NODES_6 = replace(subnet("nodes-6", SIX, Op.SAME), id=C)
HYBRID, OTHER = raw_cluster("hybrid", A), raw_cluster("other", B)


def verdict_of(zone: str, *steps: Step) -> str:
    return next(
        ZoneRow(found_, whole=True).verdict for found_ in zones_of(Plan(steps)) if found_.name == zone
    )


def test_a_pool_of_a_cluster_without_pod_subnets_needs_none_because_another_cluster_has_some() -> None:
    steps = (PODS_4, NODES_6, HYBRID, raw_cluster("plain"), grown("cls-plain", C))
    assert found(*steps) == []
    assert verdict_of(SIX, *steps) == "its cluster lists no container subnets"


def test_the_pod_subnet_of_another_cluster_covers_no_pool() -> None:
    steps = (PODS_4, PODS_6, NODES_6, HYBRID, OTHER, grown("cls-hybrid", C))
    (finding,) = coverage.findings(Plan(steps))
    assert str(finding).startswith(f"grown: {SIX} has no pod subnet (zones that have one: {FOUR})")
    assert verdict_of(SIX, *steps) == "⛔ nodes without container subnet"
    assert found(PODS_4, PODS_6, NODES_6, HYBRID, OTHER, grown("cls-other", C)) == []


def test_the_cluster_of_a_pool_is_told_by_where_its_id_comes_from() -> None:
    switch = named(
        resource_types.SWITCH,
        "switch",
        Op.CREATE,
        new={"clusterId": UNKNOWN, "subnets": [B]},
        sources={"clusterId": [raw_cluster("new").urn]},
    )
    stack = (PODS_4, PODS_6, NODES_6, HYBRID, raw_cluster("new"), switch)
    assert found(*stack, grown(UNKNOWN, C, sources={"clusterId": [switch.urn]})) == []
    assert found(*stack, grown(UNKNOWN, C, sources={"clusterId": [HYBRID.urn]})) == ["zone-uncovered"]


def test_every_pod_subnet_counts_for_a_pool_whose_cluster_cannot_be_told() -> None:
    assert found(PODS_4, PODS_6, NODES_6, HYBRID, OTHER, grown(UNKNOWN, C)) == []
    assert found(PODS_4, NODES_6, HYBRID, raw_cluster("plain"), grown(UNKNOWN, C)) == ["zone-uncovered"]
    without_ids = (replace(HYBRID, id=""), replace(raw_cluster("plain"), id=""))
    assert found(PODS_4, NODES_6, *without_ids, grown("cls-plain", C)) == ["zone-uncovered"]


def test_a_subnet_that_leaves_a_computed_list_covers_nothing_though_the_list_still_comes_from_it() -> None:
    old, new = {"eniSubnetIds": [A, B]}, {"eniSubnetIds": [A]}
    shrinks = named(
        resource_types.CLUSTER,
        "hybrid",
        Op.UPDATE,
        old=old,
        new=new,
        id="cls-hybrid",
        sources={"eniSubnetIds": [PODS_4.urn, PODS_6.urn]},
    )
    assert found(PODS_4, PODS_6, NODES_6, shrinks, grown("cls-hybrid", C)) == [
        "pod-subnet-leaves",
        "zone-uncovered",
    ]


def test_what_helps_a_raw_pool_is_something_that_a_raw_program_can_do() -> None:
    (finding,) = coverage.findings(Plan((PODS_4, NODES_6, HYBRID, grown("cls-hybrid", C))))
    assert finding.message.endswith(f"add a subnet in {SIX} to the cluster's list of pod subnets")


def test_a_list_that_is_still_to_come_as_a_whole_has_lost_no_subnet() -> None:
    pods_4, nodes_6 = subnet("pods-4", FOUR), subnet("nodes-6", SIX, Op.SAME)
    pods_6 = replace(subnet("pods-6", SIX, Op.SAME), id=B)
    lists = update(
        resource_types.CLUSTER,
        {"eniSubnetIds": [B]},
        {"eniSubnetIds": UNKNOWN},
        sources={"eniSubnetIds": [pods_4.urn]},
    )
    assert list(coverage.findings(Plan((pods_4, pods_6, nodes_6, lists, pool("b", nodes_6))))) == []


def deleted(id_: str) -> Step:
    old = {"availabilityZone": SIX, "cidrBlock": "10.0.0.0/28"}
    return Step(
        f"urn:pulumi:dev::demo::{resource_types.SUBNET}::pods-6",
        resource_types.SUBNET,
        Op.DELETE,
        old,
        id=id_,
    )


KEPT: list[Step] = [
    step(resource_types.CLUSTER, Op.SAME, {"eniSubnetIds": [A]}, {"eniSubnetIds": [A]}),
    update(
        resource_types.CLUSTER, {"eniSubnetIds": [A]}, {"eniSubnetIds": [A], "tags": {}}, diff_keys=("tags",)
    ),
    step(
        resource_types.CLUSTER, Op.SAME, {}, {}, state={"eniSubnetIds": [A]}
    ),  # ignore_changes: only the cloud says so
    step(resource_types.SWITCH, Op.SAME, {"subnets": [A]}, {"subnets": [A]}),
    step(
        resource_types.SWITCH,
        Op.SAME,
        {"subnets": [B]},
        {"subnets": [B]},
        state={"registeredSubnets": [A, B]},
    ),
]


@pytest.mark.parametrize("keeps", KEPT)
def test_a_raw_subnet_that_a_cluster_keeps_is_not_deleted(keeps: Step) -> None:
    (finding,) = coverage.findings(Plan((keeps, deleted(A))))
    assert str(finding).startswith(
        f"pods-6: {A} would be deleted: the pod subnet 10.0.0.0/28 of zone {SIX}; certain: new pods in its"
        " zone"
    )
    assert finding.rule.id == "pod-subnet-leaves"


def test_a_raw_subnet_that_makes_room_for_another_in_the_list_is_not_deleted() -> None:
    swap = update(resource_types.CLUSTER, {"eniSubnetIds": [A]}, {"eniSubnetIds": [UNKNOWN]})
    assert found(swap, deleted(A)) == ["gr-source-address", "pod-subnet-leaves"]


LEFT: list[Step] = [
    step(resource_types.CLUSTER, Op.SAME, {"eniSubnetIds": [B]}, {"eniSubnetIds": [B]}),
    step(resource_types.CLUSTER, Op.DELETE, {"eniSubnetIds": [A]}, {}, state={"eniSubnetIds": [A]}),
    update(resource_types.CLUSTER, {"eniSubnetIds": [A]}, {"eniSubnetIds": []}, state={"eniSubnetIds": [A]}),
    update(resource_types.SWITCH, {"subnets": [A]}, {"subnets": []}, state={"registeredSubnets": [A]}),
]


@pytest.mark.parametrize("leaves", LEFT)
def test_a_raw_subnet_that_no_cluster_keeps_may_be_deleted(leaves: Step) -> None:
    assert list(coverage.findings(Plan((leaves, deleted(A))))) == []


def test_a_stack_without_any_pod_subnet_in_view_is_not_judged() -> None:
    nodes_6 = subnet("nodes-6", SIX)
    assert found(nodes_6, pool("b", nodes_6)) == []


@pytest.mark.parametrize(("replicas", "short"), [(8, False), (9, True), (40, True)])
def test_a_zone_that_would_run_short_of_addresses_is_found_from_a_tenth_on(
    replicas: int, short: bool
) -> None:
    """A rollout adds a quarter: 8 replicas and 2 more leave 3 of 13 addresses, 9 replicas and 3 more leave
    1."""
    pods_4 = subnet("pods-4", FOUR, Op.SAME, availableIpCount=13)
    more = update(
        resource_types.DEPLOYMENT,
        pods({NETWORKS: "tke-route-eni"}, 1),
        pods({NETWORKS: "tke-route-eni"}, replicas),
    )
    assert ("addresses-short" in found(pods_4, cluster(pods_4), more)) is short


def test_every_blocking_rule_of_the_table_is_an_error_and_has_a_case() -> None:
    tried = {rule for rule, _ in CASES} | {"zone-uncovered", "addresses-short"}
    ours = {rule.id for rule in every_rule().values() if rule.id in tried}
    assert tried == ours
    assert every_rule()["zone-uncovered"].severity is Severity.ERROR


def test_ranges_that_leave_the_list_without_source_nat_are_qualified_where_others_hold_them() -> None:
    def head(before: str, after: str) -> str:
        (one,) = findings.change_findings(
            Plan(
                [
                    update(
                        MAP,
                        config_map("ip-masq-agent-config", c=before),
                        config_map("ip-masq-agent-config", c=after),
                    )
                ]
            )
        )
        return one.head

    assert "-10.0.0.0/16: these destinations see the node's address from now on)" in head(
        "10.0.0.0/16", "172.16.0.0/12"
    )
    assert (
        "-10.1.0.0/16: these destinations see the node's address from now on, as far as no other range"
        in head("10.1.0.0/16", "10.0.0.0/8")
    )
    assert "as far as no other range" in head("999.1.0.0/16", "172.16.0.0/12")


def test_a_further_pod_subnet_adds_the_range_of_the_vpc_only_where_the_list_lacks_it() -> None:
    def why(old: dict[str, Any]) -> str:
        (one,) = findings.change_findings(
            Plan([update(resource_types.CLUSTER, old, {"eniSubnetIds": [A, UNKNOWN]})])
        )
        return one.why

    assert why({}).startswith("certain, as soon as it is applied: ")
    assert why({"eniSubnetIds": [A]}).startswith("possible, as soon as it is applied: ")
