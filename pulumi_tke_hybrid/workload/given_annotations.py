"""Annotations that a program gives by hand, beside those that the component writes from its own arguments."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from pulumi_tke_hybrid.component.inputs import Input, known
from pulumi_tke_hybrid.tke import annotations, keys
from pulumi_tke_hybrid.tke.known_annotations import FIXED, KNOWN, On
from pulumi_tke_hybrid.tke.rule import Finding
from pulumi_tke_hybrid.tke.rules.annotation_checks import TLS, conflict_findings, key_findings, value_findings
from pulumi_tke_hybrid.tke.rules.inputs import PROPERTY
from pulumi_tke_hybrid.tke.rules.workload import NO_LOAD_BALANCER
from pulumi_tke_hybrid.workload.exposure import INGRESS_KEYS, SERVICE_KEYS, ExposureArgs

Given = Mapping[str, Input[str]] | None
_LATER = "a value that is known later"
_COMPONENT = {On.SERVICE: keys.SERVICE_KEYS, On.INGRESS: keys.INGRESS_KEYS, On.POD: keys.POD_KEYS}
_FRONT_KEYS = {On.SERVICE: SERVICE_KEYS, On.INGRESS: INGRESS_KEYS}


def given_findings(on: On, given: Given, written: Mapping[str, str], path: str) -> Iterator[Finding]:
    """What is wrong with annotations of the argument `path`. `written`: the component's own keys, each with the argument it comes from."""
    values: dict[str, Any] = {}
    for key, value in (given or {}).items():
        contradiction = annotations.contradiction(key, _COMPONENT[on])
        if contradiction:
            yield PROPERTY.finding(path, contradiction)
        else:
            values[key] = _LATER if known(value) is None else known(value)
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


def ingress_keys(exposure: ExposureArgs, *, certificate: bool, redirect: bool, both_protocols: bool) -> dict[str, str]:
    """The same for an Ingress, relative to its arguments."""
    found = exposure_keys(On.INGRESS, exposure, "exposure")
    if certificate:
        found[TLS] = "certificate_id"
    if redirect:
        found[keys.INGRESS_REDIRECT] = "redirect"
    if both_protocols:
        found |= dict.fromkeys((keys.INGRESS_RULE_MIX, keys.INGRESS_HTTP_RULES, keys.INGRESS_HTTPS_RULES), "both_protocols")
    return found


def fixed_of(on: On, given: Given) -> dict[str, Input[str]]:
    """Those that TKE reads only when it makes the load balancer (457/90598), for the guard's memory."""
    listed = given or {}
    return {item.key: listed[item.key] for item in FIXED[on] if item.key in listed}


def fixed_keys(on: On) -> list[str]:
    """All keys that TKE reads only when it makes the load balancer."""
    return [item.key for item in FIXED[on]]
