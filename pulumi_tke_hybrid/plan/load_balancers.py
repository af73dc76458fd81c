"""Services and Ingresses of a plan: which of them have a load balancer, and which one.

Listeners of one load balancer."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pulumi_tke_hybrid.plan import resource_types
from pulumi_tke_hybrid.plan.model import Op, Plan, Step
from pulumi_tke_hybrid.tke import keys
from pulumi_tke_hybrid.tke.annotations import On
from pulumi_tke_hybrid.tke.rule import Finding
from pulumi_tke_hybrid.tke.rules.load_balancers import listener_findings
from pulumi_tke_hybrid.tke.values import Props, at, below, items, mapping, unknown

_PATCH = "Patch"
_CLASSES = (None, "", keys.INGRESS_CLASS)
"""Ingress classes whose load balancer TKE makes; an Ingress without a class is TKE's too. 457/56112."""


def front_of(step: Step) -> On | None:
    """Whether the step is a Service or an Ingress of any API version, a Patch of one included; None for
    anything else."""
    group, _, kind = resource_types.kubernetes_kind(step.type)
    return _FRONTS.get((group, kind.removesuffix(_PATCH)))


_FRONTS = {
    ("core", "Service"): On.SERVICE,
    ("networking.k8s.io", "Ingress"): On.INGRESS,
    ("extensions", "Ingress"): On.INGRESS,
}
"""By API group and kind: other groups have a Service of their own (Knative)."""


def fronts_of(step: Step) -> tuple[On, ...]:
    """Whose annotations the object may have: a Service's, an Ingress's, both on another kind with TKE's
    annotations, else none."""
    on = front_of(step)
    return (on,) if on is not None else (On.SERVICE, On.INGRESS) if is_front(step) else ()


def kind_of(step: Step) -> str:
    """Kubernetes' name of the kind, as people know it; empty for what is no object of Kubernetes."""
    return resource_types.kubernetes_kind(step.type)[2].removesuffix(_PATCH)


def is_patch(step: Step) -> bool:
    """Whether the resource writes some fields of an object that others made; its deletion takes these fields
    away."""
    return resource_types.is_patch(step.type)


def annotations_of(props: Props) -> Any:
    """The object's annotations: a mapping, or unknown."""
    found = below(props, "metadata", "annotations")
    return found if unknown(found) else mapping(found)


def annotation(props: Props, key: str) -> Any:
    """One annotation; unknown also where the annotations as a whole are."""
    return below(props, "metadata", "annotations", key)


def ingress_class(props: Props) -> Any:
    """The class of an Ingress, by its annotation or its field."""
    named = annotation(props, keys.INGRESS_CLASS_KEY)
    return below(props, "spec", "ingressClassName") if named in (None, "") else named


def is_front(step: Step) -> bool:
    """Whether the step is a Service, an Ingress, or another object of Kubernetes with TKE's annotations of
    load balancers."""
    if front_of(step) is not None:
        return True
    return step.type.startswith("kubernetes:") and any(map(_of_balancers, (step.old, step.new)))


def _of_balancers(props: Props) -> bool:
    given = mapping(annotations_of(props))
    return any(key in _BALANCER_KEYS or key.startswith(_BALANCER_PREFIXES) for key in given)


_BALANCER_KEYS = frozenset(
    (keys.SERVICE_KEYS | keys.INGRESS_KEYS) - {keys.SERVICE_LOCAL_NODES, keys.INGRESS_CLASS_KEY}
)
_BALANCER_PREFIXES = (
    "service.cloud.tencent.com/",
    "ingress.cloud.tencent.com/",
    "service.kubernetes.io/qcloud-",
    "kubernetes.io/ingress.qcloud",
)
_DIRECT = {On.SERVICE: (keys.SERVICE_DIRECT_ACCESS,), On.INGRESS: (keys.INGRESS_DIRECT_ACCESS,)}


def direct_keys(step: Step) -> tuple[str, ...]:
    """TKE's annotations of direct access that the object can have."""
    on = front_of(step)
    return (keys.SERVICE_DIRECT_ACCESS, keys.INGRESS_DIRECT_ACCESS) if on is None else _DIRECT[on]


def existing_keys(step: Step) -> tuple[str, ...]:
    """TKE's annotations that name a load balancer of the user's own, on the object."""
    on = front_of(step)
    return tuple(_EXISTING.values()) if on is None else (_EXISTING[on],)


def may_have_balancer(step: Step, props: Props) -> bool:
    """Whether a load balancer of TKE's belongs to the object, or may: what is not known counts."""
    if not props:
        return False
    if front_of(step) is On.INGRESS:
        return unknown(ingress_class(props)) or ingress_class(props) in _CLASSES
    if front_of(step) is None:
        return _of_balancers(props)
    kind = below(props, "spec", "type")
    return kind == "LoadBalancer" or unknown(kind) or (kind is None and is_patch(step))


_INTERNAL = {On.SERVICE: keys.SERVICE_INTERNAL_SUBNET, On.INGRESS: keys.INGRESS_INTERNAL_SUBNET}
_EXISTING = {On.SERVICE: keys.SERVICE_EXISTING_LB, On.INGRESS: keys.INGRESS_EXISTING_LB}


def internal_subnet(step: Step, props: Props) -> Any:
    """The subnet of an internal load balancer that TKE makes; None for a public one."""
    return next((found for on in fronts_of(step) if (found := annotation(props, _INTERNAL[on]))), None)


def existing_balancer(step: Step, props: Props) -> Any:
    """The id of the load balancer that the object names; None where TKE makes one."""
    return next((found for on in fronts_of(step) if (found := annotation(props, _EXISTING[on]))), None)


def called(step: Step) -> str:
    """`Service default/front`, as people find it in the cluster."""
    props: Mapping[str, Any] = step.new or step.old
    name, namespace = at(props, "metadata", "name"), at(props, "metadata", "namespace")
    kind = step.type.rsplit(":", 1)[-1]
    if not isinstance(name, str) or unknown(name):
        return f"{kind} {step.name}"
    space = namespace if isinstance(namespace, str) and not unknown(namespace) else "default"
    return f"{kind} {space}/{name}"


def findings(plan: Plan) -> Iterator[Finding]:
    """For each load balancer of a plan that gets more listeners than it takes, and had fewer of them
    before."""
    for name, users in _by_balancer(plan).items():
        before, after = (
            len({listener for step, side in sides for listener in side(step)}) for sides in _both(users)
        )
        if after > before and any(step.op.changes for step in users):
            path = next(step.name for step in users if step.op.changes)
            whose = f"load balancer {name}" if name.startswith("lb-") else "its load balancer"
            names = ", ".join(_named(step) for step in users if step.new)
            yield from listener_findings(path, after, f"{whose}, for {names}")


def _both(users: list[Step]) -> tuple[list[tuple[Step, Any]], list[tuple[Step, Any]]]:
    return [(step, _before) for step in users], [(step, _after) for step in users]


def _before(step: Step) -> set[tuple[str, str]]:
    return _listeners(step, step.old)


def _after(step: Step) -> set[tuple[str, str]]:
    return _listeners(step, step.new)


def _named(step: Step) -> str:
    return called(step) if step.type.startswith("kubernetes:") else f"Listener {step.name}"


def _by_balancer(plan: Plan) -> Mapping[str, list[Step]]:
    """What makes listeners, by the id of a load balancer that exists, or by the object whose load balancer
    TKE makes."""
    found: dict[str, list[Step]] = {}
    for step in plan.steps:
        if step.op is Op.LEAVE or not _listeners(step, step.new or step.old):
            continue
        props = step.new or step.old
        name = props.get("clbId") if step.type == resource_types.LISTENER else existing_balancer(step, props)
        key = name if isinstance(name, str) and not unknown(name) else step.urn
        found.setdefault(key, []).append(step)
    return found


def _listeners(step: Step, props: Props) -> set[tuple[str, str]]:
    """(protocol, port) of each listener that the resource makes on its load balancer."""
    if step.type == resource_types.LISTENER:
        return {(str(props.get("protocol")), str(props.get("port")))} if props else set()
    if not may_have_balancer(step, props):
        return set()
    if front_of(step) is On.SERVICE:
        ports = items(at(props, "spec", "ports"))
        return {
            ("UDP" if at(port, "protocol") == "UDP" else "TCP", _whole(at(port, "port"))) for port in ports
        }
    return _of_ingress(props) if (front_of(step) is On.INGRESS) else set()


def _of_ingress(props: Props) -> set[tuple[str, str]]:
    stated = annotation(props, "ingress.cloud.tencent.com/listen-ports")
    if isinstance(stated, str) and stated and not unknown(stated):
        try:
            return {
                (str(kind), _whole(port))
                for entry in items(json.loads(stated))
                for kind, port in dict(entry).items()
            }
        except (ValueError, TypeError, RecursionError):
            return set()
    return {("HTTP", "80"), ("HTTPS", "443")} if items(at(props, "spec", "tls")) else {("HTTP", "80")}


def _whole(port: Any) -> str:
    return str(int(port)) if isinstance(port, float) else str(port)
