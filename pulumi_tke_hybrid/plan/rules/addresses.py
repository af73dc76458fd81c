"""Whether the ENI pods of a plan have a place, by the same count as `tke-hybrid capacity`.

Ranges of raw resources against each other: what the components' arguments are checked for, read from the
steps of a plan.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from ipaddress import IPv4Network
from typing import Any

from pulumi_tke_hybrid.plan import inventory, resource_types
from pulumi_tke_hybrid.plan.model import Plan, Step
from pulumi_tke_hybrid.plan.rules.registry import plan_rule
from pulumi_tke_hybrid.tke import capacity, cidrs
from pulumi_tke_hybrid.tke.cluster import ClusterInventory
from pulumi_tke_hybrid.tke.rule import Finding, Rule, Severity
from pulumi_tke_hybrid.tke.values import items, texts, unknown

PODS_FIT = Rule(
    "eni-pods-fit",
    Severity.WARNING,
    "The nodes and pod subnets of a cluster hold all ENI pods of the plan.",
    "ranges and free addresses of the pod subnets, node pools, replicas",
    "arithmetic; TKE container network overview and pod limits of VPC-CNI (qcloud-documents)",
)


def findings(plan: Plan, *, only_changes: bool = True) -> Iterator[Finding]:
    """One finding for each cluster whose ENI pods do not fit. With `only_changes` not where as many did not
    fit before."""
    before, after = inventory.both_inventories(plan)
    for urn, found in after.items():
        was = before.get(urn, ClusterInventory(found.cluster))
        placed = capacity.place(capacity.with_others(found, was), most=True)
        lacked = capacity.place(capacity.with_others(was, was), most=True)
        if placed.fits or (only_changes and placed.demands == lacked.demands):
            continue
        names = ", ".join(f"{name} ({number})" for name, number in sorted(placed.demands.items()))
        zones = ", ".join(sorted(name for name in placed.lacking if name)) or "any zone"
        wanted, lacking = sum(placed.pods.values()), sum(placed.lacking.values())
        yield PODS_FIT.finding(
            found.cluster,
            f"of {wanted} pods with addresses of pod subnets would stay without an address: {names}; nodes"
            f" and pod subnets hold {wanted - lacking}",
            value=lacking,
            why=(
                "certain, when it is applied: these pods do not start (Pending), and a rollout that needs"
                " them stands still; pods that run are not harmed; fewer pods fit than addresses are free,"
                " because each network interface (ENI) of a node takes one for itself, and a node holds a"
                " limited number"
            ),
            todo=f"add nodes or a pod subnet in {zones}, or use fewer replicas",
        )


def taken_by_zone(plan: Plan) -> dict[str, int] | None:
    """By how many addresses the change makes the free ones of each zone fewer, or, below zero, more; None:
    the plan has no cluster."""
    before, after = inventory.both_inventories(plan)
    if not before and not after:
        return None
    found = Counter[str]()
    for clusters, sign in ((after, 1), (before, -1)):
        for cluster in clusters.values():
            pods = capacity.pods_by_zone(cluster)
            for zone in cluster.zones:
                found[zone.name] += sign * capacity.taken(cluster, zone, pods.get(zone.name, 0))
    return dict(found)


Range = tuple[str, str]
"""Where it is written, and the block."""
_SECONDARY = "assistantCidrs"


@plan_rule(cidrs.RANGE_OVERLAP, cidrs.RANGE_OUTSIDE_VPC, cidrs.RANGE_TOO_SMALL)
def range_findings(plan: Plan) -> Iterator[Finding]:
    """Of each VPC that something changes in. What was there before and stays is nobody's change."""
    subnets, clusters = _by_vpc(plan.of(resource_types.SUBNET)), _by_vpc(plan.of(resource_types.CLUSTER))
    for vpc in {vpc.id or vpc.urn: vpc for vpc in plan.of(resource_types.VPC)}.values():
        its_subnets, its_clusters = _in(vpc, subnets), _in(vpc, clusters)
        if vpc.new and any(step.op.changes for step in (vpc, *its_subnets, *its_clusters)):
            yield from _of_vpc(
                vpc, _all(its_subnets, "cidrBlock"), _all(its_clusters, "clusterCidr", "serviceCidr")
            )
    for cluster in plan.of(resource_types.CLUSTER):
        if cluster.op.changes:
            yield from _overlay(cluster)


def _of_vpc(vpc: Step, subnets: list[Range], overlays: list[Range]) -> Iterator[Finding]:
    stated = _stated(vpc)
    known = _known(vpc, stated)
    yield from cidrs.overlaps(overlays, known)
    blocks = [block for _, block in known]
    space = cidrs.Space(blocks)
    inside: list[Range] = []
    outside: list[Range] = []
    for subnet in subnets:
        (inside if space.holds(subnet[1]) else outside).append(subnet)
    if len(known) == len(stated):  # else they may lie in a range that nobody knows yet
        todo = f"choose a free range inside, or add a secondary range to the VPC's {_SECONDARY}"
        yield from (cidrs.outside_finding(*subnet, blocks, todo) for subnet in outside)
    # One that lies in the VPC, as it should, overlaps an overlay only where the VPC itself does: that has
    # been said.
    yield from cidrs.overlaps(inside)
    yield from cidrs.overlaps(outside, overlays)


def _stated(vpc: Step) -> dict[str, Any]:
    """All ranges of a VPC by their property, also those that are not known yet."""
    secondary = {f"{_SECONDARY}[{index}]": block for index, block in enumerate(_secondary(vpc))}
    return {"cidrBlock": vpc.new.get("cidrBlock"), **secondary}


def _secondary(vpc: Step) -> list[Any]:
    """The program's word, or what is there: the provider leaves secondary ranges alone that a program does
    not speak of.

    A policy is shown what a resource will have, and the provider knows that only later where the program says
    nothing. Such a value
    comes from no other resource, and is no reason to be silent: a new VPC has no secondary ranges but those
    that it is given.
    """
    said = vpc.new.get(_SECONDARY)
    if said is None or (unknown(said) and _SECONDARY not in vpc.sources):
        said = None if vpc.creates else vpc.state.get(_SECONDARY)
    return [said] if isinstance(said, str) else items(said)


def _overlay(cluster: Step) -> Iterator[Finding]:
    pods, services = cluster.new.get("clusterMaxPodNum"), cluster.new.get("clusterMaxServiceNum")
    for path, block in _ranges(cluster, "clusterCidr"):
        if isinstance(pods, (int, float)) and isinstance(services, (int, float)) and pods >= 1:
            problem = cidrs.size_problem(
                path, block, int(pods), 0 if _ranges(cluster, "serviceCidr") else int(services)
            )
            if problem:
                yield problem


def _by_vpc(steps: Iterator[Step]) -> dict[str, list[Step]]:
    """By the id of their VPC, and by the URN that it comes from."""
    found: dict[str, list[Step]] = {}
    for step in steps:
        for key in dict.fromkeys([*texts([step.new.get("vpcId")]), *step.sources.get("vpcId", ())]):
            found.setdefault(key, []).append(step)
    return found


def _in(vpc: Step, by_vpc: Mapping[str, list[Step]]) -> list[Step]:
    by_id = by_vpc.get(vpc.id, []) if vpc.id else []
    return list({step.urn: step for step in (*by_id, *by_vpc.get(vpc.urn, []))}.values())


def _all(steps: list[Step], *keys: str) -> list[Range]:
    return [found for step in steps for found in _ranges(step, *keys)]


def _ranges(step: Step, *keys: str) -> list[Range]:
    return _known(step, {key: step.new.get(key) for key in keys})


def _known(step: Step, stated: Mapping[str, Any]) -> list[Range]:
    """Those that are known; what is no range is the provider's to refuse."""
    return [
        (f"{step.name}.{key}", value)
        for key, value in stated.items()
        if isinstance(value, str) and _is_range(value)
    ]


def _is_range(value: str) -> bool:
    try:
        IPv4Network(value)
    except ValueError:
        return False
    return True
