"""The node pools of a cluster, as the cloud has them."""

from pulumi_tke_hybrid.cloud.client import Answer, Cloud


def node_pools(cloud: Cloud, cluster_id: str) -> list[Answer]:
    """All of them; the API tells them in one answer."""
    found: list[Answer] = cloud.call("tke", "DescribeClusterNodePools", {"ClusterId": cluster_id}).get("NodePoolSet") or []
    return found


def size_of(cloud: Cloud, pool_id: str) -> int | None:
    """How many nodes a pool is to have now; None if it is gone. `pool_id` as the provider writes it: `cls-…#np-…`."""
    cluster_id, _, own_id = pool_id.partition("#")
    sizes = [pool.get("DesiredNodesNum") for pool in node_pools(cloud, cluster_id) if pool.get("NodePoolId") == own_id]
    return None if not sizes or sizes[0] is None else int(sizes[0])
