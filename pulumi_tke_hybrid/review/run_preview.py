"""Runs `pulumi preview` for a review, and says what it could not."""

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pulumi_tke_hybrid.console import interrupted
from pulumi_tke_hybrid.console.errors import WrongUse

PATIENCE = 5.0
"""Seconds that an interrupted preview has: GitHub kills a cancelled job ten seconds after it told it."""


@dataclass(frozen=True)
class Preview:
    """What the CLI printed, and how it ended."""

    output: BinaryIO
    exit_code: int
    refreshed: bool
    version: str


@contextmanager
def running(folder: Path, stack: str, arguments: Sequence[str]) -> Generator[Preview]:
    """A preview of the project in `folder`. Its progress and errors go where ours go; its JSON is kept on disk, not in memory."""
    command = shutil.which("pulumi")
    if command is None:
        raise WrongUse("--run needs the Pulumi CLI on PATH; install it, or give the file of a preview")
    if not folder.is_dir():
        raise WrongUse(f"--cwd {folder} is no folder")
    chosen = ["--stack", stack] if stack else []
    told = [command, "preview", "--json", "--show-sames", "--non-interactive", *chosen, *arguments]
    # pulumi-kubernetes writes the kubeconfig into a temporary file, for Helm, and leaves it there: here it goes with its folder.
    with interrupted.like_ctrl_c(), tempfile.TemporaryDirectory() as scratch, tempfile.TemporaryFile() as output:
        environment = {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true", "TMPDIR": scratch}
        exit_code = _ended(subprocess.Popen(told, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=output))  # noqa: S603
        output.seek(0)
        refreshed = any(word in ("--refresh", "-r", "--refresh=true") for word in arguments)
        yield Preview(output, exit_code, refreshed, _version(command))


def _ended(preview: "subprocess.Popen[bytes]") -> int:
    """Its exit code. Interrupted, it is told and waited for: it must not write into the folder any more when that goes."""
    try:
        return preview.wait()
    except KeyboardInterrupt:
        preview.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            preview.wait(PATIENCE)
        raise
    finally:
        preview.kill()  # nothing happens to one that has ended
        preview.wait()


def _version(command: str) -> str:
    told = subprocess.run([command, "version"], capture_output=True, encoding="utf-8", errors="replace", check=False)  # noqa: S603
    return told.stdout.strip().removeprefix("v")
