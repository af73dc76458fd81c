"""Read JSON, Pulumi's properties and Kubernetes objects without trusting their types; and diagnose pods that
are not ready, one line for each reason.

Any field of an object may be missing and reads as empty then. The module has the engine's marks for unknown
and secret values, and sends no request."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from pulumi_tke_hybrid.tke import keys, names, printable

Json = dict[str, Any]
"""A JSON object."""
Props = Mapping[str, Any]
"""Properties of a resource."""

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""The engine's text for a value that is known only after `up`."""
SECRET = "[secret]"  # noqa: S105
"""The engine's text for a secret value."""
_SIGNATURE, _OF_A_SECRET = "4dabf18193072939515e22adb298388d", "1b47061264138c4ac30d75fd1eb44270"
_UNKNOWNS = {
    UNKNOWN,
    "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
    "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
    "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
    "030794c1-ac77-496b-92df-f27374a8bd58",
    "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    SECRET,
}


def unknown(value: object) -> bool:
    """Whether a preview does not show the value: the value is known only during the update, or is secret."""
    return isinstance(value, str) and value in _UNKNOWNS


def known_later(value: object) -> bool:
    """Whether the value is known only during the update."""
    return unknown(value) and value != SECRET


def known(value: Any) -> Any:
    """The value; None for a value that the preview does not show."""
    return None if unknown(value) else value


def is_secret(value: Mapping[str, Any]) -> bool:
    """Whether the object is the engine's wrapper around a secret value."""
    return value.get(_SIGNATURE) == _OF_A_SECRET


def at(props: object, *path: str) -> Any:
    """The value at a path; None if there is no such path."""
    for key in path:
        if not isinstance(props, (dict, Mapping)):  # `dict` first, because its test is faster
            return None
        props = props.get(key)  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
    return props  # pyright: ignore[reportUnknownVariableType]


def below(props: object, *path: str) -> Any:
    """As `at`, but a value below an unknown value is unknown, not None."""
    for key in path:
        if isinstance(props, str) and unknown(props):
            return props
        props = at(props, key)
    return props


def items(value: object) -> list[Any]:
    """The items of a list; none for any other value."""
    return list(cast(Sequence[Any], value)) if isinstance(value, list) else []


def mapping(value: object) -> dict[str, Any]:
    """The object; an empty object for any other value."""
    return value if isinstance(value, dict) else {}  # pyright: ignore[reportUnknownVariableType]


MOST = 1_000_000
"""Greatest number that `whole` accepts; a whole VPC has 65,536 addresses."""


def whole(value: object) -> int | None:
    """The number without its fraction; None for a text, a truth value, NaN, or a number beyond `MOST`."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not -MOST <= value <= MOST:
        return None
    return int(value)


def texts(value: object) -> list[str]:
    """The strings of a list; none for any other value."""
    if isinstance(value, (list, tuple)):
        return [item for item in value if isinstance(item, str)]  # pyright: ignore[reportUnknownVariableType]
    return []


def holds_unknown(value: Any) -> bool:
    """Whether the value, or a part of the value, is known only during the update; a secret does not count."""
    return known_later(value) or any(map(holds_unknown, mapping(value).values() or items(value)))


Object = Mapping[str, Any]
"""An object of the API, or a part of an object."""


def child(value: Object, *path: str) -> Json:
    """Return the JSON object at a path; an empty one where none is."""
    return mapping(at(value, *path))


def children(value: Object, *path: str) -> list[Json]:
    """Return the JSON objects of the list at a path; items of other types are left out."""
    return [item for item in items(at(value, *path)) if isinstance(item, dict)]


def name_of(value: Object) -> str:
    """Return `metadata.name`."""
    return str(at(value, "metadata", "name") or "")


def namespace_of(value: Object) -> str:
    """Return `metadata.namespace`; an object without the field is in `default`."""
    return str(at(value, "metadata", "namespace") or "default")


def annotations_of(value: Object) -> dict[str, str]:
    """Return `metadata.annotations`."""
    return {str(key): str(text) for key, text in child(value, "metadata", "annotations").items()}


def being_deleted(value: Object) -> bool:
    """Return whether the object has a deletion timestamp."""
    return bool(at(value, "metadata", "deletionTimestamp"))


def condition(value: Object, kind: str) -> str:
    """Return the status of a condition: `True`, `False`, `Unknown`, or "" without that condition."""
    return str(_condition_of(value, kind).get("status", ""))


def node_of(pod: Object) -> str:
    """Return the name of the node that runs the pod; empty before the pod is scheduled."""
    return str(at(pod, "spec", "nodeName") or "")


def pod_addresses(pod: Object) -> tuple[str, ...]:
    """Return all addresses of a pod, `podIP` first: a dual-stack pod has two, a starting pod none."""
    every = [at(pod, "status", "podIP"), *(item.get("ip") for item in children(pod, "status", "podIPs"))]
    return tuple(dict.fromkeys(str(address) for address in every if address))


def pod_address(pod: Object) -> str:
    """Return the first address of a pod; empty where the pod has none yet."""
    return next(iter(pod_addresses(pod)), "")


def internal_address(node: Object) -> str:
    """Return the node's address in the VPC; empty where the node has none yet."""
    addresses = children(node, "status", "addresses")
    return next((str(item["address"]) for item in addresses if item.get("type") == "InternalIP"), "")


def pod_ranges(node: Object) -> list[str]:
    """Return the node's ranges of the overlay (GlobalRouter)."""
    spec = child(node, "spec")
    return [str(block) for block in items(spec.get("podCIDRs")) or [spec.get("podCIDR")] if block]


def is_super_node(node: Object) -> bool:
    """Return whether the node is a super node: its pods have addresses of the super node's own subnet."""
    return child(node, "metadata", "labels").get(keys.INSTANCE_TYPE_LABEL) == keys.SUPER_NODE


def is_virtual(node: Object) -> bool:
    """Return whether the node is a super or a registered node: such a node has no ENI and needs no container
    subnet."""
    kind = child(node, "metadata", "labels").get(keys.INSTANCE_TYPE_LABEL)
    return kind in (keys.SUPER_NODE, keys.EXTERNAL_NODE)


def zone_of_node(node: Object, region: str) -> str | None:
    """Return the node's zone by its labels; None without a label. Without a region a number stays a number.

    The label of the CBS add-on holds the zone's name, Kubernetes' own label on TKE a number (`100004`).
    """
    labels = child(node, "metadata", "labels")
    label = str(labels.get(keys.CBS_ZONE_LABEL) or labels.get(keys.ZONE_LABEL) or "")
    return names.zone_by_label(label, region) if region else label or None


SHOWN_PODS = 3
LONGEST = 300
_NO_ADDRESS = (keys.ENI_IP, "InsufficientIPorENI")
"""Words of the Kubernetes scheduler and of TKE's ip-scheduler for a node without a free ENI address."""
_NO_ENI = ("ENILimitExceed", "ENILimit")
"""Words of the ip-scheduler, and of ipamd's event, for a node that can get no further ENI."""
_STARTING = ("ContainerCreating", "PodInitializing", "")


def diagnosis_lines(workload: str, pods: Sequence[Object], events: Sequence[Object]) -> list[str]:
    """A line for each reason, with the pods that share the reason; empty if no reason is found. `pods`: all
    pods of the workload; `events`: all events of the namespace."""
    warnings = _warnings(events)
    if not pods:
        return _no_pods(workload, warnings)
    found: dict[str, list[str]] = {}
    for pod in pods:
        metadata = child(pod, "metadata")
        if metadata.get("deletionTimestamp") or condition(pod, "Ready") == "True":
            continue
        name = str(metadata.get("name"))
        for reason in _reasons(pod, warnings.get(("Pod", name), "")):
            found.setdefault(reason, []).append(name)
    return [f"{_named(names)}: {reason}" for reason, names in found.items()]


def _no_pods(workload: str, warnings: Mapping[tuple[str, str], str]) -> list[str]:
    """The last warning of the controller that creates the pods."""
    for (kind, name), text in warnings.items():
        of_workload = name == workload or name.startswith(f"{workload}-")
        if of_workload and kind in ("ReplicaSet", "StatefulSet", "Deployment"):
            return [f"no pod was made: {text}"]
    return []


def _reasons(pod: Object, event: str) -> Iterator[str]:
    scheduled = _condition_of(pod, "PodScheduled")
    if scheduled.get("status") == "False":
        message = _cut(str(scheduled.get("message") or scheduled.get("reason") or "no reason is given"))
        yield f"no node can run the pod: {message}{_help_for(message)}"
        return
    waiting = list(_waiting_containers(pod))
    yield from waiting
    if waiting:
        return
    if not child(pod, "status").get("podIP"):
        reason = f"last event: {event}{_help_for(event)}" if event else "no event has a reason"
        yield f"no address yet; {reason}"
    elif condition(pod, "ContainersReady") != "True":
        reason = f"last event: {event}" if event else "look at the readiness probes and logs"
        yield f"the containers run, but are not ready; {reason}"
    else:
        gates = [str(gate["conditionType"]) for gate in children(pod, "spec", "readinessGates")]
        yield from (_open_gate(pod, gate) for gate in gates if condition(pod, gate) != "True")


def _help_for(message: str) -> str:
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


def _waiting_containers(pod: Object) -> Iterator[str]:
    kinds = ("initContainerStatuses", "containerStatuses")
    for container in (item for kind in kinds for item in children(pod, "status", kind)):
        waiting = child(container, "state", "waiting")
        reason = str(waiting.get("reason") or "")
        if reason not in _STARTING:
            message = _cut(str(waiting.get("message") or ""))
            yield f"container {container.get('name')} waits: {reason}{f': {message}' if message else ''}"


def _open_gate(pod: Object, gate: str) -> str:
    found = _condition_of(pod, gate)
    why = found.get("reason") or "no reason is given"
    state = f"is {found.get('status')} ({why})" if found else "has no condition yet"
    if gate != keys.READINESS_GATE:
        return f"readiness gate {gate} {state}; the controller of the gate has to open the gate"
    containers = children(pod, "spec", "containers")
    numbers = {str(port["containerPort"]) for item in containers for port in children(item, "ports")}
    ports = ", ".join(sorted(numbers)) or "of the Service"
    return (
        f"readiness gate {gate} {state}: the load balancer does not have the pod yet, or the health check"
        f" does not reach the pod; the pod has to listen on its port ({ports}), and security groups of the"
        " nodes' ENIs have to admit clients and the health check on that port (457/41897); a rule of a load"
        " balancer holds 100 or 200 pods"
    )


def _warnings(events: Sequence[Object]) -> dict[tuple[str, str], str]:
    """The last warning about each object, by kind and name."""
    found: dict[tuple[str, str], str] = {}
    for event in sorted(events, key=_event_time):
        if event.get("type") == "Warning":
            about = child(event, "involvedObject")
            text = _cut(f"{event.get('reason')}: {event.get('message')}")
            found[str(about.get("kind")), str(about.get("name"))] = text
    return found


def _event_time(event: Object) -> str:
    return str(event.get("lastTimestamp") or event.get("eventTime") or event.get("firstTimestamp") or "")


def _condition_of(pod: Object, kind: str) -> Object:
    nothing: Object = {}
    return next((item for item in children(pod, "status", "conditions") if item.get("type") == kind), nothing)


def _cut(text: str) -> str:
    line = printable(" ".join(text.split()))
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"


def _named(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN_PODS} more" if len(names) > SHOWN_PODS else ""
    return f"{'pod' if len(names) == 1 else 'pods'} {', '.join(names[:SHOWN_PODS])}{more}"
