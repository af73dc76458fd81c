"""Builders of steps for the tests of the rules on plans."""

from typing import Any

from pulumi_tke_hybrid.plan import resource_types
from pulumi_tke_hybrid.plan.model import Op, Plan, Step
from pulumi_tke_hybrid.plan.rules import coverage, registry

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
    return [finding.rule.id for finding in (*registry.change_findings(plan), *coverage.findings(plan))]


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


FOUR, SIX = "ap-guangzhou-4", "ap-guangzhou-6"


def subnet(name: str, zone: str, op: Op = Op.CREATE, **state: int) -> Step:
    new = {"availabilityZone": zone, "cidrBlock": "10.0.0.0/28"}
    return Step(
        f"urn:pulumi:dev::demo::{resource_types.SUBNET}::{name}",
        resource_types.SUBNET,
        op,
        new=new,
        state=state,
    )


def deleted(id_: str) -> Step:
    old = {"availabilityZone": SIX, "cidrBlock": "10.0.0.0/28"}
    return Step(
        f"urn:pulumi:dev::demo::{resource_types.SUBNET}::pods-6",
        resource_types.SUBNET,
        Op.DELETE,
        old,
        id=id_,
    )
