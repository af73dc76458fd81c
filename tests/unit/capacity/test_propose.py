"""Refusals of proposed subnets. `tests/cases/generated/test_proposed_subnets.py` has the proposals."""

import pytest

from pulumi_tke_hybrid.capacity.propose import NoRoom, ZoneDemand, propose, too_many_pods
from pulumi_tke_hybrid.tke.enis import EniLimit


def test_a_zone_that_is_too_large_for_any_subnet_is_refused_with_an_action() -> None:
    with pytest.raises(NoRoom, match="split the zone's pods"):
        propose("10.0.0.0/8", [ZoneDemand("a", 400, 80000, EniLimit(7, 29))], {})


def test_more_pods_than_the_nodes_take_are_refused_with_the_number_of_nodes() -> None:
    assert too_many_pods(ZoneDemand("a", 3, 81, EniLimit(3, 9))) is None
    assert "use 4 nodes" in str(too_many_pods(ZoneDemand("a", 3, 82, EniLimit(3, 9))))
