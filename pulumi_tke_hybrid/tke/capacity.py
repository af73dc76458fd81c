"""How many ENI pods fit: the one count of addresses, for the rules of a preview, `tke-hybrid capacity` and
its proposals.

An ENI lies in one container subnet and takes one address of it for itself. A pod gets an address of its
node's ENIs; when they
are full, the node gets another ENI in the subnet with most free addresses, up to the limit of its instance
type. A node takes
no more pods than its kubelet allows: `cluster_max_pod_num` less three (TKE container network overview,
qcloud-documents).
"""

import heapq
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

from pulumi_tke_hybrid.tke.cluster import ClusterInventory, Demand, Zone
from pulumi_tke_hybrid.tke.enis import EniLimit

WARM_ADDRESSES = 5
"""Addresses that a node without static IPs keeps ready, so that no other node can have them (457, VPC-CNI
shared ENI)."""
NO_PODS_OVERLAY = 3
"""Overlay addresses of a node that no pod gets: network, broadcast, cbr0."""
LEAST_PODS_PER_NODE = 16
"""The smallest `cluster_max_pod_num` that the API documents (ClusterCIDRSettings.MaxNodePodNum, 16 to
256)."""
UNBOUNDED = 1 << 30
"""More pods than any cluster has: the room where a range or a limit is not known and the largest answer is
wanted."""


@dataclass(frozen=True)
class Filled:
    """A zone in which pods were placed."""

    pods: int
    """Pods that got an address."""
    addresses: int
    """Addresses of these pods, of the ENIs, and those that nodes keep ready."""


@cache
def filled(
    free: tuple[int, ...], nodes: tuple[EniLimit, ...], static_ip: bool = True, wanted: int = UNBOUNDED
) -> Filled:
    """Place up to `wanted` ENI pods in a zone, spread evenly over its nodes; `free` addresses are left in
    each subnet."""
    return _Filling(free, nodes, static_ip).fill(wanted)


def pods_that_fit(free: tuple[int, ...], nodes: tuple[EniLimit, ...], static_ip: bool = True) -> int:
    """ENI pods that get an address in a zone, spread evenly over its nodes."""
    return filled(free, nodes, static_ip).pods


def addresses_needed(pods: int, nodes: tuple[EniLimit, ...]) -> int:
    """Addresses that the pods and the ENIs of the nodes take in a subnet that has enough. Pods that the nodes
    do not take are left out."""
    return filled((UNBOUNDED,), nodes, True, pods).addresses


def nodes_that_fit(free: Iterable[int], limit: EniLimit) -> int:
    """Nodes of a type that a zone can take so that each can have one full ENI (the vendor's own soft
    limit)."""
    return sum(addresses // (limit.pods_per_eni + 1) for addresses in free)


def pods_of_nodes(nodes: Iterable[EniLimit]) -> int:
    """ENI pods that the nodes take, whatever the subnets have."""
    return sum(limit.pods for limit in nodes)


def periods_until_full(room: int, growth: int) -> int | None:
    """After how many periods of that growth there is no room left; None: never."""
    return None if growth <= 0 else max(room, 0) // growth


def node_limits(
    cluster: ClusterInventory, zone: Zone, *, most: bool = False, surely: bool = False
) -> tuple[EniLimit, ...]:
    """The limit of each node of a zone. `most`: with all nodes that the autoscalers may make.

    Where a type or `cluster_max_pod_num` is not known: the smallest limit if `surely`, else the largest.
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
    """Pods of all networks on one node."""
    if cluster.pods_per_node is not None:
        return max(cluster.pods_per_node - NO_PODS_OVERLAY, 0)
    return LEAST_PODS_PER_NODE - NO_PODS_OVERLAY if surely else UNBOUNDED


def room(
    cluster: ClusterInventory,
    zone: Zone,
    subnets: frozenset[str] = frozenset(),
    *,
    most: bool = False,
    surely: bool = False,
) -> int:
    """ENI pods that the zone holds in these container subnets (empty: all), with what others hold taken off.

    With `surely` the least that is certain, else the most that is possible where something is not known.
    """
    listed = [subnet for subnet in zone.subnets if not subnets or subnet.subnet_id in subnets]
    if not listed:
        return 0
    if any(subnet.size is None for subnet in listed) and not surely:
        return UNBOUNDED
    free = tuple(_less([subnet.size or 0 for subnet in listed], zone.others))
    if not cluster.has_nodes:
        return 0 if surely else sum(free)
    return pods_that_fit(free, node_limits(cluster, zone, most=most, surely=surely), cluster.static_ip)


def taken(cluster: ClusterInventory, zone: Zone, pods: int) -> int:
    """Addresses that the zone's nodes and so many of its pods take, as far as the types of the nodes are
    known.

    Counted with the nodes that the autoscalers may make only where the pods need them.
    """
    if not cluster.types_known(zone):
        return pods + len(node_limits(cluster, zone))
    there = tuple(_less([subnet.size or 0 for subnet in zone.subnets], zone.others))
    done = Filled(0, 0)
    # In a zone that is nearly full pods crowd on the ENIs that are there: what does not fit so is counted
    # with an address for each.
    for free in (there, (UNBOUNDED,)):
        for most in (False, True):
            done = filled(free, node_limits(cluster, zone, most=most), cluster.static_ip, pods)
            if done.pods == pods:
                return done.addresses
    return done.addresses + pods - done.pods


def with_others(cluster: ClusterInventory, read: ClusterInventory) -> ClusterInventory:
    """The cluster with the addresses that others hold: what was used when `read` was read, less what nodes
    and pods of `read` take."""
    there = pods_by_zone(read)
    return replace(
        cluster, zones=tuple(replace(zone, others=_others(zone, read, there)) for zone in cluster.zones)
    )


def _others(zone: Zone, read: ClusterInventory, pods: Mapping[str, int]) -> int:
    used = [subnet.used for subnet in zone.subnets if subnet.used is not None]
    return max(sum(used) - taken(read, read.zone(zone.name), pods.get(zone.name, 0)), 0) if used else 0


def pods_by_zone(cluster: ClusterInventory) -> dict[str, int]:
    """ENI pods by zone: those that were counted there, else those that the demands put there."""
    counted = {zone.name: zone.pods for zone in cluster.zones if zone.pods is not None}
    return {**place(cluster, most=True).pods, **counted}


@dataclass(frozen=True)
class Placement:
    """Where the ENI pods of a cluster run."""

    pods: Mapping[str, int]
    """By zone, with the pods that lack a place there."""
    lacking: Mapping[str, int]
    """By zone: pods without a place."""
    demands: Mapping[str, int]
    """By workload: pods without a place."""

    @property
    def fits(self) -> bool:
        """Whether each pod has a place."""
        return not any(self.lacking.values())


def place(cluster: ClusterInventory, *, most: bool = False, surely: bool = False) -> Placement:
    """Place the demands of a cluster: evenly over the zones that have room, as the scheduler does by default
    and for the components.

    Demands that are bound to few places come first. Pods without a place are shared out evenly over the zones
    that they may be in.
    """
    pods, lacking, demands = Counter[str](), Counter[str](), Counter[str]()
    bound = Counter[tuple[str, frozenset[str]]]()
    for demand in sorted(cluster.demands, key=_freedom):
        zones = _zones_for(cluster, demand)
        rooms: dict[str, int] = {}
        for zone in zones:
            whole = room(cluster, zone, most=most, surely=surely) - pods[zone.name]
            part = (
                room(cluster, zone, demand.subnets, most=most, surely=surely)
                - bound[zone.name, demand.subnets]
            )
            rooms[zone.name] = max(min(whole, part), 0)
        given = _each_node(cluster, zones, most) if demand.on_each_node else even(demand.pods, rooms, pods)
        left = 0 if demand.on_each_node else demand.pods - sum(given.values())
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
    """How many ENI pods a whole cluster holds, on all nodes that there can be."""

    pods: int
    """The most that is possible."""
    surely: int
    """The most that is certain: less than `pods` where something is not known."""
    by_nodes: bool
    """The nodes end it, not the addresses."""
    unknown: str
    """The key of `cluster_facts` whose value is missing; empty where all is known."""


def room_of(cluster: ClusterInventory, subnets: frozenset[str] = frozenset()) -> Room:
    """The room for one workload that is bound to these container subnets (empty: to none)."""
    most, least = (
        min(sum(room(cluster, zone, subnets, most=True, surely=surely) for zone in cluster.zones), UNBOUNDED)
        for surely in (False, True)
    )
    nodes = sum(pods_of_nodes(node_limits(cluster, zone, most=True)) for zone in cluster.zones)
    unknown = "" if most == least or not cluster.has_nodes else _unknown_fact(cluster)
    return Room(most, least, by_nodes=0 < nodes <= most, unknown=unknown)


def _unknown_fact(cluster: ClusterInventory) -> str:
    if not all(zone.ranges_known for zone in cluster.zones):
        return "cluster_facts.zones[…].cidrBlock"
    return (
        "cluster_facts.podsPerNode"
        if all(map(cluster.types_known, cluster.zones))
        else "cluster_facts.nodePools[…].instanceType"
    )


def even(wanted: int, rooms: Mapping[str, int], before: Mapping[str, int]) -> dict[str, int]:
    """Share `wanted` out as evenly as the rooms allow; what is left over goes where least was before."""
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


def _freedom(demand: Demand) -> tuple[bool, bool]:
    """Demands in the order in which they are placed: first those that have no choice."""
    return not demand.on_each_node, not (demand.subnets or demand.zones)


def _zones_for(cluster: ClusterInventory, demand: Demand) -> list[Zone]:
    """The zones in which pods of the demand can run."""
    allowed = [zone for zone in cluster.zones if not demand.zones or zone.name in demand.zones]
    if demand.subnets:
        allowed = [
            zone for zone in allowed if any(subnet.subnet_id in demand.subnets for subnet in zone.subnets)
        ]
    serving = [zone for zone in allowed if zone.subnets and (not cluster.has_nodes or zone.has_nodes)]
    return serving or allowed


def _each_node(cluster: ClusterInventory, zones: Sequence[Zone], most: bool) -> dict[str, int]:
    return {zone.name: len(node_limits(cluster, zone, most=most)) for zone in zones}


@dataclass
class _Eni:
    subnet: int
    room: int


@dataclass
class _Node:
    limit: EniLimit
    pods: int = 0
    enis: list[_Eni] = field(default_factory=list[_Eni])


class _Filling:
    """Pods put on nodes, one by one."""

    def __init__(self, free: Sequence[int], nodes: Sequence[EniLimit], static_ip: bool) -> None:
        self._free = _less(free, 0 if static_ip else WARM_ADDRESSES * len(nodes))
        self._all = sum(max(addresses, 0) for addresses in free)
        self._nodes = [_Node(limit) for limit in nodes]

    def fill(self, wanted: int) -> Filled:
        for node in self._nodes:
            self._attach(node, least=1)
        # The emptiest node first, as the scheduler spreads them.
        waiting = [(0, index) for index in range(len(self._nodes))]
        placed = 0
        while waiting and placed < wanted:
            _, index = heapq.heappop(waiting)
            if self._place(self._nodes[index]):
                placed += 1
                heapq.heappush(waiting, (self._nodes[index].pods, index))
        return Filled(placed, self._all - sum(self._free))

    def _place(self, node: _Node) -> bool:
        if node.pods >= node.limit.pods:
            return False
        eni = next((eni for eni in node.enis if eni.room and self._free[eni.subnet]), None)
        if eni is None and not self._attach(node, least=2):
            return False
        eni = eni or node.enis[-1]
        eni.room -= 1
        self._free[eni.subnet] -= 1
        node.pods += 1
        return True

    def _attach(self, node: _Node, least: int) -> bool:
        subnet = max(range(len(self._free)), key=self._free.__getitem__, default=None)
        if subnet is None or self._free[subnet] < least or len(node.enis) == node.limit.enis:
            return False
        self._free[subnet] -= 1
        node.enis.append(_Eni(subnet, node.limit.pods_per_eni))
        return True


def _less(free: Sequence[int], taken: int) -> list[int]:
    """The free addresses without `taken` of them, each time from the subnet with most."""
    left = [max(addresses, 0) for addresses in free]
    for _ in range(min(taken, sum(left))):
        left[left.index(max(left))] -= 1
    return left
