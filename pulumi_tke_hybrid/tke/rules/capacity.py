"""Whether a zone's container subnets hold what its nodes can take."""

from collections.abc import Iterator, Sequence

from pulumi_tke_hybrid.tke import enis
from pulumi_tke_hybrid.tke.cluster_plan import ClusterPlan, PlannedPool, PlannedSubnet
from pulumi_tke_hybrid.tke.enis import EniLimit
from pulumi_tke_hybrid.tke.rule import Finding, Rule, Severity
from pulumi_tke_hybrid.tke.rules.inputs import not_stated, not_yet

ENI_ADDRESSES = Rule(
    "eni-addresses",
    Severity.ERROR,
    "A zone's ENI subnets have an address for each node's ENI and one for a pod on it.",
    "ranges of the ENI subnets, sizes of the pools",
    "TKE, introduction to VPC-CNI (qcloud-documents): an ENI's first address is no pod's",
)
ENI_HEADROOM = Rule(
    "eni-headroom",
    Severity.WARNING,
    "A zone's ENI subnets have the addresses of one full ENI for each node that there can be.",
    "ranges of the ENI subnets, greatest sizes and instance types of the pools",
    "TKE FAQ: a subnet is full at addresses / (addresses of an ENI + 1) nodes; further nodes join without an ENI",
)
VPC_ENI_QUOTA = Rule(
    "vpc-eni-quota",
    Severity.WARNING,
    "The nodes of a VPC have at most 1000 ENIs.",
    "greatest sizes and instance types of the pools",
    "TKE, properties of fixed IPs (qcloud-documents): event ENILimit",
)
INSTANCE_TYPE = Rule(
    "instance-type-unknown",
    Severity.NOTE,
    "The ENI limits of the instance type are known.",
    "instance_type",
    "TKE, pod limits of VPC-CNI (qcloud-documents); DescribeVpcCniPodLimits, 457/59275",
)


def findings(plan: ClusterPlan) -> Iterator[Finding]:
    """For each zone, and for the VPC."""
    for zone, subnets in plan.subnets_by_zone().items():
        pools = plan.eni_pools(zone)
        if pools:
            yield from _zone(plan, zone, subnets, pools)
    yield from _quota(plan)
    for pool in plan.pools:
        if pool.instance_type is not None and plan.limit(pool) is None:
            yield INSTANCE_TYPE.finding(
                f"{pool.path}.instance_type",
                "is not in the table of ENI limits",
                value=repr(pool.instance_type),
                why=f"not checked: {ENI_HEADROOM.id}, {VPC_ENI_QUOTA.id}",
                todo="check its name; with credentials the preview asks DescribeVpcCniPodLimits too, and checks if that knows it",
            )


def _zone(plan: ClusterPlan, zone: str, subnets: Sequence[PlannedSubnet], pools: Sequence[PlannedPool]) -> Iterator[Finding]:
    unsaid = [f"{subnet.path}.cidr_block" for subnet in subnets if subnet.cidr is None]
    for path in unsaid:
        yield not_yet(ENI_ADDRESSES, path) if path in plan.later else not_stated(path, f"{ENI_ADDRESSES.id}, {ENI_HEADROOM.id}")
    sizes = plan.awaited(f"{pool.path}.{name}" for pool in pools for name in ("size", "instance_type"))
    for path in sizes:
        yield not_yet(ENI_HEADROOM, path)
    if unsaid:
        return
    usable = sum(subnet.usable or 0 for subnet in subnets)
    blocks = ", ".join(str(subnet.cidr) for subnet in subnets)
    nodes = sum(pool.size or 0 for pool in pools)
    where = f"{subnets[0].path}.cidr_block"
    if 2 * nodes > usable:
        yield ENI_ADDRESSES.finding(
            where,
            f"has {usable} addresses, enough for {usable // 2} of the {nodes} nodes in {zone}",
            value=blocks,
            why="each node needs one for its ENI and one for a pod at least",
            todo="use a larger range, or add another ENI subnet in the zone",
        )
        return
    limits = [(plan.limit(pool), pool.greatest or 0) for pool in pools]
    known = [(limit, number) for limit, number in limits if limit is not None]
    needed = sum((limit.pods_per_eni + 1) * number for limit, number in known)
    if needed > usable:
        yield ENI_HEADROOM.finding(
            where,
            f"has {usable} addresses, {sum(number for _, number in known)} nodes in {zone} with one full ENI each take {needed} "
            f"({_nodes(known, usable)} nodes fit)",
            value=blocks,
            why="further nodes join and get no ENI, and ENI pods do not run there",
            todo="use a larger range, or add another ENI subnet in the zone",
        )


def _nodes(known: Sequence[tuple[EniLimit, int]], usable: int) -> int:
    """How many of the nodes fit, the smallest ENIs first."""
    fit = 0
    for limit, number in sorted(known, key=lambda item: item[0].pods_per_eni):
        some = min(number, usable // (limit.pods_per_eni + 1))
        fit, usable = fit + some, usable - some * (limit.pods_per_eni + 1)
    return fit


def _quota(plan: ClusterPlan) -> Iterator[Finding]:
    wanted = sum(limit.enis * (pool.greatest or 0) for pool in plan.pools if not pool.global_route_only and (limit := plan.limit(pool)))
    if wanted > enis.QUOTA_PER_VPC:
        yield VPC_ENI_QUOTA.finding(
            "node_pools",
            f"have machines for {wanted} ENIs",
            why=f"a VPC has {enis.QUOTA_PER_VPC} unless the account's quota was raised (event ENILimit)",
            todo="ask for a higher quota before the pools grow, or use fewer and larger machines",
        )
