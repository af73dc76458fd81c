"""Faults of the cloud and of the machine, at every step of the real engine."""

import pytest

pytest.register_assert_rewrite("tests.engine.faults.harness", "tests.engine.faults.run_case")
