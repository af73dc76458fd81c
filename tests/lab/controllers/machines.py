"""The properties of a CVM for Kubernetes: size by instance type, zone and region numbers, pod ranges."""

import ipaddress
import re
import zlib
from collections.abc import Iterable
from dataclasses import dataclass

_ZONE_BASE = {
    "ap-guangzhou": ("gz", 100000),
    "ap-shanghai": ("sh", 200000),
    "ap-hongkong": ("hk", 300000),
    "ap-beijing": ("bj", 800000),
    "ap-singapore": ("sg", 900000),
    "ap-chengdu": ("cd", 160000),
    "ap-chongqing": ("cq", 190000),
    "ap-nanjing": ("nj", 330000),
}


@dataclass(frozen=True)
class Size:
    cpu: int
    memory_gib: int


def size_of(instance_type: str) -> Size:
    """vCPUs and memory from a name like `S5.MEDIUM4`, `S5.LARGE8`, `SA2.12XLARGE96`; 4 and 8 for a name
    without both."""
    match = re.search(r"\.(SMALL|MEDIUM|LARGE|(\d*)XLARGE)(\d+)$", instance_type.upper())
    if match is None:
        return Size(4, 8)
    cpu = {"SMALL": 1, "MEDIUM": 2, "LARGE": 4}.get(match[1]) or 4 * int(match[2] or 1)
    return Size(cpu, int(match[3]))


def region_label(region: str) -> str:
    return _ZONE_BASE[region][0] if region in _ZONE_BASE else region.removeprefix("ap-")


def zone_number(zone: str) -> str:
    """TKE labels nodes with the number of the zone: 100004 for ap-guangzhou-4."""
    region, _, number = zone.rpartition("-")
    known = _ZONE_BASE.get(region)
    base = known[1] if known else 1_000_000 + zlib.crc32(region.encode()) % 1000 * 1000
    return str(base + int(number) if number.isdigit() else base)


class NoPodRangeLeft(Exception):
    """The cluster CIDR has no block left for another node."""


def next_pod_range(cluster_cidr: str, service_cidr: str, max_pods: int, taken: Iterable[str]) -> str:
    """The first block of `max_pods` addresses of the cluster CIDR that no node has and no Service address is
    in."""
    prefix = 32 - (max_pods - 1).bit_length()
    services = ipaddress.IPv4Network(service_cidr)
    held = set(taken)
    for block in ipaddress.IPv4Network(cluster_cidr).subnets(new_prefix=prefix):
        if str(block) not in held and not block.overlaps(services):
            return str(block)
    raise NoPodRangeLeft(f"{cluster_cidr} has no free /{prefix} left outside of {service_cidr}")
