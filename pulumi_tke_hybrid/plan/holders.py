"""Objects that hold pods, recognised by their pod templates."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pulumi_tke_hybrid.plan.resource_types import canonical, kubernetes_kind
from pulumi_tke_hybrid.tke import keys
from pulumi_tke_hybrid.tke.enis import needs_eni, requested_network
from pulumi_tke_hybrid.tke.values import Props, at, items, mapping, unknown, whole

TemplatePath = tuple[str | int, ...]
"""Where a pod template is in an object's inputs, e.g. `("spec", "template")`; empty: the object is a pod
itself."""

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


_GROUPS = (
    "admissionregistration.k8s.io", "apiextensions.k8s.io", "apiregistration", "apiregistration.k8s.io", "apps", "auditregistration.k8s.io",
    "autoscaling", "batch", "certificates.k8s.io", "coordination.k8s.io", "core", "discovery.k8s.io", "events.k8s.io", "extensions",
    "flowcontrol.apiserver.k8s.io", "meta", "networking.k8s.io", "node.k8s.io", "policy", "rbac.authorization.k8s.io", "resource.k8s.io",
    "scheduling.k8s.io", "settings.k8s.io", "storage.k8s.io", "storagemigration.k8s.io",
)  # fmt: skip


_TOOLS = ("helm.sh", "kustomize", "yaml", "")
"""What pulumi-kubernetes has beside objects of Kubernetes: charts and lists of objects."""


def is_built_in(token: str) -> bool:
    """Whether the kind is one of Kubernetes itself, by its API group (pulumi-kubernetes 4.25); others come
    from custom resources."""
    return kubernetes_kind(token)[0] in _GROUPS


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
        """One annotation of the pods; None where it is missing, unknown where something above it is not
        known."""
        return _below(self.props, *self.path, "metadata", "annotations", key)

    @property
    def network(self) -> Any:
        """The networks of VPC-CNI that the pods select, by annotation, else by resource; empty: GlobalRouter
        alone; or unknown."""
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

        `spec.replicas`, or 1 where the kind takes 1 for none; the parallelism of a job. None: not known, or
        not said by the object.
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

    Kubernetes' own kinds have one fixed place. In others every object below a key that ends with `template`,
    or below a list, counts
    that has `spec.containers`, and every template whose annotations have keys of TKE's pods.
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
    return whole(value)


def kind_of(token: str) -> str:
    """Kubernetes' name of the kind, without `Patch`; empty for what is no object of Kubernetes."""
    return kubernetes_kind(token)[2].removesuffix("Patch")
