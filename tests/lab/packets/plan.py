"""The wanted state of the packet network, derived from the API server's objects and the World of the
stand-in cloud."""

import dataclasses
import ipaddress
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from tests.lab.controllers.kube import (
    Json,
    being_deleted,
    child,
    children,
    condition,
    containers_of,
    host_network,
    labels_of,
    name_of,
    namespace_of,
    node_of,
    pod_ip,
    selects,
    spec_of,
    status_of,
    uid_of,
)
from tests.lab.controllers.load_balancer import target_port
from tests.lab.controllers.security_groups import GroupRule, eni_rules
from tests.lab.world import Cluster, LoadBalancer, World

MAX_PODS = 60
MAX_PORTS = 16
LAYER_SEVEN = ("HTTP", "HTTPS")
Backend = tuple[str, int]


@dataclass(frozen=True)
class Modes:
    """The behaviour of the load balancers."""

    keep_alive: bool = False
    """L7: keep connections to the backends, with its own address; else a short one each, with the client's
    address."""
    snat: bool = False
    """Put its own address in place of the client's everywhere."""
    sticky: bool = False
    """One client always gets the same backend."""
    proxy_protocol: bool = False
    """L4: send the client's address in a PROXY header (version 2), over a connection of the load balancer."""


@dataclass(frozen=True)
class Node:
    name: str
    address: str
    pod_range: str

    @property
    def gateway(self) -> str:
        """The address of cbr0."""
        return str(ipaddress.IPv4Network(self.pod_range).network_address + 1)


@dataclass(frozen=True)
class Pod:
    uid: str
    namespace: str
    name: str
    address: str
    node: Node
    ports: tuple[tuple[str, int], ...]
    """Protocol and number."""

    @property
    def overlay(self) -> bool:
        return ipaddress.IPv4Address(self.address) in ipaddress.IPv4Network(self.node.pod_range)


@dataclass(frozen=True)
class NodePort:
    protocol: str
    port: int
    local: bool
    sticky: bool
    backends: tuple[Backend, ...]


@dataclass(frozen=True)
class Rule:
    host: str
    path: str
    backends: tuple[Backend, ...]


@dataclass(frozen=True)
class Listener:
    vip: str
    protocol: str
    port: int
    rules: tuple[Rule, ...]
    """Below L7 a listener has one rule, for all hosts and paths."""

    @property
    def layer_seven(self) -> bool:
        return self.protocol in LAYER_SEVEN


@dataclass(frozen=True)
class Client:
    address: str
    behind: str = ""
    """The address of the NAT in front of the client."""


@dataclass(frozen=True)
class Plan:
    cidrs: tuple[str, ...]
    nodes: tuple[Node, ...]
    pods: tuple[Pod, ...]
    node_ports: tuple[NodePort, ...]
    vips: tuple[str, ...]
    listeners: tuple[Listener, ...]
    clients: tuple[Client, ...]
    modes: Modes
    left_out: tuple[str, ...]
    """Pods beyond the bound, and nodes and pods with a taken address."""
    missed: frozenset[str] = frozenset()
    """Addresses of pods that have ended, which the load balancers' health checks have not noticed yet."""
    eni_rules: tuple[GroupRule, ...] | None = None
    """The rules of the ENIs' security groups; None without groups."""

    @property
    def router(self) -> str:
        """The VPC's router has the first address, which the cloud never gives away."""
        return str(ipaddress.IPv4Network(self.cidrs[0]).network_address + 1)

    def inside(self, address: str) -> bool:
        """Whether an address belongs to the VPC."""
        return any(ipaddress.IPv4Address(address) in ipaddress.IPv4Network(cidr) for cidr in self.cidrs)

    def without(self, nodes: Collection[str], pods: Collection[str]) -> "Plan":
        """The same without these nodes and pods (uids): nothing is sent to them."""
        return dataclasses.replace(
            self,
            nodes=tuple(node for node in self.nodes if node.name not in nodes),
            pods=tuple(pod for pod in self.pods if pod.uid not in pods),
        )

    def local_backends(self, node: Node, port: NodePort) -> list[Backend]:
        """Where a node sends what comes to its node port."""
        there = {pod.address: pod.node.name for pod in self.pods}
        return [
            entry
            for entry in port.backends
            if entry[0] in there and (not port.local or there[entry[0]] == node.name)
        ]

    def healthy(self, protocol: str, backends: Iterable[Backend]) -> list[Backend]:
        """Those that the load balancer's health check takes for healthy."""
        pods = {pod.address for pod in self.pods} | self.missed
        nodes = {node.address: node for node in self.nodes}
        ports = {(entry.protocol, entry.port): entry for entry in self.node_ports}
        transport = "UDP" if protocol == "UDP" else "TCP"

        def answers(backend: Backend) -> bool:
            address, number = backend
            port = ports.get((transport, number))
            return address in pods or (
                address in nodes and port is not None and bool(self.local_backends(nodes[address], port))
            )

        return [backend for backend in backends if answers(backend)]


def observe(
    world: World,
    cluster: Cluster,
    nodes: Iterable[Json],
    pods: Iterable[Json],
    services: Iterable[Json],
    clients: Iterable[Client],
    modes: Modes,
    missed: frozenset[str] = frozenset(),
) -> Plan:
    """The whole state, each time anew."""
    pods, services = list(pods), list(services)
    balancers = [entry for entry in world.load_balancers.values() if entry.cluster_id == cluster.cluster_id]
    vpc = world.vpcs[cluster.vpc_id]
    taken = {entry.vip: "a load balancer" for entry in balancers}
    for client in clients:
        taken[client.behind or client.address] = "a client"
    left_out: list[str] = []
    known = _nodes(nodes, taken, left_out)
    running = _pods(pods, services, {node.name: node for node in known}, taken, left_out)
    return Plan(
        cidrs=(vpc.cidr_block, *vpc.assistant_cidrs),
        nodes=tuple(known),
        pods=tuple(running),
        node_ports=tuple(_node_ports(services, pods)),
        vips=tuple(sorted(entry.vip for entry in balancers)),
        listeners=tuple(
            sorted(_listeners(balancers), key=lambda entry: (entry.vip, entry.port, entry.protocol))
        ),
        clients=tuple(clients),
        modes=modes,
        left_out=tuple(left_out),
        missed=missed - {pod.address for pod in running},
        eni_rules=eni_rules(world, cluster),
    )


def _nodes(nodes: Iterable[Json], taken: dict[str, str], left_out: list[str]) -> list[Node]:
    found: list[Node] = []
    for node in sorted(nodes, key=name_of):
        addresses = [
            entry["address"]
            for entry in children(status_of(node), "addresses")
            if entry.get("type") == "InternalIP"
        ]
        pod_range = str(spec_of(node).get("podCIDR") or "")
        if not addresses or not pod_range:
            continue
        if addresses[0] in taken:
            left_out.append(f"node {name_of(node)}: {addresses[0]} belongs to {taken[addresses[0]]}")
            continue
        taken[addresses[0]] = f"node {name_of(node)}"
        found.append(Node(name_of(node), str(addresses[0]), pod_range))
    return found


def _pods(
    pods: list[Json], services: list[Json], nodes: dict[str, Node], taken: dict[str, str], left_out: list[str]
) -> list[Pod]:
    # Those on their way out last, and the system's own behind everybody's: they are the first beyond the
    # bound.
    order = sorted(
        pods,
        key=lambda pod: (
            being_deleted(pod),
            namespace_of(pod) == "kube-system",
            namespace_of(pod),
            name_of(pod),
        ),
    )
    found: list[Pod] = []
    for pod in order:
        address, node = pod_ip(pod), nodes.get(node_of(pod))
        if status_of(pod).get("phase") != "Running" or not address or node is None or host_network(pod):
            continue
        title = f"{namespace_of(pod)}/{name_of(pod)}"
        if address in taken:
            left_out.append(f"pod {title}: {address} belongs to {taken[address]}")
        elif len(found) == MAX_PODS:
            left_out.append(f"pod {title}: more than {MAX_PODS} pods")
        else:
            taken[address] = f"pod {title}"
            found.append(
                Pod(uid_of(pod), namespace_of(pod), name_of(pod), address, node, _ports(pod, services))
            )
    return sorted(found, key=lambda pod: pod.uid)


def _selecting(pod: Json, services: Iterable[Json]) -> list[Json]:
    return [
        service
        for service in services
        if namespace_of(service) == namespace_of(pod)
        and selects(child(spec_of(service), "selector"), labels_of(pod))
    ]


def _ports(pod: Json, services: Iterable[Json]) -> tuple[tuple[str, int], ...]:
    """The declared ports of the containers, and the target ports of Services."""
    found = {
        (str(port.get("protocol") or "TCP"), int(port["containerPort"]))
        for item in containers_of(pod)
        for port in children(item, "ports")
    }
    for service in _selecting(pod, services):
        for port in children(spec_of(service), "ports"):
            number = target_port(pod, port)
            if number is not None:
                found.add((str(port.get("protocol") or "TCP"), number))
    return tuple(sorted(entry for entry in found if entry[0] in ("TCP", "UDP"))[:MAX_PORTS])


def _node_ports(services: Iterable[Json], pods: list[Json]) -> list[NodePort]:
    found: list[NodePort] = []
    ready = [
        pod
        for pod in pods
        if pod_ip(pod) and condition(pod, "Ready") and not being_deleted(pod) and not host_network(pod)
    ]
    for service in services:
        spec = spec_of(service)
        selected = [
            pod
            for pod in ready
            if namespace_of(pod) == namespace_of(service) and selects(child(spec, "selector"), labels_of(pod))
        ]
        for port in children(spec, "ports"):
            if port.get("nodePort"):
                targets = [(pod_ip(pod), target_port(pod, port)) for pod in selected]
                found.append(
                    NodePort(
                        protocol=str(port.get("protocol") or "TCP"),
                        port=int(port["nodePort"]),
                        local=spec.get("externalTrafficPolicy") == "Local",
                        sticky=spec.get("sessionAffinity") == "ClientIP",
                        backends=tuple(
                            sorted((address, number) for address, number in targets if number is not None)
                        ),
                    )
                )
    return sorted(found, key=lambda entry: (entry.port, entry.protocol))


def _listeners(balancers: Iterable[LoadBalancer]) -> Iterable[Listener]:
    for balancer in balancers:
        for listener in balancer.listeners:
            rules = [Rule(rule.host, rule.path, tuple(rule.backends)) for rule in listener.rules]
            yield Listener(
                vip=balancer.vip,
                protocol=listener.protocol,
                port=listener.port,
                rules=tuple(rules) or (Rule("", "/", tuple(listener.backends)),),
            )
