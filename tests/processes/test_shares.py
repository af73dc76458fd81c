"""`python -m tests.shares` runs each test file once, and fails if a test of any share fails."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.shares import NO_TESTS, shares

ROOT = Path(__file__).parents[2]


def test_each_file_is_in_one_share() -> None:
    files = sorted(str(path) for path in (ROOT / "tests" / "unit").rglob("test_*.py"))
    for number in (1, 2, 3):
        found = shares([str(ROOT / "tests" / "unit")], number)
        assert len(found) == number
        assert sorted(path for share in found for path in share) == files


@pytest.mark.parametrize(
    ("second", "options", "code"),
    [("True", [], 0), ("False", [], 1), ("False", ["-k", "first"], 0), ("True", ["-k", "no"], NO_TESTS)],
)
def test_the_exit_code_is_that_of_all_shares(
    tmp_path: Path, second: str, options: list[str], code: int
) -> None:
    (tmp_path / "test_a.py").write_text("def test_first():\n    assert True\n")
    (tmp_path / "test_b.py").write_text(f"def test_second():\n    assert {second}\n")
    run = subprocess.run(
        [sys.executable, "-m", "tests.shares", str(tmp_path), *options], cwd=ROOT, check=False
    )
    assert run.returncode == code
