"""Dangerous changes of workloads and of the way to their pods."""

from collections.abc import Iterator, Sequence
from typing import Any

from pulumi_tke_hybrid.tke import keys, tokens
from pulumi_tke_hybrid.tke.rule import Finding, Rule, Severity
from pulumi_tke_hybrid.tke.step import Check, Op, Props, Step, at, below, items, mapping, unknown

DIRECT_ACCESS_OFF = Rule(
    "direct-access-off",
    Severity.ERROR,
    "A Service or Ingress that sends to pods keeps doing so.",
    "type and annotations before and after",
    "457/41897",
)
PODS_LEAVE_ENI = Rule(
    "pods-leave-eni", Severity.ERROR, "Pods on ENI addresses stay on them.", "the pod template's annotations before and after", "article"
)
BALANCER_REPLACED = Rule(
    "balancer-replaced",
    Severity.ERROR,
    "A load balancer's address never changes unnoticed.",
    "the operation on the Service or Ingress",
    "457/90598",
)
STATEFUL_SET_REPLACED = Rule(
    "statefulset-replaced", Severity.ERROR, "A StatefulSet is updated, never replaced.", "the operation", "pulumi-kubernetes#1831"
)
DEPLOYMENT_REPLACED = Rule(
    "deployment-replaced",
    Severity.ERROR,
    "A Deployment that has pods is never deleted to be made again under the same name.",
    "the operation, name and namespace before and after",
    "pulumi-kubernetes: what cannot change in place and keeps its name is deleted first",
)
KEPT_ADDRESS_OFF = Rule(
    "kept-address-off", Severity.WARNING, "Pods keep their kept addresses.", "the pod template's annotations before and after", "457/38975"
)


_DIRECT = {tokens.SERVICE: keys.SERVICE_DIRECT_ACCESS, tokens.INGRESS: keys.INGRESS_DIRECT_ACCESS}
_AUTONAMED = "pulumi.com/autonamed"
"""Annotation of an object whose name Pulumi made up; its replacement gets another one."""
_EXISTING = {tokens.SERVICE: keys.SERVICE_EXISTING_LB, tokens.INGRESS: keys.INGRESS_EXISTING_LB}


def annotations(props: Props) -> Props:
    """An object's annotations."""
    return mapping(at(props, "metadata", "annotations"))


def template_annotations(props: Props) -> Props:
    """A pod template's annotations."""
    return annotations(at(props, "spec", "template") or {})


def _annotation(props: Props, key: str) -> Any:
    """One annotation; unknown also where the object's annotations as a whole are."""
    return below(props, "metadata", "annotations", key)


def _template_annotation(props: Props, key: str) -> Any:
    """One annotation of the pod template; unknown also where the template, or what holds it, is."""
    return below(props, "spec", "template", "metadata", "annotations", key)


def has_balancer(step: Step, props: Props) -> bool:
    """Whether a load balancer belongs to the object."""
    return step.type == tokens.INGRESS or at(props, "spec", "type") == "LoadBalancer"


def _direct_off(step: Step) -> Iterator[Finding]:
    if step.op is Op.DELETE or not step.old:
        return
    key = _DIRECT[step.type]
    before, after = _annotation(step.old, key), _annotation(step.new, key)
    type_before, type_after = below(step.old, "spec", "type"), below(step.new, "spec", "type")
    was_direct = before == "true"
    if was_direct and after != "true" and not unknown(after) and has_balancer(step, step.new):
        yield DIRECT_ACCESS_OFF.finding(
            f"{step.name}.{key}",
            "direct access is switched off",
            why="the load balancer then sends to node ports, and pods see the address of a node instead of their client's",
            todo=f'keep {key}: "true"',
        )
    elif (
        step.type == tokens.SERVICE
        and type_before != type_after
        and "LoadBalancer" in (type_before, type_after)
        and not unknown(type_after)
    ):
        loses = type_before == "LoadBalancer"
        if loses:
            yield DIRECT_ACCESS_OFF.finding(
                f"{step.name}.spec.type",
                f"instead of {type_before}",
                value=str(type_after),
                why="the load balancer goes, its address with it, and pods lose their clients' addresses",
                todo="keep the type, or add a second Service and move the clients first",
            )


def _balancer_lost(step: Step) -> Iterator[Finding]:
    if not step.op.ends or not has_balancer(step, step.old):
        return
    if step.op is Op.REPLACE and step.type == tokens.SERVICE and at(step.new, "spec", "type") != "LoadBalancer":
        return  # said by the rule of direct access
    kept = annotations(step.old).get(_EXISTING[step.type])
    same = bool(kept) and annotations(step.new).get(_EXISTING[step.type]) == kept
    kind = step.type.rsplit(":", 1)[-1]
    what = f"the {kind} would be replaced ({step.replaced_for})" if step.op is Op.REPLACE else f"the {kind} would be deleted"
    address = _first_address(step)
    if same:
        why, todo = f"{kept} stays, but has no listener in between", "do it when clients can wait"
    else:
        why, todo = "its load balancer goes, and clients get another address or none", "keep name, namespace and kind of load balancer"
    yield BALANCER_REPLACED.finding(step.name, f"is the address in use; {what}" if address else what, value=address, why=why, todo=todo)


def _first_address(step: Step) -> str:
    entries = items(at(step.state, "status", "loadBalancer", "ingress"))
    found = at(entries[0], "ip") or at(entries[0], "hostname") if entries else None
    return found if isinstance(found, str) and not unknown(found) else ""


def _pods_leave(step: Step) -> Iterator[Finding]:
    if not step.old or not step.new:
        return
    before, after = _template_annotation(step.old, keys.NETWORKS), _template_annotation(step.new, keys.NETWORKS)
    if before and before != after and not unknown(after):
        yield PODS_LEAVE_ENI.finding(
            f"{step.name}.{keys.NETWORKS}",
            f"instead of {before}",
            value=str(after or "no pod network"),
            why="the pods go back to GlobalRouter addresses, load balancers cannot send to them directly, and they stop seeing clients",
            todo=f"keep {before}",
        )


def _kept_address_off(step: Step) -> Iterator[Finding]:
    if not step.old or not step.new:
        return
    key = keys.CLAIM_DELETE_POLICY
    before, after = _template_annotation(step.old, key), _template_annotation(step.new, key)
    if before == keys.KEEP_ADDRESS and after != before and not unknown(after):
        yield KEPT_ADDRESS_OFF.finding(
            f"{step.name}.{key}",
            f"instead of {before}",
            value=str(after or "no policy"),
            why="a pod that restarts may come back with another address",
            todo="check who has these addresses in an allow-list",
        )


def _all_pods(step: Step) -> str:
    replicas = at(step.old, "spec", "replicas")
    return f"all its {int(replicas)} pods" if isinstance(replicas, (int, float)) and replicas > 1 else "its pods"


def _place(props: Props) -> tuple[Any, Any]:
    return below(props, "metadata", "name"), below(props, "metadata", "namespace") or "default"


def _deployment_replaced(step: Step) -> Iterator[Finding]:
    """Of another name or namespace the new pods come first. What goes with its provider is the matter of what rebuilds that one."""
    if step.op is not Op.REPLACE or "provider" in step.replace_keys or at(step.old, "spec", "replicas") == 0:
        return
    if _place(step.old) != _place(step.new) or annotations(step.new).get(_AUTONAMED) == "true":
        return
    yield DEPLOYMENT_REPLACED.finding(
        step.name,
        f"would delete the Deployment first, and {_all_pods(step)} stop before others start",
        value=step.replaced_for,
        why="its clients have no pod in between",
        todo="go back to the old value, or add a second Deployment of another name, move the clients, and remove this one",
    )


def _stateful_set_replaced(step: Step) -> Iterator[Finding]:
    if step.op is Op.REPLACE:
        yield STATEFUL_SET_REPLACED.finding(
            step.name,
            f"would replace the StatefulSet, and {_all_pods(step)} stop at once",
            value=step.replaced_for,
            why="Kubernetes cannot change these fields in place",
            todo="go back to the old value, or add a second StatefulSet and move",
        )


CHECKS: dict[str, Sequence[Check]] = {
    tokens.SERVICE: (_direct_off, _balancer_lost),
    tokens.INGRESS: (_direct_off, _balancer_lost),
    tokens.DEPLOYMENT: (_pods_leave, _deployment_replaced),
    tokens.STATEFUL_SET: (_pods_leave, _kept_address_off, _stateful_set_replaced),
}
