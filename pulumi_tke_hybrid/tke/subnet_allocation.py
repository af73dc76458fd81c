"""A proposal for the container subnets of a cluster: where they go inside the VPC, how large they are, and
why."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

from pulumi_tke_hybrid.tke import capacity, cidrs
from pulumi_tke_hybrid.tke.enis import EniLimit

SMALLEST, LARGEST = 28, 16
"""Prefix lengths of a VPC subnet."""


class NoRoom(Exception):
    """The VPC has no place for what is wanted."""


@dataclass(frozen=True)
class ZoneDemand:
    """What a zone must hold."""

    zone: str
    nodes: int
    pods: int
    limit: EniLimit

    @property
    def addresses(self) -> int:
        """One for each pod, and one for each ENI that the nodes need when the pods are spread evenly over
        them; one ENI a node at least."""
        return capacity.addresses_needed(self.pods, (self.limit,) * self.nodes)


@dataclass(frozen=True)
class SubnetProposal:
    """One proposed subnet."""

    zone: str
    block: str
    addresses: int
    """Addresses that ENIs and pods can have."""
    needed: int
    wanted: int
    """`needed` and the room to grow."""
    reasons: tuple[str, ...]


def too_many_pods(wish: ZoneDemand) -> str | None:
    """Why the zone's nodes cannot hold its pods, or None."""
    most = wish.nodes * wish.limit.pods
    if wish.pods <= most:
        return None
    least = -(-wish.pods // wish.limit.pods)
    return (
        f"{wish.pods} pods do not fit on {wish.nodes} nodes of {wish.limit.pods} ENI pods each ({most}); use"
        f" {least} nodes or a larger type"
    )


def propose(
    vpc: str, wishes: Sequence[ZoneDemand], taken: Mapping[str, str], growth: float = 1.0
) -> list[SubnetProposal]:
    """A subnet for each zone, in the order of `wishes`; `growth` 1.0 leaves room for twice the need. Raises
    NoRoom.

    The largest goes first into the lowest free place that is aligned for it, so that what is left stays in
    large pieces.
    """
    space = IPv4Network(vpc)
    held = [IPv4Network(block) for block in taken.values()]
    placed: dict[int, IPv4Network] = {}
    sizes = [_prefix(wish, growth) for wish in wishes]
    for index in sorted(range(len(wishes)), key=lambda index: sizes[index]):
        place = _lowest(space, sizes[index], [*held, *placed.values()])
        if place is None:
            raise NoRoom(_why_not(space, wishes[index], sizes[index], held, list(placed.values())))
        placed[index] = place
    return [_placed(wish, placed[index], growth, space, taken) for index, wish in enumerate(wishes)]


def _prefix(wish: ZoneDemand, growth: float) -> int:
    size = _wanted(wish, growth) + cidrs.RESERVED_PER_SUBNET
    prefix = min(32 - (size - 1).bit_length(), SMALLEST)
    if prefix < LARGEST:
        raise NoRoom(
            f"{wish.zone} needs {_wanted(wish, growth)} addresses; a subnet has at most"
            f" {2 ** (32 - LARGEST) - cidrs.RESERVED_PER_SUBNET}; split the zone's pods over two clusters or"
            " give it several subnets"
        )
    return prefix


def _wanted(wish: ZoneDemand, growth: float) -> int:
    return wish.addresses + round(wish.addresses * growth)


def _lowest(space: IPv4Network, prefix: int, held: Iterable[IPv4Network]) -> IPv4Network | None:
    """The lowest free block of that size."""
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


def _placed(
    wish: ZoneDemand, block: IPv4Network, growth: float, space: IPv4Network, taken: Mapping[str, str]
) -> SubnetProposal:
    usable = cidrs.usable_addresses(str(block))
    enis = wish.addresses - wish.pods
    reasons = (
        f"{wish.pods} pods and {enis} ENIs of {wish.nodes} nodes need {wish.addresses} addresses",
        (
            f"room to grow by {growth:.0%} makes {_wanted(wish, growth)}; /{block.prefixlen} is the smallest"
            f" that has them ({usable} usable, {cidrs.RESERVED_PER_SUBNET} are Tencent's)"
        ),
        f"the lowest free place of that size in {space}"
        + (f", clear of {', '.join(taken)}" if taken else ""),
    )
    return SubnetProposal(wish.zone, str(block), usable, wish.addresses, _wanted(wish, growth), reasons)


def _why_not(
    space: IPv4Network,
    wish: ZoneDemand,
    prefix: int,
    held: Sequence[IPv4Network],
    placed: Sequence[IPv4Network],
) -> str:
    free = [space]
    for block in (*held, *placed):
        free = [piece for one in free for piece in _without(one, block)]
    largest = min((piece.prefixlen for piece in free), default=None)
    rest = "nothing is free" if largest is None else f"the largest free piece is a /{largest}"
    return (
        f"{space} has no free /{prefix} for {wish.zone} ({rest}); add a secondary range to the VPC, grow"
        " less, or free a range"
    )


def _without(block: IPv4Network, hole: IPv4Network) -> list[IPv4Network]:
    if not block.overlaps(hole):
        return [block]
    if block.subnet_of(hole):
        return []
    return list(block.address_exclude(hole))
