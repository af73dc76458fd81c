"""Rules on clusters: container subnets whose ids are not known yet."""

import pytest

from pulumi_tke_hybrid.plan import resource_types
from pulumi_tke_hybrid.tke.objects import UNKNOWN
from tests.unit.plan.rules.builders import (
    A,
    found,
    update,
)


@pytest.mark.parametrize("listed", [UNKNOWN, [UNKNOWN]], ids=["the list", "an id"])
def test_unknown_container_subnets_switch_the_network_on_with_its_settings(listed: object) -> None:
    settings = {"vpcCniType": "tke-route-eni", "claimExpiredSeconds": 300}
    assert found(update(resource_types.CLUSTER, {}, {"eniSubnetIds": listed, **settings})) == [
        "gr-source-address"
    ]


@pytest.mark.parametrize("listed", [UNKNOWN, [A, UNKNOWN]], ids=["the list", "an id"])
def test_unknown_container_subnets_cannot_be_added_together_with_another_reclaim_time(
    listed: object,
) -> None:
    old = {"eniSubnetIds": [A], "claimExpiredSeconds": 300}
    rules = found(update(resource_types.CLUSTER, old, {"eniSubnetIds": listed, "claimExpiredSeconds": 600}))
    assert rules == ["refused-update", "gr-source-address"]
