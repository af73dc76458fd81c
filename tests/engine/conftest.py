"""The scene of the tests that look at real packets under load: one for all of them, set up when the first one
runs."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.lab.load.scene import Scene


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
