"""The numbers of one zone: size, used, free, what fits, what a change leaves, and when it is full."""

from collections.abc import Mapping
from dataclasses import dataclass

from pulumi_tke_hybrid.tke import capacity
from pulumi_tke_hybrid.tke.cluster import ClusterInventory, Zone
from pulumi_tke_hybrid.tke.enis import EniLimit, LimitSource

PERIODS = ("day", "week", "month")


@dataclass(frozen=True)
class Growth:
    """How many more ENI pods there are after each period, over all zones."""

    pods: int
    period: str = "week"


@dataclass(frozen=True)
class Row:
    """One zone, as it is after the change; `left` and `was_free` compare it with now."""

    zone: str
    subnets: tuple[str, ...]
    """Ranges, with the ids of those that exist."""
    size: int
    used: int
    counted: bool
    """Whether `used` was read; else it is what nodes and pods will take."""
    nodes: int
    most_nodes: int
    nodes_fit: int | None
    """How many nodes there can be with one full ENI each; None: no node's type is known."""
    types_known: bool
    """Whether each node's type is known; else `pods_fit` counts too few, and `used` may."""
    about: bool
    """Whether `nodes` is a share of a pool that lies in several zones."""
    by_table: bool
    """Whether an ENI limit comes from the vendor's table, not from the API or the node."""
    pods: int
    pods_fit: int
    """How many ENI pods there can be on the nodes; only those that are certain where a range or a type is not
    known."""
    pods_fit_on_most: int
    """The same when the autoscaler has made all the nodes that it may."""
    lacking: int
    """Pods that have no place in any case, on all nodes that there can be."""
    uncertain: bool
    """Whether some of the pods may have no place: a range, a type of a node or `cluster_max_pod_num` is not
    known."""
    ranges_known: bool
    """Whether the range of each container subnet is known."""
    change: int | None
    """By how many addresses the change makes the free ones fewer (or, below zero, more); None: no change was
    given."""
    periods: int | None
    """After how many periods of the growth no further pod fits; None: never, no growth was given, or the
    nodes are not known."""

    @property
    def free(self) -> int:
        """Addresses that are left; below zero: missing."""
        return self.size - self.used

    @property
    def bound(self) -> str:
        """What ends the pods first."""
        return (
            "nodes"
            if self.pods_fit_on_most == self.pods_fit and self.free > self.pods_fit - self.pods
            else "addresses"
        )


def rows(
    after: ClusterInventory, before: ClusterInventory | None = None, growth: Growth | None = None
) -> list[Row]:
    """A row for each zone, in the order of the cluster; zones that only were there, or that only pods are
    bound to, come last."""
    possible, certain = (capacity.place(after, most=True, surely=surely) for surely in (False, True))
    names = dict.fromkeys(
        [zone.name for zone in after.zones]
        + [zone.name for zone in (before.zones if before else ())]
        + list(possible.pods)
    )
    was = None if before is None else _Before(before, capacity.pods_by_zone(before))
    return [_row(name, after, was, growth, len(names), possible, certain) for name in names]


@dataclass(frozen=True)
class _Before:
    """The cluster before the change, with its ENI pods by zone."""

    cluster: ClusterInventory
    pods: Mapping[str, int]

    def taken(self, name: str) -> int:
        """Addresses that nodes and pods took."""
        return capacity.taken(self.cluster, self.cluster.zone(name), self.pods.get(name, 0))

    def free(self, name: str) -> int:
        """Addresses that were free."""
        zone = self.cluster.zone(name)
        return zone.size - _used(self.cluster, zone, self.pods.get(name, 0), None)[0]


def _row(
    name: str,
    after: ClusterInventory,
    before: _Before | None,
    growth: Growth | None,
    zones: int,
    possible: capacity.Placement,
    certain: capacity.Placement,
) -> Row:
    zone = after.zone(name)
    pods = possible.pods.get(name, 0) if zone.pods is None else zone.pods
    used, counted = _used(after, zone, pods, before)
    limits = {limit for nodes in zone.nodes if nodes.greatest and (limit := after.limit(nodes))}
    largest = EniLimit(1, max(limit.pods_per_eni for limit in limits)) if limits else None
    surely = not (after.has_nodes and after.types_known(zone) and zone.ranges_known)
    fit = capacity.room(after, zone, surely=surely)
    share = -(-growth.pods // max(zones, 1)) if growth else 0
    return Row(
        zone=name,
        subnets=tuple(f"{subnet.cidr or '?'} ({subnet.subnet_id or 'new'})" for subnet in zone.subnets),
        size=zone.size,
        used=used,
        counted=counted,
        nodes=sum(nodes.number for nodes in zone.nodes),
        most_nodes=sum(nodes.greatest for nodes in zone.nodes),
        nodes_fit=(
            capacity.nodes_that_fit((subnet.size or 0 for subnet in zone.subnets), largest)
            if largest
            else None
        ),
        types_known=after.types_known(zone),
        about=any(nodes.about for nodes in zone.nodes),
        by_table=any(limit.source is LimitSource.TABLE for limit in limits),
        pods=pods,
        pods_fit=fit,
        pods_fit_on_most=capacity.room(after, zone, most=True, surely=surely),
        lacking=_lacking(after, zone, pods, possible, surely=False),
        uncertain=_lacking(after, zone, pods, certain, surely=True) > 0,
        ranges_known=zone.ranges_known,
        change=None if before is None else before.free(name) - (zone.size - used),
        periods=(
            capacity.periods_until_full(fit - pods, share) if limits and after.types_known(zone) else None
        ),
    )


def _lacking(
    after: ClusterInventory, zone: Zone, pods: int, placed: capacity.Placement, *, surely: bool
) -> int:
    if zone.pods is None:
        return placed.lacking.get(zone.name, 0)
    return max(pods - capacity.room(after, zone, most=True, surely=surely), 0)


def _used(after: ClusterInventory, zone: Zone, pods: int, before: _Before | None) -> tuple[int, bool]:
    """Addresses in use after the change. What was read counts; a change adds what its nodes and pods take."""
    read = [subnet.used for subnet in zone.subnets]
    taken = capacity.taken(after, zone, pods)
    if not zone.subnets or all(used is None for used in read):
        return taken, False
    counted = sum(used for used in read if used is not None)
    return (counted, True) if before is None else (max(counted + taken - before.taken(zone.name), 0), True)
