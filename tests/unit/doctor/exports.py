"""Exports of stacks, and a cloud that has their resources, for tests of `doctor --state`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pulumi_tke_hybrid.cloud.calls import CloudError
from pulumi_tke_hybrid.plan import resource_types as types

ACCOUNT, REGION = "100000000001", "ap-guangzhou"
CLS, POOL, NATIVE, SUPER = "cls-11111111", "np-11111111", "np-22222222", "np-33333333"
NET, NODES, PODS = "vpc-11111111", "subnet-11111111", "subnet-22222222"
PARENT = "tke-hybrid:index:HybridCluster"
GUARD = "pulumi-python:dynamic/tke-hybrid:ClusterGuard"
ROOT = "urn:pulumi:dev::shop::pulumi:pulumi:Stack::shop-dev"
OWNER = f"urn:pulumi:dev::shop::{PARENT}::shop"


def urn(type_: str, name: str, parent: str = PARENT) -> str:
    return f"urn:pulumi:dev::shop::{f'{parent}$' if parent else ''}{type_}::{name}"


def state(type_: str, called: str, id_: str = "", /, *needs: str, **inputs: Any) -> dict[str, Any]:
    """A resource as the engine writes it; `needs` are URNs."""
    return {
        "urn": urn(type_, called),
        "custom": True,
        "type": type_,
        "id": id_,
        "inputs": inputs,
        "outputs": {},
        "parent": OWNER,
        "dependencies": list(needs),
    }


VPC = state(types.VPC, "vpc", NET, name="shop")
NODE_SUBNET = state(types.SUBNET, "nodes", NODES, VPC["urn"], vpcId=NET, name="nodes")
POD_SUBNET = state(types.SUBNET, "pods", PODS, VPC["urn"], vpcId=NET, name="pods")
CLUSTER = state(types.CLUSTER, "shop-cluster", CLS, POD_SUBNET["urn"], vpcId=NET, clusterName="shop")
GUARDED = state(GUARD, "shop-guard", "shop", region=REGION, accountId=ACCOUNT)
SWITCH = state(types.SWITCH, "shop-switch", f"{REGION}/{CLS}", CLUSTER["urn"], clusterId=CLS, region=REGION)
REGULAR = state(
    types.NODE_POOL, "shop-pool", f"{CLS}#{POOL}", CLUSTER["urn"], NODE_SUBNET["urn"], clusterId=CLS, name="a"
)
NATIVE_POOL = state(
    types.NATIVE_NODE_POOL, "shop-native", f"{CLS}#{NATIVE}", CLUSTER["urn"], clusterId=CLS, name="b"
)
SUPER_POOL = state(
    types.SERVERLESS_NODE_POOL, "shop-super", f"{CLS}#{SUPER}", CLUSTER["urn"], clusterId=CLS, name="c"
)
READY = state(types.SWITCH_READY, "shop-ready", f"{REGION}/{CLS}", REGULAR["urn"], clusterId=CLS)
ENDPOINT = state(
    types.ENDPOINT, "shop-endpoint", CLS, REGULAR["urn"], clusterId=CLS, clusterIntranet=True,
    clusterInternet=False,
)  # fmt: skip
PROVIDER = state("pulumi:providers:kubernetes", "shop-kubernetes", "p", ENDPOINT["urn"])
SERVICE = {
    **state(types.SERVICE, "web", "default/web"),
    "parent": ROOT,
    "provider": f"{PROVIDER['urn']}::p",
}
STACK = {"urn": ROOT, "type": "pulumi:pulumi:Stack", "custom": False}
HYBRID = {"urn": OWNER, "type": PARENT, "custom": False, "parent": ROOT}
BASE = [STACK, HYBRID, VPC, NODE_SUBNET, POD_SUBNET, GUARDED, CLUSTER, SWITCH]
"""A destroy that deleted endpoint and pools leaves these."""
POOLS = [*BASE, REGULAR, NATIVE_POOL, SUPER_POOL]
WHOLE = [*POOLS, READY, ENDPOINT, PROVIDER, SERVICE]


def export(resources: list[Any], **pending: dict[str, Any]) -> dict[str, Any]:
    """`pending` maps an operation to its resource."""
    operations = [{"type": operation, "resource": resource} for operation, resource in pending.items()]
    return {"version": 3, "deployment": {"resources": resources, "pending_operations": operations or None}}


@dataclass
class LiveCloud:
    """A cloud in which all of `WHOLE` exists; a test takes ids out, or lets an action fail."""

    clusters: dict[str, str] = field(default_factory=lambda: {CLS: "Running"})
    """Status by id; each is named `shop`."""
    pools: dict[str, tuple[str, str]] = field(
        default_factory=lambda: {POOL: ("a", "normal"), NATIVE: ("b", "Running"), SUPER: ("c", "normal")}
    )
    subnets: dict[str, str] = field(default_factory=lambda: {NODES: "nodes", PODS: "pods"})
    vpcs: dict[str, str] = field(default_factory=lambda: {NET: "shop"})
    endpoint: str = "Created"
    enabled: bool = True
    account: str = ACCOUNT
    fails: dict[str, str] = field(default_factory=dict[str, str])
    """Code by action."""
    asked: list[str] = field(default_factory=list[str])

    def call(self, service: str, action: str, params: Mapping[str, Any]) -> dict[str, Any]:
        self.asked.append(action)
        if action in self.fails:
            raise CloudError(action, self.fails[action], "AKIDz8krbsJ5yKBZQpn74WFkmLPx3gnPhESA is refused")
        answer: Callable[[Mapping[str, Any]], dict[str, Any]] = getattr(self, f"_{action}")
        return answer(params)

    def _GetCallerIdentity(self, _: Mapping[str, Any]) -> dict[str, Any]:
        return {"AccountId": self.account}

    def _DescribeClusters(self, params: Mapping[str, Any]) -> dict[str, Any]:
        found = [
            {"ClusterId": id_, "ClusterName": "shop", "ClusterStatus": status,
             "ClusterNetworkSettings": {"VpcId": NET, "Subnets": [PODS]}}
            for id_, status in self.clusters.items() if id_ in params.get("ClusterIds", [id_])
        ]  # fmt: skip
        return {"Clusters": found, "TotalCount": len(found)}

    def _DescribeNodePools(self, params: Mapping[str, Any]) -> dict[str, Any]:
        pools = [
            {"NodePoolId": id_, "Name": name, "LifeState": status}
            for id_, (name, status) in self.pools.items()
        ]
        return {"NodePools": pools, "TotalCount": len(pools)}

    def _DescribeClusterEndpointStatus(self, params: Mapping[str, Any]) -> dict[str, Any]:
        return {"Status": "NotFound" if params["IsExtranet"] else self.endpoint}

    def _DescribeIPAMD(self, _: Mapping[str, Any]) -> dict[str, Any]:
        return {"EnableIPAMD": self.enabled, "Phase": "running", "SubnetIds": [PODS]}

    def _DescribeSubnets(self, params: Mapping[str, Any]) -> dict[str, Any]:
        wanted = {item["Name"]: item["Values"] for item in params["Filters"]}
        return {
            "SubnetSet": [
                {"SubnetId": id_, "SubnetName": name} for id_, name in self.subnets.items()
                if id_ in wanted.get("subnet-id", [id_]) and name in wanted.get("subnet-name", [name])
            ]
        }  # fmt: skip

    def _DescribeVpcs(self, params: Mapping[str, Any]) -> dict[str, Any]:
        (wanted,) = params["Filters"]
        return {
            "VpcSet": [
                {"VpcId": id_, "VpcName": name} for id_, name in self.vpcs.items()
                if (id_ if wanted["Name"] == "vpc-id" else name) in wanted["Values"]
            ]
        }  # fmt: skip
