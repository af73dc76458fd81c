"""Changes after which more clients than before reach a load balancer, its pods, or the API server of a cluster."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from pulumi_tke_hybrid.tke import keys, tokens
from pulumi_tke_hybrid.tke.known_annotations import On
from pulumi_tke_hybrid.tke.rule import Finding, Rule, Severity
from pulumi_tke_hybrid.tke.rules.fronts import annotation, existing_balancer, front_of, internal_subnet, is_patch, may_have_balancer
from pulumi_tke_hybrid.tke.step import Check, Op, Props, Step, texts, unknown

EXPOSURE_WIDENED = Rule(
    "exposure-widened",
    Severity.ERROR,
    "What is reachable from inside only does not become reachable from outside unnoticed, and no security group admits more than before "
    "unnoticed.",
    "the resource before and after",
    "arithmetic of the ranges; 457/51258 and 457/56112: a load balancer without a subnet is public",
)
_WHO = "anybody on the internet"


def _noted(finding: Finding, severity: Severity) -> Finding:
    return replace(finding, severity=severity)


def widened_fronts(step: Step) -> Iterator[Finding]:
    """A Service or an Ingress: its load balancer becomes public, or loses what keeps clients out."""
    if front_of(step) is None or step.op is Op.DELETE:
        return
    before, after = _scope(step, step.old), _scope(step, step.new)
    if after == _PUBLIC and before != _PUBLIC and not is_patch(step):
        yield _public_front(step, before)
    elif after == _INTERNAL and before == _NONE and step.old:
        yield _noted(
            EXPOSURE_WIDENED.finding(
                step.name,
                f"gets an internal load balancer in {internal_subnet(step, step.new)}",
                why="every machine of the VPC, and of networks connected to the VPC, reaches the pods behind it",
                todo="check that the VPC may reach these pods",
            ),
            Severity.NOTE,
        )
    if step.old and after != _NONE:
        yield from _guards_of_front(step, after)


_NONE, _INTERNAL, _EXISTING, _PUBLIC = "no load balancer", "an internal load balancer", "a load balancer of yours", "a public load balancer"


def _scope(step: Step, props: Props) -> str:
    if not may_have_balancer(step, props):
        return _NONE
    if existing_balancer(step, props) is not None:
        return _EXISTING
    return _PUBLIC if internal_subnet(step, props) is None else _INTERNAL


def _public_front(step: Step, before: str) -> Finding:
    kind = front_of(step) or On.SERVICE
    if not step.old:
        return _noted(
            EXPOSURE_WIDENED.finding(
                step.name,
                "gets a public load balancer",
                why=f"{_WHO} who is not kept out by a security group of the load balancer reaches the pods behind it",
                todo=f"check that this {kind.value} is meant for the internet; {_subnet_key(kind)} makes its load balancer internal",
            ),
            Severity.NOTE,
        )
    held = internal_subnet(step, step.old) or existing_balancer(step, step.old)
    return EXPOSURE_WIDENED.finding(
        step.name,
        f"from {before}{f' ({held})' if isinstance(held, str) and not unknown(held) else ''} to a public load balancer",
        why=f"{_WHO} may reach the pods behind it as soon as TKE has made the public load balancer",
        todo="go back to the old value",
        intended="check that the pods are meant for the internet and that a security group limits their clients",
    )


def _subnet_key(kind: On) -> str:
    return keys.SERVICE_INTERNAL_SUBNET if kind is On.SERVICE else keys.INGRESS_INTERNAL_SUBNET


_GROUPS = {On.SERVICE: keys.SERVICE_SECURITY_GROUPS, On.INGRESS: keys.INGRESS_SECURITY_GROUPS}
_PASS = {On.SERVICE: keys.SERVICE_PASS_TO_TARGET, On.INGRESS: keys.INGRESS_PASS_TO_TARGET}


def _guards_of_front(step: Step, scope: str) -> Iterator[Finding]:
    kind = front_of(step) or On.SERVICE
    key = _GROUPS[kind]
    before, after = (_listed(annotation(props, key)) for props in (step.old, step.new))
    yield from _groups_changed(f"{step.name}.{key}", before, after, scope != _INTERNAL)
    passing = _PASS[kind]
    if annotation(step.old, passing) != "true" and annotation(step.new, passing) == "true":
        yield _passes(f"{step.name}.{passing}", bool(after))


def _listed(value: Any) -> list[str] | None:
    """The ids of a comma list; None where it is not known."""
    if unknown(value):
        return None
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else []


def _groups_changed(path: str, before: Sequence[str] | None, after: Sequence[str] | None, public: bool) -> Iterator[Finding]:
    """Security groups of a load balancer. Groups that are exchanged are a warning: the plan may not show their rules."""
    if before is None or not before or before == after:
        return
    if after is None or set(after) - set(before):
        added = "groups that are known only during the update" if after is None else ", ".join(sorted(set(after) - set(before)))
        yield _noted(
            EXPOSURE_WIDENED.finding(
                path,
                f"added to {', '.join(before)}",
                value=added,
                why="the load balancer admits what these security groups admit; their rules are not compared here",
                todo="check which clients the added security groups admit",
            ),
            Severity.WARNING,
        )
    elif not after:
        finding = EXPOSURE_WIDENED.finding(
            path,
            f"instead of {', '.join(before)}: no security group on the load balancer any more",
            value="no security group",
            why=f"without a group the load balancer admits {_WHO if public else 'every machine that reaches the VPC'}",
            todo=f"keep {', '.join(before)}",
            intended="check that every client may reach the load balancer",
        )
        yield finding if public else _noted(finding, Severity.WARNING)


def _passes(path: str, has_group: bool) -> Finding:
    finding = EXPOSURE_WIDENED.finding(
        path,
        "true instead of false: the security groups of the pods and nodes no longer filter what comes through the load balancer",
        why="only the security groups of the load balancer itself decide who reaches the pods"
        + ("" if has_group else ", and it has none in this plan: everybody who reaches it reaches them"),
        todo="check that a security group of the load balancer limits the clients",
    )
    return _noted(finding, Severity.WARNING) if has_group else finding


def _widened_balancer(step: Step) -> Iterator[Finding]:
    """A load balancer of the customer's own."""
    if step.op is Op.DELETE:
        return
    public = _is_open(step.new)
    if public and not step.old:
        yield _noted(
            EXPOSURE_WIDENED.finding(
                step.name,
                "is a public load balancer",
                why=f"{_WHO} who is not kept out by its security groups reaches it",
                todo="check that it is meant for the internet",
            ),
            Severity.NOTE,
        )
    elif public and not _is_open(step.old):
        yield EXPOSURE_WIDENED.finding(
            step.name,
            "from an internal load balancer to one with a public address",
            why=f"{_WHO} may reach whatever stands behind it",
            todo="go back to the internal network type and take the public address away",
            intended="check that a security group limits its clients",
        )
    if step.old:
        given = (None if unknown(props.get("securityGroups")) else texts(props.get("securityGroups")) for props in (step.old, step.new))
        before, after = given
        yield from _groups_changed(f"{step.name}.securityGroups", before, after, public)
        if not step.old.get("loadBalancerPassToTarget") and step.new.get("loadBalancerPassToTarget") is True:
            yield _passes(f"{step.name}.loadBalancerPassToTarget", bool(after))


def _is_open(props: Props) -> bool:
    return props.get("networkType") == "OPEN" or bool(props.get("eipAddressId"))


def _widened_endpoint(step: Step) -> Iterator[Finding]:
    """The API server of a cluster, as the cluster or a resource of its own opens it."""
    if step.op is Op.DELETE or step.new.get("clusterInternet") is not True:
        return
    if step.old.get("clusterInternet") is not True:
        yield _opened(step)
        return
    before, after = step.old.get(_API_GROUP), step.new.get(_API_GROUP)
    if before and before != after:
        finding = EXPOSURE_WIDENED.finding(
            f"{step.name}.{_API_GROUP}",
            f"instead of {before}: the security group of the public API server endpoint",
            value="no security group" if not after else "a group that is known only during the update" if unknown(after) else str(after),
            why="the new group, or none, decides who on the internet reaches the API server",
            todo=f"keep {before}, or check which addresses the new group admits",
        )
        yield _noted(finding, Severity.WARNING) if after else finding


_API_GROUP = "clusterInternetSecurityGroup"


def _opened(step: Step) -> Finding:
    group = step.new.get(_API_GROUP)
    limited = f"what security group {group} admits" if isinstance(group, str) and not unknown(group) else _WHO
    finding = EXPOSURE_WIDENED.finding(
        f"{step.name}.clusterInternet",
        "true instead of false: the API server of the cluster gets a public endpoint",
        why=f"{limited} reaches the API server, which controls every workload of the cluster",
        todo="keep the endpoint internal",
        intended="check that the security group of the endpoint admits administrators only",
    )
    # With a cluster that is made in the same update nothing becomes wider than before.
    cluster = step.new.get("clusterId")
    new = step.op is Op.CREATE and (step.type == tokens.CLUSTER or cluster is None or unknown(cluster))
    return _noted(finding, Severity.NOTE) if new else finding


CLB = "tencentcloud:Clb/instance:Instance"
ENDPOINT = "tencentcloud:Kubernetes/clusterEndpoint:ClusterEndpoint"
CHECKS: dict[str, Sequence[Check]] = {
    CLB: (_widened_balancer,),
    ENDPOINT: (_widened_endpoint,),
    tokens.CLUSTER: (_widened_endpoint,),
}
