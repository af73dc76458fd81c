"""The objects of a cluster that `verify` reads: the Service or Ingress, its pods, EndpointSlices and nodes;
and the zones and addresses that follow from them. Judges nothing."""

import ipaddress
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from pulumi_tke_hybrid.cli.process import WrongUse
from pulumi_tke_hybrid.kube import KubeError, NotAllowed, NotFound
from pulumi_tke_hybrid.kube.client import (
    ENDPOINT_SLICE,
    INGRESS,
    NODE,
    POD,
    SERVICE,
    TKE_SERVICE_CONFIG,
    Kind,
    KubeClient,
)
from pulumi_tke_hybrid.tke.cluster import ClusterFacts
from pulumi_tke_hybrid.tke.objects import (
    Json,
    annotations_of,
    being_deleted,
    child,
    children,
    condition,
    name_of,
    node_of,
    pod_address,
    pod_addresses,
    pod_ranges,
    zone_of_node,
)
from pulumi_tke_hybrid.verify.backends import UNPLACED, Backends, Pod
from pulumi_tke_hybrid.verify.target import Listener, listeners_of_ingress, listeners_of_service
from pulumi_tke_hybrid.verify.verdict import Addresses, Range, ranges

FrontendKind = Literal["Service", "Ingress"]

LISTENER_SETTINGS = {
    "Service": "service.cloud.tencent.com/tke-service-config",
    "Ingress": "ingress.cloud.tencent.com/tke-service-config",
}
"""Annotation with the name of the TkeServiceConfig that holds the settings of the listeners."""


@dataclass(frozen=True)
class Frontend:
    """The Service or Ingress that clients send their requests to."""

    kind: FrontendKind
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"

    @classmethod
    def parse(cls, kind: FrontendKind, text: str) -> "Frontend":
        """Parse `namespace/name`, or `name` in the namespace default."""
        namespace, slash, name = text.partition("/")
        if not slash:
            namespace, name = "default", text
        if not namespace or not name or "/" in name:
            raise WrongUse(f"{text!r} is no {kind}; write namespace/name")
        return cls(kind, namespace, name)


@dataclass(frozen=True)
class ContainerSubnets:
    """The ranges of the container subnets by zone."""

    by_zone: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    region: str = ""

    @classmethod
    def of(cls, facts: ClusterFacts | None, given: Iterable[str] = ()) -> "ContainerSubnets":
        """Read a stack's `cluster_facts` and pairs `zone=range`."""
        found: dict[str, list[str]] = {}
        for zone, subnets in facts.zones.items() if facts else ():
            found.setdefault(zone, []).extend(subnet.cidr or "" for subnet in subnets)
        for pair in given:
            zone, equals, block = pair.partition("=")
            if not equals:
                raise WrongUse(
                    f"{pair!r} is no subnet; write zone=range, for example ap-guangzhou-4=10.0.64.0/22"
                )
            found.setdefault(zone, []).append(block)
        for zone, blocks in found.items():
            for block in blocks:
                try:
                    ipaddress.ip_network(block)
                except ValueError:
                    raise WrongUse(f"{block!r} of zone {zone} is no range; write 10.0.64.0/22") from None
        by_name = (zone.rpartition("-")[0] for zone in found if "-" in zone)
        return cls(found, (facts.region if facts else "") or next(by_name, ""))

    @property
    def ranges(self) -> list[Range]:
        return [
            Range(ipaddress.ip_network(block), f"the container subnet {block} of {zone}", zone)
            for zone, blocks in self.by_zone.items()
            for block in blocks
        ]


@dataclass(frozen=True)
class ClusterObjects:
    """The objects, read at one moment."""

    frontend: Frontend
    body: Json
    """The Service or Ingress itself."""
    services: Sequence[Json] = ()
    """The Service itself, or the Services behind the Ingress."""
    pods: Sequence[Json] = ()
    nodes: Sequence[Json] = ()
    slices: Sequence[Json] = ()
    config: Json = field(default_factory=dict[str, object])
    """The TkeServiceConfig with the settings of the listeners; empty without one."""
    missing: Sequence[str] = ()
    """Objects that could not be read, a sentence each."""
    unreadable: Collection[Kind] = ()
    """The kinds of objects that could not be read."""

    @property
    def listeners(self) -> list[Listener]:
        """The listeners of the load balancer, as the Service or Ingress declares them."""
        read = listeners_of_service if self.frontend.kind == "Service" else listeners_of_ingress
        return read(self.body)

    @property
    def load_balancer_addresses(self) -> list[str]:
        """Addresses of the load balancer, or host names of newer public load balancers; empty before the load
        balancer has any."""
        entries = children(self.body, "status", "loadBalancer", "ingress")
        found = [entry.get("ip") or entry.get("hostname") for entry in entries]
        return [str(address) for address in found if address]

    def zones_by_node(self, region: str) -> dict[str, str]:
        return {name_of(node): zone_of_node(node, region) or UNPLACED for node in self.nodes}

    def backends(self, region: str) -> Backends:
        """Return the pods that may answer."""
        zones = self.zones_by_node(region)
        found = [
            Pod(
                name=name_of(pod),
                zone=zones.get(node_of(pod), UNPLACED),
                node=node_of(pod),
                address=pod_address(pod),
                further=pod_addresses(pod)[1:],
                ready=condition(pod, "Ready") == "True" and not being_deleted(pod) and bool(pod_address(pod)),
            )
            for pod in self.pods
        ]
        return Backends(tuple(sorted(found, key=lambda pod: (pod.zone, pod.name))))


def read_objects(kube: KubeClient, frontend: Frontend) -> ClusterObjects:
    """Read all objects. The Service or Ingress must be readable; other objects that may not be read are
    listed as missing. Raises KubeError."""
    kind = SERVICE if frontend.kind == "Service" else INGRESS
    found = kube.get(kind, frontend.namespace, frontend.name)
    missing: list[str] = []
    unreadable: set[Kind] = set()

    def read(kind: Kind, namespace: str = "", labels: Mapping[str, str] | None = None) -> list[Json]:
        try:
            return list(kube.list(kind, namespace, labels))
        except NotAllowed as error:
            missing.append(str(error))
            unreadable.add(kind)
            return []

    services = [found] if kind is SERVICE else _services(kube, frontend, found, missing)
    pods: dict[str, Json] = {}
    slices: list[Json] = []
    for service in services:
        selector = {key: str(value) for key, value in child(service, "spec", "selector").items()}
        if selector:
            pods |= {name_of(pod): pod for pod in read(POD, frontend.namespace, selector)}
        slices += read(ENDPOINT_SLICE, frontend.namespace, {"kubernetes.io/service-name": name_of(service)})
    nodes = read(NODE)
    config: Json = {}
    config_name = annotations_of(found).get(LISTENER_SETTINGS[frontend.kind])
    if config_name:
        try:
            config = kube.get(TKE_SERVICE_CONFIG, frontend.namespace, config_name)
        except KubeError as error:
            missing.append(str(error))
    return ClusterObjects(
        frontend, found, services, list(pods.values()), nodes, slices, config, missing, unreadable
    )


def _services(kube: KubeClient, frontend: Frontend, ingress: Json, missing: list[str]) -> list[Json]:
    """Read the Services behind an Ingress."""
    paths = [path for rule in children(ingress, "spec", "rules") for path in children(rule, "http", "paths")]
    references = [
        *(child(path, "backend", "service") for path in paths),
        child(ingress, "spec", "defaultBackend", "service"),
    ]
    found: list[Json] = []
    for name in dict.fromkeys(str(reference["name"]) for reference in references if reference.get("name")):
        try:
            found.append(kube.get(SERVICE, frontend.namespace, name))
        except (NotFound, NotAllowed) as error:
            missing.append(str(error))
    return found


def known_addresses(
    objects: ClusterObjects | None,
    subnets: ContainerSubnets,
    load_balancers: Iterable[str] = (),
    nodes: Iterable[str] = (),
) -> Addresses:
    """Return the addresses of nodes, pods and load balancers. A node has more than its internal address:
    cbr0's, a tunnel's, perhaps a public address."""
    of_nodes = {address: f"a node ({address})" for address in nodes}
    overlay: list[Range] = []
    for node in objects.nodes if objects else ():
        name = name_of(node)
        blocks = ranges((block, f"the pod range of node {name}") for block in pod_ranges(node))
        overlay += blocks
        for block in blocks:
            # cbr0 has the first host address (article: 192.168.0.65), a tunnel device the network address.
            first = block.network.network_address
            of_nodes[str(first + 1)] = f"cbr0 of node {name}"
            of_nodes[str(first)] = f"the overlay device of node {name}"
        of_nodes |= {
            str(entry["address"]): f"node {name}"
            for entry in children(node, "status", "addresses")
            if entry.get("type") != "Hostname"
        }
    own = objects.load_balancer_addresses if objects else []
    pods = objects.pods if objects else ()
    return Addresses(
        nodes=of_nodes,
        pod_ranges=overlay,
        container_subnets=subnets.ranges,
        load_balancers=ranges((address, "the load balancer") for address in [*own, *load_balancers]),
        pods={address: name_of(pod) for pod in pods for address in pod_addresses(pod)},
    )
