"""One model of a cluster for every count of addresses: zones, container subnets, nodes, and the ENI pods that
want an address.

What a program, a preview or a stack plans for a cluster, as far as it is known: what the rules look at."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pulumi_tke_hybrid.tke import cidrs
from pulumi_tke_hybrid.tke.enis import EniLimit, eni_limit


@dataclass(frozen=True)
class Subnet:
    """A container subnet."""

    cidr: str | None
    """Its range; None while the range is not known."""
    subnet_id: str = ""
    """Empty while the subnet does not exist."""
    used: int | None = None
    """Addresses in use when the subnet was last read; None: not read."""

    @property
    def size(self) -> int | None:
        """Addresses that ENIs and pods can have; None while the range is not known."""
        return None if self.cidr is None else cidrs.usable_addresses(self.cidr)


@dataclass(frozen=True)
class Nodes:
    """Nodes of one type in one zone that get ENIs."""

    instance_type: str
    number: int
    most: int | None = None
    """How many nodes the autoscaler may make; None without autoscaler."""
    limit: EniLimit | None = None
    """What one node takes by its own live object; None: by its type, and by the cluster's
    `cluster_max_pod_num`."""
    about: bool = False
    """`number` is a share of a pool that lies in several zones, worked out and not counted."""

    @property
    def greatest(self) -> int:
        """How many nodes there can be."""
        return max(self.number, self.most or 0)


@dataclass(frozen=True)
class Zone:
    """One zone of a cluster."""

    name: str
    subnets: tuple[Subnet, ...] = ()
    nodes: tuple[Nodes, ...] = ()
    pods: int | None = None
    """ENI pods that run in the zone; None: not counted."""
    more_nodes: bool = False
    """There are, or may be, further nodes whose number or type is not known."""
    others: int = 0
    """Addresses of the container subnets that neither the cluster's nodes nor its ENI pods hold."""

    @property
    def size(self) -> int:
        """Addresses of all container subnets whose range is known."""
        return sum(subnet.size or 0 for subnet in self.subnets)

    @property
    def has_nodes(self) -> bool:
        """Whether there are nodes, or may be."""
        return self.more_nodes or any(nodes.greatest for nodes in self.nodes)

    @property
    def ranges_known(self) -> bool:
        """Whether the range of each container subnet is known."""
        return all(subnet.cidr is not None for subnet in self.subnets)


@dataclass(frozen=True)
class Demand:
    """ENI pods of one workload, with the pods that a rollout adds."""

    name: str
    pods: int = 0
    on_each_node: bool = False
    """A DaemonSet: one pod on each node, whatever `pods` is."""
    subnets: frozenset[str] = frozenset()
    """Ids of the container subnets that the pods are bound to; empty: all."""
    zones: frozenset[str] = frozenset()
    """Zones that the pods are bound to; empty: all."""


@dataclass(frozen=True)
class ClusterInventory:
    """One cluster, as a preview, a stack, a cluster's facts or the cluster itself gives it."""

    cluster: str
    static_ip: bool = True
    zones: tuple[Zone, ...] = ()
    demands: tuple[Demand, ...] = ()
    pods_per_node: int | None = None
    """`cluster_max_pod_num`: overlay addresses of a node, which also bound the pods of all networks on it.
    None: not known."""
    limits: Mapping[str, EniLimit] = field(default_factory=dict[str, EniLimit])
    """ENI limits of instance types as the cloud reports them; other types are looked up in the vendor's
    table."""
    unknowns: tuple[str, ...] = ()
    """What could not be read, a sentence each: with any of them no count is whole."""

    def zone(self, name: str) -> Zone:
        """The zone of that name; an empty one where there is none."""
        return next((zone for zone in self.zones if zone.name == name), Zone(name))

    def limit(self, nodes: Nodes) -> EniLimit | None:
        """ENI limit of one of the nodes; None for a type that neither the cloud nor the table knows."""
        return nodes.limit or self.limits.get(nodes.instance_type) or eni_limit(nodes.instance_type)

    def types_known(self, zone: Zone) -> bool:
        """Whether the number and the ENI limit of all nodes of the zone are known."""
        return not zone.more_nodes and all(self.limit(nodes) for nodes in zone.nodes if nodes.greatest)

    @property
    def has_nodes(self) -> bool:
        """Whether any node is known; without one only addresses can be counted."""
        return any(zone.has_nodes for zone in self.zones)


@dataclass(frozen=True)
class PlannedSubnet:
    """A container subnet. None: not given, or not known yet."""

    path: str
    subnet_id: str | None = None
    zone: str | None = None
    cidr: str | None = None

    @property
    def usable(self) -> int | None:
        """Addresses for ENIs and pods."""
        return None if self.cidr is None else cidrs.usable_addresses(self.cidr)


@dataclass(frozen=True)
class PlannedPool:
    """Nodes of one zone."""

    path: str
    name: str = ""
    zone: str | None = None
    subnet_id: str | None = None
    subnet_cidr: str | None = None
    instance_type: str | None = None
    size: int | None = None
    least: int | None = None
    """Bounds of the autoscaler; None without one."""
    most: int | None = None
    global_route_only: bool = False
    labels: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def greatest(self) -> int | None:
        """How many nodes there can be."""
        return self.size if self.most is None else self.most

    @property
    def smallest(self) -> int | None:
        """How few nodes there can be."""
        return self.size if self.least is None else self.least


@dataclass(frozen=True)
class ClusterPlan:
    """A cluster."""

    subnets: tuple[PlannedSubnet, ...] = ()
    pools: tuple[PlannedPool, ...] = ()
    vpc_cidrs: tuple[str, ...] = ()
    """The ranges of the VPC, the primary one first; empty: not given, or not known yet."""
    cluster_cidr: str | None = None
    pods_per_node: int | None = None
    services: int | None = None
    service_cidr: str | None = None
    others: Mapping[str, str] = field(default_factory=dict[str, str])
    """Further ranges in use, by name."""
    static_ip: bool | None = None
    limits: Mapping[str, EniLimit] = field(default_factory=dict[str, EniLimit])
    """What the cloud says of instance types; the others are looked up in the table."""
    later: frozenset[str] = frozenset()
    """Paths of the values that are not known yet."""

    def limit(self, pool: PlannedPool) -> EniLimit | None:
        """ENIs of one node of the pool, as far as that is known."""
        kind = pool.instance_type
        return None if kind is None else self.limits.get(kind) or eni_limit(kind)

    def subnets_by_zone(self) -> dict[str, list[PlannedSubnet]]:
        """The subnets whose zone is known."""
        found: defaultdict[str, list[PlannedSubnet]] = defaultdict(list)
        for subnet in self.subnets:
            if subnet.zone is not None:
                found[subnet.zone].append(subnet)
        return dict(found)

    def eni_pools(self, zone: str) -> list[PlannedPool]:
        """The pools of a zone whose nodes get ENIs."""
        return [pool for pool in self.pools if pool.zone == zone and not pool.global_route_only]

    def awaited(self, paths: Iterable[str]) -> list[str]:
        """Those of the paths whose value is not known yet."""
        return [path for path in paths if path in self.later]
