"""A lost answer to CreateCluster leaves a cluster that nobody's state knows. The next run must not make a second one."""

from pulumi_tke_hybrid.cloud.client import Answer, Cloud
from pulumi_tke_hybrid.cloud.errors import CloudError


def refuse_orphan(cloud: Cloud, vpc_id: str, name: str) -> None:
    """Raise if the VPC already has a cluster of that name."""
    answer = cloud.call("tke", "DescribeClusters", {"Filters": [{"Name": "ClusterName", "Values": [name]}]})
    clusters: list[Answer] = answer.get("Clusters") or []
    for cluster in clusters:
        settings: Answer = cluster.get("ClusterNetworkSettings") or {}
        if settings.get("VpcId") == vpc_id and cluster.get("ClusterName") == name and cluster.get("ClusterStatus") != "Deleting":
            found = cluster["ClusterId"]
            raise CloudError(
                "CreateCluster",
                "ClusterExists",
                f"{vpc_id} already has a cluster named {name!r}, {found}, which this stack does not know; an earlier run whose answer was "
                f"lost leaves one like it. Adopt it or delete it, then run `pulumi up` again: adopt {found} or delete it",
            )
