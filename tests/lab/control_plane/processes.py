"""Child processes of the lab: a log file each, dead together with the lab, killed quickly."""

import asyncio
import contextlib
import ctypes
import os
import signal
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

TAIL_LINES = 25
_PR_SET_PDEATHSIG = 1
_libc: ctypes.CDLL | None = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class ProcessFailed(Exception):
    """A program of the control plane ended although it should run."""


def _die_with_parent() -> None:
    """In the child, before it becomes the program: the kernel kills it even when the lab gets SIGKILL."""
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def free_ports(count: int) -> list[int]:
    """All held at the same time, so that they differ."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for held in sockets:
            held.bind(("127.0.0.1", 0))
        return [int(held.getsockname()[1]) for held in sockets]


class Process:
    """One program. Its process group is its own: an interrupt of the terminal does not reach it."""

    def __init__(self, name: str, log: Path, process: asyncio.subprocess.Process) -> None:
        self.name = name
        self.log = log
        self._process = process

    @classmethod
    async def start(
        cls, program: Path, arguments: Sequence[str], log: Path, environment: dict[str, str]
    ) -> "Process":
        with log.open("wb") as sink:
            process = await asyncio.create_subprocess_exec(
                program,
                *arguments,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                env=environment,
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )
        return cls(program.name, log, process)

    async def ended(self) -> "ProcessFailed":
        """Wait for the end of the process. Return the error, with the last lines of the log."""
        code = await self._process.wait()
        lines = self.log.read_text(errors="replace").splitlines()[-TAIL_LINES:]
        tail = "\n".join(f"    {line[:500]}" for line in lines)
        return ProcessFailed(f"{self.name} ended with {code}; the end of {self.log.name}:\n{tail}")

    async def stop(self) -> None:
        """Kill at once, because the process has no state to keep."""
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        await self._process.wait()
