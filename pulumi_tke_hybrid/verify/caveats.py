"""What makes a measurement say something else than it seems to: looked for, and named."""

from collections.abc import Iterator
from dataclasses import dataclass

from pulumi_tke_hybrid.cli.text import listed, several
from pulumi_tke_hybrid.verify.backends import Addresses, Roster
from pulumi_tke_hybrid.verify.probe import Traffic
from pulumi_tke_hybrid.verify.structure import Structure
from pulumi_tke_hybrid.verify.verdict import FORGED, PEER, Case, Results, Verdict

ENOUGH_PER_POD = 10
"""So many answers a pod, and still pods that never answered: the load balancer does not spread them."""


@dataclass(frozen=True)
class Trap:
    """One of them, and what to do."""

    name: str
    message: str


def find(
    traffic: Traffic,
    results: Results,
    case: Case,
    roster: Roster,
    structure: Structure | None,
    zones: int,
    from_job: bool,
    forging: bool,
) -> list[Trap]:
    """All that apply. `zones` is how many zones the cluster has; `from_job`: our own Job asked, from a node
    that was chosen for it;
    `forging`: a request with a forged header made sense.
    """
    return [
        *_not_ready(traffic),
        *_behind_nat(traffic, results, case),
        *(() if from_job else _in_the_cluster(traffic, case, roster)),
        *_few_pods(roster, zones),
        *_pinned(traffic, roster, structure),
        *(_forgery(traffic, case) if forging else ()),
        *_layer7(results, structure),
    ]


def _not_ready(traffic: Traffic) -> Iterator[Trap]:
    if not traffic.replies and traffic.stopped:
        seen = f" (seen: {listed(list(traffic.failures))})" if traffic.failures else ""
        yield Trap("not ready", f"{traffic.stopped}{seen}; this says nothing about source addresses")
    elif traffic.stopped:
        yield Trap("ended early", traffic.stopped)


def _behind_nat(traffic: Traffic, results: Results, case: Case) -> Iterator[Trap]:
    expected = case.expected or traffic.local
    foreign = sorted(
        {peer for pod in results.pods for peer in pod.peers if _is_foreign(peer, expected, case.addresses)}
    )
    if len(foreign) == 1 and results.heard is Verdict.UNKNOWN:
        yield Trap(
            "client behind NAT",
            f"expected {expected or '(nothing)'}, and pods saw {foreign[0]}, which is no address of the"
            " cluster or its load balancer: probably the NAT's in front of this machine; if so, repeat with"
            f" --expect-client {foreign[0]}",
        )
    elif case.expected and traffic.local and case.expected != traffic.local:
        yield Trap(
            "other address",
            f"this machine calls itself {traffic.local}; {case.expected} was expected as asked",
        )


def _is_foreign(peer: str, expected: str, addresses: Addresses) -> bool:
    known = peer in addresses.nodes or addresses.load_balancer(peer) or addresses.inside_cluster(peer)
    return peer != expected and not known


def _in_the_cluster(traffic: Traffic, case: Case, roster: Roster) -> Iterator[Trap]:
    node = case.addresses.nodes.get(traffic.local)
    inside = case.addresses.inside_cluster(traffic.local) if traffic.local else None
    if node:
        beside = [
            pod.name
            for pod in roster.pods
            if pod.node and (node == f"node {pod.node}" or node.endswith(f" of node {pod.node}"))
        ]
        also = f", with {listed(beside)} on the same node" if beside else ""
        yield Trap(
            "client on a node",
            f"this machine ({traffic.local}) is {node}{also}; measure from outside, or with --in-vpc",
        )
    elif inside:
        yield Trap(
            "client in the cluster",
            f"this machine has {inside}: traffic to the load balancer may be short-cut inside the cluster, or"
            " hang where the chosen pod is on the same node",
        )


def _few_pods(roster: Roster, zones: int) -> Iterator[Trap]:
    ready = len(roster.wanted)
    if 0 < ready < zones:
        yield Trap(
            "fewer pods than zones",
            f"{several(ready, 'ready pod')} in {zones} zones: nothing is proven where none runs",
        )


def _pinned(traffic: Traffic, roster: Roster, structure: Structure | None) -> Iterator[Trap]:
    wanted, met = len(roster.wanted), len(traffic.tally.answered)
    if structure and structure.session:
        yield Trap(
            "session persistence",
            f"{structure.session}: one client meets one pod; use several clients, or --sample",
        )
    elif 0 < met < wanted and traffic.tally.read >= ENOUGH_PER_POD * wanted:
        yield Trap(
            "pinned",
            f"{traffic.tally.read} answers on as many connections came from {met} of {wanted} pods: the load"
            " balancer keeps a session, or has not taken the others",
        )


def _forgery(traffic: Traffic, case: Case) -> Iterator[Trap]:
    shown_in = case.forgery.shown_in
    if PEER in shown_in:
        yield Trap(
            "forged header believed",
            f"the application reported {FORGED} as its client, because a request's X-Forwarded-For said so:"
            " anybody can do that",
        )
    elif shown_in:
        carriers = ", ".join(sorted(shown_in))
        yield Trap(
            "forged header arrives",
            f"nothing on the way rewrites {carriers}: an application must not believe it on this path",
        )
    elif traffic.replies and not case.forgery.answered:
        yield Trap("forged header not tried", "no request with a forged header could be sent or read")


def _layer7(results: Results, structure: Structure | None) -> Iterator[Trap]:
    if structure and structure.layer7 and any(pod.verdict is Verdict.HEADER_ONLY for pod in results.pods):
        yield Trap(
            "layer 7",
            "the load balancer answers clients itself, so the peer may be its own address; the application"
            " has to read X-Forwarded-For, and believe it from the load balancer only",
        )
