"""Rules on the pods of a workload: network, ports, containers, stopping.

Rules on its addresses are in `address_capacity`, on load balancers in `load_balancers`, on annotations in
`annotation_checks`.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from pulumi_tke_hybrid.tke.rule import NO_EFFECT, Finding, fixed_rule

FIXED_IP = fixed_rule(
    "fixed-ip",
    "A kept address belongs to an ENI pod with a stable name; here that is a StatefulSet's.",
    "the workload",
    "457/34994",
)
ENI_ONLY = fixed_rule("eni-only", "Address settings of TKE are about ENI pods.", "the workload", "457/50355")


def kept_address_findings(*, stateful: bool, on_eni: bool) -> Iterator[Finding]:
    """Return what prevents `fixed_ip`."""
    if not stateful:
        yield FIXED_IP.finding(
            "fixed_ip",
            "needs kind='statefulset'",
            why="TKE keeps addresses by pod name, so only pods with stable names keep theirs; of a Deployment"
            " each new pod has a new name",
        )
    if not on_eni:
        yield FIXED_IP.finding("fixed_ip", "needs network='eni'", why="overlay addresses cannot be kept")


def eni_only_finding(path: str) -> Finding:
    """Refuse an address setting of a pod on the overlay."""
    return ENI_ONLY.finding(
        path, "needs network='eni'", why="the overlay knows no such setting", todo="leave it out"
    )


PORTS = fixed_rule(
    "ports",
    "A Service has each port with its protocol once, and each name of a port.",
    "the ports",
    "Kubernetes API",
)
TWO_PROTOCOLS = fixed_rule(
    "two-protocols-on-a-port", "TCP and UDP on one port need direct access.", "the ports", "457/51258"
)


@dataclass(frozen=True)
class Port:
    """A port of the Service. `number` is None while it is not known."""

    number: int | None
    protocol: str = "TCP"
    name: str | None = None
    """Name that the program gives."""
    service_name: str = ""
    """Name on the Service: the program's, or the default."""


def port_findings(ports: Sequence[Port], *, exposed: bool, direct: bool) -> Iterator[Finding]:
    """Compare the ports of a Service with each other. `exposed`: the Service has a load balancer."""
    seen: dict[int, set[str]] = {}
    for index, port in enumerate(ports):
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
        elif others and exposed and not direct:
            yield TWO_PROTOCOLS.finding(
                path,
                "has TCP and UDP",
                value=port.number,
                why="TKE offers both on one port only with direct access",
                todo="set direct=True, or use two ports",
            )
        others.add(transport)
    yield from _port_name_findings(ports)


def _port_name_findings(ports: Sequence[Port]) -> Iterator[Finding]:
    for index, port in enumerate(ports):
        others = [
            other
            for other in range(len(ports))
            if ports[other].service_name == port.service_name and other != index
        ]
        # Of two names that the program gives, the second one is refused; a default name is never refused.
        if port.name is not None and any(other < index or ports[other].name is None for other in others):
            yield PORTS.finding(
                f"ports[{index}].name",
                f"is the name of ports[{others[0]}]",
                value=repr(port.name),
                why="a Service has each name once",
                todo="give another one",
            )


HOST_NETWORK = fixed_rule(
    "host-network",
    "A pod on its node's network has no address of its own.",
    "the pod",
    "457/64886; Kubernetes: hostNetwork",
)
ENI_IP_BY_HAND = fixed_rule(
    "eni-ip-by-hand",
    "Only the first container requests an ENI address, and one address only.",
    "the containers",
    "article, webhook",
)
PROBE_PORT = fixed_rule(
    "probe-port",
    "A probe or a hook that names a port names a port of its container.",
    "the names of the container's ports",
    "Kubernetes API: a probe of an unknown port name fails",
)
HELM_RELEASE = fixed_rule(
    "helm-release",
    "A gateway's chart is a Chart, whose objects a transform reaches, and no Release.",
    "the type of the chart's resource",
    "Pulumi: the provider renders the objects of a kubernetes.helm.v3.Release",
)
STOP_TIME = fixed_rule(
    "stop-time",
    "A pod has time to stop after its preStop hook.",
    "the pod and the rollout",
    "Kubernetes: terminationGracePeriodSeconds includes the preStop hook",
)


HOST_NETWORK_FINDING = HOST_NETWORK.finding(
    "pod_spec.host_network",
    "shares the node's address",
    value=True,
    why="such a pod gets no ENI address and cannot stand behind a direct load balancer",
    todo="leave it out",
)


CHART_HOST_NETWORK_FINDING = HOST_NETWORK.finding(
    "hostNetwork",
    "shares the node's address, and gets no ENI address",
    todo="switch it off in the chart's values",
)


RELEASE_FINDING = HELM_RELEASE.finding(
    "opts.transforms",
    "does nothing in a helm.sh/v3 Release",
    why="Helm renders its objects inside the provider, where no transform reaches them; its pods would"
    " stay on the overlay",
    todo="use kubernetes.helm.v4.Chart, or give eni_pod_template() and direct_service_annotations() as"
    " values of the chart",
)


class EniByHand(Enum):
    """The requests for ENIs or their addresses that a program may not state."""

    SECOND_ADDRESS = (
        "requests an ENI address",
        "the component requests the address on the first container, so the pod would take two",
    )
    ON_OVERLAY = (
        "requests an ENI, and network is 'global_route'",
        "the pod would wait for an ENI address that its network does not use",
    )
    OTHER_MODE = (
        "requests an ENI of another mode",
        "the component requests an address of a shared ENI, and a pod has one network",
    )


def eni_by_hand_finding(path: str, request: EniByHand) -> Finding:
    """Refuse a request for an ENI or its address."""
    what, why = request.value
    todo = "leave it out" + (", or set network='eni'" if request is EniByHand.ON_OVERLAY else "")
    return ENI_IP_BY_HAND.finding(path, what, why=why, todo=todo)


def unmounted_finding(path: str) -> Finding:
    """Warn of volumes of a container that has no mounts."""
    return NO_EFFECT.finding(
        path,
        "has no effect beside image",
        why="the container of `image` mounts no volume, so data stays in the container and is lost with it",
        todo="use containers, with volume_mounts",
    )


def address_amount_findings(path: str, amount: object) -> Iterator[Finding]:
    """Compare the number of ENI addresses that the first container requests with 1; None is not known yet."""
    if amount is not None and str(amount) != "1":
        yield ENI_IP_BY_HAND.finding(
            path,
            "is another number than 1",
            value=amount,
            why="a pod has one ENI address, and the component requests the address",
            todo="leave it out",
        )


def probe_port_finding(path: str, port: str, names: Collection[str]) -> Finding:
    """Refuse a probe or a hook whose port is none of the container's port `names`."""
    ports = f"its ports are named {', '.join(sorted(names))}" if names else "none of its ports has a name"
    return PROBE_PORT.finding(
        path,
        "is no port of this container",
        value=repr(port),
        why=f"{ports}; the check would always fail, and no pod would get ready",
        todo="name the port, at most 15 characters, or give its number",
    )


def stop_time_findings(
    path: str, grace: int, pre_stop: int, pre_stop_path: str, enough: str
) -> Iterator[Finding]:
    """Compare the seconds until a pod is killed (`grace`, at `path`) with the seconds of its preStop hook."""
    if grace <= pre_stop:
        yield STOP_TIME.finding(
            path,
            f"{grace} s leaves the application no time after {pre_stop} s of {pre_stop_path}, it would be"
            " killed",
            todo=f"use {enough}",
        )


VOLUME_CLAIMS = fixed_rule(
    "volume-claims", "A volume for each pod belongs to a StatefulSet.", "the workload", "Kubernetes API"
)


VOLUME_CLAIMS_FINDING = VOLUME_CLAIMS.finding(
    "volume_claims",
    "needs kind='statefulset'",
    why="a Deployment's pods share their volumes",
    todo="use volumes",
)
STATEFUL_SURGE_FINDING = NO_EFFECT.finding(
    "rollout.max_surge",
    "has no effect on a StatefulSet",
    why="a pod of a StatefulSet goes before it comes again, so none comes beyond replicas",
    todo="leave it out",
)


def label_findings(selector: Mapping[str, str | None], labels: Mapping[str, str | None]) -> Iterator[Finding]:
    """Warn of labels that the selector overrides. A value is None while it is not known."""
    for key, value in selector.items():
        other = labels.get(key)
        if value is not None and other is not None and value != other:
            yield NO_EFFECT.finding(
                f"labels[{key!r}]",
                f"has no effect beside selector[{key!r}], which is {value!r}",
                value=repr(other),
                why="the objects and their pods get the selector's",
                todo="leave it out of labels",
            )
