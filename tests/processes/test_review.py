"""`review --run` with a program in place of the Pulumi CLI: it prints a preview, fails, or does not end."""

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
def test_the_command_runs_the_preview_and_a_failed_preview_is_invalid(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, printed: str, ended: int, code: int
) -> None:
    program = tmp_path / "pulumi"
    shown = f"cat {RECORDED / printed}" if printed else "true"
    recorded_call = (
        f'touch "$TMPDIR/kubeconfig1" && printf "%s\\n" "$*" "$(pwd)" "$TMPDIR" > {tmp_path}/arguments'
    )
    program.write_text(
        f'#!/bin/sh\n[ "$1" = version ] && echo v3.259.0 && exit\n{recorded_call}\n{shown}\nexit {ended}\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    ended_with, output = run(
        "--run", "--stack", "prod", "--cwd", str(tmp_path), "--markdown", "-", "--", "--refresh", "--diff"
    )
    assert ended_with == code
    arguments, folder, temporary = (tmp_path / "arguments").read_text().splitlines()
    assert arguments == "preview --json --show-sames --non-interactive --stack prod --refresh --diff"
    assert folder == str(tmp_path)
    assert not Path(temporary).exists()  # files of plugins, such as a kubeconfig, are removed with the folder
    if code:
        assert "pulumi 3.259.0" in output
        assert " · refreshed · " in output


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
"""Signals have their default handlers, also where the tests run below `nohup` or in the background, because a
child process inherits ignored signals."""


def interrupted(folder: Path, script: str, patience: float, *signals: int) -> tuple[int, Path]:
    """Return the exit code of a review that gets these signals while its preview runs this script, and the
    preview's temporary folder."""
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
"""The file appears in one step, because the test waits for the file."""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_review_that_gets_a_signal_waits_for_its_preview_and_leaves_no_files(
    tmp_path: Path, number: int
) -> None:
    tidies = f"trap 'kill $!; sleep 0.3; ls \"$TMPDIR\" > seen; exit 1' TERM; {STARTED}; sleep 60 & wait"
    ended, temporary = interrupted(tmp_path, tidies, 10, number)
    assert ended == 128 + number
    assert (tmp_path / "seen").read_text() == "kubeconfig1\n"  # the folder stays until the preview has ended
    assert not temporary.exists()


def test_a_preview_that_does_not_end_is_killed_in_spite_of_further_signals(tmp_path: Path) -> None:
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
