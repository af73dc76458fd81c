"""The structure of a Service or Ingress, read from the Kubernetes API: whether the path to the pods keeps the
client's address.

Finds what traffic cannot: a missing readiness gate, for example. What is wrong with one pod is in
`proof.pod_structure`.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from pulumi_tke_hybrid.cli.text import listed, shown
from pulumi_tke_hybrid.kube.objects import (
    annotations_of,
    being_deleted,
    child,
    children,
    condition,
    name_of,
    pod_addresses,
)
from pulumi_tke_hybrid.tke import keys
from pulumi_tke_hybrid.tke.enis import over
from pulumi_tke_hybrid.tke.values import Json, texts
from pulumi_tke_hybrid.verify.cluster import (
    Snapshot,
    Subnets,
    addresses,
    load_balancer_addresses,
    super_nodes,
    zones_by_node,
)
from pulumi_tke_hybrid.verify.listener import Listener
from pulumi_tke_hybrid.verify.pod_structure import Finding, Level, Path, PodRow, pod_findings, pod_row


@dataclass(frozen=True)
class Structure:
    """What was found."""

    path: Path
    layer7: bool
    """An HTTP listener: the load balancer may itself be the peer, and name the client in a header."""
    session: str
    """What pins a client to one pod, in words; empty if nothing does."""
    rows: Sequence[PodRow]
    findings: Sequence[Finding]

    @property
    def faults(self) -> list[Finding]:
        """The grave ones."""
        return [finding for finding in self.findings if finding.level is Level.FAULT]

    @property
    def keeps_source(self) -> bool:
        """Whether no node translates the source on the way."""
        return self.path is not Path.NODE_PORT


def check(snapshot: Snapshot, subnets: Subnets, port: int = 0) -> Structure:
    """All checks. `port` is the port of the load balancer that is verified; 0: every port counts."""
    listeners = snapshot.listeners
    judged = [listener for listener in listeners if port in (0, listener.port)]
    path = _path(snapshot)
    layer7 = all(listener.layer7 for listener in judged) if judged else snapshot.front.kind == "Ingress"
    zones = zones_by_node(snapshot, subnets)
    live = [pod for pod in snapshot.pods if not being_deleted(pod) and not over(pod)]
    known = addresses(snapshot, subnets)
    rows = [pod_row(pod, zones, super_nodes(snapshot), known) for pod in live]
    session = _session(snapshot, {listener.port for listener in judged})
    findings = [*(Finding(Level.UNKNOWN, str(snapshot.front), text) for text in snapshot.missing)]
    findings += _listener_findings(snapshot, listeners, judged, path)
    findings += _front_findings(snapshot, session)
    for pod, row in zip(live, rows, strict=True):
        findings += pod_findings(pod, row, path, subnets)
    findings += _together(snapshot, rows, path)
    if any(row.network == "eni" for row in rows) and not subnets.by_zone:
        text = (
            "whether pod addresses are of their own zone's subnet is not checked: give the subnets with"
            " --facts or --subnet"
        )
        findings.append(Finding(Level.WARNING, str(snapshot.front), text))
    findings += _backend_findings(snapshot, live)
    return Structure(path, layer7, session, sorted(rows, key=lambda row: (row.zone, row.pod)), findings)


def _path(snapshot: Snapshot) -> Path:
    annotations = annotations_of(snapshot.body)
    if (
        annotations.get(
            keys.SERVICE_DIRECT_ACCESS if snapshot.front.kind == "Service" else keys.INGRESS_DIRECT_ACCESS
        )
        == "true"
    ):
        return Path.DIRECT
    if snapshot.services and all(
        child(service, "spec").get("externalTrafficPolicy") == "Local" for service in snapshot.services
    ):
        return Path.LOCAL
    return Path.NODE_PORT


def _session(snapshot: Snapshot, ports: Collection[int]) -> str:
    """What pins a client of these ports to one pod."""
    if any(child(service, "spec").get("sessionAffinity") == "ClientIP" for service in snapshot.services):
        return "the Service's sessionAffinity ClientIP"
    listeners = [
        listener
        for kind in ("l4Listeners", "l7Listeners")
        for listener in children(snapshot.config, "spec", "loadBalancer", kind)
        if not ports or listener.get("port") is None or listener["port"] in ports
    ]
    rules = [
        rule
        for listener in listeners
        for domain in children(listener, "domains")
        for rule in children(domain, "rules")
    ]
    if any(child(item, "session").get("enable") is True for item in [*listeners, *rules]):
        return f"session persistence in TkeServiceConfig {name_of(snapshot.config)}"
    return ""


def _listener_findings(
    snapshot: Snapshot, listeners: Sequence[Listener], judged: Sequence[Listener], path: Path
) -> Iterator[Finding]:
    """Each port by its own protocol: an HTTP port beside a plain one excuses nothing."""
    subject = str(snapshot.front)
    key = keys.SERVICE_DIRECT_ACCESS if snapshot.front.kind == "Service" else keys.INGRESS_DIRECT_ACCESS
    what = f'no direct access ({key} is not "true"): traffic goes through node ports and source NAT'
    for listener in judged:
        if listener.unknown:
            yield Finding(Level.UNKNOWN, subject, listener.unknown)
    plain = [str(listener) for listener in judged if not listener.layer7 and not listener.unknown]
    layer7 = [str(listener) for listener in judged if listener.layer7 and not listener.unknown]
    if path is Path.NODE_PORT and (plain or (not judged and snapshot.front.kind == "Service")):
        ports = f"; ports {', '.join(plain)}" if len(listeners) > 1 and plain else ""
        yield Finding(Level.FAULT, subject, f"{what}; pods see a node instead of the client{ports}")
    if path is Path.NODE_PORT and layer7:
        ports = f"; ports {', '.join(layer7)}" if len(listeners) > 1 else ""
        yield Finding(
            Level.WARNING,
            subject,
            f"{what}; only the load balancer's X-Forwarded-For names the client{ports}",
        )
    others = [str(listener) for listener in listeners if listener not in judged]
    if others:
        yield Finding(
            Level.WARNING,
            subject,
            f"ports {', '.join(others)} are not verified in this run; give --port for each",
        )


def _front_findings(snapshot: Snapshot, session: str) -> Iterator[Finding]:
    subject = str(snapshot.front)
    if snapshot.front.kind == "Service" and child(snapshot.body, "spec").get("type") != "LoadBalancer":
        kind = child(snapshot.body, "spec").get("type", "ClusterIP")
        yield Finding(Level.WARNING, subject, f"is of type {kind}: no load balancer of its own")
    elif not load_balancer_addresses(snapshot):
        yield Finding(Level.UNKNOWN, subject, "has no load balancer address yet")
    if session:
        yield Finding(
            Level.WARNING, subject, f"{session} pins each client to one pod: one client cannot reach them all"
        )
    if not snapshot.pods and "Pod" not in snapshot.unreadable:
        yield Finding(Level.FAULT, subject, "selects no pod")


def _together(snapshot: Snapshot, rows: Sequence[PodRow], path: Path) -> Iterator[Finding]:
    kinds = {row.network for row in rows if row.network in ("eni", "overlay")}
    if path is Path.DIRECT and len(kinds) > 1:
        overlay = [row.pod for row in rows if row.network == "overlay"]
        zones = sorted({row.zone for row in rows if row.network == "overlay"})
        yield Finding(
            Level.FAULT,
            str(snapshot.front),
            "ENI and GlobalRouter pods behind one direct load balancer are not supported; "
            f"on the overlay in {', '.join(zones)}: {listed(overlay)}",
            zones[0] if len(zones) == 1 else "",
        )


def _backend_findings(snapshot: Snapshot, pods: Sequence[Json]) -> Iterator[Finding]:
    """Backends are pods: what the EndpointSlices list are addresses of pods, and one of every ready pod in
    each family."""
    of_pods = {address for pod in pods for address in pod_addresses(pod)}
    listed_: dict[str, set[str]] = {}
    for piece in snapshot.slices:
        family = listed_.setdefault(str(piece.get("addressType") or "IPv4"), set())
        for endpoint in children(piece, "endpoints"):
            found = texts(endpoint.get("addresses"))
            family.update(found)
            target = child(endpoint, "targetRef")
            if found and target.get("kind") != "Pod" and not of_pods & set(found):
                yield Finding(Level.FAULT, str(snapshot.front), f"backend {shown(found[0], 60)} is no pod")
    ready = [pod for pod in pods if condition(pod, "Ready") == "True"]
    for name, endpoints in listed_.items():
        absent = sorted(name_of(pod) for pod in ready if endpoints.isdisjoint(pod_addresses(pod)))
        if absent:
            kind = f" {name}" if len(listed_) > 1 else ""
            yield Finding(
                Level.WARNING, str(snapshot.front), f"ready, but no{kind} endpoint yet: {listed(absent)}"
            )
