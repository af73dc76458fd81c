"""Ranges of raw resources against each other: what the components' arguments are checked for, read from the steps of a plan."""

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Network
from typing import Any

from pulumi_tke_hybrid.tke import cidrs, tokens
from pulumi_tke_hybrid.tke.rule import Finding
from pulumi_tke_hybrid.tke.step import Plan, Step
from pulumi_tke_hybrid.tke.values import items, texts, unknown

Range = tuple[str, str]
"""Where it is written, and the block."""
_SECONDARY = "assistantCidrs"


def findings(plan: Plan) -> Iterator[Finding]:
    """Of each VPC that something changes in. What was there before and stays is nobody's change."""
    subnets, clusters = _by_vpc(plan.of(tokens.SUBNET)), _by_vpc(plan.of(tokens.CLUSTER))
    for vpc in {vpc.id or vpc.urn: vpc for vpc in plan.of(tokens.VPC)}.values():
        its_subnets, its_clusters = _in(vpc, subnets), _in(vpc, clusters)
        if vpc.new and any(step.op.changes for step in (vpc, *its_subnets, *its_clusters)):
            yield from _of_vpc(vpc, _all(its_subnets, "cidrBlock"), _all(its_clusters, "clusterCidr", "serviceCidr"))
    for cluster in plan.of(tokens.CLUSTER):
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
    if len(known) == len(stated):  # else they may lie in a range that nobody knows yet
        todo = f"choose a free range inside, or add a secondary range to the VPC's {_SECONDARY}"
        yield from (cidrs.outside_finding(*subnet, blocks, todo) for subnet in outside)
    # One that lies in the VPC, as it should, overlaps an overlay only where the VPC itself does: that has been said.
    yield from cidrs.overlaps(inside)
    yield from cidrs.overlaps(outside, overlays)


def _stated(vpc: Step) -> dict[str, Any]:
    """All ranges of a VPC by their property, also those that are not known yet."""
    secondary = {f"{_SECONDARY}[{index}]": block for index, block in enumerate(_secondary(vpc))}
    return {"cidrBlock": vpc.new.get("cidrBlock"), **secondary}


def _secondary(vpc: Step) -> list[Any]:
    """The program's word, or what is there: the provider leaves secondary ranges alone that a program does not speak of.

    A policy is shown what a resource will have, and the provider knows that only later where the program says nothing. Such a value
    comes from no other resource, and is no reason to be silent: a new VPC has no secondary ranges but those that it is given.
    """
    said = vpc.new.get(_SECONDARY)
    if said is None or (unknown(said) and _SECONDARY not in vpc.sources):
        said = None if vpc.creates else vpc.state.get(_SECONDARY)
    return [said] if isinstance(said, str) else items(said)


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
    return _known(step, {key: step.new.get(key) for key in keys})


def _known(step: Step, stated: Mapping[str, Any]) -> list[Range]:
    """Those that are known; what is no range is the provider's to refuse."""
    return [(f"{step.name}.{key}", value) for key, value in stated.items() if isinstance(value, str) and _is_range(value)]


def _is_range(value: str) -> bool:
    try:
        IPv4Network(value)
    except ValueError:
        return False
    return True
