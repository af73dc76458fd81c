"""Rules on the ranges of raw VPCs, subnets and clusters in a plan: overlaps, subnets outside their VPC,
overlays that are too small.

The components check the same rules on their inputs (see `tke.cidrs`).

The rule on the source address of GlobalRouter pods: the ranges without source NAT (non-masquerade) in
ip-masq-agent's list.

The list changes by VPC-CNI, by new container subnets, and by its own ConfigMap."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from ipaddress import ip_network
from typing import Any

from pulumi_tke_hybrid.plan import resource_types
from pulumi_tke_hybrid.plan.model import Op, Plan, Step
from pulumi_tke_hybrid.plan.rules.cluster_rules import listed_subnets
from pulumi_tke_hybrid.plan.rules.coverage import object_name, strings
from pulumi_tke_hybrid.plan.rules.registry import plan_rule, rule
from pulumi_tke_hybrid.tke import cidrs
from pulumi_tke_hybrid.tke.objects import items, texts, unknown, whole
from pulumi_tke_hybrid.tke.rule import Finding, Severity, warning_rule

Range = tuple[str, str]
"""Property that holds the range, and the range."""
_SECONDARY = "assistantCidrs"


@plan_rule(cidrs.RANGE_OVERLAP, cidrs.RANGE_OUTSIDE_VPC, cidrs.RANGE_TOO_SMALL)
def range_findings(plan: Plan) -> Iterator[Finding]:
    """Return findings on the ranges of each VPC in which the plan changes a resource."""
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
    if len(known) == len(stated):  # else the subnet may lie in a range that is not known yet
        todo = f"choose a free range inside, or add a secondary range to the VPC's {_SECONDARY}"
        yield from (cidrs.outside_finding(*subnet, blocks, todo) for subnet in outside)
    # A subnet inside the VPC overlaps an overlay only where the VPC does, which the first check reports.
    yield from cidrs.overlaps(inside)
    yield from cidrs.overlaps(outside, overlays)


def _stated(vpc: Step) -> dict[str, Any]:
    """All ranges of a VPC by property, also the ranges that are not known yet."""
    secondary = {f"{_SECONDARY}[{index}]": block for index, block in enumerate(_secondary(vpc))}
    return {"cidrBlock": vpc.new.get("cidrBlock"), **secondary}


def _secondary(vpc: Step) -> list[Any]:
    """The secondary ranges that the program states; the existing ranges if the program states none, because
    the provider leaves these alone.

    A policy sees an unknown value where the program states none. Such a value has no source; a new VPC has no
    secondary ranges then.
    """
    stated = vpc.new.get(_SECONDARY)
    if stated is None or (unknown(stated) and _SECONDARY not in vpc.sources):
        stated = None if vpc.creates else vpc.state.get(_SECONDARY)
    return [stated] if isinstance(stated, str) else items(stated)


def _overlay(cluster: Step) -> Iterator[Finding]:
    pods, services = (whole(cluster.new.get(key)) for key in ("clusterMaxPodNum", "clusterMaxServiceNum"))
    for path, block in _ranges(cluster, "clusterCidr"):
        if pods is not None and services is not None and pods >= 1:
            inside = 0 if _ranges(cluster, "serviceCidr") else services
            yield from cidrs.size_findings(path, block, pods, inside)


def _by_vpc(steps: Iterator[Step]) -> dict[str, list[Step]]:
    """The steps by the id of their VPC, and by the URN that the id comes from."""
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
    """The stated ranges that are known. A text that is not a range is left to the provider's check."""
    return [
        (f"{step.name}.{key}", value)
        for key, value in stated.items()
        if isinstance(value, str) and _is_range(value)
    ]


def _is_range(value: str) -> bool:
    try:
        cidrs.parsed_range(value)
    except ValueError:
        return False
    return True


GR_SOURCE_ADDRESS = warning_rule(
    "gr-source-address",
    "The source address of GlobalRouter pods does not change: by VPC-CNI with add_vpc, by subnets that the "
    "provider adds, by the list of ip-masq-agent.",
    "how VPC-CNI treats egress; ip-masq-agent's list before and after",
    "457/56371",
)
_CONFIG_MAP = "ip-masq-agent-config"


@rule(GR_SOURCE_ADDRESS, on=resource_types.CLUSTER, operations=(Op.UPDATE,))
def _egress_of_cluster(step: Step) -> Iterator[Finding]:
    """Report subnets that the provider adds: the provider does not set SkipAddingNonMasqueradeCIDRs."""
    if "eniSubnetIds" not in step.changed_inputs:
        return
    before, after = listed_subnets(step)
    if added := _added(before, after):
        listed = f"{added} to the list of container subnets"
        todo = (
            "switch VPC-CNI on by the component VpcCni with non_masquerade=keep instead: then the source"
            " addresses stay as they are"
        )
        switched_on = f"VPC-CNI (pods with addresses of container subnets) is switched on: {listed}"
        yield _egress(
            f"{step.name}.eniSubnetIds", listed if before else switched_on, todo, again=bool(before)
        )


@rule(GR_SOURCE_ADDRESS, on=resource_types.SWITCH, operations=(Op.CREATE, Op.UPDATE))
def _egress_of_switch(step: Step) -> Iterator[Finding]:
    if step.new.get("nonMasquerade") != "add_vpc":
        return
    before, after = listed_subnets(step)
    todo = "set non_masquerade=keep: then the source addresses stay as they are"
    where, again = f"{step.name}.nonMasquerade", step.old.get("nonMasquerade") == "add_vpc"
    if step.op is Op.CREATE and unknown(step.new.get("clusterId")):
        # A cluster that is made in the same run has no pod yet whose address could change.
        found = _egress(where, "VPC-CNI of a new cluster is switched on (non_masquerade=add_vpc)", todo)
        why = (
            "certain, from the first pod on: pods on the overlay (GlobalRouter) reach other hosts of the VPC"
            " with their own pod address as source, not with their node's; possible: a firewall or allow-list"
            " there refuses them"
        )
        yield replace(found, severity=Severity.NOTE, why=why)
    elif step.op is Op.CREATE:
        yield _egress(where, "VPC-CNI is switched on (non_masquerade=add_vpc)", todo)
    elif added := _added(before, after):
        what = f"{added} to the container subnets (non_masquerade=add_vpc)"
        yield _egress(where, what, todo, again=again)
    elif not again:
        yield _egress(where, "non_masquerade keep → add_vpc", todo)


def _added(before: Sequence[str] | None, after: Sequence[str] | None) -> str:
    """The ids that a list gains, as text; empty where the list gains none."""
    if after is None:
        return "subnets whose ids are known only after the apply are added"
    new = [item for item in after if item not in (before or ())]
    return f"+{', '.join(new)}" if new else ""


def _egress(where: str, what: str, todo: str, *, again: bool = False) -> Finding:
    """Return the finding. `again`: an earlier addition of subnets has added the VPC's range already."""
    sees = (
        "other hosts of the VPC see pods on the overlay (GlobalRouter) with the pod's own address as source,"
        " no longer with the address of the pod's node"
    )
    adds = "TKE adds the VPC's range to the ranges without source NAT (non-masquerade)"
    effect = (
        f"possible, but not expected, because {adds} with the first container subnet; only if the list does"
        f" not have the range today, {sees}"
        if again
        else f"certain, as soon as it is applied: {sees}, because {adds}"
    )
    found = GR_SOURCE_ADDRESS.finding(
        where,
        what,
        why=f"{effect}; possible: a firewall or allow-list there refuses them",
        todo=todo,
        intended="admit the cluster's pod range at the destinations first",
    )
    return replace(found, severity=Severity.NOTE) if again else found


@rule(GR_SOURCE_ADDRESS, on=resource_types.CONFIG_MAPS)
def _masquerade_list(step: Step) -> Iterator[Finding]:
    if object_name(step) == _CONFIG_MAP and step.old.get("data") != step.new.get("data"):
        yield GR_SOURCE_ADDRESS.finding(
            f"{step.name}.data",
            _ranges_text(step),
            why="certain, as soon as it is applied: these destinations see another source address of pods on"
            " the overlay (GlobalRouter); the pod's own for ranges in this list (non-masquerade), the"
            " node's for all others; possible: a firewall or allow-list there refuses them",
            todo="keep the list as it is",
            intended="admit the cluster's pod range at the added destinations, and the nodes' addresses at"
            " the removed ones",
        )


_MOST = 5
"""Number of ranges that a finding lists."""
_RANGE = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}/\d{1,2}")


def _ranges_text(step: Step) -> str:
    """The ranges that the list gains and loses. The list is text in YAML or JSON; only the ranges are
    read."""
    before, after = (
        _RANGE.findall(" ".join(strings(props.get("data")).values())) for props in (step.old, step.new)
    )
    added = ", ".join([item for item in after if item not in before][:_MOST])
    removed = [item for item in before if item not in after][:_MOST]
    rest = any(_overlap(gone, left) for gone in removed for left in after)
    parts = [f"+{added}: these destinations see the pods' own address from now on"] if added else []
    if removed:
        parts.append(
            f"-{', '.join(removed)}: these destinations see the node's address from now on"
            f"{', as far as no other range of the list holds them' if rest else ''}"
        )
    change = f" ({'; '.join(parts)})" if parts else ""
    verb = "goes" if step.op is Op.DELETE else "changes"
    return f"the list of ip-masq-agent (non-masquerade ranges) {verb}{change}"


def _overlap(one: str, other: str) -> bool:
    """Whether two ranges share addresses; a text that is no range may hold any address."""
    try:
        return ip_network(one, strict=False).overlaps(ip_network(other, strict=False))
    except ValueError:
        return True
