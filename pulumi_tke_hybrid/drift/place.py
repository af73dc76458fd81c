"""Where a node and an address are: zones by name, ranges by subnet."""

import ipaddress
from collections.abc import Iterable, Sequence

from pulumi_tke_hybrid.drift.sides import Node, VpcSubnet
from pulumi_tke_hybrid.tke import zones


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
    return zones.zone_by_label(node.zone_label, region)
