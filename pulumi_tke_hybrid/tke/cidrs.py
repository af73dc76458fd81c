"""Address ranges: shapes, overlaps, and the arithmetic of GlobalRouter.

Pods and ENIs are counted in `tke.capacity`."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from functools import cache
from ipaddress import IPv4Network

from pulumi_tke_hybrid.tke.rule import Finding, Rule, fixed_rule, warning_rule

_OVERVIEW = "TKE container network overview (qcloud-documents)"
RANGE_SHAPE = fixed_rule(
    "range-shape", "A range is an IPv4 network in CIDR notation, host bits zero.", "the range", "RFC 4632"
)
RANGE_PRIVATE = Rule(
    "range-private",
    "The overlay lies in 9.0.0.0/8, 10.0.0.0/8, 11.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16.",
    "cluster_cidr",
    "field ClusterCIDR of the API (a range of a private network); terraform-provider-tencentcloud 1.82.42"
    " takes these, 1.82.63 takes any",
)
RANGE_OVERLAP = Rule(
    "range-overlap",
    "VPC, overlay, Services, and other ranges in use do not overlap; nor do subnets overlap each other.",
    "the ranges",
    f"{_OVERVIEW}; field cluster_cidr of the provider",
)
RANGE_OUTSIDE_VPC = Rule(
    "range-outside-vpc", "A subnet lies in its VPC's range.", "the subnet's range and vpc_cidr", "457/56371"
)
POWER_OF_TWO = fixed_rule(
    "power-of-two",
    "Both GlobalRouter sizes are powers of two: TKE rounds others up and reports another value for ever.",
    "the size",
    f"{_OVERVIEW}; measured with the provider",
)
SIZE_BOUNDS = fixed_rule(
    "size-bounds",
    "A node has at least 4 and at most 256 overlay addresses, a cluster 32 to 32768 Services.",
    "the size",
    "fields MaxNodePodNum of the API, cluster_max_pod_num and cluster_max_service_num of the provider",
)
FEW_PODS_PER_NODE = warning_rule(
    "few-pods-per-node",
    "A node has at least 16 overlay addresses.",
    "cluster_max_pod_num",
    "field MaxNodePodNum of the API: 16 to 256; the provider takes 4 and 8 too",
)
RANGE_TOO_SMALL = fixed_rule(
    "range-too-small",
    "The overlay holds its Services and at least one node.",
    "cluster_cidr, cluster_max_pod_num, cluster_max_service_num",
    _OVERVIEW,
)

GLOBAL_ROUTER_SPACE = tuple(
    map(IPv4Network, ("9.0.0.0/8", "10.0.0.0/8", "11.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
)
RESERVED_PER_SUBNET = 3
"""Tencent Cloud reserves three addresses of each VPC subnet."""
PODS_PER_NODE = (16, 256)
"""Bounds of the API; the provider accepts 4 and 8 too."""
_LEAST_OF_THE_PROVIDER = 4
_NAMED = 4
"""Greatest number of ranges of a VPC in a message."""
SERVICES = (32, 32768)
FIXED = (
    "the size of a node's range stays as it is, and a further range (AddClusterCIDR) is for accounts on TKE's"
    " allow-list"
)
RESERVED_PER_NODE = 3
"""Addresses of a node's GlobalRouter range that no pod gets: network, broadcast, cbr0."""


@cache
def parsed_range(block: str) -> IPv4Network:
    """Return a range in CIDR notation. Several checks read each range of a plan. Raise `ValueError`."""
    return IPv4Network(block)


def cidr_problem(block: str) -> Finding | None:
    """Return a finding if the text is not a range in CIDR notation."""
    value, why = repr(block), ""
    try:
        network = parsed_range(block)
    except ValueError:
        what, todo = "is not an IPv4 range", "write it as '10.0.64.0/22'"
        with suppress(ValueError):
            todo = f"the range around this address is {IPv4Network(block, strict=False)}"
            value, what = block, "has host bits set"
    else:
        if block == str(network):
            return None
        if "/" not in block:
            what, todo = "has no prefix length", f"write it as '{block}/22'"
        else:
            value, what, todo = block, "is not in CIDR notation", f"write it as '{network}'"
            why = "the cloud gets the text unchanged"
    return RANGE_SHAPE.finding("", what, value=value, why=why, todo=todo)


def valid_range(value: object) -> str | None:
    """The value if it is a range in CIDR notation, else None."""
    return value if isinstance(value, str) and cidr_problem(value) is None else None


def private_findings(path: str, block: str) -> Iterator[Finding]:
    """Return a finding if TKE does not accept the range for the overlay."""
    if any(parsed_range(block).subnet_of(space) for space in GLOBAL_ROUTER_SPACE):
        return
    *most, last = map(str, GLOBAL_ROUTER_SPACE)
    yield RANGE_PRIVATE.finding(
        path,
        "is not private",
        value=block,
        why=f"TKE takes overlay ranges out of {', '.join(most)} or {last}; with another one the cluster may"
        " be refused, and hosts of that range are not reached from its pods",
        todo="choose a free range in one of them",
        intended=(
            "newer versions of the provider check nothing: lower this rule where the API takes the range"
        ),
    )


def _size_problem(value: int, least: int, bounds: tuple[int, int], todo: str) -> Finding | None:
    """Return a finding if a GlobalRouter size is out of bounds, or no power of two: TKE rounds the size up
    and reports another value for ever."""
    low, high = bounds
    if not least <= value <= high:
        what = f"is outside {low} to {high}, the range TKE accepts"
        return SIZE_BOUNDS.finding("", what, value=value, todo=todo)
    if value & (value - 1) == 0:
        return None
    todo = f"use {1 << value.bit_length()}"
    return POWER_OF_TWO.finding("", "is not a power of two", value=value, why="TKE rounds it up", todo=todo)


def pods_per_node_problem(value: int) -> Finding | None:
    """Return a finding on `cluster_max_pod_num`."""
    return _size_problem(value, _LEAST_OF_THE_PROVIDER, PODS_PER_NODE, "64 suits most nodes")


def services_problem(value: int) -> Finding | None:
    """Return a finding on `cluster_max_service_num`."""
    return _size_problem(value, SERVICES[0], SERVICES, "1024 suits most clusters")


def few_pods_findings(path: str, value: int) -> Iterator[Finding]:
    """Return a finding if the provider accepts `cluster_max_pod_num` and the API may refuse the value."""
    low, high = PODS_PER_NODE
    if value < low:
        yield FEW_PODS_PER_NODE.finding(
            path,
            f"is below {low}",
            value=value,
            why=f"the API accepts {low} to {high}, so the cluster may be refused; {RESERVED_PER_NODE} of a"
            " node's addresses are no pod's, and TKE's own pods need some on each node",
            todo="use 64, which suits most nodes",
        )


@cache
def usable_addresses(block: str) -> int:
    """Addresses of a VPC subnet for ENIs and pods."""
    return max(parsed_range(block).num_addresses - RESERVED_PER_SUBNET, 0)


def nodes_that_fit(cluster_cidr: str, pods_per_node: int, services: int) -> int:
    """Greatest number of nodes of the overlay: (range - services) / addresses of a node."""
    return max(parsed_range(cluster_cidr).num_addresses - services, 0) // pods_per_node


def size_findings(path: str, cluster_cidr: str, pods_per_node: int, services: int) -> Iterator[Finding]:
    """Return a finding if a cluster range is too small for its Services and one node."""
    if nodes_that_fit(cluster_cidr, pods_per_node, services) < 1:
        size = parsed_range(cluster_cidr).num_addresses
        what = f"has {size} addresses, too few for {services} services and one node with {pods_per_node} pods"
        yield RANGE_TOO_SMALL.finding(path, what, value=cluster_cidr, why=FIXED, todo="choose a larger range")


def vpc_cidr_problem(value: str | Sequence[object]) -> Finding | None:
    """Return a finding on the first wrong range of a VPC. An item that is not a text is not known yet."""
    blocks = [value] if isinstance(value, str) else [block for block in value if isinstance(block, str)]
    return next((problem for block in blocks if (problem := cidr_problem(block))), None)


def outside_findings(path: str, block: str, vpc: Sequence[str]) -> Iterator[Finding]:
    """Return a finding if a subnet lies in none of its VPC's ranges."""
    if not Space(vpc).holds(block):
        todo = "choose a free range inside, or list the VPC's secondary ranges in vpc_cidr too"
        yield outside_finding(path, block, vpc, todo)


def outside_finding(path: str, block: str, vpc: Sequence[str], todo: str) -> Finding:
    """The finding that a subnet lies in none of its VPC's ranges."""
    named = ", ".join(vpc[:_NAMED]) + (f" and {len(vpc) - _NAMED} more" if len(vpc) > _NAMED else "")
    where = "does not lie in the VPC's range" if len(vpc) == 1 else "lies in none of the VPC's ranges"
    why = "a subnet is a part of its VPC"
    return RANGE_OUTSIDE_VPC.finding(path, f"{where} {named}", value=block, why=why, todo=todo)


class Space:
    """The ranges of a VPC. A lookup takes constant time: a plan may have thousands of ranges and subnets."""

    def __init__(self, blocks: Iterable[str]) -> None:
        self._ranges = {parsed_range(block) for block in blocks}
        self._lengths = {network.prefixlen for network in self._ranges}

    def holds(self, block: str) -> bool:
        """Whether a range lies in one of the VPC's ranges; the cloud has no subnet across two ranges."""
        network = parsed_range(block)
        lengths = (length for length in self._lengths if length <= network.prefixlen)
        return any(network.supernet(new_prefix=length) in self._ranges for length in lengths)


def overlaps(named: Sequence[tuple[str, str]], against: Iterable[tuple[str, str]] = ()) -> Iterator[Finding]:
    """Return a finding for each range of `named` that overlaps an earlier range or a range of `against`.
    Each item is a path and a range."""
    others = list(against)
    ranges = [(path, parsed_range(block)) for path, block in (*others, *named)]
    for index, first in enumerate(_first_overlaps([network for _, network in ranges])):
        if index >= len(others) and first < index:
            (path, block), (other, taken) = ranges[index], ranges[first]
            yield RANGE_OVERLAP.finding(
                path,
                f"overlaps {taken} ({other})",
                value=str(block),
                why="both would use the same addresses",
                todo="choose a free range",
            )


def _first_overlaps(networks: Sequence[IPv4Network]) -> list[int]:
    """For each network the index of the first network that overlaps, which may be its own index.

    Of two overlapping networks one contains the other, so sorted networks form a forest. A network overlaps
    the networks above and below in the forest. Comparing each pair would take minutes for thousands of
    subnets.
    """
    last = [int(network.broadcast_address) for network in networks]
    order = sorted(
        range(len(networks)), key=lambda place: (int(networks[place].network_address), -last[place])
    )
    above, below = list(range(len(networks))), list(range(len(networks)))
    holder: dict[int, int] = {}
    open_networks: list[int] = []
    for place in order:
        while open_networks and last[open_networks[-1]] < last[place]:
            open_networks.pop()
        if open_networks:
            holder[place] = open_networks[-1]
            above[place] = min(place, above[open_networks[-1]])
        open_networks.append(place)
    for place in reversed(order):
        if place in holder:
            below[holder[place]] = min(below[holder[place]], below[place])
    return list(map(min, above, below))
