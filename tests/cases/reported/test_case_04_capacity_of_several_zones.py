"""`capacity` of raw resources: each zone of a pool counts, with the nodes shared out and marked as worked
out."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pulumi_tke_hybrid.cli.commands import app
from tests.bridged_tokens import bridged
from tests.unit.capacity.stacks import FOUR, UNKNOWN, Json

DATA = Path(__file__).parent / "data" / "pool-of-two-zones.json"
SEVEN = "ap-guangzhou-7"
POOL = "pool-ap-guangzhou-7"


def recorded() -> Json:
    plan: Json = json.loads(DATA.read_text())
    return plan


def states(plan: Json, name: str) -> list[Json]:
    """Both sides of the resource of that name."""
    steps = [step for step in plan["steps"] if step["urn"].endswith(f"::{name}")]
    return [step[side] for step in steps for side in ("oldState", "newState") if side in step]


def capacity(tmp_path: Path, plan: Json) -> tuple[int, dict[str, Any]]:
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(plan))
    result = CliRunner().invoke(app, ["capacity", "--preview", str(path), "--json", "-"])
    assert result.exit_code in (0, 2, 3), result.output
    found = json.loads(result.stdout)
    return result.exit_code, {**found, "zones": {zone["zone"]: zone for zone in found["zones"]}}


def test_each_zone_of_a_pool_has_its_share_of_the_nodes(tmp_path: Path) -> None:
    code, found = capacity(tmp_path, recorded())
    zones = found["zones"]
    assert code == 2
    assert (zones[FOUR]["nodes"], zones[FOUR]["nodesWorkedOut"]) == (3, True)
    assert (zones[SEVEN]["nodes"], zones[SEVEN]["nodesWorkedOut"]) == (2, True)
    assert zones[SEVEN]["words"] == "no container subnet: no ENI pod can run here"
    assert zones["ap-guangzhou-6"]["nodesWorkedOut"] is False


def test_the_table_marks_a_share_as_worked_out() -> None:
    output = CliRunner().invoke(app, ["capacity", "--preview", str(DATA)], env={"COLUMNS": "200"}).output
    assert "about 2" in output
    assert "about: nodes of a pool in several zones, divided evenly" in output
    assert "*" in output


def translated(plan: Json) -> Json:
    """The same preview of a program of the bridged package."""
    text = json.dumps(plan)
    for token in {
        step["newState"]["type"]
        for step in plan["steps"]
        if step["newState"]["type"].startswith("tencentcloud:")
    }:
        text = text.replace(token, bridged(token))
    made: Json = json.loads(text)
    return made


def test_tokens_of_the_bridged_package_give_the_same_numbers(tmp_path: Path) -> None:
    assert capacity(tmp_path, translated(recorded())) == capacity(tmp_path, recorded())


def test_a_native_pool_of_two_zones(tmp_path: Path) -> None:
    plan = recorded()
    token = "tencentcloud:Kubernetes/nativeNodePool:NativeNodePool"
    for step in plan["steps"]:
        if step["urn"].endswith(f"::{POOL}"):
            for side in ("oldState", "newState"):
                if side in step:
                    step[side]["type"] = token
    for state in states(plan, POOL):
        inputs = state["inputs"]
        ids = inputs.pop("subnetIds")
        inputs.pop("desiredCapacity")
        inputs["native"] = {"subnetIds": ids, "replicas": 4, "instanceTypes": ["S5.LARGE8"]}
        state["propertyDependencies"]["native"] = state["propertyDependencies"].pop("subnetIds")
    _, found = capacity(tmp_path, plan)
    assert {name: zone["nodes"] for name, zone in found["zones"].items()} == {
        FOUR: 3,
        "ap-guangzhou-6": 1,
        SEVEN: 2,
    }


def test_several_types_of_different_limits_are_not_judged_by_the_first(tmp_path: Path) -> None:
    plan = recorded()
    for state in states(plan, "pool-ap-guangzhou-6"):
        state["inputs"]["autoScalingConfig"]["backupInstanceTypes"] = ["S5.2XLARGE16"]
    _, found = capacity(tmp_path, plan)
    assert "S5.LARGE8 or S5.2XLARGE16 in ap-guangzhou-6 is not in the table of ENI limits" in found["unsaid"]


@pytest.mark.parametrize(
    ("key", "line"),
    [
        ("desiredCapacity", f"how many nodes {POOL} has is not known"),
        ("subnetIds", f"the zone of the nodes of {POOL} is not known"),
    ],
)
def test_what_is_not_known_of_a_pool_is_named(tmp_path: Path, key: str, line: str) -> None:
    plan = recorded()
    for state in states(plan, POOL):
        state["inputs"][key] = UNKNOWN
        state["propertyDependencies"].pop("subnetIds" if key == "subnetIds" else "", None)
        del state["inputs"]["minSize"]
    assert line in capacity(tmp_path, plan)[1]["unsaid"]


def test_a_listed_subnet_of_another_stack_is_named(tmp_path: Path) -> None:
    plan = recorded()
    for state in states(plan, "cluster"):
        state["inputs"]["eniSubnetIds"] = [*state["inputs"]["eniSubnetIds"], "subnet-elsewher"]
    assert "zone and range of subnet-elsewher are not in this stack" in capacity(tmp_path, plan)[1]["unsaid"]


def test_a_container_subnet_in_the_zone_serves_its_share(tmp_path: Path) -> None:
    plan = recorded()
    pods = copy.deepcopy(next(step for step in plan["steps"] if step["urn"].endswith("::pods-4")))
    text = (
        json.dumps(pods)
        .replace("pods-4", "pods-7")
        .replace(FOUR, SEVEN)
        .replace("10.0.64.0/28", "10.0.72.0/24")
    )
    text = text.replace("subnet-w16i5u10", "subnet-77777777")
    plan["steps"].append(json.loads(text))
    for state in states(plan, "pods-7"):
        state["outputs"] = {**state.get("outputs", {}), "availableIpCount": 253, "id": "subnet-77777777"}
    for state in states(plan, "cluster"):
        state["inputs"]["eniSubnetIds"] = [*state["inputs"]["eniSubnetIds"], "subnet-77777777"]
    code, found = capacity(tmp_path, plan)
    assert (code, found["zones"][SEVEN]["podsFit"], found["zones"][SEVEN]["nodes"]) == (0, 54, 2)
