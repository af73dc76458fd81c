"""Objects that hold pods, recognised by their pod templates, and load balancers' sources, recognised by type and annotations."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pulumi_tke_hybrid.tke import keys, tokens
from pulumi_tke_hybrid.tke.pods import needs_eni, requested_network
from pulumi_tke_hybrid.tke.resource_types import canonical, kubernetes_kind
from pulumi_tke_hybrid.tke.step import Props, at, items, mapping, unknown

TemplatePath = tuple[str | int, ...]
"""Where a pod template is in an object's inputs, e.g. `("spec", "template")`; empty: the object is a pod itself."""

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
"""Kubernetes' own holders of pods by API group and kind. Kubernetes API reference, workload resources."""
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


def is_built_in(token: str) -> bool:
    """Whether the kind is one of Kubernetes itself: the domain of its API group is `k8s.io`, or the group has none."""
    group, _, kind = kubernetes_kind(token)
    return bool(kind) and ("." not in group or group.endswith(".k8s.io")) and group not in _TOOLS


_TOOLS = ("yaml", "kustomize")


@dataclass(frozen=True)
class Holder:
    """One pod template of an object, as it was or as it will be."""

    type: str
    """Canonical token of the object."""
    props: Props
    """Inputs of the object."""
    path: TemplatePath

    @property
    def kind(self) -> str:
        """Kubernetes' name of the kind, e.g. `StatefulSet`; a patch has that of its object."""
        return kubernetes_kind(self.type)[2].removesuffix("Patch")

    @property
    def template(self) -> Props:
        """The pod template; empty where it is missing or not known."""
        return mapping(_below(self.props, *self.path))

    def annotation(self, key: str) -> Any:
        """One annotation of the pods; None where it is missing, unknown where something above it is not known."""
        return _below(self.props, *self.path, "metadata", "annotations", key)

    @property
    def network(self) -> Any:
        """The networks of VPC-CNI that the pods select, by annotation, else by resource; empty: GlobalRouter alone; or unknown."""
        stated = self.annotation(keys.NETWORKS)
        return stated or requested_network(self.template)

    @property
    def needs_eni(self) -> bool:
        """Whether the pods have addresses of container subnets, as far as it is known."""
        return needs_eni(self.template)

    @property
    def on_each_node(self) -> bool:
        """Whether each node runs one of the pods."""
        return self.kind in _ON_EACH_NODE

    @property
    def pods(self) -> int | None:
        """How many pods run at the same time.

        `spec.replicas`, or 1 where the kind takes 1 for none; the parallelism of a job. None: not known, or not said by the object.
        """
        if self.on_each_node:
            return None
        if self.path == ():
            return 1
        if self.kind in ("Job", "CronJob"):
            return _count(_below(self.props, *self.path[:-1], "parallelism"), 1)
        return _count(_below(self.props, "spec", "replicas"), 1 if self.kind in _ONE_BY_DEFAULT else None)


def holders(token: str, props: Props) -> list[Holder]:
    """Every pod template in an object's inputs. `token` may be of any package or API version."""
    type_ = canonical(token, props)
    return [Holder(type_, props, path) for path in template_paths(type_, props)]


def template_paths(token: str, *sides: Props) -> list[TemplatePath]:
    """Where the pod templates of an object are, in any of its sides (before, after).

    Kubernetes' own kinds have one fixed place. In others every object below a key that ends with `template`, or below a list, counts
    that has `spec.containers`, and every template whose annotations have keys of TKE's pods.
    """
    if not token.startswith("kubernetes:"):
        return []
    type_ = canonical(token, next(filter(None, sides), {}))
    group, _, kind = kubernetes_kind(type_)
    fixed = _BUILT_IN.get((group, kind.removesuffix("Patch")))
    if fixed is not None:
        return [fixed]
    if is_built_in(type_):
        return []
    return list(dict.fromkeys(path for side in sides for path in _search(side, ())))


def _search(value: object, path: TemplatePath) -> Iterator[TemplatePath]:
    if len(path) > _DEEPEST:
        return
    if path and _is_template(value, path[-1]):
        yield path
        return
    for key, item in mapping(value).items():
        yield from _search(item, (*path, key))
    for index, item in enumerate(items(value)):
        yield from _search(item, (*path, index))


def _is_template(value: object, key: str | int) -> bool:
    if isinstance(at(value, "spec", "containers"), list):
        return True
    named = isinstance(key, str) and key.lower().endswith("template")
    return named and not keys.POD_KEYS.isdisjoint(mapping(at(value, "metadata", "annotations")))


def _below(props: object, *path: str | int) -> Any:
    """The value at a path that may lead through lists; what lies below something unknown is unknown too."""
    found: Any = props
    for key in path:
        if unknown(found):
            return found
        if isinstance(key, int):
            listed = items(found)
            found = listed[key] if key < len(listed) else None
        else:
            found = at(found, key)
    return found


def _count(value: Any, default: int | None) -> int | None:
    if value is None:
        return default
    return int(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


_DIRECT = (keys.SERVICE_DIRECT_ACCESS, keys.INGRESS_DIRECT_ACCESS)
_EXISTING = (keys.SERVICE_EXISTING_LB, keys.INGRESS_EXISTING_LB)
_PREFIXES = ("service.cloud.tencent.com/", "ingress.cloud.tencent.com/", "service.kubernetes.io/qcloud-", "kubernetes.io/ingress.qcloud")
_BALANCER_KEYS = frozenset(
    {*_DIRECT, *_EXISTING, *(keys.SERVICE_KEYS - {keys.SERVICE_LOCAL_NODES}), *(keys.INGRESS_KEYS - {keys.INGRESS_CLASS_KEY})}
)


def kind_of(token: str) -> str:
    """Kubernetes' name of the kind, without `Patch`; empty for what is no object of Kubernetes."""
    return kubernetes_kind(token)[2].removesuffix("Patch")


def is_ingress(token: str) -> bool:
    """Whether the kind is Kubernetes' Ingress, in any API version, or a patch of one."""
    return canonical(token).removesuffix("Patch") == tokens.INGRESS


def is_service(token: str) -> bool:
    """Whether the kind is Kubernetes' Service, or a patch of one."""
    return canonical(token).removesuffix("Patch") == tokens.SERVICE


def annotations(props: Props) -> Props:
    """An object's own annotations."""
    return mapping(at(props, "metadata", "annotations"))


def is_front(token: str, *sides: Props) -> bool:
    """Whether TKE makes or uses a load balancer for the object, in any of its sides (before, after).

    True for an Ingress, a Service of type LoadBalancer, and every object of Kubernetes with TKE's annotations of load balancers.
    """
    if not token.startswith("kubernetes:"):
        return False
    if is_ingress(token):
        return True
    return any(_is_front_side(token, side) for side in sides)


def _is_front_side(token: str, props: Props) -> bool:
    if is_service(token) and at(props, "spec", "type") == "LoadBalancer":
        return True
    return any(key in _BALANCER_KEYS or key.startswith(_PREFIXES) for key in annotations(props))


def direct_keys(token: str) -> Sequence[str]:
    """TKE's annotations of direct access that an object of this kind can have."""
    return (keys.SERVICE_DIRECT_ACCESS,) if is_service(token) else (keys.INGRESS_DIRECT_ACCESS,) if is_ingress(token) else _DIRECT


def existing_keys(token: str) -> Sequence[str]:
    """TKE's annotations that name a load balancer of the user's own, on an object of this kind."""
    return (keys.SERVICE_EXISTING_LB,) if is_service(token) else (keys.INGRESS_EXISTING_LB,) if is_ingress(token) else _EXISTING
