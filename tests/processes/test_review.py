"""`review --run`: the Pulumi CLI as a program that prints a preview, or does not, or takes too long."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.unit.review.recordings import RECORDED
from tests.unit.review.test_command import run


@pytest.mark.parametrize(
    ("printed", "ended", "code"),
    [("raw-nothing.json", 0, 0), ("raw-image.json", 0, 0), ("raw-image.json", 255, 4), ("", 1, 4)],
)
def test_it_runs_the_preview_itself_and_a_failing_one_is_invalid(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, printed: str, ended: int, code: int
) -> None:
    program = tmp_path / "pulumi"
    shown = f"cat {RECORDED / printed}" if printed else "true"
    asked_for = (
        f'touch "$TMPDIR/kubeconfig1" && printf "%s\\n" "$*" "$(pwd)" "$TMPDIR" > {tmp_path}/arguments'
    )
    program.write_text(
        f'#!/bin/sh\n[ "$1" = version ] && echo v3.259.0 && exit\n{asked_for}\n{shown}\nexit {ended}\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    ended_with, said = run(
        "--run", "--stack", "prod", "--cwd", str(tmp_path), "--markdown", "-", "--", "--refresh", "--diff"
    )
    assert ended_with == code
    asked, where, temporary = (tmp_path / "arguments").read_text().splitlines()
    assert asked == "preview --json --show-sames --non-interactive --stack prod --refresh --diff"
    assert where == str(tmp_path)
    assert not Path(temporary).exists()  # what plugins leave there, a kubeconfig for one, went with it
    if code:
        assert "pulumi 3.259.0" in said
        assert " · refreshed · " in said


REVIEW = """
import signal
import sys
signal.signal(signal.SIGINT, signal.default_int_handler)
for number in (signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.SIG_DFL)
from pulumi_tke_hybrid.review import run_command
run_command.SECONDS_TO_END = float(sys.argv.pop(1))
from pulumi_tke_hybrid.cli import main
main()
"""
"""Told to end as at a terminal, also where the tests run below `nohup` or in the background: what is ignored
there stays so in a child."""


def interrupted(folder: Path, script: str, patience: float, *signals: int) -> tuple[int, Path]:
    """How a review ends that gets these signals while its preview runs this script, and the preview's
    temporary folder."""
    program, started = folder / "pulumi", folder / "started"
    program.write_text(f'#!/bin/sh\ntouch "$TMPDIR/kubeconfig1"\n{script}\n')
    program.chmod(0o755)
    environment = {**os.environ, "PATH": f"{folder}:/usr/bin:/bin"}
    words = [sys.executable, "-c", REVIEW, str(patience), "review", "--run", "--cwd", str(folder)]
    with subprocess.Popen(words, env=environment, stderr=subprocess.DEVNULL) as review:
        until = time.monotonic() + 20
        while not started.exists() and time.monotonic() < until:
            time.sleep(0.02)
        for number in signals:
            review.send_signal(number)
            time.sleep(0.1)
        ended = review.wait(20)
    preview, temporary = started.read_text().split()
    with pytest.raises(ProcessLookupError):
        os.kill(int(preview), 0)
    return ended, Path(temporary)


STARTED = 'echo $$ "$TMPDIR" > started.new; mv started.new started'
"""In one step, as somebody waits for it."""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_review_that_is_told_to_end_waits_for_its_preview_and_leaves_nothing(
    tmp_path: Path, number: int
) -> None:
    tidies = f"trap 'kill $!; sleep 0.3; ls \"$TMPDIR\" > seen; exit 1' TERM; {STARTED}; sleep 60 & wait"
    ended, temporary = interrupted(tmp_path, tidies, 10, number)
    assert ended == 128 + number
    assert (tmp_path / "seen").read_text() == "kubeconfig1\n"  # the folder stays until the preview has ended
    assert not temporary.exists()


def test_a_preview_that_does_not_end_is_killed_whoever_asks_again(tmp_path: Path) -> None:
    ended, temporary = interrupted(
        tmp_path,
        f"trap '' TERM HUP; {STARTED}; exec sleep 60",
        0.5,
        signal.SIGTERM,
        signal.SIGHUP,
        signal.SIGTERM,
    )
    assert ended == 128 + signal.SIGTERM
    assert not temporary.exists()
