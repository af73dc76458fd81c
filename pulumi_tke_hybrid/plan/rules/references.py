"""Rules on resources that other resources of the plan name: their loss, and the listeners of one load
balancer."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pulumi_tke_hybrid.plan import resource_types
from pulumi_tke_hybrid.plan.kubernetes_objects import (
    annotations_of,
    backend_services,
    existing_balancer,
    kind_of,
    kubernetes_name,
    listeners_of_ingress,
    load_balancer_source,
    load_balancer_sources,
    may_have_balancer,
    port_text,
)
from pulumi_tke_hybrid.plan.model import Op, Plan, Step
from pulumi_tke_hybrid.plan.rules.registry import plan_rule, warned
from pulumi_tke_hybrid.tke import keys
from pulumi_tke_hybrid.tke.annotations import On
from pulumi_tke_hybrid.tke.objects import Props, at, items, texts, unknown
from pulumi_tke_hybrid.tke.rule import Finding, Rule, warning_rule
from pulumi_tke_hybrid.tke.rules.load_balancer_rules import LISTENERS, listener_findings

IN_USE = Rule(
    "resource-in-use",
    "A load balancer of yours, a security group, a certificate, a public address, a listener or a subnet is "
    "not replaced or deleted while another resource of the plan names its id or depends on it.",
    "the operation; ids and property dependencies of the other resources",
    "Pulumi: a replaced resource has another id; 457/90598: a Service keeps the load balancer that it was"
    " made with",
)
LISTENER_TAKEN = warning_rule(
    "listener-taken",
    "Two Services of one load balancer have no port of one protocol in common.",
    "ports of the Services that name the load balancer, before and after",
    "457/46370, 457/45490",
)


_NO_BALANCER = (
    "clients of {users} get no answer as soon as it is gone; TKE does not move a Service or an Ingress to"
    " another load balancer (457/90598), so they stay without one or get a new one with another address"
)
_KINDS: Mapping[str, tuple[str, str]] = {
    resource_types.LOAD_BALANCER: ("a load balancer of yours", _NO_BALANCER),
    resource_types.LISTENER: ("a listener", "clients of {users} get no answer on its port from then on"),
    resource_types.SUBNET: (
        "a subnet",
        "the cloud refuses to delete a subnet in use; if it goes, {users} lose their addresses",
    ),
    resource_types.SECURITY_GROUP: (
        "a security group",
        "the cloud refuses to delete a group in use; without its rules {users} refuse their clients or admit"
        " others",
    ),
    resource_types.CERTIFICATE: (
        "a certificate",
        "TLS clients of {users} get an error when the certificate is gone",
    ),
    "tencentcloud:Eip/instance:Instance": (
        "a public address",
        "clients of {users} lose the address that they know",
    ),
    "tencentcloud:Eni/instance:Instance": ("a network interface", "{users} lose the addresses on it"),
    "tencentcloud:Vpc/bandwidthPackage:BandwidthPackage": (
        "a bandwidth package",
        "{users} lose their bandwidth to the internet",
    ),
}
"""Kinds of resources whose id other resources name: what the resource is, and the effect of its loss on the
clients of its users. The loss of a VPC has a rule of its own."""


@plan_rule(IN_USE)
def still_in_use(plan: Plan) -> Iterator[Finding]:
    """Report each lost resource that other resources still name."""
    yield from _by_id(plan)
    yield from _by_name(plan)


def _by_id(plan: Plan) -> Iterator[Finding]:
    lost = [
        step
        for step in plan.steps
        if step.type in _KINDS and step.op.ends and not step.left and not _is_replaced_subnet(step)
    ]
    users = _Users(plan, lost)
    for step in lost:
        behind = users.of(step)
        if behind:
            finding = replace(_finding(step, behind), urn=step.urn)
            renewed = (
                step.type == resource_types.CERTIFICATE
                and step.op is Op.REPLACE
                and not users.keep(step, behind)
            )
            yield warned(finding) if renewed else finding


def _is_replaced_subnet(step: Step) -> bool:
    """Whether the resource is a subnet whose loss another rule reports."""
    return step.type == resource_types.SUBNET and step.op is Op.REPLACE


def _finding(step: Step, behind: Sequence[Step]) -> Finding:
    names = ", ".join(dict.fromkeys(map(_named, behind)))
    kind, effect = _KINDS[step.type]
    addresses = ", ".join([*texts(step.state.get("clbVips")), *texts([step.state.get("publicIp")])])
    return IN_USE.finding(
        step.name,
        f"{step.ending}: {kind}{f' with address {addresses}' if addresses else ''}, named by {names}",
        value=step.id,
        why=effect.format(users=names),
        todo="go back to the old value" if step.op is Op.REPLACE else "keep it in the program",
        intended=f"make a second one beside it, move {names} and their clients to it, and remove this one"
        " afterwards",
    )


def _named(step: Step) -> str:
    return (
        kubernetes_name(step)
        if step.type.startswith("kubernetes:")
        else f"{step.type.rsplit(':', 1)[-1]} {step.name}"
    )


class _Users:
    """The resources of a plan that name lost resources, by id and by URN of the lost resource."""

    def __init__(self, plan: Plan, lost: Sequence[Step]) -> None:
        ids = frozenset(step.id for step in lost if step.id)
        urns = frozenset(step.urn for step in lost)
        self._places: dict[str, int] = {}
        self._before: defaultdict[str, list[Step]] = defaultdict(list)
        self._after: defaultdict[str, list[Step]] = defaultdict(list)
        self._by_source: defaultdict[str, list[Step]] = defaultdict(list)
        for place, step in enumerate(plan.steps if lost else ()):
            if step.custom and step.op is not Op.DELETE and not _is_memory(step):
                self._places[step.urn] = place
                for name in _names_in(step.old, step.state, among=ids):
                    self._before[name].append(step)
                for name in _names_in(step.new, among=ids):
                    self._after[name].append(step)
                for urn in urns & step.all_sources:
                    self._by_source[urn].append(step)

    def of(self, lost: Step) -> list[Step]:
        """Return the users of a lost resource; for a load balancer also the former users, because they cannot
        move."""
        found = [*self._after[lost.id], *self._by_source[lost.urn]]
        if lost.op is Op.REPLACE or lost.type == resource_types.LOAD_BALANCER:
            found += self._before[lost.id]
        users = {step.urn: step for step in found if step.urn != lost.urn}
        return sorted(users.values(), key=lambda step: self._places[step.urn])

    def keep(self, lost: Step, users: Sequence[Step]) -> bool:
        """Whether a user keeps the old id after the change; other users get the new id in the same update."""
        return any(user in users for user in self._after[lost.id])


_NAMED = {
    "Secret": "its certificate",
    "Service": "the pods behind this Service",
    "TkeServiceConfig": "its session, scheduler and health check settings",
}
"""Kinds of objects that a Service or an Ingress names by name, in the same namespace, and the loss."""


def _by_name(plan: Plan) -> Iterator[Finding]:
    """Report lost Secrets, Services and listener configurations that a Service or an Ingress names."""
    fronts = [
        step for step in plan.steps if load_balancer_sources(step) and step.op is not Op.DELETE and step.new
    ]
    for step in plan.steps:
        if kind_of(step.type) not in _NAMED or not step.op.ends or step.left:
            continue
        place = _place(step.old)
        behind = [
            front
            for front in fronts
            if _place(front.new)[0] == place[0] and place[1] in _named_by(front.new, kind_of(step.type))
        ]
        if place[1] and behind:
            yield _lost_object(step, ", ".join(dict.fromkeys(map(kubernetes_name, behind))))


def _lost_object(step: Step, names: str) -> Finding:
    remade = step.op is Op.REPLACE and _place(step.new) == _place(step.old)
    what = _NAMED[kind_of(step.type)]
    finding = IN_USE.finding(
        step.name,
        "would be"
        f" {'replaced under its name, so it is deleted first' if remade else 'deleted'}; named"
        f" by {names}",
        value=f"{kind_of(step.type)} {'/'.join(_place(step.old))}",
        why=f"{names} loses {what}: TKE reports an error for it, and clients may get no answer"
        + (" or another certificate" if kind_of(step.type) == "Secret" else ""),
        todo="keep it in the program" if step.op is Op.DELETE else "go back to the old value",
        intended=f"give {names} another one first, and remove this one afterwards",
    )
    finding = replace(finding, urn=step.urn)
    return warned(finding) if remade else finding


def _place(props: Props) -> tuple[str, str]:
    name, namespace = at(props, "metadata", "name"), at(props, "metadata", "namespace")
    return namespace if isinstance(namespace, str) else "default", (
        name if isinstance(name, str) and not unknown(name) else ""
    )


def _named_by(props: Props, kind: str) -> set[str]:
    """Names of backend Services of an Ingress; names of Secrets and listener configurations in the
    annotations and the TLS section of a Service or an Ingress."""
    if kind == "Service":
        return backend_services(props)
    given = annotations_of(props)
    annotations = {} if unknown(given) else {key: value for key, value in given.items() if key in _NAMING}
    return _names_in(annotations, [at(entry, "secretName") for entry in items(at(props, "spec", "tls"))])


_NAMING = (keys.SERVICE_CONFIG, keys.SERVICE_PROTOCOLS, "ingress.cloud.tencent.com/tke-service-config")


def _is_memory(step: Step) -> bool:
    """Whether the resource belongs to this library and only stores properties of other resources."""
    return step.type.startswith("pulumi-python:dynamic/tke-hybrid:") and step.type != resource_types.SWITCH


def _names_in(*values: Any, among: frozenset[str] | None = None) -> set[str]:
    """All texts in the values, and the parts of comma lists and JSON. Only whole texts count, so no id is
    found inside another id. `among`: only these texts."""
    found: set[str] = set()
    waiting = list(values)
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
        elif isinstance(value, str) and not unknown(value):
            names = {value, *map(str.strip, value.split(","))}
            found.update(names if among is None else among.intersection(names))
            waiting += _parsed(value)
    return found


def _parsed(text: str) -> list[Any]:
    """The value of a text that is a JSON object or list."""
    if text[:1] not in ("{", "["):
        return []
    try:
        return [json.loads(text)]
    except (ValueError, RecursionError):
        return []


@plan_rule(LISTENERS, LISTENER_TAKEN)
def _too_many_listeners(plan: Plan) -> Iterator[Finding]:
    """Report each load balancer whose listeners become more, and more than a load balancer takes, and each
    listener that two Services want."""
    for balancer, users in _by_balancer(plan).items():
        before = {listener for step in users for listener in _listeners(step, step.old)}
        after = {listener for step in users for listener in _listeners(step, step.new)}
        changing = next((step for step in users if step.op.changes), None)
        if changing is not None and len(after) > len(before):
            owner = f"load balancer {balancer}" if balancer.startswith("lb-") else "its load balancer"
            names = ", ".join(_named(step) for step in users if step.new)
            yield from listener_findings(changing.name, len(after), f"{owner}, for {names}")
        if changing is not None:
            yield from _taken(balancer, [step for step in users if load_balancer_source(step) is On.SERVICE])


def _taken(balancer: str, services: Sequence[Step]) -> Iterator[Finding]:
    first: dict[tuple[str, str], Step] = {}
    for step in services:
        for listener in sorted(_listeners(step, step.new)):
            other = first.setdefault(listener, step)
            both = all(listener in _listeners(each, each.old) for each in (step, other))
            if other is not step and not both:
                finding = LISTENER_TAKEN.finding(
                    f"{step.name}.spec.ports",
                    f"on load balancer {balancer} is also a port of {_named(other)}",
                    value=" ".join(listener),
                    why="certain, when it is applied: a listener sends to the pods of one Service, so TKE"
                    " reports an error for the other, and its clients get no answer, or other pods",
                    todo="give the Services different ports",
                )
                yield replace(finding, urn=step.urn)


def _by_balancer(plan: Plan) -> Mapping[str, list[Step]]:
    """Resources with listeners, by the id of an existing load balancer, else by the object whose load
    balancer TKE creates."""
    found: dict[str, list[Step]] = {}
    for step in plan.steps:
        props = step.new or step.old
        if step.op is Op.LEAVE or not _listeners(step, props):
            continue
        balancer = (
            props.get("clbId") if step.type == resource_types.LISTENER else existing_balancer(step, props)
        )
        key = balancer if isinstance(balancer, str) and not unknown(balancer) else step.urn
        found.setdefault(key, []).append(step)
    return found


def _listeners(step: Step, props: Props) -> set[tuple[str, str]]:
    """(protocol, port) of each listener that the resource makes on its load balancer."""
    if step.type == resource_types.LISTENER:
        return {(str(props.get("protocol")), str(props.get("port")))} if props else set()
    if not may_have_balancer(step, props):
        return set()
    source = load_balancer_source(step)
    if source is On.SERVICE:
        ports = items(at(props, "spec", "ports"))
        return {
            ("UDP" if at(port, "protocol") == "UDP" else "TCP", port_text(at(port, "port"))) for port in ports
        }
    return listeners_of_ingress(props) if source is On.INGRESS else set()
