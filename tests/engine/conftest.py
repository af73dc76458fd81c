"""The order of the files, and the scene of the tests with real packets under load. The first of these tests
makes the scene; all of them share it."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.lab.load.scene import Scene

LONG_FILES = (
    "faults/test_failed_calls.py",
    "faults/test_killed_runs.py",
    "test_workloads.py",
    "test_guard_rails.py",
    "test_adoption.py",
    "test_zone_registration.py",
    "test_readiness_gates.py",
    "test_destroy.py",
    "test_rollouts.py",
    "test_exposure.py",
    "test_rollout_behind_ingress.py",
    "test_autoscaled_pool.py",
    "test_switched_off_elsewhere.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files that take longest first, so that no worker runs a long file alone at the end."""
    here = Path(__file__).parent
    first = {here / name: number for number, name in enumerate(LONG_FILES)}
    items.sort(key=lambda item: first.get(item.path, len(first)))


@pytest.fixture(scope="session")
def scene() -> "Iterator[Scene]":
    """A hybrid cluster with two zones, in a lab of its own that moves packets."""
    from tests.lab.lab import Lab
    from tests.lab.load.scene import Scene
    from tests.lab.packets import unavailable

    reason = unavailable()
    if reason is not None:
        pytest.skip(reason)
    with Lab.started(packets=True) as lab, Scene.set_up(lab) as made:
        yield made
