"""Downloads groups of official programs into the cache. A group that is not downloaded has a reason.

`TKE_HYBRID_LAB_SOURCE` is `build` (download nothing), `download` (build nothing) or empty: the groups that
cannot be downloaded are built. A wrong sum is an error in every mode.
"""

import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from pathlib import Path

import httpx

from tests.lab.toolchain.cache import cache_root, digest, staged
from tests.lab.toolchain.errors import ToolchainError
from tests.lab.toolchain.fetch import NotDownloaded, client, fetch, unpack
from tests.lab.toolchain.pins import Group
from tests.lab.toolchain.progress import Progress
from tests.lab.toolchain.releases import Archive, architecture, archives, pinned_sums

VARIABLE = "TKE_HYBRID_LAB_SOURCE"


class Source(Enum):
    """Where missing programs come from."""

    EITHER = ""
    BUILD = "build"
    DOWNLOAD = "download"

    @classmethod
    def chosen(cls) -> "Source":
        """Return the choice of the environment. Raises `ToolchainError`."""
        given = os.environ.get(VARIABLE, "")
        try:
            return cls(given)
        except ValueError as error:
            raise ToolchainError(
                f"{VARIABLE} is {given!r}; set build or download, or leave it unset"
            ) from error


def downloaded_folder(group: Group, sums: Mapping[str, str], arch: str | None) -> Path | None:
    """Return the folder of the group's official programs; None if a sum is not pinned."""
    wanted = archives(group.name, arch) if arch else []
    if not wanted or any(archive.path not in sums for archive in wanted):
        return None
    parts = [f"{sums[archive.path]} {dict(archive.members)}" for archive in wanted]
    return cache_root() / f"{group.name}-official-{digest(parts)}"


def download_groups(groups: Iterable[Group], progress: Progress) -> dict[str, str]:
    """Download the groups. Return the reason for each group that was not downloaded.

    Raises `ToolchainError` for a wrong sum.
    """
    arch, sums, reasons = architecture(), pinned_sums(), dict[str, str]()
    downloads = cache_root() / "downloads"
    if downloads.is_dir():
        for path in downloads.iterdir():  # parts of archives that are not pinned any more
            if path.name not in sums.values():
                path.unlink()
    with client() as http:
        downloader = _Downloader(http, downloads, sums, progress)
        for group in groups:
            target = downloaded_folder(group, sums, arch)
            if arch is None:
                reasons[group.name] = "the official releases have no servers for this machine"
            elif target is None:
                reasons[group.name] = f"no SHA-256 sum of its release for linux-{arch} is pinned"
            else:
                try:
                    downloader.install(group, archives(group.name, arch), target)
                except NotDownloaded as error:
                    reasons[group.name] = str(error)
                except OSError as error:
                    raise ToolchainError(f"{group.name} {group.version}: {error}") from error
    return reasons


class _Downloader:
    """Downloads groups, and tries no host again that was not reached."""

    def __init__(
        self, http: httpx.Client, downloads: Path, sums: Mapping[str, str], progress: Progress
    ) -> None:
        self._http, self._downloads, self._sums, self._progress = http, downloads, sums, progress
        self._down: dict[str, str] = {}

    def install(self, group: Group, wanted: Sequence[Archive], target: Path) -> None:
        """Put the files of a group into `target`, all of them or none."""
        label = f"{group.name} {group.version}"
        files = [self._fetch(archive, label) for archive in wanted]
        with staged(target) as staging:
            for file, archive in zip(files, wanted, strict=True):
                unpack(file, archive, staging)
            if target.exists():  # an incomplete download: a user deleted files
                shutil.rmtree(target)
        for file in files:
            file.unlink()

    def _fetch(self, archive: Archive, label: str) -> Path:
        host = httpx.URL(archive.location).host
        if host in self._down:
            raise NotDownloaded(self._down[host])
        try:
            pinned = self._sums[archive.path]
            return fetch(self._http, archive, pinned, self._downloads, label, self._progress)
        except NotDownloaded as error:
            if error.host_is_down:
                self._down[host] = str(error)
            raise
