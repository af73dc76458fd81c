"""Zones, and which subnet serves whom.

Rules about the way in which the zones reach ipamd."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pulumi_tke_hybrid.tke import ipamd, keys, regions
from pulumi_tke_hybrid.tke.cluster import DeclaredCluster
from pulumi_tke_hybrid.tke.rule import Finding, Rule, Severity
from pulumi_tke_hybrid.tke.rules.input_rules import ADOPTED, EMPTY, TWICE, not_yet, twice

NODES_IN_ENI_SUBNET = Rule(
    "node-subnet-as-eni-subnet",
    Severity.ERROR,
    "Nodes and ENI pods have subnets of their own.",
    "ids of both subnets",
    "TKE, introduction to VPC-CNI (qcloud-documents): must not be shared; 457/38970: not recommended",
)
ENDPOINT_IN_ENI_SUBNET = Rule(
    "endpoint-in-eni-subnet",
    Severity.WARNING,
    "The endpoint's address comes from no ENI subnet.",
    "ids of both subnets",
    "TKE, introduction to VPC-CNI (qcloud-documents)",
)
ZONE_WITHOUT_NODES = Rule(
    "eni-subnet-without-nodes",
    Severity.NOTE,
    "An ENI subnet serves nodes of its zone.",
    "the zones of pools and ENI subnets",
    "the article, step 5",
)
ZONE_LABEL = Rule(
    "zone-label-name",
    Severity.WARNING,
    "A node's label topology.kubernetes.io/zone holds a number on TKE, not a zone's name.",
    "labels of the pool",
    "imroc/tke-guide, cilium/flow-logs",
)


def findings(plan: DeclaredCluster, endpoint_subnet: str | None = None) -> Iterator[Finding]:
    """Everything about zones and about which subnet serves whom."""
    if not plan.subnets:
        yield EMPTY.finding(
            "eni_subnets",
            "is empty",
            why="without an ENI subnet no pod can have a VPC address",
            todo="give one for each node zone",
        )
        return
    yield from _zones(plan)
    yield from _subnets(plan, endpoint_subnet)
    yield from _labels(plan)


def _zones(plan: DeclaredCluster) -> Iterator[Finding]:
    eni_zones = [subnet.zone for subnet in plan.subnets]
    first = next((zone for zone in eni_zones if zone), None)
    region = regions.region_of(first) if first else None
    covered = [zone for zone in eni_zones if zone]
    complete = all(eni_zones)
    for path, zone in [(subnet.path, subnet.zone) for subnet in plan.subnets]:
        foreign = regions.foreign_zone_problem(f"{path}.zone", zone, region) if zone and region else None
        if foreign:
            yield foreign
    for pool in plan.pools:
        path = f"{pool.path}.zone"
        foreign = regions.foreign_zone_problem(path, pool.zone, region) if pool.zone and region else None
        if foreign:
            yield foreign
        elif (
            pool.zone and complete and not pool.global_route_only and regions.uncovered([pool.zone], covered)
        ):
            yield regions.uncovered_problem(path, pool.zone, covered)
    paths = [*(subnet.path for subnet in plan.subnets), *(pool.path for pool in plan.pools)]
    for path in plan.pending(f"{path}.zone" for path in paths):
        yield not_yet(regions.ZONE_UNCOVERED, path)
    if plan.pools and all(pool.zone for pool in plan.pools):
        with_nodes = {pool.zone for pool in plan.pools}
        for subnet in plan.subnets:
            if subnet.zone and subnet.zone not in with_nodes:
                yield ZONE_WITHOUT_NODES.finding(
                    f"{subnet.path}.zone",
                    "has no node pool",
                    value=subnet.zone,
                    why="an ENI is in its node's zone, so nothing takes addresses here",
                    todo="add a pool there, or keep it for later",
                )


def _subnets(plan: DeclaredCluster, endpoint_subnet: str | None) -> Iterator[Finding]:
    seen: dict[str, str] = {}
    for subnet in plan.subnets:
        if subnet.subnet_id and subnet.subnet_id in seen:
            yield twice(f"{subnet.path}.subnet_id", subnet.subnet_id, seen[subnet.subnet_id])
        elif subnet.subnet_id:
            seen[subnet.subnet_id] = subnet.path
    for pool in plan.pools:
        if pool.subnet_id and pool.subnet_id in seen:
            yield NODES_IN_ENI_SUBNET.finding(
                f"{pool.path}.subnet_id",
                f"is the ENI subnet {seen[pool.subnet_id]}",
                value=pool.subnet_id,
                why="nodes and pods would take each other's addresses",
                todo="give the nodes a subnet of their own",
            )
    if endpoint_subnet and endpoint_subnet in seen:
        yield ENDPOINT_IN_ENI_SUBNET.finding(
            "endpoint.subnet_id",
            f"is the ENI subnet {seen[endpoint_subnet]}",
            value=endpoint_subnet,
            why="the endpoint's load balancer would take addresses of pods",
            todo="use a subnet of nodes or of load balancers",
        )
    for path in plan.pending(f"{subnet.path}.subnet_id" for subnet in plan.subnets):
        yield not_yet(TWICE, path)
    for path in plan.pending(f"{pool.path}.subnet_id" for pool in plan.pools):
        yield not_yet(NODES_IN_ENI_SUBNET, path)


def _labels(plan: DeclaredCluster) -> Iterator[Finding]:
    for pool in plan.pools:
        value = pool.labels.get(keys.ZONE_LABEL)
        if value and regions.region_of(value):
            yield ZONE_LABEL.finding(
                f"{pool.path}.labels",
                f"is given for {keys.ZONE_LABEL}",
                value=value,
                why=(
                    "TKE writes the zone's number there, and pods that select by it would match no other node"
                ),
                todo="leave the label to TKE, or use a key of your own",
            )


@dataclass(frozen=True)
class Stated:
    """A subnet that a program names by its id, and what it says about it; empty where it says nothing."""

    path: str
    """Of the property that holds it, e.g. `node_pools[a]`."""
    subnet_id: str
    vpc_id: str = ""
    zone: str = ""
    cidr: str = ""


_SAID = (("vpc_id", "VpcId", "subnet_id"), ("zone", "Zone", "zone"), ("cidr", "CidrBlock", "cidr_block"))
"""What is compared: its name here, the API's, and the property that a finding names."""


def stated_findings(stated: Stated, live: Mapping[str, Any] | None) -> Iterator[Finding]:
    """Whether the subnet is there, and is what the program says. `live`: as the API describes it; None: it is
    not there."""
    if live is None:
        why, todo = "or these credentials may not see it", "check the id, the region, the credentials"
        yield ADOPTED.finding(
            f"{stated.path}.subnet_id",
            "is not in this region and account",
            value=stated.subnet_id,
            why=why,
            todo=todo,
        )
        return
    for name, key, property_ in _SAID:
        said, there = getattr(stated, name), live.get(key)
        if not said or not there or said == there:
            continue
        if name == "vpc_id":
            yield ADOPTED.finding(
                f"{stated.path}.subnet_id",
                f"is in {there}, the cluster in {said}",
                value=stated.subnet_id,
                todo=f"name a subnet of {said}",
            )
        else:
            what = f"is stated, but {stated.subnet_id} has {there}"
            yield ADOPTED.finding(
                f"{stated.path}.{property_}",
                what,
                value=said,
                todo="state what is there, or name another subnet",
            )


CONFIG_MAP_OF_ADDON = Rule(
    "configmap-of-addon",
    Severity.ERROR,
    f"Only an ipamd before {ipamd.shown(ipamd.ADDON_SINCE)} gets its zones by an edit of its ConfigMap.",
    "the image of ipamd in the cluster",
    f"457/50360: a later one is managed as add-on {ipamd.ADDON}, unless component management does not"
    " have it",
)

_MANAGED = f"TKE manages it as add-on {ipamd.ADDON} and may write its ConfigMap and Deployment back"
_BY_API = (
    "register the zones by the API: zone_registration=ZoneRegistration.API, the default (without"
    " HybridCluster: list them in VpcCni)"
)
_BY_HAND = f"lower this rule where component management has no {ipamd.ADDON} (`tke DescribeAddon`)"


def addon_findings(image: str) -> Iterator[Finding]:
    """Whether the ipamd of this image is an add-on."""
    version = ipamd.version(image)
    if version is not None and version >= ipamd.ADDON_SINCE:
        yield CONFIG_MAP_OF_ADDON.finding(
            "",
            "is the version of ipamd",
            value=ipamd.tag(image),
            why=_MANAGED,
            todo=_BY_API,
            intended=_BY_HAND,
        )


def version_not_told(image: str) -> str:
    """What is said where `addon_findings` could not look."""
    told = (
        f"its image {image} does not tell it"
        if image
        else "its Deployment has several containers and none of its name"
    )
    return (
        f"could not tell the version of ipamd ({told}); from {ipamd.shown(ipamd.ADDON_SINCE)} on {_MANAGED}"
    )
