"""Kubernetes objects of a plan: pod templates, and the load balancers that TKE creates for Services and
Ingresses.

The functions read steps and their inputs; no function here judges a change.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pulumi_tke_hybrid.plan.model import Step, is_patch
from pulumi_tke_hybrid.plan.resource_types import canonical, kubernetes_kind
from pulumi_tke_hybrid.tke import keys
from pulumi_tke_hybrid.tke.annotations import On
from pulumi_tke_hybrid.tke.enis import needs_eni, requested_network
from pulumi_tke_hybrid.tke.objects import Props, at, below, items, mapping, unknown, whole

TemplatePath = tuple[str | int, ...]
"""Path of a pod template in an object's inputs, e.g. `("spec", "template")`; empty: the object is a pod."""

_TEMPLATE: TemplatePath = ("spec", "template")
_JOB_TEMPLATE: TemplatePath = ("spec", "jobTemplate", "spec", "template")
_BUILT_IN: Mapping[tuple[str, str], TemplatePath] = {
    ("apps", "DaemonSet"): _TEMPLATE,
    ("apps", "Deployment"): _TEMPLATE,
    ("apps", "ReplicaSet"): _TEMPLATE,
    ("apps", "StatefulSet"): _TEMPLATE,
    ("batch", "CronJob"): _JOB_TEMPLATE,
    ("batch", "Job"): _TEMPLATE,
    ("core", "Pod"): (),
    ("core", "ReplicationController"): _TEMPLATE,
}
"""Kubernetes' own kinds with pods, by API group and kind. Kubernetes API reference, workload resources."""
_ONE_BY_DEFAULT = (
    "CloneSet",
    "Deployment",
    "GameDeployment",
    "GameStatefulSet",
    "ReplicaSet",
    "ReplicationController",
    "Rollout",
    "StatefulSet",
)
_ON_EACH_NODE = ("BroadcastJob", "DaemonSet")
_DEEPEST = 10


_GROUPS = (
    "admissionregistration.k8s.io", "apiextensions.k8s.io", "apiregistration", "apiregistration.k8s.io",
    "apps", "auditregistration.k8s.io", "autoscaling", "batch", "certificates.k8s.io", "coordination.k8s.io",
    "core", "discovery.k8s.io", "events.k8s.io", "extensions", "flowcontrol.apiserver.k8s.io", "meta",
    "networking.k8s.io", "node.k8s.io", "policy", "rbac.authorization.k8s.io", "resource.k8s.io",
    "scheduling.k8s.io", "settings.k8s.io", "storage.k8s.io", "storagemigration.k8s.io",
)  # fmt: skip


_TOOLS = ("helm.sh", "kustomize", "yaml", "")
"""Groups of pulumi-kubernetes for charts and lists of objects."""


def is_built_in(token: str) -> bool:
    """Whether the kind belongs to Kubernetes itself, by its API group (pulumi-kubernetes 4.25)."""
    return kubernetes_kind(token)[0] in _GROUPS


@dataclass(frozen=True)
class Holder:
    """One pod template of an object, before or after."""

    type: str
    """Canonical token of the object."""
    props: Props
    """Inputs of the object."""
    path: TemplatePath

    @property
    def kind(self) -> str:
        """The kind in Kubernetes, e.g. `StatefulSet`; a patch has the kind of its object."""
        return kind_of(self.type)

    @cached_property
    def template(self) -> Props:
        """The pod template; empty where it is missing or not known."""
        return mapping(_below(self.props, *self.path))

    @property
    def annotations(self) -> dict[str, Any]:
        """The annotations of the pods; empty where they are missing or not known."""
        return mapping(annotations_of(self.template))

    def annotation(self, key: str) -> Any:
        """One annotation of the pods; None where missing, unknown below an unknown value."""
        return _below(self.props, *self.path, "metadata", "annotations", key)

    @property
    def network(self) -> Any:
        """The VPC-CNI networks that the pods select, by annotation, else by resource; empty for GlobalRouter
        alone."""
        stated = self.annotation(keys.NETWORKS)
        return stated or requested_network(self.template)

    @property
    def needs_eni(self) -> bool:
        """Whether the pods have addresses of container subnets, if known."""
        return needs_eni(self.template)

    @property
    def on_each_node(self) -> bool:
        """Whether every node runs a pod of the template."""
        return self.kind in _ON_EACH_NODE

    @property
    def pods(self) -> int | None:
        """Number of pods at the same time: `spec.replicas` or the kind's default, the parallelism of a job;
        None where not known."""
        if self.on_each_node:
            return None
        if self.path == ():
            return 1
        if self.kind in ("Job", "CronJob"):
            stated: Any = _below(self.props, *self.path[:-1], "parallelism")
            return 1 if stated is None else whole(stated)
        stated = below(self.props, "spec", "replicas")
        return 1 if stated is None and self.kind in _ONE_BY_DEFAULT else whole(stated)


def holders(token: str, props: Props) -> list[Holder]:
    """All pod templates in an object's inputs. `token` may be of any package or API version."""
    type_ = canonical(token, props)
    return [Holder(type_, props, path) for path in template_paths(type_, props)]


def template_paths(token: str, *sides: Props) -> list[TemplatePath]:
    """Paths of the pod templates of an object, before or after.

    Kubernetes' own kinds have one fixed path. In other kinds a template is an object below a key that ends
    with `template`, or below a list, if it has `spec.containers` or annotations with pod keys of TKE.
    """
    if not token.startswith("kubernetes:"):
        return []
    type_ = canonical(token, next(filter(None, sides), None))
    group, _, kind = kubernetes_kind(type_)
    fixed = _BUILT_IN.get((group, kind.removesuffix("Patch")))
    if fixed is not None:
        return [fixed]
    if is_built_in(type_) or group in _TOOLS:
        return []
    return list(dict.fromkeys(path for side in sides for path in _search(side, ())))


def _search(value: object, path: TemplatePath) -> Iterator[TemplatePath]:
    if len(path) > _DEEPEST:
        return
    if path and _is_template(value, path[-1]):
        yield path
        return
    parts: list[tuple[str | int, Any]] = [*mapping(value).items(), *enumerate(items(value))]
    for key, item in parts:
        yield from _search(item, (*path, key))


def _is_template(value: object, key: str | int) -> bool:
    if isinstance(at(value, "spec", "containers"), list):
        return True
    named = isinstance(key, str) and key.lower().endswith("template")
    return named and not keys.POD_KEYS.isdisjoint(mapping(at(value, "metadata", "annotations")))


def _below(props: object, *path: str | int) -> Any:
    """The value at a path that may lead through lists; unknown below an unknown value."""
    found: Any = props
    for key in path:
        if isinstance(found, str) and unknown(found):
            return found
        if isinstance(key, int):
            listed = items(found)
            found = listed[key] if key < len(listed) else None
        else:
            found = at(found, key)
    return found


def kind_of(token: str) -> str:
    """The kind in Kubernetes without `Patch`; empty for other resources."""
    return kubernetes_kind(token)[2].removesuffix("Patch")


_CLASSES = (None, "", keys.INGRESS_CLASS)
"""Ingress classes whose load balancer TKE creates; an Ingress without a class belongs to TKE too.
457/56112."""


def load_balancer_source(step: Step) -> On | None:
    """Return SERVICE or INGRESS for these kinds of any API version, patches included; None for other
    kinds."""
    group, _, kind = kubernetes_kind(step.type)
    return _FRONTS.get((group, kind.removesuffix("Patch")))


_FRONTS = {
    ("core", "Service"): On.SERVICE,
    ("networking.k8s.io", "Ingress"): On.INGRESS,
    ("extensions", "Ingress"): On.INGRESS,
}
"""By API group and kind: other groups have other Services (Knative)."""


def load_balancer_sources(step: Step) -> tuple[On, ...]:
    """Return the kinds whose annotations the object may have: its own, both for another kind with TKE's
    annotations of load balancers, else none."""
    on = load_balancer_source(step)
    if on is not None:
        return (on,)
    of_tke = step.type.startswith("kubernetes:") and any(map(_of_balancers, (step.old, step.new)))
    return (On.SERVICE, On.INGRESS) if of_tke else ()


def annotations_of(props: Props) -> Any:
    """The object's annotations: a mapping, or an unknown value."""
    found = below(props, "metadata", "annotations")
    return found if unknown(found) else mapping(found)


def annotation(props: Props, key: str) -> Any:
    """One annotation; unknown where all annotations are unknown."""
    return below(props, "metadata", "annotations", key)


def comma_list(value: Any) -> list[str] | None:
    """The parts of an annotation that is a comma list; None where the annotation is not known."""
    if unknown(value):
        return None
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else []


def ingress_class(props: Props) -> Any:
    """The class of an Ingress, by its annotation or its field."""
    named = annotation(props, keys.INGRESS_CLASS_KEY)
    return below(props, "spec", "ingressClassName") if named in (None, "") else named


def is_load_balancer_source(step: Step) -> bool:
    """Whether the step is a Service, an Ingress, or another Kubernetes object with TKE's annotations of load
    balancers."""
    return bool(load_balancer_sources(step))


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
DIRECT = {On.SERVICE: keys.SERVICE_DIRECT_ACCESS, On.INGRESS: keys.INGRESS_DIRECT_ACCESS}
INTERNAL = {On.SERVICE: keys.SERVICE_INTERNAL_SUBNET, On.INGRESS: keys.INGRESS_INTERNAL_SUBNET}
EXISTING = {On.SERVICE: keys.SERVICE_EXISTING_LB, On.INGRESS: keys.INGRESS_EXISTING_LB}
"""TKE's annotations by kind: direct access, the subnet of an internal load balancer, the load balancer of the
user."""


def may_have_balancer(step: Step, props: Props) -> bool:
    """Whether TKE creates a load balancer for the object, or may: unknown values count."""
    if not props:
        return False
    if load_balancer_source(step) is On.INGRESS:
        return unknown(ingress_class(props)) or ingress_class(props) in _CLASSES
    if load_balancer_source(step) is None:
        return _of_balancers(props)
    kind = below(props, "spec", "type")
    return kind == "LoadBalancer" or unknown(kind) or (kind is None and is_patch(step.type))


def internal_subnet(step: Step, props: Props) -> Any:
    """The subnet of an internal load balancer that TKE creates; None for a public load balancer."""
    return _first_annotation(step, props, INTERNAL)


def existing_balancer(step: Step, props: Props) -> Any:
    """The id of the load balancer that the object names; None where TKE creates the load balancer."""
    return _first_annotation(step, props, EXISTING)


def _first_annotation(step: Step, props: Props, keys_: Mapping[On, str]) -> Any:
    return next(
        (found for on in load_balancer_sources(step) if (found := annotation(props, keys_[on]))), None
    )


def backend_services(props: Props) -> set[str]:
    """The names of the Services of an Ingress, without names that are not known."""
    rules = items(below(props, "spec", "rules"))
    paths = [path for each in rules for path in items(at(each, "http", "paths"))]
    backends = [below(props, "spec", "defaultBackend"), *(at(path, "backend") for path in paths)]
    return {name for backend in backends if (name := service_of(backend))}


def service_of(backend: Any) -> str:
    """The name of a backend's Service, in both shapes of the API; empty where not known."""
    name = at(backend, "service", "name") or at(backend, "serviceName")
    return name if isinstance(name, str) and not unknown(name) else ""


def port_text(port: Any) -> str:
    """A port as text: a preview may have 80.0 for 80."""
    number = whole(port)
    return str(port if number is None else number)


def listeners_of_ingress(props: Props) -> set[tuple[str, str]]:
    """(protocol, port) of each listener of an Ingress; none where TKE cannot read the annotation of ports."""
    stated = annotation(props, keys.INGRESS_LISTEN_PORTS)
    if isinstance(stated, str) and stated and not unknown(stated):
        try:
            return {
                (str(kind), port_text(port))
                for entry in items(json.loads(stated))
                for kind, port in dict(entry).items()
            }
        except (ValueError, TypeError, RecursionError):
            return set()
    return {("HTTP", "80"), ("HTTPS", "443")} if items(at(props, "spec", "tls")) else {("HTTP", "80")}


def kubernetes_name(step: Step) -> str:
    """`Service default/front`: kind, namespace and name in the cluster."""
    props: Mapping[str, Any] = step.new or step.old
    name, namespace = at(props, "metadata", "name"), at(props, "metadata", "namespace")
    kind = step.type.rsplit(":", 1)[-1]
    if not isinstance(name, str) or unknown(name):
        return f"{kind} {step.name}"
    space = namespace if isinstance(namespace, str) and not unknown(namespace) else "default"
    return f"{kind} {space}/{name}"
