"""The numbers of one zone: size, used, free, what fits, what a change leaves, and when it is full."""

from dataclasses import dataclass

from pulumi_tke_hybrid.capacity.estate import Estate, Zone
from pulumi_tke_hybrid.tke import capacity
from pulumi_tke_hybrid.tke.enis import EniLimit

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
    """Whether `used` was looked at; else it is what nodes and pods will take."""
    nodes: int
    most_nodes: int
    nodes_fit: int | None
    """How many nodes there can be with one full ENI each; None: no node's type is known."""
    types_known: bool
    """Whether each node's type is known; else `pods_fit` counts too few, and `used` may."""
    pods: int
    pods_fit: int
    """How many ENI pods there can be on the nodes."""
    pods_fit_on_most: int
    """The same when the autoscaler has made all the nodes that it may."""
    change: int | None
    """By how many addresses the change makes the free ones fewer (or, below zero, more); None: no change was given."""
    periods: int | None
    """After how many periods of the growth no further pod fits; None: never, no growth was given, or the nodes are not known."""

    @property
    def free(self) -> int:
        """Addresses that are left; below zero: missing."""
        return self.size - self.used

    @property
    def bound(self) -> str:
        """What ends the pods first."""
        return "nodes" if self.pods_fit_on_most == self.pods_fit and self.free > self.pods_fit - self.pods else "addresses"


def rows(after: Estate, before: Estate | None = None, growth: Growth | None = None) -> list[Row]:
    """A row for each zone, in the order of the estate; zones that only were there come last."""
    names = dict.fromkeys([zone.name for zone in after.zones] + [zone.name for zone in (before.zones if before else ())])
    return [_row(name, after, before, growth, len(names)) for name in names]


def _row(name: str, after: Estate, before: Estate | None, growth: Growth | None, zones: int) -> Row:
    zone = after.zone(name)
    size, pods = sum(subnet.size for subnet in zone.subnets), _pods(after, zone)
    used, counted = _used(after, zone, before)
    machines = after.machines(zone)
    fit = _fit(after, zone, machines)
    most = _fit(after, zone, _grown(after, zone))
    limits = sorted({limit.pods_per_eni for nodes in zone.nodes if (limit := after.limit(nodes))})
    nodes_fit = capacity.nodes_that_fit((subnet.size for subnet in zone.subnets), EniLimit(1, limits[-1])) if limits else None
    share = -(-growth.pods // max(zones, 1)) if growth else 0
    was = before.zone(name) if before else None
    return Row(
        zone=name,
        subnets=tuple(f"{subnet.cidr} ({subnet.subnet_id or 'new'})" for subnet in zone.subnets),
        size=size,
        used=used,
        counted=counted,
        nodes=sum(nodes.number for nodes in zone.nodes),
        most_nodes=sum(max(nodes.number, nodes.most or 0) for nodes in zone.nodes),
        nodes_fit=nodes_fit,
        types_known=after.types_known(zone),
        pods=pods,
        pods_fit=fit,
        pods_fit_on_most=most,
        change=None if before is None or was is None else _free(before, was) - (size - used),
        periods=capacity.periods_until_full(fit - pods, share) if machines and after.types_known(zone) else None,
    )


def _pods(estate: Estate, zone: Zone) -> int:
    return zone.pods if zone.pods is not None else estate.shares().get(zone.name, 0)


def _used(after: Estate, zone: Zone, before: Estate | None) -> tuple[int, bool]:
    """Addresses in use after the change. What was counted counts; a change adds what its nodes and pods take."""
    looked = [subnet.used for subnet in zone.subnets]
    counted = sum(used for used in looked if used is not None)
    if not zone.subnets or all(used is None for used in looked):
        return _taken(after, zone), False
    if before is None:
        return counted, True
    return max(counted + _taken(after, zone) - _taken(before, before.zone(zone.name)), 0), True


def _free(estate: Estate, zone: Zone) -> int:
    return sum(subnet.size for subnet in zone.subnets) - _used(estate, zone, None)[0]


def _taken(estate: Estate, zone: Zone) -> int:
    """One address for each pod, one for each ENI: at least one ENI a node. Of nodes that are not known just the pods, no guess."""
    machines, pods = estate.machines(zone), _pods(estate, zone)
    if not machines or not estate.types_known(zone):
        return pods + len(machines)
    waiting = max(pods - sum(limit.pods_per_eni for limit in machines), 0)
    return pods + len(machines) - (-waiting // min(limit.pods_per_eni for limit in machines))


def _fit(estate: Estate, zone: Zone, machines: tuple[EniLimit, ...]) -> int:
    """Of all addresses, those that somebody else has taken are not for this cluster's pods."""
    foreign = max(sum(subnet.used or 0 for subnet in zone.subnets) - _taken(estate, zone), 0) if zone.pods is not None else 0
    free = [subnet.size for subnet in zone.subnets]
    for _ in range(foreign):
        free[free.index(max(free))] -= 1
    return capacity.pods_that_fit(tuple(free), machines, estate.static_ip)


def _grown(estate: Estate, zone: Zone) -> tuple[EniLimit, ...]:
    return tuple(limit for nodes in zone.nodes if (limit := estate.limit(nodes)) for _ in range(max(nodes.number, nodes.most or 0)))
