"""The verdict: whose address the pod saw. Pure functions; the worst one wins everywhere."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum

from pulumi_tke_hybrid.proof.addresses import Addresses
from pulumi_tke_hybrid.proof.answers import Answer

FORGED = "203.0.113.66"
"""What the forged header claims: an address for documentation (RFC 5737), which no client has."""


class Verdict(str, Enum):
    """Whose address a pod saw."""

    PRESERVED = "PRESERVED"
    """The connection's other end is the client."""
    HEADER_ONLY = "HEADER_ONLY"
    """The other end is somebody else, but a header of the load balancer names the client. A success for an Ingress."""
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
    """Where the forged address turned up as the client: `PEER`, or a header that nothing on the path rewrites."""


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
        carrier for answer in readable for carrier, client in _carriers(answer, addresses, expected or answer.local) if client == FORGED
    }
    if any(answer.peer == FORGED for answer in readable):
        shown_in.add(PEER)
    return Forgery(bool(readable), frozenset(shown_in))


def judge(answer: Answer, case: Case) -> Judgement:
    """The verdict on one answer. A forged request's answer is not judged here: it can only make things worse."""
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
    carriers = [carrier for carrier, client in _carriers(answer, case.addresses, expected) if client == expected]
    if carriers:
        return _judge_header(f"the peer {answer.peer} is {who or 'somebody else'}", carriers, expected, case.forgery)
    if answer.peer in case.addresses.nodes:
        return Judgement(Verdict.SNAT_NODE, f"the peer {answer.peer} is {who}, not the client {expected}")
    if case.addresses.load_balancer(answer.peer):
        return Judgement(Verdict.SNAT_LB, f"the peer {answer.peer} is {who}, and no header names the client {expected}")
    who = who or "no address of a node or load balancer that is known"
    return Judgement(Verdict.UNKNOWN, f"the peer {answer.peer} is {who}; expected the client {expected}")


def _judge_match(expected: str, case: Case) -> Judgement:
    if PEER in case.forgery.shown_in:
        return Judgement(
            Verdict.HEADER_ONLY,
            f"the application reports the client {expected}, but takes what it reports from a header: it believed a forged one",
        )
    if expected in case.addresses.nodes and case.direct is not True:
        return Judgement(
            Verdict.UNKNOWN,
            f"the client {expected} is {case.addresses.nodes[expected]} and traffic may pass nodes: source NAT there would look the same",
        )
    return Judgement(Verdict.PRESERVED, f"the peer is the client {expected}")


def _judge_header(peer: str, carriers: list[str], expected: str, forgery: Forgery) -> Judgement:
    """A header proves something only if a client cannot write it."""
    proven = [carrier for carrier in carriers if carrier not in forgery.shown_in]
    if proven:
        return Judgement(Verdict.HEADER_ONLY, f"{peer}; {proven[0]} names the client {expected}")
    return Judgement(
        Verdict.UNKNOWN, f"{peer}; {carriers[0]} names the client {expected}, but a forged one arrived as it was sent, so it proves nothing"
    )


def _who(address: str, addresses: Addresses) -> str:
    return addresses.nodes.get(address) or addresses.load_balancer(address) or addresses.inside_cluster(address) or ""


def _carriers(answer: Answer, addresses: Addresses, expected: str) -> list[tuple[str, str]]:
    """(header, client that it names). In `X-Forwarded-For` that is, from the right, the first address that is not the
    infrastructure's own: what stands further left came from the client, who may write there what he likes."""
    forwarded = next((hop for hop in reversed(answer.forwarded) if hop == expected or not _who(hop, addresses)), "")
    return [("the PROXY protocol header", answer.proxied), ("X-Forwarded-For", forwarded), ("X-Real-IP", answer.real_ip)]
