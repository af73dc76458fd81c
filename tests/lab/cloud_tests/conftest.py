"""The stand-in cloud, fresh for each test."""

from collections.abc import Iterator

import pytest

from tests.lab.cloud_tests.sdk import Lab, running_lab


@pytest.fixture
def lab() -> Iterator[Lab]:
    with running_lab() as running:
        yield running
