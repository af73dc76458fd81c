"""Settings and ranges on generated values."""

import ipaddress

from hypothesis import given
from hypothesis import strategies as st

from pulumi_tke_hybrid.tke import cidrs
from pulumi_tke_hybrid.tke import ipamd as reclaim
from tests.unit.tke.test_names import share


@given(st.integers(reclaim.MINIMUM_SECONDS, reclaim.MAXIMUM_SECONDS))
def test_reclaim_survives_its_text(seconds: int) -> None:
    assert reclaim.seconds_of(reclaim.after(seconds)) == seconds
    assert reclaim.reclaim_problem(reclaim.after(seconds)) is None


blocks = st.builds(
    lambda address, prefix: str(ipaddress.IPv4Network((address, prefix), strict=False)),
    st.integers(0, 2**32 - 1),
    st.integers(4, 30),
)


near = st.builds(
    lambda address, prefix: str(ipaddress.IPv4Network((address, prefix), strict=False)),
    st.integers(0, 255),
    st.integers(24, 32),
)


@given(st.lists(st.one_of(blocks, near), max_size=12), st.integers(0, 12))
def test_a_finding_names_the_first_range_that_shares_an_address(ranges: list[str], others: int) -> None:
    named = [(f"r{index}", block) for index, block in enumerate(ranges)]
    expected: list[str] = []
    for index, block in enumerate(ranges):
        shared = [path for path, other in named[:index] if share(block, other)]
        if shared and index >= others:
            expected.append(f"r{index}: {block} overlaps {dict(named)[shared[0]]} ({shared[0]})")
    assert [
        str(finding).split(";")[0] for finding in cidrs.overlaps(named[others:], named[:others])
    ] == expected


@given(st.integers(*cidrs.SERVICES))
def test_a_power_of_two_is_named_for_every_other_number(value: int) -> None:
    problem = cidrs.services_problem(value)
    if value in {2**exponent for exponent in range(18)}:
        assert problem is None
    else:
        assert problem is not None
        named = int(str(problem).rsplit(" ", 1)[1])
        assert named & (named - 1) == 0
        assert named / 2 < value < named
