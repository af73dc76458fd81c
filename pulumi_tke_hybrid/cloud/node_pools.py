"""The node pools of a cluster, as the cloud has them: of every kind (tke 2022-05-01, DescribeNodePools).

The older DescribeClusterNodePools has those with a scaling group only, so a native or super pool of the same name would not be seen.
"""

from pulumi_tke_hybrid.cloud.client import Answer, Cloud
from pulumi_tke_hybrid.cloud.errors import NotTold
from pulumi_tke_hybrid.cloud.pages import PAGE, all_pages

_SIZES = {"Regular": "DesiredNodesNum", "Native": "Replicas"}
"""Where a pool of a kind has its size; those of the other kinds have none."""


def node_pools(cloud: Cloud, cluster_id: str) -> list[Answer]:
    """All of them: Regular, Native, Super and External."""

    def page(offset: int) -> Answer:
        return cloud.call("tke", "DescribeNodePools", {"ClusterId": cluster_id, "Limit": PAGE, "Offset": offset})

    return all_pages(page, "NodePools")


def size_of(cloud: Cloud, pool_id: str) -> int | None:
    """How many nodes a pool is to have now; None if it is gone. `pool_id` as the provider writes it: `cls-…#np-…`.

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
        raise NotTold("DescribeNodePools", "NotTold", f"the answer does not say how many nodes {own_id} ({kind or 'no kind'}) is to have")
    return size
