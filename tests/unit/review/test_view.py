"""The tables of a review: one set of columns for all writers, and verdicts that agree with the findings."""

import json

import pytest

from pulumi_tke_hybrid.review import view
from tests.unit.review.recordings import NAMES, commented, judged, recorded

ENDED = {
    "raw-cluster-replaced": "its cluster is rebuilt",
    "raw-vpc-range": "its cluster is rebuilt",
    "raw-destroy": "its cluster is deleted",
    "zones-destroy": "its cluster is deleted",
    "raw-list-empty": "the pod network is switched off",
    "raw-phantom": "the pod network is not switched on",
}


@pytest.mark.parametrize("name", ENDED)
def test_no_zone_of_a_cluster_that_ends_is_ok(name: str) -> None:
    rows = [row for stack in judged(recorded(f"{name}.json")).stacks for row in view.zones(stack).rows]
    assert {row.verdict for row in rows} == {f"⛔ {ENDED[name]}"}


@pytest.mark.parametrize("name", NAMES)
def test_a_danger_in_the_zones_is_a_danger_above_and_a_cell_has_one_change(name: str) -> None:
    done = judged(recorded(name))
    for row in (row for stack in done.stacks for row in view.zones(stack).rows):
        assert all(cell.count("→") <= 1 for cell in (row.subnets, row.free, row.nodes, row.verdict))
        if row.verdict.startswith("⛔"):
            assert any(item.blocks for item in done.causes), row


def test_every_column_of_the_tables_is_in_the_comment_or_in_the_json() -> None:
    content = recorded("zones-zone-added.json")
    made = commented(content)
    (stack,) = judged(content).stacks
    data = json.loads(json.dumps(made.digest))["stacks"][0]
    for key, table in (("zones", view.zones(stack)), ("changes", view.changes(stack))):
        head = " | ".join(column.head for column in table.shown_columns)
        assert f"| {head} |" in made.body
        assert list(data[key][0]) == [column.key for column in table.columns]
        assert len(data[key]) == len(table.rows)
