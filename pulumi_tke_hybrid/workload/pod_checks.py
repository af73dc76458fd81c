"""What is wrong with the pods that a program describes: containers, the whole pod, and the ports that probes name."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, cast

import pulumi_kubernetes as kubernetes

from pulumi_tke_hybrid.component.pods import Container, take
from pulumi_tke_hybrid.tke.rule import Finding
from pulumi_tke_hybrid.tke.rules.inputs import COMBINATION, PROPERTY
from pulumi_tke_hybrid.workload.rollout import RolloutArgs

PROBES = ("readiness_probe", "liveness_probe", "startup_probe")
_HOOKS = ("post_start", "pre_stop")


def typed_containers(spec: kubernetes.core.v1.PodSpecArgs | None, name: str) -> Sequence[Container]:
    """The containers of a pod as the user typed them; none when they are anything but a plain list of them."""
    found: Any = getattr(spec, name, None)
    items: list[Any] = found if isinstance(found, list) else []  # pyright: ignore[reportUnknownVariableType]
    return items if all(isinstance(item, kubernetes.core.v1.ContainerArgs) for item in items) else []


def pod_spec_problems(spec: kubernetes.core.v1.PodSpecArgs, rollout: RolloutArgs) -> Iterator[Finding]:
    """What is wrong with a whole pod."""
    if not typed_containers(spec, "containers"):
        yield PROPERTY.finding(
            "pod_spec.containers",
            "must be a plain list of ContainerArgs or dictionaries, one at least; the first one asks for the ENI address",
        )
    if spec.host_network not in (None, True, False):
        yield PROPERTY.finding(
            "pod_spec.host_network", "must be a plain value; a pod on its node's network is refused, and an Output is known too late"
        )
    grace, pre_stop, other = spec.termination_grace_period_seconds, rollout.pre_stop, rollout.termination_grace_seconds
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
            f"{grace} s leaves the application no time after {pre_stop} s of rollout.pre_stop_seconds, it would be killed; use more",
        )


def named_port_problems(container: Any, names: Collection[str] | None, where: str = "") -> Iterator[Finding]:
    """Probes and hooks of a container, or of what has its probes, that name a port which the container has not.

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
                there = f"its ports are named {', '.join(sorted(names))}" if names else "none of its ports has a name"
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
        if not (isinstance(port, Mapping | kubernetes.core.v1.ContainerPortArgs) and isinstance(name, str | None)):
            return None
        found |= {name} if name else set()
    return found
