"""Previews and stacks as the engine writes them, as far as the command reads them."""

from typing import Any

Json = dict[str, Any]

FOUR, SIX = "ap-guangzhou-4", "ap-guangzhou-6"
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


def urn(kind: str, name: str) -> str:
    return f"urn:pulumi:test::unit::{kind}::{name}"


def cluster(name: str = "demo", **inputs: Any) -> Json:
    kind = "tke-hybrid:index:HybridCluster"
    return {
        "urn": urn(kind, name),
        "type": kind,
        "inputs": {
            "staticIp": True,
            "eniSubnets": [
                {"zone": FOUR, "cidrBlock": "10.0.64.0/28"},
                {"zone": SIX, "cidrBlock": "10.0.65.0/24"},
            ],
            "nodePools": {
                "four": {"zone": FOUR, "size": 2, "instanceType": "S5.MEDIUM4"},
                "six": {"zone": SIX, "size": 1, "instanceType": "S5.SMALL2", "minSize": 1, "maxSize": 3},
            },
            **inputs,
        },
    }


def made_cluster(of: str = "demo", pods_per_node: int = 64) -> Json:
    """The cluster's own resource below its component."""
    kind, component = "tencentcloud:Kubernetes/cluster:Cluster", "tke-hybrid:index:HybridCluster"
    inputs = {"clusterMaxPodNum": pods_per_node, "isNonStaticIpMode": False}
    return {
        "urn": urn(f"{component}${kind}", f"{of}-cluster"),
        "type": kind,
        "parent": urn(component, of),
        "inputs": inputs,
    }


def subnet(zone: str, block: str, free: int | None) -> Json:
    kind = "tencentcloud:Subnet/instance:Instance"
    outputs = {} if free is None else {"id": f"subnet-{zone[-1] * 8}", "availableIpCount": free}
    return {
        "urn": urn(kind, f"{zone}-subnet"),
        "type": kind,
        "inputs": {"availabilityZone": zone, "cidrBlock": block},
        "outputs": outputs,
    }


def workload(
    name: str, replicas: int, *, surge: int = 1, eni: bool = True, provider: str = "demo-kubernetes"
) -> Json:
    kind = "kubernetes:apps/v1:Deployment"
    annotations = {"tke.cloud.tencent.com/networks": "tke-route-eni"} if eni else {}
    return {
        "urn": urn(kind, name),
        "type": kind,
        "provider": f"{urn('pulumi:providers:kubernetes', provider)}::12345678",
        "inputs": {
            "spec": {
                "replicas": replicas,
                "strategy": {"rollingUpdate": {"maxSurge": surge, "maxUnavailable": 0}},
                "template": {"metadata": {"annotations": annotations}},
            }
        },
    }


def provider(of: str) -> Json:
    kind = "pulumi:providers:kubernetes"
    return {
        "urn": urn(kind, f"{of}-kubernetes"),
        "type": kind,
        "parent": urn("tke-hybrid:index:HybridCluster", of),
    }


def stack(*resources: Json) -> Json:
    return {"version": 3, "deployment": {"resources": list(resources)}}


def preview(before: list[Json], after: list[Json]) -> Json:
    old, new = ({item["urn"]: item for item in items} for items in (before, after))
    steps: list[Json] = []
    for name in dict.fromkeys([*old, *new]):
        op = (
            "create"
            if name not in old
            else "delete"
            if name not in new
            else "same"
            if old[name] == new[name]
            else "update"
        )
        steps.append({"op": op, "urn": name, **({"oldState": old[name]} if name in old else {})})
        if name in new:
            steps[-1]["newState"] = new[name]
    return {"config": {}, "steps": steps}
