"""Subnets of the VPC, as the cloud has them."""

from collections.abc import Sequence
from functools import partial

from pulumi_tke_hybrid.cloud.client import Answer, Cloud
from pulumi_tke_hybrid.cloud.pages import PAGE, all_pages

_MOST_VALUES = 100
"""Ids that one filter takes."""


def subnets_by_id(cloud: Cloud, subnet_ids: Sequence[str]) -> dict[str, Answer]:
    """Those of the subnets that are there, in this region and account."""
    found: list[Answer] = []
    for start in range(0, len(subnet_ids), _MOST_VALUES):
        wanted = list(subnet_ids[start : start + _MOST_VALUES])
        found += all_pages(partial(_page, cloud, wanted), "SubnetSet")
    return {str(item["SubnetId"]): item for item in found}


def _page(cloud: Cloud, wanted: list[str], offset: int) -> Answer:
    # Of all lists of the API, only this service wants its numbers as text.
    filters = [{"Name": "subnet-id", "Values": wanted}]
    return cloud.call("vpc", "DescribeSubnets", {"Filters": filters, "Limit": str(PAGE), "Offset": str(offset)})
