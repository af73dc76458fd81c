"""Builds one group into the cache."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.lab.toolchain.cache import SOURCES, cache_root, group_hash, source_files, staged
from tests.lab.toolchain.errors import ToolchainError
from tests.lab.toolchain.go import Go
from tests.lab.toolchain.pins import Group, ModuleFile
from tests.lab.toolchain.progress import Progress, clock

GIGABYTE = 1024**3
WARM_FRACTION = 0.2
"""With a build cache that is already large, far less is needed than for a cold build."""


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


def build(group: Group, go: Go, progress: Progress) -> Path:
    """Into a folder of its own, from a copy of the sources: the work tree stays as it is."""
    target = built_folder(group, Go.series_of(go))
    if is_built(group, target):
        return target
    started = time.monotonic()
    expected = estimate(group)

    def tick() -> None:
        passed = time.monotonic() - started
        progress.beat(f"  {group.name} {group.version}: building, {clock(passed)} of about {clock(expected)}")

    check_disk(group, _go_cache(go), target.parent)
    progress.line(f"  {group.name} {group.version}: building ({go.version}), cold about {clock(expected)}")
    with (
        tempfile.TemporaryDirectory(prefix=f"tke-hybrid-lab-{group.name}-") as name,
        staged(target) as staging,
    ):
        sources = Path(name)
        for path in source_files(group, SOURCES):
            shutil.copyfile(path, sources / path.name)
        for file in group.embedded:
            shutil.copyfile(_in_module(go, file, sources, tick), sources / file.name)
        for program, package in group.programs:
            go.run(["build", *group.go_flags(), "-o", str(staging / program), package], sources, tick)
        for file in group.scripts:
            shutil.copyfile(_in_module(go, file, sources, tick), staging / file.name)
            (staging / file.name).chmod(0o755)
        if target.exists():  # an incomplete one: its files were deleted by somebody
            shutil.rmtree(target)
    progress.line(f"  {group.name} {group.version}: built in {clock(time.monotonic() - started)}")
    return target


def _in_module(go: Go, file: ModuleFile, sources: Path, tick: Callable[[], None]) -> Path:
    go.run(["mod", "download", file.module], sources, tick)
    folder = go.run(["list", "-mod=readonly", "-m", "-f", "{{.Dir}}", file.module], sources, tick).strip()
    return Path(folder, file.path)


def _go_cache(go: Go) -> Path:
    return Path(
        subprocess.run([go.path, "env", "GOCACHE"], capture_output=True, text=True, check=True).stdout.strip()
    )
