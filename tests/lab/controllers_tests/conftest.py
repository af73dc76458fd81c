"""The cluster that the tests of one module share."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.controllers_tests.cluster import Lab
from tests.lab.toolchain import CONTROL_PLANE, ensure


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    given = os.environ.get("LAB_BINARIES")
    binaries = Path(given) if given else ensure(only=CONTROL_PLANE).bin
    made = Lab()
    made.run(made.start(binaries, tmp_path_factory.mktemp("cluster")), timeout=120)
    made.run(made.until(made.phase("upgrading")))
    made.add_node("ap-guangzhou-4", "10.0.0.4")
    made.run(made.until(lambda: made.node("10.0.0.4")))
    made.add_node("ap-guangzhou-6", "10.0.0.6")
    made.run(made.until(lambda: made.node("10.0.0.6")))
    made.run(made.until(made.phase("running")))
    made.run(made.until(made.eni_ip_of("10.0.0.4")))
    yield made
    made.run(made.stop())
    made.loop.close()
