"""Rules on exposure: changes after which more clients reach a load balancer, pods, nodes or the API
server."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from pulumi_tke_hybrid.plan import resource_types
from pulumi_tke_hybrid.plan.kubernetes_objects import (
    INTERNAL,
    Holder,
    annotation,
    comma_list,
    existing_balancer,
    internal_subnet,
    kind_of,
    load_balancer_source,
    load_balancer_sources,
    may_have_balancer,
    template_paths,
)
from pulumi_tke_hybrid.plan.model import Op, Step, is_patch
from pulumi_tke_hybrid.plan.rules.registry import IN_CLOUD, Shape, rule, warned
from pulumi_tke_hybrid.tke import keys
from pulumi_tke_hybrid.tke.admission import Names, entries, gained
from pulumi_tke_hybrid.tke.annotations import On
from pulumi_tke_hybrid.tke.objects import Props, items, texts, unknown
from pulumi_tke_hybrid.tke.rule import Finding, Rule, note_rule, warning_rule

EXPOSURE_WIDENED = Rule(
    "exposure-widened",
    "A load balancer does not become public or lose its security groups, an API server gets no public "
    "endpoint, and a security group does not admit everybody. A warning where a security group admits a "
    "larger range, more ports or protocols, or no longer refuses some.",
    "the resource before and after",
    "arithmetic of the ranges; 457/51258 and 457/56112: a load balancer without a subnet is public",
)
NEW_EXPOSURE = note_rule(
    "new-exposure",
    "A new public address, and the first access to a resource, are named.",
    "the resource before and after",
    "457/51258 and 457/56112: a load balancer without a subnet is public",
)
SECURITY_GROUP_NARROWED = warning_rule(
    "security-group-narrowed",
    "A security group keeps admitting the same addresses, ports and protocols, in and out, and a load "
    "balancer keeps its groups. Rules are compared as the cloud reads them: the first match decides, in any "
    "shape or order.",
    "the rules and the groups before and after",
    "aws-load-balancer-controller#3521, 457/41897",
)
exposed = partial(
    rule,
    EXPOSURE_WIDENED,
    NEW_EXPOSURE,
    SECURITY_GROUP_NARROWED,
    operations=IN_CLOUD - {Op.DELETE},
    milder=[EXPOSURE_WIDENED],
)
"""Registers a check on exposure. Deletions and changes of the state alone expose nothing."""
EVERYBODY = "anybody on the internet"


@exposed(on=Shape.LOAD_BALANCER_SOURCE)
def _widened_source(step: Step) -> Iterator[Finding]:
    """Report a Service or an Ingress whose load balancer becomes public or loses its security groups."""
    before, after = _scope(step, step.old), _scope(step, step.new)
    if after == _PUBLIC and before != _PUBLIC and not is_patch(step.type):
        yield _public_front(step, before)
    elif after == _INTERNAL and before == _NONE and step.old:
        yield NEW_EXPOSURE.finding(
            step.name,
            f"gets an internal load balancer in {_shown(internal_subnet(step, step.new))}",
            why="every machine of the VPC, and of networks connected to the VPC, reaches the pods behind it",
            todo="check that the VPC may reach these pods",
        )
    if step.old and after != _NONE:
        yield from _guards_of_front(step, after)


_NONE, _INTERNAL = "no load balancer", "an internal load balancer"
_EXISTING, _PUBLIC = "a load balancer of yours", "a public load balancer"


def _scope(step: Step, props: Props) -> str:
    if not may_have_balancer(step, props):
        return _NONE
    if existing_balancer(step, props) is not None:
        return _EXISTING
    return _PUBLIC if internal_subnet(step, props) is None else _INTERNAL


def _shown(value: Any) -> str:
    return "a subnet that is known only during the update" if unknown(value) else str(value)


def _public_front(step: Step, before: str) -> Finding:
    if not step.old:
        key = INTERNAL[load_balancer_source(step) or On.SERVICE]
        return NEW_EXPOSURE.finding(
            step.name,
            "gets a public load balancer",
            why=f"{EVERYBODY} who is not kept out by a security group of the load balancer reaches the pods"
            " behind it",
            todo=f"check that this {kind_of(step.type)} is meant for the internet; {key} makes its load"
            " balancer internal",
        )
    held = internal_subnet(step, step.old) or existing_balancer(step, step.old)
    return EXPOSURE_WIDENED.finding(
        step.name,
        f"from {before}{f' ({held})' if isinstance(held, str) and not unknown(held) else ''} to a public load"
        " balancer",
        why=f"{EVERYBODY} may reach the pods behind it as soon as TKE has made the public load balancer",
        todo="go back to the old value",
        intended=(
            "check that the pods are meant for the internet and that a security group limits their clients"
        ),
    )


_GROUPS = {On.SERVICE: keys.SERVICE_SECURITY_GROUPS, On.INGRESS: keys.INGRESS_SECURITY_GROUPS}
_PASS = {On.SERVICE: keys.SERVICE_PASS_TO_TARGET, On.INGRESS: keys.INGRESS_PASS_TO_TARGET}


def _guards_of_front(step: Step, scope: str) -> Iterator[Finding]:
    for on in load_balancer_sources(step):
        key, passing = _GROUPS[on], _PASS[on]
        before, after = (comma_list(annotation(props, key)) for props in (step.old, step.new))
        yield from _groups_changed(f"{step.name}.{key}", before, after, scope != _INTERNAL)
        was, now = (annotation(props, passing) for props in (step.old, step.new))
        if was != "true" and now == "true":
            yield _passes(f"{step.name}.{passing}", bool(after))
        elif was == "true" and now != "true" and not unknown(now):
            yield _passes_no_more(f"{step.name}.{passing}")


def _groups_changed(
    path: str, before: Sequence[str] | None, after: Sequence[str] | None, public: bool
) -> Iterator[Finding]:
    """Report changed security groups of a load balancer: a warning for other groups, because the plan may not
    show their rules."""
    if before is None or before == after:
        return
    gone = [group for group in before if after and group not in after]
    if after and (gone or not before):
        yield _fewer_groups(path, before, gone, after)
    if not before:
        return
    late = ["groups that are known only during the update"]
    added = late if after is None else sorted(set(after) - set(before))
    if added:
        yield warned(
            EXPOSURE_WIDENED.finding(
                path,
                f"added to {', '.join(before)}",
                value=", ".join(added),
                why="the load balancer admits what these security groups admit; their rules are not compared"
                " here",
                todo="check which clients the added security groups admit",
            )
        )
    elif not after:
        finding = EXPOSURE_WIDENED.finding(
            path,
            f"instead of {', '.join(before)}: no security group on the load balancer any more",
            value="no security group",
            why="without a group the load balancer admits"
            f" {EVERYBODY if public else 'every machine that reaches the VPC'}",
            todo=f"keep {', '.join(before)}",
            intended="check that every client may reach the load balancer",
        )
        yield finding if public else warned(finding)


def _fewer_groups(path: str, before: Sequence[str], gone: Sequence[str], after: Sequence[str]) -> Finding:
    """Return the finding on clients that a load balancer may refuse from now on."""
    return SECURITY_GROUP_NARROWED.finding(
        path,
        f"instead of {', '.join(before) or 'none'}: the security groups of the load balancer",
        value=", ".join(after),
        why="possible, as soon as it is applied: new connections of clients that"
        + (f" only {', '.join(gone)} admitted" if gone else " these groups do not admit")
        + " are refused; the rules of the groups are not compared here",
        todo="compare the rules of the groups with the addresses of the clients",
    )


def _passes_no_more(path: str) -> Finding:
    return SECURITY_GROUP_NARROWED.finding(
        path,
        "true → false: the security groups of the pods and nodes filter again what the load balancer sends",
        why="possible, as soon as it is applied: clients that these groups do not admit are refused",
        todo="check that the security groups of the pods and nodes admit the clients and the health checks",
    )


def _passes(path: str, has_group: bool) -> Finding:
    finding = EXPOSURE_WIDENED.finding(
        path,
        "true instead of false: the security groups of the pods and nodes no longer filter what comes through"
        " the load balancer",
        why="only the security groups of the load balancer itself decide who reaches the pods"
        + ("" if has_group else ", and it has none in this plan: everybody who reaches it reaches them"),
        todo="check that a security group of the load balancer limits the clients",
    )
    return warned(finding) if has_group else finding


@exposed(on=resource_types.LOAD_BALANCER)
def _widened_balancer(step: Step) -> Iterator[Finding]:
    """Report a load balancer of the user that becomes public or loses its security groups."""
    public = _is_open(step.new)
    if public and not step.old:
        yield NEW_EXPOSURE.finding(
            step.name,
            "is a public load balancer",
            why=f"{EVERYBODY} who is not kept out by its security groups reaches it",
            todo="check that it is meant for the internet",
        )
    elif public and not _is_open(step.old):
        yield EXPOSURE_WIDENED.finding(
            step.name,
            "from an internal load balancer to one with a public address",
            why=f"{EVERYBODY} may reach whatever stands behind it",
            todo="go back to the internal network type and take the public address away",
            intended="check that a security group limits its clients",
        )
    if step.old:
        before, after = (_group_ids(props) for props in (step.old, step.new))
        yield from _groups_changed(f"{step.name}.securityGroups", before, after, public)
        was, now = (props.get("loadBalancerPassToTarget") for props in (step.old, step.new))
        if not was and now is True:
            yield _passes(f"{step.name}.loadBalancerPassToTarget", bool(after))
        elif was is True and not now:
            yield _passes_no_more(f"{step.name}.loadBalancerPassToTarget")


def _group_ids(props: Props) -> list[str] | None:
    listed = props.get("securityGroups")
    return None if unknown(listed) or any(map(unknown, texts(listed))) else texts(listed)


def _is_open(props: Props) -> bool:
    return props.get("networkType") == "OPEN" or bool(props.get("eipAddressId"))


@exposed(on=(resource_types.CLUSTER, resource_types.ENDPOINT))
def _widened_endpoint(step: Step) -> Iterator[Finding]:
    """Report a public endpoint of the API server, in the cluster or in a resource of its own."""
    if step.new.get("clusterInternet") is not True:
        return
    if step.old.get("clusterInternet") is not True:
        yield _opened(step)
        return
    yield from _policies_changed(step)
    before, after = step.old.get(_API_GROUP), step.new.get(_API_GROUP)
    if before and before != after:
        finding = EXPOSURE_WIDENED.finding(
            f"{step.name}.{_API_GROUP}",
            f"instead of {before}: the security group of the public API server endpoint",
            value=(
                "no security group"
                if not after
                else "a group that is known only during the update"
                if unknown(after)
                else str(after)
            ),
            why="the new group, or none, decides who on the internet reaches the API server",
            todo=f"keep {before}, or check which addresses the new group admits",
        )
        yield warned(finding) if after else finding


def _policies_changed(step: Step) -> Iterator[Finding]:
    """Report ranges that the provider's older list newly admits to the API server."""
    names = Names()
    before, after = (
        [{"action": "ACCEPT", "cidrBlock": block} for block in items(props.get(_API_RANGES))]
        for props in (step.old, step.new)
    )
    more = gained(entries(before, names), entries(after, names), names)
    if more:
        yield EXPOSURE_WIDENED.finding(
            f"{step.name}.{_API_RANGES}",
            "admitted to the public API server endpoint from now on",
            value=", ".join(admitted.sources for admitted in more),
            why="clients with these addresses reach the API server, which controls every workload of the"
            " cluster",
            todo="admit administrators' addresses only",
            intended="check who has these addresses",
        )


_API_RANGES = "managedClusterInternetSecurityPolicies"
_API_GROUP = "clusterInternetSecurityGroup"


def _opened(step: Step) -> Finding:
    group, cluster = step.new.get(_API_GROUP), step.new.get("clusterId")
    limited = (
        f"what security group {group} admits" if isinstance(group, str) and not unknown(group) else EVERYBODY
    )
    # With a cluster that is made in the same update nothing becomes wider than before.
    new = step.op is Op.CREATE and (
        step.type == resource_types.CLUSTER or cluster is None or unknown(cluster)
    )
    return (NEW_EXPOSURE if new else EXPOSURE_WIDENED).finding(
        f"{step.name}.clusterInternet",
        "true: the API server of the cluster gets a public endpoint",
        why=f"{limited} reaches the API server, which controls every workload of the cluster",
        todo="keep the endpoint internal",
        intended="check that the security group of the endpoint admits administrators only",
    )


@exposed(on=Shape.POD_TEMPLATE)
def _widened_pods(step: Step) -> Iterator[Finding]:
    """Report pods that get public addresses."""
    for path in template_paths(step.type, step.new):
        before, after = (Holder(step.type, props, path).annotations for props in (step.old, step.new))
        for key in _PUBLIC_POD:
            if key in after and key not in before:
                yield (EXPOSURE_WIDENED if step.old else NEW_EXPOSURE).finding(
                    f"{step.name}.{key}",
                    "the pods get public addresses of their own",
                    why=f"{EVERYBODY} who is not kept out by the security group of the pods' interfaces"
                    " reaches every port of the pods",
                    todo="take the annotation away, or check the security group of the interfaces",
                )


_PUBLIC_POD = tuple(
    f"{prefix}{name}"
    for prefix in ("tke.cloud.tencent.com/", "eks.tke.cloud.tencent.com/")
    for name in ("eip-attributes", "eip-id-list")
)
