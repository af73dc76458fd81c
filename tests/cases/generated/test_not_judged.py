"""Generated from the installed packages: no type that holds pods, subnets, clusters, load balancers or
security groups is lost in silence.

Which types these are comes from the packages' own classes: of `tencentcloud_iac_pulumi` every resource with a
property that names a
network, a subnet, a cluster, a load balancer, a network interface, a node pool or a security group; of
`pulumi_kubernetes` every kind with
a pod template, a pod's specification or a load balancer, and every kind that holds objects of all kinds.
"""

import re
from functools import cache
from pathlib import Path
from typing import Any

import pulumi_kubernetes
import pytest
import tencentcloud_iac_pulumi

from pulumi_tke_hybrid.plan import resource_types
from pulumi_tke_hybrid.plan.kubernetes_objects import is_built_in
from pulumi_tke_hybrid.plan.model import Op, Plan, Step
from pulumi_tke_hybrid.plan.resource_types import canonical, kubernetes_kind
from pulumi_tke_hybrid.plan.rules import registry
from tests.bridged_tokens import bridged

_TENCENT = Path(tencentcloud_iac_pulumi.__file__).parent
_KUBERNETES = Path(pulumi_kubernetes.__file__).parent
_TOKEN = re.compile(r"['\"]((?:tencentcloud|kubernetes):[^'\"\s]+)['\"],\s+resource_name")
_PROPERTY = re.compile(r'__props__\.__dict__\["(\w+)"\]')
_NETWORK = re.compile(
    r"subnet|vpc|(?<!hsm_)(?<!hpc_)(?<!dedicated_)cluster_id|security_?group|load_?balancer|(^|_)clb_"
    r"|(^|_)eni_|network_interface|(^|_)vip|node_pool"
)


@cache
def _resources(root: Path) -> dict[str, frozenset[str]]:
    """The properties of every resource of a package, by token; each has a file of its own."""
    found: dict[str, frozenset[str]] = {}
    for path in root.rglob("*.py"):
        if path.name not in ("_inputs.py", "outputs.py") and not path.name.startswith("get_"):
            text = path.read_text(encoding="utf-8")
            properties = frozenset(_PROPERTY.findall(text))
            found |= dict.fromkeys(
                (token for token in _TOKEN.findall(text) if "{" not in token and _is_resource(token)),
                properties,
            )
    return found


def _is_resource(token: str) -> bool:
    return token.rpartition(":")[2][:1].isupper()


@pytest.fixture
def tencent() -> dict[str, frozenset[str]]:
    return _resources(_TENCENT)


def _with_pods() -> dict[str, dict[str, Any]]:
    """Kinds whose specification has a pod template, by the annotations of the package's own classes; with
    inputs for each."""
    pod = {"metadata": {}, "spec": {"containers": [{"name": "c"}]}}
    found: dict[str, dict[str, Any]] = {}
    for token, properties in _resources(_KUBERNETES).items():
        kind = kubernetes_kind(token)[2]
        base = kind.removesuffix("Patch").removesuffix("List")
        if "spec" not in properties and "items" not in properties and "template" not in properties:
            continue
        if base == "Pod":
            held: dict[str, Any] = pod
        elif (base, "job_template") in _templated():
            held = {"spec": {"jobTemplate": {"spec": {"template": pod}}}}
        elif (base, "template") in _templated():
            held = {"spec": {"template": pod}}
        else:
            continue
        found[token] = (
            {"items": [held]}
            if kind.removesuffix("Patch").endswith("List")
            else {"metadata": {"name": "it"}, **held}
        )
    return found


_SPECIFICATION = re.compile(r"^class (\w+)SpecArgs:$(.*?)(?=^class |\Z)", re.MULTILINE | re.DOTALL)


@cache
def _templated() -> frozenset[tuple[str, str]]:
    """(kind, field) of every specification, in any version, that has a field with a template of pods or
    jobs."""
    texts = [
        path.read_text(encoding="utf-8")
        for path in _KUBERNETES.rglob("_inputs.py")
        if path.parent.parent.name in _GROUPS
    ]
    bodies = [found for text in texts for found in _SPECIFICATION.findall(text)]
    return frozenset(
        (kind, field)
        for kind, body in bodies
        for field in ("template", "job_template")
        if f"    def {field}(self)" in body
    )


_GROUPS = ("apps", "batch", "core", "extensions")


def _lost(token: str, props: dict[str, Any], op: Op) -> Step:
    new = props if op is Op.REPLACE else {}
    return Step(
        f"urn:pulumi:dev::demo::{token}::it",
        canonical(token, props),
        op,
        props,
        new,
        replace_keys=("x",) if new else (),
    )


def _silent(cases: dict[str, dict[str, Any]]) -> list[str]:
    steps = [_lost(token, props, op) for token, props in cases.items() for op in (Op.DELETE, Op.REPLACE)]
    return [f"{step.op.value} {step.urn}" for step in steps if not list(registry.plan_findings(Plan([step])))]


def test_no_loss_of_a_resource_of_either_package_of_tencent_cloud_is_silent(
    tencent: dict[str, frozenset[str]],
) -> None:
    holding = [token for token, properties in tencent.items() if any(map(_NETWORK.search, properties))]
    assert len(holding) > 200
    assert _silent({each: {} for token in holding for each in (token, bridged(token))}) == []


_NETWORK_PRODUCTS = (
    "Address", "Antiddos", "As", "Ccn", "Cfw", "Classic", "Clb", "Cvm", "Dc", "Dcx", "Dnat", "Eip", "Eks",
    "Elastic", "Eni", "Gaap", "Gwlb", "Ha", "Instance", "Ipv6", "Kubernetes", "Nat", "PrivateDns", "Protocol",
    "Reserve", "Route", "Security", "Sg", "Ssl", "Subnet", "Vpc", "Vpn",
)  # fmt: skip
"""Products of networks, load balancers, clusters and instances, which the package does not list."""


def test_every_product_is_in_one_list(tencent: dict[str, frozenset[str]]) -> None:
    lists = [_NETWORK_PRODUCTS, resource_types.PRODUCTS_IN_NETWORKS, resource_types.OTHER_PRODUCTS]
    assert sorted(product for products in lists for product in products) == sorted(
        {token.split(":")[1].split("/")[0] for token in tencent}
    )


def test_no_loss_of_a_kind_of_kubernetes_with_pods_is_silent() -> None:
    cases = _with_pods()
    kinds = {kubernetes_kind(token)[2] for token in cases}
    assert kinds >= {
        "Deployment",
        "StatefulSet",
        "DaemonSet",
        "ReplicaSet",
        "Job",
        "CronJob",
        "Pod",
        "ReplicationController",
        "PodList",
    }
    patches = {token for token in cases if token.endswith("Patch")}
    assert _silent({token: props for token, props in cases.items() if token not in patches}) == []


def test_the_loss_of_an_object_with_load_balancers_or_other_objects_has_a_finding() -> None:
    balanced = {
        token
        for token in _resources(_KUBERNETES)
        if kubernetes_kind(token)[2] in ("Service", "Ingress", "ServiceList", "IngressList")
    }
    holders = {token for token in _resources(_KUBERNETES) if not is_built_in(token)}
    others = {
        "kubernetes:core/v1:Namespace",
        "kubernetes:core/v1:Node",
        "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition",
    }
    assert len(balanced) >= 6
    assert holders >= {"kubernetes:helm.sh/v3:Release"}
    props: dict[str, Any] = {"spec": {"type": "LoadBalancer"}}
    assert _silent(dict.fromkeys(balanced | holders | others, props)) == []


def test_the_groups_of_kubernetes_are_those_of_the_package() -> None:
    groups = {kubernetes_kind(token)[0] for token in _resources(_KUBERNETES)} - {""}
    assert {group for group in groups if not is_built_in(f"kubernetes:{group}/v1:X")} <= {
        "helm.sh",
        "yaml",
        "kustomize",
    }
