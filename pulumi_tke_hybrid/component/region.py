"""The region of a cluster or of a `VpcCni`, and the comparison of the stack's account with the provider's."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pulumi
import tencentcloud_iac_pulumi as tencentcloud

from pulumi_tke_hybrid.cloud.api_client import two_accounts
from pulumi_tke_hybrid.cloud.calls import CloudError, CloudSettings, configured_region
from pulumi_tke_hybrid.component.args import given_providers, report
from pulumi_tke_hybrid.component.inputs import Input
from pulumi_tke_hybrid.component.invalid_inputs import InvalidInputs
from pulumi_tke_hybrid.tke import names
from pulumi_tke_hybrid.tke.rule import Severity
from pulumi_tke_hybrid.tke.rules.immutable_fields import PROVIDER_ACCOUNT


def region_of_zone(zone: str | None) -> str:
    """Return the region of a zone; empty if the text is not a zone, or not known yet."""
    return names.region_of(zone or "") or ""


def settings_in(region: str) -> CloudSettings:
    """Return region, address and credentials from the stack's configuration and the environment."""
    return CloudSettings.read(_configured, region)


def cluster_region(
    component: pulumi.Resource,
    owner: str,
    provider: pulumi.ProviderResource | None,
    zone: Input[str],
    checked: Input[bool],
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
            raise _elsewhere(owner, "eni_subnets[0].zone", f"is not in region {other}", zone, own)
        _refuse_other_account(component, owner, own, values["key"], rules)
        return own

    values = pulumi.Output.all(zone=zone, configured=configured, checked=checked, key=key)
    return pulumi.Output.unsecret(values.apply(region))


def switch_region(
    component: pulumi.Resource,
    owner: str,
    opts: pulumi.ResourceOptions | None,
    stated: Input[str] | None,
    rules: Mapping[str, Severity],
) -> Input[str] | None:
    """Return the region for the calls of a `VpcCni` without a cluster component: the stated region, or the
    region of the provider in its own options; None: the region of the stack.

    Raise as `cluster_region` does. An inherited provider does not count, because `VpcCni` makes its calls
    without a provider.
    """
    own_providers = (provider for _, provider in given_providers(opts))
    provider = next((found for found in own_providers if isinstance(found, tencentcloud.Provider)), None)
    if provider is None:
        return stated
    configured, key = _region_and_key(provider)

    def region(values: dict[str, Any]) -> str:
        own, other = values["stated"], values["configured"]
        if own and other and own != other:
            raise _elsewhere(owner, "region", f"is not {other}", own, own)
        chosen = str(own or other or configured_region(_configured))
        if chosen:  # without a region the dynamic provider reports its absence
            _refuse_other_account(component, owner, chosen, values["key"], rules)
        return chosen

    values = pulumi.Output.all(stated=stated, configured=configured, key=key)
    return pulumi.Output.unsecret(values.apply(region))


def _region_and_key(provider: pulumi.ProviderResource | None) -> tuple[Input[Any], list[Any]]:
    """Return region and key of an explicit provider; for the default provider an empty key, which stands
    for the stack's key."""
    if not isinstance(provider, tencentcloud.Provider):
        return configured_region(_configured), []
    return provider.region, [provider.secret_id, provider.secret_key, provider.security_token]


def _elsewhere(owner: str, path: str, what: str, value: str, own: str) -> InvalidInputs:
    what, todo = f"{what}, in which the tencentcloud provider works", f"use the provider of region {own}"
    return InvalidInputs(owner, [names.ZONE_REGION.finding(path, what, value=value, todo=todo)])


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
        why = "the calls for VPC-CNI use the stack's key and would not find the cluster"
        todo = "give both keys of one account"
        finding = PROVIDER_ACCOUNT.finding("opts.provider", problem, why=why, todo=todo)
        report(component, owner, rules, [finding])


def _configured(key: str) -> str | None:
    return pulumi.Config("tencentcloud").get(key.removeprefix("tencentcloud:"))
