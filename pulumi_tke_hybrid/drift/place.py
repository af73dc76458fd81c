"""Where a node and an address are: zones by name, ranges by subnet."""

import ipaddress
from collections.abc import Iterable, Sequence

from pulumi_tke_hybrid.drift.sides import Node, VpcSubnet

_ZONES_OF_A_REGION = 10_000
"""A zone's label is a number whose last digits are the zone's own: 100004 is ap-guangzhou-4, 160001 is ap-chengdu-1."""


def holder(address: str, subnets: Iterable[VpcSubnet]) -> VpcSubnet | None:
    """The subnet that an address lies in."""
    return next((subnet for subnet in subnets if inside(address, [subnet.block])), None)


def inside(address: str, blocks: Iterable[str]) -> bool:
    """Whether an address lies in one of the ranges. What is no address or range holds nothing."""
    try:
        wanted = ipaddress.ip_address(address)
        return any(wanted in ipaddress.ip_network(block, strict=False) for block in blocks if block)
    except ValueError:
        return False


def zone_of(node: Node, network: Sequence[VpcSubnet], region: str) -> str | None:
    """The name of the node's zone: as written beside the label, else of the subnet that holds the node, else by the label's number."""
    if node.zone_name:
        return node.zone_name
    own = holder(node.address, network)
    if own is not None:
        return own.zone
    if node.zone_label.isascii() and node.zone_label.isdecimal():
        return f"{region}-{int(node.zone_label) % _ZONES_OF_A_REGION}"
    return node.zone_label or None
