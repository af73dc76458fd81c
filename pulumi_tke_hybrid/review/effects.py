"""What a change adds or restarts, in network terms: what a reviewer reads where no rule found anything.

The zones of a stack as rows: pod subnets, free addresses, nodes, and whether ENI pods can run there
afterwards. One change a cell.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pulumi_tke_hybrid.cli.text import several
from pulumi_tke_hybrid.plan import resource_types
from pulumi_tke_hybrid.plan.index import UNTOLD, Clusters
from pulumi_tke_hybrid.plan.kubernetes_objects import (
    existing_balancer,
    holders,
    internal_subnet,
    is_load_balancer_source,
)
from pulumi_tke_hybrid.plan.model import Op, Plan, Step
from pulumi_tke_hybrid.plan.node_pools import pool_nodes
from pulumi_tke_hybrid.plan.rules.clusters import PHANTOM_HYBRID, POD_NETWORK_OFF
from pulumi_tke_hybrid.plan.rules.coverage import HEADROOM, Zone
from pulumi_tke_hybrid.review.review import StackReview
from pulumi_tke_hybrid.tke.values import Props, unknown

_UNUSED = " (no resource of the preview uses this subnet)"
_POOLS = (resource_types.NODE_POOL, resource_types.NATIVE_NODE_POOL)
_MOST = 12


def added_effects(steps: Iterable[Step]) -> list[str]:
    """What is new on the network: ranges, nodes, load balancers, pods."""
    given = list(steps)
    unused = {step.urn for step in unused_subnets(given)}
    return _bounded(
        phrase + (_UNUSED if step.urn in unused else "") for step in given for phrase in _of_step(step)
    )


def unused_subnets(steps: Sequence[Step]) -> list[Step]:
    """New subnets whose id no resource of the program takes."""
    used = {urn for step in steps for urns in step.sources.values() for urn in urns}
    return [
        step
        for step in steps
        if step.type == resource_types.SUBNET and step.op is Op.CREATE and step.urn not in used
    ]


def restarted_effects(steps: Iterable[Step]) -> list[str]:
    """Workloads whose pods a rolling update replaces."""
    return _bounded(phrase for step in steps if step.op is Op.UPDATE for phrase in _rolled(step))


def _bounded(phrases: Iterable[str]) -> list[str]:
    found = list(phrases)
    return found[:_MOST] + ([f"{len(found) - _MOST} more"] if len(found) > _MOST else [])


def _of_step(step: Step) -> Iterator[str]:
    if step.type in _POOLS:
        yield from _nodes(step)
    elif step.op is Op.UPDATE:
        yield from _more_pods(step)
    if step.op is not Op.CREATE:
        return
    if step.type == resource_types.SUBNET:
        yield f"new subnet {_text(step.new, 'cidrBlock')} in {_text(step.new, 'availabilityZone')}"
    elif step.type == resource_types.VPC:
        yield f"new VPC {_text(step.new, 'cidrBlock')}"
    elif step.type == resource_types.CLUSTER:
        yield f"new cluster {step.name} with the pod range {_text(step.new, 'clusterCidr')}"
    elif step.type == resource_types.SWITCH:
        yield "pods may have addresses of pod subnets from then on (VPC-CNI is switched on)"
    elif is_load_balancer_source(step):
        if existing_balancer(step, step.new):
            yield f"{step.name} uses the load balancer {existing_balancer(step, step.new)}"
        else:
            yield (
                f"new {'internal' if internal_subnet(step, step.new) else 'public'} load balancer for"
                f" {step.name}"
            )
    else:
        yield from (
            f"new workload {step.name} ({_pods(holder.pods)})" for holder in holders(step.type, step.new)
        )


def _nodes(step: Step) -> Iterator[str]:
    before, after = (pool_nodes(props) or 0 for props in (step.old, step.new))
    if step.op is Op.CREATE:
        yield f"{several(after, 'new node')} of {step.name}"
    elif step.op is Op.UPDATE and before != after:
        yield f"{step.name} from {before} to {several(after, 'node')}"


def _more_pods(step: Step) -> Iterator[str]:
    for was, becomes in zip(holders(step.type, step.old), holders(step.type, step.new), strict=False):
        if was.pods is not None and becomes.pods is not None and was.pods != becomes.pods:
            yield f"{step.name} from {was.pods} to {several(becomes.pods, 'pod')}"


def _rolled(step: Step) -> Iterator[str]:
    for was, becomes in zip(holders(step.type, step.old), holders(step.type, step.new), strict=False):
        if was.template != becomes.template:
            away = (
                " (none until it is back)"
                if step.type == resource_types.STATEFUL_SET and becomes.pods == 1
                else ""
            )
            yield f"{_pods(becomes.pods)} of {step.name}{away}"


def _pods(count: int | None) -> str:
    return "pods" if count is None else several(count, "pod")


def _text(props: Props, key: str) -> str:
    found: Any = props.get(key)
    return "(not known before the apply)" if unknown(found) or not isinstance(found, str) else found


HEAD = ("zone", "pod subnets", "free addresses: as last read → after, estimated", "nodes", "")
Row = tuple[str, str, str, str, str]
_REBUILT, _DELETED = "⛔ its cluster is rebuilt", "⛔ its cluster is deleted"
_OFF, _PHANTOM = "⛔ the pod network is switched off", "⛔ the pod network is not switched on"


def rows(stack: StackReview) -> list[Row]:
    """One for each zone."""
    fates = _fates(stack)
    only = len({step.urn for step in stack.plan.steps if step.type == resource_types.CLUSTER}) < 2
    overlay = "" if any(zone.subnets for zone in stack.zones) else "GlobalRouter only"
    return [
        zone_row(
            zone,
            whole=stack.plan.whole,
            fate=_fate(zone, fates, only) or overlay,
            unused=_unused(stack, zone.name),
        )
        for zone in stack.zones
    ]


def _unused(stack: StackReview, zone: str) -> str:
    """New subnets of a zone that no resource of the program uses: perhaps meant for pods, and in no list of
    pod subnets."""
    found = [step for step in unused_subnets(stack.plan.steps) if step.new.get("availabilityZone") == zone]
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
                found[clusters.of(steps[finding.urn])] = (
                    _OFF if finding.rule.id == POD_NETWORK_OFF.id else _PHANTOM
                )
    ends = {Op.REPLACE: _REBUILT, Op.DELETE: _DELETED}
    return {
        **found,
        **{step.urn: ends[step.op] for step in plan.of(resource_types.CLUSTER) if step.op in ends},
    }


def _fate(zone: Zone, fates: Mapping[str, str], only: bool) -> str:
    """That of the zone's cluster; where the plan does not show which cluster it is, of any."""
    its = set(zone.pools).union(*(subnet.clusters for subnet in zone.subnets))
    if only or not its or UNTOLD in its or UNTOLD in fates:
        return next(iter(fates.values()), "")
    return next((fates[cluster] for cluster in sorted(its) if cluster in fates), "")


def zone_row(zone: Zone, *, whole: bool, fate: str = "", unused: str = "") -> Row:
    """A preview that is not whole has not come to all node pools."""
    subnets = (
        ", ".join(_subnet(subnet.name, subnet.block, subnet.op) for subnet in zone.subnets) or f"none{unused}"
    )
    verdict = fate or _verdict(zone)
    if not whole:
        return (
            zone.name,
            subnets,
            _free(zone),
            "?",
            verdict if verdict.startswith("⛔") and "node" not in verdict else "not known",
        )
    return zone.name, subnets, _free(zone), _zone_table_nodes(zone), verdict


def _subnet(name: str, block: str, op: Op) -> str:
    word = {Op.CREATE: " (new)", Op.DELETE: " (leaves)", Op.REPLACE: " (replaced)"}.get(op, "")
    return f"{block or name}{word}"


def _free(zone: Zone) -> str:
    """Free addresses now and afterwards; those of a new subnet come with it, and none is left where no subnet
    is."""
    if not zone.covered:
        return "-"
    now = [subnet.free for subnet in zone.subnets if subnet.op is not Op.CREATE]
    before = "?" if None in now else str(sum(count or 0 for count in now))
    left = zone.free_after
    return _change(before, "?" if left is None else str(max(left, 0)))


def _zone_table_nodes(zone: Zone) -> str:
    marks = [
        mark
        for mark, there in (("shared out", zone.nodes_worked_out), ("and more", zone.nodes_unknown))
        if there
    ]
    return _change(str(zone.nodes_before), str(zone.nodes_after)) + (
        f" ({', '.join(marks)})" if marks else ""
    )


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
