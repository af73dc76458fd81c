"""Resources that no rule can judge are named: charts, custom resources, types that no rule knows."""

from typing import Any

import pytest

from pulumi_tke_hybrid.plan.model import Op, Plan, Step
from pulumi_tke_hybrid.plan.rules import registry
from tests.cases.reported.reviewed import load, messages, reviewed

RELEASE = "kubernetes:helm.sh/v3:Release"
KAFKA = "kubernetes:kafka.strimzi.io/v1beta2:Kafka"
NEWER = "tencentcloud:Kubernetes/somethingNew:SomethingNew"
ACL = "tencentcloud:index/vpcAclAttachment:VpcAclAttachment"


def _step(
    type_: str, op: Op, old: dict[str, Any] | None = None, new: dict[str, Any] | None = None, **more: Any
) -> Step:
    return Step(f"urn:pulumi:dev::demo::{type_}::it", type_, op, old or {}, new or {}, **more)


def _found(*steps: Step) -> list[tuple[str, str]]:
    return [(finding.rule.id, finding.severity.value) for finding in registry.plan_findings(Plan(steps))]


def test_a_release_is_named_with_the_tke_annotations_that_the_release_loses() -> None:
    preview = load("release-loses-direct-access")
    assert reviewed(preview)[0] == 0
    (line,) = messages(preview, "not-judged", severity="warning")
    assert line.startswith(f"ingress-nginx: {RELEASE} would be changed, and the change is not judged")
    assert "service.cloud.tencent.com/direct-access: true → none" in line
    assert "compare `helm template` before and after" in line


@pytest.mark.parametrize("op", [Op.UPDATE, Op.REPLACE, Op.DELETE, Op.OTHER])
@pytest.mark.parametrize(
    "type_",
    [
        RELEASE,
        "kubernetes:helm.sh/v3:Chart",
        "kubernetes:helm.sh/v4:Chart",
        "kubernetes:yaml:ConfigGroup",
        "kubernetes:yaml/v2:ConfigFile",
        "kubernetes:kustomize/v2:Directory",
        KAFKA,
        "kubernetes:gateway.networking.k8s.io/v1:Gateway",
        "kubernetes:apiextensions.k8s.io:CustomResource",
        NEWER,
        "tencentcloud:Brandnew/thing:Thing",
        ACL,
        "tencentcloud:Nat/gateway:Gateway",
        "tencentcloud:Eks/cluster:Cluster",
        "tencentcloud:Kubernetes/clusterRelease:ClusterRelease",
        "kubernetes:networking.k8s.io/v1:NetworkPolicy",
        "kubernetes:admissionregistration.k8s.io/v1:MutatingWebhookConfiguration",
    ],
)
def test_a_change_of_a_type_without_rules(type_: str, op: Op) -> None:
    assert _found(_step(type_, op, {"x": 1}, {"x": 2})) == [("not-judged", "warning")]


@pytest.mark.parametrize("type_", ["kubernetes:core/v1:ConfigMap", "kubernetes:core/v1:ConfigMapPatch"])
@pytest.mark.parametrize(
    ("namespace", "name", "op", "named"),
    [
        ("kube-system", "tke-service-controller-config", Op.UPDATE, True),
        ("kube-system", "tke-service-controller-config", Op.REPLACE, True),
        ("kube-system", "tke-network-conf", Op.UPDATE, True),
        ("kube-system", "tke-network-conf", Op.CREATE, False),
        ("kube-system", "coredns", Op.UPDATE, False),
        ("shop", "tke-network-conf", Op.UPDATE, False),
    ],
)
def test_a_change_of_the_settings_of_tke_in_the_cluster(
    namespace: str, name: str, op: Op, type_: str, *, named: bool
) -> None:
    metadata = {"name": name, "namespace": namespace}
    old, new = ({"metadata": metadata, "data": {"GlobalRouteDirectAccess": on}} for on in ("true", "false"))
    assert _found(_step(type_, op, old, new)) == [("not-judged", "warning")] * named


@pytest.mark.parametrize("type_", [RELEASE, KAFKA, NEWER, ACL])
def test_a_new_resource_of_a_type_without_rules_is_a_note(type_: str) -> None:
    assert _found(_step(type_, Op.CREATE, {}, {"x": 1})) == [("not-judged", "note")]


def test_the_objects_of_a_chart_are_judged_where_the_plan_has_them() -> None:
    chart = _step("kubernetes:helm.sh/v4:Chart", Op.UPDATE, {"version": "1"}, {"version": "2"}, custom=False)
    child = Step(
        "urn:pulumi:dev::demo::kubernetes:core/v1:ConfigMap::of-chart",
        "kubernetes:core/v1:ConfigMap",
        Op.UPDATE,
        parent=chart.urn,
    )
    assert _found(chart, child) == []


@pytest.mark.parametrize(
    ("type_", "old", "new"),
    [
        ("random:index/randomPassword:RandomPassword", {"length": 8}, {"length": 9}),
        ("aws:ec2/vpc:Vpc", {"cidrBlock": "a"}, {"cidrBlock": "b"}),
        ("kubernetes:core/v1:ConfigMap", {"data": {"a": "b"}}, {"data": {"a": "c"}}),
        ("kubernetes:rbac.authorization.k8s.io/v1:Role", {"rules": []}, {"rules": [{}]}),
        ("kubernetes:monitoring.coreos.com/v1:ServiceMonitor", {"spec": 1}, {"spec": 2}),
        ("tencentcloud:Cos/bucket:Bucket", {"acl": "a"}, {"acl": "b"}),
        ("tencentcloud:index/cosBucket:CosBucket", {"acl": "a"}, {"acl": "b"}),
        ("tencentcloud:Mysql/instance:Instance", {"memSize": 1}, {"memSize": 2}),
        ("tencentcloud:Nat/gateway:Gateway", {"name": "a"}, {"name": "b"}),
    ],
)
def test_a_resource_outside_the_network_has_no_finding(
    type_: str, old: dict[str, Any], new: dict[str, Any]
) -> None:
    assert _found(_step(type_, Op.UPDATE, old, new)) == []


def test_a_database_that_moves_to_another_subnet_is_named() -> None:
    step = _step(
        "tencentcloud:Mysql/instance:Instance",
        Op.UPDATE,
        {"subnetId": "subnet-aaaaaaaa"},
        {"subnetId": "subnet-bbbbbbbb"},
    )
    assert _found(step) == [("not-judged", "warning")]


def test_a_resource_deleted_with_a_reported_resource_is_not_named_again() -> None:
    cluster = _step("tencentcloud:Kubernetes/cluster:Cluster", Op.DELETE, {"vpcId": "vpc-12345678"})
    config = _step(
        "tencentcloud:Kubernetes/logConfig:LogConfig",
        Op.DELETE,
        {"clusterId": "cls-1"},
        sources={"clusterId": [cluster.urn]},
    )
    assert _found(config) == [("not-judged", "warning")]
    assert _found(config, cluster) == [("cluster-rebuilt", "error")]
