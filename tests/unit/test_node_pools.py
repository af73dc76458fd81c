"""What an update of a node pool does to its size."""

from typing import Any

import pytest

from pulumi_tke_hybrid.cloud.calls import IncompleteResponse
from pulumi_tke_hybrid.cloud.clusters import size_of
from pulumi_tke_hybrid.tke.rules.ranges_and_pools import resized_findings

SCALED = {"enableAutoScale": True, "minSize": 1, "maxSize": 5, "desiredCapacity": 1}
UNKNOWN = object()
"""The SDK's placeholder for a value that is not known yet."""
FIXED = {"enableAutoScale": False, "minSize": 0, "maxSize": 100, "desiredCapacity": 1}


@pytest.mark.parametrize(
    ("there", "before", "after", "says"),
    [
        (
            4,
            SCALED,
            {**SCALED, "labels": {"a": "b"}},
            (
                "node_pools[web].size: 4 nodes are there, and the state of this pool that scales by itself"
                " knows of 1"
            ),
        ),
        (4, SCALED, {**SCALED, "maxSize": 8}, "node_pools[web].size: 4 nodes are there, and the state"),
        (
            4,
            {**SCALED, "desiredCapacity": 4},
            FIXED,
            "node_pools[web].size: 1 while the autoscaler ends and 4 nodes are there",
        ),
        (4, {**SCALED, "desiredCapacity": 4}, {**SCALED, "desiredCapacity": 4, "maxSize": 8}, ""),
        (1, SCALED, FIXED, ""),
        (1, FIXED, {**FIXED, "desiredCapacity": 3}, ""),
        (2, FIXED, {**FIXED, "desiredCapacity": 3.0}, ""),
        (2, FIXED, {**FIXED, "desiredCapacity": UNKNOWN}, ""),  # `up` looks again
        (
            4,
            SCALED,
            {**SCALED, "enableAutoScale": False, "maxSize": UNKNOWN},
            "node_pools[web].size: 1 while the autoscaler ends",
        ),
    ],
)
def test_only_an_update_that_undoes_the_autoscaler_or_ends_half_way_is_refused(
    there: int, before: dict[str, Any], after: dict[str, Any], says: str
) -> None:
    assert [
        str(finding)[: len(says)]
        for finding in resized_findings("node_pools[web].size", there, before, after)
    ] == ([says] if says else [])


def test_the_size_belongs_to_the_pool_and_is_none_for_a_pool_that_is_gone() -> None:
    class Pools:
        def call(self, service: str, action: str, params: Any) -> dict[str, Any]:
            (own_id,) = params["Filters"][0].pop("Values")
            assert own_id.startswith("np-")
            assert (action, params) == (
                "DescribeNodePools",
                {"ClusterId": "cls-1", "Filters": [{"Name": "NodePoolsId"}], "Limit": 100, "Offset": 0},
            )
            return {
                "NodePools": [
                    {"NodePoolId": "np-1", "Type": "Regular", "Regular": {"DesiredNodesNum": 3}},
                    {
                        "NodePoolId": "np-2",
                        "Type": "Regular",
                        "Regular": {"DesiredNodesNum": 5},
                        "Native": None,
                    },
                    {"NodePoolId": "np-3", "Type": "Native", "Native": {"Replicas": 0}},
                    {"NodePoolId": "np-4", "Type": "Super", "Super": {"SubnetIds": ["subnet-1"]}},
                    {"NodePoolId": "np-5", "Type": "Regular", "Regular": {"DesiredNodesNum": None}},
                    {"NodePoolId": "np-6", "Type": "Regular"},
                ]
            }

    assert [size_of(Pools(), pool_id) for pool_id in ("cls-1#np-2", "cls-1#np-3", "cls-1#np-9")] == [
        5,
        0,
        None,
    ]
    for pool in ("np-4", "np-5", "np-6"):
        with pytest.raises(IncompleteResponse, match=f"has no size of node pool {pool}"):
            size_of(Pools(), f"cls-1#{pool}")
