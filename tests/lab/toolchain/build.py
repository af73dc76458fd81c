"""Builds groups into the cache, two at a time."""

import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path

from tests.lab.toolchain.cache import SOURCES, cache_root, group_hash, source_files, staged
from tests.lab.toolchain.errors import ToolchainError
from tests.lab.toolchain.go import Go
from tests.lab.toolchain.pins import Group, ModuleFile
from tests.lab.toolchain.progress import Progress, clock

GIGABYTE = 1024**3
WARM_FRACTION = 0.2
"""With a build cache that is already large, far less is needed than for a cold build."""
MEMORY_FOR_TWO = 8
"""In GB. The kubernetes plugin alone needs 4."""


def built_folder(group: Group, go_series: str) -> Path:
    return cache_root() / f"{group.name}-{group_hash(group, go_series)}"


def is_built(group: Group, folder: Path) -> bool:
    return all((folder / name).is_file() for name in group.files)


def estimate(group: Group) -> float:
    """The measured cold build was on two cores; linking does not get faster with more of them."""
    return group.cold_seconds * (0.15 + 0.85 * 2 / max(os.cpu_count() or 2, 2))


def check_disk(group: Group, go_cache: Path, target: Path) -> None:
    warm = go_cache.is_dir() and any(go_cache.iterdir())
    needed = group.disk_gigabytes * (WARM_FRACTION if warm else 1.0)
    for folder in {go_cache, target}:
        existing = next(path for path in (folder, *folder.parents) if path.exists())
        free = shutil.disk_usage(existing).free / GIGABYTE
        if free < needed:
            raise ToolchainError(
                f"building {group.name} needs about {needed:.1f} GB in {existing}, {free:.1f} GB are free. "
                "Free some space, or point GOCACHE, GOMODCACHE and XDG_CACHE_HOME to a larger disk."
            )


def build(group: Group, go: Go, tick: Callable[[], None]) -> None:
    """Build into a folder of its own, from a copy of the sources: the work tree stays as it is.

    `tick` is called all the time. An error that `tick` raises stops the build.
    """
    target = built_folder(group, Go.series_of(go))
    if is_built(group, target):
        return
    check_disk(group, _go_cache(go), target.parent)
    with (
        tempfile.TemporaryDirectory(prefix=f"tke-hybrid-lab-{group.name}-") as name,
        staged(target) as staging,
    ):
        sources = Path(name)
        for path in source_files(group, SOURCES):
            shutil.copyfile(path, sources / path.name)
        for file in group.embedded:
            shutil.copyfile(_in_module(go, file, sources, tick), sources / file.name)
        # One command for all programs: Go links the first while it compiles the others.
        packages = [package for _, package in group.programs]
        output = staging / group.programs[0][0] if len(packages) == 1 else staging
        go.run(["build", *group.go_flags(), "-o", str(output), *packages], sources, tick)
        for file in group.scripts:
            shutil.copyfile(_in_module(go, file, sources, tick), staging / file.name)
            (staging / file.name).chmod(0o755)
        missing = [name for name in group.files if not (staging / name).is_file()]
        if missing:
            raise ToolchainError(f"the build of {group.name} made no {', '.join(missing)}")
        if target.exists():  # an incomplete build: a user deleted files
            shutil.rmtree(target)


class _Stopped(Exception):
    """Another build failed, or the user stopped the builds."""


def build_groups(groups: Sequence[Group], go: Go, progress: Progress) -> None:
    """Build the groups, two at a time where the memory allows: one links while the other compiles."""
    # The cheapest first, because an unreachable module proxy then shows within seconds; then the longest.
    cheapest, *others = sorted(groups, key=estimate)
    order = [cheapest, *reversed(others)]
    stop = threading.Event()

    def tick() -> None:
        if stop.is_set():
            raise _Stopped

    def timed(group: Group) -> float:
        tick()
        started = time.monotonic()
        try:
            build(group, go, tick)
        except BaseException:
            stop.set()  # at once: no other build starts
            raise
        return time.monotonic() - started

    with ThreadPoolExecutor(builders()) as pool:
        futures = {pool.submit(timed, group): group for group in order}
        try:
            _await(futures, progress)
        except BaseException:
            stop.set()
            pool.shutdown(cancel_futures=True)
            errors = [future.exception() for future in futures if not future.cancelled()]
            failed = [error for error in errors if isinstance(error, ToolchainError)]
            if failed:  # the cause, not a build that was stopped after the failure
                raise failed[0] from None
            raise


def builders() -> int:
    """Return the number of builds at the same time."""
    enough = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / GIGABYTE >= MEMORY_FOR_TWO
    return 2 if enough and (os.cpu_count() or 1) >= 2 else 1


def _await(futures: Mapping["Future[float]", Group], progress: Progress) -> None:
    """Wait for the builds, and print the remaining builds with their time."""
    started, running = time.monotonic(), set(futures)
    counted = started
    while running:
        done, running = wait(running, timeout=0.2, return_when=FIRST_COMPLETED)
        left = [group for future, group in futures.items() if future in running]
        counted = time.monotonic() if done else counted
        for future in done:
            group = futures[future]
            text = f"  {group.name} {group.version}: built in {clock(future.result())}"
            progress.line(f"{text}; {_remaining(left, counted)}" if left else text)
        if left:
            passed = clock(time.monotonic() - started)
            progress.beat(f"  building for {passed}; {_remaining(left, counted)}")


def _remaining(left: Sequence[Group], counted: float) -> str:
    """Return the names and the estimated time; `counted`: when the last build ended."""
    seconds = sum(map(estimate, left)) - (time.monotonic() - counted)
    names = ", ".join(group.name for group in left)
    return f"remaining: {names}, {f'about {clock(seconds)}' if seconds > 0 else 'longer than estimated'}"


def _in_module(go: Go, file: ModuleFile, sources: Path, tick: Callable[[], None]) -> Path:
    go.run(["mod", "download", file.module], sources, tick)
    folder = go.run(["list", "-mod=readonly", "-m", "-f", "{{.Dir}}", file.module], sources, tick).strip()
    return Path(folder, file.path)


def _go_cache(go: Go) -> Path:
    return Path(
        subprocess.run([go.path, "env", "GOCACHE"], capture_output=True, text=True, check=True).stdout.strip()
    )
