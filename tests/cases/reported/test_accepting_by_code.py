"""A danger is accepted by the code that its comment names, in its own change set alone; the comment opens
with the effect."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pulumi_tke_hybrid.cli.commands import app

RECORDED = Path(__file__).parents[2] / "unit" / "review" / "recorded"
LABEL = "tke-hybrid/accept"


def run(tmp_path: Path, preview: dict[str, Any], *arguments: str) -> tuple[int, str]:
    """Exit code and comment."""
    given, comment = tmp_path / "preview.json", tmp_path / "comment.md"
    given.write_text(json.dumps(preview), encoding="utf-8")
    result = CliRunner().invoke(app, ["review", str(given), "--markdown", str(comment), *arguments])
    return result.exit_code, comment.read_text(encoding="utf-8").replace("\u200b", "")


def load(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((RECORDED / f"{name}.json").read_text(encoding="utf-8"))
    return found


def codes(comment: str) -> list[str]:
    return re.findall(rf"label `{LABEL}:([A-Z2-7]{{8}})`", comment)


@pytest.mark.parametrize("label", [LABEL, f"{LABEL}:direct-access-off", f"{LABEL}:direct-access-off:front"])
def test_a_blanket_label_accepts_nothing(tmp_path: Path, label: str) -> None:
    code, comment = run(tmp_path, load("raw-direct-access-off"), "--labels", label)
    assert code == 2
    assert f"label {label} accepts nothing here" in comment


def test_the_named_label_accepts_and_stays_on_record(tmp_path: Path) -> None:
    (accept,) = codes(run(tmp_path, load("raw-direct-access-off"))[1])
    code, comment = run(tmp_path, load("raw-direct-access-off"), "--labels", f"bug,{LABEL}:{accept}")
    assert code == 0
    assert f"accepted by label {LABEL}:{accept}" in comment
    assert len(f"{LABEL}:{accept}") <= 50


def test_the_code_of_another_change_set_accepts_nothing(tmp_path: Path) -> None:
    (accept,) = codes(run(tmp_path, load("raw-direct-access-off"))[1])
    other = load("raw-direct-access-off")
    tag = next(step for step in other["steps"] if step["urn"].endswith("::front"))
    tag["newState"]["inputs"]["metadata"]["labels"] = {"another": "line"}
    code, comment = run(tmp_path, other, "--accept", accept)
    assert code == 2
    assert f"--accept {accept} accepts nothing here" in comment


def test_one_cause_is_one_row_with_its_consequences(tmp_path: Path) -> None:
    _, comment = run(tmp_path, load("raw-cluster-replaced"))
    assert "1 danger with 5 consequences" in comment.splitlines()[1]
    assert comment.count("\n- ⛔") == 1
    assert len(codes(comment)) == 1


@pytest.mark.parametrize("name", ["raw-list-empty", "raw-masquerade", "raw-crash", "raw-image"])
def test_the_comment_opens_with_the_effect_and_the_check(tmp_path: Path, name: str) -> None:
    lines = run(tmp_path, load(name))[1].splitlines()
    assert re.match(r"- \*\*(If merged:|No effect on the network found)", lines[2])
    assert lines[2].startswith("- **No effect") or lines[3].startswith("- **Check:** ")


def test_the_zones_of_a_rebuilt_cluster_are_not_ok(tmp_path: Path) -> None:
    rows = [
        line
        for line in run(tmp_path, load("raw-cluster-replaced"))[1].splitlines()
        if line.startswith("| `ap-")
    ]
    assert rows
    assert all(row.endswith("| ⛔ its cluster is rebuilt |") for row in rows)
