"""The ports of a workload: `PortArgs`, the listeners of the load balancer, and both as Kubernetes and TKE
read them."""

import re
from collections.abc import Iterator, Sequence
from enum import Enum
from typing import Any, Literal, Optional, Union, cast

import pulumi
import pulumi_kubernetes as kubernetes

from pulumi_tke_hybrid.component.args import Args, args_class
from pulumi_tke_hybrid.component.inputs import Input, in_range, is_pending, value_if_known
from pulumi_tke_hybrid.tke import names
from pulumi_tke_hybrid.tke.rule import EMPTY, Finding
from pulumi_tke_hybrid.tke.rules.load_balancer_rules import CERTIFICATE_FINDING, health_check_findings
from pulumi_tke_hybrid.tke.rules.pod_rules import Port, port_findings

_PROTOCOLS = ("TCP", "UDP", "TCP_SSL")
_CONTAINER_PORT_NAME = re.compile(r"(?=.{1,15}$)(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*")


def container_port_name(name: str | None) -> str | None:
    """Return the name if a container's port can have the name (at most 15 characters, one of them a letter),
    else None."""
    return name if name is not None and _CONTAINER_PORT_NAME.fullmatch(name) else None


class ExternalTrafficPolicy(str, Enum):
    """Which nodes pass a load balancer's traffic on to pods, where the load balancer does not send to
    pods."""

    CLUSTER = "cluster"
    """All nodes; pods see a node's address."""
    LOCAL = "local"
    """The nodes that hold a pod; pods see the client. Load is as uneven as pods are spread, and rollouts
    leave short gaps (457/38426)."""


class ClientIpFrom(str, Enum):
    """Where an application reads its client's address."""

    PEER = "peer"
    """The TCP connection's other end: load balancers pass layer-4 packets on as the client sent them
    (214/3728)."""
    HEADER = "x-forwarded-for"
    """The HTTP header that the load balancer writes. On layer 7 the load balancer makes connections of its
    own and uses them for several clients, so the other end may be the load balancer (214/3728)."""
    NOWHERE = "none"
    """Nowhere: the connection comes from a node."""


class Scheduler(str, Enum):
    """Which backend gets the next connection."""

    WEIGHTED_ROUND_ROBIN = "WRR"
    LEAST_CONNECTIONS = "LEAST_CONN"


def port_problem(value: int) -> str | None:
    """Return the error of a port number, or None."""
    return None if 1 <= value <= 65535 else f"{value} is not a port; use 1 to 65535"


def _protocol_problem(value: str) -> str | None:
    if value in _PROTOCOLS:
        return None
    return f"{value!r} is not a protocol of a Service; use 'TCP', 'UDP' or 'TCP_SSL'"


_OF_TKE = ", the range TKE accepts"
_CHECKS_IN_A_ROW = in_range(2, 10, note=_OF_TKE)


@args_class(
    interval=in_range(5, 300, " s", _OF_TKE),
    timeout=in_range(2, 60, " s", _OF_TKE),
    healthy=_CHECKS_IN_A_ROW,
    unhealthy=_CHECKS_IN_A_ROW,
)
class HealthCheckArgs(Args):
    """How the load balancer checks a pod. With direct access, a pod is ready only after this check has
    passed."""

    enabled: Optional[Input[bool]] = None
    """Default: true. Without it every bound pod counts as healthy. Updated in place."""

    interval: Optional[Input[int]] = None
    """Seconds between two checks, 5 to 300. Default: TKE's, 5. Updated in place."""

    timeout: Optional[Input[int]] = None
    """Seconds until a check fails, 2 to 60 and below `interval`. Default: TKE's, 2. Updated in place."""

    healthy: Optional[Input[int]] = None
    """Checks in a row that must pass, 2 to 10. Default: TKE's, 3. Updated in place."""

    unhealthy: Optional[Input[int]] = None
    """Checks in a row that must fail, 2 to 10. Default: TKE's, 3. Updated in place."""

    def problems(self) -> Iterator[Finding]:
        yield from health_check_findings(value_if_known(self.timeout), value_if_known(self.interval))

    def as_config(self) -> dict[str, Any]:
        """Return the health check of a listener in a `TkeServiceConfig`."""
        found = {
            "enable": True if self.enabled is None else self.enabled,
            "intervalTime": self.interval,
            "timeout": self.timeout,
            "healthNum": self.healthy,
            "unHealthNum": self.unhealthy,
        }
        return {name: value for name, value in found.items() if value is not None}


@args_class(session_seconds=in_range(30, 3600, " s", _OF_TKE))
class ListenerArgs(Args):
    """How the Service's load balancer listens: TKE's `TkeServiceConfig`. Updated in place."""

    session_seconds: Optional[Input[int]] = None
    """Connections of one client go to the same pod for this long, 30 to 3600 seconds. Default: no affinity.
    Updated in place."""

    scheduler: Optional[Input[Union[Scheduler, Literal["WRR", "LEAST_CONN"]]]] = None
    """`WRR` or `LEAST_CONN`. Default: TKE's, `WRR`. Updated in place."""

    health_check: Optional[HealthCheckArgs] = None
    """The load balancer's own check. Default: TKE's. Updated in place."""

    def problems(self) -> Iterator[Finding]:
        if self.session_seconds is None and self.scheduler is None and self.health_check is None:
            todo = "set session_seconds, scheduler or health_check, or leave it out"
            yield EMPTY.finding("", "has no setting", todo=todo)

    def as_config(self) -> dict[str, Any]:
        """Return the settings of a listener in a `TkeServiceConfig`."""
        found: dict[str, Any] = {}
        if self.session_seconds is not None:
            found["session"] = {"enable": True, "sessionExpireTime": self.session_seconds}
        if self.health_check is not None:
            found["healthCheck"] = self.health_check.as_config()
        if self.scheduler is not None:
            found["scheduler"] = self.scheduler
        return found


@args_class(
    port=port_problem,
    target_port=port_problem,
    protocol=_protocol_problem,
    name=names.dns_label_problem,
    certificate_id=names.certificate_problem,
)
class PortArgs(Args):
    """One port of the workload."""

    port: Input[int]
    """Port of the Service, 1 to 65535. Updated in place."""

    target_port: Optional[Input[int]] = None
    """Port of the container. Default: the same. Updated in place; with `image` it rolls the pods."""

    protocol: Optional[str] = None
    """`TCP`, `UDP` or `TCP_SSL` (the load balancer ends TLS and sends TCP to the pods). Default: `TCP`.
    Updated in place; with `image`, from or to UDP, it rolls the pods."""

    certificate_id: Optional[Input[str]] = None
    """Tencent's id of the certificate of a `TCP_SSL` port. Default: none. Updated in place."""

    listener: Optional[ListenerArgs] = None
    """How the load balancer listens on this port. Default: the workload's `listener`. Updated in place."""

    name: Optional[str] = None
    """Name of the port, another one for each; with `image` the container's port has the same name for probes,
    up to 15 characters. Default: `port-` and the place in the list, on the Service alone. A change rolls the
    pods."""

    def problems(self) -> Iterator[Finding]:
        if (self.certificate_id is not None) != (self.protocol == "TCP_SSL"):
            yield CERTIFICATE_FINDING

    def service_name(self, index: int) -> str:
        """Return the port's name on the Service; `index` is the port's place in the list."""
        return self.name or f"port-{index}"

    @property
    def container_port(self) -> Input[int]:
        """The port that the container listens on."""
        return self.port if self.target_port is None else self.target_port

    @property
    def transport(self) -> str:
        """The protocol as Kubernetes names it."""
        return "UDP" if self.protocol == "UDP" else "TCP"


def ports_findings(ports: Sequence[PortArgs], *, exposed: bool, direct: bool) -> Iterator[Finding]:
    """Compare the ports of a workload with each other."""
    described = [
        Port(value_if_known(port.port), port.protocol or "TCP", port.name, port.service_name(index))
        for index, port in enumerate(ports)
    ]
    yield from port_findings(described, exposed=exposed, direct=direct)


def container_ports(ports: Sequence[PortArgs]) -> "Input[list[kubernetes.core.v1.ContainerPortArgs]]":
    """Return the ports of the container. Two ports of the Service that send to one container port become one
    port, which with several ports may be known only when all are."""
    given = [port.container_port for port in ports]
    if len(ports) > 1 and any(map(is_pending, given)):
        return pulumi.Output.all(*given).apply(lambda numbers: _container_ports(ports, numbers))
    return _container_ports(ports, given)


def _container_ports(
    ports: Sequence[PortArgs], numbers: Sequence[Input[int]]
) -> list[kubernetes.core.v1.ContainerPortArgs]:
    found: dict[object, str | None] = {}
    for port, number in zip(ports, numbers, strict=True):
        key = number, port.transport
        found[key] = found.get(key) or container_port_name(port.name)
    return [
        kubernetes.core.v1.ContainerPortArgs(container_port=number, protocol=transport, name=name)
        for (number, transport), name in cast(Any, found).items()
    ]


def service_ports(ports: Sequence[PortArgs]) -> list[kubernetes.core.v1.ServicePortArgs]:
    """Return the ports of the Service."""
    return [
        kubernetes.core.v1.ServicePortArgs(
            name=port.service_name(index),
            port=port.port,
            target_port=port.container_port,
            protocol=port.transport,
        )
        for index, port in enumerate(ports)
    ]


def listener_config(ports: Sequence[PortArgs], default: ListenerArgs | None) -> dict[str, Any] | None:
    """Return the spec of the `TkeServiceConfig`, or None without listener settings.

    TKE finds the listener of a port by protocol and port number.
    """
    listeners = [
        {"protocol": port.protocol or "TCP", "port": port.port, **listener.as_config()}
        for port in ports
        if (listener := port.listener or default) is not None
    ]
    return {"loadBalancer": {"l4Listeners": listeners}} if listeners else None
