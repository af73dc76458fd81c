"""The Service of a workload, and what TKE wants to know about its listeners."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from pulumi_tke_hybrid.component.inputs import Input
from pulumi_tke_hybrid.tke import annotations, keys
from pulumi_tke_hybrid.workload.exposure import SERVICE_KEYS, ExposureArgs
from pulumi_tke_hybrid.workload.ports import HealthCheckArgs, ListenerArgs, PortArgs

ADDRESS_ONLY = {"pulumi.com/waitFor": "jsonpath={.status.loadBalancer.ingress[0]}"}
"""TKE adds readiness gates only to pods that are made after their direct Service. So the Service comes first, and may not wait for pods."""


def service_annotations(exposure: ExposureArgs, direct: bool, local: bool) -> dict[str, Input[str]]:
    """What a Service of type LoadBalancer says to TKE about its load balancer."""
    found: dict[str, Input[str]] = {**annotations.service_annotations(direct, exposure.placement(SERVICE_KEYS))}
    if local:
        found[keys.SERVICE_LOCAL_NODES] = annotations.flag(True)
    return found


def service_ports(ports: Sequence[PortArgs]) -> list[kubernetes.core.v1.ServicePortArgs]:
    """The ports as Kubernetes has them."""
    return [
        kubernetes.core.v1.ServicePortArgs(
            name=port.called(index), port=port.port, target_port=port.container_port, protocol=port.transport
        )
        for index, port in enumerate(ports)
    ]


def protocols(ports: Sequence[PortArgs], certificates: Mapping[int, Input[str]]) -> pulumi.Output[str] | None:
    """The annotation for the ports where the load balancer ends TLS; `certificates` are their Secrets, by place in the list."""
    if not certificates:
        return None
    secured = [(ports[index].port, secret) for index, secret in certificates.items()]
    return pulumi.Output.from_input(secured).apply(_protocols_json)


def _protocols_json(secured: Sequence[Sequence[Any]]) -> str:
    return json.dumps({str(int(port)): {"protocol": ["TCP_SSL"], "tls": secret} for port, secret in secured}, separators=(",", ":"))


def certificate_name(name: Input[str], suffix: str, certificate_id: Input[str]) -> pulumi.Output[str]:
    """A Secret for each certificate: Pulumi makes the new one before it removes the old, so a renewal interrupts nothing."""
    return pulumi.Output.all(name, suffix, certificate_id).apply(_certificate_name)


def _certificate_name(parts: Sequence[Any]) -> str:
    return "-".join(map(str, parts)).lower()


def listener_config(ports: Sequence[PortArgs], default: ListenerArgs | None) -> dict[str, Any] | None:
    """The spec of the `TkeServiceConfig`, which finds a listener by its protocol and port; None when nothing is asked for."""
    listeners = [
        {"protocol": port.protocol or "TCP", "port": port.port, **_listener(listener)}
        for port in ports
        if (listener := port.listener or default) is not None
    ]
    return {"loadBalancer": {"l4Listeners": listeners}} if listeners else None


def _listener(args: ListenerArgs) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if args.session_seconds is not None:
        found["session"] = {"enable": True, "sessionExpireTime": args.session_seconds}
    if args.health_check is not None:
        found["healthCheck"] = _health_check(args.health_check)
    if args.scheduler is not None:
        found["scheduler"] = args.scheduler
    return found


def _health_check(args: HealthCheckArgs) -> dict[str, Any]:
    found = {
        "enable": True if args.enabled is None else args.enabled,
        "intervalTime": args.interval,
        "timeout": args.timeout,
        "healthNum": args.healthy,
        "unHealthNum": args.unhealthy,
    }
    return {name: value for name, value in found.items() if value is not None}
