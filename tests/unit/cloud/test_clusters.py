"""Lists that are longer than a page of the API: what stands on the second one counts as well."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from pulumi_tke_hybrid.capacity import cluster_sources
from pulumi_tke_hybrid.cloud.calls import CloudError, DeadlinePassed, Wait
from pulumi_tke_hybrid.cloud.clusters import (
    clusters_named,
    refuse_orphan,
    refuse_orphan_pool,
    wait_until_empty,
    wait_until_gone,
)

Item = dict[str, Any]


class Pages:
    """As the API lists: 20 without a limit, 100 at the most, five values of a filter."""

    def __init__(
        self, subnets: Sequence[Item] = (), clusters: Sequence[Item] = (), pools: Sequence[Item] = ()
    ) -> None:
        self._lists = {
            "DescribeSubnets": ("SubnetSet", "SubnetId", subnets),
            "DescribeClusters": ("Clusters", "ClusterName", clusters),
            "DescribeNodePools": ("NodePools", "Name", pools),
        }

    def call(self, service: str, action: str, params: Mapping[str, Any]) -> Item:
        key, name, items = self._lists[action]
        number = str if service == "vpc" else int
        assert all(isinstance(params.get(field, number()), number) for field in ("Limit", "Offset"))
        first, most = int(params.get("Offset", 0)), int(params.get("Limit", 20))
        assert most <= 100
        values = next((item["Values"] for item in params.get("Filters", ())), None)
        assert values is None or len(values) <= 5
        found = [item for item in items if values is None or any(value in item[name] for value in values)]
        return {key: found[first : first + most]}


def subnet(number: int, used: int = 0) -> Item:
    block = {"Zone": "ap-guangzhou-4", "CidrBlock": f"10.1.{number}.0/24", "TotalIpAddressCount": 253}
    return {"SubnetId": f"subnet-{number:08}", **block, "AvailableIpAddressCount": 253 - used}


def cluster(number: int, name: str = "shop", status: str = "Running") -> Item:
    network = {"VpcId": "vpc-12345678"}
    return {
        "ClusterId": f"cls-{number:08}",
        "ClusterName": name,
        "ClusterStatus": status,
        "ClusterNetworkSettings": network,
    }


@pytest.mark.parametrize("kind", ["Regular", "Native", "Super", "External"])
@pytest.mark.parametrize("before", [0, 19, 20, 99, 100, 250])
def test_a_pool_of_any_kind_that_an_earlier_run_left_is_found_on_any_page(kind: str, before: int) -> None:
    pools = [
        {"NodePoolId": f"np-{number}", "Name": f"other-{number}", "Type": "Regular", "LifeState": "Running"}
        for number in range(before)
    ]
    left = {"NodePoolId": "np-left", "Name": "web", "Type": kind, "LifeState": "Running"}
    with pytest.raises(CloudError, match=rf"already has a node pool named 'web', np-left \({kind}\)"):
        refuse_orphan_pool(Pages(pools=[*pools, left]), "cls-00000001", "web")
    refuse_orphan_pool(Pages(pools=pools), "cls-00000001", "web")
    for state in ("Deleting", "deleting"):
        refuse_orphan_pool(Pages(pools=[*pools, {**left, "LifeState": state}]), "cls-00000001", "web")


def wait() -> Wait:
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    return Wait(20, lambda _: None, sleep=sleep, clock=lambda: now[0])


@pytest.mark.parametrize("count", [1, 5, 6, 21, 101])
def test_the_last_of_many_subnets_is_waited_for(count: int) -> None:
    subnets = [*(subnet(number) for number in range(count - 1)), subnet(count - 1, used=3)]
    ids = [item["SubnetId"] for item in subnets]
    with pytest.raises(DeadlinePassed, match=f"addresses still in use: {ids[-1]} holds 3"):
        wait_until_empty(Pages(subnets), ids, wait())
    wait_until_empty(Pages(subnets[:-1]), ids, wait())  # a subnet that is gone holds no address


def test_a_cluster_after_the_first_page_of_similar_names_is_found() -> None:
    """The filter by name may match similar names."""
    clusters = [*(cluster(number, f"shop-{number}") for number in range(120)), cluster(120)]
    assert [
        item["ClusterId"] for item in clusters_named(Pages(clusters=clusters), "vpc-12345678", "shop")
    ] == ["cls-00000120"]
    with pytest.raises(CloudError, match="already has a cluster named 'shop', cls-00000120"):
        refuse_orphan(Pages(clusters=clusters), "vpc-12345678", "shop")
    going = [*clusters[:-1], cluster(120, status="Deleting")]
    with pytest.raises(DeadlinePassed, match="cls-00000120 is Deleting"):
        wait_until_gone(Pages(clusters=going), "vpc-12345678", "shop", wait())


def test_capacity_counts_every_subnet() -> None:
    subnets = [subnet(number) for number in range(130)]
    wanted = [item["SubnetId"] for item in subnets]
    found = cluster_sources._subnets(Pages(subnets), wanted)  # pyright: ignore[reportPrivateUsage]
    assert [item.subnet_id for _, item in found] == [item["SubnetId"] for item in subnets]
