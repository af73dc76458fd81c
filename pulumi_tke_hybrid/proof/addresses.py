"""Whose address is whose: nodes, load balancers, pods, subnets."""

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Union

Network = Union[ipaddress.IPv4Network, ipaddress.IPv6Network]

LOAD_BALANCER_SPACE = "100.64.0.0/10"
"""From here the vendor's load balancers probe backends and, at layer 7, may connect to them (214/65860, 214/54819)."""


@dataclass(frozen=True)
class Range:
    """A range of addresses and what it is."""

    network: Network
    what: str
    zone: str = ""


def ranges(blocks: Iterable[tuple[str, str]]) -> list[Range]:
    """Ranges of (block, what it is); blocks that are none are left out, a lone address is a range of one."""
    found: list[Range] = []
    for block, what in blocks:
        try:
            found.append(Range(ipaddress.ip_network(block, strict=False), what))
        except ValueError:
            continue
    return found


def holder(address: str, among: Iterable[Range]) -> Range | None:
    """The first range that the address lies in."""
    try:
        wanted = ipaddress.ip_address(address)
    except ValueError:
        return None
    return next((one for one in among if one.network.version == wanted.version and wanted in one.network), None)


def gateways(node: str, block: str) -> dict[str, str]:
    """The node's own addresses in its pod range: cbr0 has the first host (article: 192.168.0.65), a tunnel device the network address."""
    try:
        network = ipaddress.ip_network(block, strict=False)
    except ValueError:
        return {}
    return {str(network.network_address + 1): f"cbr0 of node {node}", str(network.network_address): f"the overlay device of node {node}"}


@dataclass(frozen=True)
class Addresses:
    """What is known about addresses; each part may be empty, and then less can be told."""

    nodes: Mapping[str, str] = field(default_factory=dict[str, str])
    """Each address of each node, and what it is in words."""
    pod_ranges: Sequence[Range] = ()
    """The overlay ranges of the nodes."""
    eni_ranges: Sequence[Range] = ()
    """The ENI subnets, with their zones."""
    load_balancers: Sequence[Range] = ()
    """Addresses of the load balancer in front."""
    pods: Mapping[str, str] = field(default_factory=dict[str, str])
    """Address of each target pod, and its name."""

    def load_balancer(self, address: str) -> str | None:
        """What the load balancer's address is, in words; None if it is none."""
        found = holder(address, [*self.load_balancers, *ranges([(LOAD_BALANCER_SPACE, "the load balancers' own range")])])
        return found.what if found else None

    def inside_cluster(self, address: str) -> str | None:
        """Where in the cluster an address belongs that is neither the client's nor a node's nor the load balancer's."""
        if address in self.pods:
            return f"the address of pod {self.pods[address]}"
        found = holder(address, self.pod_ranges) or holder(address, self.eni_ranges)
        return f"an address in {found.what}" if found else None
