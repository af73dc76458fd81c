"""Subnets by their ids. One that is gone is left out."""

from collections.abc import Iterator, Sequence

from pulumi_tke_hybrid.cloud.client import Answer, Cloud
from pulumi_tke_hybrid.cloud.pages import PAGE

AT_ONCE = 5
"""How many values a filter may have. The API's pages name no number for DescribeSubnets; for others of the service it is this, or 100."""


def subnets_of(cloud: Cloud, ids: Sequence[str]) -> Iterator[Answer]:
    """By a filter, which passes over an id that is gone. `SubnetIds` would take a hundred, but may be refused for one of them."""
    for first in range(0, len(ids), AT_ONCE):
        filters = [{"Name": "subnet-id", "Values": list(ids[first : first + AT_ONCE])}]
        # Fewer than a page. Of all lists of the API, only this service wants its numbers as text.
        answer = cloud.call("vpc", "DescribeSubnets", {"Filters": filters, "Limit": str(PAGE)})
        yield from answer.get("SubnetSet") or ()
