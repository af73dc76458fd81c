"""Time and memory of `tke-hybrid review` for 10,000 steps: `python -m benchmarks.review`.

The steps are copies of recorded previews under other names. `SECONDS` and `MEGABYTES` are the bounds that
docs/review.md gives to users, for 10,000 steps.
"""

import argparse
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests import COMMAND

RECORDED = Path(__file__).resolve().parents[1] / "tests" / "unit" / "review" / "recorded"
SECONDS, MEGABYTES = 7, 200
"""Bounds for the CPU time and the memory of the process."""


def enlarge(recording: str, count: int, path: Path) -> None:
    """Write a preview with `count` steps, indented as the CLI indents."""
    recorded: dict[str, Any] = json.loads((RECORDED / f"{recording}.json").read_text())
    given = [step for step in recorded["steps"] if "pulumi:pulumi:Stack" not in step["urn"]]
    steps = [
        {**given[number % len(given)], "urn": f"{given[number % len(given)]['urn']}-{number}"}
        for number in range(count)
    ]
    summary: dict[str, int] = {}
    for step in steps:
        summary[step["op"]] = summary.get(step["op"], 0) + 1
    path.write_text(json.dumps({"steps": steps, "changeSummary": summary}, indent=4))


def main() -> None:
    """Measure and print; end with 1 above a bound."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=10_000)
    parser.add_argument(
        "--recordings", nargs="+", default=["raw-mixture", "raw-cluster-replaced", "raw-first"]
    )
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    slow = False
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "preview.json"
        for recording in options.recordings:
            # In a separate process: the peak memory of a parent counts as its child's memory.
            maker = multiprocessing.get_context("spawn").Process(
                target=enlarge, args=(recording, options.steps, path)
            )
            maker.start()
            maker.join()
            print(f"{recording}: {options.steps} steps, {path.stat().st_size / 1e6:.0f} MB", flush=True)
            runs = [_one(path) for _ in range(options.runs)]
            slow = (
                slow
                or min(seconds for seconds, _ in runs) > SECONDS
                or max(memory for _, memory in runs) > MEGABYTES
            )
    sys.exit(int(slow))


def _one(path: Path) -> tuple[float, float]:
    start = time.perf_counter()
    with subprocess.Popen(
        [COMMAND, "review", str(path), "--markdown", "-"],
        stdout=subprocess.DEVNULL,
    ) as process:
        _, _, used = os.wait4(process.pid, 0)
        process.returncode = 0
    cpu, memory = used.ru_utime + used.ru_stime, used.ru_maxrss / 1024
    print(f"  {time.perf_counter() - start:.2f} s, of which {cpu:.2f} s of CPU; {memory:.0f} MB", flush=True)
    return cpu, memory


if __name__ == "__main__":
    main()
