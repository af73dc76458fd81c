"""Dangerous changes of VPCs, subnets, node pools and security groups."""

from collections.abc import Iterator, Sequence

from pulumi_tke_hybrid.tke import forced, tokens
from pulumi_tke_hybrid.tke.pool_nodes import nodes_by_subnet
from pulumi_tke_hybrid.tke.rule import Finding, Rule, Severity
from pulumi_tke_hybrid.tke.rules.changes_of_clusters import POD_SUBNET_LEAVES, protection
from pulumi_tke_hybrid.tke.step import Check, Op, Step

_PROVIDER = "terraform-provider-tencentcloud 1.82.42, as the Pulumi provider 0.2.3 has it"

RANGE_CHANGED = Rule(
    "range-changed",
    Severity.ERROR,
    "A VPC is never replaced or deleted unnoticed, and no subnet is replaced.",
    "the operation and its keys",
    _PROVIDER,
)
POOL_REBUILT = Rule("node-pool-rebuilt", Severity.ERROR, "A node pool is never rebuilt unnoticed.", "the operation on the pool", _PROVIDER)


def is_pod_subnet(step: Step) -> bool:
    """Whether a subnet of the cloud belongs to the component of a pod subnet."""
    return f"::{tokens.POD_SUBNET}::" in step.parent or f"{tokens.POD_SUBNET}$" in step.urn


def _subnet_lost(step: Step) -> Iterator[Finding]:
    """What the subnet alone tells. Of a raw one that is deleted only the plan tells whether it is a pod subnet: `tke.rules.coverage`."""
    if step.op.ends and is_pod_subnet(step):
        yield pod_subnet_lost(step)
    elif step.op is Op.REPLACE:
        yield RANGE_CHANGED.finding(
            step.name,
            f"{_ends(step)}: the subnet{_place(step)}",
            value=step.id,
            why="certain, if the apply gets that far: everything in the subnet is lost with its addresses: nodes, load balancers, pods; "
            "possible: the cloud refuses to delete a subnet in use, and the apply stops half-way",
            todo="keep the subnet as it is",
            intended="add another subnet beside it, move what is in this one, and remove it afterwards",
        )


def pod_subnet_lost(step: Step) -> Finding:
    """For a pod subnet that is replaced or deleted."""
    return POD_SUBNET_LEAVES.finding(
        step.name,
        f"{_ends(step)}: the pod subnet{_place(step)}",
        value=step.id,
        why="certain: new pods in its zone get no address from it; possible: the apply stops half-way, because the cloud deletes no subnet "
        "whose addresses pods hold; pods in it lose their network if it is deleted",
        todo="keep the subnet as it is",
        intended="add another subnet beside it and leave this one: TKE takes no single subnet out",
    )


def _ends(step: Step) -> str:
    return f"would be replaced ({step.replaced_for})" if step.op is Op.REPLACE else "would be deleted"


def _place(step: Step) -> str:
    zone = step.old.get("availabilityZone")
    block = step.old.get("cidrBlock")
    return f"{f' {block}' if isinstance(block, str) else ''}{f' of zone {zone}' if isinstance(zone, str) else ''}"


def _vpc_lost(step: Step) -> Iterator[Finding]:
    if step.op.ends:
        yield RANGE_CHANGED.finding(
            step.name,
            f"{_ends(step)}: the VPC with all its subnets",
            value=step.id,
            why="certain, if the apply gets that far: every subnet, node, pod and load balancer of the VPC is lost with its address, and "
            "so are its connections to other networks; possible: the cloud refuses to delete what is in use, and the apply stops half-way",
            todo=forced.back(step) if step.op is Op.REPLACE else "keep the VPC in the program",
            intended="build a second VPC beside it and move" if step.op is Op.REPLACE else "move everything out of the VPC first",
        )


_MAKERS = {
    tokens.SCALE_WORKER: "group of machines",
    tokens.CLUSTER_ATTACHMENT: "attachment of a machine",
    tokens.SERVERLESS_NODE_POOL: "pool of super nodes",
    tokens.NATIVE_NODE_POOL: "native node pool",
    tokens.AS_SCALING_GROUP: "scaling group",
}


def _machines(step: Step) -> str:
    counts = [part.nodes for part in nodes_by_subnet(step.type, step.old)]
    count = None if None in counts else sum(part or 0 for part in counts)
    noun = "super node" if step.type == tokens.SERVERLESS_NODE_POOL else "machine"
    return f"its {noun}s" if count is None else f"its one {noun}" if count == 1 else f"its {count} {noun}s"


def _pool_lost(step: Step) -> Iterator[Finding]:
    kind = _MAKERS.get(step.type, "node pool")
    if step.op is Op.REPLACE:
        yield POOL_REBUILT.finding(
            step.name,
            f"would rebuild the {kind} and {_machines(step)} at once",
            value=forced.reasons(step),
            why="certain, when it is applied: the machines are deleted without being drained, and their pods stop; the pods start on other "
            "nodes if there is room, and get other addresses; the new machines come a few minutes later",
            todo=forced.back(step),
            intended="add a pool of another name, drain the nodes of this one, and remove it afterwards",
        )
    elif step.op is Op.DELETE:
        yield POOL_REBUILT.finding(
            step.name,
            f"the {kind} would be deleted with {_machines(step)}",
            why="certain, when it is applied: the machines are deleted without being drained, and their pods stop; the pods start on other "
            "nodes if there is room, and get other addresses",
            todo="keep the pool in the program",
            intended="drain its nodes first",
        )


CHECKS: dict[str, Sequence[Check]] = {
    tokens.VPC: (_vpc_lost,),
    tokens.SUBNET: (_subnet_lost, protection),
    **dict.fromkeys(tokens.POOLS, (_pool_lost,)),
}
