"""Whether the ENI pods of a plan have a place, by the same count as `tke-hybrid capacity`."""

from collections import Counter
from collections.abc import Iterator

from pulumi_tke_hybrid.tke import capacity, inventory
from pulumi_tke_hybrid.tke.cluster import ClusterInventory
from pulumi_tke_hybrid.tke.rule import Finding, Rule, Severity
from pulumi_tke_hybrid.tke.step import Plan

PODS_FIT = Rule(
    "eni-pods-fit",
    Severity.WARNING,
    "The nodes and pod subnets of a cluster hold all ENI pods of the plan.",
    "ranges and free addresses of the pod subnets, node pools, replicas",
    "arithmetic; TKE container network overview and pod limits of VPC-CNI (qcloud-documents)",
)


def findings(plan: Plan, *, only_changes: bool = True) -> Iterator[Finding]:
    """One finding for each cluster whose ENI pods do not fit. With `only_changes` not where as many did not fit before."""
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
            f"of {wanted} pods with addresses of pod subnets would stay without an address: {names}; nodes and pod subnets hold "
            f"{wanted - lacking}",
            value=lacking,
            why="certain, when it is applied: these pods do not start (Pending), and a rollout that needs them stands still; pods that "
            "run are not harmed; fewer pods fit than addresses are free, because each network interface (ENI) of a node takes one for "
            "itself, and a node holds a limited number",
            todo=f"add nodes or a pod subnet in {zones}, or use fewer replicas",
        )


def taken_by_zone(plan: Plan) -> dict[str, int] | None:
    """By how many addresses the change makes the free ones of each zone fewer, or, below zero, more; None: the plan has no cluster."""
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
