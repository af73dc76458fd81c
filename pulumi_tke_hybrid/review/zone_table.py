"""The zones of a stack as rows: pod subnets, free addresses, nodes, and whether ENI pods can run there afterwards. One change a cell."""

from collections.abc import Mapping

from pulumi_tke_hybrid.review import effects
from pulumi_tke_hybrid.review.review import StackReview
from pulumi_tke_hybrid.tke import tokens
from pulumi_tke_hybrid.tke.rules.changes_of_clusters import PHANTOM_HYBRID, POD_NETWORK_OFF
from pulumi_tke_hybrid.tke.rules.coverage import HEADROOM, Zone
from pulumi_tke_hybrid.tke.rules.listings import UNTOLD, Clusters
from pulumi_tke_hybrid.tke.step import Op, Plan

HEAD = ("zone", "pod subnets", "free addresses: as last read → after, estimated", "nodes", "")
Row = tuple[str, str, str, str, str]
_REBUILT, _DELETED = "⛔ its cluster is rebuilt", "⛔ its cluster is deleted"
_OFF, _PHANTOM = "⛔ the pod network is switched off", "⛔ the pod network is not switched on"


def rows(stack: StackReview) -> list[Row]:
    """One for each zone."""
    fates = _fates(stack)
    only = len({step.urn for step in stack.plan.steps if step.type == tokens.CLUSTER}) < 2
    overlay = "" if any(zone.subnets for zone in stack.zones) else "GlobalRouter only"
    return [
        zone_row(zone, whole=stack.plan.whole, fate=_fate(zone, fates, only) or overlay, unused=_unused(stack, zone.name))
        for zone in stack.zones
    ]


def _unused(stack: StackReview, zone: str) -> str:
    """New subnets of a zone that no resource of the program uses: perhaps meant for pods, and in no list of pod subnets."""
    found = [step for step in effects.unused_subnets(stack.plan.steps) if step.new.get("availabilityZone") == zone]
    blocks = ", ".join(str(step.new.get("cidrBlock") or step.name) for step in found)
    return f"; {blocks} (new) is not registered for pods" if blocks else ""


def _fates(stack: StackReview) -> dict[str, str]:
    """What becomes of each cluster that does not stay as it is, by the cluster's URN or id."""
    plan = Plan(stack.plan.steps)
    clusters, steps = Clusters(plan), {step.urn: step for step in plan.steps}
    found: dict[str, str] = {}
    for item in stack.causes:
        for finding in (*item.cause.findings, *item.cause.consequences):
            if finding.urn in steps and finding.rule.id in (POD_NETWORK_OFF.id, PHANTOM_HYBRID.id):
                found[clusters.of(steps[finding.urn])] = _OFF if finding.rule.id == POD_NETWORK_OFF.id else _PHANTOM
    ends = {Op.REPLACE: _REBUILT, Op.DELETE: _DELETED}
    return {**found, **{step.urn: ends[step.op] for step in plan.of(tokens.CLUSTER) if step.op in ends}}


def _fate(zone: Zone, fates: Mapping[str, str], only: bool) -> str:
    """That of the zone's cluster; where the plan does not show which cluster it is, of any."""
    its = set(zone.pools).union(*(subnet.clusters for subnet in zone.subnets))
    if only or not its or UNTOLD in its or UNTOLD in fates:
        return next(iter(fates.values()), "")
    return next((fates[cluster] for cluster in sorted(its) if cluster in fates), "")


def zone_row(zone: Zone, *, whole: bool, fate: str = "", unused: str = "") -> Row:
    """A preview that is not whole has not come to all node pools."""
    subnets = ", ".join(_subnet(subnet.name, subnet.block, subnet.op) for subnet in zone.subnets) or f"none{unused}"
    verdict = fate or _verdict(zone)
    if not whole:
        return zone.name, subnets, _free(zone), "?", verdict if verdict.startswith("⛔") and "node" not in verdict else "not known"
    return zone.name, subnets, _free(zone), _nodes(zone), verdict


def _subnet(name: str, block: str, op: Op) -> str:
    word = {Op.CREATE: " (new)", Op.DELETE: " (leaves)", Op.REPLACE: " (replaced)"}.get(op, "")
    return f"{block or name}{word}"


def _free(zone: Zone) -> str:
    """Free addresses now and afterwards; those of a new subnet come with it, and none is left where no subnet is."""
    if not zone.covered:
        return "-"
    now = [subnet.free for subnet in zone.subnets if subnet.op is not Op.CREATE]
    before = "?" if None in now else str(sum(count or 0 for count in now))
    left = zone.free_after
    return _change(before, "?" if left is None else str(max(left, 0)))


def _nodes(zone: Zone) -> str:
    marks = [mark for mark, there in (("shared out", zone.nodes_worked_out), ("and more", zone.nodes_unknown)) if there]
    return _change(str(zone.nodes_before), str(zone.nodes_after)) + (f" ({', '.join(marks)})" if marks else "")


def _change(before: str, after: str) -> str:
    return before if before == after else f"{before} → {after}"


def _verdict(zone: Zone) -> str:
    if not zone.covered and not zone.pools:
        return "its cluster lists no pod subnets" if zone.unlisted else "no nodes"
    if not zone.covered and not zone.subnets and all(pools.checked for pools in zone.pools.values()):
        return "GlobalRouter only"
    if not zone.covered or any(zone.uncovered_pools()):
        return "⛔ nodes without pod subnet"
    if any(subnet.op in (Op.DELETE, Op.REPLACE) for subnet in zone.subnets):
        return "⛔ a pod subnet goes"
    after = zone.free_after
    if after is not None and zone.taken and after < zone.size * HEADROOM:
        return "⚠ too few addresses" if after < 0 else "⚠ short of addresses"
    rebuilt = [pool.op is Op.REPLACE for pools in zone.pools.values() for pool in pools.steps]
    if any(rebuilt):
        return "⚠ its nodes are rebuilt" if all(rebuilt) else "⚠ some of its nodes are rebuilt"
    if not zone.pools and not zone.unlisted:
        return "⚠ no nodes left" if zone.nodes_before else "ok, no nodes here"
    return "ok"
