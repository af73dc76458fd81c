"""What the engine does not delete: retained resources, reads, imports, discards."""

import copy
from typing import Any

import pytest

from tests.cases.reported.reviewed import Preview, load, messages, reviewed

CLUSTER, FRONT, POOL = "::cluster", "::front", "::pool-ap-guangzhou-4"


def _retained() -> Preview:
    return load("everything-is-retained")


def _step(preview: Preview, ending: str) -> dict[str, Any]:
    found: dict[str, Any] = next(step for step in preview["steps"] if step["urn"].endswith(ending))
    return found


def _rules(preview: Preview, severity: str) -> set[str]:
    return {item["rule"] for item in reviewed(preview)[1] if item["severity"] == severity}


def test_a_stack_whose_resources_are_all_retained_deletes_nothing() -> None:
    code, found = reviewed(_retained())
    assert code == 0
    assert {(item["rule"], item["severity"]) for item in found} == {("left-unmanaged", "note")}
    assert {"cluster", "front", "vpc", "pods-4", "web"} <= {item["path"] for item in found}


@pytest.mark.parametrize(
    ("ending", "rule"),
    [(CLUSTER, "cluster-rebuilt"), (FRONT, "balancer-replaced"), (POOL, "node-pool-rebuilt")],
)
def test_a_resource_that_is_not_retained_is_deleted(ending: str, rule: str) -> None:
    preview = _retained()
    del _step(preview, ending)["oldState"]["retainOnDelete"]
    assert reviewed(preview)[0] == 2
    assert _rules(preview, "error") == {rule}


@pytest.mark.parametrize("ending", [CLUSTER, FRONT, POOL])
def test_the_replacement_of_a_retained_resource_makes_a_second_resource(ending: str) -> None:
    preview = load("balancer-replaced-below-a-service")
    step = _step(_retained(), ending)
    new = copy.deepcopy(step["oldState"])
    new["inputs"] = {
        key: value for key, value in new["inputs"].items() if key not in ("eniSubnetIds", "vpcCniType")
    }
    replaced: dict[str, Any] = {**step, "op": "replace", "newState": new, "replaceReasons": ["name"]}
    preview["steps"] = [replaced]
    preview["changeSummary"] = {"replace": 1}
    assert reviewed(preview)[0] == 0
    (line,) = messages(preview, "left-unmanaged", severity="note")
    assert "a new one is made beside it" in line
    del replaced["oldState"]["retainOnDelete"]
    assert reviewed(preview)[0] == 2


def test_a_pool_deleted_with_a_retained_cluster_stays_in_the_cloud() -> None:
    preview = _retained()
    pool = _step(preview, POOL)["oldState"]
    pool["deletedWith"] = _step(preview, CLUSTER)["urn"]
    del pool["retainOnDelete"]
    front = _step(preview, FRONT)["oldState"]
    front["deletedWith"] = _step(preview, POOL)["urn"]
    del front["retainOnDelete"]
    assert reviewed(preview)[0] == 0
    del _step(preview, CLUSTER)["oldState"]["retainOnDelete"]
    assert _rules(preview, "error") == {"cluster-rebuilt", "node-pool-rebuilt", "balancer-replaced"}


def _adopted(op: str, **state: Any) -> Preview:
    """The cluster with ENI fields, taken over under its id."""
    preview = _retained()
    step = _step(preview, CLUSTER)
    new = {**step["oldState"], **state}
    new["inputs"] = {
        **new["inputs"],
        "networkType": "GR",
        "eniSubnetIds": ["subnet-12345678"],
        "vpcCniType": "tke-route-eni",
    }
    preview["steps"] = [{"op": op, "urn": step["urn"], "newState": new, "detailedDiff": None}]
    preview["changeSummary"] = {op: 1}
    return preview


def test_an_import_creates_no_cluster_and_so_no_phantom_hybrid() -> None:
    assert _rules(_adopted("create"), "error") == {"phantom-hybrid"}
    code, found = reviewed(_adopted("import"))
    assert (code, found) == (0, [])


def test_an_import_of_something_that_differs_is_named() -> None:
    preview = _adopted("import")
    preview["steps"][0]["diffReasons"] = ["eniSubnetIds"]
    assert _rules(preview, "warning") == {"not-judged"}
    assert "would be imported and changed" in messages(preview, "not-judged", severity="warning")[0]


@pytest.mark.parametrize("op", ["import-replacement", "read-replacement"])
def test_a_cluster_is_deleted_when_another_cluster_is_imported_in_its_place(op: str) -> None:
    preview = _adopted(op, external=op.startswith("read"))
    old = {**_step(_retained(), CLUSTER)["oldState"]}
    del old["retainOnDelete"]
    preview["steps"][0]["oldState"] = old
    assert _rules(preview, "error") == {"cluster-rebuilt"}


@pytest.mark.parametrize("op", ["discard", "discard-replaced", "read-discard"])
def test_a_read_resource_leaves_the_stack_and_stays_in_the_cloud(op: str) -> None:
    preview = _retained()
    for step in preview["steps"]:
        step["op"] = op
        step["oldState"]["external"] = True
    preview["changeSummary"] = {op: len(preview["steps"])}
    assert reviewed(preview) == (0, [])


def test_a_resource_that_an_earlier_run_deleted_leaves_the_stack() -> None:
    preview = _retained()
    preview["steps"] = [{**_step(preview, CLUSTER), "op": "remove-pending-replace"}]
    preview["changeSummary"] = {"remove-pending-replace": 1}
    assert reviewed(preview) == (0, [])


@pytest.mark.parametrize("op", ["transmogrify", "", None])
def test_an_unknown_operation_is_named_and_never_clean(op: object) -> None:
    preview = _adopted("update")
    preview["steps"][0]["op"] = op
    assert _rules(preview, "warning") == {"not-judged"}


def test_a_refresh_counts_with_the_steps_after_the_refresh() -> None:
    preview = _retained()
    cluster = _step(preview, CLUSTER)
    there = {key: value for key, value in cluster["oldState"].items() if key != "retainOnDelete"}
    refreshed = {"op": "refresh", "urn": cluster["urn"], "oldState": there, "newState": there}
    preview["steps"] = [
        refreshed,
        {"op": "same", "urn": cluster["urn"], "oldState": there, "newState": there},
    ]
    preview["changeSummary"] = {"same": 1}
    assert reviewed(preview) == (0, [])
    preview["steps"] = [refreshed, {"op": "delete", "urn": cluster["urn"], "oldState": there}]
    preview["changeSummary"] = {"delete": 1}
    assert _rules(preview, "error") == {"cluster-rebuilt"}
