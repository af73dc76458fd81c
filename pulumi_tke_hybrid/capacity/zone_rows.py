"""The outcome of `capacity`: a row of numbers for each zone, and whether everything fits.

The counts are those of `tke.capacity`; this module writes nothing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

from pulumi_tke_hybrid.cli.process import ExitCode, FailOn, several
from pulumi_tke_hybrid.tke import capacity
from pulumi_tke_hybrid.tke.cluster import ClusterInventory, Zone
from pulumi_tke_hybrid.tke.enis import EniLimit, LimitSource
from pulumi_tke_hybrid.tke.objects import unknown

PERIODS = ("day", "week", "month")
_BAR = 20
"""Signs of a bar."""


def _bar(used: int, size: int) -> str:
    """The used part of a zone as a bar. A bar is empty, or full, only if the zone is."""
    if size <= 0:
        return "-" * _BAR
    filled = min(max(used, 0), size) * _BAR // size
    filled = max(filled, 1) if used > 0 else 0
    return "#" * filled + "." * (_BAR - filled)


@dataclass(frozen=True)
class Growth:
    """ENI pods that are added in each period, over all zones."""

    pods: int
    period: str = "week"


@dataclass(frozen=True)
class ZoneRow:
    """The numbers of one zone after the change."""

    zone: str
    subnets: tuple[str, ...]
    """Ranges, with the ids of the subnets that exist."""
    size: int
    used: int
    counted: bool
    """Whether the cloud counted `used`; else `used` is the number that nodes and pods will take."""
    nodes: int
    most_nodes: int
    nodes_fit: int | None
    """Greatest number of nodes with one full ENI each; None: no node's type is known."""
    types_known: bool
    """Whether each node's type is known; else `pods_fit` is too small, and `used` may be."""
    about: bool
    """Whether `nodes` is the even share of a pool that lies in several zones."""
    by_table: bool
    """Whether an ENI limit comes from the vendor's table, not from the API or the node."""
    pods: int
    pods_fit: int
    """Greatest number of ENI pods on the nodes; the certain number where a range or a type is not known."""
    pods_fit_on_most: int
    """The same number with all nodes that the autoscaler may make."""
    lacking: int
    """Pods that certainly have no place, with all nodes that the autoscaler may make."""
    uncertain: bool
    """Whether some of the pods may have no place: a range, a type of a node or `cluster_max_pod_num` is not
    known."""
    ranges_known: bool
    """Whether the range of each container subnet is known."""
    change: int | None
    """Free addresses that the change takes, negative where the change frees addresses; None: no change was
    given."""
    periods: int | None
    """After how many periods of the growth no further pod fits; None: never, no growth was given, or the
    nodes are not known."""

    @property
    def free(self) -> int:
        """Free addresses; negative: missing addresses."""
        return self.size - self.used

    @property
    def used_text(self) -> str:
        """The used part of the zone as a bar and as numbers."""
        return f"{_bar(self.used, self.size)} {'' if self.counted else '~'}{self.used}/{self.size}"

    @property
    def nodes_text(self) -> str:
        """The number of nodes, or the least and the greatest number."""
        number = str(self.nodes) if self.most_nodes == self.nodes else f"{self.nodes} to {self.most_nodes}"
        return f"about {number}" if self.about else number

    @property
    def change_text(self) -> str:
        """The free addresses, and what the change adds to them."""
        if self.change is None:
            return "?"
        return f"{self.free} ({-self.change:+d})" if self.change else f"{self.free} (as now)"

    @property
    def bound(self) -> str:
        """The bound that the pods reach first."""
        nodes_are_full = self.pods_fit_on_most == self.pods_fit and self.free > self.pods_fit - self.pods
        return "nodes" if nodes_are_full else "addresses"


def zone_rows(
    after: ClusterInventory, before: ClusterInventory | None = None, growth: Growth | None = None
) -> list[ZoneRow]:
    """A row for each zone in the order of the cluster, then the zones that the change removes, then the zones
    that only pods are bound to."""
    possible, certain = (capacity.place(after, most=True, surely=surely) for surely in (False, True))
    zones = [*after.zones, *(before.zones if before else ())]
    names = dict.fromkeys([*(zone.name for zone in zones), *possible.pods])
    previous = None if before is None else _Before(before, capacity.pods_by_zone(before))
    return [_row(name, after, previous, growth, len(names), possible, certain) for name in names]


@dataclass(frozen=True)
class _Before:
    """The cluster before the change, with its ENI pods by zone."""

    cluster: ClusterInventory
    pods: Mapping[str, int]

    def taken(self, name: str) -> int:
        """Addresses that nodes and pods took before the change."""
        return capacity.taken(self.cluster, self.cluster.zone(name), self.pods.get(name, 0))

    def free(self, name: str) -> int:
        """Free addresses before the change."""
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
) -> ZoneRow:
    zone = after.zone(name)
    pods = possible.pods.get(name, 0) if zone.pods is None else zone.pods
    used, counted = _used(after, zone, pods, before)
    limits = {limit for nodes in zone.nodes if nodes.greatest and (limit := after.limit(nodes))}
    largest = EniLimit(1, max(limit.pods_per_eni for limit in limits)) if limits else None
    types_known = after.types_known(zone)
    sizes = [subnet.size or 0 for subnet in zone.subnets]
    surely = not (after.has_nodes and types_known and zone.ranges_known)
    fit = capacity.room(after, zone, surely=surely)
    share = -(-growth.pods // max(zones, 1)) if growth else 0
    return ZoneRow(
        zone=name,
        subnets=tuple(f"{subnet.cidr or '?'} ({subnet.subnet_id or 'new'})" for subnet in zone.subnets),
        size=zone.size,
        used=used,
        counted=counted,
        nodes=sum(nodes.number for nodes in zone.nodes),
        most_nodes=sum(nodes.greatest for nodes in zone.nodes),
        nodes_fit=capacity.nodes_that_fit(sizes, largest) if largest else None,
        types_known=types_known,
        about=any(nodes.about for nodes in zone.nodes),
        by_table=any(limit.source is LimitSource.TABLE for limit in limits),
        pods=pods,
        pods_fit=fit,
        pods_fit_on_most=capacity.room(after, zone, most=True, surely=surely),
        lacking=_lacking(after, zone, pods, possible, surely=False),
        uncertain=_lacking(after, zone, pods, certain, surely=True) > 0,
        ranges_known=zone.ranges_known,
        change=None if before is None else before.free(name) - (zone.size - used),
        periods=capacity.periods_until_full(fit - pods, share) if limits and types_known else None,
    )


def _lacking(
    after: ClusterInventory, zone: Zone, pods: int, placed: capacity.Placement, *, surely: bool
) -> int:
    if zone.pods is None:
        return placed.lacking.get(zone.name, 0)
    return max(pods - capacity.room(after, zone, most=True, surely=surely), 0)


def _used(after: ClusterInventory, zone: Zone, pods: int, before: _Before | None) -> tuple[int, bool]:
    """(addresses in use after the change, whether the cloud counted them). A change adds the addresses of its
    nodes and pods to the counted number."""
    read = [subnet.used for subnet in zone.subnets]
    taken = capacity.taken(after, zone, pods)
    if not zone.subnets or all(used is None for used in read):
        return taken, False
    counted = sum(used for used in read if used is not None)
    return (counted, True) if before is None else (max(counted + taken - before.taken(zone.name), 0), True)


_HEADLINES = {
    ExitCode.FINE: "everything fits",
    ExitCode.NOT_FINE: "not everything fits, or too few addresses stay free",
    ExitCode.COULD_NOT_TELL: "could not tell whether everything fits",
}
_NOTES: Sequence[tuple[Callable[[ZoneRow], bool], str]] = (
    (lambda row: not row.counted, "~ not counted by the cloud: addresses that nodes and pods will take"),
    (lambda row: row.by_table, "* by the vendor's table of ENI limits, not by the API or the nodes"),
    (lambda row: row.about, "about: nodes of a pool in several zones, divided evenly"),
)


class Fit(Enum):
    """Verdict on a zone, the worst first."""

    FULL = "full"
    """The zone has too few addresses, or no container subnet, for its nodes or pods."""
    COULD_NOT_TELL = "could not tell"
    """A range, the type of a node or `cluster_max_pod_num` is not known."""
    TIGHT = "tight"
    """Everything fits, and less than `--reserve` is left."""
    FILLS_UP = "fills up"
    """Everything fits, and not even one further period of `--growth` does."""
    FITS = "fits"


@dataclass(frozen=True)
class Outcome:
    """A cluster after a change, with the options of the judgement."""

    after: ClusterInventory
    before: ClusterInventory | None = None
    """The cluster before the change; None: no change was given."""
    growth: Growth | None = None
    reserve: int = 0
    """Per cent of each zone's addresses that must stay free."""
    fail_on: FailOn = FailOn.ERROR

    @cached_property
    def rows(self) -> list[ZoneRow]:
        """A row for each zone."""
        return zone_rows(self.after, self.before, self.growth)

    def verdict(self, row: ZoneRow) -> Fit:
        """The verdict on one zone."""
        if row.most_nodes and not row.subnets:
            return Fit.FULL
        if row.lacking or (row.ranges_known and row.free < 0):
            return Fit.FULL
        if row.uncertain or not row.ranges_known or (row.most_nodes and not row.types_known):
            return Fit.COULD_NOT_TELL
        if row.free * 100 < row.size * self.reserve:
            return Fit.TIGHT
        return Fit.FILLS_UP if self.growth and row.periods == 0 else Fit.FITS

    @property
    def unknowns(self) -> Sequence[str]:
        """A sentence for each value that is not known."""
        unknown_types = [
            _unknown_type(nodes.instance_type, zone.name)
            for zone in self.after.zones
            for nodes in zone.nodes
            if nodes.greatest and self.after.limit(nodes) is None
        ]
        found = [*self.after.unknowns, *dict.fromkeys(unknown_types)]
        uncertain = any(row.uncertain and row.types_known for row in self.rows)
        if found or self.after.pods_per_node is not None or not uncertain:
            return found
        return [f"cluster_max_pod_num of {self.after.cluster}, which bounds the pods of a node, is not known"]

    @property
    def exit_code(self) -> ExitCode:
        """The exit code of the worst zone. Less free than `--reserve` is not fine."""
        found = {self.verdict(row) for row in self.rows}
        if found & {Fit.FULL, Fit.TIGHT} or (Fit.FILLS_UP in found and self.fail_on.warnings_count):
            return ExitCode.NOT_FINE
        return ExitCode.COULD_NOT_TELL if self.unknowns or Fit.COULD_NOT_TELL in found else ExitCode.FINE

    @property
    def headline(self) -> str:
        """One line: the cluster, and whether everything fits."""
        return f"{self.after.cluster}: {_HEADLINES[self.exit_code]}"

    @property
    def notes(self) -> list[str]:
        """The meaning of each mark in the table."""
        return [note for applies, note in _NOTES if any(map(applies, self.rows))]

    def sentence(self, row: ZoneRow) -> str:
        """The verdict on one zone in words."""
        if not row.subnets and (row.most_nodes or row.lacking):
            return "no container subnet: no ENI pod can run here"
        if row.ranges_known and row.free < 0:
            return f"{-row.free} addresses are missing"
        if row.lacking:
            return f"{several(row.lacking, 'pod')} {'does' if row.lacking == 1 else 'do'} not fit"
        if not row.ranges_known:
            return "the range of a subnet is not known"
        if row.most_nodes and not row.types_known:
            return "the type of a node is not known"
        if row.uncertain:
            return "not certain that all pods fit"
        if self.verdict(row) is Fit.TIGHT:
            return f"less than {self.reserve} % free"
        if self.growth is None or row.periods is None:
            return "fits" if row.pods <= row.pods_fit else "fits when the autoscaler has made more nodes"
        return f"full in {several(row.periods, self.growth.period)}" if row.periods else "full now"


def _unknown_type(instance_type: str, zone: str) -> str:
    """Why the ENI limit of a node is not known. The engine's text for an unknown value is not shown."""
    if unknown(instance_type):
        return f"a node in {zone} has a type that is not known yet"
    return f"{instance_type or 'a node without type'} in {zone} is not in the table of ENI limits"
