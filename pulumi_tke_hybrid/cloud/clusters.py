"""Reads of clusters and of their parts: node pools, instances, add-ons, ENI limits and subnets.

This module also refuses a cluster or a node pool that no state knows: a lost response may have left it, and
the next run must not make a second cluster or pool. It changes nothing.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

from pulumi_tke_hybrid.cloud.api_client import PAGE, Answer, Cloud, Params, all_pages
from pulumi_tke_hybrid.cloud.calls import RECOVERY, CloudError, IncompleteResponse, Wait
from pulumi_tke_hybrid.tke.enis import EniLimit, reported_limit
from pulumi_tke_hybrid.tke.objects import Props, unknown
from pulumi_tke_hybrid.tke.rule import ADOPTED, NOT_GLOBAL_ROUTER, Finding

_GONE = ("ResourceNotFound", "InternalError.ClusterNotFound", "InvalidParameter.ClusterNotFound")
_ADDON_ABSENT = ("ResourceNotFound", "FailedOperation.AddonNotFound")
_DELETING = "Deleting"
_SIZE_FIELDS = {"Regular": "DesiredNodesNum", "Native": "Replicas"}
"""The size of a node pool by its type; pools of other types have no size."""
_VALUES_OF_A_FILTER = 5
"""How many values a filter of DescribeSubnets takes. Its page names no number; other actions of the
service take 5 or 100."""
_STILL_HELD = (
    "Addresses kept by `vpc-ip-claim-delete-policy: Never` may stay until their reclaim time. Run `pulumi"
    " destroy` again to go on."
)


def find_cluster(cloud: Cloud, cluster_id: str) -> Answer | None:
    """Return the cluster; None only if the cloud reports that the account has no cluster of that id in the
    region.

    Raise `CloudError` for any other error.
    """
    try:
        answer = cloud.call("tke", "DescribeClusters", {"ClusterIds": [cluster_id]})
    except CloudError as error:
        if error.code.startswith(_GONE):
            return None
        raise
    clusters: list[Answer] = answer.get("Clusters") or []
    return clusters[0] if clusters else None


def not_a_global_router(cluster_id: str, cluster: Answer) -> Finding | None:
    """Return a finding if VPC-CNI cannot be enabled for the cluster, an item of DescribeClusters."""
    described: Answer = json.loads(cluster.get("Property") or "{}")
    network: Answer = cluster.get("ClusterNetworkSettings") or {}
    kind = described.get("NetworkType", "GR")
    if kind != "GR":
        what, todo = f"was made as {kind}", "adopt another one, or make one"
        why = "only a GlobalRouter cluster can become hybrid, and the order is fixed for ever"
    elif network.get("DataPlaneV2") or "cilium" in json.dumps(described).lower():
        what, todo = "runs Cilium (data plane v2)", "use a cluster without Cilium"
        why = "enabling VPC-CNI there is accepted, but pods keep their overlay addresses"
    else:
        return None
    return NOT_GLOBAL_ROUTER.finding("cluster_id", what, value=cluster_id, why=why, todo=todo)


def of_another_vpc(props: Props, cluster: Answer) -> Finding | None:
    """Return a finding if the cluster lies in another VPC than the program states; None also while that
    VPC is unknown."""
    network: Answer = cluster.get("ClusterNetworkSettings") or {}
    live, stated = network.get("VpcId"), props["vpcId"]
    if not live or unknown(stated) or live == stated:
        return None
    return ADOPTED.finding(
        "vpc_id",
        f"is not the VPC of {props['clusterId']}, which is {live}",
        value=stated,
        why="pods get addresses of the cluster's own VPC",
        todo=f"write {live}",
    )


def clusters_named(cloud: Cloud, vpc_id: str, name: str) -> list[Answer]:
    """Return the clusters of that name in the VPC."""
    filters = [{"Name": "ClusterName", "Values": [name]}]
    found = all_pages(
        lambda page: cloud.call("tke", "DescribeClusters", {"Filters": filters, **page}), "Clusters"
    )
    named = [item for item in found if item.get("ClusterName") == name]
    return [item for item in named if item["ClusterNetworkSettings"]["VpcId"] == vpc_id]


def refuse_orphan(cloud: Cloud, vpc_id: str, name: str) -> None:
    """Raise `CloudError` if the VPC already has a cluster of that name."""
    for cluster in clusters_named(cloud, vpc_id, name):
        if cluster.get("ClusterStatus") != _DELETING:
            found = cluster["ClusterId"]
            raise CloudError(
                "CreateCluster",
                "ClusterExists",
                f"{vpc_id} already has a cluster named {name!r}, {found}, which this stack does not know; an"
                f" earlier run whose answer was lost leaves one like it. After a killed run, {RECOVERY}. Else"
                f" import it or delete it, then run `pulumi up` again: adopt {found} or delete it",
            )


def wait_until_gone(cloud: Cloud, vpc_id: str, name: str, wait: Wait) -> None:
    """Wait until no cluster of that name is being deleted: the provider does not wait, and subnets can be
    deleted only afterwards."""

    def look() -> tuple[bool | None, str]:
        # A cluster of that name in another state was made elsewhere, or left by a lost response.
        named = clusters_named(cloud, vpc_id, name)
        left = [found for found in named if found.get("ClusterStatus") == _DELETING]
        return (None, f"{left[0]['ClusterId']} is {_DELETING}") if left else (True, "gone")

    advice = f"Run `pulumi destroy` again to go on. If that run ends with an error, {RECOVERY}."
    wait.until(f"cluster {name}", look, advice)


def instance_addresses(cloud: Cloud, cluster_id: str) -> frozenset[str]:
    """Return the VPC addresses of the cluster's instances; they identify nodes whatever a kubeconfig is
    called."""
    which = {"ClusterId": cluster_id}
    found = all_pages(
        lambda page: cloud.call("tke", "DescribeClusterInstances", {**which, **page}), "InstanceSet"
    )
    return frozenset(str(item.get("LanIP") or "") for item in found)


def addon_version(cloud: Cloud, cluster_id: str, name: str) -> str:
    """Return the version of an add-on, such as `3.11.0`; empty if component management does not have the
    add-on.

    DescribeAddon (tke 2018-05-25) needs no kubeconfig. Raise `CloudError` for any other error.
    """
    try:
        answer = cloud.call("tke", "DescribeAddon", {"ClusterId": cluster_id, "AddonName": name})
    except CloudError as error:
        if error.code.startswith(_ADDON_ABSENT):
            return ""
        raise
    found: list[Answer] = answer.get("Addons") or []
    return next((str(item.get("AddonVersion") or "") for item in found if item.get("AddonName") == name), "")


def node_pools(cloud: Cloud, cluster_id: str, pool_id: str = "") -> list[Answer]:
    """Return the node pools of the cluster, of all types; with `pool_id` that pool only.

    DescribeNodePools (tke 2022-05-01) knows Regular, Native, Super and External pools. The older
    DescribeClusterNodePools knows only pools with a scaling group.
    """
    wanted: dict[str, object] = {"ClusterId": cluster_id}
    if pool_id:
        wanted["Filters"] = [{"Name": "NodePoolsId", "Values": [pool_id]}]
    return all_pages(lambda page: cloud.call("tke", "DescribeNodePools", {**wanted, **page}), "NodePools")


def size_of(cloud: Cloud, pool_id: str) -> int | None:
    """Return the desired number of nodes of a pool; None if the pool is gone. `pool_id` is the provider's id,
    `cls-…#np-…`.

    Raise `IncompleteResponse` if the pool exists and the response has no size.
    """
    cluster_id, _, own_id = pool_id.partition("#")
    found = node_pools(cloud, cluster_id, own_id)
    pool = next((pool for pool in found if pool.get("NodePoolId") == own_id), None)
    if pool is None:
        return None
    kind = str(pool.get("Type") or "")
    described: Answer = pool.get(kind) or {}
    size = described.get(_SIZE_FIELDS.get(kind, ""))
    if not isinstance(size, int):
        what = f"the answer has no size of node pool {own_id} ({kind or 'no kind'})"
        raise IncompleteResponse("DescribeNodePools", "IncompleteResponse", what)
    return size


def refuse_orphan_pool(cloud: Cloud, cluster_id: str, name: str) -> None:
    """Raise `CloudError` if the cluster already has a node pool of that name, of any type."""
    for pool in node_pools(cloud, cluster_id):
        if pool.get("Name") == name and str(pool.get("LifeState")).casefold() != "deleting":
            own_id, kind = pool["NodePoolId"], pool.get("Type")
            what = (
                f"{cluster_id} already has a node pool named {name!r}, {own_id} ({kind}), that this stack"
                " does not know. An earlier run whose answer was lost leaves such a pool, with its instances."
                f" After a killed run, {RECOVERY}. Else import it, delete it, or give this pool another name,"
                f" then run `pulumi up` again: adopt {cluster_id}#{own_id} or delete it"
            )
            raise CloudError("CreateClusterNodePool", "NodePoolExists", what)


def pod_limits(
    cloud: Cloud, kinds: Iterable[tuple[str | None, str | None]], static_ip: bool
) -> dict[str, EniLimit]:
    """Return the ENI limit of each instance type of the (zone, type) pairs (457/59275). A type that the
    cloud does not know is left out."""
    found: dict[str, EniLimit] = {}
    for zone, kind in dict.fromkeys(kinds):
        if kind is None or kind in found:
            continue
        answer = cloud.call("tke", "DescribeVpcCniPodLimits", {"Zone": zone or "", "InstanceType": kind})
        entries: list[Answer] = answer.get("PodLimitsInstanceSet") or []
        matching = [entry["PodLimits"] for entry in entries if entry.get("InstanceType") == kind]
        for limit in (reported_limit(kind, static_ip, limits) for limits in matching):
            if limit is not None:
                found[kind] = limit
    return found


def _filtered(filters: Mapping[str, Sequence[str]]) -> Params:
    """Return the parameters for the first page of a list of the VPC service. Only this service of the API
    takes its numbers as text."""
    listed = [{"Name": name, "Values": list(values)} for name, values in filters.items()]
    return {"Filters": listed, "Limit": str(PAGE)}


def subnets_of(cloud: Cloud, ids: Sequence[str]) -> Iterator[Answer]:
    """Yield the subnets of these ids; an id without a subnet is left out.

    The action's `SubnetIds` would take a hundred ids, but may be refused for a single missing subnet; a
    filter is not.
    """
    for first in range(0, len(ids), _VALUES_OF_A_FILTER):
        some = _filtered({"subnet-id": ids[first : first + _VALUES_OF_A_FILTER]})
        yield from cloud.call("vpc", "DescribeSubnets", some).get("SubnetSet") or ()


def vpcs_of(cloud: Cloud, ids: Sequence[str]) -> Iterator[Answer]:
    """Yield the VPCs of these ids; an id without a VPC is left out."""
    for first in range(0, len(ids), _VALUES_OF_A_FILTER):
        some = _filtered({"vpc-id": ids[first : first + _VALUES_OF_A_FILTER]})
        yield from cloud.call("vpc", "DescribeVpcs", some).get("VpcSet") or ()


def subnets_named(cloud: Cloud, vpc_id: str, name: str) -> list[str]:
    """Return the ids of the subnets of that name in the VPC."""
    which = _filtered({"vpc-id": [vpc_id], "subnet-name": [name]})
    found: list[Answer] = cloud.call("vpc", "DescribeSubnets", which).get("SubnetSet") or []
    return [str(item["SubnetId"]) for item in found if item.get("SubnetName") == name]


def vpcs_named(cloud: Cloud, name: str) -> list[str]:
    """Return the ids of the VPCs of that name."""
    found: list[Answer] = (
        cloud.call("vpc", "DescribeVpcs", _filtered({"vpc-name": [name]})).get("VpcSet") or []
    )
    return [str(item["VpcId"]) for item in found if item.get("VpcName") == name]


def endpoint_status(cloud: Cloud, cluster_id: str, *, public: bool) -> str:
    """Return the status of an endpoint: `Created` is open, `NotFound` and `Deleted` are closed."""
    which = {"ClusterId": cluster_id, "IsExtranet": public}
    return str(cloud.call("tke", "DescribeClusterEndpointStatus", which).get("Status") or "")


def held_addresses(cloud: Cloud, ids: Sequence[str]) -> dict[str, int]:
    """Return the number of addresses in use by the id of each subnet that exists."""
    return {
        str(item["SubnetId"]): int(item["TotalIpAddressCount"]) - int(item["AvailableIpAddressCount"])
        for item in subnets_of(cloud, ids)
    }


def wait_until_empty(cloud: Cloud, subnet_ids: Sequence[str], wait: Wait) -> None:
    """Wait until no address of the subnets is in use, or the subnets are gone: a subnet with an address in
    use cannot be deleted."""

    def look() -> tuple[bool | None, str]:
        used = sorted(held_addresses(cloud, subnet_ids).items())
        held = ", ".join(f"{subnet} holds {count}" for subnet, count in used if count > 0)
        return (None, f"addresses still in use: {held}") if held else (True, "empty")

    if subnet_ids:
        wait.until("container subnets", look, _STILL_HELD)
