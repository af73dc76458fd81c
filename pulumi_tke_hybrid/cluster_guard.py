"""ClusterGuard: stores what is immutable about a cluster, and refuses a change that would rebuild the
cluster.

On destroy the guard stands between the cluster and its subnets, and waits until the cluster is gone. The
rules are in `tke.rules.immutable_fields`; each stored shape belongs to its owner, `node_pools` or
`eni_zone_subnet`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pulumi
from pulumi.dynamic import Resource

from pulumi_tke_hybrid.cloud.calls import CloudError, DeadlinePassed
from pulumi_tke_hybrid.cloud.clusters import pod_limits, subnets_of, wait_until_empty, wait_until_gone
from pulumi_tke_hybrid.component.dynamic import CloudStateProvider, errors_among, log_progress
from pulumi_tke_hybrid.eni_zone_subnet import STATED_SUBNET, ContainerSubnet
from pulumi_tke_hybrid.node_pools import (
    IMMUTABLE_POOL_FIELDS,
    declared_from_guard,
    guarded_subnets,
    pending_subnets,
)
from pulumi_tke_hybrid.tke.cluster import DeclaredCluster, Subnet
from pulumi_tke_hybrid.tke.objects import known
from pulumi_tke_hybrid.tke.rule import Finding, Severity
from pulumi_tke_hybrid.tke.rules import immutable_fields
from pulumi_tke_hybrid.tke.rules.address_capacity import node_capacity_findings
from pulumi_tke_hybrid.tke.rules.zones_and_subnets import declared_subnet_findings


class ClusterGuardProvider(CloudStateProvider):
    """Guard of one cluster. The module path is in every user's state: never move the class."""

    compared = (
        "cluster",
        "adopted",
        "zoneRegistration",
        "planned",
        "clusterName",
        "nodePools",
        "eniSubnets",
        "allowClusterReplacement",
        "deadlineSeconds",
    )

    def check_offline(self, olds: dict[str, Any], news: dict[str, Any]) -> list[Finding]:
        if not olds:
            return []
        before, after = olds.get("nodePools", {}), news.get("nodePools", {})
        for line in pending_subnets(before, after):
            log_progress(line)
        kept = {name: pool for name, pool in before.items() if name in after}
        fixed = [
            *immutable_fields.pool_findings(before, after, IMMUTABLE_POOL_FIELDS),
            *immutable_fields.adopted_findings(olds.get("adopted") or {}, news.get("adopted") or {}, kept),
            *immutable_fields.owner_findings(olds, news),
            *immutable_fields.registration_findings(
                *(str(props.get("zoneRegistration") or "api") for props in (olds, news))
            ),
        ]
        if news.get("allowClusterReplacement"):
            return fixed
        cluster = news.get("cluster", {})
        replaced = immutable_fields.cluster_findings(olds.get("cluster", {}), cluster) if cluster else ()
        subnets = immutable_fields.replaced_subnet_findings(
            olds.get("eniSubnets", ()), news.get("eniSubnets", ())
        )
        return [*replaced, *subnets, *fixed]

    def check_live(self, olds: dict[str, Any], news: dict[str, Any]) -> list[Finding]:
        return [*self._misplaced(olds, news), *self._short(olds, news)]

    def _misplaced(self, olds: dict[str, Any], news: dict[str, Any]) -> list[Finding]:
        """Compare the subnets that the program names by their ids with the live subnets; only new values."""
        seen = set(_stated(olds))
        named = [(subnet, vpc) for subnet, vpc in _stated(news) if (subnet, vpc) not in seen]
        if not named:
            return []
        try:
            found = subnets_of(self.cloud(news), sorted({subnet.subnet_id for subnet, _ in named}))
            live = {str(item["SubnetId"]): item for item in found}
        except CloudError as error:
            log_progress(
                f"could not look at the subnets that the program names ({error.code}); their zones and ranges"
                " are taken as stated"
            )
            return []
        return [
            finding
            for subnet, vpc in named
            for finding in declared_subnet_findings(subnet, vpc, live.get(subnet.subnet_id))
        ]

    def _short(self, olds: dict[str, Any], news: dict[str, Any]) -> list[Finding]:
        """Check capacity again with the ENI limits of the cloud; before, only the limits of the table were
        known."""
        planned: Mapping[str, Any] = news.get("planned") or {}
        compared = ("planned", "eniSubnets")
        if not planned or all(olds.get(name) == news.get(name) for name in compared):
            return []
        declared = _declared(news["eniSubnets"], planned)
        try:
            limits = pod_limits(
                self.cloud(news),
                [(pool.zone, pool.instance_type) for pool in declared.pools],
                declared.static_ip is not False,
            )
        except CloudError as error:
            log_progress(
                f"could not read the ENI limits of instance types ({error.code}); those of the vendor's guide"
                " were used"
            )
            return []
        before = set(node_capacity_findings(declared))
        now = node_capacity_findings(replace(declared, limits=limits))
        new = (finding for finding in now if finding not in before)
        settings: Mapping[str, str] = planned.get("rules") or {}
        return errors_among(new, {rule: Severity(severity) for rule, severity in settings.items()})

    def delete(self, _id: str, props: dict[str, Any]) -> None:
        """Wait until the cluster is gone, because the provider does not, and until its subnets are empty.

        An adopted cluster and an adopted subnet stay, so there is nothing to wait for.
        """
        if not props["cluster"]:
            return
        cloud, wait = self.cloud(props), self.wait(props)
        wait_until_gone(cloud, str(props["cluster"]["vpcId"]), str(props["clusterName"]), wait)
        subnets: list[Mapping[str, Any]] = props["eniSubnets"]
        made = [str(subnet["id"]) for subnet in subnets if not subnet.get("from")]
        stated = [str(subnet["id"]) for subnet in subnets if subnet.get("from") == STATED_SUBNET]
        wait_until_empty(cloud, made, wait)
        try:
            wait_until_empty(cloud, stated, wait)
        except DeadlinePassed as error:
            wait.log(f"{error.message} The program may not be the one who made them, so the destroy goes on.")


def _stated(props: Mapping[str, Any]) -> Iterator[tuple[Subnet, str]]:
    """Yield the container subnets that no component made or compared, and the subnets of nodes, as far as the
    preview knows them, with the VPC of the cluster."""
    cluster: Mapping[str, Any] = props.get("cluster") or props.get("adopted") or {}
    vpc = str(known(cluster.get("vpcId")) or "")
    for index, stored in enumerate(props.get("eniSubnets") or ()):
        subnet = ContainerSubnet.from_guard(stored)
        if subnet.origin == STATED_SUBNET and subnet.subnet_id:
            yield subnet.declared(f"eni_subnets[{index}]"), vpc
    for path, subnet_id, zone in guarded_subnets(props.get("nodePools") or {}):
        yield Subnet(None, subnet_id, zone=zone, path=path), vpc


def _declared(subnets: Sequence[Mapping[str, Any]], planned: Mapping[str, Any]) -> DeclaredCluster:
    """Return the cluster as far as the preview knows it."""
    pools: list[Mapping[str, Any]] = planned["nodePools"]
    return DeclaredCluster(
        subnets=tuple(
            ContainerSubnet.from_guard(stored).declared(f"eni_subnets[{index}]")
            for index, stored in enumerate(subnets)
        ),
        pools=tuple(declared_from_guard(f"node_pools[{index}]", shown) for index, shown in enumerate(pools)),
        static_ip=known(planned.get("staticIp")),
    )


class ClusterGuard(Resource, module="tke-hybrid", name="ClusterGuard"):
    """The immutable fields of a cluster and its pools, stored so that a preview can refuse a change."""

    def __init__(self, name: str, props: Mapping[str, Any], opts: pulumi.ResourceOptions) -> None:
        super().__init__(ClusterGuardProvider(), name, dict(props), opts)
