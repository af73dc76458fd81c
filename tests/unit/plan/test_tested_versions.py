"""Comparisons of versions, and the runs with each version."""

import pytest

from pulumi_tke_hybrid.plan import (
    EVERY_TEST,
    PARTS,
    numbers,
    satisfies,
    takes_existing_objects_over,
)


def test_versions_and_their_bounds() -> None:
    assert numbers("v3.259.0") == (3, 259, 0)
    assert numbers("4.25.0-alpha.1") == (4, 25, 0)
    assert satisfies("3.259", ">=3.259,<4")
    assert not satisfies("4.0.0", ">=3.259,<4")
    assert satisfies("3.272.0", "<4,>=3.259")


@pytest.mark.parametrize(
    ("name", "version", "run"),
    [
        ("Python", "3.11.9", EVERY_TEST),
        ("Python", "3.12.0", None),
        ("pulumi", "3.260.0", "unit tests"),
        ("pulumi", "3.26.0", None),
        ("pulumi-kubernetes and its plugin", "4.25.1", None),
    ],
)
def test_a_run_is_of_a_version_and_of_all_that_start_so(name: str, version: str, run: str | None) -> None:
    (part,) = [part for part in PARTS if part.name == name]
    assert part.run(version) == run


def test_the_newest_version_is_the_highest_number() -> None:
    assert [part.newest for part in PARTS if part.package] == ["3.272.0", "4.34.0", "0.2.3"]


@pytest.mark.parametrize(
    ("version", "over"), [("4.28.9", True), ("4.29.0", False), ("v5.0.0", False), ("?", False)]
)
def test_an_existing_object_is_taken_over_before_4_29(version: str, over: bool) -> None:
    assert takes_existing_objects_over(version) is over
