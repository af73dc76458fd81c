"""What TKE allows of a workload: which settings go together, and what its cluster must have for it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pulumi_tke_hybrid.tke import names
from pulumi_tke_hybrid.tke.capacity import Room
from pulumi_tke_hybrid.tke.cluster_facts import ClusterFacts
from pulumi_tke_hybrid.tke.rule import Finding, Rule, Severity
from pulumi_tke_hybrid.tke.rules.inputs import NO_EFFECT, not_stated
from pulumi_tke_hybrid.tke.rules.load_balancers import listener_findings

BACKEND_QUOTA = 100
"""Backends of one rule or listener; 200 in some regions, more by ticket (457/41897)."""

FIXED_IP = Rule(
    "fixed-ip",
    Severity.ERROR,
    "A kept address belongs to an ENI pod with a stable name; here that is a StatefulSet's.",
    "the workload",
    "457/34994",
    fixed_severity=True,
)
ENI_ONLY = Rule(
    "eni-only",
    Severity.ERROR,
    "Address settings of TKE are about ENI pods.",
    "the workload",
    "457/50355",
    fixed_severity=True,
)
LOCAL_TRAFFIC = Rule(
    "local-traffic",
    Severity.ERROR,
    "`externalTrafficPolicy: Local` is about node ports in front of GlobalRouter pods.",
    "the workload",
    "457/38426",
    fixed_severity=True,
)
PORTS = Rule(
    "ports",
    Severity.ERROR,
    "A Service has each port with its protocol once, and each name of a port.",
    "the ports",
    "Kubernetes API",
    fixed_severity=True,
)
TWO_PROTOCOLS = Rule(
    "two-protocols-on-a-port",
    Severity.ERROR,
    "TCP and UDP on one port need direct access.",
    "the ports",
    "457/51258",
    fixed_severity=True,
)
NO_LOAD_BALANCER = Rule(
    "no-load-balancer",
    Severity.ERROR,
    "Settings of a load balancer need one.",
    "the exposure",
    "follows from the API",
    fixed_severity=True,
)
SHARED_LOAD_BALANCER = Rule(
    "shared-load-balancer",
    Severity.ERROR,
    "A Service and an Ingress cannot share a load balancer.",
    "both ids",
    "457/45490",
    fixed_severity=True,
)
HOST_NETWORK = Rule(
    "host-network",
    Severity.ERROR,
    "A pod on its node's network has no address of its own.",
    "the pod",
    "457/64886; Kubernetes: hostNetwork",
    fixed_severity=True,
)
ENI_IP_BY_HAND = Rule(
    "eni-ip-by-hand",
    Severity.ERROR,
    "Only the first container asks for an ENI address, and for one.",
    "the containers",
    "article, webhook",
    fixed_severity=True,
)
VOLUME_CLAIMS = Rule(
    "volume-claims",
    Severity.ERROR,
    "A volume for each pod belongs to a StatefulSet.",
    "the workload",
    "Kubernetes API",
    fixed_severity=True,
)
ZONE_PINNING = Rule(
    "zone-pinning",
    Severity.WARNING,
    "A pod with a kept address can only run in the zone of its first start.",
    "the zones",
    "457/34994",
)
BACKENDS = Rule(
    "backend-quota", Severity.WARNING, "A listener takes 100 backends.", "replicas and surge", "457/41897"
)
ADDRESSES = Rule(
    "addresses",
    Severity.ERROR,
    "Every pod on ENI needs an address, also those that a rollout adds.",
    "the subnets' ranges, the nodes and their types",
    "arithmetic",
)
NO_SURGE = Rule(
    "no-address-to-roll",
    Severity.WARNING,
    "A rollout without loss needs an address more.",
    "the subnets' ranges",
    "arithmetic",
)
BALANCER_IN_ENI_SUBNET = Rule(
    "load-balancer-in-eni-subnet",
    Severity.ERROR,
    "Container subnets are for pods alone.",
    "the container subnets",
    "457/38970",
)
STATIC_IP_OFF = Rule(
    "static-ip-off",
    Severity.ERROR,
    "Only a cluster with static IPs keeps addresses.",
    "the cluster's facts",
    "457/34994",
    fixed_severity=True,
)


@dataclass(frozen=True)
class Port:
    """One port; the number is None while it is not known."""

    number: int | None
    protocol: str = "TCP"
    name: str | None = None
    """As the user gave it."""
    called: str = ""
    """Its name, given or not."""


@dataclass(frozen=True)
class Workload:
    """What a program says about a workload, as far as it is known before anything runs."""

    stateful: bool = False
    on_eni: bool = True
    direct: bool = True
    local: bool = False
    fixed_ip: bool = False
    name: str | None = None
    """None while it is not known, or the component's own."""
    address_settings: Collection[str] = ()
    """The properties given that only ENI pods have."""
    service: str = "none"
    """Kind of the Service's exposure."""
    ingress: str = "none"
    service_balancer: str | None = None
    ingress_balancer: str | None = None
    balancer_settings: Collection[str] = ()
    """The properties given that are about the Service's load balancer."""
    ports: Sequence[Port] = ()
    host_network: bool = False
    asking: Sequence[str] = field(default=())
    """Containers, by property path, that ask for an ENI address by hand though they are not the first."""
    amounts: Mapping[str, object] = field(default_factory=dict[str, object])
    """How many ENI addresses the first container asks for by hand, by property path, as far as it is
    known."""
    volume_claims: bool = False
    surge: bool = False
    """Whether it says how many pods a rollout may add."""
    selector: Mapping[str, str | None] = field(default_factory=dict[str, "str | None"])
    labels: Mapping[str, str | None] = field(default_factory=dict[str, "str | None"])
    """Both by key; None while the value is not known."""


def combination_findings(found: Workload) -> Iterator[Finding]:
    """What may not be combined."""
    yield from _address_findings(found)
    yield from _local_findings(found)
    yield from _port_findings(found)
    yield from _port_name_findings(found.ports)
    if found.name is not None:
        yield from names.workload_name_findings(found.name, stateful=found.stateful)
    if found.service == "none":
        for path in found.balancer_settings:
            yield NO_LOAD_BALANCER.finding(
                path,
                "is about the Service's load balancer, and exposure 'none' has none",
                todo="leave it out, or choose an exposure",
            )
    if found.service != "none":
        yield from listener_findings("ports", len(found.ports), "the load balancer of the Service")
    if found.service_balancer is not None and found.service_balancer == found.ingress_balancer:
        yield SHARED_LOAD_BALANCER.finding(
            "ingress.exposure.load_balancer_id",
            "is the Service's",
            value=found.service_balancer,
            why="TKE refuses to share a load balancer between a Service and an Ingress",
            todo="give the Ingress another one",
        )
    if found.host_network:
        yield HOST_NETWORK.finding(
            "pod_spec.host_network",
            "shares the node's address",
            value=True,
            why="such a pod gets no ENI address and cannot stand behind a direct load balancer",
            todo="leave it out",
        )
    for path in found.asking:
        yield ENI_IP_BY_HAND.finding(
            path,
            "asks for an ENI address",
            why="the component asks on the first container, so the pod would take two",
            todo="leave it out",
        )
    for path, amount in found.amounts.items():
        if amount is not None and str(amount) != "1":
            yield ENI_IP_BY_HAND.finding(
                path,
                "is another number than 1",
                value=amount,
                why="a pod has one ENI address, and the component asks for it",
                todo="leave it out",
            )
    if found.surge and found.stateful:
        yield NO_EFFECT.finding(
            "rollout.max_surge",
            "has no effect on a StatefulSet",
            why="a pod of a StatefulSet goes before it comes again, so none comes beyond replicas",
            todo="leave it out",
        )
    for key, value in found.selector.items():
        other = found.labels.get(key)
        if value is not None and other is not None and value != other:
            yield NO_EFFECT.finding(
                f"labels[{key!r}]",
                f"has no effect beside selector[{key!r}], which is {value!r}",
                value=repr(other),
                why="the objects and their pods get the selector's",
                todo="leave it out of labels",
            )
    if found.volume_claims and not found.stateful:
        yield VOLUME_CLAIMS.finding(
            "volume_claims",
            "needs kind='statefulset'",
            why="a Deployment's pods share their volumes",
            todo="use volumes",
        )


def _address_findings(found: Workload) -> Iterator[Finding]:
    if found.fixed_ip and not found.stateful:
        yield FIXED_IP.finding(
            "fixed_ip",
            "needs kind='statefulset'",
            why=(
                "TKE keeps addresses by pod name, so only pods with stable names keep theirs; of a Deployment"
                " each new pod has a new name"
            ),
        )
    if found.on_eni:
        return
    if found.fixed_ip:
        yield FIXED_IP.finding("fixed_ip", "needs network='eni'", why="overlay addresses cannot be kept")
    for path in found.address_settings:
        yield ENI_ONLY.finding(
            path, "needs network='eni'", why="the overlay knows no such setting", todo="leave it out"
        )


def _local_findings(found: Workload) -> Iterator[Finding]:
    if not found.local:
        return
    path = "external_traffic_policy"
    if found.service == "none":
        yield LOCAL_TRAFFIC.finding(
            path, "'local' is about a load balancer, and exposure 'none' has none", todo="leave it out"
        )
    elif found.direct:
        yield LOCAL_TRAFFIC.finding(
            path,
            "'local' has no effect with direct access",
            why="the load balancer sends to the pods, not to node ports, and pods see their client already",
            todo="leave it out, or say direct=False",
        )
    elif found.on_eni:
        yield LOCAL_TRAFFIC.finding(
            path,
            "'local' is the way for GlobalRouter pods",
            why="ENI pods see their client with direct access, evenly loaded and without a gap at rollouts",
            todo="say direct=True, or leave it out",
        )


def _port_findings(found: Workload) -> Iterator[Finding]:
    seen: dict[int, set[str]] = {}
    for index, port in enumerate(found.ports):
        if port.number is None:
            continue
        transport = "UDP" if port.protocol == "UDP" else "TCP"
        others = seen.setdefault(port.number, set())
        path = f"ports[{index}].port"
        if transport in others:
            yield PORTS.finding(
                path,
                "is listed twice",
                value=f"{port.number}/{transport}",
                why="a Service has each port once",
            )
        elif others and found.service != "none" and not found.direct:
            yield TWO_PROTOCOLS.finding(
                path,
                "has TCP and UDP",
                value=port.number,
                why="TKE offers both on one port only with direct access",
                todo="say direct=True, or use two ports",
            )
        others.add(transport)


def _port_name_findings(ports: Sequence[Port]) -> Iterator[Finding]:
    for index, port in enumerate(ports):
        others = [
            other for other in range(len(ports)) if ports[other].called == port.called and other != index
        ]
        # Of two that the user gave, the second one is wrong; one that is ours was not theirs to see.
        if port.name is not None and any(other < index or ports[other].name is None for other in others):
            yield PORTS.finding(
                f"ports[{index}].name",
                f"is the name of ports[{others[0]}]",
                value=repr(port.name),
                why="a Service has each name once",
                todo="give another one",
            )


def capacity_findings(
    replicas: int, surge: int, room: Room | None, exposed: bool, rolling: bool
) -> Iterator[Finding]:
    """Whether there are addresses for the pods, and backends for the load balancer.

    `surge` is what a rollout may add; `room` None where addresses do not matter; `rolling`: a pod comes
    before one goes.
    """
    added = min(surge, replicas)  # a rollout never has more new pods than replicas
    if room is not None:
        yield from _address_shortage(replicas, surge, replicas + added, room, rolling)
    if exposed and replicas + added > BACKEND_QUOTA:
        yield BACKENDS.finding(
            "replicas",
            f"and {added} more during a rollout are over {BACKEND_QUOTA} backends",
            value=replicas,
            why=(
                "that is what a listener takes in most regions; pods beyond it are never bound and never"
                " become ready"
            ),
            todo="have the quota raised by a ticket",
        )


def _address_shortage(replicas: int, surge: int, most: int, room: Room, rolling: bool) -> Iterator[Finding]:
    """The surge by default is one that fits, so one that does not is the program's own."""
    has = (
        f"the nodes of the container subnets take {room.pods}"
        if room.by_nodes
        else f"the container subnets have {room.pods}"
    )
    more = "add nodes" if room.by_nodes else "add a container subnet"
    if replicas > room.pods:
        yield ADDRESSES.finding(
            "replicas",
            f"pods need as many ENI addresses, and {has}",
            value=replicas,
            todo=f"{more}, or use fewer replicas",
        )
    elif rolling and most > room.pods:
        yield ADDRESSES.finding(
            "rollout.max_surge",
            f"lets a rollout with replicas={replicas} take {most} ENI addresses, and {has}",
            value=surge,
            why=(
                "the others stay Pending until old pods have gone, and where none can go the rollout stands"
                " still"
            ),
            todo=f"use at most {room.pods - replicas}, leave it out for as many as fit, or {more}",
        )
    elif rolling and replicas and replicas == room.pods:
        yield NO_SURGE.finding(
            "replicas",
            f"pods take all {room.pods} addresses "
            + ("that the nodes take" if room.by_nodes else "of the container subnets"),
            value=replicas,
            why="a rollout has to stop a pod before it can start the next one",
            todo=more,
        )
    elif room.unknown and most > room.surely:
        yield not_stated(room.unknown, f"{ADDRESSES.id} for more than {room.surely} pods")


def fact_findings(
    facts: ClusterFacts, fixed_ip: bool, balancer_subnets: Mapping[str, str | None]
) -> Iterator[Finding]:
    """What the cluster's facts say against a workload. `balancer_subnets`: internal load balancers' subnets
    by property path."""
    if fixed_ip and facts.static_ip is False:
        yield STATIC_IP_OFF.finding(
            "fixed_ip",
            "needs a cluster with static IPs, and this one has none",
            why="its mode is fixed for ever",
            todo="leave it out",
        )
    if fixed_ip and len(facts.zones) != 1:  # several, or not known
        zones = f" ({', '.join(sorted(facts.zones))})" if facts.zones else ""
        yield ZONE_PINNING.finding(
            "fixed_ip",
            f"keeps each pod in the zone of its first start{zones}",
            why="an address never leaves its subnet, so a pod of a lost zone stays Pending",
            todo="do without kept addresses where pods must survive the loss of a zone",
        )
    for path, subnet in balancer_subnets.items():
        if subnet is not None and any(subnet == item.subnet_id for item in facts.subnets):
            yield BALANCER_IN_ENI_SUBNET.finding(
                path,
                "is a container subnet",
                value=subnet,
                why=(
                    "the load balancer would take an address from the pods, and keep the subnet from being"
                    " removed"
                ),
                todo="use a subnet of its own, or say allow_eni_subnet=True",
            )
