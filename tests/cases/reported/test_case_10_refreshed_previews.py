"""`capacity` reads the steps of a preview as the engine means them: the last step of a resource counts."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pulumi_tke_hybrid.cli.commands import app
from tests.unit.capacity.stacks import FOUR, Json, cluster, preview, subnet, workload

DATA = Path(__file__).parent / "data"


def capacity(tmp_path: Path, plan: Json) -> tuple[int, dict[str, Any]]:
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(plan))
    result = CliRunner().invoke(app, ["capacity", "--preview", str(path), "--json", "-"])
    assert result.exit_code in (0, 2, 3), result.output
    return result.exit_code, json.loads(result.stdout)


def four(found: dict[str, Any]) -> dict[str, Any]:
    (zone,) = (zone for zone in found["zones"] if zone["zone"] == FOUR)
    return dict(zone)


def test_a_refreshed_preview_has_each_resource_once() -> None:
    result = CliRunner().invoke(
        app, ["capacity", "--preview", str(DATA / "capacity-refresh.json"), "--json", "-"]
    )
    assert result.exit_code == 0
    found = json.loads(result.stdout)
    assert (found["cluster"], found["unsaid"], [zone["zone"] for zone in found["zones"]]) == (
        "demo",
        [],
        [FOUR, "ap-guangzhou-6"],
    )


def refreshed(plan: Json, free: int) -> Json:
    """The same preview after a refresh that read another number of free addresses."""
    steps: list[Json] = []
    for step in plan["steps"]:
        if "oldState" in step:
            new = copy.deepcopy(step["oldState"])
            if "availableIpCount" in new.get("outputs", {}):
                new["outputs"]["availableIpCount"] = free
            steps.append({"op": "refresh", "urn": step["urn"], "oldState": step["oldState"], "newState": new})
    return {**plan, "steps": [*steps, *plan["steps"]]}


def test_a_refresh_alone_changes_no_number(tmp_path: Path) -> None:
    there = [cluster(), subnet(FOUR, "10.0.64.0/28", 9), workload("web", 3)]
    assert capacity(tmp_path, refreshed(preview(there, there), 9)) == capacity(
        tmp_path, preview(there, there)
    )


@pytest.mark.parametrize(
    ("op", "pods"),
    [
        ("create", 4),
        ("import", 4),
        ("update", 4),
        ("delete", 0),
        ("discard", 0),
        ("replace", 4),
        ("create-replacement", 4),
    ],
)
def test_each_operation_leaves_its_number_of_pods(tmp_path: Path, op: str, pods: int) -> None:
    web = workload("web", 3)
    step: Json = {"op": op, "urn": web["urn"]}
    if op not in ("create", "import"):
        step["oldState"] = web
    if op not in ("delete", "discard"):
        step["newState"] = web
    plan = preview([cluster()], [cluster()])
    plan["steps"].append(step)
    _, found = capacity(tmp_path, plan)
    assert sum(zone["pods"] for zone in found["zones"]) == pods


def test_pods_that_leave_the_stack_only_keep_their_addresses(tmp_path: Path) -> None:
    web = {**workload("web", 3), "retainOnDelete": True}
    _, found = capacity(tmp_path, preview([cluster(), web], [cluster()]))
    assert sum(zone["pods"] for zone in found["zones"]) == 4


def test_the_parts_of_a_replacement_are_one_resource(tmp_path: Path) -> None:
    web = workload("web", 3)
    plan = preview([cluster()], [cluster()])
    plan["steps"] += [
        {"op": "create-replacement", "urn": web["urn"], "oldState": web, "newState": web},
        {"op": "replace", "urn": web["urn"], "oldState": web, "newState": web},
        {"op": "delete-replaced", "urn": web["urn"], "oldState": web},
    ]
    _, found = capacity(tmp_path, plan)
    assert sum(zone["pods"] for zone in found["zones"]) == 4


def test_a_resource_that_is_replaced_is_there_before_and_after(tmp_path: Path) -> None:
    """The engine marks the old state of a replacement with `delete`, also in the `replace` step that alone is
    shown."""
    web = workload("web", 3)
    plan = preview([cluster()], [cluster()])
    plan["steps"].append(
        {"op": "replace", "urn": web["urn"], "oldState": {**web, "delete": True}, "newState": web}
    )
    for step in plan["steps"]:
        if "HybridCluster" in step["urn"]:
            step |= {"op": "replace", "oldState": {**step["oldState"], "delete": True}}
    _, found = capacity(tmp_path, plan)
    assert (found["cluster"], sum(zone["pods"] for zone in found["zones"])) == ("demo", 4)
    assert [zone["change"] for zone in found["zones"]] == [0, 0]


def test_pods_that_an_earlier_run_left_over_are_not_counted(tmp_path: Path) -> None:
    web = workload("web", 3)
    plan = preview([cluster(), web], [cluster(), web])
    plan["steps"].append(
        {"op": "delete", "urn": web["urn"], "oldState": {**workload("web", 500), "delete": True}}
    )
    code, found = capacity(tmp_path, plan)
    assert (code, sum(zone["pods"] for zone in found["zones"])) == (0, 4)
