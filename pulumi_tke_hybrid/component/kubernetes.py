"""Which cluster Kubernetes objects go to."""

from collections.abc import Mapping
from typing import Any

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


async def cluster_of(provider: pulumi.ProviderResource | None) -> tuple[str, str]:
    """Kubeconfig and context of a Kubernetes provider; empty where it goes by the machine's own."""
    return await _value(provider, "kubeconfig"), await _value(provider, "context")


async def _value(provider: pulumi.ProviderResource | None, field: str) -> str:
    """An input of the provider. Its SDK keeps them, as outputs, without declaring them."""
    found: Any = getattr(provider, field, None)
    return str((await found.future() if hasattr(found, "future") else found) or "")
