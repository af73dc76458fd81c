"""Address ranges: shapes, overlaps, and GlobalRouter's arithmetic."""

import ipaddress
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network

GLOBAL_ROUTER_SPACE = tuple(IPv4Network(block) for block in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
RESERVED_PER_SUBNET = 3
"""Tencent keeps three addresses of each VPC subnet."""
MINIMUM_PODS_PER_NODE = 4
SERVICES = (32, 32768)
RESERVED_PER_NODE = 3
"""Addresses of a node's GlobalRouter range that no pod gets."""


def cidr_problem(block: str) -> str | None:
    """What is wrong with a range in CIDR notation, or None."""
    try:
        IPv4Network(block)
    except ValueError:
        try:
            loose = ipaddress.ip_network(block, strict=False)
        except ValueError:
            return f"{block!r} is not an IPv4 range; write it as '10.0.64.0/22'"
        if isinstance(loose, IPv4Network) and "/" in block:
            return f"{block} has host bits set; the range it lies in is {loose}"
        return f"{block!r} is not an IPv4 range; write it as '10.0.64.0/22'"
    if "/" not in block:
        return f"{block!r} has no prefix length; write it as '{block}/22'"
    return None


def cluster_cidr_problem(block: str) -> str | None:
    """What is wrong with a cluster range, or None."""
    problem = cidr_problem(block)
    if problem:
        return problem
    if not any(IPv4Network(block).subnet_of(space) for space in GLOBAL_ROUTER_SPACE):
        return f"{block} is not private; TKE takes cluster ranges out of 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16"
    return None


def power_of_two_problem(value: int) -> str | None:
    """TKE rounds both GlobalRouter sizes up to a power of two and would then report another value for ever."""
    if value > 0 and value & (value - 1) == 0:
        return None
    return f"{value} is not a power of two; TKE rounds it up, use {1 << max(value - 1, 1).bit_length()}"


def pods_per_node_problem(value: int) -> str | None:
    """What is wrong with `cluster_max_pod_num`, or None."""
    if value < MINIMUM_PODS_PER_NODE:
        return f"{value} is below {MINIMUM_PODS_PER_NODE}, the least TKE accepts; 64 suits most nodes"
    return power_of_two_problem(value)


def services_problem(value: int) -> str | None:
    """What is wrong with `cluster_max_service_num`, or None."""
    low, high = SERVICES
    if not low <= value <= high:
        return f"{value} is outside {low} to {high}, the range TKE accepts; 1024 suits most clusters"
    return power_of_two_problem(value)


def usable_addresses(block: str) -> int:
    """Addresses of a VPC subnet that ENIs and pods can have."""
    return max(IPv4Network(block).num_addresses - RESERVED_PER_SUBNET, 0)


def nodes_that_fit(cluster_cidr: str, pods_per_node: int, services: int) -> int:
    """How many nodes GlobalRouter can serve: (range - services) / pods per node."""
    return max(IPv4Network(cluster_cidr).num_addresses - services, 0) // pods_per_node


def service_cidr(cluster_cidr: str, services: int) -> str:
    """The tail of the cluster range, where TKE puts the Services when no range is given for them."""
    network = IPv4Network(cluster_cidr)
    first = int(network.broadcast_address) + 1 - services
    return str(IPv4Network((first, 32 - (services - 1).bit_length())))


def size_problem(cluster_cidr: str, pods_per_node: int, services: int) -> str | None:
    """Whether a cluster range holds its services and at least one node, in words; None if it does."""
    if nodes_that_fit(cluster_cidr, pods_per_node, services) >= 1:
        return None
    size = IPv4Network(cluster_cidr).num_addresses
    return (
        f"{cluster_cidr} has {size} addresses, too few for {services} services and one node with {pods_per_node} pods; "
        f"this is fixed for ever, choose a larger range"
    )


def outside_problem(block: str, vpc_cidr: str) -> str | None:
    """Whether a subnet lies in its VPC, in words; None if it does."""
    if IPv4Network(block).subnet_of(IPv4Network(vpc_cidr)):
        return None
    return f"{block} does not lie in the VPC's range {vpc_cidr}; choose a free range inside it"


def overlaps(named: Sequence[tuple[str, str]], against: Iterable[tuple[str, str]] = ()) -> list[tuple[str, str]]:
    """(path, sentence) for each range of `named` that overlaps an earlier one or one of `against`."""
    found: list[tuple[str, str]] = []
    seen = [(name, IPv4Network(block)) for name, block in against]
    for name, block in named:
        network = IPv4Network(block)
        for other, taken in seen:
            if network.overlaps(taken):
                found.append((name, f"{block} overlaps {taken} ({other}); pods of both would share addresses, choose a free range"))
        seen.append((name, network))
    return found
