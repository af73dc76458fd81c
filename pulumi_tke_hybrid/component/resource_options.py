"""The one way in which components make the options of their children.

The options that a program gives a component: what Pulumi itself would end in a stack trace over.

Which cluster Kubernetes objects go to."""

import inspect
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from typing import Any, cast

import pulumi
import pulumi_kubernetes as kubernetes

from pulumi_tke_hybrid.component.errors import InvalidInputs
from pulumi_tke_hybrid.tke.rule import Finding
from pulumi_tke_hybrid.tke.rules.inputs import PROPERTY


def child_options(
    parent: pulumi.Resource,
    *,
    depends_on: Sequence[pulumi.Resource] = (),
    provider: pulumi.ProviderResource | None = None,
    protect: bool | None = None,
    ignore_changes: Sequence[str] = (),
    replace_on_changes: Sequence[str] = (),
    additional_secret_outputs: Sequence[str] = (),
    delete_before_replace: bool | None = None,
    retain_on_delete: bool | None = None,
    replacement_trigger: pulumi.Output[str] | None = None,
    custom_timeouts: pulumi.CustomTimeouts | None = None,
    hooks: pulumi.ResourceHookBinding | None = None,
) -> pulumi.ResourceOptions:
    """Options of a child of `parent`.

    The caller's providers, `protect`, transforms and aliases reach the child by parentage; `depends_on` by
    the component's own
    registration. Options are never merged: a merge would replace the parent by the caller's.
    """
    return pulumi.ResourceOptions(
        parent=parent,
        depends_on=list(depends_on) or None,
        provider=provider,
        protect=protect,
        ignore_changes=list(ignore_changes) or None,
        replace_on_changes=list(replace_on_changes) or None,
        additional_secret_outputs=list(additional_secret_outputs) or None,
        delete_before_replace=delete_before_replace,
        retain_on_delete=retain_on_delete,
        replacement_trigger=replacement_trigger,
        custom_timeouts=custom_timeouts,
        hooks=hooks,
    )


def refuse_wrong_options(opts: object, owner: str, wanted: str = "Kubernetes") -> None:
    """Refuse what are no options, and another thing where a provider belongs, a HybridCluster for instance.

    `wanted` names the provider that the component works with.
    """
    InvalidInputs.raise_if_any(owner, _problems(opts, wanted))


def given_provider(opts: pulumi.ResourceOptions | None, package: str) -> pulumi.ProviderResource | None:
    """The provider of that package which the program gave this very component, not one that it inherits."""
    if opts is None:
        return None
    given = [*([opts.provider] if opts.provider else []), *(_several(opts.providers or ()) or ())]
    return next(
        (one for one in given if isinstance(one, pulumi.ProviderResource) and one.package == package), None
    )


def _problems(opts: object, wanted: str) -> Iterator[Finding]:
    if opts is None:
        return
    if not isinstance(opts, pulumi.ResourceOptions):
        around = "provider=...) around it" if isinstance(opts, pulumi.ProviderResource) else "...)"
        yield PROPERTY.finding(
            "opts",
            f"must be ResourceOptions, not a {type(opts).__name__}",
            todo=f"write ResourceOptions({around}",
        )
        return
    given: list[tuple[str, object]] = [("opts.provider", opts.provider)] if opts.provider else []
    several = _several(opts.providers or ())
    if several is None:
        todo = "write [...] around it, or say provider="
        yield PROPERTY.finding(
            "opts.providers", f"must be a list, not a {type(opts.providers).__name__}", todo=todo
        )
    for path, value in [*given, *(("opts.providers", item) for item in several or ())]:
        if not isinstance(value, pulumi.ProviderResource):
            cluster = wanted == "Kubernetes" and hasattr(type(value), "provider")
            todo = "pass cluster.provider" if cluster else "pass the provider itself"
            yield PROPERTY.finding(
                path, f"must be a {wanted} provider, not a {type(value).__name__}", todo=todo
            )


def _several(providers: object) -> Sequence[object] | None:
    """The providers of a list or a mapping; None if it is neither."""
    if isinstance(providers, Mapping):
        return list(cast(Mapping[str, object], providers).values())
    return (
        cast(Sequence[object], providers)
        if isinstance(providers, Sequence) and not isinstance(providers, str)
        else None
    )


UPSERT = "upsert_existing_objects"
"""The argument of the Kubernetes provider by which a create takes an existing object over, where the provider
has the argument."""


def require_provider(providers: Mapping[str, pulumi.ProviderResource], owner: str) -> None:
    """Refuse the ambient default provider: it would send the objects to whatever cluster this machine's
    kubeconfig points at."""
    if "kubernetes" not in providers:
        raise InvalidInputs.single(
            owner,
            "opts.provider",
            "no Kubernetes provider; without one the objects would go to the cluster of this machine's own"
            " kubeconfig; pass opts=ResourceOptions(provider=cluster.provider), or say"
            " use_ambient_provider=True",
        )


def refuses_existing_objects() -> bool:
    """Whether the installed pulumi-kubernetes refuses to create an object that exists, unless its provider
    has `UPSERT` (from 4.29)."""
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
        f"does not take existing objects over: pulumi-kubernetes {version('pulumi-kubernetes')} fails to"
        " create what exists",
        todo=f"say {UPSERT}=True on the Kubernetes provider; HybridCluster has the argument too",
    )


async def takes_existing_objects(provider: pulumi.ProviderResource | None) -> bool:
    """Whether a create through this provider takes an object over that exists. The SDK keeps the provider's
    booleans as JSON."""
    return not refuses_existing_objects() or (await _value(provider, UPSERT)).lower() == "true"


async def cluster_of(provider: pulumi.ProviderResource | None) -> tuple[str, str]:
    """Kubeconfig and context of a Kubernetes provider; empty where it goes by the machine's own."""
    return await _value(provider, "kubeconfig"), await _value(provider, "context")


async def _value(provider: pulumi.ProviderResource | None, field: str) -> str:
    """An input of the provider. Its SDK keeps them, as outputs, without declaring them."""
    found: Any = getattr(provider, field, None)
    return str((await found.future() if hasattr(found, "future") else found) or "")
