"""One name for each kind of resource, for each package and API version."""

import re
from pathlib import Path

import pytest
import tencentcloud_iac_pulumi

from pulumi_tke_hybrid.plan import resource_types
from pulumi_tke_hybrid.plan.model import is_patch
from pulumi_tke_hybrid.plan.resource_types import canonical, kubernetes_kind
from tests.bridged_tokens import bridged

_INIT = re.compile(r"'(tencentcloud:\w+/\w+:[A-Z]\w*)',\s+resource_name")


@pytest.fixture(scope="module")
def sdk_types() -> list[str]:
    """Every resource type of the installed package."""
    root = Path(tencentcloud_iac_pulumi.__file__).parent
    return sorted(
        {found for path in root.rglob("*.py") for found in _INIT.findall(path.read_text(encoding="utf-8"))}
    )


def test_every_resource_of_the_vendors_package_is_found_under_its_bridged_name(sdk_types: list[str]) -> None:
    assert len(sdk_types) > 1000
    assert [token for token in sdk_types if canonical(bridged(token)) != token] == []


def test_the_tokens_that_the_rules_know_are_in_the_vendors_package(sdk_types: list[str]) -> None:
    known = {
        value
        for value in vars(resource_types).values()
        if isinstance(value, str) and value.startswith("tencentcloud:")
    }
    assert known - set(sdk_types) == set()


@pytest.mark.parametrize(
    ("token", "kind"),
    [
        ("tencentcloud:index/kubernetesCluster:KubernetesCluster", resource_types.CLUSTER),
        (
            "tencentcloud:index/kubernetesNativeNodePool:KubernetesNativeNodePool",
            resource_types.NATIVE_NODE_POOL,
        ),
        ("tencentcloud:index/vpc:Vpc", resource_types.VPC),
        ("tencentcloud:index/subnet:Subnet", resource_types.SUBNET),
        ("tencentcloud:index/clbInstance:ClbInstance", resource_types.LOAD_BALANCER),
        ("tencentcloud:index/securityGroupLiteRule:SecurityGroupLiteRule", resource_types.LITE_RULES),
        ("tencentcloud:index/securityGroup:SecurityGroup", resource_types.SECURITY_GROUP),
        ("kubernetes:networking.k8s.io/v1beta1:Ingress", resource_types.INGRESS),
        ("kubernetes:extensions/v1beta1:Ingress", resource_types.INGRESS),
        ("kubernetes:extensions/v1beta1:IngressPatch", f"{resource_types.INGRESS}Patch"),
        ("kubernetes:apps/v1beta2:StatefulSet", resource_types.STATEFUL_SET),
        ("kubernetes:apps.kruise.io/v1beta1:StatefulSet", "kubernetes:apps.kruise.io/v1beta1:StatefulSet"),
        ("pulumi:providers:tencentcloud", "pulumi:providers:tencentcloud"),
        ("aws:ec2/vpc:Vpc", "aws:ec2/vpc:Vpc"),
    ],
)
def test_aliases(token: str, kind: str) -> None:
    assert canonical(token) == kind


def test_a_custom_resource_is_named_by_its_inputs() -> None:
    token = "kubernetes:apiextensions.k8s.io:CustomResource"
    assert (
        canonical(token, {"apiVersion": "apps.kruise.io/v1alpha1", "kind": "CloneSet"})
        == "kubernetes:apps.kruise.io/v1alpha1:CloneSet"
    )
    assert canonical(token, {"apiVersion": "v1", "kind": "Service"}) == resource_types.SERVICE
    assert canonical(token, {}) == token


def test_parts_of_a_token_of_kubernetes() -> None:
    assert kubernetes_kind("kubernetes:core/v1:Pod") == ("core", "v1", "Pod")
    assert kubernetes_kind("tencentcloud:Vpc/instance:Instance") == ("", "", "")
    assert is_patch("kubernetes:core/v1:ServicePatch")
    assert not is_patch("tencentcloud:Vpc/instance:Patch")
