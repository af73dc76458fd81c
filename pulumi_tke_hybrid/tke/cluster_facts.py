"""The output `cluster_facts` of a `HybridCluster`: the only parser, and the checks of its shape.

`ClusterFacts.of(facts)` is for the components, which report `shape_problems` and `range_problems` by
themselves; `ClusterFacts.checked(facts)` is for the commands, and raises for anything else than the facts of
a cluster. This module reads no file."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from pulumi_tke_hybrid.tke import cidrs
from pulumi_tke_hybrid.tke.cluster import ClusterInventory, DeclaredPool, Subnet, Zone
from pulumi_tke_hybrid.tke.rule import Finding
from pulumi_tke_hybrid.tke.rules.input_rules import PROPERTY
from pulumi_tke_hybrid.tke.values import at, items, mapping, unknown, whole

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
                zone: tuple(_subnet(zone, entry) for entry in items(entries))
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
        pools = [pool for pool in self.pools if not pool.global_route_only]
        return ClusterInventory(
            cluster=self.cluster_id,
            static_ip=self.static_ip is not False,
            zones=tuple(
                Zone(
                    zone, self.zones.get(zone, ()), tuple(pool.nodes() for pool in pools if pool.zone == zone)
                )
                for zone in dict.fromkeys([*self.zones, *(pool.zone or "" for pool in pools)])
            ),
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


def _subnet(zone: str, entry: object) -> Subnet:
    return Subnet(cidrs.valid_range(at(entry, "cidrBlock")), _text(entry, "subnetId"), zone=zone)


def _pool(entry: object) -> DeclaredPool:
    return DeclaredPool(
        zone=_text(entry, "zone"),
        size=whole(at(entry, "size")) or 0,
        instance_type=_text(entry, "instanceType"),
        most=whole(at(entry, "maxSize")),
        global_route_only=bool(at(entry, "globalRouteOnly")),
    )
