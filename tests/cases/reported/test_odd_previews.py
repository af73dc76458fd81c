"""Previews with numbers, states and texts that the engine does not write: named, and never a fault or a clean
review."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pulumi_tke_hybrid.cli.commands import app
from tests.cases.reported.reviewed import Preview, messages, reviewed, states

RECORDED = Path(__file__).parents[2] / "unit" / "review" / "recorded"


def recorded(name: str) -> Preview:
    found: Preview = json.loads((RECORDED / f"{name}.json").read_text(encoding="utf-8"))
    return found


def updated(name: str, **inputs: Any) -> Preview:
    """A preview in which only these inputs of one resource differ."""
    preview = recorded("raw-nothing")
    for step in preview["steps"]:
        if step["urn"].endswith(f"::{name}"):
            step["op"] = "update"
    for side, state in states(preview, name):
        if side == "newState":
            state["inputs"].update(inputs)
    return preview


@pytest.mark.parametrize(
    "number",
    [10**400, 10**12, float("inf"), float("nan")],
    ids=["401 digits", "13 digits", "infinity", "NaN"],
)
def test_a_number_that_no_pool_can_have_is_not_known(number: float) -> None:
    code, found = reviewed(updated("pool-ap-guangzhou-6", desiredCapacity=number))
    assert (code, [item["rule"] for item in found if item["severity"] == "error"]) == (0, [])


@pytest.mark.parametrize(
    "replicas",
    [10**400, 10**12, float("inf"), float("nan")],
    ids=["401 digits", "13 digits", "infinity", "NaN"],
)
def test_replicas_that_no_workload_can_have_end_capacity_with_could_not_tell(
    tmp_path: Path, replicas: float
) -> None:
    preview = recorded("raw-nothing")
    for _, state in states(preview, "web"):
        state["inputs"]["spec"]["replicas"] = replicas
    given = tmp_path / "preview.json"
    given.write_text(json.dumps(preview), encoding="utf-8")
    assert CliRunner().invoke(app, ["capacity", "--preview", str(given)]).exit_code == 3


@pytest.mark.parametrize("between", ["\n", "\r\n\r\nDone.\n"])
@pytest.mark.parametrize("kept", [None, 500], ids=["whole", "truncated"])
def test_a_second_document_in_a_file_is_named(tmp_path: Path, between: str, kept: int | None) -> None:
    given = tmp_path / "previews.json"
    second = json.dumps(recorded("raw-list-empty"), indent=2)[:kept]
    given.write_text(json.dumps(recorded("raw-nothing")) + between + second, encoding="utf-8")
    result = CliRunner().invoke(app, ["review", str(given)])
    assert result.exit_code == 3
    assert "another JSON object follows the preview" in " ".join(result.output.split())


def test_text_after_a_preview_is_no_document(tmp_path: Path) -> None:
    given = tmp_path / "preview.json"
    given.write_text(
        json.dumps(recorded("raw-nothing")) + "\nResources:\n  {unchanged}: 18\n", encoding="utf-8"
    )
    assert CliRunner().invoke(app, ["review", str(given)]).exit_code == 0


@pytest.mark.parametrize("odd", ["a text", [], 7, {"type": 5}, {"inputs": ["a list"]}])
@pytest.mark.parametrize("side", ["oldState", "newState"])
def test_a_state_that_is_none_makes_a_preview_not_whole(side: str, odd: object) -> None:
    preview = recorded("raw-list-empty")
    for step in preview["steps"]:
        step[side] = odd
    assert reviewed(preview)[0] == 3


def a_list(kind: str, item: Mapping[str, Any], later: Mapping[str, Any]) -> Preview:
    """A preview in which a list of objects of Kubernetes changes."""
    preview = recorded("raw-nothing")
    urn = f"urn:pulumi:dev::raw-network::{kind}::all"
    before, after = (
        {"urn": urn, "type": kind, "custom": True, "inputs": {"items": [one]}} for one in (item, later)
    )
    preview["steps"].append({"op": "update", "urn": urn, "oldState": before, "newState": after})
    return preview


DIRECT = {
    "metadata": {"annotations": {"service.cloud.tencent.com/direct-access": "true"}},
    "spec": {"type": "LoadBalancer"},
}
ON_ENI = {
    "spec": {"template": {"metadata": {"annotations": {"tke.cloud.tencent.com/networks": "tke-route-eni"}}}}
}


@pytest.mark.parametrize(
    ("kind", "item", "later"),
    [
        ("kubernetes:core/v1:ServiceList", DIRECT, {"spec": {"type": "LoadBalancer"}}),
        ("kubernetes:core/v1:List", DIRECT, {"spec": {"type": "LoadBalancer"}}),
        ("kubernetes:apps/v1:DeploymentList", ON_ENI, {"spec": {"template": {}}}),
    ],
)
def test_a_list_of_objects_that_changes_is_not_judged(
    kind: str, item: Mapping[str, Any], later: Mapping[str, Any]
) -> None:
    assert messages(a_list(kind, item, later), "not-judged", severity="warning")
    assert not messages(recorded("raw-nothing"), "not-judged", severity="warning")
