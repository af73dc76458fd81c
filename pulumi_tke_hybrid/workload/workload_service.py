"""The Service of a workload: checks of its inputs, its annotations, and annotations that a program gives by
hand.

The objects themselves are made by `ClientIpWorkload`.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_kubernetes as kubernetes

from pulumi_tke_hybrid.component import plain
from pulumi_tke_hybrid.component.args import child_options
from pulumi_tke_hybrid.component.inputs import Input, value_if_known
from pulumi_tke_hybrid.tke import annotations, keys
from pulumi_tke_hybrid.tke.annotations import FIXED, KNOWN, On
from pulumi_tke_hybrid.tke.objects import at, mapping
from pulumi_tke_hybrid.tke.rule import EMPTY, Finding
from pulumi_tke_hybrid.tke.rules.annotation_checks import (
    conflict_findings,
    key_findings,
    reserved_findings,
    value_findings,
)
from pulumi_tke_hybrid.tke.rules.load_balancer_rules import (
    listener_findings,
    local_traffic_findings,
    setting_without_load_balancer,
)
from pulumi_tke_hybrid.workload import hooks
from pulumi_tke_hybrid.workload.exposure_args import SERVICE_KEYS, ExposureArgs
from pulumi_tke_hybrid.workload.ports import listener_config, ports_findings, service_ports
from pulumi_tke_hybrid.workload.workload_objects import HEADLESS, SERVICE, WorkloadObjects

if TYPE_CHECKING:
    from pulumi_tke_hybrid.workload.workload_args import ClientIpWorkloadArgs

GivenAnnotations = Mapping[str, Input[str]] | None
_PENDING = "a value that is not known yet"
_RESERVED = {On.SERVICE: keys.SERVICE_KEYS, On.INGRESS: keys.INGRESS_KEYS, On.POD: keys.POD_KEYS}
NO_WAIT = {"pulumi.com/skipAwait": "true"}
ADDRESS_ONLY = {"pulumi.com/waitFor": "jsonpath={.status.loadBalancer.ingress[0]}"}
"""Lets Pulumi wait for the address alone. TKE adds readiness gates only to pods that are made after their
direct Service, so the Service comes before the pods and must not wait for them."""


def annotation_findings(
    on: On, given: GivenAnnotations, written: Mapping[str, str], path: str
) -> Iterator[Finding]:
    """Check the annotations of the argument `path`. `written`: the component's own keys, each with its
    argument."""
    if not given:
        return
    reserved = list(reserved_findings(given, _RESERVED[on]))
    yield from (replace(finding, path=path) for finding in reserved)
    values: dict[str, Any] = {
        key: _PENDING if value_if_known(value) is None else value_if_known(value)
        for key, value in given.items()
        if key not in {finding.path for finding in reserved}
    }
    found = (
        *conflict_findings(on, values, dict.fromkeys(written, "true"), written),
        *key_findings(on, values),
        *value_findings({key: value for key, value in values.items() if value is not _PENDING}),
    )
    yield from (replace(finding, path=f"{path}[{finding.path!r}]") for finding in found)


def service_findings(args: "ClientIpWorkloadArgs") -> Iterator[Finding]:
    """Check the inputs of the Service."""
    exposed = args.exposure.has_load_balancer
    if args.ports is not None and not args.ports:
        yield EMPTY.finding("ports", "is empty", todo="leave it out for port 80")
    yield from ports_findings(args.all_ports, exposed=exposed, direct=args.is_direct)
    yield from annotation_findings(
        On.SERVICE, args.service_annotations, _written(args), "service_annotations"
    )
    if args.is_local:
        yield from local_traffic_findings(exposed=exposed, direct=args.is_direct, on_eni=args.on_eni)
    if exposed:
        yield from listener_findings("ports", len(args.all_ports), "the load balancer of the Service")
        return
    for key in args.service_annotations or {}:
        if key in KNOWN and KNOWN[key].on is On.SERVICE and key not in keys.SERVICE_KEYS:
            yield setting_without_load_balancer(f"service_annotations[{key!r}]")
    if args.listener is not None:
        yield setting_without_load_balancer("listener")
    for index, port in enumerate(args.all_ports):
        if port.listener is not None:
            yield setting_without_load_balancer(f"ports[{index}].listener")
        if port.protocol == "TCP_SSL":
            yield setting_without_load_balancer(f"ports[{index}].protocol")


def _written(args: "ClientIpWorkloadArgs") -> dict[str, str]:
    """Return the annotations that the component writes on the Service, each with its argument."""
    found = args.exposure.argument_of(SERVICE_KEYS, "exposure")
    if args.is_direct and args.exposure.has_load_balancer:
        found[keys.SERVICE_DIRECT_ACCESS] = "direct"
    if args.listener is not None or any(port.listener is not None for port in args.all_ports):
        found[keys.SERVICE_CONFIG] = "listener"
    if any(port.certificate_id is not None for port in args.all_ports):
        found[keys.SERVICE_PROTOCOLS] = "ports"
    if args.is_local:
        found[keys.SERVICE_LOCAL_NODES] = "external_traffic_policy"
    return found


def service_annotations(exposure: ExposureArgs, direct: bool, local: bool) -> dict[str, Input[str]]:
    """Return the annotations of a Service of type LoadBalancer that TKE reads."""
    found: dict[str, Input[str]] = {
        **annotations.service_annotations(direct, exposure.load_balancer_annotations(SERVICE_KEYS))
    }
    if local:
        found[keys.SERVICE_LOCAL_NODES] = annotations.flag(True)
    return found


def _protocols_json(secured: Sequence[Sequence[Any]]) -> str:
    """Return the annotation of the ports where the load balancer ends TLS, each with the name of the Secret
    of its certificate."""
    found = {str(int(port)): {"protocol": ["TCP_SSL"], "tls": secret} for port, secret in secured}
    return json.dumps(found, separators=(",", ":"))


def service_arguments(objects: WorkloadObjects) -> dict[str, Any]:
    """Return the arguments of the Service for clients; make its certificates and listener settings."""
    args, name = objects.args, f"{objects.name}-service"
    written: dict[str, Input[str]] = {**(args.service_annotations or {})}
    after = list[pulumi.Resource]()
    if args.exposure.has_load_balancer:
        kind = "LoadBalancer"
        secured = [
            (port.port, make_certificate(objects, f"certificate-{index}", port.certificate_id))
            for index, port in enumerate(args.all_ports)
            if port.certificate_id is not None
        ]
        listeners = _make_listeners(objects)
        written |= service_annotations(args.exposure, args.is_direct, args.is_local) | ADDRESS_ONLY
        if secured:
            written[keys.SERVICE_PROTOCOLS] = pulumi.Output.from_input(secured).apply(_protocols_json)
        if listeners is not None:
            written[keys.SERVICE_CONFIG] = _listeners_name(objects)
            after.append(listeners)
    else:
        # TKE's Ingress refuses a ClusterIP backend (E4047).
        kind = "NodePort" if args.ingress else "ClusterIP"
        written |= NO_WAIT
    return {
        "resource_name": name,
        "metadata": objects.metadata(objects.service_name, SERVICE, written),
        "spec": kubernetes.core.v1.ServiceSpecArgs(
            type=kind,
            selector=objects.selector,
            ports=service_ports(args.all_ports),
            external_traffic_policy="Local" if args.is_local else None,
        ),
        "opts": front_options(objects, On.SERVICE, name, hooks.check_service, after),
    }


def front_options(
    objects: WorkloadObjects, on: On, name: str, check: hooks.Check, after: Sequence[pulumi.Resource]
) -> pulumi.ResourceOptions:
    """Return the options of the Service or the Ingress of this name.

    With `allow_address_change`, a change of an annotation that TKE reads only when TKE makes the load
    balancer (457/90598) replaces the object. Otherwise no change replaces the object, not even an update of
    the Service without the guard.
    """
    replacing = FIXED[on] if objects.args.allow_address_change else ()
    return child_options(
        objects.component,
        depends_on=after,
        replace_on_changes=[f'metadata.annotations["{item.key}"]' for item in replacing],
        delete_before_replace=True,  # the new object has the same name
        hooks=pulumi.ResourceHookBinding(
            before_update=[hooks.before(f"tke-hybrid-{on.value.lower()}", name, objects, check)],
            after_update=[hooks.in_update("tke-hybrid-stored", name, objects, check_stored)],
        ),
    )


def make_headless_service(objects: WorkloadObjects) -> kubernetes.core.v1.Service:
    """Make the governing Service of a StatefulSet."""
    return kubernetes.core.v1.Service(
        f"{objects.name}-headless",
        metadata=objects.metadata(objects.governing_name, HEADLESS, NO_WAIT),
        spec=kubernetes.core.v1.ServiceSpecArgs(
            cluster_ip="None",
            selector=objects.selector,
            ports=service_ports(objects.args.all_ports),
            publish_not_ready_addresses=True,
        ),
        opts=child_options(objects.component),
    )


def make_certificate(objects: WorkloadObjects, suffix: str, certificate_id: Input[str]) -> pulumi.Output[str]:
    """Make the Secret by which a Service or an Ingress names a certificate, and return the Secret's name.

    The Secret holds the certificate's id, and no key. Its name contains the id, so Pulumi makes the Secret of
    a renewed certificate before Pulumi removes the old Secret.
    """
    name = pulumi.Output.concat(objects.object_name, "-", suffix, "-", certificate_id)
    secret = kubernetes.core.v1.Secret(
        f"{objects.name}-{suffix}",
        metadata=objects.metadata(name.apply(str.lower)),
        type="Opaque",
        string_data={keys.CERTIFICATE_ID: certificate_id},
        opts=child_options(objects.component),
    )
    return secret.metadata.apply(lambda metadata: str(metadata.name))


def _make_listeners(objects: WorkloadObjects) -> "kubernetes.apiextensions.CustomResource | None":
    """Make the `TkeServiceConfig` with the settings of the listeners."""
    spec = listener_config(objects.args.all_ports, objects.args.listener)
    if spec is None:
        return None
    return kubernetes.apiextensions.CustomResource(
        f"{objects.name}-listeners",
        api_version=keys.SERVICE_CONFIG_API,
        kind=keys.SERVICE_CONFIG_KIND,
        metadata=objects.metadata(_listeners_name(objects)),
        spec=spec,
        opts=child_options(objects.component),
    )


def _listeners_name(objects: WorkloadObjects) -> pulumi.Output[str]:
    return pulumi.Output.concat(objects.object_name, "-listeners")


async def check_stored(objects: WorkloadObjects, hook: pulumi.ResourceHookArgs) -> None:
    """Log a warning if the state of the stack has a Service or an Ingress as of before the update.

    pulumi-kubernetes 4.25 stores the first object that meets `pulumi.com/waitFor`, and the object of before
    the update meets the condition too. Later the plugin compares the program with the stored object.
    """
    given, stored = [
        mapping(await plain(at(side, "metadata", "annotations")))
        for side in (hook.new_inputs, hook.new_outputs)
    ]
    of_tke = [key for key in given if not key.startswith("pulumi.com/")]
    if any(stored.get(key) != given[key] for key in of_tke):
        text = f"the state of the stack has {hook.name} as of before this update"
        todo = "run `pulumi refresh` before the next change"
        pulumi.log.warn(f"{objects.owner}: {text}; {todo}", objects.component)
