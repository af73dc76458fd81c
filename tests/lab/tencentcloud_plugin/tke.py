"""TKE calls that several resources of the stand-in plugin share."""

from dataclasses import dataclass
from typing import Literal

from tests.lab.tencentcloud_plugin.client import INTERNAL_ERROR, Api, ApiError, Json
from tests.lab.tencentcloud_plugin.timing import Retry

CLUSTER_NOT_FOUND = "InternalError.ClusterNotFound"
_PAGE = 20
Side = Literal["internet", "intranet"]


@dataclass(frozen=True)
class Worker:
    instance_id: str
    role: str
    state: str
    node_pool_id: str
    raw: Json


def describe_workers(api: Api, cluster_id: str) -> list[Worker]:
    """All workers, page by page; a server that ignores `Offset` is found out as the vendor does."""
    workers: list[Worker] = []
    seen: set[str] = set()
    offset = 0
    while True:
        answer = api.call(
            "tke", "DescribeClusterInstances", {"ClusterId": cluster_id, "Limit": _PAGE, "Offset": offset}
        )
        page: list[Json] = answer["InstanceSet"] or []
        for item in page:
            instance_id = str(item["InstanceId"])
            if instance_id in seen:
                raise RuntimeError(
                    f"get repeated instance_id[{instance_id}] when doing DescribeClusterInstances"
                )
            seen.add(instance_id)
            if item["InstanceRole"] == "WORKER":
                workers.append(
                    Worker(
                        instance_id,
                        item["InstanceRole"],
                        item["InstanceState"],
                        str(item.get("NodePoolId") or ""),
                        item,
                    )
                )
        if len(page) < _PAGE or len(seen) >= int(answer["TotalCount"]):
            return workers
        offset += _PAGE


def wait_for_worker(api: Api, cluster_id: str, *, needed: bool) -> None:
    """Wait until one worker or super node runs. Without a node, return at once unless a node is `needed`."""

    def attempt() -> None:
        workers = api.retrying(lambda: describe_workers(api, cluster_id))
        answer = api.retrying(
            lambda: api.call("tke", "DescribeClusterVirtualNode", {"ClusterId": cluster_id})
        )
        nodes: list[Json] = answer.get("Nodes") or []
        if not workers and not nodes:
            if needed:
                raise Retry("waiting for workers created")
            return
        states = [*(worker.state for worker in workers), *(str(node.get("Phase")).lower() for node in nodes)]
        if "running" in states:
            return
        raise Retry(f"cluster {cluster_id} waiting for one of the workers ready")

    api.timing.retry(5 * api.timing.read, attempt)


def describe_cluster(api: Api, cluster_id: str) -> Json | None:
    answer = api.retried_call("tke", "DescribeClusters", {"ClusterIds": [cluster_id]}, api.timing.read)
    clusters: list[Json] = answer["Clusters"] or []
    return clusters[0] if clusters else None


def endpoint_status(api: Api, cluster_id: str, side: Side) -> str:
    answer = api.call(
        "tke", "DescribeClusterEndpointStatus", {"ClusterId": cluster_id, "IsExtranet": side == "internet"}
    )
    return str(answer["Status"])


def kubeconfig(api: Api, cluster_id: str, side: Side) -> str:
    request: Json = {"ClusterId": cluster_id}
    if side == "internet":
        request["IsExtranet"] = True
    return str(api.call("tke", "DescribeClusterKubeconfig", request)["Kubeconfig"])


def open_endpoint(
    api: Api, cluster_id: str, side: Side, *, subnet_id: str = "", security_group: str = "", domain: str = ""
) -> None:
    request: Json = {"ClusterId": cluster_id, "IsExtranet": side == "internet"}
    if subnet_id:
        request["SubnetId"] = subnet_id
    if security_group:
        request["SecurityGroup"] = security_group
    if domain:
        request["Domain"] = domain
    api.retried_call(
        "tke", "CreateClusterEndpoint", request, api.timing.write, also=("ResourceUnavailable.ClusterState",)
    )
    _wait_for_endpoint(api, cluster_id, side, ("NotFound", "Created"))


def close_endpoint(api: Api, cluster_id: str, side: Side) -> None:
    request = {"ClusterId": cluster_id, "IsExtranet": side == "internet"}
    api.call("tke", "DeleteClusterEndpoint", request)  # not retried, not even when throttled
    _wait_for_endpoint(api, cluster_id, side, ("NotFound", "Deleted"))


def _wait_for_endpoint(api: Api, cluster_id: str, side: Side, done: tuple[str, ...]) -> None:
    def attempt() -> None:
        status = api.retrying(lambda: endpoint_status(api, cluster_id, side))
        if status not in done:
            raise Retry(
                f"{cluster_id} create cluster internet endpoint status is {status}, message is . retry..."
            )

    api.timing.retry(5 * api.timing.read, attempt)


def settled_endpoint_status(api: Api, cluster_id: str, side: Side) -> str:
    """The status once it is neither Creating nor Deleting."""

    def attempt() -> str:
        status = api.retrying(lambda: endpoint_status(api, cluster_id, side), also=(INTERNAL_ERROR,))
        if status in ("Creating", "Deleting"):
            raise Retry(f"{cluster_id} create cluster internet endpoint status still is {status}")
        return status

    return api.timing.retry(api.timing.read, attempt)


def describe_security(api: Api, cluster_id: str) -> Json:
    return api.retried_call("tke", "DescribeClusterSecurity", {"ClusterId": cluster_id}, api.timing.read)


def is_cluster_not_found(error: Exception) -> bool:
    return isinstance(error, ApiError) and error.code == CLUSTER_NOT_FOUND
