"""The real Pulumi CLI on a file backend, with no account, no downloads and nothing of the caller's cloud
settings."""

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, TypedDict

from typing_extensions import Unpack

from tests.lab.toolchain import Binaries

DEFAULT_TIMEOUT = 300.0
CANCEL_SECONDS = 10.0
TAIL_LINES = 40
INHERITED = ("PATH", "HOME", "LANG", "LC_ALL")
INHERITED_CERTIFICATES = (
    "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NIX_SSL_CERT_FILE",
    "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
)  # fmt: skip

OnLine = Callable[[str], None]


class RunOptions(TypedDict, total=False):
    """Options of `PulumiProject.run`."""

    check: bool
    timeout: float
    on_line: OnLine | None


@dataclass(frozen=True)
class Result:
    exit_code: int
    stdout: str
    stderr: str
    seconds: float

    @property
    def output(self) -> str:
        """Both streams, one after the other."""
        return f"{self.stdout}{self.stderr}"


class PulumiFailed(Exception):
    """The CLI ended with an error."""

    def __init__(self, arguments: tuple[str, ...], result: Result) -> None:
        tail = "\n".join(result.output.splitlines()[-TAIL_LINES:])
        super().__init__(f"`pulumi {' '.join(arguments)}` ended with {result.exit_code}:\n{tail}")
        self.result = result


class PulumiTimeout(Exception):
    """The CLI did not end in time; it and its plugins were killed."""

    def __init__(self, arguments: tuple[str, ...], seconds: float, result: Result) -> None:
        tail = "\n".join(result.output.splitlines()[-TAIL_LINES:])
        super().__init__(f"`pulumi {' '.join(arguments)}` did not end in {seconds:.0f} s:\n{tail}")
        self.result = result


class Running:
    """A CLI process. The engine's plugins have process groups of their own, but they all share its
    session."""

    def __init__(
        self, command: list[str], directory: Path, environment: Mapping[str, str], on_line: OnLine | None
    ) -> None:
        self._started = time.monotonic()
        self._process = subprocess.Popen(
            command, cwd=directory, env=dict(environment), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, errors="replace", start_new_session=True,
        )  # fmt: skip
        self._on_line = on_line
        self._lines: queue.SimpleQueue[tuple[str, str | None]] = queue.SimpleQueue()
        self._texts: dict[str, list[str]] = {"stdout": [], "stderr": []}
        self._open = len(self._texts)
        for name, stream in (("stdout", self._process.stdout), ("stderr", self._process.stderr)):
            assert stream is not None
            threading.Thread(target=self._pump, args=(name, stream), daemon=True).start()

    def _pump(self, name: str, stream: IO[str]) -> None:
        for line in stream:
            self._lines.put((name, line))
        self._lines.put((name, None))

    def wait(self, timeout: float) -> bool:
        """Whether it ended in time. Hands on its lines meanwhile, in the calling thread."""
        deadline = time.monotonic() + timeout
        while self._open:
            try:
                name, line = self._lines.get(timeout=max(deadline - time.monotonic(), 0))
            except queue.Empty:
                return False
            if line is None:
                self._open -= 1
                continue
            self._texts[name].append(line)
            if self._on_line is not None:
                self._on_line(line.rstrip("\n"))
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(max(deadline - time.monotonic(), 0.1))
        return self._process.returncode is not None

    def interrupt(self) -> None:
        """Interrupt like Ctrl-C: the engine cancels, and waits for running operations."""
        self._process.send_signal(signal.SIGINT)

    def freeze(self) -> None:
        """Return when the CLI itself stands still. The plugins go on."""
        self._process.send_signal(signal.SIGSTOP)
        if self._process.returncode is None:
            os.waitid(os.P_PID, self._process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)

    def thaw(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """Kill the CLI and its plugins at once, like a crash or an out-of-memory kill."""
        if self._process.returncode is None:
            self._process.kill()
        for member in _session_members(self._process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(member, signal.SIGKILL)
        self._process.wait()

    def result(self) -> Result:
        code = self._process.poll()
        return Result(
            exit_code=-signal.SIGKILL if code is None else code,
            stdout="".join(self._texts["stdout"]),
            stderr="".join(self._texts["stderr"]),
            seconds=time.monotonic() - self._started,
        )


def _session_members(session: int) -> list[int]:
    """Of Linux's /proc; elsewhere the CLI's own plugins have to notice by themselves."""
    found: list[int] = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            # After the name in parentheses: state, parent, process group, session.
            if int(path.read_text().rpartition(")")[2].split()[3]) == session:
                found.append(int(path.parent.name))
    return found


class PulumiProject:
    """One project folder, one stack at a time."""

    def __init__(self, root: Path, backend: Path, binaries: Binaries, env: Mapping[str, str]) -> None:
        self.root = root
        self.backend = backend
        self.binaries = binaries
        self.stack = ""
        self.printed: list[str] = []
        """All that the CLI printed so far, a run an item."""
        self._env = dict(env)
        self._changed: dict[str, str] = {}

    def change_environment(self, changes: Mapping[str, str]) -> None:
        """Other variables for the runs from now on; an empty value gives back the first one."""
        self._changed = {**self._changed, **changes}

    def environment(self) -> dict[str, str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if name in INHERITED or name in INHERITED_CERTIFICATES or name.startswith("PIP_")
        }
        return {
            **kept,
            "PATH": f"{self.binaries.bin}{os.pathsep}{kept.get('PATH', os.defpath)}",
            "PULUMI_BACKEND_URL": f"file://{self.backend}",
            "PULUMI_HOME": str(self.binaries.pulumi_home),
            "PULUMI_CONFIG_PASSPHRASE": "",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS": "true",
            "PULUMI_PYTHON_CMD": sys.executable,
            "NO_COLOR": "1",
            **self._env,
            **{name: value for name, value in self._changed.items() if value},
        }

    def start(self, *arguments: str, on_line: OnLine | None = None) -> Running:
        """For tests that interrupt or kill it; others use `run`."""
        self.backend.mkdir(parents=True, exist_ok=True)
        stack = ("--stack", self.stack) if self.stack else ()
        command = [str(self.binaries.pulumi), *arguments, *stack, "--non-interactive"]
        return Running(command, self.root, self.environment(), on_line)

    def run(
        self,
        *arguments: str,
        check: bool = True,
        timeout: float = DEFAULT_TIMEOUT,
        on_line: OnLine | None = None,
    ) -> Result:
        """Run the CLI to its end. No process of the CLI outlives the call."""
        running = self.start(*arguments, on_line=on_line)
        try:
            in_time = running.wait(timeout)
            if not in_time:
                running.interrupt()
                running.wait(CANCEL_SECONDS)
        finally:
            running.kill()
        result = running.result()
        self.printed.append(result.output)
        if not in_time:
            raise PulumiTimeout(arguments, timeout, result)
        if check and result.exit_code:
            raise PulumiFailed(arguments, result)
        return result

    def stack_init(self, name: str = "dev") -> Result:
        self.stack = ""
        result = self.run("stack", "init", name)
        self.stack = name
        return result

    def config_set(self, key: str, value: str, *, secret: bool = False) -> Result:
        return self.run("config", "set", *(["--secret"] if secret else []), key, value)

    def preview(self, *arguments: str, **options: Unpack[RunOptions]) -> Result:
        return self.run("preview", *arguments, **options)

    def up(self, *arguments: str, **options: Unpack[RunOptions]) -> Result:
        return self._without_preview("up", *arguments, **options)

    def refresh(self, *arguments: str, **options: Unpack[RunOptions]) -> Result:
        return self._without_preview("refresh", *arguments, **options)

    def destroy(self, *arguments: str, **options: Unpack[RunOptions]) -> Result:
        return self._without_preview("destroy", *arguments, **options)

    def _without_preview(self, *arguments: str, **options: Unpack[RunOptions]) -> Result:
        return self.run(*arguments, "--yes", "--skip-preview", **options)

    def state_file(self) -> Path:
        """The file in which the backend stores the stack's state."""
        (found,) = (self.backend / ".pulumi" / "stacks").glob(f"*/{self.stack}.json")
        return found

    def export(self) -> dict[str, Any]:
        """The text of `pulumi stack export`, read from the backend's file: secrets stay encrypted."""
        stored: dict[str, Any] = json.loads(self.state_file().read_text())
        deployment: dict[str, Any] = stored.pop("checkpoint").get("latest") or {}
        return {**stored, "deployment": deployment}

    def outputs(self) -> dict[str, Any]:
        """The stack's outputs, secrets in clear."""
        outputs: dict[str, Any] = json.loads(self.run("stack", "output", "--json", "--show-secrets").stdout)
        return outputs
