"""Caveats: conditions that make a measurement misleading, and the rules about them. A caveat changes no
verdict."""

from collections.abc import Iterator
from dataclasses import dataclass

from pulumi_tke_hybrid.cli.process import listed, several
from pulumi_tke_hybrid.tke.rule import Finding, Rule, note_rule
from pulumi_tke_hybrid.verify.backends import Backends, Results
from pulumi_tke_hybrid.verify.probe import Traffic
from pulumi_tke_hybrid.verify.structure import Structure
from pulumi_tke_hybrid.verify.verdict import FORGED, PEER, Case, Verdict

ENOUGH_PER_POD = 10
"""Answers per pod after which a pod without an answer means that the load balancer does not spread
requests."""


def _rule(name: str, summary: str, requires: str, source: str = "the measurement") -> Rule:
    return note_rule(name, summary, requires, source)


NOT_READY = _rule("not-ready", "The load balancer answers.", "the traffic")
ENDED_EARLY = _rule("ended-early", "The traffic is not stopped before all requests are sent.", "the traffic")
BEHIND_NAT = _rule(
    "client-behind-nat", "No NAT is between the client and the load balancer.", "the traffic, --expect-client"
)
OTHER_ADDRESS = _rule(
    "other-address", "The expected client is the machine's own address.", "the traffic, --expect-client"
)
ON_A_NODE = _rule("client-on-a-node", "The client is not a node of the cluster.", "nodes", "the article")
IN_THE_CLUSTER = _rule(
    "client-in-the-cluster", "The client is not in the cluster.", "nodes, container subnets", "the article"
)
FEWER_PODS_THAN_ZONES = _rule("fewer-pods-than-zones", "Each zone has a ready pod.", "pods, zones")
SESSION_PERSISTENCE = _rule(
    "session-persistence", "A client reaches every pod.", "Services, TkeServiceConfig", "457/45700"
)
PINNED = _rule("pinned", "Many connections of a client reach every pod.", "the traffic")
FORGED_HEADER_BELIEVED = _rule(
    "forged-header-believed",
    "The application believes no forged X-Forwarded-For.",
    "a request with that header",
)
FORGED_HEADER_ARRIVES = _rule(
    "forged-header-arrives", "The load balancer rewrites X-Forwarded-For.", "a request with that header"
)
FORGED_HEADER_NOT_TRIED = _rule(
    "forged-header-not-tried", "A request with a forged header is answered.", "a request with that header"
)
LAYER_7 = _rule(
    "layer-7", "The load balancer hands connections on.", "Service or Ingress, the traffic", "214/3728"
)


def name_of_caveat(caveat: Finding) -> str:
    """Return the caveat's name in the JSON, which is older than the rule id."""
    return "client behind NAT" if caveat.rule is BEHIND_NAT else caveat.rule.id.replace("-", " ")


@dataclass(frozen=True)
class Measured:
    """The measurement that caveats are about."""

    traffic: Traffic
    results: Results
    case: Case
    backends: Backends
    structure: Structure | None
    zones: int
    """Number of zones of the cluster."""
    from_job: bool
    """The Job in the cluster sent the requests, from a node without target pods."""
    forging: bool
    """A request with a forged header was possible."""


def find(measured: Measured) -> list[Finding]:
    return [
        *_not_ready(measured),
        *_behind_nat(measured),
        *(() if measured.from_job else _in_the_cluster(measured)),
        *_few_pods(measured),
        *_pinned(measured),
        *(_forgery(measured) if measured.forging else ()),
        *_layer7(measured),
    ]


def _not_ready(measured: Measured) -> Iterator[Finding]:
    traffic = measured.traffic
    if not traffic.replies and traffic.stopped:
        seen = f" (seen: {listed(list(traffic.failures))})" if traffic.failures else ""
        why = "this proves nothing about source addresses"
        yield NOT_READY.finding("", f"{traffic.stopped}{seen}", why=why)
    elif traffic.stopped:
        yield ENDED_EARLY.finding("", traffic.stopped)


def _behind_nat(measured: Measured) -> Iterator[Finding]:
    case, local = measured.case, measured.traffic.local
    expected = case.expected or local
    peers = {peer for pod in measured.results.pods for peer in pod.peers}
    foreign = [peer for peer in peers if peer != expected and not case.addresses.description(peer)]
    if len(foreign) == 1 and measured.results.measured is Verdict.UNKNOWN:
        yield BEHIND_NAT.finding(
            "",
            f"expected {expected or '(nothing)'}, and pods saw {foreign[0]}, which is no address of the"
            " cluster or its load balancer: probably the address of a NAT in front of this machine",
            todo=f"if so, repeat with --expect-client {foreign[0]}",
        )
    elif case.expected and local and case.expected != local:
        why = f"--expect-client is {case.expected}"
        yield OTHER_ADDRESS.finding("", f"this machine's own address is {local}", why=why)


def _in_the_cluster(measured: Measured) -> Iterator[Finding]:
    local, addresses = measured.traffic.local, measured.case.addresses
    node = addresses.nodes.get(local)
    inside = addresses.inside_cluster(local) if local else None
    if node:
        beside = [
            pod.name
            for pod in measured.backends.pods
            if pod.node and (node == f"node {pod.node}" or node.endswith(f" of node {pod.node}"))
        ]
        also = f", with {listed(beside)} on the same node" if beside else ""
        what, todo = f"this machine ({local}) is {node}{also}", "measure from outside, or with --in-vpc"
        yield ON_A_NODE.finding("", what, todo=todo)
    elif inside:
        yield IN_THE_CLUSTER.finding(
            "",
            f"this machine has {inside}: traffic to the load balancer may be short-cut inside the cluster, or"
            " hang where the chosen pod is on the same node",
        )


def _few_pods(measured: Measured) -> Iterator[Finding]:
    ready = len(measured.backends.expected)
    if 0 < ready < measured.zones:
        what = f"{several(ready, 'ready pod')} in {measured.zones} zones: zones without a pod are not proven"
        yield FEWER_PODS_THAN_ZONES.finding("", what)


def _pinned(measured: Measured) -> Iterator[Finding]:
    tally, structure = measured.traffic.tally, measured.structure
    wanted, met = len(measured.backends.expected), len(tally.answered)
    if structure and structure.session:
        todo = "use several clients, or --sample"
        yield SESSION_PERSISTENCE.finding("", f"{structure.session}: one client meets one pod", todo=todo)
    elif 0 < met < wanted and tally.read >= ENOUGH_PER_POD * wanted:
        yield PINNED.finding(
            "",
            f"{tally.read} answers on as many connections came from {met} of {wanted} pods: the load"
            " balancer keeps a session, or has not taken the others",
        )


def _forgery(measured: Measured) -> Iterator[Finding]:
    forgery = measured.case.forgery
    if PEER in forgery.shown_in:
        yield FORGED_HEADER_BELIEVED.finding(
            "",
            f"the application reported {FORGED} as its client, the address in a request's forged"
            " X-Forwarded-For: any client can send that header",
        )
    elif forgery.shown_in:
        carriers = ", ".join(sorted(forgery.shown_in))
        what = (
            f"nothing on the way rewrites {carriers}: an application must not believe a header on this path"
        )
        yield FORGED_HEADER_ARRIVES.finding("", what)
    elif measured.traffic.replies and not forgery.answered:
        yield FORGED_HEADER_NOT_TRIED.finding("", "no request with a forged header could be sent or read")


def _layer7(measured: Measured) -> Iterator[Finding]:
    header_only = any(pod.verdict is Verdict.HEADER_ONLY for pod in measured.results.pods)
    if measured.structure and measured.structure.layer7 and header_only:
        what = "the load balancer answers clients itself, so the peer may be its own address"
        todo = "the application has to read X-Forwarded-For, and believe the load balancer's header only"
        yield LAYER_7.finding("", what, todo=todo)
