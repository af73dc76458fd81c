"""The fingerprint of a change set: the values that the fingerprint ignores, and the values that change the
fingerprint."""

import copy
import json
from typing import Any

import pytest

from pulumi_tke_hybrid.plan import resource_types
from tests.unit.review.previews import preview, resource
from tests.unit.review.recordings import plan_of, recorded

UNKNOWNS = ("04da6b54-80e4-46f7-96ec-b56ff0331ba9", "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7")


def pool(**more: Any) -> dict[str, Any]:
    old = {"name": "a", "clusterId": "cls-00000001", "maxSize": 3}
    return resource(resource_types.NODE_POOL, "pool", "update", old, {**old, "maxSize": 4, **more})


def printed(*steps: dict[str, Any]) -> str:
    return plan_of(preview(*steps)).fingerprint


def test_a_run_of_the_same_preview_has_the_same_fingerprint() -> None:
    stored = resource(
        "pulumi-python:dynamic/tke-hybrid:VpcCni",
        "x",
        "update",
        {"__provider": "a"},
        {"__provider": "b", "at": "2026-11-30T09:00:00Z"},
    )
    later = copy.deepcopy(stored)
    later["newState"]["inputs"] = {"__provider": "c", "at": "2026-12-01T10:30:00.123+08:00"}
    later["newState"]["created"] = "2026-12-01T10:30:00Z"
    assert printed(stored, pool(zone=UNKNOWNS[0])) == printed(pool(zone=UNKNOWNS[1]), later)


@pytest.mark.parametrize("part", ["op", "new", "old", "protect", "reasons", "name"])
def test_another_change_has_another_fingerprint(part: str) -> None:
    other = pool()
    if part == "op":
        other["op"] = "replace"
    elif part == "new":
        other["newState"]["inputs"]["maxSize"] = 5
    elif part == "old":
        other["oldState"]["inputs"]["maxSize"] = 2
    elif part == "protect":
        other["oldState"]["protect"] = True
    elif part == "reasons":
        other["replaceReasons"] = ["clusterId"]
    else:
        other = json.loads(json.dumps(other).replace("::pool", "::another"))
    assert printed(other) != printed(pool())


def test_resources_that_stay_are_not_covered() -> None:
    """A preview with and without --show-sames is the same change set."""
    same = resource(
        resource_types.SUBNET, "net", "same", {"cidrBlock": "10.0.0.0/24"}, {"cidrBlock": "10.0.0.0/24"}
    )
    assert printed(pool(), same) == printed(pool())


def test_the_order_of_the_steps_does_not_count() -> None:
    given = json.loads(recorded("raw-mixture.json"))
    turned = {**given, "steps": given["steps"][::-1]}
    assert (
        plan_of(json.dumps(turned).encode()).fingerprint == plan_of(recorded("raw-mixture.json")).fingerprint
    )
