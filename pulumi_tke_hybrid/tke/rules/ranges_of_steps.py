"""Ranges of raw resources against each other: what the components' arguments are checked for, read from the steps of a plan."""

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Network

from pulumi_tke_hybrid.tke import cidrs, tokens
from pulumi_tke_hybrid.tke.rule import Finding
from pulumi_tke_hybrid.tke.step import Plan, Step, texts

Range = tuple[str, str]
"""Where it is written, and the block."""


def findings(plan: Plan) -> Iterator[Finding]:
    """Of each VPC that something changes in. What was there before and stays is nobody's change."""
    subnets, clusters = _by_vpc(plan.of(tokens.SUBNET)), _by_vpc(plan.of(tokens.CLUSTER))
    for vpc in {vpc.id or vpc.urn: vpc for vpc in plan.of(tokens.VPC)}.values():
        its_subnets, its_clusters = _in(vpc, subnets), _in(vpc, clusters)
        if vpc.new and any(step.op.changes for step in (vpc, *its_subnets, *its_clusters)):
            yield from _of_vpc(_ranges(vpc, "cidrBlock"), _all(its_subnets, "cidrBlock"), _all(its_clusters, "clusterCidr", "serviceCidr"))
    for cluster in plan.of(tokens.CLUSTER):
        if cluster.op.changes:
            yield from _overlay(cluster)


def _of_vpc(vpc: list[Range], subnets: list[Range], overlays: list[Range]) -> Iterator[Finding]:
    yield from cidrs.overlaps(overlays, vpc)
    inside: list[Range] = []
    outside: list[Range] = []
    for subnet in subnets:
        problem = cidrs.outside_problem(*subnet, vpc[0][1]) if vpc else None
        (outside if problem else inside).append(subnet)
        if problem:
            yield problem
    # One that lies in the VPC, as it should, overlaps an overlay only where the VPC itself does: that has been said.
    yield from cidrs.overlaps(inside)
    yield from cidrs.overlaps(outside, overlays)


def _overlay(cluster: Step) -> Iterator[Finding]:
    pods, services = cluster.new.get("clusterMaxPodNum"), cluster.new.get("clusterMaxServiceNum")
    for path, block in _ranges(cluster, "clusterCidr"):
        if isinstance(pods, (int, float)) and isinstance(services, (int, float)) and pods >= 1:
            problem = cidrs.size_problem(path, block, int(pods), 0 if _ranges(cluster, "serviceCidr") else int(services))
            if problem:
                yield problem


def _by_vpc(steps: Iterator[Step]) -> dict[str, list[Step]]:
    """By the id of their VPC, and by the URN that it comes from."""
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
