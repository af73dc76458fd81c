"""Whether a cluster is there: the one place that decides what "gone" means."""

from pulumi_tke_hybrid.cloud.client import Answer, Cloud
from pulumi_tke_hybrid.cloud.errors import CloudError

_GONE = ("ResourceNotFound", "InternalError.ClusterNotFound", "InvalidParameter.ClusterNotFound")


def find_cluster(cloud: Cloud, cluster_id: str) -> Answer | None:
    """The cluster; None only if the cloud says that this account has none of that id in the region. Any other error is raised."""
    try:
        answer = cloud.call("tke", "DescribeClusters", {"ClusterIds": [cluster_id]})
    except CloudError as error:
        if error.code.startswith(_GONE):
            return None
        raise
    clusters: list[Answer] = answer.get("Clusters") or []
    return clusters[0] if clusters else None
