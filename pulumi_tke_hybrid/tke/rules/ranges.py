"""Rules on the ranges of VPC, overlay, Services and subnets, and on the ranges that other networks use."""

from collections.abc import Iterable, Iterator, Sequence

from pulumi_tke_hybrid.tke import cidrs
from pulumi_tke_hybrid.tke.cluster import DeclaredCluster
from pulumi_tke_hybrid.tke.rule import Finding, Rule, Severity
from pulumi_tke_hybrid.tke.rules.input_rules import not_stated, not_yet

_OVERVIEW = (
    "TKE container network overview (qcloud-documents): nodes = (range - services) / addresses of a node"
)
OVERLAY_NODES = Rule(
    "overlay-nodes",
    Severity.ERROR,
    "The overlay has a range for each node.",
    "cluster_cidr, cluster_max_pod_num, cluster_max_service_num, sizes of the pools",
    _OVERVIEW,
)
OVERLAY_HEADROOM = Rule(
    "overlay-headroom",
    Severity.WARNING,
    "The overlay has a range for each node that the autoscalers may add.",
    "cluster_cidr, cluster_max_pod_num, cluster_max_service_num, greatest sizes of the pools",
    _OVERVIEW,
)


SUBNET_IN_USE = Rule(
    "subnet-in-use",
    Severity.WARNING,
    "A container subnet is empty when it is registered.",
    "the subnets to register, as the cloud describes them",
    "the article, step 1; DescribeSubnets: TotalIpAddressCount - AvailableIpAddressCount",
)
SUBNET_FULL = Rule(
    "subnet-full",
    Severity.WARNING,
    "An adopted container subnet has free addresses.",
    "the subnet, as the cloud describes it",
    "DescribeSubnets, AvailableIpAddressCount",
)


def subnet_findings(block: str | None, vpc: Sequence[str], later: Iterable[str] = ()) -> Iterator[Finding]:
    """Compare one subnet with the VPC. `later`: the subnet's properties that are not known yet."""
    outside = cidrs.outside_problem("cidr_block", block, vpc) if block and vpc else None
    if outside:
        yield outside
    for path in later:
        yield not_yet(cidrs.RANGE_OUTSIDE_VPC, path)


def in_use_finding(subnet_id: str, used: int) -> Finding:
    """Warn of a subnet to register that has used addresses."""
    return SUBNET_IN_USE.finding(
        "subnets",
        f"holds {used} addresses and is not registered as container subnet yet",
        value=subnet_id,
        why=(
            "nodes, load balancers or endpoints live in it: they and the pods will take addresses from each"
            " other, and TKE warns of conflicts with ENIs"
        ),
        todo="register an empty subnet instead",
        intended="keep further nodes and load balancers out of the subnet",
    )


def full_finding(subnet_id: str, block: str) -> Finding:
    """Warn of an adopted subnet without a free address."""
    return SUBNET_FULL.finding(
        "subnet_id",
        f"({block}) has no free address",
        value=subnet_id,
        why="no node gets an ENI in it and no pod an address",
        todo="add another container subnet in the zone, or release addresses in this one",
    )


def findings(cluster: DeclaredCluster) -> Iterator[Finding]:
    """Check all ranges of a cluster."""
    if cluster.cluster_cidr is not None:
        yield from cidrs.private_findings("cluster_cidr", cluster.cluster_cidr)
    if cluster.pods_per_node is not None:
        yield from cidrs.few_pods_findings("cluster_max_pod_num", cluster.pods_per_node)
    yield from _overlaps(cluster)
    yield from _overlay(cluster)


def _overlaps(cluster: DeclaredCluster) -> Iterator[Finding]:
    stated = (
        *(("vpc_cidr", block) for block in cluster.vpc_cidrs),
        ("cluster_cidr", cluster.cluster_cidr),
        ("service_cidr", cluster.service_cidr),
    )
    outer = [(path, block) for path, block in stated if block]
    wrong = _wrong_others(cluster)
    yield from wrong.values()
    others = [
        (f"other_cidrs[{name!r}]", block) for name, block in cluster.others.items() if name not in wrong
    ]
    yield from cidrs.overlaps(outer, others)
    pods = [(f"{subnet.path}.cidr_block", subnet.cidr) for subnet in cluster.subnets]
    nodes = {
        block: (f"{pool.path}.subnet_cidr", block)
        for pool in reversed(cluster.pools)
        if (block := pool.subnet_cidr)
    }
    inner = [(path, block) for path, block in [*pods, *reversed(nodes.values())] if block]
    yield from cidrs.overlaps(inner, [(path, block) for path, block in outer if path != "vpc_cidr"] + others)
    for path, block in inner if cluster.vpc_cidrs else ():
        outside = cidrs.outside_problem(path, block, cluster.vpc_cidrs)
        if outside:
            yield outside
    for path in cluster.pending(["vpc_cidr", "cluster_cidr", "service_cidr", *(path for path, _ in pods)]):
        yield not_yet(cidrs.RANGE_OVERLAP, path)
    if not cluster.vpc_cidrs and "vpc_cidr" not in cluster.later:
        yield not_stated("vpc_cidr", "whether the subnets lie in the VPC and the overlay outside it")


def _wrong_others(cluster: DeclaredCluster) -> dict[str, Finding]:
    """Return the entries of `other_cidrs` that are no ranges. A value of an Output has no earlier check."""
    found = {name: cidrs.cidr_problem(block) for name, block in cluster.others.items()}
    return {name: problem.under(f"other_cidrs[{name!r}]") for name, problem in found.items() if problem}


def _overlay(cluster: DeclaredCluster) -> Iterator[Finding]:
    block, pods, services = cluster.cluster_cidr, cluster.pods_per_node, cluster.services
    for path in cluster.pending(["cluster_cidr", "cluster_max_pod_num", "cluster_max_service_num"]):
        yield not_yet(cidrs.RANGE_TOO_SMALL, path)
    if block is None or pods is None or services is None:
        return
    inside = 0 if cluster.service_cidr is not None else services
    problem = cidrs.size_problem("cluster_cidr", block, pods, inside)
    if problem:
        yield problem
        return
    fit = cidrs.nodes_that_fit(block, pods, inside)
    now, most = (
        sum(sizes)
        for sizes in (
            [pool.size or 0 for pool in cluster.pools],
            [pool.greatest or 0 for pool in cluster.pools],
        )
    )
    if max(now, most) > fit:
        rule, number = (OVERLAY_NODES, now) if now > fit else (OVERLAY_HEADROOM, most)
        yield rule.finding(
            "cluster_cidr",
            f"has overlay ranges for {fit} nodes of {pods} addresses, the pools have"
            f" {'up to ' if number != now else ''}{number}",
            value=block,
            why=f"a node without a range cannot join; {cidrs.FIXED}",
            todo="choose a larger range or fewer addresses a node",
        )
