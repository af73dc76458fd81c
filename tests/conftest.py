"""One lab for all tests that need one: started when the first of them runs."""

import gc
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.lab.lab import Lab

gc.set_threshold(
    100_000, 50, 50
)  # imports and mock programs make much and leave little: a tenth of the unit tests was its search
os.environ["PULUMI_ERROR_OUTPUT_STRING"] = (
    "1"  # an Output that ends up in a string is an error, not a help text
)


def pytest_collection_finish() -> None:
    """What was imported until now stays: the collector need not look through all of Pulumi again and
    again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def lab() -> "Iterator[Lab]":
    """The embedded lab."""
    from tests.lab.lab import Lab  # the unit tests must not pay for it

    with Lab.started() as running:
        yield running
