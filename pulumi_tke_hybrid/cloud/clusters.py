"""Whether a cluster is there: the one place that decides what "gone" means.

Whether a cluster, as the cloud describes it, can be what the program wants to make of it.

The machines of a cluster, as the cloud lists them.

Add-ons of a cluster, as component management has them (tke 2018-05-25, DescribeAddon). Needs no kubeconfig.

The node pools of a cluster, as the cloud has them: of every kind (tke 2022-05-01, DescribeNodePools).

The older DescribeClusterNodePools has those with a scaling group only, so a native or super pool of the same
name would not be seen.

What the cloud says of the ENI limits of instance types (457/59275).

A lost answer leaves a cluster, or a node pool, that nobody's state knows. The next run must not make a second
one.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pulumi_tke_hybrid.cloud.client import PAGE, Answer, Cloud, all_pages
from pulumi_tke_hybrid.cloud.errors import CloudError, IncompleteResponse
from pulumi_tke_hybrid.cloud.waiting import Wait
from pulumi_tke_hybrid.tke.enis import EniLimit, reported_limit
from pulumi_tke_hybrid.tke.rule import Finding
from pulumi_tke_hybrid.tke.rules.inputs import ADOPTED, NOT_GLOBAL_ROUTER

_GONE = ("ResourceNotFound", "InternalError.ClusterNotFound", "InvalidParameter.ClusterNotFound")


def find_cluster(cloud: Cloud, cluster_id: str) -> Answer | None:
    """The cluster; None only if the cloud says that this account has none of that id in the region. Any other
    error is raised."""
    try:
        answer = cloud.call("tke", "DescribeClusters", {"ClusterIds": [cluster_id]})
    except CloudError as error:
        if error.code.startswith(_GONE):
            return None
        raise
    clusters: list[Answer] = answer.get("Clusters") or []
    return clusters[0] if clusters else None


Props = Mapping[str, Any]


def not_a_global_router(cluster_id: str, cluster: Answer) -> Finding | None:
    """Why VPC-CNI cannot be switched on for a cluster, an item of DescribeClusters; None if it can."""
    described: Answer = json.loads(cluster.get("Property") or "{}")
    network: Answer = cluster.get("ClusterNetworkSettings") or {}
    kind = described.get("NetworkType", "GR")
    if kind != "GR":
        why, todo = (
            "only a GlobalRouter cluster can become hybrid, and the order is fixed for ever",
            "adopt another one, or make one",
        )
        return NOT_GLOBAL_ROUTER.finding(
            "cluster_id", f"was made as {kind}", value=cluster_id, why=why, todo=todo
        )
    if network.get("DataPlaneV2") or "cilium" in json.dumps(described).lower():
        why = "enabling VPC-CNI there is accepted, but pods keep their overlay addresses"
        todo = "use a cluster without Cilium"
        return NOT_GLOBAL_ROUTER.finding(
            "cluster_id", "runs Cilium (data plane v2)", value=cluster_id, why=why, todo=todo
        )
    return None


def of_another_vpc(props: Props, cluster: Answer, unknown: Callable[[object], bool]) -> Finding | None:
    """That the cluster lies in another VPC than the program says; None also where that is not known.
    `unknown`: as in a preview."""
    network: Answer = cluster.get("ClusterNetworkSettings") or {}
    there, said = network.get("VpcId"), props["vpcId"]
    if not there or unknown(said) or there == said:
        return None
    why, todo = "pods get addresses of the cluster's own VPC", f"say {there}"
    return ADOPTED.finding(
        "vpc_id", f"is not the VPC of {props['clusterId']}, which is {there}", value=said, why=why, todo=todo
    )


def instance_addresses(cloud: Cloud, cluster_id: str) -> frozenset[str]:
    """Their addresses in the VPC: by them a node is known to be of this cluster, whatever a kubeconfig is
    called."""

    def page(offset: int) -> Answer:
        return cloud.call(
            "tke", "DescribeClusterInstances", {"ClusterId": cluster_id, "Limit": PAGE, "Offset": offset}
        )

    return frozenset(str(item.get("LanIP") or "") for item in all_pages(page, "InstanceSet"))


_ABSENT = ("ResourceNotFound", "FailedOperation.AddonNotFound")


def addon_version(cloud: Cloud, cluster_id: str, name: str) -> str:
    """Its version, such as `3.11.0`; empty where component management does not have it. Raises
    `CloudError`."""
    try:
        answer = cloud.call("tke", "DescribeAddon", {"ClusterId": cluster_id, "AddonName": name})
    except CloudError as error:
        if error.code.startswith(_ABSENT):
            return ""
        raise
    found: list[Answer] = answer.get("Addons") or []
    return next((str(item.get("AddonVersion") or "") for item in found if item.get("AddonName") == name), "")


_SIZES = {"Regular": "DesiredNodesNum", "Native": "Replicas"}
"""Where a pool of a kind has its size; those of the other kinds have none."""


def node_pools(cloud: Cloud, cluster_id: str) -> list[Answer]:
    """All of them: Regular, Native, Super and External."""

    def page(offset: int) -> Answer:
        return cloud.call(
            "tke", "DescribeNodePools", {"ClusterId": cluster_id, "Limit": PAGE, "Offset": offset}
        )

    return all_pages(page, "NodePools")


def size_of(cloud: Cloud, pool_id: str) -> int | None:
    """How many nodes a pool is to have now; None if it is gone. `pool_id` as the provider writes it:
    `cls-…#np-…`.

    Raises NotTold where the pool is there and the answer has no size of it.
    """
    cluster_id, _, own_id = pool_id.partition("#")
    pool = next((pool for pool in node_pools(cloud, cluster_id) if pool.get("NodePoolId") == own_id), None)
    if pool is None:
        return None
    kind = str(pool.get("Type") or "")
    described: Answer = pool.get(kind) or {}
    size = described.get(_SIZES.get(kind, ""))
    if not isinstance(size, int):
        raise IncompleteResponse(
            "DescribeNodePools",
            "IncompleteResponse",
            f"the answer does not say how many nodes {own_id} ({kind or 'no kind'}) is to have",
        )
    return size


def pod_limits(
    cloud: Cloud, kinds: Iterable[tuple[str | None, str | None]], static_ip: bool
) -> dict[str, EniLimit]:
    """The limit of each type for (zone, type) pairs. A type that the cloud does not know is left out."""
    found: dict[str, EniLimit] = {}
    for zone, kind in dict.fromkeys(kinds):
        if kind is None or kind in found:
            continue
        answer = cloud.call("tke", "DescribeVpcCniPodLimits", {"Zone": zone or "", "InstanceType": kind})
        entries: list[Answer] = answer.get("PodLimitsInstanceSet") or []
        for entry in entries:
            limit = (
                reported_limit(kind, static_ip, entry["PodLimits"])
                if entry.get("InstanceType") == kind
                else None
            )
            if limit is not None:
                found[kind] = limit
    return found


def clusters_named(cloud: Cloud, vpc_id: str, name: str) -> list[Answer]:
    """The clusters of that name in the VPC."""

    def page(offset: int) -> Answer:
        filters = [{"Name": "ClusterName", "Values": [name]}]
        return cloud.call("tke", "DescribeClusters", {"Filters": filters, "Limit": PAGE, "Offset": offset})

    clusters = all_pages(page, "Clusters")
    return [
        item
        for item in clusters
        if item.get("ClusterName") == name and item["ClusterNetworkSettings"]["VpcId"] == vpc_id
    ]


def refuse_orphan(cloud: Cloud, vpc_id: str, name: str) -> None:
    """Raise if the VPC already has a cluster of that name."""
    for cluster in clusters_named(cloud, vpc_id, name):
        if cluster.get("ClusterStatus") != "Deleting":
            found = cluster["ClusterId"]
            raise CloudError(
                "CreateCluster",
                "ClusterExists",
                f"{vpc_id} already has a cluster named {name!r}, {found}, which this stack does not know; an"
                " earlier run whose answer was lost leaves one like it. Import it or delete it, then run"
                f" `pulumi up` again: adopt {found} or delete it",
            )


def refuse_orphan_pool(cloud: Cloud, cluster_id: str, name: str) -> None:
    """Raise if the cluster already has a node pool of that name, of whatever kind."""
    for pool in node_pools(cloud, cluster_id):
        if pool.get("Name") == name and str(pool.get("LifeState")).casefold() != "deleting":
            own_id, kind = pool["NodePoolId"], pool.get("Type")
            found = f"{cluster_id}#{own_id}"
            todo = (
                "an earlier run whose answer was lost leaves one like it, with its machines. Import it or"
                f" delete it, then run `pulumi up` again: adopt {found} or delete it"
                if kind == "Regular"
                else (
                    "no run of this component makes one of that kind. Give this pool another name, or delete"
                    " that one"
                )
            )
            what = (
                f"{cluster_id} already has a node pool named {name!r}, {own_id} ({kind}), that this stack"
                f" does not know; {todo}"
            )
            raise CloudError("CreateClusterNodePool", "NodePoolExists", what)


def wait_until_gone(cloud: Cloud, vpc_id: str, name: str, wait: Wait) -> None:
    """The provider does not wait for a cluster's deletion; its subnets can go only afterwards."""

    def look() -> tuple[bool | None, str]:
        # One of that name that is not being deleted is not ours: somebody's, or one that a lost answer left.
        left = [
            cluster
            for cluster in clusters_named(cloud, vpc_id, name)
            if cluster.get("ClusterStatus") == "Deleting"
        ]
        return (None, f"{left[0]['ClusterId']} is {left[0].get('ClusterStatus')}") if left else (True, "gone")

    wait.until(f"cluster {name}", look, "Run `pulumi destroy` again to go on.")
