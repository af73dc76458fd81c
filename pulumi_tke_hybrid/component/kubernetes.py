"""Which cluster Kubernetes objects go to."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import pulumi

from pulumi_tke_hybrid.component.errors import InvalidInputs


def require_provider(providers: Mapping[str, pulumi.ProviderResource], owner: str) -> None:
    """Refuse the ambient default provider: it would send the objects to whatever cluster this machine's kubeconfig points at."""
    if "kubernetes" not in providers:
        raise InvalidInputs.single(
            owner,
            "opts.provider",
            "no Kubernetes provider; without one the objects would go to the cluster of this machine's own kubeconfig; pass "
            "opts=ResourceOptions(provider=cluster.provider), or say use_ambient_provider=True",
        )


def refuse_what_is_no_provider(opts: pulumi.ResourceOptions | None, owner: str) -> None:
    """Refuse another thing where a provider belongs, a HybridCluster for instance: Pulumi would end in a stack trace."""
    if opts is None:
        return
    given: object = opts.providers or ()
    several = cast(Mapping[str, object], given).values() if isinstance(given, Mapping) else cast(Sequence[object], given)
    found: list[tuple[str, object]] = [("opts.provider", opts.provider)] if opts.provider else []
    for path, value in [*found, *(("opts.providers", item) for item in several)]:
        if not isinstance(value, pulumi.ProviderResource):
            todo = "pass cluster.provider" if hasattr(type(value), "provider") else "pass the provider of the cluster"
            raise InvalidInputs.single(owner, path, f"must be a Kubernetes provider, not a {type(value).__name__}; {todo}")


async def cluster_of(provider: pulumi.ProviderResource | None) -> tuple[str, str]:
    """Kubeconfig and context of a Kubernetes provider; empty where it goes by the machine's own."""
    return await _value(provider, "kubeconfig"), await _value(provider, "context")


async def _value(provider: pulumi.ProviderResource | None, field: str) -> str:
    """An input of the provider. Its SDK keeps them, as outputs, without declaring them."""
    found: Any = getattr(provider, field, None)
    return str((await found.future() if hasattr(found, "future") else found) or "")
