"""Run tests in one pytest process for each core: `python -m tests.shares FOLDER... [OPTION...]`.

Each process collects and runs its own share of the files. pytest-xdist collects all files in each process and
sends each result to another process, which takes longer than thousands of short tests.
"""

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

NO_TESTS = 5
"""The exit code of pytest if a share has no test, for example with `-k`."""
_UNUSED = ("xdist", "cacheprovider", "anyio", "logging", "subtests", "hypothesispytest")
"""Plugins that the tests of a share need not. Each plugin costs time for each test."""


_COMPONENTS = re.compile(
    r"^(import (pulumi|tencent)|from (pulumi|pulumi_kubernetes|pulumi_policy|benchmarks)[. ]"
    r"|from (pulumi_tke_hybrid\.(component|kept_addresses)|tests\.rules_page)\b)",
    re.MULTILINE,
)
"""Imports that load Pulumi, directly or through a component. Pulumi loads for a second."""
_COMPONENT_COST, _OTHER_COST = 2, 1
"""Time of a test file for each of its bytes: tests of components run programs."""


def shares(folders: Sequence[str], number: int) -> list[list[str]]:
    """Return at most `number` lists of the test files, of about the same work.

    The tests of components come first, then the others by folder, and the lists cut this order. So few
    processes import Pulumi, and the tests of a folder share what they keep.
    """
    work: dict[Path, int] = {}
    files = [path for folder in folders for path in Path(folder).rglob("test_*.py")]
    components = {path for path in files if _COMPONENTS.search(path.read_text(encoding="utf-8"))}
    for path in sorted(files, key=lambda path: (path not in components, path)):
        work[path] = path.stat().st_size * (_COMPONENT_COST if path in components else _OTHER_COST)
    found: list[list[str]] = [[] for _ in range(number)]
    total, before = sum(work.values()), 0
    for path, size in work.items():
        found[(before + size // 2) * number // total].append(str(path))
        before += size
    return [share for share in found if share]


def run(folders: Sequence[str], options: Sequence[str]) -> int:
    """Run the tests, and return 0 if each test passed."""
    without = [argument for plugin in _UNUSED for argument in ("-p", f"no:{plugin}")]
    command = [sys.executable, "-m", "pytest", "--quiet", *without, *options]
    running = [
        subprocess.Popen([*command, *share], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for share in shares(folders, os.cpu_count() or 1)
    ]
    codes: set[int] = set()
    for process in running:
        print(process.communicate()[0], end="", flush=True)
        codes.add(process.returncode)
    if codes - {0, NO_TESTS}:
        return 1
    return 0 if 0 in codes else NO_TESTS


if __name__ == "__main__":
    given = sys.argv[1:]
    first = next((index for index, item in enumerate(given) if item.startswith("-")), len(given))
    sys.exit(run(given[:first], given[first:]))
