"""The region of a cluster, and whether the stack's key and the provider's belong to one account there."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pulumi
import tencentcloud_iac_pulumi as tencentcloud

from pulumi_tke_hybrid.cloud.account import two_accounts
from pulumi_tke_hybrid.cloud.errors import CloudError
from pulumi_tke_hybrid.cloud.settings import CloudSettings, configured_region
from pulumi_tke_hybrid.component.advice import say
from pulumi_tke_hybrid.component.errors import InvalidInputs
from pulumi_tke_hybrid.component.inputs import Input
from pulumi_tke_hybrid.tke import zones
from pulumi_tke_hybrid.tke.rule import Severity
from pulumi_tke_hybrid.tke.rules.transitions import PROVIDER_ACCOUNT


def settings_in(region: str) -> CloudSettings:
    """How the stack, by its configuration and environment, calls the cloud in a region."""
    return CloudSettings.read(_configured, region)


def cluster_region(
    component: pulumi.Resource,
    owner: str,
    provider: pulumi.ProviderResource | None,
    zone: Input[str],
    checked: pulumi.Output[bool],
    rules: Mapping[str, Severity],
) -> pulumi.Output[str]:
    """The region of a cluster whose first ENI subnet lies in `zone`, once all its values are known and checked.

    Whoever needs it is not made before. Raises `InvalidInputs`, naming `owner`, if `provider` (None: the default one) works in another
    region or account; `rules` may say otherwise of the account.
    """
    explicit = provider if isinstance(provider, tencentcloud.Provider) else None
    configured = explicit.region if explicit else configured_region(_configured)
    key = [explicit.secret_id, explicit.secret_key, explicit.security_token] if explicit else []

    def region(values: dict[str, Any]) -> str:
        zone, other = values["zone"], values["configured"]
        own = zones.region_of(zone) or ""
        if other and other != own:
            what = f"is not in region {other}, in which the tencentcloud provider works"
            finding = zones.ZONE_REGION.finding("eni_subnets[0].zone", what, value=zone, todo=f"use the provider of region {own}")
            raise InvalidInputs(owner, [finding])
        _refuse_other_account(component, owner, own, values["key"], rules)
        return own

    return pulumi.Output.unsecret(pulumi.Output.all(zone=zone, configured=configured, checked=checked, key=key).apply(region))


def _refuse_other_account(component: pulumi.Resource, owner: str, region: str, key: list[Any], rules: Mapping[str, Severity]) -> None:
    """VPC-CNI is asked with the stack's key, whatever provider the cluster has. A provider does not tell which role it assumes."""
    secret_id, secret_key, token = key or (None, None, None)
    if not secret_id or not secret_key:
        return
    ours = settings_in(region)
    theirs = replace(ours, secret_id=str(secret_id), secret_key=str(secret_key), security_token=str(token or ""), role=None)
    try:
        problem = two_accounts(ours, theirs)
    except CloudError as error:
        pulumi.log.info(f"could not tell whether the provider's account is the stack's: {error.code}", component)
        return
    if problem:
        why, todo = "VPC-CNI is asked with the stack's key and would not find the cluster", "give both keys of one account"
        say(component, owner, rules, [PROVIDER_ACCOUNT.finding("opts.provider", problem, why=why, todo=todo)])


def _configured(key: str) -> str | None:
    return pulumi.Config("tencentcloud").get(key.removeprefix("tencentcloud:"))
