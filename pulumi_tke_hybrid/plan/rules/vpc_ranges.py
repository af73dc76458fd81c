"""Rules on the ranges of raw VPCs, subnets and clusters in a plan: overlaps, subnets outside their VPC,
overlays that are too small.

The components check the same rules on their inputs (see `tke.cidrs`)."""

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Network
from typing import Any

from pulumi_tke_hybrid.plan import resource_types
from pulumi_tke_hybrid.plan.model import Plan, Step
from pulumi_tke_hybrid.plan.rules.registry import plan_rule
from pulumi_tke_hybrid.tke import cidrs
from pulumi_tke_hybrid.tke.rule import Finding
from pulumi_tke_hybrid.tke.values import items, texts, unknown

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
    pods, services = cluster.new.get("clusterMaxPodNum"), cluster.new.get("clusterMaxServiceNum")
    for path, block in _ranges(cluster, "clusterCidr"):
        if isinstance(pods, (int, float)) and isinstance(services, (int, float)) and pods >= 1:
            problem = cidrs.size_problem(
                path, block, int(pods), 0 if _ranges(cluster, "serviceCidr") else int(services)
            )
            if problem:
                yield problem


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
        IPv4Network(value)
    except ValueError:
        return False
    return True
