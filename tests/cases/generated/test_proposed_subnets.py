"""Proposed subnets for generated demands: no overlap, enough addresses, refusals."""

import ipaddress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pulumi_tke_hybrid.capacity.propose import NoRoom, ZoneDemand, propose, too_many_pods
from pulumi_tke_hybrid.tke import capacity, cidrs
from pulumi_tke_hybrid.tke.enis import EniLimit

wishes = st.lists(
    st.builds(
        ZoneDemand,
        st.sampled_from("abcdef"),
        st.integers(1, 40),
        st.integers(0, 400),
        st.sampled_from([EniLimit(3, 9), EniLimit(7, 29)]),
    ),
    min_size=1,
    max_size=5,
).map(lambda items: [item for item in items if too_many_pods(item) is None])


blocks = st.builds(
    lambda offset, prefix: str(ipaddress.IPv4Network((0x0A000000 + offset, prefix), strict=False)),
    st.integers(0, 2**16 - 1),
    st.integers(18, 28),
)


@settings(max_examples=150)
@given(st.integers(16, 22), wishes, st.lists(blocks, max_size=6), st.sampled_from([0.0, 0.3, 1.0, 3.0]))
def test_layouts_never_overlap_always_fit_and_respect_what_is_there(
    prefix: int, wanted: list[ZoneDemand], taken: list[str], growth: float
) -> None:
    vpc = ipaddress.IPv4Network(("10.0.0.0", prefix))
    held = [ipaddress.IPv4Network(block) for block in taken]
    try:
        placed = propose(str(vpc), wanted, {block: block for block in taken}, growth)
    except NoRoom:
        return
    networks = [ipaddress.IPv4Network(item.block) for item in placed]
    for index, network in enumerate(networks):
        assert network.subnet_of(vpc)
        assert not any(network.overlaps(other) for other in [*held, *networks[:index]])
    for wish, item in zip(wanted, placed, strict=True):
        assert item.zone == wish.zone
        assert item.addresses == cidrs.usable_addresses(item.block)
        assert item.addresses >= item.wanted >= item.needed
        assert capacity.pods_that_fit((item.needed,), (wish.limit,) * wish.nodes) >= wish.pods
        assert item.reasons


@settings(max_examples=100)
@given(st.integers(20, 24), st.integers(1, 60), st.lists(blocks, max_size=5))
def test_one_zone_is_refused_only_if_no_place_is_free(prefix: int, pods: int, taken: list[str]) -> None:
    vpc = ipaddress.IPv4Network(("10.0.0.0", prefix))
    wish = ZoneDemand("a", 3, pods, EniLimit(7, 29))
    size = next(p for p in range(28, 15, -1) if 2 ** (32 - p) - 3 >= 2 * wish.addresses)
    places = vpc.subnets(new_prefix=size) if size >= prefix else iter(())
    free = [
        block for block in places if not any(block.overlaps(ipaddress.IPv4Network(other)) for other in taken)
    ]
    if free:
        assert propose(str(vpc), [wish], {block: block for block in taken})[0].block == str(free[0])
    else:
        with pytest.raises(NoRoom, match="add a secondary range"):
            propose(str(vpc), [wish], {block: block for block in taken})
