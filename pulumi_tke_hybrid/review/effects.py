"""What a change adds or restarts, in network terms: what a reviewer reads where no rule found anything."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from pulumi_tke_hybrid.console.text import several
from pulumi_tke_hybrid.tke import tokens
from pulumi_tke_hybrid.tke.holders import holders
from pulumi_tke_hybrid.tke.pool_nodes import pool_nodes
from pulumi_tke_hybrid.tke.rules.fronts import existing_balancer, internal_subnet, is_front
from pulumi_tke_hybrid.tke.step import Op, Step
from pulumi_tke_hybrid.tke.values import Props, unknown

_UNUSED = " (no resource of the preview uses this subnet)"
_POOLS = (tokens.NODE_POOL, tokens.NATIVE_NODE_POOL)
_MOST = 12


def added(steps: Iterable[Step]) -> list[str]:
    """What is new on the network: ranges, nodes, load balancers, pods."""
    given = list(steps)
    unused = {step.urn for step in unused_subnets(given)}
    return _bounded(phrase + (_UNUSED if step.urn in unused else "") for step in given for phrase in _of_step(step))


def unused_subnets(steps: Sequence[Step]) -> list[Step]:
    """New subnets whose id no resource of the program takes."""
    used = {urn for step in steps for urns in step.sources.values() for urn in urns}
    return [step for step in steps if step.type == tokens.SUBNET and step.op is Op.CREATE and step.urn not in used]


def restarted(steps: Iterable[Step]) -> list[str]:
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
    if step.type == tokens.SUBNET:
        yield f"new subnet {_text(step.new, 'cidrBlock')} in {_text(step.new, 'availabilityZone')}"
    elif step.type == tokens.VPC:
        yield f"new VPC {_text(step.new, 'cidrBlock')}"
    elif step.type == tokens.CLUSTER:
        yield f"new cluster {step.name} with the pod range {_text(step.new, 'clusterCidr')}"
    elif step.type == tokens.SWITCH:
        yield "pods may have addresses of pod subnets from then on (VPC-CNI is switched on)"
    elif is_front(step):
        if existing_balancer(step, step.new):
            yield f"{step.name} uses the load balancer {existing_balancer(step, step.new)}"
        else:
            yield f"new {'internal' if internal_subnet(step, step.new) else 'public'} load balancer for {step.name}"
    else:
        yield from (f"new workload {step.name} ({_pods(holder.pods)})" for holder in holders(step.type, step.new))


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
            away = " (none until it is back)" if step.type == tokens.STATEFUL_SET and becomes.pods == 1 else ""
            yield f"{_pods(becomes.pods)} of {step.name}{away}"


def _pods(count: int | None) -> str:
    return "pods" if count is None else several(count, "pod")


def _text(props: Props, key: str) -> str:
    found: Any = props.get(key)
    return "(not known before the apply)" if unknown(found) or not isinstance(found, str) else found
