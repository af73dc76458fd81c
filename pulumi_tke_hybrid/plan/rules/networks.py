"""Rules on changes of VPCs, subnets, node pools and security groups."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from pulumi_tke_hybrid.plan import resource_types
from pulumi_tke_hybrid.plan.inventory import is_container_subnet
from pulumi_tke_hybrid.plan.model import Op, Step
from pulumi_tke_hybrid.plan.nodes_of_pools import (
    greatest_size,
    most_nodes,
    nodes_by_subnet,
    pool_nodes,
    total,
)
from pulumi_tke_hybrid.plan.rules.cluster_rules import POD_SUBNET_LEAVES, PROVIDER
from pulumi_tke_hybrid.plan.rules.exposure import (
    EVERYBODY,
    EXPOSURE_WIDENED,
    NEW_EXPOSURE,
    SECURITY_GROUP_NARROWED,
    exposed,
)
from pulumi_tke_hybrid.plan.rules.registry import ENDING, IN_CLOUD, rule, warned
from pulumi_tke_hybrid.tke.admission import MOST_RULES, Admitted, Entry, Names, entries, entry, gained
from pulumi_tke_hybrid.tke.objects import Props, at, items, unknown
from pulumi_tke_hybrid.tke.rule import Finding, Rule

RANGE_CHANGED = Rule(
    "range-changed",
    "A VPC is not replaced or deleted, and no subnet is replaced.",
    "the operation and its keys",
    PROVIDER,
)
POOL_REBUILT = Rule(
    "node-pool-rebuilt",
    "A node pool of any kind (native, super nodes, `ScaleWorker`, an attached instance) is not replaced or "
    "deleted, and keeps its nodes. A warning where some nodes stay.",
    "the operation on the pool, its size before and after",
    PROVIDER,
)


@rule(POD_SUBNET_LEAVES, RANGE_CHANGED, on=resource_types.SUBNET, operations=ENDING)
def _subnet_lost(step: Step) -> Iterator[Finding]:
    """Report a lost subnet by its own step. Whether a deleted raw subnet is a container subnet only the plan
    shows: `coverage`."""
    if is_container_subnet(step):
        yield container_subnet_lost(step)
    elif step.op is Op.REPLACE:
        yield _lost(
            RANGE_CHANGED,
            step,
            "the subnet",
            "certain, if the apply gets that far: everything in the subnet is lost with its addresses:"
            " nodes, load balancers, pods; possible: the cloud refuses to delete a subnet in use, and the"
            " apply stops half-way",
            "add another subnet beside it, move what is in this one, and remove it afterwards",
        )


def container_subnet_lost(step: Step) -> Finding:
    """Return the finding on a container subnet that is replaced or deleted."""
    return _lost(
        POD_SUBNET_LEAVES,
        step,
        "the container subnet",
        "certain: new pods in its zone get no address from it; possible: the apply stops half-way,"
        " because the cloud deletes no subnet whose addresses pods hold; pods in it lose their network if"
        " it is deleted",
        "add another subnet beside it and leave this one: TKE takes no single subnet out",
    )


def _lost(broken: Rule, step: Step, what: str, why: str, intended: str) -> Finding:
    zone, block = step.old.get("availabilityZone"), step.old.get("cidrBlock")
    place = (f" {block}" if isinstance(block, str) else "") + (
        f" of zone {zone}" if isinstance(zone, str) else ""
    )
    what = f"{step.ending}: {what}{place}"
    todo = "keep the subnet as it is"
    return broken.finding(step.name, what, value=step.id, why=why, todo=todo, intended=intended)


@rule(RANGE_CHANGED, on=resource_types.VPC, operations=ENDING)
def _vpc_lost(step: Step) -> Iterator[Finding]:
    yield RANGE_CHANGED.finding(
        step.name,
        f"{step.ending}: the VPC with all its subnets",
        value=step.id,
        why="certain, if the apply gets that far: every subnet, node, pod and load balancer of the VPC is"
        " lost with its address, and so are its connections to other networks; possible: the cloud"
        " refuses to delete what is in use, and the apply stops half-way",
        todo=resource_types.way_back(step) if step.op is Op.REPLACE else "keep the VPC in the program",
        intended=(
            "build a second VPC beside it and move"
            if step.op is Op.REPLACE
            else "move everything out of the VPC first"
        ),
    )


_MAKERS = {
    resource_types.SCALE_WORKER: "group of machines",
    resource_types.CLUSTER_ATTACHMENT: "attachment of a machine",
    resource_types.SERVERLESS_NODE_POOL: "pool of super nodes",
    resource_types.NATIVE_NODE_POOL: "native node pool",
    resource_types.AS_SCALING_GROUP: "scaling group",
}


def _machines(step: Step) -> str:
    count = total(part.nodes for part in nodes_by_subnet(step.type, step.old))
    noun = "super node" if step.type == resource_types.SERVERLESS_NODE_POOL else "machine"
    return f"its {noun}s" if not count else f"its one {noun}" if count == 1 else f"its {count} {noun}s"


@rule(POOL_REBUILT, on=resource_types.POOLS, operations=ENDING)
def _pool_lost(step: Step) -> Iterator[Finding]:
    kind, why = _MAKERS.get(step.type, "node pool"), _NOT_DRAINED
    if step.type == resource_types.NODE_POOL and step.old.get("deleteKeepInstance", True) is not False:
        why = _NOT_DRAINED_BUT_KEPT
    if pool_nodes(step.old) == 0 and not greatest_size(step.old):
        yield warned(
            POOL_REBUILT.finding(
                step.name,
                f"the {kind} would be {'deleted' if step.op is Op.DELETE else 'replaced'}",
                why="its inputs allow no node; possible: nodes that were added by hand leave the cluster",
                todo="keep the pool in the program",
                intended="look up its nodes first",
            )
        )
    elif step.op is Op.REPLACE:
        yield POOL_REBUILT.finding(
            step.name,
            f"would rebuild the {kind} and {_machines(step)} at once",
            value=resource_types.reasons(step),
            why=f"{why}; the new machines come a few minutes later",
            todo=resource_types.way_back(step),
            intended="add a pool of another name, drain the nodes of this one, and remove it afterwards",
        )
    else:
        yield POOL_REBUILT.finding(
            step.name,
            f"the {kind} would be deleted with {_machines(step)}",
            why=why,
            todo="keep the pool in the program",
            intended="drain its nodes first",
        )


@rule(POOL_REBUILT, on=resource_types.POOLS, operations=(Op.UPDATE,), milder=[POOL_REBUILT])
def _pool_shrinks(step: Step) -> Iterator[Finding]:
    before, after = most_nodes(step.old), most_nodes(step.new)
    if before is not None and after is not None and after < before:
        found = POOL_REBUILT.finding(
            step.name,
            f"the number of nodes falls from {before} to {after}"
            + ("" if before == pool_nodes(step.old) else " at most"),
            why=f"{_NOT_DRAINED}; the cloud chooses the machines",
            todo=f"keep {before} nodes",
            intended="drain the nodes that are to go first, and remove them by their names",
        )
        yield warned(found) if after else found


_NOT_DRAINED = (
    "certain, when it is applied: the machines are deleted without being drained, and their pods stop;"
    " the pods start on other nodes if there is room, and get other addresses"
)


_NOT_DRAINED_BUT_KEPT = (
    "certain, when it is applied: the machines leave the cluster without being drained, and their pods stop;"
    " the pods start on other nodes if there is room, and get other addresses; the machines stay in the"
    " account (deleteKeepInstance, true by default)"
)


@exposed(on=(resource_types.NODE_POOL, resource_types.NATIVE_NODE_POOL))
def _widened_pool(step: Step) -> Iterator[Finding]:
    """Report node pools whose nodes get public addresses."""
    if not _with_public_nodes(step.new) or _with_public_nodes(step.old):
        return
    yield (EXPOSURE_WIDENED if step.old else NEW_EXPOSURE).finding(
        step.name,
        "new nodes of the pool get public addresses",
        why=f"{EVERYBODY} who is not kept out by the security groups of the nodes reaches them, their node"
        " ports included",
        todo="leave the public address out, or check the security groups of the pool",
    )


def _with_public_nodes(props: Props) -> bool:
    scaling = at(props, "autoScalingConfig")
    return at(scaling, "publicIpAssigned") is True or bool(at(props, "native", "internetAccessible"))


_RULE_LISTS = (resource_types.RULE_SET, resource_types.LITE_RULES)
_EXISTING = IN_CLOUD - {Op.CREATE}
_INTERNET = 2**24
"""A group that newly admits so many addresses of the internet, a 256th of them, admits everybody."""


_admits = partial(rule, EXPOSURE_WIDENED, milder=[EXPOSURE_WIDENED])
"""Registers a check on the rules of security groups."""


@_admits(NEW_EXPOSURE, on=_RULE_LISTS, operations=(Op.CREATE,))
@_admits(SECURITY_GROUP_NARROWED, on=_RULE_LISTS, operations=_EXISTING)
def _list_changed(step: Step) -> Iterator[Finding]:
    """Compare the rules of a resource that holds all rules of a group."""
    for incoming, key in ((True, "ingress"), (False, "egress")):
        yield from _list_of(step, key, incoming=incoming)


def _list_of(step: Step, key: str, *, incoming: bool) -> Iterator[Finding]:
    path = f"{step.name}.{key}es"
    before, after = _listed(step.old, key), _listed(step.new, key)
    if not incoming and (step.op.ends or not (step.old and step.new)):
        return  # the end of the group, or a new group, counts by the rules for incoming traffic
    if before is None or after is None:
        yield _not_compared(path, "are known only during the update")
    elif max(len(before), len(after)) > MOST_RULES:
        yield _not_compared(path, f"are more than {MOST_RULES}")
    elif before != after:
        names = Names()
        was, becomes = entries(before, names), entries(after, names)
        if incoming:
            yield from _widened(step, path, gained(was, becomes, names))
        yield from _narrowed(path, gained(becomes, was, names), incoming=incoming)


def _listed(props: Props, key: str) -> list[Any] | None:
    """The rules for one direction; None where not known."""
    found = props.get(f"{key}es", props.get(key))
    return None if unknown(found) else items(found)


def _not_compared(path: str, why: str) -> Finding:
    return warned(
        EXPOSURE_WIDENED.finding(
            path,
            f"{why}, so they are not compared with those before",
            value="the rules of the security group",
            why="the group may admit more clients than before, or refuse some",
            todo="look at the rules before you merge",
        )
    )


@_admits(NEW_EXPOSURE, SECURITY_GROUP_NARROWED, on=resource_types.GROUP_RULE, operations=(Op.CREATE,))
@_admits(SECURITY_GROUP_NARROWED, on=resource_types.GROUP_RULE, operations=_EXISTING)
def _rule_changed(step: Step) -> Iterator[Finding]:
    """Compare a resource that holds a single rule. Its place among the other rules is not known, so an ACCEPT
    counts as reached and a DROP as needed."""
    names = Names()
    before, after = _single(step.old, names), _single(step.new, names)
    for accepts, more, less in ((True, before, after), (False, after, before)):
        narrow, wide = (_of_action(side, accepts=accepts) for side in (more, less))
        yield from _widened(step, step.name, gained(narrow, wide, names), accepts=accepts)
        yield from _narrowed(step.name, gained(wide, narrow, names), accepts=accepts)
    outgoing = [_single(side, names, "egress") for side in (step.old, step.new)]
    for accepts, (more, less) in ((True, outgoing), (False, outgoing[::-1])):
        wide, narrow = (_of_action(side, accepts=accepts) for side in (more, less))
        yield from _narrowed(step.name, gained(narrow, wide, names), accepts=accepts, incoming=False)


def _single(props: Props, names: Names, direction: str = "ingress") -> list[Entry]:
    return [entry(props, names)] if props and (props.get("type") or "ingress") == direction else []


def _of_action(rules: Sequence[Entry], *, accepts: bool) -> list[Entry]:
    """Return the rules of one action as rules that accept, so that refused traffic is a set too."""
    return [replace(rule, accepts=True) for rule in rules if rule.accepts is accepts]


def _widened(step: Step, path: str, more: Sequence[Admitted], *, accepts: bool = True) -> Iterator[Finding]:
    if not more:
        return
    everybody = sum(admitted.public for admitted in more) >= _INTERNET
    group = step.new.get("securityGroupId")
    new = step.op is Op.CREATE and (group is None or unknown(group))
    if new and not everybody:
        return  # the first rules of a group that is made with them
    finding = (NEW_EXPOSURE if new else EXPOSURE_WIDENED).finding(
        path,
        (
            "admitted by the security group from now on"
            if accepts
            else "no longer refused by the security group"
        ),
        value="; ".join(map(str, more)),
        why=f"{EVERYBODY if everybody else 'clients with these addresses'} may connect to"
        " what the group protects: pods on their own interfaces, nodes, load balancers",
        todo="look up what the group protects, and name the clients' own ranges",
        intended="check that these clients may connect",
    )
    yield finding if everybody else warned(finding)


def _narrowed(
    path: str, less: Sequence[Admitted], *, accepts: bool = True, incoming: bool = True
) -> Iterator[Finding]:
    if less:
        where = "from there" if incoming else "from inside to there"
        yield SECURITY_GROUP_NARROWED.finding(
            path,
            (
                f"no longer admitted {'by' if incoming else 'as a destination by'} the security group"
                if accepts
                else f"refused {'by' if incoming else 'as a destination by'} the security group from now on"
            ),
            value="; ".join(map(str, less)),
            why=f"certain, as soon as it is applied: new connections {where} are refused wherever no other"
            " rule admits them"
            + (
                "; pods behind a load balancer with direct access meet their clients' own addresses here"
                if incoming
                else ""
            ),
            todo="keep the rules for every client that is still there" if incoming else "keep the rules",
            intended="check that no client of these ranges is left"
            if incoming
            else "check that nothing behind the group connects to these addresses",
        )
