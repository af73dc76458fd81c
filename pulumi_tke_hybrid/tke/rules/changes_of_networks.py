"""Dangerous changes of VPCs, subnets, node pools and security groups."""

from collections.abc import Iterator, Sequence

from pulumi_tke_hybrid.tke import tokens
from pulumi_tke_hybrid.tke.pool_nodes import nodes_by_subnet
from pulumi_tke_hybrid.tke.rule import Finding, Rule, Severity
from pulumi_tke_hybrid.tke.rules.changes_of_clusters import POD_SUBNET_LEAVES, protection
from pulumi_tke_hybrid.tke.step import Check, Op, Props, Step, items, mapping

_PROVIDER = "terraform-provider-tencentcloud 1.82.42, as the Pulumi provider 0.2.3 has it"

RANGE_CHANGED = Rule(
    "range-changed",
    Severity.ERROR,
    "A VPC is never replaced or deleted unnoticed, and no subnet is replaced.",
    "the operation and its keys",
    _PROVIDER,
)
POOL_REBUILT = Rule("node-pool-rebuilt", Severity.ERROR, "A node pool is never rebuilt unnoticed.", "the operation on the pool", _PROVIDER)
SECURITY_GROUP_NARROWED = Rule(
    "security-group-narrowed",
    Severity.WARNING,
    "A security group that admits clients keeps admitting them.",
    "the rules before and after",
    "aws-load-balancer-controller#3521, 457/41897",
)


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
            f"{_ends(step)}, a subnet{_place(step)}",
            value=step.id,
            why="it goes with everything on it: nodes, load balancers, pod addresses",
            todo="keep it and add another one beside it",
        )


def pod_subnet_lost(step: Step) -> Finding:
    """For a pod subnet that is replaced or deleted."""
    return POD_SUBNET_LEAVES.finding(
        step.name,
        f"{_ends(step)}, a pod subnet{_place(step)}",
        value=step.id,
        why="TKE cannot unregister one subnet, and pods hold addresses in it",
        todo="keep it and add another one beside it",
    )


def _ends(step: Step) -> str:
    return f"would be replaced ({step.replaced_for})" if step.op is Op.REPLACE else "would be deleted"


def _place(step: Step) -> str:
    zone = step.old.get("availabilityZone")
    return f" of zone {zone}" if isinstance(zone, str) else ""


def _vpc_lost(step: Step) -> Iterator[Finding]:
    if step.op.ends:
        yield RANGE_CHANGED.finding(
            step.name,
            f"{_ends(step)}, the VPC",
            value=step.id,
            why="every subnet and everything on it goes with it",
            todo="go back to the old value" if step.op is Op.REPLACE else "keep it in the program, or accept this finding",
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
            value=step.replaced_for,
            why="pods on them are evicted, and their ENI addresses go",
            todo="add a pool of another name, drain the nodes of this one, then remove it",
        )
    elif step.op is Op.DELETE:
        yield POOL_REBUILT.finding(
            step.name,
            f"the {kind} would be deleted with {_machines(step)}",
            why="pods on them are evicted, and their ENI addresses go",
            todo="drain its nodes first; then accept this finding",
        )


_SOURCES = ("cidrBlock", "ipv6CidrBlock", "sourceSecurityId", "cidrIp", "sourceSgid")
_PROTOCOL_AND_PORT = (("protocol", "ipProtocol"), ("port", "portRange"))
"""A GroupRule is one rule, and names the same things otherwise than a rule of a GroupRuleSet."""


def _admitted(props: Props) -> list[tuple[str, str]]:
    """(what is admitted, the rule) of a security group's list."""
    rules: list[tuple[str, str]] = []
    listed = [props] if "policy" in props else items(props.get("ingresses", props.get("ingress")))
    for index, rule in enumerate(listed):
        if isinstance(rule, str):  # ACCEPT#10.0.0.0/8#80#TCP
            rules.append((rule.partition("#")[0].upper(), rule))
        else:
            given = mapping(rule)
            if str(given.get("type", "ingress")).lower() != "ingress":
                continue
            source = next((str(given[key]) for key in _SOURCES if given.get(key)), f"rule {index}")
            protocol, port = (next((given[key] for key in pair if given.get(key)), "ALL") for pair in _PROTOCOL_AND_PORT)
            rules.append((str(given.get("action") or given.get("policy") or "").upper(), f"{source} {protocol} {port}"))
    return rules


def _narrowed(step: Step) -> Iterator[Finding]:
    if not step.old and step.type != tokens.GROUP_RULE:
        return
    before, after = _admitted(step.old), _admitted(step.new)
    gone = [rule for action, rule in before if action == "ACCEPT" and ("ACCEPT", rule) not in after]
    dropped = [rule for action, rule in after if action == "DROP" and ("DROP", rule) not in before]
    if gone or dropped:
        yield SECURITY_GROUP_NARROWED.finding(
            f"{step.name}.ingresses",
            "no longer admitted" if gone else "is refused from now on",
            value=", ".join(gone or dropped),
            why="with direct access clients come to the ENI with their own address, so the group must admit the clients' ranges and the "
            "load balancer's health checks",
            todo="check that every client's range is still admitted",
        )


CHECKS: dict[str, Sequence[Check]] = {
    tokens.VPC: (_vpc_lost,),
    tokens.SUBNET: (_subnet_lost, protection),
    **dict.fromkeys(tokens.POOLS, (_pool_lost,)),
    **dict.fromkeys((tokens.RULE_SET, tokens.LITE_RULES, tokens.GROUP_RULE), (_narrowed,)),
}
