"""Containers as the user typed them, with what TKE needs in them."""

import copy
from collections.abc import Mapping, Sequence
from typing import Any, cast

import pulumi
import pulumi_kubernetes as kubernetes

from pulumi_tke_hybrid.tke import keys

Container = kubernetes.core.v1.ContainerArgs


def with_eni_ip(containers: Sequence[Container]) -> list[Container]:
    """The containers, the first of which asks for one ENI address.

    The first, because TKE's webhook looks at no other one and would add a second request to it.
    """
    first = copy.copy(containers[0])
    given = first.resources
    first.resources = pulumi.Output.from_input(given).apply(_asking) if isinstance(given, pulumi.Output) else _asking(given)
    return [first, *containers[1:]]


def _asking(resources: Any) -> kubernetes.core.v1.ResourceRequirementsArgs:
    def take(name: str) -> Any:
        if isinstance(resources, Mapping):
            return cast(Mapping[str, Any], resources).get(name)
        return getattr(resources, name, None)

    return kubernetes.core.v1.ResourceRequirementsArgs(
        requests=_with_one(take("requests")), limits=_with_one(take("limits")), claims=take("claims")
    )


def _with_one(amounts: Any) -> pulumi.Output[dict[str, str]] | dict[str, Any]:
    if isinstance(amounts, pulumi.Output):
        return cast(pulumi.Output[dict[str, Any]], amounts).apply(_plus_one)
    return _plus_one(amounts)


def _plus_one(amounts: Mapping[str, Any] | None) -> dict[str, Any]:
    return {**(amounts or {}), keys.ENI_IP: "1"}
