"""The ENI pods of the Kubernetes objects of a plan: their number at the same time, and their subnets and
zones.

The placement of the pods is in `tke.capacity`."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from pulumi_tke_hybrid.plan.kubernetes_objects import Holder, comma_list, holders
from pulumi_tke_hybrid.plan.model import Step, is_patch
from pulumi_tke_hybrid.plan.resource_types import kubernetes_kind
from pulumi_tke_hybrid.tke import keys, names
from pulumi_tke_hybrid.tke.cluster import Demand
from pulumi_tke_hybrid.tke.objects import Props, at, below, items, mapping, unknown, whole

Unknown = str
"""A sentence on a value that is not known."""

_OPAQUE = ("kubernetes:helm.sh/v3:Release",)
"""Objects whose pods no preview shows."""
_PERCENT = re.compile(r"(\d{1,6})%")
_SURGES = (
    ("strategy", "rollingUpdate", "maxSurge"),
    ("strategy", "canary", "maxSurge"),
    ("updateStrategy", "maxSurge"),
    ("updateStrategy", "rollingUpdate", "maxSurge"),
)
"""Properties with the pods that a rollout may add, of a Deployment, Argo's Rollout, Kruise's CloneSet and a
DaemonSet."""
_SURGE_BY_DEFAULT = {"Deployment": "25%", "Rollout": "25%"}
"""Defaults of `maxSurge` (Kubernetes) and `spec.strategy.canary.maxSurge` (Argo Rollouts); 0 for other
kinds."""
_GREATEST = {"HorizontalPodAutoscaler": "maxReplicas", "ScaledObject": "maxReplicaCount"}
"""Autoscalers of pods, with the property of the greatest number: Kubernetes' own, and KEDA's."""
_ZONE_LABELS = (keys.ZONE_LABEL, keys.CBS_ZONE_LABEL, "failure-domain.beta.kubernetes.io/zone")


def demands(objects: Iterable[Step], region: str) -> Iterator[Demand | Unknown]:
    """The demand of each object with ENI pods; a sentence for each value that is not known.

    Node labels and node affinities bind pods to zones. Other selectors, taints, CPU and memory are left to
    the scheduler.
    """
    steps = list(objects)
    scaled = [
        _Scaler(step, at(step.new, "spec", _GREATEST[kind]))
        for step in steps
        if (kind := kubernetes_kind(step.type)[2]) in _GREATEST
    ]
    for step in steps:
        token = step.token or step.type
        if token in _OPAQUE:
            yield f"whether {step.name} has ENI pods is not known: a Helm release shows no pods in a preview"
        for part, props in _objects(token, step.new):
            for holder in holders(part, props):
                yield from _of_holder(step, holder, scaled, region)
    for scaler in scaled:
        if scaler.target is None:
            yield f"which workload {scaler.name} scales is not known yet"


def _objects(token: str, props: Props) -> Iterator[tuple[str, Props]]:
    """(token, inputs) of an object, or of each object of a list such as `DeploymentList` or `List`."""
    kind = token.rpartition(":")[2]
    if (
        not token.startswith("kubernetes:")
        or not kind.endswith("List")
        or not isinstance(props.get("items"), list)
    ):
        yield token, props
        return
    for item in map(mapping, items(props.get("items"))):
        version = str(item.get("apiVersion") or "")
        stated = f"kubernetes:{version if '/' in version else f'core/{version}'}:{item.get('kind')}"
        yield (token.removesuffix("List") if kind != "List" else stated), item


def _of_holder(
    step: Step, holder: Holder, scalers: "Sequence[_Scaler]", region: str
) -> Iterator[Demand | Unknown]:
    network = holder.network
    if unknown(network):
        yield f"whether {step.name} has ENI pods is not known yet"
        return
    if not holder.needs_eni:
        return
    if keys.ROUTE_ENI not in str(network):
        yield f"{step.name} has pods on {network}, which are not counted"
        return
    named, bound = comma_list(holder.annotation(keys.NOMINATED_SUBNETS)), _zones(holder, region)
    if named is None or bound is None:
        yield f"the container subnets or zones that {step.name} is bound to are not known yet"
    subnets, bound = frozenset(named or ()), bound or frozenset()
    if holder.on_each_node:
        yield Demand(step.name, on_each_node=True, subnets=subnets, zones=bound)
    scaler = next((scaler for scaler in scalers if scaler.scales(step)), None)
    found = 0 if holder.on_each_node else _pods(step, holder, scaler)
    if isinstance(found, str):
        yield found
        return
    added = _surge(holder, found)
    if added is None:
        yield f"the maxSurge of {step.name} is not known yet"
    pods = found + (added or 0)
    if pods:
        yield Demand(step.name, pods, subnets=subnets, zones=bound)
    policy = at(holder.props, "spec", "concurrencyPolicy")
    if holder.kind == "CronJob" and policy not in ("Forbid", "Replace"):
        yield (
            f"how many runs of {step.name} there are at the same time is not known; its concurrencyPolicy"
            " allows several"
        )


def _pods(step: Step, holder: Holder, scaler: "_Scaler | None") -> int | Unknown:
    """Pods at the same time, without the pods that a rollout adds."""
    written = holder.pods
    if scaler is not None:
        return (
            f"how many pods {scaler.name} gives {step.name} is not known"
            if scaler.most is None
            else max(scaler.most, written or 0)
        )
    if at(holder.props, "spec", "workloadRef") is not None:
        return f"the replicas of {step.name} are those of another object, and are not counted"
    stated = below(holder.props, "spec", "replicas")
    if written is None or (is_patch(step.token or step.type) and stated is None):
        return f"the replicas of {step.name} are not known" + (" yet" if unknown(stated) else "")
    completions = whole(at(holder.props, "spec", "completions")) if holder.kind == "Job" else None
    return written if completions is None else min(written, completions)


def _surge(holder: Holder, pods: int) -> int | None:
    """Pods that a rollout adds, at most `pods`; None: not known."""
    spec: Any = at(holder.props, "spec")
    kind = below(spec, "strategy", "type")
    if kind == "Recreate":
        return 0
    if at(spec, "strategy", "blueGreen") is not None:
        return pods  # old and new pods run side by side until the switch
    found = [value for path in _SURGES if (value := below(spec, *path)) is not None]
    if unknown(kind) and not any(isinstance(value, int | float) for value in found):
        return None
    most = found[0] if found else _SURGE_BY_DEFAULT.get(holder.kind, 0)
    if (number := whole(most)) is not None:
        return min(number, pods) if not holder.on_each_node else number
    percent = _PERCENT.fullmatch(most) if isinstance(most, str) else None
    if percent is None or (holder.on_each_node and percent[1].strip("0")):
        return None
    return min(-(-pods * int(percent[1]) // 100), pods)


def _zones(holder: Holder, region: str) -> frozenset[str] | None:
    """Zones that the pods are bound to; empty: none; None: not known yet."""
    spec = mapping(holder.template.get("spec"))
    chosen = [value for label, value in mapping(spec.get("nodeSelector")).items() if label in _ZONE_LABELS]
    affinity = below(spec, "affinity", "nodeAffinity")
    required = below(affinity, "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms")
    if unknown(required) or unknown(spec.get("nodeSelector")) or any(map(unknown, chosen)):
        return None
    found = [frozenset(map(str, chosen))] if chosen else []
    terms = [_zones_of_term(term) for term in items(required)]
    if terms and all(terms):
        found.append(frozenset[str]().union(*terms))
    named = [
        frozenset(name for label in group if (name := names.zone_by_label(label, region))) for group in found
    ]
    return frozenset[str].intersection(*named) if named else frozenset()


def _zones_of_term(term: object) -> frozenset[str]:
    """Values of the zone label that a term of a node affinity allows; empty: the term names no zone."""
    expressions = [
        each
        for each in items(at(term, "matchExpressions"))
        if at(each, "key") in _ZONE_LABELS and at(each, "operator") == "In"
    ]
    return frozenset(str(value) for each in expressions for value in items(at(each, "values")))


class _Scaler:
    """An autoscaler of pods."""

    def __init__(self, step: Step, most: object) -> None:
        self.name = step.name
        self.most = whole(most)
        """The greatest number of pods; None: not known."""
        target = at(step.new, "spec", "scaleTargetRef")
        name, self._kind = at(target, "name"), at(target, "kind") or "Deployment"
        self._sources = frozenset(step.sources.get("spec", ()))
        self._namespace = at(step.new, "metadata", "namespace")
        self.target = name if isinstance(name, str) and (self._sources or not unknown(name)) else None

    def scales(self, step: Step) -> bool:
        """Whether the autoscaler scales the workload."""
        if self.target is None or kubernetes_kind(step.type)[2] != self._kind:
            return False
        if unknown(self.target):
            return step.urn in self._sources
        name, namespace = (at(step.new, "metadata", key) for key in ("name", "namespace"))
        is_here = namespace == self._namespace or unknown(namespace) or unknown(self._namespace)
        return name == self.target and is_here
