"""Diagnose a rollout: the reasons why pods are not ready, one line for each reason.

The caller reads pods and events; this module makes no request."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pulumi_tke_hybrid.tke import keys
from pulumi_tke_hybrid.tke.rule import printable

Json = Mapping[str, Any]
SHOWN_PODS = 3
LONGEST = 300
_NOTHING: Json = {}
_NO_ADDRESS = (keys.ENI_IP, "InsufficientIPorENI")
"""Words of the Kubernetes scheduler and of TKE's ip-scheduler for a node without a free ENI address."""
_NO_ENI = ("ENILimitExceed", "ENILimit")
"""Words of the ip-scheduler, and of ipamd's event, for a node that can get no further ENI."""
_STARTING = ("ContainerCreating", "PodInitializing", "")


def diagnosis_lines(workload: str, pods: Sequence[Json], events: Sequence[Json]) -> list[str]:
    """A line for each reason, with the pods that share the reason; empty if no reason is found. `pods`: all
    pods of the workload; `events`: all events of the namespace."""
    warnings = _warnings(events)
    if not pods:
        return _no_pods(workload, warnings)
    found: dict[str, list[str]] = {}
    for pod in pods:
        metadata = _child(pod, "metadata")
        if metadata.get("deletionTimestamp") or _condition(pod, "Ready").get("status") == "True":
            continue
        name = str(metadata.get("name"))
        for reason in _reasons(pod, warnings.get(("Pod", name), "")):
            found.setdefault(reason, []).append(name)
    return [f"{_named(names)}: {reason}" for reason, names in found.items()]


def _no_pods(workload: str, warnings: Mapping[tuple[str, str], str]) -> list[str]:
    """The last warning of the controller that creates the pods."""
    for (kind, name), text in warnings.items():
        if kind in ("ReplicaSet", "StatefulSet", "Deployment") and (
            name == workload or name.startswith(f"{workload}-")
        ):
            return [f"no pod was made: {text}"]
    return []


def _reasons(pod: Json, event: str) -> Iterator[str]:
    scheduled = _condition(pod, "PodScheduled")
    if scheduled.get("status") == "False":
        yield _unscheduled(
            _cut(str(scheduled.get("message") or scheduled.get("reason") or "no reason is given"))
        )
        return
    waiting = list(_waiting_containers(pod))
    yield from waiting
    if waiting:
        return
    if not _child(pod, "status").get("podIP"):
        yield (
            f"no address yet; {f'last event: {event}{_help(event)}' if event else 'no event has a reason'}"
        )
    elif _condition(pod, "ContainersReady").get("status") != "True":
        yield (
            "the containers run, but are not ready;"
            f" {f'last event: {event}' if event else 'look at the readiness probes and logs'}"
        )
    else:
        yield from (
            _open_gate(pod, gate) for gate in _gates(pod) if _condition(pod, gate).get("status") != "True"
        )


def _unscheduled(message: str) -> str:
    return f"no node can run the pod: {message}{_help(message)}"


def _help(message: str) -> str:
    """The meaning of a message about addresses or ENIs, and the action."""
    if any(word in message for word in _NO_ENI):
        return (
            "; no further ENI can be created: the node has the most ENIs of its instance type, or the VPC has"
            " reached its quota (1000 by default): add a node, or request a higher quota"
        )
    if any(word in message for word in _NO_ADDRESS):
        return (
            "; the container subnets of the nodes' zones have no address left, or the nodes hold no more ENI"
            " pods: add a subnet or a node, or use fewer replicas"
        )
    return ""


def _waiting_containers(pod: Json) -> Iterator[str]:
    status = _child(pod, "status")
    for container in [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]:
        waiting = _child(_child(container, "state"), "waiting")
        reason = str(waiting.get("reason") or "")
        if reason not in _STARTING:
            message = _cut(str(waiting.get("message") or ""))
            yield f"container {container.get('name')} waits: {reason}{f': {message}' if message else ''}"


def _open_gate(pod: Json, gate: str) -> str:
    condition = _condition(pod, gate)
    state = (
        "has no condition yet"
        if not condition
        else f"is {condition.get('status')} ({condition.get('reason') or 'no reason is given'})"
    )
    if gate != keys.READINESS_GATE:
        return f"readiness gate {gate} {state}; the controller of the gate has to open the gate"
    ports = ", ".join(sorted({str(port["containerPort"]) for port in _ports(pod)})) or "of the Service"
    return (
        f"readiness gate {gate} {state}: the load balancer does not have the pod yet, or the health check"
        f" does not reach the pod; the pod has to listen on its port ({ports}), and security groups of the"
        " nodes' ENIs have to admit clients and the health check on that port (457/41897); a rule of a load"
        " balancer holds 100 or 200 pods"
    )


def _ports(pod: Json) -> Iterator[Json]:
    for container in _child(pod, "spec").get("containers") or ():
        yield from container.get("ports") or ()


def _gates(pod: Json) -> list[str]:
    return [str(gate["conditionType"]) for gate in _child(pod, "spec").get("readinessGates") or ()]


def _warnings(events: Sequence[Json]) -> dict[tuple[str, str], str]:
    """The last warning about each object, by kind and name."""
    found: dict[tuple[str, str], str] = {}
    for event in sorted(events, key=_time):
        if event.get("type") == "Warning":
            about = _child(event, "involvedObject")
            found[str(about.get("kind")), str(about.get("name"))] = _cut(
                f"{event.get('reason')}: {event.get('message')}"
            )
    return found


def _time(event: Json) -> str:
    return str(event.get("lastTimestamp") or event.get("eventTime") or event.get("firstTimestamp") or "")


def _condition(pod: Json, kind: str) -> Json:
    conditions = _child(pod, "status").get("conditions") or ()
    return next((condition for condition in conditions if condition.get("type") == kind), _NOTHING)


def _child(item: Json, name: str) -> Json:
    found: Json = item.get(name) or _NOTHING
    return found


def _cut(text: str) -> str:
    line = printable(" ".join(text.split()))
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"


def _named(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN_PODS} more" if len(names) > SHOWN_PODS else ""
    return f"{'pod' if len(names) == 1 else 'pods'} {', '.join(names[:SHOWN_PODS])}{more}"
