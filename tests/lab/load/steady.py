"""Steady load as a block of a test: the load runs beside the block, ends with the block, and returns a
report."""

import contextlib
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from tests.lab.load.client import ANSWER_SECONDS
from tests.lab.load.report import Report

ROOT = Path(__file__).resolve().parents[3]
RATE = 40.0


class SteadyLoad:
    """`with SteadyLoad(lab.client("10.0.0.3"), address) as load: …`, then `load.report`."""

    def __init__(
        self,
        enter: Sequence[str],
        host: str,
        port: int = 80,
        *,
        rate: float = RATE,
        seconds: float = 300.0,
        patience: float = ANSWER_SECONDS,
    ) -> None:
        """`enter`: the command prefix that runs a command in the client's namespace. `seconds`: the latest
        end of the load."""
        self._command = [
            *enter, sys.executable, "-m", "tests.lab.load.client", host, str(port),
            f"--rate={rate}", f"--seconds={seconds}", f"--patience={patience}",
        ]  # fmt: skip
        self._seconds = seconds
        self._report: Report | None = None

    def __enter__(self) -> "SteadyLoad":
        self._process = subprocess.Popen(
            self._command,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            output, complaints = self._process.communicate(timeout=ANSWER_SECONDS + 20)
        finally:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
        if kind is not None:
            return  # what went wrong in the block is the news
        if self._process.returncode != 0:
            raise RuntimeError(f"the load ended with {self._process.returncode}: {complaints[-500:]}")
        self._report = Report.parse(output)
        if self._report.seconds >= self._seconds:
            raise RuntimeError(f"the load ended after {self._seconds:.0f} s, before what it was beside")

    @property
    def report(self) -> Report:
        """Once the block is over."""
        assert self._report is not None, "the load still runs"
        return self._report
