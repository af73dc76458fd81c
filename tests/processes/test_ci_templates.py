"""A shell parses the scripts of the CI templates."""

import subprocess
from pathlib import Path

import pytest

from tests.unit.docs.test_ci_templates import GITHUB, GITLAB, scripts


@pytest.mark.parametrize("path", [*GITHUB, *GITLAB], ids=lambda path: path.name)
def test_the_shell_parses_every_script(path: Path) -> None:
    found = list(scripts(path))
    assert found
    for script in found:
        subprocess.run(["sh", "-n"], input=script, text=True, check=True)
