"""Services and Ingresses of a plan: which of them have a load balancer, and which one."""

from collections.abc import Mapping
from typing import Any

from pulumi_tke_hybrid.tke import keys
from pulumi_tke_hybrid.tke.known_annotations import On
from pulumi_tke_hybrid.tke.step import Props, Step, at, below, mapping, unknown

_KUBERNETES, _PATCH = "kubernetes:", "Patch"
_CLASSES = (None, "", keys.INGRESS_CLASS)
"""Ingress classes whose load balancer TKE makes; an Ingress without a class is TKE's too. 457/56112."""


def front_of(step: Step) -> On | None:
    """Whether the step is a Service or an Ingress of any API version, a Patch of one included; None for anything else."""
    parts = step.type.split(":")
    if len(parts) != 3 or f"{parts[0]}:" != _KUBERNETES:
        return None
    return _FRONTS.get((parts[1].partition("/")[0], parts[2].removesuffix(_PATCH)))


_FRONTS = {("core", "Service"): On.SERVICE, ("networking.k8s.io", "Ingress"): On.INGRESS, ("extensions", "Ingress"): On.INGRESS}
"""By API group and kind: other groups have a Service of their own (Knative)."""


def is_patch(step: Step) -> bool:
    """Whether the resource writes some fields of an object that others made; its deletion takes these fields away."""
    return step.type.startswith(_KUBERNETES) and step.type.endswith(_PATCH)


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


def may_have_balancer(step: Step, props: Props) -> bool:
    """Whether a load balancer of TKE's belongs to the object, or may: what is not known counts."""
    if not props:
        return False
    if front_of(step) is On.INGRESS:
        return unknown(ingress_class(props)) or ingress_class(props) in _CLASSES
    kind = below(props, "spec", "type")
    return kind == "LoadBalancer" or unknown(kind) or (kind is None and is_patch(step))


_INTERNAL = {On.SERVICE: keys.SERVICE_INTERNAL_SUBNET, On.INGRESS: keys.INGRESS_INTERNAL_SUBNET}
_EXISTING = {On.SERVICE: keys.SERVICE_EXISTING_LB, On.INGRESS: keys.INGRESS_EXISTING_LB}


def internal_subnet(step: Step, props: Props) -> Any:
    """The subnet of an internal load balancer that TKE makes; None for a public one."""
    on = front_of(step)
    return None if on is None else annotation(props, _INTERNAL[on]) or None


def existing_balancer(step: Step, props: Props) -> Any:
    """The id of the load balancer that the object names; None where TKE makes one."""
    on = front_of(step)
    return None if on is None else annotation(props, _EXISTING[on]) or None


def called(step: Step) -> str:
    """`Service default/front`, as people find it in the cluster."""
    props: Mapping[str, Any] = step.new or step.old
    name, namespace = at(props, "metadata", "name"), at(props, "metadata", "namespace")
    kind = step.type.rsplit(":", 1)[-1]
    if not isinstance(name, str) or unknown(name):
        return f"{kind} {step.name}"
    space = namespace if isinstance(namespace, str) and not unknown(namespace) else "default"
    return f"{kind} {space}/{name}"
