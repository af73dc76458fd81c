"""Which cluster Kubernetes objects go to."""

from collections.abc import Mapping

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
