"""The step between the container subnets and their cluster: refuses what would rebuild it, and waits when all
is destroyed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pulumi
from pulumi.dynamic import Resource

from pulumi_tke_hybrid.cloud.clusters import pod_limits, subnets_of, wait_until_empty, wait_until_gone
from pulumi_tke_hybrid.cloud.errors import CloudError, DeadlinePassed
from pulumi_tke_hybrid.component.dynamic import CloudStateProvider, log_progress, unknown
from pulumi_tke_hybrid.tke.cluster import DeclaredCluster, DeclaredPool, Subnet
from pulumi_tke_hybrid.tke.rule import Finding, Severity, judged
from pulumi_tke_hybrid.tke.rules import immutable_fields
from pulumi_tke_hybrid.tke.rules import pools as capacity
from pulumi_tke_hybrid.tke.rules.zones_and_subnets import Stated, stated_findings

ADOPTED_SUBNET, STATED_SUBNET = "adopted", "stated"
"""Where a subnet comes from that no `EniZoneSubnet` made: adopted by one, so it stays; or stated by its id,
whoever made it."""


class ClusterGuardProvider(CloudStateProvider):
    """Guards one cluster. Its module path is in every user's state: never move it."""

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
        for pool in before.keys() & after.keys():
            if unknown(after[pool].get("subnetId")):
                was = (
                    ""
                    if unknown(before[pool].get("subnetId"))
                    else f", and was {before[pool].get('subnetId')}"
                )
                log_progress(
                    f"node_pools[{pool}].subnet_id: is not known yet{was}; if it is another subnet, `up`"
                    " stops before the pool is rebuilt"
                )
        kept = {name: pool for name, pool in before.items() if name in after}
        adopted = immutable_fields.adopted_findings(
            olds.get("adopted") or {}, news.get("adopted") or {}, kept, unknown
        )
        registered = immutable_fields.registration_findings(
            *(str(props.get("zoneRegistration") or "api") for props in (olds, news))
        )
        owner = immutable_fields.owner_findings(olds, news, unknown)
        fixed = [*immutable_fields.pool_findings(before, after, unknown), *adopted, *owner, *registered]
        if news.get("allowClusterReplacement"):
            return fixed
        cluster = news.get("cluster", {})
        return [
            *(
                immutable_fields.cluster_findings(olds.get("cluster", {}), cluster, unknown)
                if cluster
                else ()
            ),
            *immutable_fields.replaced_subnet_findings(
                olds.get("eniSubnets", ()), news.get("eniSubnets", ()), unknown
            ),
            *fixed,
        ]

    def check_live(self, olds: dict[str, Any], news: dict[str, Any]) -> list[Finding]:
        return [*self._misplaced(olds, news), *self._short(olds, news)]

    def _misplaced(self, olds: dict[str, Any], news: dict[str, Any]) -> list[Finding]:
        """Subnets that the program names by their ids: are they there, and what it says? Asks only about what
        is new."""
        seen = set(_stated(olds))
        named = [stated for stated in _stated(news) if stated not in seen]
        if not named:
            return []
        try:
            found = subnets_of(self.cloud(news), sorted({stated.subnet_id for stated in named}))
            live = {str(item["SubnetId"]): item for item in found}
        except CloudError as error:
            log_progress(
                f"could not look at the subnets that the program names ({error.code}); their zones and ranges"
                " are taken as stated"
            )
            return []
        return [
            finding for stated in named for finding in stated_findings(stated, live.get(stated.subnet_id))
        ]

    def _short(self, olds: dict[str, Any], news: dict[str, Any]) -> list[Finding]:
        """Capacity once more, with the ENI limits that the cloud tells; a preview without credentials has
        only those of the table."""
        planned: Mapping[str, Any] = news.get("planned") or {}
        compared = ("planned", "eniSubnets")
        if not planned or all(olds.get(name) == news.get(name) for name in compared):
            return []
        plan = _plan(news["eniSubnets"], planned)
        try:
            limits = pod_limits(
                self.cloud(news),
                [(pool.zone, pool.instance_type) for pool in plan.pools],
                plan.static_ip is not False,
            )
        except CloudError as error:
            log_progress(
                f"could not read the ENI limits of instance types ({error.code}); those of the vendor's guide"
                " were used"
            )
            return []
        before = set(capacity.node_capacity_findings(plan))
        new = (
            finding
            for finding in capacity.node_capacity_findings(replace(plan, limits=limits))
            if finding not in before
        )
        settings: Mapping[str, str] = planned.get("rules") or {}
        found = judged(new, {rule: Severity(severity) for rule, severity in settings.items()})
        for finding in found:
            if finding.severity is not Severity.ERROR:
                log_progress(f"{finding.severity.value}: {finding}")
        return [finding for finding in found if finding.severity is Severity.ERROR]

    def delete(self, _id: str, props: dict[str, Any]) -> None:
        """Comes after the cluster's deletion, which the provider does not wait for, and before that of the
        subnets.

        An adopted cluster stays, with its subnets: there is nothing to wait for. Nor is there for an adopted
        subnet, in which others may
        hold addresses.
        """
        if not props["cluster"]:
            return
        cloud, wait = self.cloud(props), self.wait(props)
        wait_until_gone(cloud, str(props["cluster"]["vpcId"]), str(props["clusterName"]), wait)
        subnets: list[Mapping[str, Any]] = props["eniSubnets"]
        wait_until_empty(cloud, [str(subnet["id"]) for subnet in subnets if not subnet.get("from")], wait)
        try:
            wait_until_empty(
                cloud, [str(subnet["id"]) for subnet in subnets if subnet.get("from") == STATED_SUBNET], wait
            )
        except DeadlinePassed as error:
            wait.say(f"{error.message} The program may not be the one who made them, so the destroy goes on.")


def _known(value: Any) -> Any:
    return None if unknown(value) else value


def _stated(props: Mapping[str, Any]) -> Iterator[Stated]:
    """Subnets of pods that no component made or compared, and those of nodes, as far as the preview knows
    them."""

    def text(value: Any) -> str:
        return str(_known(value) or "")

    cluster: Mapping[str, Any] = props.get("cluster") or props.get("adopted") or {}
    vpc = text(cluster.get("vpcId"))
    subnets: Sequence[Mapping[str, Any]] = props.get("eniSubnets") or ()
    pools: Mapping[str, Mapping[str, Any]] = props.get("nodePools") or {}
    for index, subnet in enumerate(subnets):
        if subnet.get("from") == STATED_SUBNET and text(subnet.get("id")):
            yield Stated(
                f"eni_subnets[{index}]",
                text(subnet["id"]),
                vpc,
                text(subnet.get("zone")),
                text(subnet.get("cidr")),
            )
    for name, pool in pools.items():
        if text(pool.get("subnetId")):
            yield Stated(f"node_pools[{name}]", text(pool["subnetId"]), vpc, text(pool.get("zone")))


def _plan(subnets: Sequence[Mapping[str, Any]], planned: Mapping[str, Any]) -> DeclaredCluster:
    """The plan as far as the preview knows it."""
    pools: list[Mapping[str, Any]] = planned["nodePools"]
    return DeclaredCluster(
        subnets=tuple(
            Subnet(
                _known(item.get("cidr")), zone=_known(item.get("zone")) or "", path=f"eni_subnets[{index}]"
            )
            for index, item in enumerate(subnets)
        ),
        pools=tuple(
            DeclaredPool(
                f"node_pools[{index}]",
                zone=_known(item.get("zone")),
                instance_type=_known(item.get("instanceType")),
                size=_whole(_known(item.get("size"))),
                most=_whole(_known(item.get("maxSize"))),
                global_route_only=bool(item.get("globalRouteOnly")),
            )
            for index, item in enumerate(pools)
        ),
        static_ip=_known(planned.get("staticIp")),
    )


def _whole(value: Any) -> int | None:
    return None if value is None else int(value)  # the engine writes every number as a fraction


class ClusterGuard(Resource, module="tke-hybrid", name="ClusterGuard"):
    """What is fixed for ever about a cluster and its pools, kept so that a preview can refuse a change by its
    name."""

    def __init__(self, name: str, props: Mapping[str, Any], opts: pulumi.ResourceOptions) -> None:
        super().__init__(ClusterGuardProvider(), name, dict(props), opts)
