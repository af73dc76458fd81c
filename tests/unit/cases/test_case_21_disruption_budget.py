"""The disruption budget can be left out, because the API server evicts no pod that two budgets select."""

import pytest

from tests.unit.workloads import made


@pytest.mark.parametrize(
    ("wanted", "replicas", "budgets"), [(None, 2, 1), (None, 1, 0), (False, 2, 0), (False, 10, 0), (True, 1, 1), (True, 2, 1)]
)
def test_the_budget_is_there_where_the_program_wants_it(wanted: bool | None, replicas: int, budgets: int) -> None:
    assert len(made(replicas=replicas, disruption_budget=wanted).of_type("PodDisruptionBudget")) == budgets
