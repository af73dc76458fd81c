"""Holders of pods by their pod templates, sources of load balancers by type and annotations, and nodes by
subnet."""

from typing import Any

import pytest

from pulumi_tke_hybrid.plan import resource_types
from pulumi_tke_hybrid.plan.kubernetes_objects import (
    holders,
    is_load_balancer_source,
    may_have_balancer,
    template_paths,
)
from pulumi_tke_hybrid.plan.model import Op, Step
from pulumi_tke_hybrid.plan.nodes_of_pools import NodesIn, nodes_by_subnet, pool_nodes
from pulumi_tke_hybrid.plan.resource_types import canonical
from pulumi_tke_hybrid.tke import keys
from pulumi_tke_hybrid.tke.objects import UNKNOWN

ENI = {"metadata": {"annotations": {keys.NETWORKS: keys.ROUTE_ENI}}, "spec": {"containers": [{"name": "c"}]}}
BY_RESOURCE = {"spec": {"containers": [{"resources": {"requests": {keys.ENI_IP: "1"}}}]}}
SPEC = {"spec": {"replicas": 3, "template": ENI}}
CRON = {"spec": {"jobTemplate": {"spec": {"parallelism": 2, "template": ENI}}}}
JOB = {"spec": {"template": ENI}}


@pytest.mark.parametrize(
    ("token", "props", "pods", "on_each_node"),
    [
        ("kubernetes:apps/v1:Deployment", SPEC, 3, False),
        ("kubernetes:extensions/v1beta1:Deployment", SPEC, 3, False),
        ("kubernetes:apps/v1:StatefulSetPatch", SPEC, 3, False),
        ("kubernetes:apps/v1:ReplicaSet", JOB, 1, False),
        ("kubernetes:apps/v1:DaemonSet", JOB, None, True),
        ("kubernetes:core/v1:Pod", ENI, 1, False),
        ("kubernetes:batch/v1:Job", JOB, 1, False),
        ("kubernetes:batch/v1beta1:CronJob", CRON, 2, False),
        ("kubernetes:apps.kruise.io/v1alpha1:CloneSet", SPEC, 3, False),
        ("kubernetes:apps.kruise.io/v1beta1:StatefulSet", JOB, 1, False),
        ("kubernetes:apps.kruise.io/v1alpha1:DaemonSet", JOB, None, True),
        ("kubernetes:tkex.tencent.com/v1alpha1:GameStatefulSet", SPEC, 3, False),
        ("kubernetes:argoproj.io/v1alpha1:Rollout", SPEC, 3, False),
        ("kubernetes:example.com/v1:Thing", {"spec": {"groups": [{"template": ENI}]}}, None, False),
    ],
)
def test_each_object_with_a_pod_template_holds_pods(
    token: str, props: dict[str, Any], pods: int | None, on_each_node: bool
) -> None:
    (holder,) = holders(token, props)
    assert (holder.network, holder.needs_eni, holder.pods, holder.on_each_node) == (
        keys.ROUTE_ENI,
        True,
        pods,
        on_each_node,
    )


def test_a_network_is_selected_by_resource_as_well() -> None:
    (holder,) = holders("kubernetes:batch/v1:Job", {"spec": {"template": BY_RESOURCE}})
    assert holder.network == keys.ROUTE_ENI


def test_an_unknown_value_is_not_absent() -> None:
    (holder,) = holders(resource_types.DEPLOYMENT, {"spec": UNKNOWN})
    assert (holder.network, holder.pods) == (UNKNOWN, None)


@pytest.mark.parametrize(
    "token",
    [
        "kubernetes:core/v1:ConfigMap",
        "kubernetes:core/v1:Service",
        "tencentcloud:index/vpc:Vpc",
        "kubernetes:yaml:ConfigFile",
    ],
)
def test_others_hold_no_pods(token: str) -> None:
    assert template_paths(token, SPEC) == []


def test_a_template_of_a_custom_resource_is_found_on_either_side() -> None:
    patch = {"spec": {"template": {"metadata": {"annotations": {keys.NETWORKS: keys.ROUTE_ENI}}}}}
    assert template_paths("kubernetes:apps.kruise.io/v1alpha1:CloneSetPatch", patch, {}) == [
        ("spec", "template")
    ]


@pytest.mark.parametrize(
    ("token", "props", "front"),
    [
        (resource_types.INGRESS, {"spec": {"ingressClassName": "qcloud"}}, True),
        (resource_types.INGRESS, {"spec": {"ingressClassName": "nginx"}}, False),
        ("kubernetes:extensions/v1beta1:IngressPatch", {"spec": {}}, True),
        (resource_types.SERVICE, {"spec": {"type": "LoadBalancer"}}, True),
        (resource_types.SERVICE, {"spec": {"type": "ClusterIP"}}, False),
        (
            "kubernetes:core/v1:ServicePatch",
            {"metadata": {"annotations": {keys.SERVICE_DIRECT_ACCESS: "true"}}},
            True,
        ),
        (
            "kubernetes:example.com/v1:Gateway",
            {"metadata": {"annotations": {keys.SERVICE_EXISTING_LB: "lb-12345678"}}},
            True,
        ),
        ("kubernetes:example.com/v1:Gateway", {"metadata": {"annotations": {"a": "b"}}}, False),
        (resource_types.DEPLOYMENT, {}, False),
    ],
)
def test_objects_for_which_tke_creates_a_load_balancer(
    token: str, props: dict[str, Any], front: bool
) -> None:
    step = Step("urn:pulumi:dev::demo::x::it", canonical(token), Op.DELETE, props)
    assert (is_load_balancer_source(step) and may_have_balancer(step, step.old)) is front


@pytest.mark.parametrize(
    ("type_", "props", "expected"),
    [
        (resource_types.NODE_POOL, {"subnetIds": ["a"], "desiredCapacity": 3}, [NodesIn("a", 3)]),
        (
            resource_types.NODE_POOL,
            {"subnetIds": ["a", "b"], "desiredCapacity": 3},
            [NodesIn("a", 2, True), NodesIn("b", 1, True)],
        ),
        (resource_types.NODE_POOL, {"subnetIds": ["a"]}, [NodesIn("a", None)]),
        (
            resource_types.NATIVE_NODE_POOL,
            {"native": {"subnetIds": ["a", "b"], "replicas": 4}},
            [NodesIn("a", 2, True), NodesIn("b", 2, True)],
        ),
        (
            resource_types.NATIVE_NODE_POOL,
            {"native": [{"subnetIds": ["a"], "scaling": {"minReplicas": 1}}]},
            [NodesIn("a", 1)],
        ),
        (
            resource_types.SERVERLESS_NODE_POOL,
            {"serverlessNodes": [{"subnetId": "a"}, {"subnetId": "b"}, {"subnetId": "a"}]},
            [NodesIn("a", 2), NodesIn("b", 1)],
        ),
        (
            resource_types.SCALE_WORKER,
            {"workerConfig": {"subnetId": "a", "count": 2, "availabilityZone": "z"}},
            [NodesIn("a", 2, zone="z")],
        ),
        (
            resource_types.CLUSTER,
            {"workerConfigs": [{"subnetId": "a"}, {"subnetId": "b", "count": 2}]},
            [NodesIn("a", 1), NodesIn("b", 2)],
        ),
        (
            resource_types.AS_SCALING_GROUP,
            {"autoScalingGroup": {"subnetIds": ["a"], "minSize": 2}},
            [NodesIn("a", 2)],
        ),
        (resource_types.NODE_POOL, {"subnetIds": UNKNOWN, "desiredCapacity": 1}, [NodesIn(UNKNOWN, 1)]),
    ],
)
def test_nodes_by_subnet(type_: str, props: dict[str, Any], expected: list[NodesIn]) -> None:
    assert nodes_by_subnet(type_, props) == expected


def test_the_nodes_of_a_pool() -> None:
    assert pool_nodes({"workerConfigs": [{"count": 2}, {}]}) == 3
    assert pool_nodes({"desiredCapacity": UNKNOWN, "minSize": 1}) == 1
    assert pool_nodes({"serverlessNodes": UNKNOWN}) is None
