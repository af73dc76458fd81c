"""`capacity propose`: propose container subnets of a cluster inside a VPC, with range, size and reasons.

Pure arithmetic: this module reads nothing."""

import json
import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

from rich.console import Console
from rich.text import Text

from pulumi_tke_hybrid.cli import files
from pulumi_tke_hybrid.cli.process import ExitCode
from pulumi_tke_hybrid.cli.result import FORMAT, ReportFiles
from pulumi_tke_hybrid.tke import capacity, cidrs, enis, names
from pulumi_tke_hybrid.tke.enis import EniLimit

SMALLEST, LARGEST = 28, 16
"""Prefix lengths of a VPC subnet."""
_DEMAND = re.compile(r"(?P<zone>[^:]+):(?P<nodes>\d{1,5})x(?P<type>[^:]+):(?P<pods>\d{1,6})", re.ASCII)
_DEMAND_FORMAT = "write it as ZONE:NODESxTYPE:PODS, for example ap-guangzhou-4:3xS5.LARGE8:60"


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


class InvalidRequest(Exception):
    """All faults of the options of `capacity propose`; `args` has a line for each."""


def run_propose(*, vpc: str, zones: list[str], taken: list[str], growth: int, json_file: str) -> ExitCode:
    """Write a proposal."""
    try:
        proposals = proposal(vpc, zones, taken, growth)
    except InvalidRequest as error:
        for line in error.args:
            files.complain("capacity propose", line)
        return ExitCode.WRONG_USE
    reports = ReportFiles(json=json_file)
    return files.write_all(
        "capacity propose",
        ExitCode.FINE,
        lambda: files.write(json_file, proposal_as_json(proposals, vpc)),
        lambda: show_proposal(proposals, reports.console()),
    )


def proposal(vpc: str, demands: Sequence[str], taken: Sequence[str], growth: int) -> list[SubnetProposal]:
    """A subnet for each zone. Raises `InvalidRequest` with all faults at once."""
    wrong = [f"--vpc: {problem}" for problem in [cidrs.cidr_problem(vpc)] if problem]
    wrong += [f"--taken {block}: {problem}" for block in taken if (problem := cidrs.cidr_problem(block))]
    parsed: list[ZoneDemand] = []
    for text in demands:
        demand = _parsed_demand(text)
        if isinstance(demand, str):
            wrong.append(f"--zone {text}: {demand}")
        else:
            parsed.append(demand)
    first = names.region_of(parsed[0].zone) if parsed else None
    for demand in parsed:
        wrong += [f"--zone: {found}" for found in names.foreign_zone_findings("", demand.zone, first)]
    if wrong:
        raise InvalidRequest(*wrong)
    try:
        return propose(vpc, parsed, dict.fromkeys(taken), growth / 100)
    except NoRoom as error:
        raise InvalidRequest(str(error)) from None


def _parsed_demand(text: str) -> ZoneDemand | str:
    """The demand of one `--zone`, or a sentence with its fault."""
    match = _DEMAND.fullmatch(text)
    if match is None:
        return _DEMAND_FORMAT
    problem = names.zone_problem(match["zone"])
    limit = enis.eni_limit(match["type"])
    if problem:
        return str(problem)
    if limit is None:
        return f"{match['type']} is not in the table of ENI limits; name a type like S5.LARGE8"
    demand = ZoneDemand(match["zone"], int(match["nodes"]), int(match["pods"]), limit)
    return too_many_pods(demand) or demand


def proposal_as_json(proposals: Sequence[SubnetProposal], vpc: str) -> str:
    """The proposals as JSON text."""
    subnets = [
        {
            "zone": item.zone,
            "cidrBlock": item.block,
            "addresses": item.addresses,
            "needed": item.needed,
            "wanted": item.wanted,
            "reasons": list(item.reasons),
        }
        for item in proposals
    ]
    return json.dumps({"format": FORMAT, "vpcCidr": vpc, "subnets": subnets}, indent=2) + "\n"


def show_proposal(proposals: Sequence[SubnetProposal], console: Console) -> None:
    """Print each proposed subnet with its reasons, then the lines for the program."""
    for item in proposals:
        need = f"  {item.needed} of {item.addresses} addresses needed"
        console.print(Text.assemble((item.zone, "bold"), "  ", (item.block, "green"), need))
        for reason in item.reasons:
            console.print(Text(f"    {reason}", style="dim"))
    console.print()
    seen = Counter[str]()
    for item in proposals:
        seen[item.zone] += 1
        name = f"pods-{item.zone}" if seen[item.zone] == 1 else f"pods-{item.zone}-{seen[item.zone]}"
        inputs = f'{{"vpc_id": vpc.id, "zone": "{item.zone}", "cidr_block": "{item.block}"}}'
        console.print(f'tke.EniZoneSubnet("{name}", {inputs})', highlight=False, soft_wrap=True)


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
    vpc: str, demands: Sequence[ZoneDemand], taken: Collection[str], growth: float = 1.0
) -> list[SubnetProposal]:
    """A subnet for each zone, in the order of `demands`; `growth` 1.0 is room for twice the need. Raises
    `NoRoom`.

    The largest subnet gets the lowest free range of its size first, so that the free space stays in large
    pieces.
    """
    space = IPv4Network(vpc)
    held = [IPv4Network(block) for block in taken]
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
    for block in sorted(filter(space.overlaps, held)):
        if at + size <= int(block.network_address):
            break
        at = max(at, (-(-(int(block.broadcast_address) + 1) // size) * size))
    return IPv4Network((at, prefix)) if space.prefixlen <= prefix and at + size - 1 <= last else None


def _proposal(
    demand: ZoneDemand, block: IPv4Network, growth: float, space: IPv4Network, taken: Collection[str]
) -> SubnetProposal:
    usable, wanted = cidrs.usable_addresses(str(block)), _wanted(demand, growth)
    enis = demand.addresses - demand.pods
    clear = f", clear of {', '.join(taken)}" if taken else ""
    reasons = (
        f"{demand.pods} pods and {enis} ENIs of {demand.nodes} nodes need {demand.addresses} addresses",
        (
            f"room to grow by {growth:.0%} makes {wanted}; /{block.prefixlen} is the smallest that has them"
            f" ({usable} usable, {cidrs.RESERVED_PER_SUBNET} are Tencent's)"
        ),
        f"the lowest free place of that size in {space}{clear}",
    )
    return SubnetProposal(demand.zone, str(block), usable, demand.addresses, wanted, reasons)


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
