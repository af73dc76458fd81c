"""Rules on the pods behind Services and Ingresses: whether pods see the addresses of their clients, whether a
Service keeps its pods, and the network of the pods behind direct access.

Services and pod templates of one namespace are compared as the plan shows them. Pods of other programs are
not in the plan.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

from pulumi_tke_hybrid.plan.kubernetes_objects import (
    Holder,
    annotation,
    backend_services,
    holders,
    kubernetes_name,
    load_balancer_source,
)
from pulumi_tke_hybrid.plan.model import Op, Plan, Step, is_patch
from pulumi_tke_hybrid.plan.resource_types import SERVICE
from pulumi_tke_hybrid.plan.rules.registry import Shape, plan_rule, rule, warned
from pulumi_tke_hybrid.tke import keys
from pulumi_tke_hybrid.tke.annotations import On
from pulumi_tke_hybrid.tke.enis import eni_networks
from pulumi_tke_hybrid.tke.objects import (
    Props,
    at,
    below,
    items,
    mapping,
    name_of,
    namespace_of,
    texts,
    unknown,
)
from pulumi_tke_hybrid.tke.rule import Finding, Rule, warning_rule

SOURCE_ADDRESS_LOST = Rule(
    "source-address-lost",
    "A Service without direct access keeps externalTrafficPolicy Local, and a Service whose pods see their "
    "clients keeps its TCP and UDP listeners: otherwise pods see the address of a node or of the load "
    "balancer.",
    "type, annotations and externalTrafficPolicy before and after",
    "457/38426, 214/3728",
)
NO_BACKENDS = warning_rule(
    "no-backends",
    "A Service of the plan keeps pods: a pod template has the labels of its selector, and the names of its "
    "ports.",
    "selectors and ports of Services, labels and ports of pod templates, before and after",
    "Kubernetes: a Service sends to the pods of its selector, at the port with the name in targetPort",
)
BACKEND_NETWORKS = warning_rule(
    "backend-networks",
    "The pods behind direct access are in one network, also while a rollout runs, and have addresses of "
    "container subnets.",
    "direct access of Services and Ingresses, networks of pod templates, before and after",
    "457/41897: backends of one direct Service are in one network; 457/131136: GlobalRouteDirectAccess",
)
_REQUEST_PROTOCOLS = ("GRPC", "GRPCS", "HTTP", "HTTPS", "QUIC")
"""Protocols of listeners that end the client's connection at the load balancer (214/3728)."""


@rule(SOURCE_ADDRESS_LOST, on=Shape.LOAD_BALANCER_SOURCE, operations=(Op.UPDATE, Op.OTHER))
def _source_address(step: Step) -> Iterator[Finding]:
    """Report changes of a Service after which pods no longer see their clients."""
    if step.old and load_balancer_source(step) is On.SERVICE:
        found = [*_policy_changed(step), *_protocol_changed(step)]
        # The preview does not show whether the object of a patch has direct access.
        yield from map(warned, found) if is_patch(step.type) else found


def _policy_changed(step: Step) -> Iterator[Finding]:
    before, after = (below(side, "spec", "externalTrafficPolicy") for side in (step.old, step.new))
    kind = below(step.new, "spec", "type")
    given_up = after is None and is_patch(step.type)
    if (
        before == "Local"
        and after != "Local"
        and not unknown(after)
        and not given_up
        and (kind in ("LoadBalancer", "NodePort") or (kind is None and is_patch(step.type)))
        and annotation(step.new, keys.SERVICE_DIRECT_ACCESS) != "true"
    ):
        yield SOURCE_ADDRESS_LOST.finding(
            f"{step.name}.spec.externalTrafficPolicy",
            "instead of Local",
            value=str(after or "Cluster (not set)"),
            why="certain, as soon as it is applied, which succeeds: nodes replace the client's address, and"
            " pods see the address of a node instead of their client's",
            todo="keep externalTrafficPolicy: Local, or move the pods to addresses of container subnets and"
            " switch direct access on",
            intended="check that no application, log or allow-list needs the clients' addresses",
        )


def _protocol_changed(step: Step) -> Iterator[Finding]:
    seen = annotation(step.old, keys.SERVICE_DIRECT_ACCESS) == "true"
    if not seen and below(step.old, "spec", "externalTrafficPolicy") != "Local":
        return
    before, after = (_request_ports(side) for side in (step.old, step.new))
    kept = {str(at(port, "port")) for port in items(below(step.old, "spec", "ports"))}
    for port, protocols in after.items():
        if port in kept and port not in before:
            yield SOURCE_ADDRESS_LOST.finding(
                f"{step.name}.{keys.SERVICE_PROTOCOLS}",
                f"on port {port} instead of a TCP or UDP listener",
                value=", ".join(protocols),
                why="certain, as soon as it is applied, which succeeds: the load balancer ends the client's"
                " connection and opens another one, so pods see an address of the load balancer; the client's"
                " address is in the header X-Forwarded-For",
                todo="keep the TCP or UDP listener",
                intended="check that every application and log behind the port reads X-Forwarded-For",
            )


def _request_ports(props: Props) -> dict[str, list[str]]:
    """The ports with listeners for requests (HTTP, HTTPS, …), with these protocols."""
    stated = annotation(props, keys.SERVICE_PROTOCOLS)
    try:
        given = mapping(json.loads(stated)) if isinstance(stated, str) else {}
    except (ValueError, RecursionError):
        return {}  # `annotation-value` reports the annotation
    named = {port: [name for name in texts(at(entry, "protocol")) if name in _REQUEST_PROTOCOLS]
             for port, entry in given.items()}  # fmt: skip
    return {port: protocols for port, protocols in named.items() if protocols}


Place = tuple[Any, ...]
"""The cluster of an object, by its provider, and the namespace."""
Pods = tuple[Step, Holder]
"""An object with pods, and the pod template."""


class _Side:
    """The objects of a plan before the change, or after the change."""

    def __init__(self, plan: Plan, *, after: bool) -> None:
        self._after = after
        self._templates: defaultdict[Place, list[Pods]] = defaultdict(list)
        self._direct: set[Place] = set()
        self._hidden: set[Place] = set()
        """Namespaces with pods whose labels the preview does not show."""
        for step in plan.steps:
            props = self.props(step)
            if props and step.type.startswith("kubernetes:") and not is_patch(step.type):
                self._add(step, props)

    def _add(self, step: Step, props: Props) -> None:
        place = _place(step, props)
        for holder in holders(step.type, props):
            if not holder.template:
                self._hidden.add(place)
            for label, value in _labels(holder).items():
                self._templates[(*place, label, None if unknown(value) else str(value))].append(
                    (step, holder)
                )
        if (
            load_balancer_source(step) is On.INGRESS
            and annotation(props, keys.INGRESS_DIRECT_ACCESS) == "true"
        ):
            self._direct.update((*place, name) for name in backend_services(props))

    def props(self, step: Step) -> Props:
        """The object on this side; empty where the object does not exist."""
        return step.new if self._after else step.old

    def pods(self, service: Step) -> list[Pods] | None:
        """The pod templates that the Service selects; None where the selector is absent, or the preview does
        not show selector or labels. A label that is not known counts as the right label."""
        selector = mapping(below(self.props(service), "spec", "selector"))
        place = _place(service, self.props(service))
        if not selector or any(map(unknown, selector.values())) or place in self._hidden:
            return None
        label = next(iter(selector))
        found = [self._templates.get((*place, label, value), ()) for value in (str(selector[label]), None)]
        return [pods for pods in chain(*found) if _has(_labels(pods[1]), selector)]

    def is_direct(self, service: Step) -> bool:
        """Whether the Service, or an Ingress with the Service as backend, has direct access."""
        props = self.props(service)
        own = annotation(props, keys.SERVICE_DIRECT_ACCESS) == "true"
        return own or (*_place(service, props), name_of(props)) in self._direct


def _labels(holder: Holder) -> dict[str, Any]:
    return mapping(at(holder.template, "metadata", "labels"))


def _has(labels: Mapping[str, Any], selector: Mapping[str, Any]) -> bool:
    return all(labels.get(label) == value or unknown(labels.get(label)) for label, value in selector.items())


def _place(step: Step, props: Props) -> Place:
    return (*step.sources.get("provider", ()), namespace_of(props))


@plan_rule(NO_BACKENDS, BACKEND_NETWORKS)
def _backends(plan: Plan) -> Iterator[Finding]:
    """Compare the pods behind each Service that stays, or is new, before and after the change."""
    before, after = _Side(plan, after=False), _Side(plan, after=True)
    for service in plan.of(SERVICE):
        was, now = (side.pods(service) if side.props(service) else None for side in (before, after))
        if now is None:
            continue
        found = [*_lost(service, was or [], now)]
        if after.is_direct(service) and not found:
            found += _networks(service, (was or []) if before.is_direct(service) else None, now)
        yield from (replace(finding, urn=service.urn) for finding in found)


def _lost(service: Step, was: Sequence[Pods], now: Sequence[Pods]) -> Iterator[Finding]:
    stay = any(step.new for step, _ in was)  # the deletion of pods has a finding of its own
    if stay and not now and below(service.old, "spec", "selector") == below(service.new, "spec", "selector"):
        yield _no_backends(service, "spec.selector", "selects no pods of this program any more", was)
    for port in items(below(service.new, "spec", "ports")) if now else ():
        name = at(port, "targetPort")
        if isinstance(name, str) and not unknown(name) and not name.isdecimal():
            had, has = (any(name in _port_names(holder) for _, holder in side) for side in (was, now))
            if had and not has:
                yield _no_backends(service, f"spec.ports[{name}]", "is no port of the pods any more", was)


def _port_names(holder: Holder) -> list[Any]:
    containers = items(at(holder.template, "spec", "containers"))
    return [at(port, "name") for container in containers for port in items(at(container, "ports"))]


def _no_backends(service: Step, field: str, what: str, was: Sequence[Pods]) -> Finding:
    return NO_BACKENDS.finding(
        f"{service.name}.{field}",
        what,
        value=kubernetes_name(service),
        why="certain, by the rollout that follows: the Service loses the pods of"
        f" {', '.join(sorted({_owner(holder) for _, holder in was}))}, and clients get no answer if no other"
        " pods are behind the Service",
        todo="keep labels and port names of the pods as the Service names them",
    )


def _owner(holder: Holder) -> str:
    return f"{holder.kind} {name_of(holder.props) or '(name not in the preview)'}"


def _networks(service: Step, was: Sequence[Pods] | None, now: Sequence[Pods]) -> Iterator[Finding]:
    """Report the networks of the pods behind direct access. `was`: None where direct access is new."""
    becomes = {network for _, holder in now if (network := _network(holder))}
    before = {network for _, holder in was or () if (network := _network(holder))}
    if becomes == before or not becomes or (_VPC_CNI in before and _VPC_CNI not in becomes):
        return  # `pods-leave-eni` reports pods that leave
    pods = f"pods of {', '.join(sorted({_owner(holder) for _, holder in now}))}"
    if len(becomes) > 1 or (before and _OVERLAY in before):
        yield BACKEND_NETWORKS.finding(
            service.name,
            f"are the networks of the {pods} behind direct access"
            + ("" if len(becomes) > 1 else " in the rollout"),
            value=" and ".join(sorted(becomes | before)),
            why="possible, while pods of two networks are behind the load balancer: TKE reports an error for"
            " the Service and binds only a part of the pods",
            todo="change the network of all pods behind the Service, while direct access is off",
        )
    elif becomes == {_OVERLAY}:
        yield BACKEND_NETWORKS.finding(
            service.name,
            f"have no addresses of container subnets, and stand behind direct access: {_OVERLAY}",
            value=pods,
            why="certain, where GlobalRouteDirectAccess in the ConfigMap tke-service-controller-config of"
            " kube-system is not true: the load balancer gets no backends, and clients get no answer",
            todo="give the pods addresses of container subnets first, or look at that setting",
        )


_OVERLAY, _VPC_CNI = "the overlay (GlobalRouter)", "VPC-CNI"


def _network(holder: Holder) -> str:
    """The network of the pods; empty where not known."""
    stated = holder.network
    if unknown(stated) or holder.pods == 0:
        return ""
    if at(holder.template, "spec", "hostNetwork") is True:
        return "the network of the node"
    return _VPC_CNI if eni_networks(stated) else _OVERLAY
