"""The lab's side of the agent that serves the sockets of the stand-in network: starts the agent, sends the
wanted listeners, and restarts the agent after its end."""

import asyncio
import contextlib
import json
import logging
import sys
from pathlib import Path
from typing import Any, cast

from tests.lab.packets.errors import KernelError

SECONDS = 30.0
MAX_LINE = 1024 * 1024
ROOT = Path(__file__).resolve().parents[3]
logger = logging.getLogger("lab.packets")


class AgentProcess:
    def __init__(self, process: asyncio.subprocess.Process, authority: str) -> None:
        self._process = process
        self._sent: dict[str, dict[str, Any]] = {}
        self.authority = authority
        """The certificate, PEM, of the authority that signed every certificate of the agent."""

    @classmethod
    async def start(cls) -> "AgentProcess":
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.lab.packets.agent",
            cwd=ROOT, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, start_new_session=True,
            limit=MAX_LINE,
        )  # fmt: skip
        made = cls(process, "")
        try:
            made.authority = str((await made._answer())["authority"])
        except BaseException:
            await made.stop()
            raise
        return made

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.returncode is None

    async def send(self, wanted: dict[str, dict[str, Any]]) -> dict[str, str]:
        """Which listeners there should be, all of them; why some are not."""
        if wanted == self._sent:
            return {}
        stdin = self._process.stdin
        assert stdin is not None
        try:
            stdin.write(json.dumps(wanted).encode() + b"\n")
            await stdin.drain()
        except OSError as error:
            raise KernelError(f"the agent has ended: {error}") from error
        failed = cast("dict[str, str]", (await self._answer())["failed"])
        self._sent = {key: spec for key, spec in wanted.items() if key not in failed}
        return failed

    async def stop(self) -> None:
        """It ends with its input; if not, it is ended."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), 3)
        except asyncio.TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()

    async def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        try:
            line = await asyncio.wait_for(self._process.stdout.readline(), SECONDS)
        except asyncio.TimeoutError as error:
            # A late answer would be taken for the answer to the next request.
            self._process.kill()
            raise KernelError(f"the agent did not answer in {SECONDS:.0f} s") from error
        if not line:
            raise KernelError("the agent has ended")
        return cast("dict[str, Any]", json.loads(line))
