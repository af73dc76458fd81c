"""Subnets by their ids. One that is gone is left out.

Waiting until container subnets are empty: a subnet that still holds addresses cannot be deleted."""

from collections.abc import Iterator, Sequence

from pulumi_tke_hybrid.cloud.client import PAGE, Answer, Cloud
from pulumi_tke_hybrid.cloud.waiting import Wait

AT_ONCE = 5
"""How many values a filter may have. The API's pages name no number for DescribeSubnets; for others of the
service it is this, or 100."""


def subnets_of(cloud: Cloud, ids: Sequence[str]) -> Iterator[Answer]:
    """By a filter, which passes over an id that is gone. `SubnetIds` would take a hundred, but may be refused
    for one of them."""
    for first in range(0, len(ids), AT_ONCE):
        filters = [{"Name": "subnet-id", "Values": list(ids[first : first + AT_ONCE])}]
        # Fewer than a page. Of all lists of the API, only this service wants its numbers as text.
        answer = cloud.call("vpc", "DescribeSubnets", {"Filters": filters, "Limit": str(PAGE)})
        yield from answer.get("SubnetSet") or ()


ADVICE = (
    "Addresses kept by `vpc-ip-claim-delete-policy: Never` may stay until their reclaim time. Run `pulumi"
    " destroy` again to go on."
)


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
