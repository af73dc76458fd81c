"""Zones and regions. A zone is `<region>-<number>`, e.g. `ap-guangzhou-4`; a cluster spans zones of one region."""

import re
from collections.abc import Iterable

_ZONE = re.compile(r"(?P<region>[a-z]{2,4}(?:-[a-z]+)+)-(?P<number>\d{1,2})")


def region_of(zone: str) -> str | None:
    """The region of a zone, or None where it does not look like a zone."""
    match = _ZONE.fullmatch(zone)
    return match.group("region") if match else None


def zone_problem(zone: str) -> str | None:
    """What is wrong with a zone's name, or None."""
    if region_of(zone) is None:
        return f"{zone!r} is not a zone; write it as region and number, for example 'ap-guangzhou-4'"
    return None


def foreign_zone_problem(zone: str, region: str) -> str | None:
    """Why a zone cannot belong to a cluster of `region`, or None."""
    own = region_of(zone)
    if own is None or own == region:
        return None
    return f"{zone} is not in region {region}; a cluster spans zones of one region"


def uncovered(node_zones: Iterable[str], eni_zones: Iterable[str]) -> list[str]:
    """Zones with nodes but without an ENI subnet, in order. ENI pods can never run there (article, step 7)."""
    covered = set(eni_zones)
    return [zone for zone in dict.fromkeys(node_zones) if zone not in covered]


def uncovered_problem(zone: str, eni_zones: Iterable[str]) -> str:
    """The sentence for a node pool in a zone without an ENI subnet."""
    known = ", ".join(dict.fromkeys(eni_zones)) or "none"
    return (
        f"{zone} has no ENI subnet (zones that have one: {known}); an ENI must be in its node's zone, so TKE refuses the "
        f"nodes or leaves ENI pods Pending; add an EniZoneSubnet in {zone} to eni_subnets"
    )
