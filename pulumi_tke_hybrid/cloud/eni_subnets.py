"""Waiting until container subnets are empty: a subnet that still holds addresses cannot be deleted."""

from collections.abc import Sequence

from pulumi_tke_hybrid.cloud.client import Cloud
from pulumi_tke_hybrid.cloud.subnets import subnets_of
from pulumi_tke_hybrid.cloud.waiting import Wait

ADVICE = "Addresses kept by `vpc-ip-claim-delete-policy: Never` may stay until their reclaim time. Run `pulumi destroy` again to go on."


def wait_until_empty(cloud: Cloud, subnet_ids: Sequence[str], wait: Wait) -> None:
    """Return once no address of the subnets is in use, or the subnets are gone."""

    def look() -> tuple[bool | None, str]:
        used = {
            str(item["SubnetId"]): int(item["TotalIpAddressCount"]) - int(item["AvailableIpAddressCount"])
            for item in subnets_of(cloud, subnet_ids)
        }
        held = ", ".join(f"{subnet} holds {count}" for subnet, count in sorted(used.items()) if count > 0)
        return (None, f"addresses still in use: {held}") if held else (True, "empty")

    if subnet_ids:
        wait.until("container subnets", look, ADVICE)
