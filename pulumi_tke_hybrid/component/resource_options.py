"""Resource options: of the children of a component, and of the component itself; and the cluster behind a
Kubernetes provider.

Wrong options are refused here, because Pulumi would end in a stack trace.
"""

import inspect
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from typing import Any, cast

import pulumi
import pulumi_kubernetes as kubernetes

from pulumi_tke_hybrid.component.invalid_inputs import InvalidInputs
from pulumi_tke_hybrid.tke.rule import Finding
from pulumi_tke_hybrid.tke.rules.input_rules import PROPERTY


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
    """Return the options of a child of `parent`.

    The caller's providers, `protect`, transforms and aliases reach the child through its parent, `depends_on`
    through the component's own registration. Options are never merged: a merge would replace the parent.
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
    """Refuse options of a wrong type, and a value that is not a provider in place of a provider, for example
    a HybridCluster.

    `wanted` names the provider that the component needs.
    """
    InvalidInputs.raise_if_any(owner, _problems(opts, wanted))


def given_provider(opts: pulumi.ResourceOptions | None, package: str) -> pulumi.ProviderResource | None:
    """Return the provider of the package in the component's own options; an inherited provider does not
    count."""
    values = [value for _, value in _given(opts)] if opts is not None else []
    providers = (value for value in values if isinstance(value, pulumi.ProviderResource))
    return next((provider for provider in providers if provider.package == package), None)


def _given(opts: pulumi.ResourceOptions) -> list[tuple[str, object]]:
    """Return each provider in the options with its path, also a value that is not a provider."""
    providers: object = opts.providers or ()
    if isinstance(providers, Mapping):
        providers = list(cast(Mapping[str, object], providers).values())
    several = cast(Sequence[object], providers) if _is_list(providers) else ()
    return [
        *([("opts.provider", opts.provider)] if opts.provider else []),
        *(("opts.providers", provider) for provider in several),
    ]


def _is_list(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _problems(opts: object, wanted: str) -> Iterator[Finding]:
    if opts is None:
        return
    if not isinstance(opts, pulumi.ResourceOptions):
        around = "provider=...) around it" if isinstance(opts, pulumi.ProviderResource) else "...)"
        what = f"must be ResourceOptions, not a {type(opts).__name__}"
        yield PROPERTY.finding("opts", what, todo=f"write ResourceOptions({around}")
        return
    if opts.providers and not isinstance(opts.providers, Mapping) and not _is_list(opts.providers):
        what = f"must be a list, not a {type(opts.providers).__name__}"
        yield PROPERTY.finding("opts.providers", what, todo="write [...] around it, or use provider=")
    for path, value in _given(opts):
        if not isinstance(value, pulumi.ProviderResource):
            cluster = wanted == "Kubernetes" and hasattr(type(value), "provider")
            todo = "pass cluster.provider" if cluster else "pass the provider itself"
            what = f"must be a {wanted} provider, not a {type(value).__name__}"
            yield PROPERTY.finding(path, what, todo=todo)


UPSERT = "upsert_existing_objects"
"""Argument of the Kubernetes provider, from 4.29: a create takes an existing object over."""


def require_provider(providers: Mapping[str, pulumi.ProviderResource], owner: str) -> None:
    """Refuse the default provider, which would send the objects to the cluster of this machine's
    kubeconfig."""
    if "kubernetes" not in providers:
        raise InvalidInputs.single(
            owner,
            "opts.provider",
            "no Kubernetes provider; without one the objects would go to the cluster of this machine's own"
            " kubeconfig; pass opts=ResourceOptions(provider=cluster.provider), or set"
            " use_ambient_provider=True",
        )


def refuses_existing_objects() -> bool:
    """Whether the installed pulumi-kubernetes refuses to create an object that exists, unless its provider
    has `UPSERT` (from 4.29)."""
    return UPSERT in inspect.signature(kubernetes.ProviderArgs.__init__).parameters


def upsert_problems(wanted: bool | None) -> Iterator[Finding]:
    """Return a finding if `UPSERT` is given and the installed pulumi-kubernetes does not have the
    argument."""
    if wanted is not None and not refuses_existing_objects():
        yield PROPERTY.finding(
            UPSERT,
            f"is no argument of pulumi-kubernetes {version('pulumi-kubernetes')}",
            value=wanted,
            why="this version takes existing objects over without it",
            todo="leave it out, or install pulumi-kubernetes 4.29 or later",
        )


def upsert_finding() -> Finding:
    """Return the finding that a provider does not take existing objects over."""
    return PROPERTY.finding(
        "opts.provider",
        f"does not take existing objects over: pulumi-kubernetes {version('pulumi-kubernetes')} fails to"
        " create what exists",
        todo=f"set {UPSERT}=True on the Kubernetes provider; HybridCluster has the argument too",
    )


async def takes_existing_objects(provider: pulumi.ProviderResource | None) -> bool:
    """Whether a create through this provider takes an existing object over. The SDK stores the provider's
    booleans as JSON."""
    return not refuses_existing_objects() or (await _value(provider, UPSERT)).lower() == "true"


async def cluster_of(provider: pulumi.ProviderResource | None) -> tuple[str, str]:
    """Return kubeconfig and context of a Kubernetes provider; empty texts stand for the machine's own."""
    return await _value(provider, "kubeconfig"), await _value(provider, "context")


async def _value(provider: pulumi.ProviderResource | None, field: str) -> str:
    """Return an input of the provider. The SDK stores inputs as undeclared outputs."""
    found: Any = getattr(provider, field, None)
    return str((await found.future() if hasattr(found, "future") else found) or "")
