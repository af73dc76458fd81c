"""What a program, a preview or a stack plans for a cluster, as far as it is known: what the rules look at."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pulumi_tke_hybrid.tke import cidrs
from pulumi_tke_hybrid.tke.enis import EniLimit, eni_limit


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
