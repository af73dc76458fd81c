"""All rules on single resources: a dangerous change has the finding of one rule, a harmless change none."""

import pytest

from pulumi_tke_hybrid.plan import resource_types
from pulumi_tke_hybrid.plan.model import Op, Step
from pulumi_tke_hybrid.plan.rules import every_rule
from pulumi_tke_hybrid.tke.objects import UNKNOWN
from pulumi_tke_hybrid.tke.rule import Severity
from tests.unit.plan.rules.builders import (
    CLAIM,
    GR,
    IPAMD,
    IPAMD_LIST,
    MAP,
    NETWORKS,
    POD_SUBNET_URN,
    A,
    B,
    C,
    config_map,
    found,
    named_pods,
    pods,
    rules_of,
    service,
    step,
    update,
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
    ("protection-off", update(resource_types.SWITCH, {"onDelete": "keep"}, {"onDelete": "disable"})),
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


def test_every_blocking_rule_of_the_table_is_an_error_and_has_a_case() -> None:
    tried = {rule for rule, _ in CASES} | {"zone-uncovered", "addresses-short"}
    ours = {rule.id for rule in every_rule().values() if rule.id in tried}
    assert tried == ours
    assert every_rule()["zone-uncovered"].severity is Severity.ERROR
