"""The step between the container subnets and their cluster: refuses what would rebuild it, and waits when all is destroyed."""

from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, ReadResult, Resource, UpdateResult

from pulumi_tke_hybrid.cloud.eni_subnets import wait_until_empty
from pulumi_tke_hybrid.cloud.orphans import wait_until_gone
from pulumi_tke_hybrid.component.dynamic import CloudProvider, unknown
from pulumi_tke_hybrid.tke.rule import Finding
from pulumi_tke_hybrid.tke.rules import transitions


class ClusterGuardProvider(CloudProvider):
    """Guards one cluster. Its module path is in every user's state: never move it."""

    def refused(self, olds: dict[str, Any], news: dict[str, Any]) -> list[Finding]:
        if not olds:
            return []
        pools = list(transitions.pool_findings(olds.get("nodePools", {}), news.get("nodePools", {}), unknown))
        if news.get("allowClusterReplacement"):
            return pools
        return [
            *transitions.cluster_findings(olds.get("cluster", {}), news.get("cluster", {}), unknown),
            *transitions.replaced_subnet_findings(olds.get("eniSubnets", ()), news.get("eniSubnets", ()), unknown),
            *pools,
        ]

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        compared = ("cluster", "clusterName", "nodePools", "eniSubnets", "allowClusterReplacement", "deadlineSeconds")
        return DiffResult(changes=any(olds.get(name) != news.get(name) for name in compared), replaces=[])

    def create(self, props: dict[str, Any]) -> CreateResult:
        return CreateResult(str(props["name"]), dict(props))

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        return ReadResult(id_, props)

    def update(self, _id: str, _olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        return UpdateResult(dict(news))

    def delete(self, _id: str, props: dict[str, Any]) -> None:
        """Comes after the cluster's deletion, which the provider does not wait for, and before that of the subnets."""
        cloud, wait = self.cloud(props), self.wait(props)
        wait_until_gone(cloud, str(props["cluster"]["vpcId"]), str(props["clusterName"]), wait)
        wait_until_empty(cloud, [str(subnet["id"]) for subnet in props["eniSubnets"]], wait)


class ClusterGuard(Resource, module="tke-hybrid", name="ClusterGuard"):
    """What is fixed for ever about a cluster and its pools, kept so that a preview can refuse a change by its name."""

    def __init__(self, name: str, props: Mapping[str, Any], opts: pulumi.ResourceOptions) -> None:
        super().__init__(ClusterGuardProvider(), name, dict(props), opts)
