"""The guard of a workload: refuses changes that would lose address, pods or clients.

The inputs of the component store the values that may not change. A hook compares the stored inputs with the
program before the component is updated, so before any object of the workload changes. The rules on changes
are in `plan.rules.workload_changes`.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi.dynamic import ResourceProvider
from pulumi.runtime.mocks import MockMonitor
from pulumi.runtime.settings import get_monitor, get_root_resource

from pulumi_tke_hybrid.component import of_run, state_of
from pulumi_tke_hybrid.tke import keys
from pulumi_tke_hybrid.tke.annotations import FIXED, On
from pulumi_tke_hybrid.tke.enis import selects_eni
from pulumi_tke_hybrid.tke.objects import at, mapping
from pulumi_tke_hybrid.workload.exposure_args import KEYS_OF

if TYPE_CHECKING:
    from pulumi_tke_hybrid.component.inputs import Input
    from pulumi_tke_hybrid.workload.workload_args import ClientIpWorkloadArgs


_NAMESPACE, _NETWORK = "default", "eni"


class WorkloadGuardProvider(ResourceProvider):
    """Deletes the guard resources of earlier versions of the package, which were two for each workload. The
    states of users hold the path of this class: never move the class."""


def guard_properties(
    args: "ClientIpWorkloadArgs", name: "Input[str]", service_name: "Input[str]"
) -> dict[str, Any]:
    """Return the inputs of the component: what its next update is compared with, and the severities that the
    program sets, which a reviewer reads. States of users hold these keys, and lack the values that
    `with_defaults` adds."""
    ingress = args.ingress
    found = {
        "name": name,
        "namespace": None if args.namespace == _NAMESPACE else args.namespace,
        "selector": args.selector,
        "network": None if args.pod_network.value == _NETWORK else args.pod_network.value,
        "direct": None if args.is_direct == args.on_eni else args.is_direct,
        "service": args.exposure.fixed(),
        "ingress": ingress.exposure.fixed() if ingress else None,
        "serviceAnnotations": _fixed_annotations(On.SERVICE, args.service_annotations),
        "ingressAnnotations": _fixed_annotations(On.INGRESS, ingress.annotations) if ingress else None,
        "volumeClaims": list(args.volume_claims or ()) if args.stateful else None,
        "serviceName": service_name if args.stateful else None,
        "podManagementPolicy": args.pod_policy.value if args.stateful else None,
        "frontService": args.front_service_name,
        "ids": _replaceable_ids(args) or None,
        "allowAddressChange": args.allow_address_change or None,
        "rules": args.rules or None,
    }
    return {key: value for key, value in found.items() if value is not None}


def with_defaults(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return `guard_properties` with the values that they lack. A key that is absent in the states of users
    means this value forever. Stacks of earlier versions store no `service`, and stay as they are."""
    if "service" not in inputs:
        return dict(inputs)
    network = inputs.get("network", _NETWORK)
    return {
        "namespace": _NAMESPACE,
        "selector": {keys.NAME_LABEL: inputs.get("name")},
        "network": network,
        "direct": network == _NETWORK,
        "serviceAnnotations": {},
        "ingressAnnotations": {},
        "allowAddressChange": False,
        **inputs,
    }


def _fixed_annotations(on: On, given: "Mapping[str, Input[str]] | None") -> "dict[str, Input[str]] | None":
    """Return the given annotations that TKE reads only when it makes the load balancer (457/90598)."""
    found = given or {}
    return {item.key: found[item.key] for item in FIXED[on] if item.key in found} or None


def _replaceable_ids(args: "ClientIpWorkloadArgs") -> "dict[str, Input[str]]":
    """Return the ids that a workload may change in place, by property path."""
    found = {f"nominated_subnets[{index}]": item for index, item in enumerate(args.nominated_subnets or ())}
    exposures = {"exposure": args.exposure}
    certificates = {
        f"ports[{index}].certificate_id": port.certificate_id for index, port in enumerate(args.ports or ())
    }
    if args.ingress:
        exposures["ingress.exposure"] = args.ingress.exposure
        certificates["ingress.certificate_id"] = args.ingress.certificate_id
    for path, exposure in exposures.items():
        groups = enumerate(exposure.security_groups or ())
        found |= {f"{path}.security_groups[{index}]": group for index, group in groups}
    return found | {path: item for path, item in certificates.items() if item is not None}


_DIRECT_ACCESS = {On.SERVICE: keys.SERVICE_DIRECT_ACCESS, On.INGRESS: keys.INGRESS_DIRECT_ACCESS}
"""Key of the annotation by which the load balancer sends to pods instead of node ports."""
_NO_LOAD_BALANCER = {"kind": "none"}


def network_of(template: Mapping[str, Any] | None) -> str:
    """Return the network of a pod template."""
    return "eni" if selects_eni(template or {}) else "global_route"


def is_direct(on: On, item: Mapping[str, Any] | None) -> bool:
    """Whether the load balancer of a Service or an Ingress sends to pods."""
    return has_load_balancer(on, item) and at(item, "metadata", "annotations", _DIRECT_ACCESS[on]) == "true"


def has_load_balancer(on: On, item: Mapping[str, Any] | None) -> bool:
    """Whether a Service or an Ingress of a workload has a load balancer; None is an object that is absent."""
    return item is not None and (on is On.INGRESS or at(item, "spec", "type") == "LoadBalancer")


def exposure_of(on: On, item: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the load balancer of an object as `ExposureArgs.fixed` describes the load balancer."""
    if not has_load_balancer(on, item):
        return dict(_NO_LOAD_BALANCER)
    names, annotations = KEYS_OF[on], mapping(at(item, "metadata", "annotations"))
    bandwidth = str(annotations.get(names.bandwidth) or "")
    found = {
        "subnetId": annotations.get(names.subnet_id),
        "loadBalancerId": annotations.get(names.load_balancer_id),
        "chargeType": annotations.get(names.charge_type),
        "bandwidth": int(bandwidth) if bandwidth.isdigit() else bandwidth or None,
    }
    kind = "existing" if found["loadBalancerId"] else "internal" if found["subnetId"] else "public"
    return {"kind": kind, **{name: value for name, value in found.items() if value is not None}}


def given_annotations(on: On, item: Mapping[str, Any]) -> dict[str, Any]:
    """Return the annotations of an object that TKE reads once and that no exposure writes."""
    annotations = mapping(at(item, "metadata", "annotations"))
    written = {*vars(KEYS_OF[on]).values()}
    return {
        known.key: annotations[known.key]
        for known in FIXED[on]
        if known.key in annotations and known.key not in written
    }


def front_of(metadata: Any, spec: Any) -> dict[str, Any]:
    """Return annotations, type and selector of a Service or an Ingress in the shape of the API."""
    kept = {name: at(spec, name) for name in ("type", "selector")}
    return {"metadata": {"annotations": at(metadata, "annotations")}, "spec": kept}


def reached(
    service: Mapping[str, Any], ingress: Mapping[str, Any] | None, template: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the state that the objects of a workload have, in the keys of the guard's properties."""
    fronts = {On.SERVICE: service, On.INGRESS: ingress}
    return {
        "network": network_of(template),
        "direct": any(is_direct(on, item) for on, item in fronts.items()),
        "service": exposure_of(On.SERVICE, service),
        "ingress": exposure_of(On.INGRESS, ingress),
        "serviceAnnotations": given_annotations(On.SERVICE, service),
        "ingressAnnotations": given_annotations(On.INGRESS, ingress or {}),
        "selector": at(service, "spec", "selector"),
    }


def fingerprint(state: Mapping[str, Any]) -> str:
    """Return a short text that differs where load balancers, network or selector of two states differ."""
    fronts = [state.get(name) or _NO_LOAD_BALANCER for name in ("service", "ingress")]
    exposed = any(front["kind"] != "none" for front in fronts)
    values = [
        state.get("network"),
        exposed and state.get("direct"),
        *fronts,
        state.get("serviceAnnotations") or {},
        state.get("ingressAnnotations") or {},
        state.get("selector"),
    ]
    return _digest(values, 12)


def _digest(value: Any, length: int) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:length]


IS_MADE = "made:"
"""Begins the output `settled` of the run that makes the objects: every object that exists is as demanded."""


def identity(inputs: Mapping[str, Any]) -> str:
    """Return a short text on the inputs whose change replaces objects: names, a slash, and the fields of the
    pods' object that Kubernetes cannot change. Two texts of one version of the package are comparable."""
    names = [inputs.get("name"), inputs.get("namespace"), inputs.get("frontService")]
    fields = [inputs.get(name) for name in ("selector", "volumeClaims", "serviceName", "podManagementPolicy")]
    kind = "d" if inputs.get("volumeClaims") is None else "s"
    return f"{_digest(names, 8)}/{kind}{_digest(fields, 8)}"


def outputs_are_readable() -> "Input[bool]":
    """Return a value that is known after the engine has registered the provider with which `state_of` reads.

    The registration takes a step of the engine. The engine runs a limited number of steps at the same time
    (`--parallel`), and each of them can be a hook that reads outputs: then the engine would wait forever.
    """
    stack = get_root_resource()
    if stack is None or isinstance(get_monitor(), MockMonitor):  # a test of a program: no engine runs steps
        return True

    async def read() -> bool:
        await state_of(stack)
        return True

    def first_read() -> pulumi.Output[bool]:
        return pulumi.Output.from_input(read())

    return of_run("tke_hybrid_first_read", first_read)
