"""One look at a cluster: the Service or Ingress, what stands behind it, the nodes, and what follows for pods
and addresses."""

import ipaddress
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from pulumi_tke_hybrid.cli.exit_code import WrongUse
from pulumi_tke_hybrid.kube.objects import (
    annotations_of,
    being_deleted,
    child,
    children,
    condition,
    is_super_node,
    name_of,
    node_of,
    pod_addresses,
    zone_of_node,
)
from pulumi_tke_hybrid.kube.objects import pod_ranges as node_ranges
from pulumi_tke_hybrid.tke.values import Json
from pulumi_tke_hybrid.verify.backends import UNPLACED, Addresses, Pod, Range, Roster, gateways, ranges
from pulumi_tke_hybrid.verify.kube import CannotVerify, Kube, NotAllowed, NotThere
from pulumi_tke_hybrid.verify.listener import Listener, of_ingress, of_service

FrontKind = Literal["Service", "Ingress"]

TKE_SERVICE_CONFIG = {
    "Service": "service.cloud.tencent.com/tke-service-config",
    "Ingress": "ingress.cloud.tencent.com/tke-service-config",
}
"""Annotation that names the listener settings, a TkeServiceConfig."""


@dataclass(frozen=True)
class Front:
    """What clients come through."""

    kind: FrontKind
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"

    @classmethod
    def parse(cls, kind: FrontKind, text: str) -> "Front":
        """`ns/name`, or `name` for the namespace default."""
        namespace, slash, name = text.partition("/")
        if not slash:
            namespace, name = "default", text
        if not namespace or not name or "/" in name:
            raise WrongUse(f"{text!r} is no {kind}; write it as namespace/name")
        return cls(kind, namespace, name)


@dataclass(frozen=True)
class Subnets:
    """The ENI subnets by zone, as the program made them."""

    by_zone: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    region: str = ""

    @classmethod
    def of(cls, facts: Mapping[str, object] | None, given: Iterable[str] = ()) -> "Subnets":
        """From a stack's `cluster_facts` and from `zone=range` pairs."""
        found: dict[str, list[str]] = {}
        region = str((facts or {}).get("region") or "")
        for zone in child(facts or {}, "zones"):
            found.setdefault(zone, []).extend(
                str(item.get("cidrBlock", "")) for item in children(facts or {}, "zones", zone)
            )
        for pair in given:
            zone, equals, block = pair.partition("=")
            if not equals:
                raise WrongUse(
                    f"{pair!r} is no subnet; write it as zone=range, for example ap-guangzhou-4=10.0.64.0/22"
                )
            found.setdefault(zone, []).append(block)
        for zone, blocks in found.items():
            for block in blocks:
                try:
                    ipaddress.ip_network(block)
                except ValueError:
                    raise WrongUse(
                        f"{block!r} of zone {zone} is no range; write it as 10.0.64.0/22"
                    ) from None
        return cls(found, region or next((zone.rpartition("-")[0] for zone in found if "-" in zone), ""))

    @property
    def ranges(self) -> list[Range]:
        """All of them."""
        return [
            Range(one.network, f"the ENI subnet {block} of {zone}", zone)
            for zone, blocks in self.by_zone.items()
            for block in blocks
            for one in ranges([(block, "")])
        ]


@dataclass(frozen=True)
class Snapshot:
    """The objects, as they were at one moment."""

    front: Front
    body: Json
    services: Sequence[Json] = ()
    """The Service itself, or those behind the Ingress."""
    pods: Sequence[Json] = ()
    nodes: Sequence[Json] = ()
    slices: Sequence[Json] = ()
    config: Json = field(default_factory=dict[str, object])
    """The TkeServiceConfig that is named, if any."""
    missing: Sequence[str] = ()
    """What could not be read, in words."""
    unreadable: Collection[str] = ()
    """The kinds of objects that could not be read."""

    @property
    def listeners(self) -> list[Listener]:
        """The listeners of the load balancer, as the Service or Ingress declares them."""
        return of_service(self.body) if self.front.kind == "Service" else of_ingress(self.body)


def look(kube: Kube, front: Front) -> Snapshot:
    """Read everything. Only the Service or Ingress itself must be readable; the rest is told as missing."""
    found = kube.get(front.kind, front.namespace, front.name)
    missing: list[str] = []
    unreadable: set[str] = set()

    def tolerant(
        kind: str, namespace: str | None = None, labels: Mapping[str, str] | None = None
    ) -> list[Json]:
        try:
            return kube.list(kind, namespace, labels)
        except NotAllowed as error:
            missing.append(str(error))
            unreadable.add(kind)
            return []

    services = [found] if front.kind == "Service" else _backends(kube, front, found, missing)
    pods: dict[str, Json] = {}
    slices: list[Json] = []
    for service in services:
        selector = {key: str(value) for key, value in child(service, "spec", "selector").items()}
        if selector:
            pods |= {name_of(pod): pod for pod in tolerant("Pod", front.namespace, selector)}
        slices += tolerant("EndpointSlice", front.namespace, {"kubernetes.io/service-name": name_of(service)})
    nodes = tolerant("Node")
    config_name = annotations_of(found).get(TKE_SERVICE_CONFIG[front.kind])
    config: Json = {}
    if config_name:
        try:
            config = kube.get("TkeServiceConfig", front.namespace, config_name)
        except CannotVerify as error:
            missing.append(str(error))
    return Snapshot(front, found, services, list(pods.values()), nodes, slices, config, missing, unreadable)


def _backends(kube: Kube, front: Front, ingress: Json, missing: list[str]) -> list[Json]:
    paths = [path for rule in children(ingress, "spec", "rules") for path in children(rule, "http", "paths")]
    references = [
        *(child(path, "backend", "service") for path in paths),
        child(ingress, "spec", "defaultBackend", "service"),
    ]
    found: list[Json] = []
    for name in dict.fromkeys(str(reference["name"]) for reference in references if reference.get("name")):
        try:
            found.append(kube.get("Service", front.namespace, name))
        except (NotThere, NotAllowed) as error:
            missing.append(str(error))
    return found


def super_nodes(snapshot: Snapshot) -> set[str]:
    """Return the names of the super nodes."""
    return {name_of(node) for node in snapshot.nodes if is_super_node(node)}


def zones_by_node(snapshot: Snapshot, subnets: Subnets) -> dict[str, str]:
    """The zone of each node."""
    return {name_of(node): zone_of_node(node, subnets.region) or UNPLACED for node in snapshot.nodes}


def roster(snapshot: Snapshot, subnets: Subnets) -> Roster:
    """The pods that may answer."""
    zones = zones_by_node(snapshot, subnets)
    found = [
        Pod(
            name=name_of(pod),
            zone=zones.get(node_of(pod), UNPLACED),
            node=node_of(pod),
            address=next(iter(pod_addresses(pod)), ""),
            also=pod_addresses(pod)[1:],
            ready=condition(pod, "Ready") == "True" and not being_deleted(pod) and bool(pod_addresses(pod)),
        )
        for pod in snapshot.pods
    ]
    return Roster(tuple(sorted(found, key=lambda pod: (pod.zone, pod.name))))


def load_balancer_addresses(snapshot: Snapshot) -> list[str]:
    """Addresses, or for newer public ones host names, of the load balancer; empty before it has any."""
    entries = children(snapshot.body, "status", "loadBalancer", "ingress")
    return [
        str(entry.get("ip") or entry.get("hostname"))
        for entry in entries
        if entry.get("ip") or entry.get("hostname")
    ]


def addresses(
    snapshot: Snapshot | None, subnets: Subnets, load_balancers: Iterable[str] = (), nodes: Iterable[str] = ()
) -> Addresses:
    """Whose address is whose. A node has more than its internal address: cbr0's, a tunnel's, perhaps a public
    one."""
    of_nodes = {address: f"a node ({address})" for address in nodes}
    pod_ranges: list[Range] = []
    for node in snapshot.nodes if snapshot else ():
        name = name_of(node)
        blocks = node_ranges(node)
        for block in blocks:
            of_nodes |= gateways(name, block)
        pod_ranges += ranges((block, f"the pod range of node {name}") for block in blocks)
        of_nodes |= {
            str(entry["address"]): f"node {name}"
            for entry in children(node, "status", "addresses")
            if entry.get("type") != "Hostname"
        }
    vips = load_balancer_addresses(snapshot) if snapshot else []
    return Addresses(
        nodes=of_nodes,
        pod_ranges=pod_ranges,
        eni_ranges=subnets.ranges,
        load_balancers=ranges((address, "the load balancer") for address in [*vips, *load_balancers]),
        pods=(
            {address: name_of(pod) for pod in snapshot.pods for address in pod_addresses(pod)}
            if snapshot
            else {}
        ),
    )
