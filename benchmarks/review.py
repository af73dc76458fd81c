"""How long `tke-hybrid review` takes for 10,000 steps, and how much memory: `python benchmarks/review.py`.

The steps are those of a recorded preview, over and over under other names. Wanted: at most 1.5 s and 200 MB, all of the process.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

RECORDED = Path(__file__).resolve().parents[1] / "tests" / "unit" / "review" / "recorded"
SECONDS, MEGABYTES = 1.5, 200


def steps(recorded: dict[str, Any], count: int) -> Iterator[dict[str, Any]]:
    """So many steps, made of the recorded ones."""
    given = [step for step in recorded["steps"] if "pulumi:pulumi:Stack" not in step["urn"]]
    for number in range(count):
        step = json.loads(json.dumps(given[number % len(given)]).replace(given[number % len(given)]["urn"], "URN"))
        name = f"{given[number % len(given)]['urn']}-{number}"
        yield json.loads(json.dumps(step).replace('"URN"', json.dumps(name)))


def enlarged(path: Path, count: int) -> bytes:
    """A preview of so many steps, indented as the CLI does it."""
    recorded = json.loads(path.read_text())
    made = list(steps(recorded, count))
    summary: dict[str, int] = {}
    for step in made:
        summary[step["op"]] = summary.get(step["op"], 0) + 1
    return json.dumps({**recorded, "steps": made, "changeSummary": summary}, indent=4).encode()


def main() -> None:
    """Measure, print, and end with 1 where it is too much."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=10_000)
    parser.add_argument("--recording", default="raw-mixture")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        file.write(enlarged(RECORDED / f"{options.recording}.json", options.steps))
        file.flush()
        size = Path(file.name).stat().st_size / 1e6
        best = float("inf")
        for _ in range(options.runs):
            start = time.perf_counter()
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run([sys.executable, "-m", "pulumi_tke_hybrid.cli", "review", file.name, "--markdown", "-"], stdout=subprocess.DEVNULL, check=False)  # fmt: skip
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            wall, cpu = time.perf_counter() - start, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            best = min(best, cpu)
            print(f"{options.steps} steps, {size:.0f} MB: {wall:.2f} s, {cpu:.2f} s of CPU, {after.ru_maxrss / 1024:.0f} MB", flush=True)
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    sys.exit(int(best > SECONDS or memory > MEGABYTES))


if __name__ == "__main__":
    main()
