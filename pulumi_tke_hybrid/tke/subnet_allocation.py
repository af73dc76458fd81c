"""Propose container subnets of a cluster inside a VPC: range, size and reasons.

Pure arithmetic: this module reads nothing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

from pulumi_tke_hybrid.tke import capacity, cidrs
from pulumi_tke_hybrid.tke.enis import EniLimit

SMALLEST, LARGEST = 28, 16
"""Prefix lengths of a VPC subnet."""


class NoRoom(Exception):
    """The VPC has no free range for a demand."""


@dataclass(frozen=True)
class ZoneDemand:
    """Nodes and pods of one zone."""

    zone: str
    nodes: int
    pods: int
    limit: EniLimit

    @property
    def addresses(self) -> int:
        """Addresses of the pods and of the nodes' ENIs, with the pods spread evenly and at least one ENI a
        node."""
        return capacity.addresses_needed(self.pods, (self.limit,) * self.nodes)


@dataclass(frozen=True)
class SubnetProposal:
    """One proposed subnet."""

    zone: str
    block: str
    addresses: int
    """Addresses for ENIs and pods."""
    needed: int
    wanted: int
    """`needed` with the room to grow."""
    reasons: tuple[str, ...]


def too_many_pods(demand: ZoneDemand) -> str | None:
    """Return a sentence if the zone's nodes cannot hold the zone's pods."""
    most = demand.nodes * demand.limit.pods
    if demand.pods <= most:
        return None
    least = -(-demand.pods // demand.limit.pods)
    return (
        f"{demand.pods} pods do not fit on {demand.nodes} nodes of {demand.limit.pods} ENI pods each"
        f" ({most}); use {least} nodes or a larger type"
    )


def propose(
    vpc: str, demands: Sequence[ZoneDemand], taken: Mapping[str, str], growth: float = 1.0
) -> list[SubnetProposal]:
    """A subnet for each zone, in the order of `demands`; `growth` 1.0 is room for twice the need. Raises
    `NoRoom`.

    The largest subnet gets the lowest free range of its size first, so that the free space stays in large
    pieces.
    """
    space = IPv4Network(vpc)
    held = [IPv4Network(block) for block in taken.values()]
    placed: dict[int, IPv4Network] = {}
    sizes = [_prefix(demand, growth) for demand in demands]
    for index in sorted(range(len(demands)), key=lambda index: sizes[index]):
        place = _lowest(space, sizes[index], [*held, *placed.values()])
        if place is None:
            raise NoRoom(_why_not(space, demands[index], sizes[index], held, list(placed.values())))
        placed[index] = place
    return [_proposal(demand, placed[index], growth, space, taken) for index, demand in enumerate(demands)]


def _prefix(demand: ZoneDemand, growth: float) -> int:
    size = _wanted(demand, growth) + cidrs.RESERVED_PER_SUBNET
    prefix = min(32 - (size - 1).bit_length(), SMALLEST)
    if prefix < LARGEST:
        raise NoRoom(
            f"{demand.zone} needs {_wanted(demand, growth)} addresses; a subnet has at most"
            f" {2 ** (32 - LARGEST) - cidrs.RESERVED_PER_SUBNET}; split the zone's pods over two clusters or"
            " give it several subnets"
        )
    return prefix


def _wanted(demand: ZoneDemand, growth: float) -> int:
    return demand.addresses + round(demand.addresses * growth)


def _lowest(space: IPv4Network, prefix: int, held: Iterable[IPv4Network]) -> IPv4Network | None:
    """The lowest free range of that size."""
    size, last = 2 ** (32 - prefix), int(space.broadcast_address)
    at = int(space.network_address)
    for block in sorted(
        (block for block in held if block.overlaps(space)), key=lambda block: block.network_address
    ):
        if at + size <= int(block.network_address):
            break
        at = max(at, _aligned(int(block.broadcast_address) + 1, size))
    return IPv4Network((at, prefix)) if space.prefixlen <= prefix and at + size - 1 <= last else None


def _aligned(address: int, size: int) -> int:
    return -(-address // size) * size


def _proposal(
    demand: ZoneDemand, block: IPv4Network, growth: float, space: IPv4Network, taken: Mapping[str, str]
) -> SubnetProposal:
    usable = cidrs.usable_addresses(str(block))
    enis = demand.addresses - demand.pods
    reasons = (
        f"{demand.pods} pods and {enis} ENIs of {demand.nodes} nodes need {demand.addresses} addresses",
        (
            f"room to grow by {growth:.0%} makes {_wanted(demand, growth)}; /{block.prefixlen} is the"
            f" smallest that has them ({usable} usable, {cidrs.RESERVED_PER_SUBNET} are Tencent's)"
        ),
        f"the lowest free place of that size in {space}"
        + (f", clear of {', '.join(taken)}" if taken else ""),
    )
    return SubnetProposal(demand.zone, str(block), usable, demand.addresses, _wanted(demand, growth), reasons)


def _why_not(
    space: IPv4Network,
    demand: ZoneDemand,
    prefix: int,
    held: Sequence[IPv4Network],
    placed: Sequence[IPv4Network],
) -> str:
    free = [space]
    for block in (*held, *placed):
        free = [piece for space_ in free for piece in _without(space_, block)]
    largest = min((piece.prefixlen for piece in free), default=None)
    rest = "nothing is free" if largest is None else f"the largest free piece is a /{largest}"
    return (
        f"{space} has no free /{prefix} for {demand.zone} ({rest}); add a secondary range to the VPC, grow"
        " less, or free a range"
    )


def _without(block: IPv4Network, hole: IPv4Network) -> list[IPv4Network]:
    if not block.overlaps(hole):
        return [block]
    if block.subnet_of(hole):
        return []
    return list(block.address_exclude(hole))
