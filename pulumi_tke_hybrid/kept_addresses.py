"""The step between the workloads and their cluster's endpoint: on destroy it names the kept addresses, or
releases them."""

from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi.dynamic import Resource

from pulumi_tke_hybrid.cloud.clusters import find_cluster
from pulumi_tke_hybrid.cloud.in_cluster import LiveCluster, settle
from pulumi_tke_hybrid.component.dynamic import CloudStateProvider


class KeptAddressesProvider(CloudStateProvider):
    """Does nothing until it is deleted. Its module path is in every user's state: never move it."""

    compared = ("clusterId", "release", "deadlineSeconds")

    def delete(self, _id: str, props: dict[str, Any]) -> None:
        cloud, cluster_id = self.cloud(props), str(props["clusterId"])
        if find_cluster(cloud, cluster_id) is not None:
            settle(lambda: LiveCluster.connect(cloud, cluster_id), bool(props["release"]), self.wait(props))


class KeptAddresses(Resource, module="tke-hybrid", name="KeptAddresses"):
    """Comes after the endpoint and before every workload; on destroy the other way round, so the claims can
    still be read."""

    def __init__(self, name: str, props: Mapping[str, Any], opts: pulumi.ResourceOptions) -> None:
        super().__init__(KeptAddressesProvider(), name, dict(props), opts)
