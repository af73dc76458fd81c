"""Finding Go and running it, with messages a person can act on."""

import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.lab.toolchain.errors import ToolchainError
from tests.lab.toolchain.pins import GO_MINIMUM

WANTED = ".".join(str(part) for part in GO_MINIMUM)
TAIL_LINES = 30
_OFFLINE = re.compile(
    r"dial tcp|no such host|i/o timeout|connection refused|network is unreachable|proxyconnect|TLS handshake"
    r"|module lookup disabled|cannot query module due to -mod"
)
_INSTALL = (
    f"Install Go {WANTED} or newer, or Pulumi's official binaries where they would do, and run it again."
)


def build_environment() -> dict[str, str]:
    """The machine's own, so that its proxy and certificates count, without what would change a build."""
    return {
        **os.environ,
        "CGO_ENABLED": "0",
        "GO111MODULE": "on",
        "GOFLAGS": "-mod=readonly",
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
    }


def series(version_text: str) -> tuple[int, int] | None:
    """`go1.26.8` -> (1, 26)."""
    found = re.match(r"go(\d+)\.(\d+)", version_text)
    return (int(found[1]), int(found[2])) if found else None


class Go:
    def __init__(self, path: str, version: str) -> None:
        self.path = path
        self.version = version

    @classmethod
    def find(cls) -> "Go | None":
        path = shutil.which("go")
        if path is None:
            return None
        done = subprocess.run(
            [path, "env", "GOVERSION"], env=build_environment(), capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise ToolchainError(f"`{path} env GOVERSION` failed: {done.stderr.strip()}")
        return cls(path, done.stdout.strip())

    @staticmethod
    def series_of(go: "Go | None") -> str:
        """Names the builds. Without Go, what was built with the oldest Go that will do can still be used."""
        found = series(go.version) if go else None
        return "go{}.{}".format(*(found or GO_MINIMUM))

    @classmethod
    def require(cls, go: "Go | None", purpose: str) -> "Go":
        if go is None:
            raise ToolchainError(f"{purpose} has to be built, and there is no `go` on PATH. {_INSTALL}")
        found = series(go.version)
        if found is not None and found < GO_MINIMUM:
            raise ToolchainError(
                f"{purpose} has to be built with Go {WANTED}; {go.path} is {go.version}. {_INSTALL}"
            )
        return go

    def run(self, arguments: Sequence[str], directory: Path, tick: Callable[[], None]) -> str:
        """Its standard output. The tail of its standard error is shown when it fails, and only then."""
        command = [self.path, *arguments]
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
            process = subprocess.Popen(
                command,
                cwd=directory,
                env=build_environment(),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
            )
            try:
                while process.poll() is None:
                    tick()
                    time.sleep(0.1)
            except BaseException:
                process.kill()
                process.wait()
                raise
            out.seek(0)
            err.seek(0)
            if process.returncode:
                raise ToolchainError(explain(command, process.returncode, err.read()))
            return out.read()


def explain(command: Sequence[str], code: int, output: str) -> str:
    tail = "\n".join(f"    {line}" for line in output.strip().splitlines()[-TAIL_LINES:])
    hint = ""
    if "no space left on device" in output:
        hint = "The disk is full: free some space (`go clean -cache` frees Go's build cache).\n"
    elif _OFFLINE.search(output):
        hint = (
            "A module could not be fetched. The first build needs a Go module proxy (see GOPROXY); later ones"
            " do not.\n"
        )
    elif "SECURITY ERROR" in output or "checksum mismatch" in output:
        hint = "A fetched module is not the one that go.sum names. Nothing was built.\n"
    return f"`go {command[1]}` ended with {code}.\n{hint}{tail}"
