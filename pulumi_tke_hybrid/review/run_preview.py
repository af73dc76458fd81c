"""Runs `pulumi preview` for a review, and says what it could not."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pulumi_tke_hybrid.console.errors import WrongUse


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
    with tempfile.TemporaryDirectory() as scratch, tempfile.TemporaryFile() as output:
        environment = {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true", "TMPDIR": scratch}
        ended = subprocess.run(told, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=output, check=False)  # noqa: S603
        output.seek(0)
        refreshed = any(word in ("--refresh", "-r", "--refresh=true") for word in arguments)
        yield Preview(output, ended.returncode, refreshed, _version(command))


def _version(command: str) -> str:
    told = subprocess.run([command, "version"], capture_output=True, text=True, check=False)  # noqa: S603
    return told.stdout.strip().removeprefix("v")
