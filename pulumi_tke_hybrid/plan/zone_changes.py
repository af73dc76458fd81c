"""Zones of a plan before and after the change: container subnets, node pools, free addresses.

Ids of resources that are still to be made are not known in a preview; `Step.sources`, the engine's record of
the resources that a value comes from, names them then. This module returns no findings (see
`plan.rules.coverage`)."""

import math
from collections import Counter
from collections.abc import Iterator, Set
from dataclasses import dataclass, field
from typing import TypeGuard

from pulumi_tke_hybrid.plan import resource_types
from pulumi_tke_hybrid.plan.index import UNKNOWN_CLUSTER, Listing, index_of
from pulumi_tke_hybrid.plan.inventory import both_inventories, is_container_subnet, subnet_of
from pulumi_tke_hybrid.plan.kubernetes_objects import holders
from pulumi_tke_hybrid.plan.model import Op, Plan, Step, kept_by_plan
from pulumi_tke_hybrid.plan.nodes_of_pools import NODE_MAKERS, NodePlaces, total
from pulumi_tke_hybrid.tke import capacity
from pulumi_tke_hybrid.tke.cluster import Subnet
from pulumi_tke_hybrid.tke.objects import Props, unknown


@dataclass
class SubnetChange:
    """A container subnet of a zone, and what the plan does to the subnet."""

    name: str
    op: Op
    subnet: Subnet
    clusters: Set[str] = frozenset()
    """Clusters that list the subnet, or listed it before; empty where no cluster is known."""

    @property
    def size(self) -> int:
        """Addresses for ENIs and pods; 0 where the range is not known."""
        return self.subnet.size or 0

    def may_serve(self, cluster: str) -> bool:
        """Whether pods of the cluster may get addresses of the subnet."""
        return not self.clusters or cluster == UNKNOWN_CLUSTER or cluster in self.clusters


@dataclass
class ZonePools:
    """The pools of one cluster that have nodes in one zone after the change."""

    steps: list[Step] = field(default_factory=list[Step])
    checked: bool = False
    """Whether the cluster's component has checked the zones of the pools."""


@dataclass
class ZoneChange:
    """One zone of a plan, before and after the change."""

    name: str
    subnets: list[SubnetChange] = field(default_factory=list[SubnetChange])
    nodes_before: int = 0
    nodes_after: int = 0
    nodes_worked_out: bool = False
    """Part of the nodes are the even share of a pool of several zones, not a count."""
    nodes_unknown: bool = False
    """The number of nodes of some pool is not known; `nodes_after` lacks these nodes."""
    pools: dict[str, ZonePools] = field(default_factory=dict[str, ZonePools])
    """By the clusters whose nodes need container subnets in their zones."""
    unlisted: bool = False
    """The zone has nodes of clusters that list no container subnets, while another cluster lists some."""
    taken: int | None = None
    """Addresses that the change takes from the zone, estimated; None: not known."""

    @property
    def _remaining(self) -> list[SubnetChange]:
        """The subnets after the change."""
        return [subnet for subnet in self.subnets if subnet.op is not Op.DELETE]

    @property
    def covered(self) -> bool:
        """Whether ENI pods can run in the zone after the change."""
        return bool(self._remaining)

    def covers(self, cluster: str) -> bool:
        """Whether ENI pods of the cluster can run in the zone after the change."""
        return any(subnet.may_serve(cluster) for subnet in self._remaining)

    def uncovered_pools(self) -> Iterator[tuple[str, ZonePools]]:
        """(cluster, pools) of clusters that have nodes in the zone and no container subnet, and whose
        component has not checked the zone."""
        return (
            (cluster, pools)
            for cluster, pools in self.pools.items()
            if not pools.checked and not self.covers(cluster)
        )

    @property
    def free(self) -> int | None:
        """Free addresses of all subnets before the change; a new subnet counts as empty. None: not known."""
        counts = [each.size if each.op is Op.CREATE else each.subnet.free for each in self._remaining]
        return total(counts) if counts else None

    @property
    def free_after(self) -> int | None:
        """Free addresses after the change, estimated; None: not known."""
        return None if self.free is None or self.taken is None else min(self.free - self.taken, self.size)

    @property
    def size(self) -> int:
        """Addresses of all subnets after the change."""
        return sum(subnet.size for subnet in self._remaining)


@kept_by_plan
def places_of(plan: Plan) -> "PlanPlaces":
    """The zones and clusters of the container subnets and node pools of the plan."""
    return PlanPlaces(plan)


@kept_by_plan
def zones_of(plan: Plan) -> list[ZoneChange]:
    """All zones of the plan, by name."""
    places = places_of(plan)
    found: dict[str, ZoneChange] = {}
    for zone_name, subnet in places.container_subnets():
        found.setdefault(zone_name, ZoneChange(zone_name)).subnets.append(subnet)
    for pool in plan.of(*NODE_MAKERS):
        if pool.op is not Op.CREATE:
            for part in places.nodes.places(pool, pool.old):
                found.setdefault(part.zone, ZoneChange(part.zone)).nodes_before += part.nodes or 0
        if pool.op is not Op.DELETE:
            for part in places.nodes.places(pool, pool.new):
                zone = found.setdefault(part.zone, ZoneChange(part.zone))
                zone.nodes_after += part.nodes or 0
                zone.nodes_worked_out |= part.worked_out
                zone.nodes_unknown |= part.nodes is None
                _add_pool(zone, places.cluster_of(pool), pool, places.nodes.is_checked(pool))
    covered = [zone for zone in found.values() if zone.covered]
    taken = _taken_by_zone(plan)
    for zone in covered:
        zone.taken = math.ceil(_more_pods(plan) / len(covered)) if taken is None else taken.get(zone.name, 0)
    return sorted(found.values(), key=lambda zone: zone.name)


def _add_pool(zone: ZoneChange, cluster: str | None, pool: Step, checked: bool) -> None:
    if cluster is None:
        zone.unlisted = True
        return
    pools = zone.pools.setdefault(cluster, ZonePools())
    if pools.steps[-1:] != [pool]:  # the last one: all parts of a pool come one after another
        pools.steps.append(pool)
    pools.checked |= checked


def _taken_by_zone(plan: Plan) -> dict[str, int] | None:
    """Addresses that the change takes from each zone, negative where the change frees addresses; None: the
    plan has no cluster."""
    before, after = both_inventories(plan)
    if not before and not after:
        return None
    found = Counter[str]()
    for clusters, sign in ((after, 1), (before, -1)):
        for cluster in clusters.values():
            pods = capacity.pods_by_zone(cluster)
            for zone in cluster.zones:
                found[zone.name] += sign * capacity.taken(cluster, zone, pods.get(zone.name, 0))
    return dict(found)


def _more_pods(plan: Plan) -> int:
    """ENI pods that the plan adds: the only count where no cluster lists the container subnets."""
    return sum(
        _eni_pods(step, step.new) - _eni_pods(step, step.old) for step in plan.steps if step.op.changes
    )


def _eni_pods(step: Step, props: Props) -> int:
    """ENI pods of an object whose number the preview has; a DaemonSet counts as 0."""
    return sum(holder.pods or 0 for holder in holders(step.type, props) if holder.needs_eni)


class PlanPlaces:
    """The zones and clusters of the container subnets and node pools of a plan."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._subnets = {step.urn: step for step in plan.of(resource_types.SUBNET)}
        self.nodes = NodePlaces(plan)
        index = index_of(plan)
        self._clusters = index.clusters
        self._hybrid: set[str] = set()
        self._listing: dict[str, set[str]] = {}  # the clusters that list a subnet, by the subnet's id
        self._losing: dict[str, set[str]] = {}
        self._computing: dict[str, list[Listing]] = {}  # the lists that come from a subnet, by its URN
        for listing in (each for found in index.listings.values() for each in found):
            self._hybrid.update([listing.cluster] if listing.lists_some else ())
            for name in listing.ids:
                self._listing.setdefault(name, set()).add(listing.cluster)
            for name in listing.lost:
                self._losing.setdefault(name, set()).add(listing.cluster)
            for urn in listing.urns:
                self._computing.setdefault(urn, []).append(listing)

    def container_subnets(self) -> Iterator[tuple[str, SubnetChange]]:
        """(zone, subnet) of all container subnets: those of the components, and those that a cluster or
        switch lists."""
        for step in self._subnets.values():
            listing, losing = self._owners(step), self._losing.get(step.id, frozenset[str]())
            zone = (step.new or step.old).get("availabilityZone")
            if (is_container_subnet(step) or listing or losing) and _is_known(zone):
                op = Op.DELETE if losing and not listing else step.op
                yield zone, SubnetChange(step.name, op, subnet_of(step), listing or losing)
        for step in self._plan.of(resource_types.POD_SUBNET):
            given = step.new or step.old
            zone, adopted = given.get("zone"), given.get("subnetId")
            if _is_known(zone) and adopted and not unknown(adopted):
                owners = self._listing.get(str(adopted), frozenset[str]())
                op = Op.DELETE if step.op is Op.DELETE else Op.SAME
                yield zone, SubnetChange(step.name, op, subnet_of(step), owners)

    def unplaced_subnets(self, cluster: str) -> list[str]:
        """Container subnets that the cluster lists, and whose zones the plan does not have."""
        adopted = {
            (step.new or step.old).get("subnetId") for step in self._plan.of(resource_types.POD_SUBNET)
        }
        placed = {step.id for step in self._subnets.values()} | adopted
        listed = {name for name, owners in self._listing.items() if cluster in (UNKNOWN_CLUSTER, *owners)}
        known = {name for name in listed if not unknown(name)}
        if known == listed and any(
            urn in self._subnets and not self._subnets[urn].id for urn in self._computing
        ):
            # Without the last state a policy knows no id of a resource: the list may hold the ids of these
            # subnets.
            return []
        return sorted(known - placed)

    def _owners(self, subnet: Step) -> Set[str]:
        """The clusters that list a subnet."""
        named = self._listing.get(subnet.id, frozenset[str]())
        computed = {listing.cluster for listing in self._computing.get(subnet.urn, ()) if listing.has(subnet)}
        return computed | named

    def cluster_of(self, pool: Step) -> str | None:
        """The cluster whose container subnets the pool needs: `UNKNOWN_CLUSTER` for the subnets of all
        clusters; None
        if the pool's cluster lists none."""
        if not self._hybrid or UNKNOWN_CLUSTER in self._hybrid:
            return UNKNOWN_CLUSTER
        cluster = self._clusters.of(pool)
        return cluster if cluster == UNKNOWN_CLUSTER or cluster in self._hybrid else None

    def lists_some(self, pool: Step) -> bool:
        """Whether the pool's cluster lists container subnets, or may list some."""
        return bool(self._hybrid) and self.cluster_of(pool) is not None


def _is_known(zone: object) -> TypeGuard[str]:
    return isinstance(zone, str) and not unknown(zone)
