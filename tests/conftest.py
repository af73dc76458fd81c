"""The lab, started before the first test that uses the lab, and the environment of each test."""

import gc
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.lab.lab import Lab

# Imports and mock programs make many objects and leave few: the default threshold costs a tenth of the time.
gc.set_threshold(100_000, 50, 50)
# An Output in a string raises an error, instead of a help text in the string.
os.environ["PULUMI_ERROR_OUTPUT_STRING"] = "1"


def pytest_collection_finish() -> None:
    """Keep the imported modules out of every later garbage collection."""
    gc.freeze()


@pytest.fixture
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove the machine's proxies and kubeconfig from the environment."""
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.delenv("KUBECONFIG", raising=False)


@pytest.fixture(scope="session")
def lab() -> "Iterator[Lab]":
    """The embedded lab."""
    from tests.lab.lab import Lab  # imported here: slow, and the unit tests need no lab

    with Lab.started() as running:
        yield running
