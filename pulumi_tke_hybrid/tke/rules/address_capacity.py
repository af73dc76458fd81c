"""Rules that compare the addresses of container subnets with the nodes of a cluster and with the pods of a
workload."""

from collections.abc import Iterator, Mapping, Sequence

from pulumi_tke_hybrid.tke import enis
from pulumi_tke_hybrid.tke.capacity import Room
from pulumi_tke_hybrid.tke.cluster import ClusterFacts, DeclaredCluster, DeclaredPool, Subnet
from pulumi_tke_hybrid.tke.rule import Finding, Rule, fixed_rule, not_stated, not_yet, note_rule, warning_rule

ENI_ADDRESSES = Rule(
    "eni-addresses",
    "A zone's container subnets have an address for each node's ENI and one for a pod on it.",
    "ranges of the container subnets, sizes of the pools",
    "TKE, introduction to VPC-CNI (qcloud-documents): an ENI's first address is no pod's",
)
ENI_HEADROOM = warning_rule(
    "eni-headroom",
    "A zone's container subnets have the addresses of one full ENI for each node that there can be.",
    "ranges of the container subnets, greatest sizes and instance types of the pools",
    "TKE FAQ: a subnet is full at addresses / (addresses of an ENI + 1) nodes; further nodes join without"
    " an ENI",
)
VPC_ENI_QUOTA = warning_rule(
    "vpc-eni-quota",
    "The nodes of a VPC have at most 1000 ENIs.",
    "greatest sizes and instance types of the pools",
    "TKE, properties of fixed IPs (qcloud-documents): event ENILimit",
)
INSTANCE_TYPE = note_rule(
    "instance-type-unknown",
    "The ENI limits of the instance type are known.",
    "instance_type",
    "TKE, pod limits of VPC-CNI (qcloud-documents); DescribeVpcCniPodLimits, 457/59275",
)


def node_capacity_findings(cluster: DeclaredCluster) -> Iterator[Finding]:
    """Compare the nodes with the addresses of each zone, and with the ENI quota of the VPC."""
    for zone in dict.fromkeys(subnet.zone for subnet in cluster.subnets if subnet.zone):
        subnets = [subnet for subnet in cluster.subnets if subnet.zone == zone]
        pools = [pool for pool in cluster.pools if pool.zone == zone and not pool.global_route_only]
        if pools:
            yield from _zone(cluster, zone, subnets, pools)
    yield from _quota(cluster)
    for pool in cluster.pools:
        if pool.instance_type is not None and cluster.limit(pool) is None:
            yield INSTANCE_TYPE.finding(
                f"{pool.path}.instance_type",
                "is not in the table of ENI limits",
                value=repr(pool.instance_type),
                why=f"not checked: {ENI_HEADROOM.id}, {VPC_ENI_QUOTA.id}",
                todo="check its name; with credentials the preview reads DescribeVpcCniPodLimits too, and"
                " checks if that knows it",
            )


def _zone(
    cluster: DeclaredCluster, zone: str, subnets: Sequence[Subnet], pools: Sequence[DeclaredPool]
) -> Iterator[Finding]:
    unsaid = [f"{subnet.path}.cidr_block" for subnet in subnets if subnet.cidr is None]
    for path in unsaid:
        if path in cluster.later:
            yield not_yet(ENI_ADDRESSES, path)
        else:
            yield not_stated(path, f"{ENI_ADDRESSES.id}, {ENI_HEADROOM.id}")
    sizes = (f"{pool.path}.{name}" for pool in pools for name in ("size", "instance_type"))
    for path in cluster.pending(sizes):
        yield not_yet(ENI_HEADROOM, path)
    if unsaid:
        return
    usable = sum(subnet.size or 0 for subnet in subnets)
    blocks = ", ".join(str(subnet.cidr) for subnet in subnets)
    nodes = sum(pool.size or 0 for pool in pools)
    where = f"{subnets[0].path}.cidr_block"
    if 2 * nodes > usable:
        yield ENI_ADDRESSES.finding(
            where,
            f"has {usable} addresses, enough for {usable // 2} of the {nodes} nodes in {zone}",
            value=blocks,
            why="each node needs one for its ENI and one for a pod at least",
            todo="use a larger range, or add another container subnet in the zone",
        )
        return
    known = [(limit.pods_per_eni + 1, pool.greatest or 0) for pool in pools if (limit := cluster.limit(pool))]
    needed = sum(addresses * number for addresses, number in known)
    if needed > usable:
        yield ENI_HEADROOM.finding(
            where,
            f"has {usable} addresses, {sum(number for _, number in known)} nodes in {zone} with one full ENI"
            f" each take {needed} ({_nodes(known, usable)} nodes fit)",
            value=blocks,
            why="further nodes join and get no ENI, and ENI pods do not run there",
            todo="use a larger range, or add another container subnet in the zone",
        )


def _nodes(known: Sequence[tuple[int, int]], usable: int) -> int:
    """Return how many of the nodes fit, the smallest ENIs first. `known`: addresses of an ENI, and nodes."""
    fit = 0
    for addresses, number in sorted(known):
        some = min(number, usable // addresses)
        fit, usable = fit + some, usable - some * addresses
    return fit


def _quota(cluster: DeclaredCluster) -> Iterator[Finding]:
    wanted = sum(
        limit.enis * (pool.greatest or 0)
        for pool in cluster.pools
        if not pool.global_route_only and (limit := cluster.limit(pool))
    )
    if wanted > enis.QUOTA_PER_VPC:
        yield VPC_ENI_QUOTA.finding(
            "node_pools",
            f"have machines for {wanted} ENIs",
            why=f"a VPC has {enis.QUOTA_PER_VPC} unless the account's quota was raised (event ENILimit)",
            todo="request a higher quota before the pools grow, or use fewer and larger machines",
        )


BACKEND_QUOTA = 100
"""Backends of one rule or listener; 200 in some regions, more by ticket (457/41897)."""
ADDRESSES = Rule(
    "addresses",
    "Every pod on ENI needs an address, also those that a rollout adds.",
    "the subnets' ranges, the nodes and their types",
    "arithmetic",
)
NOMINATED = fixed_rule(
    "nominated-subnet",
    "A nominated subnet is a container subnet of the cluster.",
    "nominated_subnets, cluster_facts",
    "457/50355",
)
ZONE_PINNING = warning_rule(
    "zone-pinning",
    "A pod with a kept address can only run in the zone of its first start.",
    "the zones",
    "457/34994",
)
BACKENDS = warning_rule("backend-quota", "A listener takes 100 backends.", "replicas and surge", "457/41897")
NO_SURGE = warning_rule(
    "no-address-to-roll", "A rollout without loss needs an address more.", "the subnets' ranges", "arithmetic"
)
BALANCER_IN_ENI_SUBNET = Rule(
    "load-balancer-in-eni-subnet",
    "Container subnets are for pods alone.",
    "the container subnets",
    "457/38970",
)
STATIC_IP_OFF = fixed_rule(
    "static-ip-off", "Only a cluster with static IPs keeps addresses.", "the cluster's facts", "457/34994"
)


def capacity_findings(
    replicas: int, surge: int, room: Room | None, exposed: bool, rolling: bool
) -> Iterator[Finding]:
    """Compare the pods of a workload with the addresses and with the backends of a listener.

    `surge`: pods that a rollout may add. `room`: None for pods without an ENI address. `rolling`: a new pod
    starts before an old pod stops.
    """
    added = min(surge, replicas)  # a rollout never has more new pods than replicas
    if room is not None:
        yield from _address_shortage(replicas, surge, replicas + added, room, rolling)
    if exposed and replicas + added > BACKEND_QUOTA:
        yield BACKENDS.finding(
            "replicas",
            f"and {added} more during a rollout are over {BACKEND_QUOTA} backends",
            value=replicas,
            why="that is what a listener takes in most regions; pods beyond it are never bound and never"
            " become ready",
            todo="have the quota raised by a ticket",
        )


def _address_shortage(replicas: int, surge: int, most: int, room: Room, rolling: bool) -> Iterator[Finding]:
    """Compare the pods of a workload with the addresses. The default surge always fits."""
    has = (
        f"the nodes of the container subnets take {room.pods}"
        if room.by_nodes
        else f"the container subnets have {room.pods}"
    )
    more = "add nodes" if room.by_nodes else "add a container subnet"
    if replicas > room.pods:
        yield ADDRESSES.finding(
            "replicas",
            f"pods need as many ENI addresses, and {has}",
            value=replicas,
            todo=f"{more}, or use fewer replicas",
        )
    elif rolling and most > room.pods:
        yield ADDRESSES.finding(
            "rollout.max_surge",
            f"lets a rollout with replicas={replicas} take {most} ENI addresses, and {has}",
            value=surge,
            why="the others stay Pending until old pods have gone, and where none can go the rollout stands"
            " still",
            todo=f"use at most {room.pods - replicas}, leave it out for as many as fit, or {more}",
        )
    elif rolling and replicas and replicas == room.pods:
        yield NO_SURGE.finding(
            "replicas",
            f"pods take all {room.pods} addresses "
            + ("that the nodes take" if room.by_nodes else "of the container subnets"),
            value=replicas,
            why="a rollout has to stop a pod before it can start the next one",
            todo=more,
        )
    elif room.unknown and most > room.surely:
        yield not_stated(room.unknown, f"{ADDRESSES.id} for more than {room.surely} pods")


def nominated_findings(facts: ClusterFacts, nominated: Sequence[str]) -> Iterator[Finding]:
    """Refuse nominated subnets that are no container subnets of the cluster. Facts without the ids of all
    subnets refuse nothing."""
    known = {subnet.subnet_id for subnet in facts.subnets}
    for index, subnet in enumerate(nominated):
        if known and "" not in known and subnet not in known:
            yield NOMINATED.finding(
                f"nominated_subnets[{index}]",
                "is none of the cluster's container subnets",
                value=subnet,
                why=f"those are {', '.join(sorted(known))}, and no pod could get an address",
                todo="name container subnets of the cluster",
            )


def fact_findings(
    facts: ClusterFacts, fixed_ip: bool, balancer_subnets: Mapping[str, str | None]
) -> Iterator[Finding]:
    """Compare a workload with its cluster. `balancer_subnets`: of internal load balancers, by property."""
    if fixed_ip and facts.static_ip is False:
        yield STATIC_IP_OFF.finding(
            "fixed_ip",
            "needs a cluster with static IPs, and this one has none",
            why="its mode is fixed for ever",
            todo="leave it out",
        )
    if fixed_ip and len(facts.zones) != 1:  # several, or not known
        zones = f" ({', '.join(sorted(facts.zones))})" if facts.zones else ""
        yield ZONE_PINNING.finding(
            "fixed_ip",
            f"keeps each pod in the zone of its first start{zones}",
            why="an address never leaves its subnet, so a pod of a lost zone stays Pending",
            todo="do without kept addresses where pods must survive the loss of a zone",
        )
    for path, subnet in balancer_subnets.items():
        if subnet is not None and any(subnet == item.subnet_id for item in facts.subnets):
            yield BALANCER_IN_ENI_SUBNET.finding(
                path,
                "is a container subnet",
                value=subnet,
                why="the load balancer would take an address from the pods, and keep the subnet from being"
                " removed",
                todo="use a subnet of its own, or set allow_eni_subnet=True",
            )
