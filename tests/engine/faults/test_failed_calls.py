"""Calls that fail: each run ends, after at most one more run, as if nothing had happened."""

import json

import pytest

from tests.engine.faults.cases import FAILED_CALLS
from tests.engine.faults.harness import Bench, Case, Step
from tests.engine.faults.run_case import run_case


def test_an_undisturbed_run_ends_in_what_the_cases_are_compared_with(bench: Bench) -> None:
    bench.prepare(Step.REFRESH)
    bench.settled(bench.target(Step.REFRESH))
    # The cases read the backend's file, because a run of the CLI takes longer.
    assert json.loads(bench.project.run("stack", "export").stdout) == bench.project.export()


@pytest.mark.parametrize("case", FAILED_CALLS, ids=lambda case: case.id)
def test_ends_as_if_nothing_had_happened(bench: Bench, case: Case) -> None:
    run_case(bench, case)
