"""Share of the checks in the preview of a program with many workloads.

Run `python -m benchmarks.checks [workloads]`.
"""

import json
import sys
import tempfile
import time
from pathlib import Path

from tests.lab.lab import Lab

PROGRAM = Path(__file__).with_name("thousand_workloads")


def preview(lab: Lab, workloads: int, checks: str) -> tuple[float, float]:
    """Return the seconds of one preview on the real engine, and the seconds of its checks."""
    with tempfile.TemporaryDirectory() as directory:
        result = Path(directory) / "result.json"
        project = lab.project(PROGRAM, {"BENCHMARK_CHECKS": checks, "BENCHMARK_RESULT": str(result)})
        project.stack_init("benchmark")
        try:
            project.run("config", "set", "workloads", str(workloads))
            begin = time.perf_counter()
            project.run("preview", "--non-interactive", timeout=3600)
            return time.perf_counter() - begin, float(json.loads(result.read_text())["seconds"])
        finally:
            (PROGRAM / "Pulumi.benchmark.yaml").unlink(missing_ok=True)


def main() -> None:
    """Measure a preview without checks, then a preview with checks."""
    workloads = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    with Lab.started() as lab:
        without, _ = preview(lab, workloads, "off")
        with_checks, spent = preview(lab, workloads, "on")
    print(f"{workloads} workloads: preview {without:.1f} s without checks, {with_checks:.1f} s with them")
    print(f"the checks took {spent:.2f} s of the program's time, {spent / with_checks:.1%} of the preview")


if __name__ == "__main__":
    main()
