"""A lost answer leaves a cluster, or a node pool, that nobody's state knows. The next run must not make a second one."""

from pulumi_tke_hybrid.cloud.client import Answer, Cloud
from pulumi_tke_hybrid.cloud.errors import CloudError
from pulumi_tke_hybrid.cloud.node_pools import node_pools
from pulumi_tke_hybrid.cloud.pages import PAGE, all_pages
from pulumi_tke_hybrid.cloud.waiting import Wait


def clusters_named(cloud: Cloud, vpc_id: str, name: str) -> list[Answer]:
    """The clusters of that name in the VPC."""

    def page(offset: int) -> Answer:
        filters = [{"Name": "ClusterName", "Values": [name]}]
        return cloud.call("tke", "DescribeClusters", {"Filters": filters, "Limit": PAGE, "Offset": offset})

    clusters = all_pages(page, "Clusters")
    return [item for item in clusters if item.get("ClusterName") == name and item["ClusterNetworkSettings"]["VpcId"] == vpc_id]


def refuse_orphan(cloud: Cloud, vpc_id: str, name: str) -> None:
    """Raise if the VPC already has a cluster of that name."""
    for cluster in clusters_named(cloud, vpc_id, name):
        if cluster.get("ClusterStatus") != "Deleting":
            found = cluster["ClusterId"]
            raise CloudError(
                "CreateCluster",
                "ClusterExists",
                f"{vpc_id} already has a cluster named {name!r}, {found}, which this stack does not know; an earlier run whose answer was "
                f"lost leaves one like it. Import it or delete it, then run `pulumi up` again: adopt {found} or delete it",
            )


def refuse_orphan_pool(cloud: Cloud, cluster_id: str, name: str) -> None:
    """Raise if the cluster already has a node pool of that name, of whatever kind."""
    for pool in node_pools(cloud, cluster_id):
        if pool.get("Name") == name and str(pool.get("LifeState")).casefold() != "deleting":
            own_id, kind = pool["NodePoolId"], pool.get("Type")
            found = f"{cluster_id}#{own_id}"
            todo = (
                f"an earlier run whose answer was lost leaves one like it, with its machines. Import it or delete it, then run `pulumi up` "
                f"again: adopt {found} or delete it"
                if kind == "Regular"
                else "no run of this component makes one of that kind. Give this pool another name, or delete that one"
            )
            what = f"{cluster_id} already has a node pool named {name!r}, {own_id} ({kind}), that this stack does not know; {todo}"
            raise CloudError("CreateClusterNodePool", "NodePoolExists", what)


def wait_until_gone(cloud: Cloud, vpc_id: str, name: str, wait: Wait) -> None:
    """The provider does not wait for a cluster's deletion; its subnets can go only afterwards."""

    def look() -> tuple[bool | None, str]:
        # One of that name that is not being deleted is not ours: somebody's, or one that a lost answer left.
        left = [cluster for cluster in clusters_named(cloud, vpc_id, name) if cluster.get("ClusterStatus") == "Deleting"]
        return (None, f"{left[0]['ClusterId']} is {left[0].get('ClusterStatus')}") if left else (True, "gone")

    wait.until(f"cluster {name}", look, "Run `pulumi destroy` again to go on.")
