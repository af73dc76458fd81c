"""The step between the workloads and their cluster's endpoint: on destroy it names the kept addresses, or releases them."""

from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, ReadResult, Resource, UpdateResult

from pulumi_tke_hybrid.cloud.clusters import find_cluster
from pulumi_tke_hybrid.cloud.in_cluster import LiveCluster
from pulumi_tke_hybrid.cloud.kept_addresses import settle
from pulumi_tke_hybrid.component.dynamic import CloudProvider


class KeptAddressesProvider(CloudProvider):
    """Does nothing until it is deleted. Its module path is in every user's state: never move it."""

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        compared = ("clusterId", "release", "deadlineSeconds")
        return DiffResult(changes=any(olds.get(name) != news.get(name) for name in compared), replaces=[])

    def create(self, props: dict[str, Any]) -> CreateResult:
        return CreateResult(str(props["name"]), dict(props))

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        return ReadResult(id_, props)

    def update(self, _id: str, _olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        return UpdateResult(dict(news))

    def delete(self, _id: str, props: dict[str, Any]) -> None:
        cloud, cluster_id = self.cloud(props), str(props["clusterId"])
        if find_cluster(cloud, cluster_id) is not None:
            settle(lambda: LiveCluster.connect(cloud, cluster_id), bool(props["release"]), self.wait(props))


class KeptAddresses(Resource, module="tke-hybrid", name="KeptAddresses"):
    """Comes after the endpoint and before every workload; on destroy the other way round, so the claims can still be read."""

    def __init__(self, name: str, props: Mapping[str, Any], opts: pulumi.ResourceOptions) -> None:
        super().__init__(KeptAddressesProvider(), name, dict(props), opts)
