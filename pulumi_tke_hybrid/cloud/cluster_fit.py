"""Whether a cluster, as the cloud describes it, can be what the program wants to make of it."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from pulumi_tke_hybrid.cloud.client import Answer
from pulumi_tke_hybrid.tke.rule import Finding
from pulumi_tke_hybrid.tke.rules.inputs import ADOPTED, NOT_GLOBAL_ROUTER

Props = Mapping[str, Any]


def not_a_global_router(cluster_id: str, cluster: Answer) -> Finding | None:
    """Why VPC-CNI cannot be switched on for a cluster, an item of DescribeClusters; None if it can."""
    described: Answer = json.loads(cluster.get("Property") or "{}")
    network: Answer = cluster.get("ClusterNetworkSettings") or {}
    kind = described.get("NetworkType", "GR")
    if kind != "GR":
        why, todo = "only a GlobalRouter cluster can become hybrid, and the order is fixed for ever", "adopt another one, or make one"
        return NOT_GLOBAL_ROUTER.finding("cluster_id", f"was made as {kind}", value=cluster_id, why=why, todo=todo)
    if network.get("DataPlaneV2") or "cilium" in json.dumps(described).lower():
        why = "enabling VPC-CNI there is accepted, but pods keep their overlay addresses"
        todo = "use a cluster without Cilium"
        return NOT_GLOBAL_ROUTER.finding("cluster_id", "runs Cilium (data plane v2)", value=cluster_id, why=why, todo=todo)
    return None


def of_another_vpc(props: Props, cluster: Answer, unknown: Callable[[object], bool]) -> Finding | None:
    """That the cluster lies in another VPC than the program says; None also where that is not known. `unknown`: as in a preview."""
    network: Answer = cluster.get("ClusterNetworkSettings") or {}
    there, said = network.get("VpcId"), props["vpcId"]
    if not there or unknown(said) or there == said:
        return None
    why, todo = "pods get addresses of the cluster's own VPC", f"say {there}"
    return ADOPTED.finding("vpc_id", f"is not the VPC of {props['clusterId']}, which is {there}", value=said, why=why, todo=todo)
