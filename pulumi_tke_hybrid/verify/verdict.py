"""The verdict on one answer: known addresses of nodes, pods and load balancers, and the comparison of the
peer that a pod reported with the client. Pure functions; results of whole pods and zones are in
`backends`."""

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property

from pulumi_tke_hybrid.verify.answers import Answer

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

LOAD_BALANCER_RANGE = "100.64.0.0/10"
"""Range from which the vendor's load balancers probe backends and, at layer 7, may connect (214/65860,
214/54819)."""
FORGED = "203.0.113.66"
"""Address in the forged header: reserved for documentation (RFC 5737), so no client has it."""
PEER = "the application's own field"
"""Carrier of a forged address where the application takes its peer from a header."""


class Verdict(str, Enum):
    """The address that a pod saw, from good to bad. A proven fault is worse than UNKNOWN.

    A new verdict needs a line here, and a line in the help of `command.py`.
    """

    PRESERVED = "PRESERVED"
    """The peer is the client."""
    HEADER_ONLY = "HEADER_ONLY"
    """The peer is another address, and a header of the load balancer names the client. A success for an
    Ingress."""
    UNKNOWN = "UNKNOWN"
    """No other verdict is proven; the reason is given."""
    SNAT_LB = "SNAT_LB"
    """The peer is the load balancer."""
    SNAT_NODE = "SNAT_NODE"
    """The peer is a node, such as the article's 192.168.0.65."""

    @property
    def style(self) -> str:
        """Colour on a terminal: red where the client is proven to be lost."""
        if self.client_lost:
            return "red"
        return "green" if self is Verdict.PRESERVED else "yellow"

    @property
    def client_lost(self) -> bool:
        """Return whether the verdict proves that the pod does not see the client."""
        return self in (Verdict.SNAT_LB, Verdict.SNAT_NODE)


_FROM_GOOD_TO_BAD = list(Verdict)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the worst verdict; UNKNOWN without any."""
    return max(verdicts, key=_FROM_GOOD_TO_BAD.index, default=Verdict.UNKNOWN)


@dataclass(frozen=True)
class Range:
    """A range of addresses and its description."""

    network: Network
    what: str
    zone: str = ""


def ranges(blocks: Iterable[tuple[str, str]]) -> list[Range]:
    """Return the ranges of (block, description). Invalid blocks are left out; an address is a range of
    one."""
    found: list[Range] = []
    for block, what in blocks:
        try:
            found.append(Range(ipaddress.ip_network(block, strict=False), what))
        except ValueError:
            continue
    return found


def parsed(address: str) -> Address | None:
    """Return the address; None for any other text."""
    try:
        return ipaddress.ip_address(address)
    except ValueError:
        return None


def holder(address: str, among: Iterable[Range]) -> Range | None:
    """Return the first range that holds the address."""
    wanted = parsed(address)
    return next((item for item in among if wanted and wanted in item.network), None)


@dataclass(frozen=True)
class Addresses:
    """Known addresses. Each part may be empty; fewer verdicts can be proven then."""

    nodes: Mapping[str, str] = field(default_factory=dict[str, str])
    """Each address of each node, with a description."""
    pod_ranges: Sequence[Range] = ()
    """The overlay ranges of the nodes."""
    container_subnets: Sequence[Range] = ()
    """The container subnets, with their zones."""
    load_balancers: Sequence[Range] = ()
    pods: Mapping[str, str] = field(default_factory=dict[str, str])
    """Address of each backend pod, with its name."""

    @cached_property
    def _pod_ranges(self) -> Mapping[tuple[int, int], Mapping[int, Range]]:
        """The overlay ranges by family and length, then by their first address: a cluster has hundreds."""
        found: dict[tuple[int, int], dict[int, Range]] = {}
        for item in self.pod_ranges:
            same = found.setdefault((item.network.version, item.network.prefixlen), {})
            same.setdefault(int(item.network.network_address), item)
        return found

    def pod_range(self, address: str) -> Range | None:
        """Return the overlay range that holds the address."""
        wanted = parsed(address)
        for (version, length), same in self._pod_ranges.items():
            if wanted and wanted.version == version:
                bits = wanted.max_prefixlen - length
                found = same.get(int(wanted) >> bits << bits)
                if found:
                    return found
        return None

    def overlay_has_family_of(self, address: str) -> bool:
        """Return whether overlay ranges of the address's family are known."""
        version = 6 if ":" in address else 4
        return any(version == known for known, _ in self._pod_ranges)

    def load_balancer(self, address: str) -> str | None:
        """Return the description of a load balancer's address; None for any other address."""
        own_range = ranges([(LOAD_BALANCER_RANGE, "the load balancers' own range")])
        found = holder(address, [*self.load_balancers, *own_range])
        return found.what if found else None

    def inside_cluster(self, address: str) -> str | None:
        """Return the description of a pod's address or of a range of pods; None for any other address."""
        if address in self.pods:
            return f"the address of pod {self.pods[address]}"
        found = self.pod_range(address) or holder(address, self.container_subnets)
        return f"an address in {found.what}" if found else None

    def description(self, address: str) -> str:
        """Return the description of an address of the infrastructure; empty for any other address."""
        return self.nodes.get(address) or self.load_balancer(address) or self.inside_cluster(address) or ""


@dataclass(frozen=True)
class Forgery:
    """Result of the requests with a forged header."""

    answered: bool = False
    """Whether an answer to such a request could be read."""
    shown_in: frozenset[str] = frozenset()
    """Carriers in which the forged address arrived as the client: `PEER`, or a header that nothing on the
    path rewrites."""


@dataclass(frozen=True)
class Judgement:
    verdict: Verdict
    reason: str


@dataclass(frozen=True)
class Case:
    """Facts that every answer is compared with."""

    addresses: Addresses
    expected: str = ""
    """The client's address; empty means each connection's own local address."""
    direct: bool | None = None
    """Whether the path to the pods keeps the source; None if not known."""
    forgery: Forgery = field(default_factory=Forgery)


def forgery_of(answers: Iterable[Answer], addresses: Addresses, expected: str = "") -> Forgery:
    """Return the result of the forged requests. `expected` as in `Case`."""
    readable = [answer for answer in answers if not answer.problem]
    shown_in = {
        carrier
        for answer in readable
        for carrier, client in _carriers(answer, addresses, expected or answer.local)
        if client == FORGED
    }
    if any(answer.peer == FORGED for answer in readable):
        shown_in.add(PEER)
    return Forgery(bool(readable), frozenset(shown_in))


def judge(answer: Answer, case: Case) -> Judgement:
    """Return the verdict on one answer. Answers to forged requests are not judged: a forgery can only lower
    the verdict on the other answers."""
    if answer.problem:
        return Judgement(Verdict.UNKNOWN, answer.problem)
    expected = case.expected or answer.local
    if not answer.peer:
        return Judgement(Verdict.UNKNOWN, "the pod reported no peer")
    if not expected:
        return Judgement(Verdict.UNKNOWN, "the client's own address is not known; give --expect-client")
    if answer.peer == expected:
        return _judge_match(expected, case)
    what = case.addresses.description(answer.peer)
    carriers = [
        carrier for carrier, client in _carriers(answer, case.addresses, expected) if client == expected
    ]
    if carriers:
        peer = f"the peer {answer.peer} is {what or 'another address'}"
        return _judge_header(peer, carriers, expected, case.forgery)
    if answer.peer in case.addresses.nodes:
        return Judgement(Verdict.SNAT_NODE, f"the peer {answer.peer} is {what}, not the client {expected}")
    if case.addresses.load_balancer(answer.peer):
        return Judgement(
            Verdict.SNAT_LB, f"the peer {answer.peer} is {what}, and no header names the client {expected}"
        )
    what = what or "no address of a node or load balancer that is known"
    return Judgement(Verdict.UNKNOWN, f"the peer {answer.peer} is {what}; expected the client {expected}")


def _judge_match(expected: str, case: Case) -> Judgement:
    if PEER in case.forgery.shown_in:
        return Judgement(
            Verdict.HEADER_ONLY,
            f"the application reports the client {expected}, but takes the client from a header: the"
            " application believed a forged header",
        )
    if expected in case.addresses.nodes and case.direct is not True:
        return Judgement(
            Verdict.UNKNOWN,
            f"the client {expected} is {case.addresses.nodes[expected]} and traffic may pass nodes: source"
            " NAT there would look the same",
        )
    return Judgement(Verdict.PRESERVED, f"the peer is the client {expected}")


def _judge_header(peer: str, carriers: list[str], expected: str, forgery: Forgery) -> Judgement:
    """Return HEADER_ONLY for a header that a client cannot write, UNKNOWN for any other header."""
    proven = [carrier for carrier in carriers if carrier not in forgery.shown_in]
    if proven:
        return Judgement(Verdict.HEADER_ONLY, f"{peer}; {proven[0]} names the client {expected}")
    return Judgement(
        Verdict.UNKNOWN,
        f"{peer}; {carriers[0]} names the client {expected}, but a forged header arrived as sent, so the"
        " header proves nothing",
    )


def _carriers(answer: Answer, addresses: Addresses, expected: str) -> list[tuple[str, str]]:
    """Return (header, client that the header names).

    In `X-Forwarded-For` the client is, from the right, the first address that does not belong to the
    infrastructure: everything further left came from the client, who can write any address there.
    """
    hops = reversed(answer.forwarded)
    forwarded = next((hop for hop in hops if hop == expected or not addresses.description(hop)), "")
    return [
        ("the PROXY protocol header", answer.proxied),
        ("X-Forwarded-For", forwarded),
        ("X-Real-IP", answer.real_ip),
    ]
