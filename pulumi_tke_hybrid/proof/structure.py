"""What the Kubernetes API alone tells: is the way from the load balancer to the pods the one that keeps the client's address?

Read-only. It finds what traffic cannot: a pod that carries the ENI annotation and has an overlay address, a missing readiness
gate, a load balancer that was asked for direct access and does not have it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from pulumi_tke_hybrid.console.text import listed, shown
from pulumi_tke_hybrid.proof.addresses import Addresses, holder
from pulumi_tke_hybrid.proof.cluster import Snapshot, Subnets, addresses, load_balancer_addresses, zones_by_node
from pulumi_tke_hybrid.proof.objects import Json, annotations_of, being_deleted, child, children, condition, is_list, name_of, pod_address
from pulumi_tke_hybrid.proof.roster import UNPLACED
from pulumi_tke_hybrid.tke import keys
from pulumi_tke_hybrid.tke.pods import networks, over

SPECIFY_PROTOCOL = "service.cloud.tencent.com/specify-protocol"
"""Service annotation that makes a port a layer-7 listener, where the peer may be the load balancer (214/3728)."""


class Level(str, Enum):
    """How grave a finding is."""

    FAULT = "fault"
    """The client's address is lost, or will be."""
    WARNING = "warning"
    """Worth knowing; not wrong by itself."""
    UNKNOWN = "unknown"
    """A check that could not run."""


@dataclass(frozen=True)
class Finding:
    """One thing found."""

    level: Level
    subject: str
    message: str
    zone: str = ""


class Path(str, Enum):
    """How the load balancer reaches the pods."""

    DIRECT = "direct"
    """At their own addresses."""
    LOCAL = "local"
    """Through node ports that keep the source: externalTrafficPolicy Local."""
    NODE_PORT = "node port"
    """Through node ports and source NAT."""


@dataclass(frozen=True)
class PodRow:
    """One pod, as the API shows it."""

    pod: str
    zone: str
    node: str
    address: str
    network: str
    """`eni`, `overlay`, `node`, or `?`."""
    annotated: bool
    """The ENI annotation is on the pod itself, not only on what made it."""
    asks: bool
    """It asks for an ENI address."""
    gate: str
    """The load balancer's readiness gate: `true`, `false`, `none`."""


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


def check(snapshot: Snapshot, subnets: Subnets) -> Structure:
    """All checks."""
    path, layer7 = _path(snapshot), _layer7(snapshot)
    zones = zones_by_node(snapshot, subnets)
    live = [pod for pod in snapshot.pods if not being_deleted(pod) and not over(pod)]
    known = addresses(snapshot, subnets)
    rows = [_row(pod, zones, known) for pod in live]
    session = _session(snapshot)
    findings = [*(Finding(Level.UNKNOWN, str(snapshot.front), text) for text in snapshot.missing)]
    findings += _front_findings(snapshot, path, layer7, session)
    for pod, row in zip(live, rows, strict=True):
        findings += _pod_findings(pod, row, path, subnets)
    findings += _together(snapshot, rows, path)
    if any(row.network == "eni" for row in rows) and not subnets.by_zone:
        text = "whether pod addresses are of their own zone's subnet is not checked: give the subnets with --facts or --subnet"
        findings.append(Finding(Level.WARNING, str(snapshot.front), text))
    findings += _backend_findings(snapshot, live)
    return Structure(path, layer7, session, sorted(rows, key=lambda row: (row.zone, row.pod)), findings)


def _path(snapshot: Snapshot) -> Path:
    annotations = annotations_of(snapshot.body)
    if annotations.get(keys.SERVICE_DIRECT_ACCESS if snapshot.front.kind == "Service" else keys.INGRESS_DIRECT_ACCESS) == "true":
        return Path.DIRECT
    if snapshot.services and all(child(service, "spec").get("externalTrafficPolicy") == "Local" for service in snapshot.services):
        return Path.LOCAL
    return Path.NODE_PORT


def _layer7(snapshot: Snapshot) -> bool:
    return snapshot.front.kind == "Ingress" or "HTTP" in annotations_of(snapshot.body).get(SPECIFY_PROTOCOL, "").upper()


def _session(snapshot: Snapshot) -> str:
    if any(child(service, "spec").get("sessionAffinity") == "ClientIP" for service in snapshot.services):
        return "the Service's sessionAffinity ClientIP"
    listeners = children(snapshot.config, "spec", "loadBalancer", "l4Listeners")
    rules = [
        rule
        for listener in children(snapshot.config, "spec", "loadBalancer", "l7Listeners")
        for domain in children(listener, "domains")
        for rule in children(domain, "rules")
    ]
    if any(child(item, "session").get("enable") is True for item in [*listeners, *rules]):
        return f"session persistence in TkeServiceConfig {name_of(snapshot.config)}"
    return ""


def _front_findings(snapshot: Snapshot, path: Path, layer7: bool, session: str) -> Iterator[Finding]:
    subject = str(snapshot.front)
    key = keys.SERVICE_DIRECT_ACCESS if snapshot.front.kind == "Service" else keys.INGRESS_DIRECT_ACCESS
    if path is Path.NODE_PORT:
        what = f'no direct access ({key} is not "true"): traffic goes through node ports and source NAT'
        if layer7:
            yield Finding(Level.WARNING, subject, f"{what}; only the load balancer's X-Forwarded-For names the client")
        else:
            yield Finding(Level.FAULT, subject, f"{what}; pods see a node instead of the client")
    if snapshot.front.kind == "Service" and child(snapshot.body, "spec").get("type") != "LoadBalancer":
        kind = child(snapshot.body, "spec").get("type", "ClusterIP")
        yield Finding(Level.WARNING, subject, f"is of type {kind}: no load balancer of its own")
    elif not load_balancer_addresses(snapshot):
        yield Finding(Level.UNKNOWN, subject, "has no load balancer address yet")
    if session:
        yield Finding(Level.WARNING, subject, f"{session} pins each client to one pod: one client cannot reach them all")
    if not snapshot.pods:
        yield Finding(Level.FAULT, subject, "selects no pod")


def _row(pod: Json, zones: dict[str, str], known: Addresses) -> PodRow:
    node, address = str(child(pod, "spec").get("nodeName", "")), pod_address(pod)
    if child(pod, "spec").get("hostNetwork"):
        network = "node"
    elif holder(address, known.pod_ranges):
        network = "overlay"
    elif holder(address, known.eni_ranges) or (address and known.pod_ranges):
        network = "eni"
    else:
        network = "?"
    gates = [str(gate.get("conditionType")) for gate in children(pod, "spec", "readinessGates")]
    gate = "none" if keys.READINESS_GATE not in gates else "true" if condition(pod, keys.READINESS_GATE) == "True" else "false"
    return PodRow(
        pod=name_of(pod),
        zone=zones.get(node, UNPLACED),
        node=node,
        address=address,
        network=network,
        annotated=any(name in networks(pod) for name in keys.ENI_RESOURCES),
        asks=_asked(pod) > 0,
        gate=gate,
    )


def _asked(pod: Json) -> int:
    """How many ENI addresses its containers ask for."""
    total = 0
    for container in children(pod, "spec", "containers"):
        amounts = {**child(container, "resources", "requests"), **child(container, "resources", "limits")}
        total += sum(int(str(amounts[key])) for key in keys.ENI_RESOURCES.values() if str(amounts.get(key, "")).isdecimal())
    return total


def _pod_findings(pod: Json, row: PodRow, path: Path, subnets: Subnets) -> Iterator[Finding]:
    def finding(level: Level, message: str) -> Finding:
        return Finding(level, f"pod {row.pod}", message, row.zone)

    if not row.address:
        waiting = next((item.get("message") for item in children(pod, "status", "conditions") if item.get("status") == "False"), None)
        yield finding(Level.WARNING, "has no address yet" + (f": {shown(str(waiting))}" if waiting else ""))
        return
    if row.network == "node":
        yield finding(Level.WARNING, "is on the node's own network: its address is the node's")
        return
    if row.annotated:
        yield from (finding(level, message) for level, message in _eni_problems(pod, row, subnets))
    elif row.network == "overlay" and path is Path.DIRECT:
        yield finding(
            Level.WARNING,
            f"is on GlobalRouter ({row.address}) behind direct access; that needs GlobalRouteDirectAccess, and no annotation "
            f"{keys.NETWORKS} is on the pod (it belongs on the pod template, not on the workload)",
        )
    if path is Path.DIRECT and row.gate == "none":
        yield finding(Level.FAULT, "has no readiness gate: it was made before direct access was asked for; roll it once")
    elif path is Path.DIRECT and row.gate == "false":
        yield finding(
            Level.FAULT, "the load balancer has not taken it (readiness gate not true): check its health check and security group"
        )


def _eni_problems(pod: Json, row: PodRow, subnets: Subnets) -> Iterator[tuple[Level, str]]:
    if row.network == "overlay":
        yield (
            Level.FAULT,
            f"looks right and is not: the ENI annotation is there, the address {row.address} is the overlay's"
            + ("" if row.asks else f"; it asks for no {keys.ENI_IP}")
            + "; was it made before VPC-CNI was on, or is another network plugin chained?",
        )
    elif not row.asks:
        yield Level.FAULT, f"asks for no {keys.ENI_IP} (requests and limits of the first container)"
    if _asked(pod) > 1:
        yield Level.FAULT, f"asks for {_asked(pod)} ENI addresses; put the request on the first container only"
    if row.network != "eni":
        return
    found = holder(row.address, subnets.ranges)
    if subnets.by_zone and found is None:
        yield Level.FAULT, f"the address {row.address} lies in no ENI subnet that is known"
    elif found is not None and row.zone not in (UNPLACED, found.zone):
        yield Level.FAULT, f"the address {row.address} is of {found.zone}, its node is in {row.zone}"


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
    """Backends are pods: what the EndpointSlices list are their addresses, and all of them."""
    of_pods = {pod_address(pod) for pod in pods if pod_address(pod)}
    listed_: set[str] = set()
    for piece in snapshot.slices:
        for endpoint in children(piece, "endpoints"):
            given = endpoint.get("addresses")
            found = [str(address) for address in given] if is_list(given) else []
            listed_.update(found)
            target = child(endpoint, "targetRef")
            if found and target.get("kind") != "Pod" and not of_pods & set(found):
                yield Finding(Level.FAULT, str(snapshot.front), f"backend {shown(found[0], 60)} is no pod")
    if snapshot.slices:
        ready = {name_of(pod): pod_address(pod) for pod in pods if condition(pod, "Ready") == "True"}
        absent = sorted(name for name, address in ready.items() if address not in listed_)
        if absent:
            yield Finding(Level.WARNING, str(snapshot.front), f"ready, but no endpoint yet: {listed(absent)}")
