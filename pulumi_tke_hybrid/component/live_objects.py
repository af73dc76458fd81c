"""Reads the objects of a workload that exist already, by the kubeconfig of its Kubernetes provider."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import pulumi

from pulumi_tke_hybrid.component.errors import InvalidInputs
from pulumi_tke_hybrid.component.inputs import Input
from pulumi_tke_hybrid.component.kubernetes import cluster_of
from pulumi_tke_hybrid.kube.errors import KubeError
from pulumi_tke_hybrid.tke.rules.inputs import ADOPTED

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Live:
    """What exists of a workload's objects, each under the name of the child that applies it."""

    objects: Mapping[str, Json] = field(default_factory=dict[str, Json])
    budgets: Sequence[Json] = ()
    """The disruption budgets of the namespace."""


@dataclass(frozen=True)
class Place:
    """Where to look."""

    namespace: Input[str]
    names: Mapping[str, tuple[str, Input[str]]]
    """By child: kind, and name of the object."""


async def read_live(component: pulumi.Resource, owner: str, provider: pulumi.ProviderResource | None, place: Place, why: str) -> Live:
    """The objects that exist. `why` names in messages what they are read for.

    A preview that does not know the cluster, or cannot read it, says so and returns none. An update raises `InvalidInputs` then, before
    anything is made.
    """
    namespace = await known_value(place.namespace)
    names = {child: (kind, await known_value(name)) for child, (kind, name) in place.names.items()}
    if namespace is None or None in [name for _, name in names.values()] or not await cluster_is_known(provider):
        pulumi.log.info(f"{owner}: the cluster or the names are not known yet; {why} during `up`, before anything is made", component)
        return Live()
    from pulumi_tke_hybrid.component.pods_of import objects_and_budgets  # a program that takes nothing over does not pay

    try:
        found = await asyncio.to_thread(objects_and_budgets, *await cluster_of(provider), namespace, cast(Any, names))
    except KubeError as error:
        if pulumi.runtime.is_dry_run():
            pulumi.log.warn(f"{owner}: the cluster could not be read ({error}); {why} during `up`, before anything is made", component)
            return Live()
        todo = "let this machine read the cluster"
        raise InvalidInputs(owner, [ADOPTED.finding("opts.provider", "could not be read", why=f"{why} ({error})", todo=todo)]) from None
    return Live(*found)


async def known_value(value: Any) -> Any:
    """The value of an input with everything in it; None where a preview does not know a part of it."""
    output: pulumi.Output[Any] = pulumi.Output.from_input(value)
    return await output.future() if await output.is_known() else None


async def cluster_is_known(provider: pulumi.ProviderResource | None) -> bool:
    """Whether the kubeconfig of a provider is known; without a provider it is the machine's own.

    A preview does not tell a context that is left out from one that is not known yet, so a context is not looked at.
    """
    kubeconfig = getattr(provider, "kubeconfig", None)
    return await kubeconfig.is_known() if isinstance(kubeconfig, pulumi.Output) else True
