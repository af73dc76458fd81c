"""The machine that the checks look at. Tests give another one."""

import importlib.metadata
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

PACKAGE = "pulumi-tke-hybrid"
_PATIENCE = 30


@dataclass(frozen=True)
class Ran:
    """What a command gave; `code` is None where it could not be run to its end."""

    code: int | None
    stdout: str = field(default="", repr=False)  # may hold a secret
    stderr: str = ""


class Machine(Protocol):
    """What is asked of a machine."""

    @property
    def python(self) -> tuple[int, int, int]:
        """The interpreter's version."""
        ...

    @property
    def environment(self) -> Mapping[str, str]:
        """Its variables."""
        ...

    @property
    def home(self) -> Path:
        """The user's home folder."""
        ...

    def requirements(self) -> list[str]:
        """What this package asks for, as its metadata says."""
        ...

    def package(self, name: str) -> str | None:
        """Version of an installed package."""
        ...

    def program(self, name: str) -> str | None:
        """Path of a program on PATH."""
        ...

    def run(self, *command: str) -> Ran:
        """Run a program in the project's folder, with nothing on its standard input."""
        ...

    def read(self, path: Path) -> str | None:
        """A file's text; None where there is none."""
        ...


class ThisMachine:
    """The one that the command runs on."""

    def __init__(self, project: Path) -> None:
        self._project = project

    @property
    def python(self) -> tuple[int, int, int]:
        return sys.version_info[0], sys.version_info[1], sys.version_info[2]

    @property
    def environment(self) -> Mapping[str, str]:
        return os.environ

    @property
    def home(self) -> Path:
        return Path.home()

    def requirements(self) -> list[str]:
        try:
            return importlib.metadata.requires(PACKAGE) or []
        except importlib.metadata.PackageNotFoundError:
            return []

    def package(self, name: str) -> str | None:
        try:
            return importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            return None

    def program(self, name: str) -> str | None:
        return shutil.which(name)

    def run(self, *command: str) -> Ran:
        variables = {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true", "NO_COLOR": "1"}
        try:
            done = subprocess.run(  # noqa: S603 - programs of ours, found on PATH
                command, cwd=self._project, env=variables, stdin=subprocess.DEVNULL, capture_output=True,
                encoding="utf-8", errors="replace", timeout=_PATIENCE, check=False,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired) as error:
            return Ran(None, stderr=type(error).__name__)
        return Ran(done.returncode, done.stdout, done.stderr)

    def read(self, path: Path) -> str | None:
        try:
            return path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return None
