"""The rule that names every change which no other rule judges, so that no finding means a judged change."""

import re
from collections.abc import Iterator, Mapping, Set
from dataclasses import replace
from typing import Any

from pulumi_tke_hybrid.plan import resource_types
from pulumi_tke_hybrid.plan.kubernetes_objects import is_built_in, is_load_balancer_source, template_paths
from pulumi_tke_hybrid.plan.model import Op, Plan, Step, is_patch
from pulumi_tke_hybrid.plan.resource_types import kubernetes_kind
from pulumi_tke_hybrid.plan.rules.unread_changes import unread_changes
from pulumi_tke_hybrid.tke.objects import items, mapping, name_of, namespace_of, unknown
from pulumi_tke_hybrid.tke.rule import Finding, Severity, warning_rule

NOT_JUDGED = warning_rule(
    "not-judged",
    "A change that no rule judges is named. A note for a new resource.",
    "the kind of the resource and the operation",
    "no rule reads this kind of resource, or its objects are not in the preview",
)

_RELEASE = "kubernetes:helm.sh/v3:Release"
_HOLDING_OBJECTS = re.compile(
    r"kubernetes:(helm\.sh/[^:]*:Chart|yaml(/[^:]*)?:Config(Group|File)|kustomize(/[^:]*)?:Directory)"
)
"""Components whose objects are resources in the plan."""
_CONTAINERS = {
    ("core", "Namespace"): "namespace",
    ("apiextensions.k8s.io", "CustomResourceDefinition"): "kind",
}
"""Kinds whose deletion deletes every object in or of the kind."""
_OF_THE_NETWORK = {
    ("core", "Endpoints"): "the pods or addresses that a Service sends to",
    ("discovery.k8s.io", "EndpointSlice"): "the pods or addresses that a Service sends to",
    ("core", "Node"): "a node and its pods",
    ("core", "PodTemplate"): "a template of pods",
    ("networking.k8s.io", "NetworkPolicy"): "which connections pods accept and open",
    ("extensions", "NetworkPolicy"): "which connections pods accept and open",
    ("networking.k8s.io", "IngressClass"): "which controller makes load balancers for Ingresses",
    ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"): "what the API server adds to new pods",
    ("networking.k8s.io", "ServiceCIDR"): "the range of Service addresses",
    ("networking.k8s.io", "ClusterCIDR"): "the range of pod addresses",
}
_CONFIG_MAPS = {
    "tke-service-controller-config": "whether and how TKE's load balancers send to pods",
    "tke-network-conf": "the container subnets and the ranges of the cluster",
}
"""ConfigMaps of TKE in kube-system (457/131136, 457/50360). Other rules read those of ipamd and
ip-masq-agent."""
_ALWAYS = ("NetworkPolicy",)
"""Kinds of which a new object also changes the traffic of other objects."""
_WITHOUT_PODS = {
    "cloud.tencent.com": ("TkeServiceConfig",),
    "external-secrets.io": (),
    "monitoring.coreos.com": (
        "AlertmanagerConfig",
        "PodMonitor",
        "Probe",
        "PrometheusRule",
        "ScrapeConfig",
        "ServiceMonitor",
    ),
    "snapshot.storage.k8s.io": (),
}
"""Custom resources without pods and load balancers, by API group; an empty tuple means the whole group."""
_HARMLESS_KEYS = frozenset({"name", "tags", "description", "remark", "projectId", "clbName", "snatName"})


def findings(plan: Plan, judged: Set[str], found: Set[str]) -> Iterator[Finding]:
    """Yield a finding for each resource whose change no rule judges.

    `judged`: types of `tencentcloud:` that have rules. `found`: URNs of resources with findings. The loss of
    a resource is left out where it follows from a loss that has a finding.
    """
    parents = {step.parent for step in plan.steps}
    lost = {step.urn for step in plan.steps if step.op.ends and step.urn in found}
    for step in _in_order_of_causes(plan):
        if step.op.ends and not lost.isdisjoint(step.all_sources):
            lost.add(step.urn)
            continue
        yield from of_fields(step)
        if step.urn not in found:
            yield from of_step(step, judged, has_children=step.urn in parents)


def _in_order_of_causes(plan: Plan) -> list[Step]:
    """Sort the resources so that each follows its sources; the engine deletes in the opposite order."""
    by_urn = {step.urn: step for step in plan.steps}
    done: dict[str, Step] = {}
    for first in plan.steps:
        waiting = [first]
        opened: set[str] = set()
        while waiting:
            step = waiting.pop()
            if step.urn in done:
                continue
            sources = (urn for urns in step.sources.values() for urn in urns)
            causes = [by_urn[urn] for urn in sources if urn in by_urn and urn not in done]
            if causes and step.urn not in opened:
                opened.add(step.urn)
                waiting += [step, *causes]
            else:
                done[step.urn] = step
    return list(done.values())


def of_fields(step: Step) -> Iterator[Finding]:
    """Yield a finding on the changed fields of one resource that no rule compares."""
    fields = list(unread_changes(step))
    if fields:
        found = NOT_JUDGED.finding(
            step.name,
            "is not judged: no rule reads the change"
            if len(fields) == 1
            else "are not judged: no rule reads these changes",
            value=", ".join(fields),
            why="whether pods keep their network, and clients reach the pods as before, is not known",
            todo="read this change by hand",
        )
        yield replace(found, urn=step.urn)


def of_step(step: Step, judged: Set[str], *, has_children: bool) -> Iterator[Finding]:
    """Yield a finding on one resource without other findings, if no rule judges the change."""
    if (
        not step.op.changes
        or step.op is Op.LEAVE
        or step.is_rest
        or (step.op is Op.IMPORT and not step.diff_keys)
    ):
        return
    if step.left and is_patch(step.type):
        return  # the fields that the old patch wrote stay unchanged
    if step.type.startswith("tencentcloud:"):
        yield from _of_tencent_cloud(step, judged)
    elif _HOLDING_OBJECTS.fullmatch(step.type):
        if not has_children and step.op is not Op.CREATE:
            yield _finding(
                step,
                _OPAQUE,
                "deploy the objects of it as resources of their own, or read the difference of its objects by"
                " hand",
            )
    elif step.type == _RELEASE:
        if step.op is Op.CREATE:
            yield _noted(step, f"the pods and load balancers that the chart makes {_NOT_SHOWN}")
        else:
            todo = (
                "compare `helm template` before and after, or use kubernetes.helm.v4.Chart, whose objects are"
                " in the preview"
            )
            yield _finding(step, _OPAQUE, todo)
    elif step.type.startswith("kubernetes:"):
        yield from _of_kubernetes(step)


_NOT_FOUND = "no rule found what this does to the network"
_NOT_READ = "no rule reads this kind of resource"
_OPAQUE = (
    "its objects are made inside the cluster and are not in the preview: pods may lose their network, load"
    " balancers their address"
)
_NOT_SHOWN = "are not in the preview, nor counted in any number here"


def _of_kubernetes(step: Step) -> Iterator[Finding]:
    group, _, kind = kubernetes_kind(step.type)
    name = kind.removesuffix("Patch")
    held = template_paths(step.type, step.old, step.new) or is_load_balancer_source(step)
    if not is_built_in(step.type):
        kinds = _WITHOUT_PODS.get(group)
        if held or kinds == () or name in (kinds or ()):
            if held and _unsure(step):
                yield _finding(step, _NOT_FOUND)
        elif step.op is Op.CREATE:
            yield _noted(step, f"pods and load balancers that its controller makes {_NOT_SHOWN}")
        else:
            yield _finding(
                step,
                "its controller may hold pods or load balancers, which the preview does not show",
                "read what its controller does about this change",
            )
    elif (group, name) in _CONTAINERS and step.op.ends:
        what = _CONTAINERS[group, name]
        yield _finding(
            step,
            f"every object of the {what} goes with it: pods, Services and their load balancers too",
            "keep it in the program",
        )
    elif (group, name) in _OF_THE_NETWORK and (step.op is not Op.CREATE or name in _ALWAYS):
        yield _finding(step, f"it decides on {_OF_THE_NETWORK[group, name]}, and no rule reads it")
    elif step.type in resource_types.CONFIG_MAPS and step.op is not Op.CREATE and _map_of_tke(step):
        yield _finding(step, f"it decides on {_map_of_tke(step)}, and no rule reads it")
    elif (held and _unsure(step)) or (name.endswith("List") and step.op is not Op.CREATE):
        yield _finding(step, _NOT_FOUND)


def _map_of_tke(step: Step) -> str:
    """Return the effect of a ConfigMap of TKE; empty for any other ConfigMap."""
    sides = [side for side in (step.old, step.new) if namespace_of(side) == "kube-system"]
    return next((_CONFIG_MAPS[name_of(side)] for side in sides if name_of(side) in _CONFIG_MAPS), "")


def _unsure(step: Step) -> bool:
    """Whether the absence of findings is no judgement: the resource is removed, or the operation is not
    known."""
    return step.op.ends or step.op in (Op.OTHER, Op.IMPORT)


def _of_tencent_cloud(step: Step, judged: Set[str]) -> Iterator[Finding]:
    if not resource_types.may_hold_network(step.type):
        return
    if step.type in judged:
        if _unsure(step):
            yield _finding(step, _LOSSES.get(step.type, _NOT_FOUND))
    elif step.op is Op.CREATE:
        if step.type not in _KNOWN and not resource_types.only_stands_in_network(step.type):
            yield _noted(step, f"{_NOT_READ}, so what it adds to the network is not judged")
    elif step.op is not Op.UPDATE or _changes_network(step):
        why = f"{_NOT_READ}: whether pods or their clients lose their network is not known"
        yield _finding(step, _LOSSES.get(step.type, why) if step.op.ends else why)


_IN_USE = (
    "the cloud refuses the deletion while something uses it; what uses it outside of this stack, the preview"
    " does not show"
)
_LOSSES = {
    resource_types.SUBNET: _IN_USE,
    resource_types.SECURITY_GROUP: _IN_USE,
    resource_types.ENDPOINT: (
        "the address of the API server goes: kubectl, pipelines and programs with a kubeconfig of this"
        " endpoint fail"
    ),
}
_KNOWN = frozenset(value for value in vars(resource_types).values() if isinstance(value, str))


_NETWORK_KEY = re.compile(
    r"subnet|vpc|cluster|securitygroup|loadbalancer|clb|eni|networkinterface|vip|nodepool", re.IGNORECASE
)


def _changes_network(step: Step) -> bool:
    """Whether the change may concern the network. A product that only stands in a network, as a database
    does, matters where the change names another network, group or cluster."""
    changed = step.changed_inputs - _HARMLESS_KEYS
    return bool(changed) and (
        not resource_types.only_stands_in_network(step.type) or any(map(_NETWORK_KEY.search, changed))
    )


_VERBS = {
    Op.CREATE: "would be created",
    Op.UPDATE: "would be changed",
    Op.REPLACE: "would be replaced",
    Op.DELETE: "would be deleted",
    Op.IMPORT: "would be imported and changed",
    Op.OTHER: "would be changed by an operation that is not known",
}


def _finding(step: Step, why: str, todo: str = "read this change by hand") -> Finding:
    said = ", ".join(_keys_of_tke(step.old, step.new))
    what = f"{_VERBS[step.op]}, and the change is not judged{f' ({said})' if said else ''}"
    return replace(
        NOT_JUDGED.finding(step.name, what, value=step.token or step.type, why=why, todo=todo), urn=step.urn
    )


def _noted(step: Step, why: str) -> Finding:
    """Return a note on a new resource, which takes nothing away from existing resources."""
    found = NOT_JUDGED.finding(
        step.name, f"{_VERBS[Op.CREATE]}, and is not judged", value=step.token or step.type, why=why
    )
    return replace(found, severity=Severity.NOTE, urn=step.urn)


_OF_TKE = re.compile(
    r"([a-z]+\.)*cloud\.tencent\.com/.+|service\.kubernetes\.io/(qcloud|tke|service\.|loadbalance).*"
    r"|kubernetes\.io/ingress\..+"
)
_SHOWN = 3


def _keys_of_tke(before: object, after: object) -> Iterator[str]:
    """Yield `KEY: true → none` for each changed annotation of TKE, at any depth of the inputs."""
    old, new = dict(_annotations(before)), dict(_annotations(after))
    differing = [key for key in {**old, **new} if old.get(key) != new.get(key)]
    for key in differing[:_SHOWN]:
        yield f"{key}: {old.get(key, 'none')} → {new.get(key, 'none')}"
    if len(differing) > _SHOWN:
        yield f"{len(differing) - _SHOWN} more of TKE's annotations"


def _annotations(value: object) -> Iterator[tuple[str, str]]:
    waiting: list[Any] = [value]
    while waiting:
        one = waiting.pop()
        given: Mapping[str, Any] = mapping(one)
        for key, item in given.items():
            if _OF_TKE.fullmatch(key) and isinstance(item, (str, bool, int, float)):
                yield key, "a value that is known later" if unknown(item) else str(item)
        waiting += [*given.values(), *items(one)]
