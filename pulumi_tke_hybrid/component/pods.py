"""Containers as the user typed them, with what TKE needs in them."""

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import pulumi
import pulumi_kubernetes as kubernetes

from pulumi_tke_hybrid.tke import annotations, keys

Container = kubernetes.core.v1.ContainerArgs


def with_eni_ip(containers: Sequence[Container]) -> list[Container]:
    """The containers, the first of which asks for one ENI address.

    The first, because TKE's webhook looks at no other one and would add a second request to it.
    """
    first = copy.copy(containers[0])
    given = first.resources
    first.resources = pulumi.Output.from_input(given).apply(_asking) if isinstance(given, pulumi.Output) else _asking(given)
    return [first, *containers[1:]]


def asked_by_hand(holder: Any) -> Iterator[tuple[str, Any]]:
    """Where the user asks for ENI addresses by hand, and for how many, as far as that is known; `holder` of `requests` and `limits`."""
    for name in ("requests", "limits"):
        amounts = take(holder, name)
        if isinstance(amounts, Mapping) and keys.ENI_IP in amounts:
            yield f"{name}[{keys.ENI_IP!r}]", cast(Mapping[str, Any], amounts)[keys.ENI_IP]


def with_pre_stop(containers: Sequence[Container], seconds: int, native: bool) -> list[Container]:
    """The containers, each of which waits before it is told to stop, unless it has a preStop hook of its own."""
    return [_waiting(container, seconds, native) for container in containers] if seconds else list(containers)


def _waiting(container: Container, seconds: int, native: bool) -> Container:
    lifecycle = container.lifecycle
    if isinstance(lifecycle, pulumi.Output) or take(lifecycle, "pre_stop"):
        return container
    made = copy.copy(container)
    sleep = kubernetes.core.v1.SleepActionArgs(seconds=seconds) if native else None
    command = None if native else kubernetes.core.v1.ExecActionArgs(command=["sleep", str(seconds)])
    made.lifecycle = kubernetes.core.v1.LifecycleArgs(
        pre_stop=kubernetes.core.v1.LifecycleHandlerArgs(sleep=sleep, exec_=command),
        post_start=take(lifecycle, "post_start"),
        stop_signal=take(lifecycle, "stop_signal"),
    )
    return made


def take(holder: Any, name: str) -> Any:
    """A field of typed arguments or of a plain mapping in either spelling; None where an Output hides it."""
    if isinstance(holder, Mapping):
        wanted, fields = name.replace("_", ""), cast(Mapping[str, Any], holder)
        return next((value for key, value in fields.items() if str(key).replace("_", "").lower() == wanted), None)
    return None if isinstance(holder, pulumi.Output) else getattr(holder, name, None)


def _asking(resources: Any) -> kubernetes.core.v1.ResourceRequirementsArgs:
    amounts = {name: _with(take(resources, name), one) for name, one in annotations.eni_resources().items()}
    return kubernetes.core.v1.ResourceRequirementsArgs(**amounts, claims=take(resources, "claims"))


def _with(amounts: Any, more: Mapping[str, str]) -> Any:
    if isinstance(amounts, pulumi.Output):
        return cast(pulumi.Output[dict[str, Any]], amounts).apply(lambda given: {**(given or {}), **more})
    plain: Mapping[str, Any] = amounts or {}
    return {**plain, **more}
