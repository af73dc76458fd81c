"""What the engine means by the operations of a preview."""

from typing import Any

import pytest

from pulumi_tke_hybrid.plan.model import Op, is_known_operation, operation
from pulumi_tke_hybrid.plan.preview_json import last_states

RETAINED = {"retainOnDelete": True}
EXTERNAL = {"external": True}
PATCH = {"retainOnDelete": True, "type": "kubernetes:core/v1:ConfigMapPatch"}


@pytest.mark.parametrize(
    ("engine_op", "old", "new", "op"),
    [
        ("delete", {}, {}, Op.DELETE),
        ("delete", RETAINED, {}, Op.LEAVE),
        ("delete", EXTERNAL, {}, Op.LEAVE),
        ("replace", {}, {}, Op.REPLACE),
        ("replace", RETAINED, {}, Op.CREATE),
        ("replace", PATCH, {}, Op.REPLACE),
        ("create-replacement", RETAINED, {}, Op.CREATE),
        ("delete-replaced", RETAINED, {}, Op.LEAVE),
        ("import", {}, {}, Op.IMPORT),
        ("import-replacement", {}, {}, Op.REPLACE),
        ("import-replacement", RETAINED, {}, Op.IMPORT),
        ("read", {}, EXTERNAL, Op.READ),
        ("read", EXTERNAL, EXTERNAL, Op.READ),
        ("read", {"id": "a"}, EXTERNAL, Op.LEAVE),
        ("read-replacement", {}, EXTERNAL, Op.REPLACE),
        ("discard", EXTERNAL, {}, Op.READ),
        ("discard-replaced", EXTERNAL, {}, Op.READ),
        ("remove-pending-replace", {}, {}, Op.READ),
        ("refresh", {}, {}, Op.READ),
        ("transmogrify", {}, {}, Op.OTHER),
        (None, {}, {}, Op.OTHER),
        ({}, {}, {}, Op.OTHER),
    ],
)
def test_each_operation_of_the_engine_has_one_meaning(
    engine_op: object, old: dict[str, Any], new: dict[str, Any], op: Op
) -> None:
    assert operation(engine_op, old, new) is op
    assert is_known_operation(engine_op) is (op is not Op.OTHER)


def _step(
    op: str, urn: str, old: dict[str, Any] | None = None, new: dict[str, Any] | None = None
) -> dict[str, Any]:
    return {"op": op, "urn": urn, "oldState": old, "newState": new}


@pytest.mark.parametrize(
    ("steps", "before", "after"),
    [
        ([_step("create", "a", None, {"n": 1})], {}, {"a": {"n": 1}}),
        ([_step("delete", "a", {"n": 1})], {"a": {"n": 1}}, {}),
        (
            [_step("delete", "a", {"n": 1, **RETAINED})],
            {"a": {"n": 1, **RETAINED}},
            {"a": {"n": 1, **RETAINED}},
        ),
        ([_step("refresh", "a", {"n": 1}, {"n": 2})], {"a": {"n": 2}}, {"a": {"n": 2}}),
        (
            [_step("refresh", "a", {"n": 1}, {"n": 2}), _step("update", "a", {"n": 2}, {"n": 3})],
            {"a": {"n": 2}},
            {"a": {"n": 3}},
        ),
        ([_step("refresh", "a", {"n": 1}, {"n": 2}), _step("delete", "a", {"n": 2})], {"a": {"n": 2}}, {}),
        ([_step("import", "a", None, {"n": 1})], {"a": {"n": 1}}, {"a": {"n": 1}}),
        (
            [_step("create-replacement", "a", {"n": 1}, {"n": 2}), _step("delete-replaced", "a", {"n": 1})],
            {"a": {"n": 1}},
            {"a": {"n": 2}},
        ),
        (
            [_step("delete", "a", {"n": 0, "delete": True}), _step("same", "a", {"n": 1}, {"n": 1})],
            {"a": {"n": 1}},
            {"a": {"n": 1}},
        ),
        ([_step("discard", "a", {"n": 1, **EXTERNAL})], {"a": {"n": 1, **EXTERNAL}}, {}),
        (["no step", {"op": "create"}], {}, {}),
    ],
)
def test_the_last_step_of_a_resource_counts(
    steps: list[Any], before: dict[str, Any], after: dict[str, Any]
) -> None:
    assert last_states(steps) == (before, after)
