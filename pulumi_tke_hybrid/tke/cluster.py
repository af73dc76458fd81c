"""The model of a cluster: zones, container subnets, nodes, and the ENI pods that need addresses.

`ClusterInventory` is what addresses are counted in; `DeclaredCluster` is what a program states, for the rules
on inputs. This module counts nothing (see `tke.capacity`) and reads no file.

`ClusterFacts` is the only parser of the output `cluster_facts` of a `HybridCluster`: `of` for the components,
which report `shape_problems` and `range_problems` by themselves; `checked` for the commands."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from pulumi_tke_hybrid.tke import cidrs
from pulumi_tke_hybrid.tke.enis import EniLimit, eni_limit
from pulumi_tke_hybrid.tke.objects import at, items, mapping, unknown, whole
from pulumi_tke_hybrid.tke.rule import PROPERTY, Finding


@dataclass(frozen=True)
class Subnet:
    """A container subnet."""

    cidr: str | None
    """Range of the subnet; None while the range is not known."""
    subnet_id: str = ""
    """Empty while the subnet does not exist."""
    used: int | None = None
    """Addresses in use when the subnet was last read; None: not read."""
    zone: str = ""
    """Empty while the zone is not known."""
    vpc_id: str = ""
    """Empty while the VPC is not known, or not stated."""
    path: str = ""
    """Property of the program that declares the subnet, e.g. `eni_subnets[1]`; empty for a subnet that was
    read."""

    @property
    def size(self) -> int | None:
        """Addresses for ENIs and pods; None while the range is not known."""
        return None if self.cidr is None else cidrs.usable_addresses(self.cidr)

    @property
    def free(self) -> int | None:
        """Free addresses when the subnet was last read; None: not read."""
        return None if self.size is None or self.used is None else self.size - self.used


@dataclass(frozen=True)
class Nodes:
    """Nodes of one type in one zone that get ENIs."""

    instance_type: str
    number: int
    most: int | None = None
    """Upper bound of the autoscaler; None without autoscaler."""
    limit: EniLimit | None = None
    """Limit that a live node reports; None: the type and `cluster_max_pod_num` decide."""
    about: bool = False
    """`number` is the even share of a pool that lies in several zones, not a count."""

    @property
    def greatest(self) -> int:
        """Greatest number of nodes."""
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
    """The zone has, or may have, further nodes whose number or type is not known."""
    others: int = 0
    """Addresses of the container subnets that neither the nodes nor the ENI pods of the cluster hold."""

    @property
    def size(self) -> int:
        """Addresses of all container subnets whose range is known."""
        return sum(subnet.size or 0 for subnet in self.subnets)

    @property
    def has_nodes(self) -> bool:
        """Whether the zone has, or may have, nodes."""
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
    """One pod on each node (DaemonSet); `pods` does not count then."""
    subnets: frozenset[str] = frozenset()
    """Ids of the container subnets that the pods are bound to; empty: all."""
    zones: frozenset[str] = frozenset()
    """Zones that the pods are bound to; empty: all."""


@dataclass(frozen=True)
class ClusterInventory:
    """One cluster as read from a preview, a stack, a cluster's facts or the live cluster."""

    cluster: str
    static_ip: bool = True
    zones: tuple[Zone, ...] = ()
    demands: tuple[Demand, ...] = ()
    pods_per_node: int | None = None
    """`cluster_max_pod_num`: overlay addresses of a node, an upper bound for the pods of all networks on the
    node. None: not known."""
    limits: Mapping[str, EniLimit] = field(default_factory=dict[str, EniLimit])
    """ENI limits by instance type as the cloud reports them; the vendor's table has the other types."""
    unknowns: tuple[str, ...] = ()
    """A sentence for each value that could not be read; no count is complete with any of them."""

    def zone(self, name: str) -> Zone:
        """The zone of that name; an empty zone if the cluster has none of that name."""
        return next((zone for zone in self.zones if zone.name == name), Zone(name))

    def limit(self, nodes: Nodes) -> EniLimit | None:
        """ENI limit of one of the nodes; None for a type that neither the cloud nor the table knows."""
        return nodes.limit or self.limits.get(nodes.instance_type) or eni_limit(nodes.instance_type)

    def types_known(self, zone: Zone) -> bool:
        """Whether the number and the ENI limit of all nodes of the zone are known."""
        return not zone.more_nodes and all(self.limit(nodes) for nodes in zone.nodes if nodes.greatest)

    @property
    def has_nodes(self) -> bool:
        """Whether any node is known; without nodes only addresses can be counted."""
        return any(zone.has_nodes for zone in self.zones)


@dataclass(frozen=True)
class DeclaredPool:
    """A node pool as a program, or the facts of a cluster, state it. None: not given, or not known yet."""

    path: str = ""
    """Property of the program that declares the pool; empty in facts."""
    name: str = ""
    zone: str | None = None
    subnet_id: str | None = None
    subnet_cidr: str | None = None
    instance_type: str | None = None
    size: int | None = None
    least: int | None = None
    """Lower bound of the autoscaler; None without autoscaler."""
    most: int | None = None
    """Upper bound of the autoscaler; None without autoscaler."""
    global_route_only: bool = False
    labels: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def greatest(self) -> int | None:
        """Greatest number of nodes."""
        return self.size if self.most is None else self.most

    @property
    def smallest(self) -> int | None:
        """Smallest number of nodes."""
        return self.size if self.least is None else self.least


@dataclass(frozen=True)
class DeclaredCluster:
    """A cluster as a program states it. None: not given, or not known yet; `later` tells the two apart."""

    subnets: tuple[Subnet, ...] = ()
    pools: tuple[DeclaredPool, ...] = ()
    vpc_id: str = ""
    vpc_cidrs: tuple[str, ...] = ()
    """Ranges of the VPC, the primary range first; empty: not given, or not known yet."""
    cluster_cidr: str | None = None
    pods_per_node: int | None = None
    services: int | None = None
    service_cidr: str | None = None
    others: Mapping[str, str] = field(default_factory=dict[str, str])
    """Further ranges in use, by name."""
    static_ip: bool | None = None
    limits: Mapping[str, EniLimit] = field(default_factory=dict[str, EniLimit])
    """ENI limits by instance type as the cloud reports them; the vendor's table has the other types."""
    later: frozenset[str] = frozenset()
    """Paths of the values that are known only during the update."""

    def limit(self, pool: DeclaredPool) -> EniLimit | None:
        """ENI limit of one node of the pool; None for a type that is not known."""
        kind = pool.instance_type
        return None if kind is None else self.limits.get(kind) or eni_limit(kind)

    def pending(self, paths: Iterable[str]) -> list[str]:
        """Those of the paths whose value is known only during the update."""
        return [path for path in paths if path in self.later]


_WHY = "an application stack has them from the output of the cluster's stack"
_TODO = "export cluster.cluster_facts there, run `pulumi up`, and read that output by its name"


@dataclass(frozen=True)
class ClusterFacts:
    """The facts of a cluster. A value that an older release did not write is empty or None."""

    cluster_id: str = ""
    vpc_id: str = ""
    region: str = ""
    zones: Mapping[str, tuple[Subnet, ...]] = field(default_factory=dict[str, tuple[Subnet, ...]])
    """Container subnets by zone."""
    pools: tuple[DeclaredPool, ...] = ()
    static_ip: bool | None = None
    ip_reclaim: str = ""
    """`never` or `<seconds>s`; `ipamd.seconds_of` parses the text."""
    pods_per_node: int | None = None
    """`cluster_max_pod_num`; None for an adopted cluster."""

    @classmethod
    def of(cls, facts: object) -> "ClusterFacts":
        """Parse the facts as the component writes them. Values of a wrong type, and values that a preview
        does not know yet, are left out."""
        return cls(
            cluster_id=_text(facts, "clusterId"),
            vpc_id=_text(facts, "vpcId"),
            region=_text(facts, "region"),
            zones={
                zone: tuple(
                    Subnet(cidrs.valid_range(at(entry, "cidrBlock")), _text(entry, "subnetId"), zone=zone)
                    for entry in items(entries)
                )
                for zone, entries in mapping(at(facts, "zones")).items()
            },
            pools=tuple(_pool(pool) for pool in items(at(facts, "nodePools"))),
            static_ip=static if isinstance(static := at(facts, "staticIp"), bool) else None,
            ip_reclaim=_text(facts, "ipReclaim"),
            pods_per_node=whole(at(facts, "podsPerNode")),
        )

    @classmethod
    def checked(cls, facts: object) -> "ClusterFacts":
        """Parse the facts of a file. Raise ValueError for anything else than the facts of a cluster, and for
        a range that is not a range."""
        found = cls.of(facts)
        if not found.cluster_id or any(shape_problems(facts)):
            raise ValueError("not the facts of a cluster")
        problem = next(range_problems(facts), None)
        if problem is not None:
            raise ValueError(str(problem))
        return found

    @property
    def subnets(self) -> tuple[Subnet, ...]:
        """The container subnets of all zones."""
        return tuple(chain.from_iterable(self.zones.values()))

    def inventory(self) -> ClusterInventory:
        """The cluster as addresses are counted in it, without workloads."""
        nodes: dict[str, tuple[Nodes, ...]] = dict.fromkeys(self.zones, ())
        for pool in self.pools:
            if not pool.global_route_only:
                of_pool = Nodes(pool.instance_type or "", pool.size or 0, pool.most)
                nodes[pool.zone or ""] = (*nodes.get(pool.zone or "", ()), of_pool)
        return ClusterInventory(
            cluster=self.cluster_id,
            static_ip=self.static_ip is not False,
            zones=tuple(Zone(zone, self.zones.get(zone, ()), found) for zone, found in nodes.items()),
            pods_per_node=self.pods_per_node,
        )


def shape_problems(facts: object) -> Iterator[Finding]:
    """Return a finding if the value is not the facts of a cluster: another stack may export anything."""
    zones = at(facts, "zones")
    listed = [entry for entries in mapping(zones).values() for entry in (items(entries) or [None])]
    pools = items(at(facts, "nodePools"))
    has_parts = mapping(zones) == zones and bool(zones or pools)
    if not (has_parts and _hold(listed, "subnetId") and _hold(pools, "zone", "size")):
        yield PROPERTY.finding(
            "cluster_facts", "is something else than the facts of a cluster", why=_WHY, todo=_TODO
        )


def range_problems(facts: object) -> Iterator[Finding]:
    """Return a finding for each subnet whose range is not a range."""
    for zone, entries in mapping(at(facts, "zones")).items():
        for index, entry in enumerate(items(entries)):
            block = at(entry, "cidrBlock")
            problem = None if block is None else cidrs.cidr_problem(str(block))
            if problem:
                yield problem.under(f"cluster_facts.zones[{zone!r}][{index}].cidrBlock")


def _hold(entries: Sequence[object], *keys: str) -> bool:
    return all(at(entry, key) is not None for entry in entries for key in keys)


def _text(facts: object, key: str) -> str:
    value = at(facts, key)
    return value if isinstance(value, str) and not unknown(value) else ""


def _pool(entry: object) -> DeclaredPool:
    return DeclaredPool(
        zone=_text(entry, "zone"),
        size=whole(at(entry, "size")) or 0,
        instance_type=_text(entry, "instanceType"),
        most=whole(at(entry, "maxSize")),
        global_route_only=bool(at(entry, "globalRouteOnly")),
    )
