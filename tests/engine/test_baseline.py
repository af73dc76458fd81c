"""A recorded state and today's state are equal except for values of a run; every other difference counts."""

import json
from typing import Any

import pytest

from tests.engine import baseline
from tests.engine.baseline import STATES, comparable, rebound

Json = dict[str, Any]
CLUSTER, GUARD = "tencentcloud:Kubernetes/cluster:Cluster", "tke-hybrid:ClusterGuard"


def recorded() -> Json:
    state: Json = json.loads((STATES / "2026-11-30" / "zones.json").read_text())
    return state


def stored(resources: list[Json]) -> Json:
    """A state as the file backend stores states."""
    return {"version": 3, "checkpoint": {"stack": "guarded", "latest": {"resources": resources}}}


def another_run() -> Json:
    """The state of the same program in another run: other ids and times, and other orders of dependencies."""
    text = json.dumps(recorded()["deployment"]["resources"])
    resources: list[Json] = json.loads(text.replace("vpc-hijdjg00", "vpc-aaaaaaaa").replace("cls-b", "cls-c"))
    assert "vpc-aaaaaaaa" in json.dumps(resources)
    for resource in resources:
        resource.get("dependencies", []).reverse()
        if resource["type"] == CLUSTER:
            resource["outputs"]["createdTime"] = "2030-01-01 00:00:00"
    return stored(resources)


def of_type(state: Json, ending: str) -> Json:
    found: Json = next(item for item in baseline.resources_of(state) if item["type"].endswith(ending))
    return found


def test_values_of_a_run_are_no_difference() -> None:
    today = another_run()
    assert comparable(rebound(recorded(), today)) == comparable(today)


@pytest.mark.parametrize("side", ["inputs", "outputs"])
@pytest.mark.parametrize("ending", [GUARD, CLUSTER])
def test_a_stored_value_that_differs_is_a_difference(ending: str, side: str) -> None:
    today, earlier = another_run(), recorded()
    of_type(earlier, ending)[side]["clusterName"] = "another name"
    assert comparable(rebound(earlier, today)) != comparable(today)


def test_a_resource_that_is_gone_must_be_of_a_removed_type(monkeypatch: pytest.MonkeyPatch) -> None:
    today = stored(
        [item for item in baseline.resources_of(another_run()) if not item["type"].endswith(GUARD)]
    )
    with pytest.raises(AssertionError, match="other resources than before"):
        rebound(recorded(), today)
    monkeypatch.setattr(baseline, "REMOVED_TYPES", (GUARD,))
    assert comparable(rebound(recorded(), today)) != comparable(today)
