"""Arithmetic of ENIs, zones and layouts. `tests/cases/generated/test_counting.py` compares with counting."""

import itertools

import pytest

from pulumi_tke_hybrid.tke import capacity, cidrs, enis


def test_a_23_with_29_pods_an_eni_is_full_at_17_nodes_as_the_vendor_documents() -> None:
    limit = enis.eni_limit("S5.4XLARGE64")
    assert limit is not None
    assert limit.pods_per_eni == 29
    # The vendor counts all 512 addresses, and pods can have 509. The result is the same: 30 a node.
    assert cidrs.usable_addresses("10.0.0.0/23") // 30 == 16
    assert 512 // 30 == 17
    assert capacity.nodes_that_fit([cidrs.usable_addresses("10.0.0.0/23")], limit) == 16


@pytest.mark.parametrize(
    ("kind", "enis_", "pods_per_eni"),
    [
        ("S5.SMALL1", 1, 5), ("S5.MEDIUM2", 3, 9), ("S5.LARGE8", 3, 9), ("S5.2XLARGE16", 5, 19),
        ("S3.3XLARGE24", 7, 29),
        ("S5.16XLARGE256", 7, 29), ("IT5.8XLARGE128", 7, 29), ("SA2.LARGE8", 3, 9), ("SA2.2XLARGE16", 5, 19),
        ("SA2.4XLARGE16", 7, 39), ("SA2.4XLARGE64", 7, 39), ("SA2.8XLARGE64", 7, 39), ("SA2.12XLARGE96", 7,
        39),
        ("SA2.22XLARGE224", 7, 39), ("SA2.40XLARGE320", 7, 39), ("S5se.LARGE8", 3, 19), ("S5se.2XLARGE16", 5,
        19),
        ("SA1.SMALL1", 1, 1), ("SA1.SMALL2", 1, 5), ("SA1.MEDIUM2", 1, 9), ("SA1.MEDIUM4", 1, 9),
        ("SA1.LARGE8", 3, 9),
        ("SA1.LARGE16", 3, 19), ("SA1.4XLARGE32", 7, 29), ("GN7.LARGE20", 3, 9), ("M5.3XLARGE96", 7, 29),
    ],
)  # fmt: skip
def test_the_table_is_the_vendors(kind: str, enis_: int, pods_per_eni: int) -> None:
    limit = enis.eni_limit(kind)
    assert limit is not None
    assert (limit.enis, limit.pods_per_eni, limit.pods) == (enis_, pods_per_eni, enis_ * pods_per_eni)
    assert limit.source is enis.LimitSource.TABLE


@pytest.mark.parametrize("kind", ["", "S5", "S5.HUGE8", "LARGE8", "S5.LARGE", "S5.LARGE8 ", "s5.LARGE8"])
def test_a_type_that_does_not_tell_is_not_guessed(kind: str) -> None:
    assert enis.eni_limit(kind) is None


@pytest.mark.parametrize(
    "kind",
    [
        "BMS5.24XLARGE384", "BMM5c.24XLARGE768", "BMIA2.24XLARGE320", "BMDA2.24XLARGE320",
        "BMSA2.24XLARGE384", "BMI5.24XLARGE192",
        "S6.LARGE8", "S8.2XLARGE16", "S9.LARGE8", "SA3.LARGE8", "SA5.4XLARGE32", "SA9.LARGE8", "C6.LARGE8",
        "M6.LARGE32", "M8.LARGE32",
        "ITA5.4XLARGE64", "PNV4.7XLARGE116", "GT4.20XLARGE474",
        "GN8.LARGE56", "GN10Xp.2XLARGE40", "GN6.LARGE20", "C3.MEDIUM4", "IT5.2XLARGE32", "S5.3XLARGE24",
    ],
)  # fmt: skip
def test_a_family_or_size_of_no_public_table_is_not_guessed_by_its_vcpus(kind: str) -> None:
    """Also the GPU types whose name means another number of vCPUs: GN8.LARGE56 has 6."""
    assert enis.eni_limit(kind) is None


@pytest.mark.parametrize(
    ("kind", "pods", "split"),
    [("SA1.MEDIUM4", 9, (1, 9)), ("S6.LARGE8", 27, (3, 9)), ("SA5.4XLARGE32", 203, (7, 29)), ("S9.LARGE8",
        57, (3, 19)),
     ("SA2.4XLARGE32", 273, (7, 39)), ("S5.4XLARGE64", 270, None), ("S8.LARGE8", 11, None)],
)  # fmt: skip
def test_how_the_reported_pods_lie_on_enis_is_the_tables_or_not_known(
    kind: str, pods: int, split: tuple[int, int] | None
) -> None:
    limit = enis.reported_limit(kind, True, {"TKERouteENIStaticIP": pods})
    assert limit is not None
    assert limit.split_known is (split is not None)
    assert split is None or (limit.enis, limit.pods_per_eni) == split
    assert pods < capacity.addresses_needed(pods, (limit,)) <= pods + enis.MOST_ENIS


@pytest.mark.parametrize(
    ("kind", "allocatable", "pods"),
    [
        ("S5.LARGE8", {"tke.cloud.tencent.com/eni-ip": "27", "pods": "61"}, 27),
        ("S5.4XLARGE64", {"tke.cloud.tencent.com/eni-ip": "203", "pods": "61"}, 61),
        ("S5.4XLARGE64", {"tke.cloud.tencent.com/eni-ip": "58", "pods": "253"}, 58),
        ("S5.LARGE8", {"tke.cloud.tencent.com/eni-ip": "0", "pods": "61"}, 0),
        ("unheard.of", {"tke.cloud.tencent.com/eni-ip": "110"}, 110),
        ("BMS5.24XLARGE384", {"tke.cloud.tencent.com/eni-ip": 0, "pods": "253"}, 0),
        ("S5.LARGE8", {"pods": "61"}, None),
        ("S5.LARGE8", {"tke.cloud.tencent.com/eni-ip": "many"}, None),
        ("S5.LARGE8", {}, None),
    ],
)  # fmt: skip
def test_a_live_node_states_its_own_number_of_eni_pods(
    kind: str, allocatable: dict[str, object], pods: int | None
) -> None:
    limit = enis.live_limit(kind, allocatable)
    assert (limit and limit.pods) == pods
    assert limit is None or limit.source is enis.LimitSource.NODE
    assert limit is None or capacity.pods_that_fit((1000,), (limit,)) == pods


def test_an_answer_without_the_number_is_no_limit() -> None:
    assert enis.reported_limit("S5.LARGE8", True, {}) is None


@pytest.mark.parametrize("taken", range(11))
def test_addresses_of_others_come_from_the_subnet_with_most(taken: int) -> None:
    for free in itertools.product((-1, 0, 1, 4), repeat=3):
        left = [max(addresses, 0) for addresses in free]
        for _ in range(min(taken, sum(left))):
            left[left.index(max(left))] -= 1
        assert capacity.after_taking(free, taken) == left


def test_the_time_does_not_grow_with_the_size_of_a_range() -> None:
    assert capacity.after_taking([2**32, 2**30], 2**31) == [2**31, 2**30]
