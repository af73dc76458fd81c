"""Whose credentials these are: a wrong account would take a live cluster for one that is gone."""

from pulumi_tke_hybrid.cloud.client import Cloud, TencentCloud
from pulumi_tke_hybrid.cloud.errors import CloudError
from pulumi_tke_hybrid.cloud.settings import CloudSettings


def account_of(cloud: Cloud) -> str:
    """The account that the credentials belong to."""
    return str(cloud.call("sts", "GetCallerIdentity", {})["AccountId"])


def masked(secret_id: str) -> str:
    """A key's id as it may be shown."""
    return f"{secret_id[:4]}…{secret_id[-4:]}" if len(secret_id) > 12 else "…"


def wrong_account(before: str, now: str, secret_id: str) -> str:
    """The sentence for credentials of another account."""
    return (
        f"the stack belongs to account {before}, the credentials ({masked(secret_id)}) to account {now}; nothing was touched; use "
        f"credentials of {before}"
    )


def refuse_other_account(cloud: Cloud, before: str, secret_id: str) -> None:
    """Raise if the credentials are of another account than the one that the state names."""
    now = account_of(cloud)
    if now != before:
        raise CloudError("GetCallerIdentity", "WrongAccount", wrong_account(before, now, secret_id))


def two_accounts(stack: CloudSettings, provider: CloudSettings) -> str:
    """That the key of an explicit provider belongs to another account than the stack's, by which VPC-CNI is asked; empty if not.

    Raises `CloudError` where an account cannot be told.
    """
    if not provider.secret_id or provider.secret_id == stack.secret_id:
        return ""
    ours, theirs = account_of(TencentCloud(stack)), account_of(TencentCloud(provider))
    return "" if ours == theirs else f"its key ({masked(provider.secret_id)}) belongs to account {theirs}, the stack's to {ours}"
