"""Rules on changes of Kubernetes workloads, and of the Services and Ingresses in front of them."""

from collections.abc import Iterator, Sequence
from typing import Any

from pulumi_tke_hybrid.plan import resource_types
from pulumi_tke_hybrid.plan.kubernetes_objects import (
    DIRECT,
    EXISTING,
    Holder,
    annotation,
    existing_balancer,
    holders,
    kind_of,
    load_balancer_source,
    load_balancer_sources,
    may_have_balancer,
    template_paths,
)
from pulumi_tke_hybrid.plan.model import Op, Step, is_patch
from pulumi_tke_hybrid.plan.nodes_of_pools import total
from pulumi_tke_hybrid.plan.rules.registry import ENDING, Shape, rule, warned
from pulumi_tke_hybrid.tke import ipamd, keys
from pulumi_tke_hybrid.tke.annotations import On
from pulumi_tke_hybrid.tke.enis import eni_networks
from pulumi_tke_hybrid.tke.objects import Props, at, below, items, known, unknown
from pulumi_tke_hybrid.tke.rule import Finding, Rule, warning_rule

DIRECT_ACCESS_OFF = Rule(
    "direct-access-off",
    "A Service or an Ingress keeps sending to pods, and a Service with a load balancer keeps its type.",
    "type and annotations before and after",
    "457/41897",
)
PODS_LEAVE_ENI = Rule(
    "pods-leave-eni",
    "Pods with addresses of container subnets keep the annotation that selects these addresses.",
    "the pod template's annotations before and after",
    "article",
)
BALANCER_REPLACED = Rule(
    "balancer-replaced",
    "A Service with a load balancer, or an Ingress, is not replaced, renamed or deleted: the address of the "
    "load balancer would change.",
    "the operation on the Service or Ingress",
    "457/90598",
)
STATEFUL_SET_REPLACED = Rule(
    "statefulset-replaced",
    "A StatefulSet is updated, never replaced: all its pods would stop at once.",
    "the operation",
    "pulumi-kubernetes#1831",
)
DEPLOYMENT_REPLACED = Rule(
    "deployment-replaced",
    "An object with pods is not replaced under its own name: all its pods would stop before others start. "
    "Under another name the new pods start first, so that is no finding.",
    "the operation, name and namespace before and after",
    "pulumi-kubernetes: what cannot change in place and keeps its name is deleted first",
)
WORKLOAD_DELETED = Rule(
    "workload-deleted",
    "An object whose pods have addresses of container subnets is not deleted, and keeps at least one pod. A "
    "warning for other pods, and for jobs.",
    "the operation, the pod template, the number of pods",
    "Kubernetes: the deletion of an object deletes its pods",
)
KEPT_ADDRESS_OFF = warning_rule(
    "kept-address-off",
    "The pods of a StatefulSet keep their addresses.",
    "the pod template's annotations before and after",
    "457/38975",
)


_AUTONAMED = "pulumi.com/autonamed"
"""Annotation of an object with a generated name; a replacement gets another name."""
_ORDERED = ("StatefulSet", "GameStatefulSet")
"""Kinds whose pods have fixed names, and so fixed addresses and volumes."""
_FINISHING = ("Job", "CronJob", "BroadcastJob", "AdvancedCronJob")
"""Kinds whose pods finish."""


@rule(DIRECT_ACCESS_OFF, on=Shape.LOAD_BALANCER_SOURCE)
def _direct_off(step: Step) -> Iterator[Finding]:
    if step.deletes_object or not step.old:
        return
    for key in (DIRECT[on] for on in load_balancer_sources(step)):
        before, after = annotation(step.old, key), annotation(step.new, key)
        if before == "true" and after != "true" and not unknown(after) and _keeps_balancer(step):
            yield DIRECT_ACCESS_OFF.finding(
                f"{step.name}.{key}",
                f"direct access is switched off (true → {after or 'none'})",
                why="certain, as soon as it is applied, which succeeds: the load balancer sends to node ports"
                " instead of the pods, and pods see the address of a node instead of their client's; the"
                " load balancer keeps its address",
                todo=f'keep {key}: "true"',
                intended="check that no application, log or allow-list needs the clients' addresses",
            )
            return
    yield from _type_changed(step)


def _keeps_balancer(step: Step) -> bool:
    """Whether the object keeps its load balancer. Of other kinds only the annotations, which may all be gone,
    show a load balancer."""
    return load_balancer_source(step) is None or may_have_balancer(step, step.new or step.old)


def _type_changed(step: Step) -> Iterator[Finding]:
    before, after = below(step.old, "spec", "type"), below(step.new, "spec", "type")
    kept = known(existing_balancer(step, step.old))
    if (
        load_balancer_source(step) is On.SERVICE
        and before == "LoadBalancer"
        and before != after
        and not unknown(after)
    ):
        address = _first_address(step) or "(address not in the preview)"
        lost, why = f"the load balancer {address} is deleted", "and its address are deleted"
        if kept:
            lost, why = f"the listeners of load balancer {kept} are deleted", "and its address stay"
        yield DIRECT_ACCESS_OFF.finding(
            f"{step.name}.spec.type",
            f"instead of {before}: {lost}",
            value=str(after or "no type"),
            why=f"certain, when it is applied, which succeeds: the load balancer {why}, and clients from"
            " outside the cluster get no answer"
            + ("" if kept else "; going back later gives another address"),
            todo="keep the type LoadBalancer",
            intended="add a second Service, move the clients to it first",
        )


@rule(BALANCER_REPLACED, on=Shape.LOAD_BALANCER_SOURCE, operations=ENDING)
def _balancer_lost(step: Step) -> Iterator[Finding]:
    if is_patch(step.type) or not may_have_balancer(step, step.old):
        return
    if (
        step.op is Op.REPLACE
        and load_balancer_source(step) is On.SERVICE
        and at(step.new, "spec", "type") != "LoadBalancer"
    ):
        return  # reported by `direct-access-off`
    kept = existing_balancer(step, step.old)
    named = [annotation(step.new, EXISTING[on]) for on in load_balancer_sources(step)]
    same = kept is not None and kept in named
    kind = kind_of(step.type)
    replaced = step.op is Op.REPLACE
    what = f"the {kind} {step.ending}{'' if kept or replaced else ' with its load balancer'}"
    address = _first_address(step)
    if same or (kept and step.op is Op.DELETE):
        shown = "the load balancer of yours" if unknown(kept) else kept
        gap = "for the minute without a listener" if same else "on the ports of this Service or Ingress"
        why = f"certain, when it is applied: {shown} and its address stay, but clients get no answer {gap}"
        intended = "apply it when clients can wait"
    else:
        after = "the new load balancer has another address" if replaced else "the address does not come back"
        why = (
            "certain, when it is applied: TKE deletes the load balancer, and clients of its address get no"
            f" answer; {after}"
        )
        intended = "move the clients to another address first"
    todo = (
        "keep name, namespace and kind of load balancer as they are"
        if replaced
        else f"keep the {kind} in the program"
    )
    found = f"is the address in use: {what}" if address else what
    yield BALANCER_REPLACED.finding(step.name, found, value=address, why=why, todo=todo, intended=intended)


def _first_address(step: Step) -> str:
    entries = items(at(step.state, "status", "loadBalancer", "ingress"))
    found = at(entries[0], "ip") or at(entries[0], "hostname") if entries else None
    return found if isinstance(found, str) and not unknown(found) else ""


def _templates(step: Step) -> Iterator[tuple[Holder, Holder]]:
    """Yield each pod template before and after; none where the object is new or deleted."""
    if step.old and (step.new or not step.deletes_object):
        for path in template_paths(step.type, step.old, step.new):
            yield Holder(step.type, step.old, path), Holder(step.type, step.new, path)


@rule(PODS_LEAVE_ENI, on=Shape.POD_TEMPLATE)
def _pods_leave(step: Step) -> Iterator[Finding]:
    for was, becomes in _templates(step):
        before = was.network
        after = becomes.annotation(keys.NETWORKS) if was.annotation(keys.NETWORKS) else becomes.network
        on_node = _on_host(becomes) and not _on_host(was)
        if on_node:
            after = "the network of the node (hostNetwork)"
        kept = set[str]() if on_node else eni_networks(after)
        gained = "the addresses of their nodes" if on_node else "overlay addresses (GlobalRouter)"
        if kept:
            gained = "addresses of another kind of ENI"
        if not unknown(after) and eni_networks(before) - kept:
            yield PODS_LEAVE_ENI.finding(
                f"{step.name}.{keys.NETWORKS}",
                f"instead of addresses of a container subnet ({before})",
                value=str(after or "the overlay (GlobalRouter)"),
                why="certain, by the rollout that follows: the pods lose their addresses of the container"
                f" subnets and get {gained}, and a load balancer with direct"
                " access loses these backends, so that its clients get no answer; the pods no longer see"
                " their clients' addresses",
                todo=f"keep {before}",
                intended="switch the load balancers' direct access off first, and inform the owners of"
                " allow-lists with the pods' addresses",
            )


def _on_host(holder: Holder) -> bool:
    return at(holder.template, "spec", "hostNetwork") is True


@rule(KEPT_ADDRESS_OFF, on=Shape.POD_TEMPLATE)
def _kept_address_off(step: Step) -> Iterator[Finding]:
    for was, becomes in _templates(step):
        before, after = (holder.annotation(keys.CLAIM_DELETE_POLICY) for holder in (was, becomes))
        if before == keys.KEEP_ADDRESS and after != before and not unknown(after):
            yield KEPT_ADDRESS_OFF.finding(
                f"{step.name}.{keys.CLAIM_DELETE_POLICY}",
                f"{before} → {after or 'not set'}: a pod that restarts no longer keeps its address",
                why="possible, at the rollout that follows and at each later restart: a pod comes back with"
                " another address; allow-lists and DNS entries with the old one then fail",
                todo=f"keep {before}",
                intended="check that no allow-list or DNS entry holds these addresses",
            )


def _held(step: Step) -> list[Holder]:
    """The pod templates of a removed object that have pods; none of a patch."""
    if is_patch(step.type):
        return []
    return [holder for holder in holders(step.type, step.old) if holder.pods != 0]


def _all_pods(held: Sequence[Holder]) -> str:
    pods = total(holder.pods for holder in held)
    return "its pods" if pods is None or pods <= 1 else f"its {pods} pods"


def _place(props: Props) -> tuple[Any, Any]:
    return below(props, "metadata", "name"), below(props, "metadata", "namespace") or "default"


@rule(STATEFUL_SET_REPLACED, DEPLOYMENT_REPLACED, on=Shape.POD_TEMPLATE, operations=(Op.REPLACE,))
def _replaced(step: Step) -> Iterator[Finding]:
    held = _held(step)
    if not held:
        return
    kind = kind_of(step.type)
    if kind in _ORDERED:
        yield STATEFUL_SET_REPLACED.finding(
            step.name,
            f"the {kind} would be replaced ({resource_types.reasons(step)}), and {_all_pods(held)} stop at"
            " once",
            why=f"certain, when it is applied: the {kind} is deleted and made again, so its pods stop"
            " together and clients get no answer until the new ones run; only kept addresses come back",
            todo=resource_types.way_back(step),
            intended=f"add a second {kind} beside it and move the clients, or apply it when clients can wait",
        )
        return
    # Under another name or namespace the new pods start first. A replaced provider has a finding of its own.
    if (
        "provider" in step.replace_keys
        or _place(step.old) != _place(step.new)
        or annotation(step.new, _AUTONAMED) == "true"
    ):
        return
    found = DEPLOYMENT_REPLACED.finding(
        step.name,
        f"the {kind} would be deleted and made again ({resource_types.reasons(step)}): {_all_pods(held)} stop"
        " before others start",
        why="certain, when it is applied: clients get no answer between the stop of the old pods and the"
        " start of the new ones (usually a few minutes), and the pods' addresses change",
        todo=resource_types.way_back(step),
        intended=f"add a second {kind} of another name, move the clients, and remove this one afterwards",
    )
    yield warned(found) if kind in _FINISHING else found


@rule(WORKLOAD_DELETED, on=Shape.POD_TEMPLATE, operations=(Op.DELETE,))
def _deleted(step: Step) -> Iterator[Finding]:
    held = _held(step)
    if held and at(step.old, "metadata", "name") != ipamd.NAME:  # `ipamd-removed` reports more
        kind = kind_of(step.type)
        yield _stopped(
            step,
            held,
            what=f"the {kind} would be deleted",
            lost="the pods' addresses go back to the container subnets, kept ones as well",
            todo=f"keep the {kind} in the program",
            intended="move the clients first, then remove it",
        )


@rule(WORKLOAD_DELETED, on=Shape.POD_TEMPLATE, operations=(Op.UPDATE,))
def _scaled_to_zero(step: Step) -> Iterator[Finding]:
    held = [was for was, becomes in _templates(step) if was.pods != 0 and becomes.pods == 0]
    if held:
        yield _stopped(
            step,
            held,
            what=f"the {kind_of(step.type)} would have no pods",
            lost="only kept addresses stay with the pods",
            todo="keep at least one pod",
            intended="move the clients first",
        )


def _stopped(
    step: Step, held: Sequence[Holder], *, what: str, lost: str, todo: str, intended: str
) -> Finding:
    on_eni = any(holder.needs_eni for holder in held)
    found = WORKLOAD_DELETED.finding(
        step.name,
        f"{what}, and {_all_pods(held)}{' with addresses of container subnets' if on_eni else ''} stop",
        why="certain, when it is applied: clients get no answer from these pods"
        + (f", and {lost}" if on_eni else ""),
        todo=todo,
        intended=intended,
    )
    return found if on_eni and kind_of(step.type) not in _FINISHING else warned(found)
