"""`cluster_facts` of a `HybridCluster`: what its stack gives to other stacks and to the commands. The one
reader of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pulumi_tke_hybrid.tke import cidrs
from pulumi_tke_hybrid.tke.cluster import ClusterInventory, Nodes, Subnet, Zone
from pulumi_tke_hybrid.tke.rule import Finding
from pulumi_tke_hybrid.tke.rules.inputs import PROPERTY
from pulumi_tke_hybrid.tke.values import at, items, mapping, unknown, whole

_WHY = "an application stack has them from the output of the cluster's stack"
_TODO = "export cluster.cluster_facts there, run `pulumi up`, and read that output by its name"


@dataclass(frozen=True)
class FactPool:
    """A node pool."""

    zone: str
    size: int
    instance_type: str = ""
    """Empty where the facts have none."""
    most: int | None = None
    """Bound of the autoscaler; None without one."""
    global_route_only: bool = False


@dataclass(frozen=True)
class ClusterFacts:
    """The facts of a cluster. What an older release did not write is empty or None."""

    cluster_id: str = ""
    vpc_id: str = ""
    region: str = ""
    zones: Mapping[str, tuple[Subnet, ...]] | None = None
    """Container subnets by zone."""
    pools: tuple[FactPool, ...] = ()
    static_ip: bool | None = None
    ip_reclaim: str = ""
    pods_per_node: int | None = None
    """`cluster_max_pod_num`; None for an adopted cluster."""

    @classmethod
    def of(cls, facts: object) -> "ClusterFacts":
        """From the facts as the component writes them. Read what `problems` finds first: what is wrong in
        them is left out here."""
        return cls(
            cluster_id=_text(facts, "clusterId"),
            vpc_id=_text(facts, "vpcId"),
            region=_text(facts, "region"),
            zones={
                zone: tuple(map(_subnet, items(entries)))
                for zone, entries in mapping(at(facts, "zones")).items()
            },
            pools=tuple(_pool(pool) for pool in items(at(facts, "nodePools"))),
            static_ip=static if isinstance(static := at(facts, "staticIp"), bool) else None,
            ip_reclaim=_text(facts, "ipReclaim"),
            pods_per_node=whole(at(facts, "podsPerNode")),
        )

    @property
    def subnets(self) -> Mapping[str, tuple[Subnet, ...]]:
        """Container subnets by zone; empty where the facts have none."""
        return self.zones or {}

    def inventory(self) -> ClusterInventory:
        """The cluster as addresses are counted in it, without workloads."""
        pools = [pool for pool in self.pools if not pool.global_route_only]
        return ClusterInventory(
            cluster=self.cluster_id,
            static_ip=self.static_ip is not False,
            zones=tuple(
                Zone(
                    zone,
                    self.subnets.get(zone, ()),
                    tuple(
                        Nodes(pool.instance_type, pool.size, pool.most) for pool in pools if pool.zone == zone
                    ),
                )
                for zone in dict.fromkeys([*self.subnets, *(pool.zone for pool in pools)])
            ),
            pods_per_node=self.pods_per_node,
        )


def shape_problems(facts: object) -> Iterator[Finding]:
    """Whether these are facts of a cluster at all. What another stack exports under a name, or does not, was
    not checked before."""
    zones = at(facts, "zones")
    listed = [entry for entries in mapping(zones).values() for entry in (items(entries) or [None])]
    pools = items(at(facts, "nodePools"))
    told = mapping(zones) == zones and bool(zones or pools)
    if not (told and _hold(listed, "subnetId") and _hold(pools, "zone", "size")):
        yield PROPERTY.finding(
            "cluster_facts", "is something else than the facts of a cluster", why=_WHY, todo=_TODO
        )


def range_problems(facts: object) -> Iterator[Finding]:
    """What is no range among the facts, which another stack or a program may have written."""
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


def _subnet(entry: object) -> Subnet:
    block = at(entry, "cidrBlock")
    known = isinstance(block, str) and cidrs.cidr_problem(block) is None
    return Subnet(block if known else None, _text(entry, "subnetId"))


def _pool(entry: object) -> FactPool:
    return FactPool(
        zone=_text(entry, "zone"),
        size=whole(at(entry, "size")) or 0,
        instance_type=_text(entry, "instanceType"),
        most=whole(at(entry, "maxSize")),
        global_route_only=bool(at(entry, "globalRouteOnly")),
    )
