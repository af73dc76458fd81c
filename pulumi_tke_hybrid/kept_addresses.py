"""KeptAddresses: the step that lists or releases kept addresses before a cluster is deleted.

Addresses kept by `vpc-ip-claim-delete-policy: Never` outlive their pods, and hold up the deletion of subnets.
"""

from collections.abc import Callable, Mapping
from typing import Any

import pulumi
from pulumi.dynamic import Resource

from pulumi_tke_hybrid.cloud.calls import Wait
from pulumi_tke_hybrid.cloud.clusters import find_cluster
from pulumi_tke_hybrid.cloud.in_cluster import KeptAddress, LiveCluster, NotReadable
from pulumi_tke_hybrid.component.dynamic import CloudStateProvider

_RELEASE_ALL = (
    "release_kept_ips=True, applied with `pulumi up` before the destroy, releases them all, from a machine"
    " that reaches the API server"
)
_HELD = "kept addresses may hold up the deletion of their subnets until their reclaim time"


class KeptAddressesProvider(CloudStateProvider):
    """Work only on deletion. The module path is in every user's state: never move the class."""

    compared = ("clusterId", "release", "deadlineSeconds")

    def delete(self, _id: str, props: dict[str, Any]) -> None:
        cloud, cluster_id = self.cloud(props), str(props["clusterId"])
        if find_cluster(cloud, cluster_id) is not None:
            release_or_list(
                lambda: LiveCluster.connect(cloud, cluster_id), bool(props["release"]), self.wait(props)
            )


class KeptAddresses(Resource, module="tke-hybrid", name="KeptAddresses"):
    """Stand between the endpoint and the workloads: on destroy, workloads go first and the endpoint is
    still open."""

    def __init__(self, name: str, props: Mapping[str, Any], opts: pulumi.ResourceOptions) -> None:
        super().__init__(KeptAddressesProvider(), name, dict(props), opts)


def release_or_list(connect: Callable[[], LiveCluster], release: bool, wait: Wait) -> None:
    """List the kept addresses with the commands that release them; with `release` release them all, and wait.

    A cluster that cannot be read does not stop its own deletion: the wait for empty subnets names a subnet
    that still holds addresses.
    """
    try:
        cluster = connect()
        kept = cluster.kept_addresses()
    except NotReadable as error:
        nothing = f"; nothing was released, and {_HELD}" if release else ""
        wait.log(f"could not read the addresses that are kept for pods that are gone: {error}{nothing}")
        return
    if kept and release:
        _release(cluster, kept, wait)
    elif kept:
        _list_kept(kept, wait)


def _release(cluster: LiveCluster, kept: list[KeptAddress], wait: Wait) -> None:
    for done, item in enumerate(kept):
        wait.log(f"releasing {item}")
        try:
            cluster.release(item)
        except NotReadable as error:
            wait.log(f"could not release it: {error}; {done} of {len(kept)} were released, and {_HELD}")
            return

    def look() -> tuple[bool | None, str]:
        try:
            left = cluster.kept_addresses()
        except NotReadable as error:
            return None, f"could not see whether they are released: {error}"
        return (None, f"still kept: {', '.join(map(str, left))}") if left else (True, "released")

    todo = "Look at the claims with `kubectl get vipc -A`, then run `pulumi destroy` again."
    wait.until("kept addresses", look, todo)


def _list_kept(kept: list[KeptAddress], wait: Wait) -> None:
    for item in kept:
        wait.log(
            f"kept: {item}; `kubectl delete vipc {item.pod} -n {item.namespace}` releases it while the"
            " cluster lives"
        )
    wait.log(f"{len(kept)} {_HELD}; {_RELEASE_ALL}")
