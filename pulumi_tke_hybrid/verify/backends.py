"""Whose address is whose: nodes, load balancers, pods, subnets.

The pods that should answer, and the count of what they answered."""

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Union

from pulumi_tke_hybrid.verify.answers import Answer

Network = Union[ipaddress.IPv4Network, ipaddress.IPv6Network]

LOAD_BALANCER_SPACE = "100.64.0.0/10"
"""From here the vendor's load balancers probe backends and, at layer 7, may connect to them (214/65860,
214/54819)."""


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
    return next(
        (one for one in among if one.network.version == wanted.version and wanted in one.network), None
    )


def gateways(node: str, block: str) -> dict[str, str]:
    """The node's own addresses in its pod range: cbr0 has the first host (article: 192.168.0.65), a tunnel
    device the network address."""
    try:
        network = ipaddress.ip_network(block, strict=False)
    except ValueError:
        return {}
    return {
        str(network.network_address + 1): f"cbr0 of node {node}",
        str(network.network_address): f"the overlay device of node {node}",
    }


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
        found = holder(
            address, [*self.load_balancers, *ranges([(LOAD_BALANCER_SPACE, "the load balancers' own range")])]
        )
        return found.what if found else None

    def inside_cluster(self, address: str) -> str | None:
        """Where in the cluster an address belongs that is neither the client's nor a node's nor the load
        balancer's."""
        if address in self.pods:
            return f"the address of pod {self.pods[address]}"
        found = holder(address, self.pod_ranges) or holder(address, self.eni_ranges)
        return f"an address in {found.what}" if found else None


MOST_DIFFERENT = 2000
"""Different answers that are kept; a pod that invents a new one each time cannot fill the memory."""
TOO_MANY = Answer(problem=f"more than {MOST_DIFFERENT} different answers")


UNPLACED = "?"
"""The zone of a pod whose zone is not known."""


@dataclass(frozen=True)
class Pod:
    """A pod behind the Service or Ingress."""

    name: str
    zone: str = UNPLACED
    node: str = ""
    address: str = ""
    also: tuple[str, ...] = ()
    """Further addresses: a dual-stack pod has two."""
    ready: bool = True


@dataclass(frozen=True)
class Roster:
    """All pods that may answer; those that are ready should."""

    pods: tuple[Pod, ...] = ()

    def who(self, answer: Answer) -> Pod | None:
        """The pod that answered. A name alone is enough only if the pod did not say its addresses: other
        namespaces have the
        same names."""
        given = set(answer.addresses)
        by_address = next((pod for pod in self.pods if not given.isdisjoint((pod.address, *pod.also))), None)
        if by_address or answer.addresses:
            return by_address
        return next((pod for pod in self.pods if pod.name == answer.pod), None)

    @property
    def wanted(self) -> frozenset[str]:
        """Names of the pods that should answer."""
        return frozenset(pod.name for pod in self.pods if pod.ready)

    def with_also(self, others: Iterable[Pod]) -> "Roster":
        """Also those of a second look. Only pods that were ready both times should have answered; all may
        have."""
        later = {pod.name: pod for pod in others}
        known = {pod.name for pod in self.pods}
        kept = [
            replace(pod, ready=pod.ready and pod.name in later and later[pod.name].ready) for pod in self.pods
        ]
        return Roster(
            (*kept, *(replace(pod, ready=False) for pod in later.values() if pod.name not in known))
        )


@dataclass
class Tally:
    """How often each answer was given."""

    roster: Roster
    counts: dict[Answer, int] = field(default_factory=dict[Answer, int])
    answered: set[str] = field(default_factory=set[str])
    """Names of pods of the roster that gave an answer that could be read."""
    read: int = 0
    """Answers that could be read."""

    def add(self, answer: Answer, times: int = 1) -> None:
        """Count an answer."""
        if answer not in self.counts and len(self.counts) >= MOST_DIFFERENT:
            answer = TOO_MANY
        self.counts[answer] = self.counts.get(answer, 0) + times
        if not answer.problem:
            self.read += times
            pod = self.roster.who(answer)
            if pod:
                self.answered.add(pod.name)

    @property
    def total(self) -> int:
        """All answers."""
        return sum(self.counts.values())

    @property
    def complete(self) -> bool:
        """Whether each pod that should answer has."""
        return self.roster.wanted <= self.answered
