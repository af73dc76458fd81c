"""What is wrong with the pods that a program describes: containers, the whole pod, and the ports that probes
name.

The pod template of a workload: the user's pod with the network, the drain and the spread that it needs."""

import copy
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import pulumi
import pulumi_kubernetes as kubernetes

from pulumi_tke_hybrid.component.inputs import Input
from pulumi_tke_hybrid.component.pods import Container, asked_by_hand, take, with_eni_ip, with_pre_stop
from pulumi_tke_hybrid.tke import keys
from pulumi_tke_hybrid.tke.rule import Finding
from pulumi_tke_hybrid.tke.rules.inputs import COMBINATION, PROPERTY
from pulumi_tke_hybrid.workload.rollout import RolloutArgs

PROBES = ("readiness_probe", "liveness_probe", "startup_probe")
_HOOKS = ("post_start", "pre_stop")


def typed_containers(spec: kubernetes.core.v1.PodSpecArgs | None, name: str) -> Sequence[Container]:
    """The containers of a pod as the user typed them; none when they are anything but a plain list of
    them."""
    found: Any = getattr(spec, name, None)
    items: list[Any] = found if isinstance(found, list) else []  # pyright: ignore[reportUnknownVariableType]
    return items if all(isinstance(item, kubernetes.core.v1.ContainerArgs) for item in items) else []


def pod_spec_problems(spec: kubernetes.core.v1.PodSpecArgs, rollout: RolloutArgs) -> Iterator[Finding]:
    """What is wrong with a whole pod."""
    if not typed_containers(spec, "containers"):
        yield PROPERTY.finding(
            "pod_spec.containers",
            "must be a plain list of ContainerArgs or dictionaries, one at least; the first one asks for the"
            " ENI address",
        )
    if spec.host_network not in (None, True, False):
        yield PROPERTY.finding(
            "pod_spec.host_network",
            "must be a plain value; a pod on its node's network is refused, and an Output is known too late",
        )
    grace, pre_stop, other = (
        spec.termination_grace_period_seconds,
        rollout.pre_stop,
        rollout.termination_grace_seconds,
    )
    if grace is not None and other is not None and grace != other:
        yield COMBINATION.finding(
            "rollout.termination_grace_seconds",
            "has no effect beside pod_spec.termination_grace_period_seconds",
            value=f"{other} s",
            why="the pod gets what pod_spec says",
            todo="leave one of them out",
        )
    if isinstance(grace, int) and grace <= pre_stop:
        yield PROPERTY.finding(
            "pod_spec.termination_grace_period_seconds",
            f"{grace} s leaves the application no time after {pre_stop} s of rollout.pre_stop_seconds, it"
            " would be killed; use more",
        )


def named_port_problems(container: Any, names: Collection[str] | None, where: str = "") -> Iterator[Finding]:
    """Probes and hooks of a container, or of what has its probes, that name a port which the container has
    not.

    `names` are those of the container's ports; None while they are not known.
    """
    if names is None:
        return
    holders = [(f"{where}{probe}", take(container, probe)) for probe in PROBES]
    holders += [(f"{where}lifecycle.{hook}", take(take(container, "lifecycle"), hook)) for hook in _HOOKS]
    for path, holder in holders:
        for action in ("http_get", "tcp_socket"):
            port = take(take(holder, action), "port")
            if isinstance(port, str) and port not in names:
                there = (
                    f"its ports are named {', '.join(sorted(names))}"
                    if names
                    else "none of its ports has a name"
                )
                yield PROPERTY.finding(
                    f"{path}.{action}.port",
                    "is no port of this container",
                    value=repr(port),
                    why=f"{there}; the check would always fail, and no pod would get ready",
                    todo="name the port, at most 15 characters, or give its number",
                )


def port_names(container: Container) -> set[str] | None:
    """The names of a container's ports; None where an Output hides one."""
    ports: Any = container.ports
    if ports is None:
        return set()
    if not isinstance(ports, list | tuple):
        return None
    found: set[str] = set()
    for port in cast(Sequence[Any], ports):
        name = take(port, "name")
        if not (
            isinstance(port, Mapping | kubernetes.core.v1.ContainerPortArgs) and isinstance(name, str | None)
        ):
            return None
        found |= {name} if name else set()
    return found


PodSpec = kubernetes.core.v1.PodSpecArgs
_HOST_LABEL = "kubernetes.io/hostname"


@dataclass(frozen=True)
class Drain:
    """How a pod stops."""

    pre_stop_seconds: int
    native_sleep: bool
    grace_seconds: int


def asking_paths(
    containers: Sequence[Container], init_containers: Sequence[Container], where: str = ""
) -> Iterator[str]:
    """Property paths of the containers that ask for an ENI address by hand though they are not the first."""
    for name, group, start in (("containers", containers, 1), ("init_containers", init_containers, 0)):
        for index, container in enumerate(group[start:], start):
            if any(asked_by_hand(container.resources)):
                yield f"{where}{name}[{index}].resources"


def asked_amounts(containers: Sequence[Container], where: str = "") -> Iterator[tuple[str, Any]]:
    """Property path and amount of the ENI addresses that the first container asks for by hand."""
    for container in containers[:1]:
        yield from (
            (f"{where}containers[0].resources.{path}", amount)
            for path, amount in asked_by_hand(container.resources)
        )


def pod_template(
    spec: PodSpec,
    *,
    on_eni: bool,
    labels: Mapping[str, Input[str]],
    annotations: Mapping[str, Input[str]],
    selector: Mapping[str, Input[str]],
    drain: Drain,
) -> kubernetes.core.v1.PodTemplateSpecArgs:
    """The template; what the user's own spec says already about drain and spread stays."""
    made = copy.copy(spec)
    containers: list[Any] = list(spec.containers)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType, reportUnknownArgumentType]
    containers = with_pre_stop(containers, drain.pre_stop_seconds, drain.native_sleep)
    made.containers = with_eni_ip(containers) if on_eni else containers
    if made.termination_grace_period_seconds is None:
        made.termination_grace_period_seconds = drain.grace_seconds
    if made.topology_spread_constraints is None:
        made.topology_spread_constraints = [
            _spread(keys.ZONE_LABEL, selector),
            _spread(_HOST_LABEL, selector),
        ]
    return kubernetes.core.v1.PodTemplateSpecArgs(
        metadata=kubernetes.meta.v1.ObjectMetaArgs(labels=labels, annotations=annotations or None), spec=made
    )


def _spread(key: str, selector: Mapping[str, Input[str]]) -> kubernetes.core.v1.TopologySpreadConstraintArgs:
    # By the key only: the zone label's values are numbers on TKE. And never as a condition for being
    # scheduled at all: zones without an
    # ENI subnet count too, and would block every further pod.
    return kubernetes.core.v1.TopologySpreadConstraintArgs(
        max_skew=1,
        topology_key=key,
        when_unsatisfiable="ScheduleAnyway",
        label_selector=kubernetes.meta.v1.LabelSelectorArgs(match_labels=selector),
    )


def pod_annotations(
    own: Mapping[str, Input[str]] | None,
    written: Mapping[str, str],
    ip_reclaim: Input[str] | None,
    nominated_subnets: Sequence[Input[str]] | None,
) -> dict[str, Input[str]]:
    """The user's annotations and ours."""
    found: dict[str, Input[str]] = {**(own or {}), **written}
    if ip_reclaim is not None:
        found[keys.CLAIM_EXPIRED_DURATION] = ip_reclaim
    if nominated_subnets is not None:
        found[keys.NOMINATED_SUBNETS] = pulumi.Output.all(*nominated_subnets).apply(",".join)
    return found
