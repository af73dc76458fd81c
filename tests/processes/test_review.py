"""`review --run`: the Pulumi CLI as a program that prints a preview, or does not."""

from pathlib import Path

import pytest

from tests.unit.review.recordings import RECORDED
from tests.unit.review.test_command import run


@pytest.mark.parametrize(
    ("printed", "ended", "code"), [("raw-nothing.json", 0, 0), ("raw-image.json", 0, 1), ("raw-image.json", 255, 4), ("", 1, 4)]
)
def test_it_runs_the_preview_itself_and_a_failing_one_is_invalid(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, printed: str, ended: int, code: int
) -> None:
    program = tmp_path / "pulumi"
    shown = f"cat {RECORDED / printed}" if printed else "true"
    asked_for = f'touch "$TMPDIR/kubeconfig1" && printf "%s\\n" "$*" "$(pwd)" "$TMPDIR" > {tmp_path}/arguments'
    program.write_text(f'#!/bin/sh\n[ "$1" = version ] && echo v3.259.0 && exit\n{asked_for}\n{shown}\nexit {ended}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    ended_with, said = run("--run", "--stack", "prod", "--cwd", str(tmp_path), "--markdown", "-", "--", "--refresh", "--diff")
    assert ended_with == code
    asked, where, temporary = (tmp_path / "arguments").read_text().splitlines()
    assert asked == "preview --json --show-sames --non-interactive --stack prod --refresh --diff"
    assert where == str(tmp_path)
    assert not Path(temporary).exists()  # what plugins leave there, a kubeconfig for one, went with it
    if code:
        assert "pulumi 3.259.0" in said
        assert " · refreshed · " in said
