"""The one stack of each file of faults."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.faults.harness import Bench, Step
from tests.lab.lab import Lab


@pytest.fixture(scope="module")
def bench(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    root = tmp_path_factory.mktemp("faults") / "program"
    shutil.copytree(Path(__file__).with_name("program"), root)
    made = Bench(lab, root)
    yield made
    lab.settings(closed_kubeconfig=True)
    made.prepare(Step.UP)  # which takes down what is left and looks whether the cloud is empty
