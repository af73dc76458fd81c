"""Services and Ingresses of a plan: which of them have a load balancer, and which one."""

from collections.abc import Mapping
from typing import Any

from pulumi_tke_hybrid.tke import keys, resource_types
from pulumi_tke_hybrid.tke.known_annotations import On
from pulumi_tke_hybrid.tke.step import Step
from pulumi_tke_hybrid.tke.values import Props, at, below, mapping, unknown

_PATCH = "Patch"
_CLASSES = (None, "", keys.INGRESS_CLASS)
"""Ingress classes whose load balancer TKE makes; an Ingress without a class is TKE's too. 457/56112."""


def front_of(step: Step) -> On | None:
    """Whether the step is a Service or an Ingress of any API version, a Patch of one included; None for anything else."""
    group, _, kind = resource_types.kubernetes_kind(step.type)
    return _FRONTS.get((group, kind.removesuffix(_PATCH)))


_FRONTS = {("core", "Service"): On.SERVICE, ("networking.k8s.io", "Ingress"): On.INGRESS, ("extensions", "Ingress"): On.INGRESS}
"""By API group and kind: other groups have a Service of their own (Knative)."""


def fronts_of(step: Step) -> tuple[On, ...]:
    """Whose annotations the object may have: a Service's, an Ingress's, both on another kind with TKE's annotations, else none."""
    on = front_of(step)
    return (on,) if on is not None else (On.SERVICE, On.INGRESS) if is_front(step) else ()


def kind_of(step: Step) -> str:
    """Kubernetes' name of the kind, as people know it; empty for what is no object of Kubernetes."""
    return resource_types.kubernetes_kind(step.type)[2].removesuffix(_PATCH)


def is_patch(step: Step) -> bool:
    """Whether the resource writes some fields of an object that others made; its deletion takes these fields away."""
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
    """Whether the step is a Service, an Ingress, or another object of Kubernetes with TKE's annotations of load balancers."""
    if front_of(step) is not None:
        return True
    return step.type.startswith("kubernetes:") and any(map(_of_balancers, (step.old, step.new)))


def _of_balancers(props: Props) -> bool:
    given = mapping(annotations_of(props))
    return any(key in _BALANCER_KEYS or key.startswith(_BALANCER_PREFIXES) for key in given)


_BALANCER_KEYS = frozenset((keys.SERVICE_KEYS | keys.INGRESS_KEYS) - {keys.SERVICE_LOCAL_NODES, keys.INGRESS_CLASS_KEY})
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
