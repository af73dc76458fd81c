"""The judgement of `python -m benchmarks.against_raw`, on figures made by hand."""

import pytest

from benchmarks.against_raw import All, Line, Row, further, judged, minima, table
from benchmarks.measured_program import differences

ROW = Row("up", "`up`", 1.2)


@pytest.mark.parametrize(
    ("row", "figures", "verdict"),
    [
        (ROW, {"raw": 10.0, "bare": 11.0, "components": 12.0}, "ok"),
        (ROW, {"raw": 10.0, "bare": 11.0, "components": 12.1}, "not met"),
        (ROW, {"raw": 10.0, "bare": 11.0}, "not measured"),
        (ROW, {"components": 12.0}, "not measured"),
        (Row("resources", "resources", 4, "", absolute=True), {"raw": 3.0, "components": 4.0}, "ok"),
        (Row("resources", "resources", 4, "", absolute=True), {"raw": 3.0, "components": 6.0}, "not met"),
        (Row("up", "`up`"), {"raw": 10.0, "components": 90.0}, ""),
    ],
)
def test_a_row_is_judged_by_its_goal(row: Row, figures: dict[str, float], verdict: str) -> None:
    assert judged(row, figures).verdict == verdict


def test_the_minimum_of_the_rounds_counts() -> None:
    found: All = {"raw": {"up": [12.0, 10.0, 11.0]}, "bare": {}, "components": {"up": [15.0, 14.0]}}
    assert minima(found, ROW) == {"raw": 10.0, "components": 14.0}


def test_growth_compares_the_cost_of_each_further_workload() -> None:
    few: All = {"raw": {"up": [10.0]}, "components": {"up": [11.0]}}
    many: All = {"raw": {"up": [20.0]}, "components": {"up": [26.0]}}
    line = further((50, few), (100, many), ROW)
    assert line.figures == {"raw": 200.0, "components": 300.0}
    assert (line.unit, line.ratios, line.verdict) == (" ms", {"components": 1.5}, "not met")


def test_a_figure_that_is_missing_is_shown_and_not_fine() -> None:
    line: Line = judged(ROW, {"raw": 10.0})
    assert list(table("head", ["raw", "components"], [line]))[-1] == (
        "| `up` | 10.0 s | - | - | ≤ 1.20 | not measured |"
    )


def test_programs_that_make_different_objects_are_not_compared() -> None:
    one = {"Service": {"spec": {"type": "LoadBalancer", "ports": [80]}}}
    assert list(differences("", one, one)) == []
    other = {"Service": {"spec": {"type": "ClusterIP", "ports": [80]}}}
    assert list(differences("", one, other)) == ['/Service/spec/type is "LoadBalancer" or "ClusterIP"']
    assert list(differences("", one, {})) != []
