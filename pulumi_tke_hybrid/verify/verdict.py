"""The verdict: whose address the pod saw. Pure functions; the worst one wins everywhere.

From answers to verdicts per pod, per zone and overall, and whether enough pods answered to say so."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from pulumi_tke_hybrid.cli.text import listed, several
from pulumi_tke_hybrid.verify.answers import Answer
from pulumi_tke_hybrid.verify.backends import UNPLACED, Addresses, Pod, Roster, holder

FORGED = "203.0.113.66"
"""What the forged header claims: an address for documentation (RFC 5737), which no client has."""


class Verdict(str, Enum):
    """Whose address a pod saw."""

    PRESERVED = "PRESERVED"
    """The connection's other end is the client."""
    HEADER_ONLY = "HEADER_ONLY"
    """The other end is somebody else, but a header of the load balancer names the client. A success for an
    Ingress."""
    UNKNOWN = "UNKNOWN"
    """None of the others; the reason says why."""
    SNAT_LB = "SNAT_LB"
    """The other end is the load balancer."""
    SNAT_NODE = "SNAT_NODE"
    """The other end is a node: the article's 192.168.0.65."""


_SEVERITY = list(Verdict)
"""From good to bad. A proven fault outranks "could not tell"."""


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The worst of them; UNKNOWN if there is none."""
    return max(verdicts, key=_SEVERITY.index, default=Verdict.UNKNOWN)


PEER = "the application's own field"
"""Where a forged address can turn up: what a pod calls its peer is then taken from a header."""


@dataclass(frozen=True)
class Forgery:
    """What became of the requests with a forged header."""

    answered: bool = False
    """Whether any answer to one could be read."""
    shown_in: frozenset[str] = frozenset()
    """Where the forged address turned up as the client: `PEER`, or a header that nothing on the path
    rewrites."""


@dataclass(frozen=True)
class Judgement:
    """A verdict and why."""

    verdict: Verdict
    reason: str


@dataclass(frozen=True)
class Case:
    """What all answers are judged against."""

    addresses: Addresses
    expected: str = ""
    """The client's address; empty means each connection's own local address."""
    direct: bool | None = None
    """Whether the load balancer is known to send to pods, or nodes to keep the source; None if not known."""
    forgery: Forgery = field(default_factory=Forgery)


def forgery_of(answers: Iterable[Answer], addresses: Addresses, expected: str = "") -> Forgery:
    """What the answers to forged requests tell. `expected` as in `Case`."""
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
    """The verdict on one answer. A forged request's answer is not judged here: it can only make things
    worse."""
    if answer.problem:
        return Judgement(Verdict.UNKNOWN, answer.problem)
    expected = case.expected or answer.local
    if not answer.peer:
        return Judgement(Verdict.UNKNOWN, "the pod reported no peer")
    if not expected:
        return Judgement(Verdict.UNKNOWN, "the client's own address is not known; say --expect-client")
    if answer.peer == expected:
        return _judge_match(expected, case)
    who = _who(answer.peer, case.addresses)
    carriers = [
        carrier for carrier, client in _carriers(answer, case.addresses, expected) if client == expected
    ]
    if carriers:
        return _judge_header(
            f"the peer {answer.peer} is {who or 'somebody else'}", carriers, expected, case.forgery
        )
    if answer.peer in case.addresses.nodes:
        return Judgement(Verdict.SNAT_NODE, f"the peer {answer.peer} is {who}, not the client {expected}")
    if case.addresses.load_balancer(answer.peer):
        return Judgement(
            Verdict.SNAT_LB, f"the peer {answer.peer} is {who}, and no header names the client {expected}"
        )
    who = who or "no address of a node or load balancer that is known"
    return Judgement(Verdict.UNKNOWN, f"the peer {answer.peer} is {who}; expected the client {expected}")


def _judge_match(expected: str, case: Case) -> Judgement:
    if PEER in case.forgery.shown_in:
        return Judgement(
            Verdict.HEADER_ONLY,
            f"the application reports the client {expected}, but takes what it reports from a header: it"
            " believed a forged one",
        )
    if expected in case.addresses.nodes and case.direct is not True:
        return Judgement(
            Verdict.UNKNOWN,
            f"the client {expected} is {case.addresses.nodes[expected]} and traffic may pass nodes: source"
            " NAT there would look the same",
        )
    return Judgement(Verdict.PRESERVED, f"the peer is the client {expected}")


def _judge_header(peer: str, carriers: list[str], expected: str, forgery: Forgery) -> Judgement:
    """A header proves something only if a client cannot write it."""
    proven = [carrier for carrier in carriers if carrier not in forgery.shown_in]
    if proven:
        return Judgement(Verdict.HEADER_ONLY, f"{peer}; {proven[0]} names the client {expected}")
    return Judgement(
        Verdict.UNKNOWN,
        f"{peer}; {carriers[0]} names the client {expected}, but a forged one arrived as it was sent, so it"
        " proves nothing",
    )


def _who(address: str, addresses: Addresses) -> str:
    return (
        addresses.nodes.get(address)
        or addresses.load_balancer(address)
        or addresses.inside_cluster(address)
        or ""
    )


def _carriers(answer: Answer, addresses: Addresses, expected: str) -> list[tuple[str, str]]:
    """(header, client that it names). In `X-Forwarded-For` that is, from the right, the first address that is
    not the
    infrastructure's own: what stands further left came from the client, who may write there what he likes."""
    forwarded = next(
        (hop for hop in reversed(answer.forwarded) if hop == expected or not _who(hop, addresses)), ""
    )
    return [
        ("the PROXY protocol header", answer.proxied),
        ("X-Forwarded-For", forwarded),
        ("X-Real-IP", answer.real_ip),
    ]


MOST_STRANGERS = 200
"""Rows for answers of pods that are not known; the rest share one."""


@dataclass(frozen=True)
class PodResult:
    """One pod's verdict: the worst of its answers."""

    pod: str
    zone: str
    verdict: Verdict
    answers: int
    """How many it gave."""
    peers: tuple[str, ...]
    """The peers it reported."""
    reason: str
    """Why the verdict is what it is."""
    node: str = ""
    address: str = ""


@dataclass(frozen=True)
class ZoneResult:
    """One zone's verdict: the worst of its pods'."""

    zone: str
    verdict: Verdict
    answered: int
    """Pods that answered."""
    pods: int
    """Pods that should have."""
    missing: tuple[str, ...] = ()
    """Those that did not."""


@dataclass(frozen=True)
class Wish:
    """What has to be covered."""

    zones: Sequence[str] = ()
    """Zones that must answer; empty means those that have a ready pod."""
    min_per_zone: int = 1
    """Pods of each zone that must answer at the least."""
    every_pod: bool = True
    """Whether each ready pod must."""


@dataclass(frozen=True)
class Results:
    """What all answers together say."""

    heard: Verdict
    """The worst verdict of those that answered."""
    pods: tuple[PodResult, ...] = ()
    zones: tuple[ZoneResult, ...] = ()
    uncovered: tuple[str, ...] = ()
    """What is missing before the verdict speaks for all, in words."""

    @property
    def verdict(self) -> Verdict:
        """The overall verdict: what nobody answered for is not known to be good."""
        return worst([self.heard, Verdict.UNKNOWN]) if self.uncovered else self.heard


@dataclass
class _Heard:
    zone: str
    pod: Pod | None
    judgements: list[tuple[Judgement, int]] = field(default_factory=list[tuple[Judgement, int]])
    peers: dict[str, None] = field(default_factory=dict[str, None])

    def result(self, name: str) -> PodResult:
        verdict = worst(judgement.verdict for judgement, _ in self.judgements)
        return PodResult(
            pod=name,
            zone=self.zone,
            verdict=verdict,
            answers=sum(times for _, times in self.judgements),
            peers=tuple(self.peers)[:5],
            reason=next(judgement.reason for judgement, _ in self.judgements if judgement.verdict is verdict),
            node=self.pod.node if self.pod else "",
            address=self.pod.address if self.pod else "",
        )


def results(counts: Mapping[Answer, int], roster: Roster, case: Case, wish: Wish) -> Results:
    """The worst verdict wins in each pod, each zone and overall: one good zone never hides a bad one."""
    heard: dict[str, _Heard] = {}
    for answer, times in counts.items():
        pod = roster.who(answer)
        name = pod.name if pod else _stranger(answer, roster, heard)
        zone = pod.zone if pod else _zone_by_address(answer, case.addresses)
        entry = heard.setdefault(name, _Heard(zone, pod))
        entry.judgements.append((judge(answer, case), times))
        if answer.peer:
            entry.peers[answer.peer] = None
    pods = sorted(
        (entry.result(name) for name, entry in heard.items()), key=lambda result: (result.zone, result.pod)
    )
    zones = _zones(pods, roster, wish)
    return Results(worst(pod.verdict for pod in pods), tuple(pods), zones, tuple(_uncovered(zones, wish)))


def _stranger(answer: Answer, roster: Roster, heard: Mapping[str, _Heard]) -> str:
    """A row's name for an answer whose pod is not known."""
    name = answer.pod or (answer.addresses[0] if answer.addresses else "(no name)")
    if any(pod.name == name for pod in roster.pods):
        name = f"{name} (another one)"
    return name if name in heard or len(heard) < MOST_STRANGERS + len(roster.pods) else "(others)"


def _zone_by_address(answer: Answer, addresses: Addresses) -> str:
    """Without a look at the cluster, a pod's ENI address still tells its zone."""
    found = [holder(address, addresses.eni_ranges) for address in answer.addresses]
    return next((one.zone for one in found if one and one.zone), UNPLACED)


def _zones(pods: Sequence[PodResult], roster: Roster, wish: Wish) -> tuple[ZoneResult, ...]:
    ready = [pod for pod in roster.pods if pod.ready]
    found: list[ZoneResult] = []
    for zone in sorted({*wish.zones, *(pod.zone for pod in ready), *(pod.zone for pod in pods)}):
        here = [pod for pod in pods if pod.zone == zone]
        answered = {pod.pod for pod in here if pod.peers}
        expected = {pod.name for pod in ready if pod.zone == zone}
        missing = tuple(sorted(expected - answered))
        found.append(
            ZoneResult(
                zone, worst(pod.verdict for pod in here), len(answered), len(expected | answered), missing
            )
        )
    return tuple(found)


def out_of_reach(roster: Roster, wish: Wish) -> list[str]:
    """What no traffic could cover, because there are not enough ready pods, in words."""
    ready = Counter(pod.zone for pod in roster.pods if pod.ready)
    return [
        (
            f"zone {zone} has {several(ready[zone], 'ready pod')}, {wish.min_per_zone} wanted"
            if ready[zone]
            else _empty(zone, ready)
        )
        for zone in sorted({*wish.zones, *ready})
        if ready[zone] < wish.min_per_zone
    ]


def _empty(zone: str, others: Iterable[str]) -> str:
    return (
        f"zone {zone} has no ready pod (zones that have one: {', '.join(sorted(others)) or 'none'}); nothing"
        " is proven there"
    )


def _uncovered(zones: Sequence[ZoneResult], wish: Wish) -> list[str]:
    found: list[str] = []
    peopled = [zone.zone for zone in zones if zone.pods]
    for zone in zones:
        if zone.zone in wish.zones and zone.pods == 0:
            found.append(_empty(zone.zone, peopled))
        elif zone.pods and zone.answered < wish.min_per_zone:
            found.append(
                f"zone {zone.zone}: {several(zone.answered, 'pod')} answered, {wish.min_per_zone} wanted"
            )
        elif zone.missing and wish.every_pod:
            found.append(f"zone {zone.zone}: no answer from {listed(list(zone.missing))}")
    return found
