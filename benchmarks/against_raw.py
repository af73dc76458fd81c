"""Time, state and resources of components beside the same raw resources.

The benchmark runs three programs in turns on the lab, with the real Pulumi engine and a real API server.
Each program makes the same workloads of 2 pods behind an internal load balancer:

  raw         Service, Deployment and PodDisruptionBudget of pulumi-kubernetes,
  bare        the same under an empty component: the least that a component costs,
  components  ClientIpWorkload.

The benchmark first compares the inputs of the Kubernetes objects of the three programs. Then it measures each
row --rounds times for each program, in turns. The table has the minimum. A ratio is the figure of a program
divided by the figure of the raw program. The CPU rows are the user time of the program's process.

rows:
  first-preview, second-preview, up, up-without-checkpoints, destroy, state, resources

examples:
  python -m benchmarks.against_raw 100                        every row: about 40 minutes on two idle cores
  python -m benchmarks.against_raw 100 --rows first-preview   about 3 minutes
  python -m benchmarks.against_raw --growth                   first previews of 50, 100 and 500 workloads
  python -m benchmarks.against_raw --growth 50 200 --rows first-preview state
  python -m benchmarks.against_raw --cluster                  HybridCluster beside raw cluster resources

exit codes:
  0   every row meets its goal
  2   a row misses its goal
  3   a row could not be measured
  64  wrong use
"""

import argparse
import json
import os
import platform
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import NoReturn

from benchmarks import measured_program
from benchmarks.measured_program import CPU, Figures, NotMeasured, Program
from pulumi_tke_hybrid.cli.process import ExitCode
from tests.lab.pulumi_cli import PulumiFailed, PulumiTimeout


@dataclass(frozen=True)
class Row:
    """A row of the table, with the goal of the components."""

    key: str
    title: str
    goal: float | None = None
    """Largest accepted ratio to the raw resources; for `absolute` the largest accepted figure."""
    unit: str = " s"
    absolute: bool = False


ROWS = (
    Row("first-preview", "first preview", 1.15),
    Row("first-preview" + CPU, "first preview, CPU of the program"),
    Row("second-preview", "second preview", 1.20),
    Row("second-preview" + CPU, "second preview, CPU of the program"),
    Row("up", "`up`, file backend", 1.20),
    Row("up-without-checkpoints", "`up`, checkpoints off", 1.08),
    Row("destroy", "destroy, file backend", 1.20),
    Row("state", "state", 1.15, " kB"),
    Row("resources", "resources of a workload", 4, "", absolute=True),
)
NAMES = [row.key for row in ROWS if not row.key.endswith(CPU)]
GROWTH = [50, 100, 500]
All = dict[str, dict[str, list[float]]]
"""Measured figures: shape, row, rounds."""


@dataclass(frozen=True)
class Line:
    """A row with its figures."""

    title: str
    unit: str
    figures: dict[str, float]
    """Minimum of the rounds, by shape."""
    ratios: dict[str, float]
    goal: float | None
    verdict: str
    """`ok`, `not met`, `not measured`, or empty without a goal."""


def judged(row: Row, figures: dict[str, float]) -> Line:
    """Return the line of a row; `figures` holds the minimum of each shape."""
    raw, ours = figures.get("raw"), figures.get("components")
    ratios = {shape: figure / raw for shape, figure in figures.items() if raw and shape != "raw"}
    reached = ours if row.absolute else ratios.get("components")
    if reached is None:
        verdict = "not measured"
    elif row.goal is None:
        verdict = ""
    else:
        verdict = "ok" if reached <= row.goal else "not met"
    return Line(row.title, row.unit, figures, ratios, row.goal, verdict)


def minima(found: All, row: Row) -> dict[str, float]:
    """Return the minimum of a row for each shape that was measured."""
    scale = 1000.0 if row.unit == " kB" else 1.0
    return {shape: min(rows[row.key]) / scale for shape, rows in found.items() if rows.get(row.key)}


def further(low: tuple[int, All], high: tuple[int, All], row: Row) -> Line:
    """Return what each further workload costs between two sizes."""
    (few, before), (many, after) = low, high
    first, last = minima(before, row), minima(after, row)
    unit, scale = (" ms", 1000) if row.unit == " s" else (row.unit, 1)
    costs = {shape: (last[shape] - first[shape]) / (many - few) * scale for shape in last if shape in first}
    title = f"{row.title}: each workload from {few} to {many}"
    return judged(Row(row.key, title, row.goal, unit), costs)


def measure(program: Program, size: int, rows: Sequence[Row], rounds: int) -> All:
    """Measure all shapes in turns. A failed run ends the measurement; the figures so far count."""
    wanted = frozenset(row.key for row in rows)
    found: All = {shape: {} for shape in program.shapes}
    for number in range(rounds):
        turn = number % len(program.shapes)
        for shape in program.shapes[turn:] + program.shapes[:turn]:
            try:
                figures = program.measure(shape, size, wanted)
            except (PulumiFailed, PulumiTimeout) as error:
                log(f"{shape}: {error}")
                return {**found, shape: {}}
            log(f"{size} workloads, round {number + 1} of {rounds}, {shape}: {shown(figures)}")
            for key, figure in figures.items():
                found[shape].setdefault(key, []).append(figure)
    return found


def shown(figures: Figures) -> str:
    """Return the figures of one round on one line."""
    return ", ".join(f"{key} {figure:.2f}".removesuffix(".00") for key, figure in figures.items())


def table(head: str, shapes: Sequence[str], lines: Sequence[Line]) -> Iterator[str]:
    """Yield the lines of a Markdown table."""
    yield f"| {head} | {' | '.join(shapes)} | ratio | goal | |"
    yield "|---" * (len(shapes) + 4) + "|"
    for line in lines:
        cells = [
            f"{line.figures[shape]:.{0 if line.unit in (' kB', ' ms') else 1}f}{line.unit}"
            if shape in line.figures
            else "-"
            for shape in shapes
        ]
        ratio = " / ".join(f"{value:.2f}" for value in line.ratios.values()) or "-"
        goal = "" if line.goal is None else f"≤ {line.goal:.2f}"
        yield f"| {line.title} | {' | '.join(cells)} | {ratio} | {goal} | {line.verdict} |"


def machine() -> str:
    """Describe the machine, with its load: other work makes the figures larger and less steady."""
    cpu = Path("/proc/cpuinfo")
    names = cpu.read_text().splitlines() if cpu.exists() else []
    model = next((line.partition(":")[2].strip() for line in names if line.startswith("model name")), "")
    load = f"load {os.getloadavg()[0]:.1f} before the start"
    date = datetime.now(timezone.utc).date().isoformat()
    python = f"Python {platform.python_version()}"
    return f"{date}, {os.cpu_count()} cores {model or platform.machine()}, {python}, {load}"


def log(line: str) -> None:
    """Print a line of progress."""
    print(line, file=sys.stderr, flush=True)


class Parser(argparse.ArgumentParser):
    """A parser whose exit code for wrong use is the package's."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        log(f"against_raw: {message}")
        sys.exit(ExitCode.WRONG_USE)


def positive(text: str) -> int:
    """Parse a number above 0."""
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return int(text)


def options() -> argparse.Namespace:
    """Parse the command line."""
    parser = Parser(
        prog="python -m benchmarks.against_raw",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("workloads", nargs="?", type=positive, default=100, help="number of workloads (default: 100)")
    add("--rows", nargs="+", choices=NAMES, metavar="ROW", help="only these rows (default: all)")
    add("--rounds", type=positive, default=3, help="measurements of each row (default: 3)")
    add("--growth", nargs="*", type=positive, metavar="N", help="compare sizes (default: 50 100 500)")
    add("--cluster", action="store_true", help="measure HybridCluster instead of workloads; no goals")
    add("--json", type=Path, metavar="FILE", help="also write all figures to a file")
    found = parser.parse_args()
    if found.growth is not None and found.cluster:
        parser.error("--growth is about workloads, --cluster about one cluster")
    return found


def selected(given: argparse.Namespace) -> list[Row]:
    """Return the rows to measure, with the CPU rows of the previews."""
    names = given.rows or (["first-preview"] if given.growth is not None else NAMES)
    rows = [row for row in ROWS if row.key.removesuffix(CPU) in names]
    return [Row(row.key, row.title, None, row.unit) for row in rows] if given.cluster else rows


def main() -> None:
    """Measure, print the tables, and end with the exit code of the worst row."""
    given = options()
    rows, place = selected(given), machine()
    log(place)
    sizes: list[int] = [given.workloads] if given.growth is None else sorted(given.growth or GROWTH)
    started = measured_program.cluster() if given.cluster else measured_program.workloads()
    with started as program:
        if not given.cluster:
            log("comparing the objects of the programs")
            try:
                program.compare_objects()
            except (NotMeasured, PulumiFailed, PulumiTimeout) as error:
                log(str(error))
                sys.exit(ExitCode.COULD_NOT_TELL)
        found: dict[int, All] = {size: {} for size in sizes}
        for size in sizes:
            found[size] = measure(program, size, rows, given.rounds)
            if not all(found[size].values()):
                break  # the objects of the failed run are still there
    tables: dict[str, list[Line]] = {}
    for size in sizes:
        head = "HybridCluster" if given.cluster else f"{size} workloads"
        tables[head] = [judged(row, minima(found[size], row)) for row in rows]
    pairs = [(sizes[index], size) for index, size in enumerate(sizes[1:])]
    if pairs:
        tables["growth"] = [
            further((few, found[few]), (many, found[many]), row)
            for row in rows
            if not row.absolute
            for few, many in pairs
        ]
    for head, lines in tables.items():
        print("\n".join(table(head, program.shapes, lines)), end="\n\n")
    print(f"{place}; minimum of {given.rounds}")
    if given.json is not None:
        content = {
            "machine": place,
            "rounds": given.rounds,
            "tables": {head: [asdict(line) for line in lines] for head, lines in tables.items()},
            "measured": found,
        }
        given.json.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n")
    verdicts = {line.verdict for lines in tables.values() for line in lines}
    sys.exit(
        ExitCode.COULD_NOT_TELL
        if "not measured" in verdicts
        else ExitCode.NOT_FINE
        if "not met" in verdicts
        else ExitCode.FINE
    )


if __name__ == "__main__":
    main()
