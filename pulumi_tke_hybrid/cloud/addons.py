"""Add-ons of a cluster, as component management has them (tke 2018-05-25, DescribeAddon). Needs no kubeconfig."""

from pulumi_tke_hybrid.cloud.client import Answer, Cloud
from pulumi_tke_hybrid.cloud.errors import CloudError

_ABSENT = ("ResourceNotFound", "FailedOperation.AddonNotFound")


def addon_version(cloud: Cloud, cluster_id: str, name: str) -> str:
    """Its version, such as `3.11.0`; empty where component management does not have it. Raises `CloudError`."""
    try:
        answer = cloud.call("tke", "DescribeAddon", {"ClusterId": cluster_id, "AddonName": name})
    except CloudError as error:
        if error.code.startswith(_ABSENT):
            return ""
        raise
    found: list[Answer] = answer.get("Addons") or []
    return next((str(item.get("AddonVersion") or "") for item in found if item.get("AddonName") == name), "")
