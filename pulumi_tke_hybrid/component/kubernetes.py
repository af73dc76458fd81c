"""Which cluster Kubernetes objects go to."""

import inspect
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from pulumi_tke_hybrid.component.errors import InvalidInputs
from pulumi_tke_hybrid.tke.rule import Finding
from pulumi_tke_hybrid.tke.rules.inputs import PROPERTY

UPSERT = "upsert_existing_objects"
"""The argument of the Kubernetes provider by which a create takes an existing object over, where the provider has the argument."""


def require_provider(providers: Mapping[str, pulumi.ProviderResource], owner: str) -> None:
    """Refuse the ambient default provider: it would send the objects to whatever cluster this machine's kubeconfig points at."""
    if "kubernetes" not in providers:
        raise InvalidInputs.single(
            owner,
            "opts.provider",
            "no Kubernetes provider; without one the objects would go to the cluster of this machine's own kubeconfig; pass "
            "opts=ResourceOptions(provider=cluster.provider), or say use_ambient_provider=True",
        )


def refuses_existing_objects() -> bool:
    """Whether the installed pulumi-kubernetes refuses to create an object that exists, unless its provider has `UPSERT` (from 4.29)."""
    return UPSERT in inspect.signature(kubernetes.ProviderArgs.__init__).parameters


def upsert_problems(wanted: bool | None) -> Iterator[Finding]:
    """What is wrong with `UPSERT` for the installed pulumi-kubernetes."""
    if wanted is not None and not refuses_existing_objects():
        yield PROPERTY.finding(
            UPSERT,
            f"is no argument of pulumi-kubernetes {version('pulumi-kubernetes')}",
            value=wanted,
            why="this version takes existing objects over without it",
            todo="leave it out, or install pulumi-kubernetes 4.29 or later",
        )


def upsert_finding() -> Finding:
    """That a workload cannot take existing objects over through this provider."""
    return PROPERTY.finding(
        "opts.provider",
        f"does not take existing objects over: pulumi-kubernetes {version('pulumi-kubernetes')} fails to create what exists",
        todo=f"say {UPSERT}=True on the Kubernetes provider; HybridCluster has the argument too",
    )


async def takes_existing_objects(provider: pulumi.ProviderResource | None) -> bool:
    """Whether a create through this provider takes an object over that exists. The SDK keeps the provider's booleans as JSON."""
    return not refuses_existing_objects() or (await _value(provider, UPSERT)).lower() == "true"


async def cluster_of(provider: pulumi.ProviderResource | None) -> tuple[str, str]:
    """Kubeconfig and context of a Kubernetes provider; empty where it goes by the machine's own."""
    return await _value(provider, "kubeconfig"), await _value(provider, "context")


async def _value(provider: pulumi.ProviderResource | None, field: str) -> str:
    """An input of the provider. Its SDK keeps them, as outputs, without declaring them."""
    found: Any = getattr(provider, field, None)
    return str((await found.future() if hasattr(found, "future") else found) or "")
