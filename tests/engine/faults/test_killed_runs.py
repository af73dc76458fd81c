"""Runs that are killed: each ends, after the printed commands or one more run, as if nothing had happened."""

import pytest

from tests.engine.faults.cases import KILLED_RUNS
from tests.engine.faults.harness import Bench, Case
from tests.engine.faults.run_case import run_case


@pytest.mark.parametrize("case", KILLED_RUNS, ids=lambda case: case.id)
def test_ends_as_if_nothing_had_happened(bench: Bench, case: Case) -> None:
    run_case(bench, case)
