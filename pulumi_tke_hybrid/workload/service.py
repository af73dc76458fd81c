"""Annotations that a program gives by hand, beside those that the component writes from its own arguments.

The Service of a workload, and what TKE wants to know about its listeners."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from pulumi_tke_hybrid.component.inputs import Input, value_if_known
from pulumi_tke_hybrid.tke import annotations, keys
from pulumi_tke_hybrid.tke.annotations import FIXED, KNOWN, On
from pulumi_tke_hybrid.tke.rule import Finding
from pulumi_tke_hybrid.tke.rules.annotation_checks import TLS, conflict_findings, key_findings, value_findings
from pulumi_tke_hybrid.tke.rules.inputs import PROPERTY
from pulumi_tke_hybrid.tke.rules.workload import NO_LOAD_BALANCER
from pulumi_tke_hybrid.workload.exposure import INGRESS_KEYS, SERVICE_KEYS, ExposureArgs
from pulumi_tke_hybrid.workload.ports import HealthCheckArgs, ListenerArgs, PortArgs

Given = Mapping[str, Input[str]] | None
_LATER = "a value that is known later"
_COMPONENT = {On.SERVICE: keys.SERVICE_KEYS, On.INGRESS: keys.INGRESS_KEYS, On.POD: keys.POD_KEYS}
_FRONT_KEYS = {On.SERVICE: SERVICE_KEYS, On.INGRESS: INGRESS_KEYS}


def given_findings(on: On, given: Given, written: Mapping[str, str], path: str) -> Iterator[Finding]:
    """What is wrong with annotations of the argument `path`. `written`: the component's own keys, each with
    the argument it comes from."""
    values: dict[str, Any] = {}
    for key, value in (given or {}).items():
        contradiction = annotations.contradiction(key, _COMPONENT[on])
        if contradiction:
            yield PROPERTY.finding(path, contradiction)
        else:
            values[key] = _LATER if value_if_known(value) is None else value_if_known(value)
    read = {key: value for key, value in values.items() if value is not _LATER}
    found = (
        *conflict_findings(on, values, dict.fromkeys(written, "true"), written),
        *key_findings(on, values),
        *value_findings(read),
    )
    yield from (replace(finding, path=f"{path}[{finding.path!r}]") for finding in found)


def needless_findings(given: Given, path: str) -> Iterator[Finding]:
    """Annotations about a load balancer on a Service that has none."""
    for key in given or {}:
        if key in KNOWN and KNOWN[key].on is On.SERVICE and key not in keys.SERVICE_KEYS:
            yield NO_LOAD_BALANCER.finding(
                f"{path}[{key!r}]",
                "is about the Service's load balancer, and exposure 'none' has none",
                todo="leave it out, or choose an exposure",
            )


def exposure_keys(on: On, exposure: ExposureArgs, argument: str) -> dict[str, str]:
    """The keys that the component writes for an exposure, each with the argument that it comes from."""
    names = _FRONT_KEYS[on]
    parts = {
        names.internal_subnet: (exposure.subnet_id, "subnet_id"),
        names.existing: (exposure.load_balancer_id, "load_balancer_id"),
        names.charge_type: (exposure.charge_type, "charge_type"),
        names.bandwidth: (exposure.bandwidth, "bandwidth"),
        names.security_groups: (exposure.security_groups, "security_groups"),
        names.pass_to_target: (exposure.pass_to_target, "pass_to_target"),
    }
    return {key: f"{argument}.{name}" for key, (value, name) in parts.items() if value is not None}


def ingress_keys(
    exposure: ExposureArgs, *, certificate: bool, redirect: bool, both_protocols: bool
) -> dict[str, str]:
    """The same for an Ingress, relative to its arguments."""
    found = exposure_keys(On.INGRESS, exposure, "exposure")
    if certificate:
        found[TLS] = "certificate_id"
    if redirect:
        found[keys.INGRESS_REDIRECT] = "redirect"
    if both_protocols:
        found |= dict.fromkeys(
            (keys.INGRESS_RULE_MIX, keys.INGRESS_HTTP_RULES, keys.INGRESS_HTTPS_RULES), "both_protocols"
        )
    return found


def fixed_of(on: On, given: Given) -> dict[str, Input[str]]:
    """Those that TKE reads only when it makes the load balancer (457/90598), for the guard's memory."""
    listed = given or {}
    return {item.key: listed[item.key] for item in FIXED[on] if item.key in listed}


def fixed_keys(on: On) -> list[str]:
    """All keys that TKE reads only when it makes the load balancer."""
    return [item.key for item in FIXED[on]]


ADDRESS_ONLY = {"pulumi.com/waitFor": "jsonpath={.status.loadBalancer.ingress[0]}"}
"""TKE adds readiness gates only to pods that are made after their direct Service. So the Service comes first,
and may not wait for pods."""


def service_annotations(exposure: ExposureArgs, direct: bool, local: bool) -> dict[str, Input[str]]:
    """What a Service of type LoadBalancer says to TKE about its load balancer."""
    found: dict[str, Input[str]] = {
        **annotations.service_annotations(direct, exposure.placement(SERVICE_KEYS))
    }
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
    """The annotation for the ports where the load balancer ends TLS; `certificates` are their Secrets, by
    place in the list."""
    if not certificates:
        return None
    secured = [(ports[index].port, secret) for index, secret in certificates.items()]
    return pulumi.Output.from_input(secured).apply(_protocols_json)


def _protocols_json(secured: Sequence[Sequence[Any]]) -> str:
    return json.dumps(
        {str(int(port)): {"protocol": ["TCP_SSL"], "tls": secret} for port, secret in secured},
        separators=(",", ":"),
    )


def certificate_name(name: Input[str], suffix: str, certificate_id: Input[str]) -> pulumi.Output[str]:
    """A Secret for each certificate: Pulumi makes the new one before it removes the old, so a renewal
    interrupts nothing."""
    return pulumi.Output.all(name, suffix, certificate_id).apply(_certificate_name)


def _certificate_name(parts: Sequence[Any]) -> str:
    return "-".join(map(str, parts)).lower()


def listener_config(ports: Sequence[PortArgs], default: ListenerArgs | None) -> dict[str, Any] | None:
    """The spec of the `TkeServiceConfig`, which finds a listener by its protocol and port; None when nothing
    is asked for."""
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
