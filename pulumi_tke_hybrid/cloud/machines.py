"""The machines of a cluster, as the cloud lists them."""

from pulumi_tke_hybrid.cloud.client import Answer, Cloud
from pulumi_tke_hybrid.cloud.pages import PAGE, all_pages


def machine_addresses(cloud: Cloud, cluster_id: str) -> frozenset[str]:
    """Their addresses in the VPC: by them a node is known to be of this cluster, whatever a kubeconfig is called."""

    def page(offset: int) -> Answer:
        return cloud.call("tke", "DescribeClusterInstances", {"ClusterId": cluster_id, "Limit": PAGE, "Offset": offset})

    return frozenset(str(item.get("LanIP") or "") for item in all_pages(page, "InstanceSet"))
