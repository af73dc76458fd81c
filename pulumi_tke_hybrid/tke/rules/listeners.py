"""Listeners of one load balancer."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pulumi_tke_hybrid.tke import tokens
from pulumi_tke_hybrid.tke.known_annotations import On
from pulumi_tke_hybrid.tke.rule import Finding
from pulumi_tke_hybrid.tke.rules.fronts import annotation, called, existing_balancer, front_of, may_have_balancer
from pulumi_tke_hybrid.tke.rules.shared_balancers import listener_findings
from pulumi_tke_hybrid.tke.step import Op, Plan, Step
from pulumi_tke_hybrid.tke.values import Props, at, items, unknown


def findings(plan: Plan) -> Iterator[Finding]:
    """For each load balancer of a plan that gets more listeners than it takes, and had fewer of them before."""
    for name, users in _by_balancer(plan).items():
        before, after = (len({listener for step, side in sides for listener in side(step)}) for sides in _both(users))
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
    """What makes listeners, by the id of a load balancer that exists, or by the object whose load balancer TKE makes."""
    found: dict[str, list[Step]] = {}
    for step in plan.steps:
        if step.op is Op.LEAVE or not _listeners(step, step.new or step.old):
            continue
        props = step.new or step.old
        name = props.get("clbId") if step.type == tokens.LISTENER else existing_balancer(step, props)
        key = name if isinstance(name, str) and not unknown(name) else step.urn
        found.setdefault(key, []).append(step)
    return found


def _listeners(step: Step, props: Props) -> set[tuple[str, str]]:
    """(protocol, port) of each listener that the resource makes on its load balancer."""
    if step.type == tokens.LISTENER:
        return {(str(props.get("protocol")), str(props.get("port")))} if props else set()
    if not may_have_balancer(step, props):
        return set()
    if front_of(step) is On.SERVICE:
        ports = items(at(props, "spec", "ports"))
        return {("UDP" if at(port, "protocol") == "UDP" else "TCP", _whole(at(port, "port"))) for port in ports}
    return _of_ingress(props) if (front_of(step) is On.INGRESS) else set()


def _of_ingress(props: Props) -> set[tuple[str, str]]:
    stated = annotation(props, "ingress.cloud.tencent.com/listen-ports")
    if isinstance(stated, str) and stated and not unknown(stated):
        try:
            return {(str(kind), _whole(port)) for entry in items(json.loads(stated)) for kind, port in dict(entry).items()}
        except (ValueError, TypeError, RecursionError):
            return set()
    return {("HTTP", "80"), ("HTTPS", "443")} if items(at(props, "spec", "tls")) else {("HTTP", "80")}


def _whole(port: Any) -> str:
    return str(int(port)) if isinstance(port, float) else str(port)
