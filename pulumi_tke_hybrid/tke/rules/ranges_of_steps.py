"""Ranges of raw resources against each other: what the components' arguments are checked for, read from the steps of a plan."""

from collections.abc import Iterator
from ipaddress import IPv4Network

from pulumi_tke_hybrid.tke import cidrs, tokens
from pulumi_tke_hybrid.tke.rule import Finding
from pulumi_tke_hybrid.tke.step import Plan, Step

Range = tuple[str, str]
"""Where it is written, and the block."""


def findings(plan: Plan) -> Iterator[Finding]:
    """Of each VPC that something changes in. What was there before and stays is nobody's change."""
    for vpc in plan.of(tokens.VPC):
        subnets = [step for step in plan.of(tokens.SUBNET) if _is_in(step, vpc)]
        clusters = [step for step in plan.of(tokens.CLUSTER) if _is_in(step, vpc)]
        if vpc.new and any(step.op.changes for step in (vpc, *subnets, *clusters)):
            yield from _of_vpc(_ranges(vpc, "cidrBlock"), _all(subnets, "cidrBlock"), _all(clusters, "clusterCidr", "serviceCidr"))
    for cluster in plan.of(tokens.CLUSTER):
        if cluster.op.changes:
            yield from _overlay(cluster)


def _of_vpc(vpc: list[Range], subnets: list[Range], overlays: list[Range]) -> Iterator[Finding]:
    yield from cidrs.overlaps(overlays, vpc)
    inside = [item for item in subnets if not vpc or cidrs.outside_problem(*item, vpc[0][1]) is None]
    for path, block in subnets:
        outside = cidrs.outside_problem(path, block, vpc[0][1]) if vpc else None
        if outside:
            yield outside
    # One that lies in the VPC, as it should, overlaps an overlay only where the VPC itself does: that has been said.
    yield from cidrs.overlaps(inside)
    yield from cidrs.overlaps([item for item in subnets if item not in inside], overlays)


def _overlay(cluster: Step) -> Iterator[Finding]:
    pods, services = cluster.new.get("clusterMaxPodNum"), cluster.new.get("clusterMaxServiceNum")
    for path, block in _ranges(cluster, "clusterCidr"):
        if isinstance(pods, (int, float)) and isinstance(services, (int, float)) and pods >= 1:
            problem = cidrs.size_problem(path, block, int(pods), 0 if _ranges(cluster, "serviceCidr") else int(services))
            if problem:
                yield problem


def _is_in(step: Step, vpc: Step) -> bool:
    given = step.new.get("vpcId")
    return bool(vpc.id and given == vpc.id) or vpc.urn in step.sources.get("vpcId", ())


def _all(steps: list[Step], *keys: str) -> list[Range]:
    return [found for step in steps for found in _ranges(step, *keys)]


def _ranges(step: Step, *keys: str) -> list[Range]:
    """Those that are known; what is no range is the provider's to refuse."""
    found: list[Range] = []
    for key in keys:
        value = step.new.get(key)
        if isinstance(value, str) and _is_range(value):
            found.append((f"{step.name}.{key}", value))
    return found


def _is_range(value: str) -> bool:
    try:
        IPv4Network(value)
    except ValueError:
        return False
    return True
