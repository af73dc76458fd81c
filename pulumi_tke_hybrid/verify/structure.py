"""The structure of a Service or Ingress, read from the Kubernetes API: whether the path to the pods keeps the
client's address, and the rules about it. Finds faults that traffic cannot show; faults of single pods are in
`pod_structure`."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from pulumi_tke_hybrid.cli.process import listed, shown
from pulumi_tke_hybrid.kube.client import POD
from pulumi_tke_hybrid.tke import keys
from pulumi_tke_hybrid.tke.enis import has_ended
from pulumi_tke_hybrid.tke.objects import (
    Json,
    annotations_of,
    being_deleted,
    child,
    children,
    condition,
    is_super_node,
    name_of,
    pod_addresses,
    texts,
)
from pulumi_tke_hybrid.tke.rule import Finding, Rule, Severity, warning_rule
from pulumi_tke_hybrid.verify.cluster_snapshot import ClusterObjects, ContainerSubnets, known_addresses
from pulumi_tke_hybrid.verify.pod_structure import (
    ZONE_NOT_CHECKED,
    PodRow,
    TrafficPath,
    pod_findings,
    pod_row,
)
from pulumi_tke_hybrid.verify.target import Listener

OBJECTS_NOT_READ = Rule(
    "objects-not-read",
    "The kubeconfig's user may read every object behind the load balancer.",
    "the Kubernetes API",
    "docs/kubeconfig.md",
)
LISTENER_NOT_KNOWN = Rule(
    "listener-not-known",
    "The protocol of each port of the load balancer is known.",
    "Service or Ingress",
    "457/39141, 457/45700",
)
NO_DIRECT_ACCESS = Rule(
    "no-direct-access",
    "A TCP or UDP port has direct access, or the Services have externalTrafficPolicy Local.",
    "Service or Ingress",
    "the article, 457/41897",
)
HEADER_ALONE = warning_rule(
    "no-direct-access-layer-7",
    "An HTTP or HTTPS port has direct access; without, X-Forwarded-For alone names the client.",
    "Service or Ingress",
    "the article, 457/41897",
)
PORTS_NOT_VERIFIED = warning_rule(
    "ports-not-verified", "Each port is verified.", "Service or Ingress, --port", "arithmetic"
)
NO_LOAD_BALANCER = warning_rule(
    "service-without-load-balancer", "The Service is of type LoadBalancer.", "Service", "Kubernetes: type"
)
NO_LOAD_BALANCER_ADDRESS = Rule(
    "load-balancer-without-address",
    "The load balancer has an address.",
    "Service or Ingress",
    "Kubernetes: status.loadBalancer",
)
CLIENT_PINNED = warning_rule(
    "client-pinned-to-pod",
    "A client reaches every pod: no session affinity or persistence.",
    "Services, TkeServiceConfig",
    "457/45700",
)
NO_POD = Rule("no-pod-selected", "The Services select pods.", "Services, pods", "arithmetic")
MIXED_NETWORKS = Rule(
    "mixed-networks-behind-direct-access",
    "All pods behind one direct load balancer are on ENIs, or all are on GlobalRouter.",
    "pods, pod ranges of the nodes",
    "457/41897",
)
BACKEND_NOT_A_POD = Rule(
    "backend-not-a-pod", "Each endpoint is the address of a pod.", "EndpointSlices, pods", "arithmetic"
)
NO_ENDPOINT = warning_rule(
    "ready-pod-without-endpoint",
    "Each ready pod is an endpoint, in each address family.",
    "EndpointSlices, pods",
    "arithmetic",
)
_DIRECT_ACCESS = {"Service": keys.SERVICE_DIRECT_ACCESS, "Ingress": keys.INGRESS_DIRECT_ACCESS}


@dataclass(frozen=True)
class Structure:
    """The structure of a Service or Ingress, and the findings about it."""

    path: TrafficPath
    layer7: bool
    """An HTTP listener: the load balancer may itself be the peer, and name the client in a header."""
    session: str
    """Setting that pins a client to one pod; empty without one."""
    rows: Sequence[PodRow]
    findings: Mapping[Finding, str]
    """Each finding with its zone; the zone is empty where the finding is about more than one zone."""

    @property
    def faults(self) -> dict[Finding, str]:
        """The findings of severity ERROR."""
        found = self.findings.items()
        return {finding: zone for finding, zone in found if finding.judged_severity is Severity.ERROR}

    @property
    def keeps_source(self) -> bool:
        """Return whether no node translates the source on the way."""
        return self.path is not TrafficPath.NODE_PORT


def check(objects: ClusterObjects, subnets: ContainerSubnets, port: int = 0) -> Structure:
    """Run all checks. `port` is the port of the load balancer that is verified; 0 means every port."""
    listeners, subject = objects.listeners, str(objects.frontend)
    judged = [listener for listener in listeners if port in (0, listener.port)]
    path = _path(objects)
    layer7 = all(listener.layer7 for listener in judged) if judged else objects.frontend.kind == "Ingress"
    zones = objects.zones_by_node(subnets.region)
    live = [pod for pod in objects.pods if not being_deleted(pod) and not has_ended(pod)]
    known = known_addresses(objects, subnets)
    super_nodes = {name_of(node) for node in objects.nodes if is_super_node(node)}
    rows = [pod_row(pod, zones, super_nodes, known) for pod in live]
    session = _session(objects, {listener.port for listener in judged})
    findings = {_unknown(OBJECTS_NOT_READ, subject, text): "" for text in objects.missing}
    findings |= dict.fromkeys(_listener_findings(objects, listeners, judged, path), "")
    findings |= dict.fromkeys(_frontend_findings(objects, session), "")
    for pod, row in zip(live, rows, strict=True):
        findings |= dict.fromkeys(pod_findings(pod, row, path, subnets), row.zone)
    findings |= _mixed_networks(subject, rows, path)
    if any(row.network == "eni" for row in rows) and not subnets.by_zone:
        text = "whether pod addresses lie in container subnets of the nodes' zones is not checked"
        todo = "give the container subnets with --facts or --subnet"
        findings[ZONE_NOT_CHECKED.finding(subject, text, todo=todo)] = ""
    findings |= dict.fromkeys(_endpoint_findings(objects, live), "")
    return Structure(path, layer7, session, sorted(rows, key=lambda row: (row.zone, row.pod)), findings)


def _unknown(rule: Rule, subject: str, text: str) -> Finding:
    return replace(rule.finding(subject, text), unknown=True)


def _path(objects: ClusterObjects) -> TrafficPath:
    if annotations_of(objects.body).get(_DIRECT_ACCESS[objects.frontend.kind]) == "true":
        return TrafficPath.DIRECT
    policies = [child(service, "spec").get("externalTrafficPolicy") for service in objects.services]
    local = bool(policies) and all(policy == "Local" for policy in policies)
    return TrafficPath.LOCAL if local else TrafficPath.NODE_PORT


def _session(objects: ClusterObjects, ports: Collection[int]) -> str:
    """Return the setting that pins a client of these ports to one pod."""
    if any(child(service, "spec").get("sessionAffinity") == "ClientIP" for service in objects.services):
        return "the Service's sessionAffinity ClientIP"
    listeners = [
        listener
        for kind in ("l4Listeners", "l7Listeners")
        for listener in children(objects.config, "spec", "loadBalancer", kind)
        if not ports or listener.get("port") is None or listener["port"] in ports
    ]
    rules = [
        rule
        for listener in listeners
        for domain in children(listener, "domains")
        for rule in children(domain, "rules")
    ]
    if any(child(item, "session").get("enable") is True for item in [*listeners, *rules]):
        return f"session persistence in TkeServiceConfig {name_of(objects.config)}"
    return ""


def _listener_findings(
    objects: ClusterObjects, listeners: Sequence[Listener], judged: Sequence[Listener], path: TrafficPath
) -> Iterator[Finding]:
    """Check each port by its own protocol: an HTTP port does not excuse a TCP port of the same load
    balancer."""
    subject = str(objects.frontend)
    key = _DIRECT_ACCESS[objects.frontend.kind]
    what = f'no direct access ({key} is not "true"): traffic goes through node ports and source NAT'
    for listener in judged:
        if listener.unknown:
            yield _unknown(LISTENER_NOT_KNOWN, subject, listener.unknown)
    layer4 = [str(listener) for listener in judged if not listener.layer7 and not listener.unknown]
    layer7 = [str(listener) for listener in judged if listener.layer7 and not listener.unknown]
    several_ports = len(listeners) > 1
    if path is TrafficPath.NODE_PORT and (layer4 or (not judged and objects.frontend.kind == "Service")):
        ports = f"; ports {', '.join(layer4)}" if several_ports and layer4 else ""
        why = f"pods see a node instead of the client{ports}"
        yield NO_DIRECT_ACCESS.finding(subject, what, why=why)
    if path is TrafficPath.NODE_PORT and layer7:
        ports = f"; ports {', '.join(layer7)}" if several_ports else ""
        why = f"only the load balancer's X-Forwarded-For names the client{ports}"
        yield HEADER_ALONE.finding(subject, what, why=why)
    others = [str(listener) for listener in listeners if listener not in judged]
    if others:
        text = f"ports {', '.join(others)} are not verified in this run"
        yield PORTS_NOT_VERIFIED.finding(subject, text, todo="give --port for each")


def _frontend_findings(objects: ClusterObjects, session: str) -> Iterator[Finding]:
    subject = str(objects.frontend)
    kind = child(objects.body, "spec").get("type", "ClusterIP")
    if objects.frontend.kind == "Service" and kind != "LoadBalancer":
        yield NO_LOAD_BALANCER.finding(subject, f"is of type {kind}, which has no load balancer")
    elif not objects.load_balancer_addresses:
        yield _unknown(NO_LOAD_BALANCER_ADDRESS, subject, "has no load balancer address yet")
    if session:
        yield CLIENT_PINNED.finding(
            subject, f"{session} pins each client to one pod: one client cannot reach them all"
        )
    if not objects.pods and POD not in objects.unreadable:
        yield NO_POD.finding(subject, "selects no pod")


def _mixed_networks(subject: str, rows: Sequence[PodRow], path: TrafficPath) -> dict[Finding, str]:
    overlay = [row for row in rows if row.network == "overlay"]
    if path is not TrafficPath.DIRECT or not overlay or all(row.network != "eni" for row in rows):
        return {}
    zones = sorted({row.zone for row in overlay})
    finding = MIXED_NETWORKS.finding(
        subject,
        "ENI and GlobalRouter pods behind one direct load balancer are not supported",
        why=f"on the overlay in {', '.join(zones)}: {listed([row.pod for row in overlay])}",
    )
    return {finding: zones[0] if len(zones) == 1 else ""}


def _endpoint_findings(objects: ClusterObjects, pods: Sequence[Json]) -> Iterator[Finding]:
    """Compare the EndpointSlices with the pods: each endpoint is a pod's address, and each ready pod has an
    endpoint in each address family."""
    subject = str(objects.frontend)
    of_pods = {address for pod in pods for address in pod_addresses(pod)}
    families: dict[str, set[str]] = {}
    for piece in objects.slices:
        family = families.setdefault(str(piece.get("addressType") or "IPv4"), set())
        for endpoint in children(piece, "endpoints"):
            found = texts(endpoint.get("addresses"))
            family.update(found)
            target = child(endpoint, "targetRef")
            if found and target.get("kind") != "Pod" and not of_pods & set(found):
                yield BACKEND_NOT_A_POD.finding(subject, f"backend {shown(found[0], 60)} is no pod")
    ready = [pod for pod in pods if condition(pod, "Ready") == "True"]
    for name, endpoints in families.items():
        absent = sorted(name_of(pod) for pod in ready if endpoints.isdisjoint(pod_addresses(pod)))
        if absent:
            family_name = f" {name}" if len(families) > 1 else ""
            yield NO_ENDPOINT.finding(subject, f"ready, but no{family_name} endpoint yet: {listed(absent)}")
