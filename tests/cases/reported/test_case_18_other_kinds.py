"""Kinds are judged by their shape, not by one exact token."""

import copy
from dataclasses import replace
from typing import Any

import pytest

from pulumi_tke_hybrid.plan import resource_types
from pulumi_tke_hybrid.plan.model import Op, Plan, Step
from pulumi_tke_hybrid.plan.resource_types import canonical
from pulumi_tke_hybrid.plan.rules import registry
from pulumi_tke_hybrid.tke import keys
from tests.bridged_tokens import bridged
from tests.cases.reported.reviewed import load, messages, reviewed

POD = {
    "metadata": {"annotations": {keys.NETWORKS: keys.ROUTE_ENI, keys.CLAIM_DELETE_POLICY: keys.KEEP_ADDRESS}},
    "spec": {"containers": [{"name": "c"}]},
}
PLAIN: dict[str, Any] = {"metadata": {}, "spec": {"containers": [{"name": "c"}]}}
TEMPLATED = [
    "kubernetes:apps/v1:DaemonSet",
    "kubernetes:apps/v1:ReplicaSet",
    "kubernetes:apps/v1beta2:Deployment",
    "kubernetes:extensions/v1beta1:DaemonSet",
    "kubernetes:core/v1:ReplicationController",
    "kubernetes:batch/v1:Job",
    "kubernetes:apps.kruise.io/v1alpha1:CloneSet",
    "kubernetes:apps.kruise.io/v1beta1:StatefulSet",
    "kubernetes:apps.kruise.io/v1alpha1:DaemonSet",
    "kubernetes:tkex.tencent.com/v1alpha1:GameDeployment",
    "kubernetes:argoproj.io/v1alpha1:Rollout",
    "kubernetes:apps/v1:DeploymentPatch",
]


def _step(type_: str, op: Op, old: dict[str, Any], new: dict[str, Any], **more: Any) -> Step:
    return Step(f"urn:pulumi:dev::demo::{type_}::it", type_, op, old, new, **more)


def _found(*steps: Step) -> dict[str, str]:
    return {finding.rule.id: finding.severity.value for finding in registry.plan_findings(Plan(steps))}


def _holder(type_: str, pod: dict[str, Any]) -> dict[str, Any]:
    if type_.endswith(":Pod"):
        return copy.deepcopy(pod)
    return {
        "metadata": {"name": "web"},
        "spec": {"template": pod} if "CronJob" not in type_ else {"jobTemplate": {"spec": {"template": pod}}},
    }


def test_a_daemon_set_leaves_eni() -> None:
    preview = load("daemonset-leaves-eni")
    assert reviewed(preview)[0] == 2
    assert len(messages(preview, "pods-leave-eni")) == 1


def test_an_ingress_of_an_older_version_loses_direct_access() -> None:
    preview = load("ingress-v1beta1-direct-off")
    assert reviewed(preview)[0] == 2
    assert len(messages(preview, "direct-access-off")) == 1


def test_ipamds_add_on_gets_another_version() -> None:
    (line,) = messages(load("addon-eniipamd"), "ipamd-restart", severity="warning")
    assert line.startswith("ipamd: 3.5.0 → 3.6.1 a change of ipamd's add-on restarts it")


@pytest.mark.parametrize(
    "type_",
    [*TEMPLATED, "kubernetes:batch/v1:CronJob", "kubernetes:batch/v1beta1:CronJob", "kubernetes:core/v1:Pod"],
)
def test_pods_of_any_kind_that_leave_eni(type_: str) -> None:
    before, after = _holder(type_, POD), _holder(type_, PLAIN)
    assert _found(_step(type_, Op.UPDATE, before, after)) == {
        "pods-leave-eni": "error",
        "kept-address-off": "warning",
    }
    assert _found(_step(type_, Op.UPDATE, before, before)) == {}


@pytest.mark.parametrize("type_", TEMPLATED[:-1])
def test_the_loss_of_a_holder_of_any_kind(type_: str) -> None:
    of_jobs = type_.endswith(":Job")
    severity = "warning" if of_jobs else "error"
    rule = "statefulset-replaced" if type_.endswith(":StatefulSet") else "deployment-replaced"
    assert _found(_step(type_, Op.DELETE, _holder(type_, POD), {})) == {"workload-deleted": severity}
    assert _found(_step(type_, Op.DELETE, _holder(type_, PLAIN), {})) == {"workload-deleted": "warning"}
    assert _found(
        _step(type_, Op.REPLACE, _holder(type_, POD), _holder(type_, POD), replace_keys=("spec.selector",))
    ) == {rule: severity}


def test_a_network_by_resource_that_goes() -> None:
    pod = {"spec": {"containers": [{"resources": {"limits": {keys.ENI_IP: "1"}}}]}}
    assert _found(_step(resource_types.DAEMON_SET, Op.UPDATE, _holder("", pod), _holder("", PLAIN))) == {
        "pods-leave-eni": "error"
    }


def test_a_patch_that_is_deleted_takes_its_fields_back() -> None:
    patch = {"metadata": {"name": "front", "annotations": {keys.SERVICE_DIRECT_ACCESS: "true"}}}
    assert _found(_step("kubernetes:core/v1:ServicePatch", Op.DELETE, patch, {})) == {
        "direct-access-off": "error"
    }
    pods = _holder("", POD)
    assert "pods-leave-eni" in _found(_step("kubernetes:apps/v1:DeploymentPatch", Op.DELETE, pods, {}))
    assert "workload-deleted" not in _found(_step("kubernetes:apps/v1:DeploymentPatch", Op.DELETE, pods, {}))


def test_a_patch_that_is_retained_and_moves_to_another_object_leaves_its_fields() -> None:
    type_ = "kubernetes:apps/v1:DeploymentPatch"
    moved = _step(type_, Op.REPLACE, _holder("", PLAIN), _holder("", PLAIN), replace_keys=("metadata.name",))
    assert _found(moved) == {"not-judged": "warning"}
    assert _found(replace(moved, left=True)) == {}


FRONTS = [
    ("kubernetes:networking.k8s.io/v1beta1:Ingress", keys.INGRESS_DIRECT_ACCESS),
    ("kubernetes:extensions/v1beta1:Ingress", keys.INGRESS_DIRECT_ACCESS),
    ("kubernetes:networking.k8s.io/v1:Ingress", keys.INGRESS_DIRECT_ACCESS),
    ("kubernetes:example.com/v1:Gateway", keys.SERVICE_DIRECT_ACCESS),
]


@pytest.mark.parametrize(
    ("type_", "key"), [*FRONTS, ("kubernetes:networking.k8s.io/v1:IngressPatch", keys.INGRESS_DIRECT_ACCESS)]
)
def test_direct_access_of_any_kind_is_switched_off(type_: str, key: str) -> None:
    before, off = ({"metadata": {"annotations": {key: value}}} for value in ("true", "false"))
    gone: dict[str, Any] = {"metadata": {}}
    for after in (off, gone):
        assert _found(_step(type_, Op.UPDATE, before, after)) == {"direct-access-off": "error"}


@pytest.mark.parametrize(("type_", "key"), FRONTS)
def test_the_loss_of_a_front_of_any_kind(type_: str, key: str) -> None:
    before = {"metadata": {"annotations": {key: "true"}}}
    assert _found(_step(type_, Op.DELETE, before, {})) == {"balancer-replaced": "error"}


ADDONS = [
    (resource_types.ADDON, "addonName"),
    (resource_types.ADDON_ATTACHMENT, "name"),
    (bridged(resource_types.ADDON_ATTACHMENT), "name"),
]


@pytest.mark.parametrize(("type_", "key"), ADDONS)
def test_ipamds_add_on_by_any_resource(type_: str, key: str) -> None:
    old, new = {key: "eniipamd", "version": "3.5.0"}, {key: "eniipamd", "version": "3.6.1", "values": ["a=b"]}
    type_ = canonical(type_)
    assert _found(_step(type_, Op.UPDATE, old, new)) == {"ipamd-restart": "warning"}
    assert _found(_step(type_, Op.DELETE, old, {})) == {"ipamd-removed": "error"}
    assert _found(_step(type_, Op.REPLACE, old, new, replace_keys=("clusterId",))) == {
        "ipamd-removed": "error"
    }
    assert _found(_step(type_, Op.DELETE, {key: "cbs"}, {})) == {"not-judged": "warning"}


@pytest.mark.parametrize(
    "type_",
    [
        resource_types.SCALE_WORKER,
        resource_types.SERVERLESS_NODE_POOL,
        resource_types.CLUSTER_ATTACHMENT,
        resource_types.AS_SCALING_GROUP,
    ],
)
def test_nodes_of_any_kind_that_go(type_: str) -> None:
    assert _found(_step(type_, Op.DELETE, {"clusterId": "cls-12345678"}, {})) == {
        "node-pool-rebuilt": "error"
    }
    assert _found(
        _step(type_, Op.REPLACE, {"clusterId": "a"}, {"clusterId": "b"}, replace_keys=("clusterId",))
    ) == {"node-pool-rebuilt": "error"}


def _rule(policy: str) -> dict[str, Any]:
    return {
        "securityGroupId": "sg-1",
        "type": "ingress",
        "cidrIp": "10.0.0.0/8",
        "ipProtocol": "tcp",
        "portRange": "80",
        "policy": policy,
    }


def test_a_single_rule_of_a_security_group() -> None:
    assert _found(_step(resource_types.GROUP_RULE, Op.DELETE, _rule("accept"), {})) == {
        "security-group-narrowed": "warning"
    }
    assert _found(_step(resource_types.GROUP_RULE, Op.CREATE, {}, _rule("drop"))) == {
        "security-group-narrowed": "warning"
    }
    assert _found(_step(resource_types.GROUP_RULE, Op.CREATE, {}, _rule("accept"))) == {
        "exposure-widened": "warning"
    }
