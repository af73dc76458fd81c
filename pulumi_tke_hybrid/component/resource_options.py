"""The region of a cluster or of a `VpcCni`, and the comparison of the stack's account with the provider's.

Resource options: of the children of a component, and of the component itself; and the cluster behind a
Kubernetes provider.

Wrong options are refused here, because Pulumi would end in a stack trace."""

import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version
from typing import Any, cast

import pulumi
import pulumi_kubernetes as kubernetes
import tencentcloud_iac_pulumi as tencentcloud

from pulumi_tke_hybrid.cloud.api_client import two_accounts
from pulumi_tke_hybrid.cloud.cloud_errors import CloudError
from pulumi_tke_hybrid.cloud.settings import CloudSettings, configured_region
from pulumi_tke_hybrid.component.diagnostics import report
from pulumi_tke_hybrid.component.inputs import Input
from pulumi_tke_hybrid.component.invalid_inputs import InvalidInputs
from pulumi_tke_hybrid.tke import regions
from pulumi_tke_hybrid.tke.rule import Finding, Severity
from pulumi_tke_hybrid.tke.rules.immutable_fields import PROVIDER_ACCOUNT
from pulumi_tke_hybrid.tke.rules.input_rules import PROPERTY


def region_of_zone(zone: str | None) -> str:
    """Return the region of a zone; empty if the text is not a zone, or not known yet."""
    return regions.region_of(zone or "") or ""


def settings_in(region: str) -> CloudSettings:
    """Return region, address and credentials from the stack's configuration and the environment."""
    return CloudSettings.read(_configured, region)


def cluster_region(
    component: pulumi.Resource,
    owner: str,
    provider: pulumi.ProviderResource | None,
    zone: Input[str],
    checked: pulumi.Output[bool],
    rules: Mapping[str, Severity],
) -> pulumi.Output[str]:
    """Return the region of a cluster whose first container subnet lies in `zone`, after all checks.

    A resource that needs the region is not made before. Raise `InvalidInputs` for `owner` if `provider`
    (None: the default provider) works in another region or account; `rules` may lower the severity for the
    account.
    """
    configured, key = _region_and_key(provider)

    def region(values: dict[str, Any]) -> str:
        zone, other = values["zone"], values["configured"]
        own = region_of_zone(zone)
        if other and other != own:
            raise InvalidInputs(
                owner, [_elsewhere("eni_subnets[0].zone", f"is not in region {other}", zone, own)]
            )
        _refuse_other_account(component, owner, own, values["key"], rules)
        return own

    return pulumi.Output.unsecret(
        pulumi.Output.all(zone=zone, configured=configured, checked=checked, key=key).apply(region)
    )


def switch_region(
    component: pulumi.Resource,
    owner: str,
    provider: pulumi.ProviderResource | None,
    stated: Input[str] | None,
    rules: Mapping[str, Severity],
) -> Input[str] | None:
    """Return the region for the calls of a `VpcCni` without a cluster component: the stated region, or the
    region of the provider in its own options; None: the region of the stack.

    Raise as `cluster_region` does. An inherited provider does not count, because `VpcCni` makes its calls
    without a provider.
    """
    if not isinstance(provider, tencentcloud.Provider):
        return stated
    configured, key = _region_and_key(provider)

    def region(values: dict[str, Any]) -> str:
        own, other = values["stated"], values["configured"]
        if own and other and own != other:
            raise InvalidInputs(owner, [_elsewhere("region", f"is not {other}", own, own)])
        chosen = str(own or other or configured_region(_configured))
        if chosen:  # without a region the dynamic provider reports its absence
            _refuse_other_account(component, owner, chosen, values["key"], rules)
        return chosen

    return pulumi.Output.unsecret(
        pulumi.Output.all(stated=stated, configured=configured, key=key).apply(region)
    )


def _region_and_key(provider: pulumi.ProviderResource | None) -> tuple[Input[Any], list[Any]]:
    """Return region and key of an explicit provider; for the default provider an empty key, which stands
    for the stack's key."""
    if not isinstance(provider, tencentcloud.Provider):
        return configured_region(_configured), []
    return provider.region, [provider.secret_id, provider.secret_key, provider.security_token]


def _elsewhere(path: str, what: str, value: str, own: str) -> Finding:
    todo = f"use the provider of region {own}"
    return regions.ZONE_REGION.finding(
        path, f"{what}, in which the tencentcloud provider works", value=value, todo=todo
    )


def _refuse_other_account(
    component: pulumi.Resource, owner: str, region: str, key: list[Any], rules: Mapping[str, Severity]
) -> None:
    """Compare the accounts of the stack's key, which the calls for VPC-CNI use, and of the provider's key.

    The role that a provider assumes cannot be read.
    """
    secret_id, secret_key, token = key or (None, None, None)
    if not secret_id or not secret_key:
        return
    ours = settings_in(region)
    theirs = replace(
        ours, secret_id=str(secret_id), secret_key=str(secret_key), security_token=str(token or ""), role=None
    )
    try:
        problem = two_accounts(ours, theirs)
    except CloudError as error:
        pulumi.log.info(f"could not compare the provider's account with the stack's: {error.code}", component)
        return
    if problem:
        why, todo = (
            "the calls for VPC-CNI use the stack's key and would not find the cluster",
            "give both keys of one account",
        )
        report(
            component, owner, rules, [PROVIDER_ACCOUNT.finding("opts.provider", problem, why=why, todo=todo)]
        )


def _configured(key: str) -> str | None:
    return pulumi.Config("tencentcloud").get(key.removeprefix("tencentcloud:"))


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
