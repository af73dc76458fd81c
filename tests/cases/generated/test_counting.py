"""Arithmetic of ENIs, zones and layouts on generated values, against counting."""

import itertools

from hypothesis import assume, given
from hypothesis import strategies as st

from pulumi_tke_hybrid.tke import capacity, enis
from pulumi_tke_hybrid.tke.enis import EniLimit

small_limits = st.builds(EniLimit, st.integers(1, 3), st.integers(1, 3))


def addresses_taken(pods: int, limit: EniLimit) -> int:
    """Of one node that has these pods: one for each, and one for each ENI, of which there is one at least."""
    return pods + max(1, -(-pods // limit.pods_per_eni))


def possible(free: int, nodes: list[EniLimit]) -> set[int]:
    """Every number of pods that some distribution over the nodes of one subnet gives: by trying all."""
    found: set[int] = set()
    for spread in itertools.product(*(range(limit.pods + 1) for limit in nodes)):
        if sum(addresses_taken(pods, limit) for pods, limit in zip(spread, nodes, strict=True)) <= free:
            found.add(sum(spread))
    return found


@given(st.integers(0, 24), st.lists(small_limits, max_size=3))
def test_pods_that_fit_can_be_placed_and_no_distribution_places_more_than_its_enis_cost(
    free: int, nodes: list[EniLimit]
) -> None:
    assume(free >= len(nodes))
    counted = possible(free, nodes)
    found = capacity.pods_that_fit((free,), tuple(nodes))
    assert found in counted
    # A distribution that crowds fewer nodes may save an address for each ENI that it does without.
    assert max(counted) - found <= sum(limit.enis for limit in nodes)


@given(st.integers(0, 400), st.integers(1, 6), small_limits)
def test_equal_nodes_are_filled_evenly(free: int, number: int, limit: EniLimit) -> None:
    assume(free >= number)
    best = 0
    for pods in range(number * limit.pods + 1):
        spread = [pods // number + (index < pods % number) for index in range(number)]
        if sum(addresses_taken(each, limit) for each in spread) <= free:
            best = pods
    # The last step may find an address left for a node whose ENI still has room.
    assert best <= capacity.pods_that_fit((free,), (limit,) * number) <= best + number


@given(st.lists(st.integers(0, 30), max_size=3), st.lists(small_limits, max_size=4))
def test_no_address_is_given_twice_and_no_node_exceeds_its_limit(
    free: list[int], nodes: list[EniLimit]
) -> None:
    found = capacity.pods_that_fit(tuple(free), tuple(nodes))
    assert found <= sum(limit.pods for limit in nodes)
    assert found == 0 or found + 1 <= sum(free)


@given(st.integers(0, 100), st.lists(small_limits, min_size=1, max_size=4))
def test_more_addresses_never_hold_fewer_pods(free: int, nodes: list[EniLimit]) -> None:
    assert capacity.pods_that_fit((free,), tuple(nodes)) <= capacity.pods_that_fit((free + 1,), tuple(nodes))


@given(st.integers(0, 100), st.lists(small_limits, min_size=1, max_size=4))
def test_no_pod_gets_the_warm_addresses_of_nodes_without_static_ips(free: int, nodes: list[EniLimit]) -> None:
    kept = capacity.WARM_ADDRESSES * len(nodes)
    assert capacity.pods_that_fit((free + kept,), tuple(nodes), static_ip=False) == capacity.pods_that_fit(
        (free,), tuple(nodes)
    )


@given(st.lists(st.integers(0, 2000), max_size=3), small_limits)
def test_nodes_that_fit_are_those_that_subtracting_gives(free: list[int], limit: EniLimit) -> None:
    nodes = 0
    for addresses in free:
        while addresses >= limit.pods_per_eni + 1:
            addresses, nodes = addresses - limit.pods_per_eni - 1, nodes + 1
    assert capacity.nodes_that_fit(free, limit) == nodes


@given(st.integers(-5, 500), st.integers(-3, 50))
def test_periods_until_a_zone_is_full_match_a_count_period_by_period(room: int, growth: int) -> None:
    if growth <= 0:
        assert capacity.periods_until_full(room, growth) is None
        return
    periods, left = 0, max(room, 0)
    while left >= growth:
        left, periods = left - growth, periods + 1
    assert capacity.periods_until_full(room, growth) == periods


@given(
    st.integers(1, 300),
    st.sampled_from(["S5.SMALL1", "S5.LARGE8", "S5.2XLARGE16", "S5.4XLARGE64", "unheard.of"]),
)
def test_what_the_cloud_reports_is_taken_over_whole(pods: int, kind: str) -> None:
    for static, reported in ((True, pods), (False, pods + 1)):
        limit = enis.reported_limit(
            kind, static, {"TKERouteENIStaticIP": pods, "TKERouteENINonStaticIP": pods + 1}
        )
        assert limit is not None
        assert limit.pods == reported
        assert limit.source is enis.LimitSource.API
        assert capacity.pods_that_fit((addresses_taken(reported, limit),), (limit,)) == reported
        assert capacity.pods_that_fit((1000,), (limit,)) == reported
