"""Where built programs are kept, under which name, and the lock around making them."""

import contextlib
import fcntl
import hashlib
import os
import platform
import shutil
import tempfile
from collections.abc import Callable, Generator, Iterable
from pathlib import Path

from tests.lab.toolchain.pins import Group

SOURCES = Path(__file__).parent
LOCK_HEARTBEAT_SECONDS = 15.0


def cache_root() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tke-hybrid-lab"


def digest(parts: Iterable[bytes | str]) -> str:
    hasher = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        hasher.update(len(data).to_bytes(8, "big"))
        hasher.update(data)
    return hasher.hexdigest()[:16]


def source_files(group: Group, sources: Path = SOURCES) -> list[Path]:
    """What goes into a build: nothing that an earlier build may have left behind."""
    copied = {file.name for file in group.embedded}
    return sorted(
        path for path in (sources / group.name).iterdir() if path.is_file() and path.name not in copied
    )


def group_hash(group: Group, go_series: str, sources: Path = SOURCES) -> str:
    """Over everything that decides the result. Of Go only the series: a patch release rebuilds nothing."""
    platform_name = f"{platform.system()}-{platform.machine()}"
    flags = "\0".join([*group.go_flags(), *(f"{name}={package}" for name, package in group.programs)])
    extra = "\0".join(f"{file.module} {file.path}" for file in (*group.embedded, *group.scripts))
    files = [part for path in source_files(group, sources) for part in (path.name, path.read_bytes())]
    return digest([go_series, platform_name, flags, extra, *files])


@contextlib.contextmanager
def staged(target: Path) -> Generator[Path, None, None]:
    """A folder beside `target` that becomes `target` in one step, or goes away."""
    target.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        yield staging
        staging.chmod(0o755)
        staging.rename(target)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


@contextlib.contextmanager
def build_lock(
    root: Path, waiting: Callable[[], None], pause: Callable[[float], None]
) -> Generator[None, None, None]:
    """One builder a machine. The kernel drops the lock of a builder that was killed."""
    root.mkdir(parents=True, exist_ok=True)
    with (root / "build.lock").open("w") as handle:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                waiting()
                pause(LOCK_HEARTBEAT_SECONDS)
        yield
