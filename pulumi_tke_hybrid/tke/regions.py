"""Zones and regions: their names, and the rule that each zone with nodes has a container subnet.

A zone is `<region>-<number>`, e.g. `ap-guangzhou-4`; a cluster spans zones of one region."""

import re
from collections.abc import Iterable

from pulumi_tke_hybrid.tke.rule import Finding, Rule, Severity

ZONE_SHAPE = Rule(
    "zone-shape",
    Severity.ERROR,
    "A zone is written as its region and a number, not as the number in a node's label.",
    "the zone",
    "CVM zone names; the label's numbers: imroc/tke-guide, cilium/flow-logs",
    fixed_severity=True,
)
REGION_SHAPE = Rule(
    "region-shape",
    Severity.ERROR,
    "A region is written as in the names of its zones.",
    "the region",
    "CVM zone names",
    fixed_severity=True,
)
ZONE_REGION = Rule(
    "zone-region",
    Severity.ERROR,
    "All zones of a cluster are in its region.",
    "two zones, or a zone and the region",
    "457/44966",
    fixed_severity=True,
)
ZONE_UNCOVERED = Rule(
    "zone-uncovered",
    Severity.ERROR,
    "Each zone with nodes has a container subnet: an ENI must be in its node's zone.",
    "the zones of pools and container subnets",
    "the article, steps 5 to 7",
)

_ZONE = re.compile(r"(?P<region>[a-z]{2,4}(?:-[a-z]+)+)-(?P<number>[0-9]{1,2})")
_ZONES_OF_A_REGION = 10_000
_LABEL = re.compile(r"\d{6,7}")


def region_of(zone: str) -> str | None:
    """The region of a zone; None if the text is not the name of a zone."""
    match = _ZONE.fullmatch(zone)
    return match.group("region") if match else None


def region_problem(region: str) -> Finding | None:
    """Return a finding if the text is not the name of a region."""
    if region_of(f"{region}-1") == region:
        return None
    return REGION_SHAPE.finding(
        "",
        "is not a region",
        value=repr(region),
        todo="write it without a zone's number, for example 'ap-guangzhou'",
    )


def zone_by_label(label: str, region: str) -> str | None:
    """The zone of a node's label: a name, or a number that ends with the zone's number (100004 is
    ap-guangzhou-4)."""
    if label.isascii() and label.isdecimal():
        return f"{region}-{int(label) % _ZONES_OF_A_REGION}"
    return label or None


def zone_problem(zone: str) -> Finding | None:
    """Return a finding if the text is not the name of a zone."""
    if region_of(zone) is not None:
        return None
    why = "it is the number that nodes carry in topology.kubernetes.io/zone" if _LABEL.fullmatch(zone) else ""
    todo = "write it as region and number, for example 'ap-guangzhou-4'"
    return ZONE_SHAPE.finding("", "is not a zone", value=repr(zone), why=why, todo=todo)


def foreign_zone_problem(path: str, zone: str, region: str) -> Finding | None:
    """Return a finding if a zone is not in `region`, the region of the cluster."""
    own = region_of(zone)
    if own is None or own == region:
        return None
    why, todo = (
        "a cluster spans zones of one region",
        f"use a zone of {region}, or a cluster of its own in {own}",
    )
    return ZONE_REGION.finding(path, f"is not in region {region}", value=zone, why=why, todo=todo)


def uncovered(node_zones: Iterable[str], eni_zones: Iterable[str]) -> list[str]:
    """Zones with nodes and without a container subnet, in order. ENI pods cannot run there (article, step
    7)."""
    covered = set(eni_zones)
    return [zone for zone in dict.fromkeys(node_zones) if zone not in covered]


def uncovered_problem(path: str, zone: str, eni_zones: Iterable[str], todo: str = "") -> Finding:
    """The finding on a node pool in a zone without a container subnet. Without `todo`, the action is for a
    component's pool."""
    known = ", ".join(dict.fromkeys(eni_zones)) or "none"
    return ZONE_UNCOVERED.finding(
        path,
        f"has no container subnet (zones with a container subnet: {known})",
        value=zone,
        why="an ENI must be in its node's zone, so TKE refuses the nodes or leaves ENI pods Pending",
        todo=todo or f"add an EniZoneSubnet in {zone} to eni_subnets, or set global_route_only=True",
    )
