"""The count of addresses: how many ENI pods fit on the nodes and in the container subnets of a cluster.

The rules of a preview, `tke-hybrid capacity` and its proposals use this count; no other module counts.

An ENI lies in one container subnet and takes one address of the subnet. A pod gets an address of its node's
ENIs. When the ENIs are full, the node gets another ENI in the subnet with most free addresses, up to the
limit of the instance type. The kubelet allows `cluster_max_pod_num` less three pods on a node (TKE container
network overview, qcloud-documents).
"""

import heapq
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

from pulumi_tke_hybrid.tke import cidrs
from pulumi_tke_hybrid.tke.cluster import ClusterInventory, Demand, Zone
from pulumi_tke_hybrid.tke.enis import EniLimit

WARM_ADDRESSES = 5
"""Addresses that a node without static IPs reserves in advance (457, VPC-CNI shared ENI)."""
UNBOUNDED = 1 << 30
"""More pods than any cluster has: stands for a range or a limit that is not known."""


@dataclass(frozen=True)
class Filled:
    """The result of placing pods in a zone."""

    pods: int
    """Pods that got an address."""
    addresses: int
    """Addresses of these pods and of the ENIs, and the reserved addresses of the nodes."""


@cache
def filled(
    free: tuple[int, ...], nodes: tuple[EniLimit, ...], static_ip: bool = True, wanted: int = UNBOUNDED
) -> Filled:
    """Place up to `wanted` ENI pods evenly on the nodes of a zone. `free`: free addresses by subnet."""
    left = after_taking(free, 0 if static_ip else WARM_ADDRESSES * len(nodes))
    live = [_Node(limit) for limit in nodes]
    for node in live:
        node.attach_eni(left, least=1)
    # The node with the fewest pods first, as the scheduler spreads pods.
    waiting = [(0, index) for index in range(len(live))]
    placed = 0
    while waiting and placed < wanted:
        _, index = heapq.heappop(waiting)
        if live[index].place_pod(left):
            placed += 1
            heapq.heappush(waiting, (live[index].pods, index))
    return Filled(placed, sum(max(addresses, 0) for addresses in free) - sum(left))


def pods_that_fit(free: tuple[int, ...], nodes: tuple[EniLimit, ...], static_ip: bool = True) -> int:
    """Greatest number of ENI pods in a zone, spread evenly over the nodes."""
    return filled(free, nodes, static_ip).pods


def addresses_needed(pods: int, nodes: tuple[EniLimit, ...]) -> int:
    """Addresses of the pods and of the nodes' ENIs in a subnet of unlimited size. Pods that the nodes cannot
    hold do not count."""
    return filled((UNBOUNDED,), nodes, True, pods).addresses


def nodes_that_fit(free: Iterable[int], limit: EniLimit) -> int:
    """Greatest number of nodes of a type with one full ENI each (the vendor's own soft limit)."""
    return sum(addresses // (limit.pods_per_eni + 1) for addresses in free)


def periods_until_full(room: int, growth: int) -> int | None:
    """Number of periods of this growth until the room is full; None: never."""
    return None if growth <= 0 else max(room, 0) // growth


def node_limits(
    cluster: ClusterInventory, zone: Zone, *, most: bool = False, surely: bool = False
) -> tuple[EniLimit, ...]:
    """The limit of each node of a zone. `most`: with all nodes that the autoscalers may make.

    For a type or `cluster_max_pod_num` that is not known: the smallest limit if `surely`, else the largest.
    """
    found: list[EniLimit] = []
    for nodes in zone.nodes:
        limit = cluster.limit(nodes) or (EniLimit(1, 1).at_most(0) if surely else EniLimit(1, UNBOUNDED))
        if nodes.limit is None:
            limit = limit.at_most(_kubelet(cluster, surely))
        found += [limit] * (nodes.greatest if most else nodes.number)
    if zone.more_nodes and not surely:
        found.append(EniLimit(1, UNBOUNDED))
    return tuple(found)


def _kubelet(cluster: ClusterInventory, surely: bool) -> int:
    """Bound of the pods of all networks on one node."""
    if cluster.pods_per_node is not None:
        return max(cluster.pods_per_node - cidrs.RESERVED_PER_NODE, 0)
    return cidrs.PODS_PER_NODE[0] - cidrs.RESERVED_PER_NODE if surely else UNBOUNDED


def room(
    cluster: ClusterInventory,
    zone: Zone,
    subnets: frozenset[str] = frozenset(),
    *,
    most: bool = False,
    surely: bool = False,
) -> int:
    """Greatest number of ENI pods of the zone in these container subnets (empty: all), without the addresses
    that others hold.

    Where a value is not known: the smallest possible number if `surely`, else the largest possible number.
    """
    listed = [subnet for subnet in zone.subnets if not subnets or subnet.subnet_id in subnets]
    if not listed:
        return 0
    if any(subnet.size is None for subnet in listed) and not surely:
        return UNBOUNDED
    free = tuple(after_taking([subnet.size or 0 for subnet in listed], zone.others))
    if not cluster.has_nodes:
        return 0 if surely else sum(free)
    return pods_that_fit(free, node_limits(cluster, zone, most=most, surely=surely), cluster.static_ip)


def taken(cluster: ClusterInventory, zone: Zone, pods: int) -> int:
    """Addresses that the zone's nodes and this number of pods take; an estimate if a type of a node is not
    known.

    Nodes that the autoscalers may make count only if the pods need them.
    """
    if not cluster.types_known(zone):
        return pods + len(node_limits(cluster, zone))
    there = tuple(after_taking([subnet.size or 0 for subnet in zone.subnets], zone.others))
    done = Filled(0, 0)
    # A zone that is nearly full has fewer ENIs; the second round counts the pods that do not fit with
    # unlimited addresses.
    for free in (there, (UNBOUNDED,)):
        for most in (False, True):
            done = filled(free, node_limits(cluster, zone, most=most), cluster.static_ip, pods)
            if done.pods == pods:
                return done.addresses
    return done.addresses + pods - done.pods


def with_others(cluster: ClusterInventory, read: ClusterInventory) -> ClusterInventory:
    """The cluster with the addresses that others hold: the used addresses of `read` without those of the
    nodes and pods of `read`."""
    pods = pods_by_zone(read)
    zones: list[Zone] = []
    for zone in cluster.zones:
        used = [subnet.used for subnet in zone.subnets if subnet.used is not None]
        own = taken(read, read.zone(zone.name), pods.get(zone.name, 0)) if used else 0
        zones.append(replace(zone, others=max(sum(used) - own, 0)))
    return replace(cluster, zones=tuple(zones))


def pods_by_zone(cluster: ClusterInventory) -> dict[str, int]:
    """ENI pods by zone: the counted pods, else the placed demands."""
    counted = {zone.name: zone.pods for zone in cluster.zones if zone.pods is not None}
    return {**place(cluster, most=True).pods, **counted}


@dataclass(frozen=True)
class Placement:
    """The zones of a cluster's ENI pods."""

    pods: Mapping[str, int]
    """By zone, including the pods without a place."""
    lacking: Mapping[str, int]
    """Pods without a place, by zone."""
    demands: Mapping[str, int]
    """Pods without a place, by workload."""

    @property
    def fits(self) -> bool:
        """Whether each pod has a place."""
        return not any(self.lacking.values())


def place(cluster: ClusterInventory, *, most: bool = False, surely: bool = False) -> Placement:
    """Place the demands of a cluster evenly over the zones with room, as the scheduler does by default and
    for the components.

    Demands that are bound to subnets or zones come first. Pods without a place are divided evenly over the
    zones that the demand allows.
    """
    pods, lacking, demands = Counter[str](), Counter[str](), Counter[str]()
    bound = Counter[tuple[str, frozenset[str]]]()
    for demand in sorted(
        cluster.demands, key=lambda demand: (not demand.on_each_node, not (demand.subnets or demand.zones))
    ):
        zones = _zones_for(cluster, demand)
        rooms: dict[str, int] = {}
        for zone in zones:
            whole = room(cluster, zone, most=most, surely=surely) - pods[zone.name]
            part = room(cluster, zone, demand.subnets, most=most, surely=surely)
            rooms[zone.name] = max(min(whole, part - bound[zone.name, demand.subnets]), 0)
        if demand.on_each_node:
            given, left = {zone.name: len(node_limits(cluster, zone, most=most)) for zone in zones}, 0
        else:
            given = even(demand.pods, rooms, pods)
            left = demand.pods - sum(given.values())
        short = even(left, dict.fromkeys(rooms or sorted(demand.zones) or [""], UNBOUNDED), lacking)
        for name, number in given.items():
            over = max(number - rooms[name], 0)
            pods[name] += number
            bound[name, demand.subnets] += number
            short[name] = short.get(name, 0) + over
        for name, number in short.items():
            pods[name] += number if not demand.on_each_node else 0
            lacking[name] += number
            demands[demand.name] += number
    return Placement(pods, +lacking, +demands)


@dataclass(frozen=True)
class Room:
    """Greatest number of ENI pods of a cluster, with all nodes that the autoscalers may make."""

    pods: int
    """The largest possible number."""
    surely: int
    """The certain number: smaller than `pods` if a value is not known."""
    by_nodes: bool
    """The nodes are the bound, not the addresses."""
    unknown: str
    """The key of `cluster_facts` whose value is missing; empty if every value is known."""


def room_of(cluster: ClusterInventory, subnets: frozenset[str] = frozenset()) -> Room:
    """The room for a workload that is bound to these container subnets (empty: to none)."""
    most, least = (
        min(sum(room(cluster, zone, subnets, most=True, surely=surely) for zone in cluster.zones), UNBOUNDED)
        for surely in (False, True)
    )
    nodes = sum(limit.pods for zone in cluster.zones for limit in node_limits(cluster, zone, most=True))
    unknown = "" if most == least or not cluster.has_nodes else _unknown_fact(cluster)
    return Room(most, least, by_nodes=0 < nodes <= most, unknown=unknown)


def _unknown_fact(cluster: ClusterInventory) -> str:
    if not all(zone.ranges_known for zone in cluster.zones):
        return "cluster_facts.zones[…].cidrBlock"
    if not all(map(cluster.types_known, cluster.zones)):
        return "cluster_facts.nodePools[…].instanceType"
    return "cluster_facts.podsPerNode"


def even(wanted: int, rooms: Mapping[str, int], before: Mapping[str, int]) -> dict[str, int]:
    """Divide `wanted` as evenly as the rooms allow; the remainder goes to the names with the least before."""
    given = dict.fromkeys(rooms, 0)
    while wanted > 0 and (open_ := [name for name in rooms if given[name] < rooms[name]]):
        each = min(wanted // len(open_), *(rooms[name] - given[name] for name in open_))
        if each == 0:
            for name in sorted(open_, key=lambda name: before.get(name, 0))[:wanted]:
                given[name] += 1
            break
        for name in open_:
            given[name] += each
        wanted -= each * len(open_)
    return given


def _zones_for(cluster: ClusterInventory, demand: Demand) -> list[Zone]:
    """The zones in which pods of the demand can run."""
    allowed = [
        zone
        for zone in cluster.zones
        if (not demand.zones or zone.name in demand.zones)
        and (not demand.subnets or any(subnet.subnet_id in demand.subnets for subnet in zone.subnets))
    ]
    serving = [zone for zone in allowed if zone.subnets and (not cluster.has_nodes or zone.has_nodes)]
    return serving or allowed


@dataclass
class _Eni:
    subnet: int
    room: int


@dataclass
class _Node:
    limit: EniLimit
    pods: int = 0
    enis: list[_Eni] = field(default_factory=list[_Eni])

    def place_pod(self, free: list[int]) -> bool:
        if self.pods >= self.limit.pods:
            return False
        eni = next((eni for eni in self.enis if eni.room and free[eni.subnet]), None)
        if eni is None and not self.attach_eni(free, least=2):
            return False
        eni = eni or self.enis[-1]
        eni.room -= 1
        free[eni.subnet] -= 1
        self.pods += 1
        return True

    def attach_eni(self, free: list[int], least: int) -> bool:
        subnet = max(range(len(free)), key=free.__getitem__, default=None)
        if subnet is None or free[subnet] < least or len(self.enis) == self.limit.enis:
            return False
        free[subnet] -= 1
        self.enis.append(_Eni(subnet, self.limit.pods_per_eni))
        return True


def after_taking(free: Sequence[int], taken: int) -> list[int]:
    """The free addresses after `taken` addresses are taken, each from the subnet with most."""
    left = [max(addresses, 0) for addresses in free]
    rest = min(taken, sum(left))
    low, high = 0, max(left, default=0)
    while low < high:  # the level to which the largest subnets fall: a range may have thousands of millions
        level = (low + high) // 2
        low, high = (low, level) if _above(left, level) <= rest else (level + 1, high)
    rest -= _above(left, low)
    for index, addresses in enumerate(left):
        left[index] = min(addresses, low)
        if rest and left[index] == low:
            left[index] -= 1
            rest -= 1
    return left


def _above(free: Sequence[int], level: int) -> int:
    return sum(max(addresses - level, 0) for addresses in free)
