"""Downloads one release archive, compares its SHA-256 sum, and copies the wanted files out of it.

Proxies and certificates are the machine's own (`HTTPS_PROXY`, `NO_PROXY`, `SSL_CERT_FILE`).
"""

import gzip
import hashlib
import tarfile
import time
import zlib
from collections.abc import Generator
from pathlib import Path
from typing import IO

import httpx

from tests.lab.toolchain.errors import ToolchainError
from tests.lab.toolchain.progress import Progress, clock
from tests.lab.toolchain.releases import Archive, base_address

MEGABYTE = 1024 * 1024
MAX_BYTES = 1024 * MEGABYTE
"""Of one archive, and of one file in an archive."""
MAX_UNPACKED_BYTES = 4 * MAX_BYTES
OK, PARTIAL_CONTENT, RANGE_NOT_SATISFIABLE = 200, 206, 416
ATTEMPTS = 3
PAUSE = 1.0
TIMEOUT = httpx.Timeout(30, connect=10)


class NotDownloaded(ToolchainError):
    """An archive could not be downloaded: no network, no such file, a stalled transfer. Never a wrong sum."""

    def __init__(self, text: str, *, host_is_down: bool = False) -> None:
        super().__init__(text)
        self.host_is_down = host_is_down


def shown(location: str) -> str:
    """Return an address without the user and the password of a mirror."""
    url = httpx.URL(location)
    return str(url.copy_with(username="", password="", query=None, fragment=None))


def client() -> httpx.Client:
    """Return a client that never leaves https by a redirect, unless the mirror is without https itself."""
    https_only = base_address().startswith("https://")

    def stay_on_https(request: httpx.Request) -> None:
        if https_only and request.url.scheme != "https":
            raise ToolchainError(f"a redirect to {shown(str(request.url))} is without https: refused")

    # Without `identity` a server may compress on the way, and the sum is of the file itself.
    return httpx.Client(
        timeout=TIMEOUT,
        follow_redirects=True,
        headers={"Accept-Encoding": "identity"},
        event_hooks={"request": [stay_on_https]},
    )


def download(http: httpx.Client, location: str, part: Path, label: str, progress: Progress) -> None:
    """Download into `part`, after the bytes that an interrupted run left there. Raises `NotDownloaded`."""
    for attempt in range(ATTEMPTS):
        try:
            return _transfer(http, location, part, label, progress)
        except httpx.TransportError as error:
            reason = f"{shown(location)}: {type(error).__name__} {error}".strip()
            down = isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError))
            if down or attempt == ATTEMPTS - 1:
                raise NotDownloaded(reason, host_is_down=down) from error
            time.sleep(PAUSE)
        except httpx.HTTPError as error:
            raise NotDownloaded(f"{shown(location)}: {error}") from error


def _transfer(http: httpx.Client, location: str, part: Path, label: str, progress: Progress) -> None:
    have = part.stat().st_size if part.is_file() else 0
    with http.stream("GET", location, headers={"Range": f"bytes={have}-"} if have else {}) as response:
        if have and response.status_code == RANGE_NOT_SATISFIABLE:
            return  # all bytes are there; the sum decides
        if response.status_code not in (OK, PARTIAL_CONTENT):
            raise NotDownloaded(f"{shown(location)}: HTTP {response.status_code}")
        resumed = response.headers.get("Content-Range", "").startswith(f"bytes {have}-")
        if response.status_code == PARTIAL_CONTENT and not resumed:
            raise NotDownloaded(f"{shown(location)}: the server sent another range of bytes")
        have = have if resumed else 0
        length = response.headers.get("Content-Length", "")
        total = f" of {(have + int(length)) / MEGABYTE:.1f}" if length.isdigit() else ""
        with part.open("ab" if resumed else "wb") as file:
            for block in response.iter_raw():
                have += len(block)
                if have > MAX_BYTES:
                    raise ToolchainError(
                        f"{shown(location)} is larger than {MAX_BYTES // MEGABYTE} MB: refused"
                    )
                file.write(block)
                progress.beat(f"  {label}: downloading, {have / MEGABYTE:.1f}{total} MB")


def sum_of(path: Path) -> str:
    """Return the SHA-256 sum of a file."""
    with path.open("rb") as file:
        hasher = hashlib.sha256()
        while block := file.read(MEGABYTE):
            hasher.update(block)
    return hasher.hexdigest()


def fetch(
    http: httpx.Client, archive: Archive, pinned: str, downloads: Path, label: str, progress: Progress
) -> Path:
    """Return the downloaded archive, whose sum is the pinned one.

    Raises `NotDownloaded`. A file with another sum is deleted, and raises `ToolchainError`.
    """
    downloads.mkdir(parents=True, exist_ok=True)
    part = downloads / pinned
    started, before = time.monotonic(), part.exists()
    progress.line(f"  {label}: downloading {shown(archive.location)}")
    download(http, archive.location, part, label, progress)
    found = sum_of(part)
    if found != pinned and before:  # the bytes of an earlier run may be another file's
        part.unlink()
        download(http, archive.location, part, label, progress)
        found = sum_of(part)
    if found != pinned:
        part.unlink()
        raise ToolchainError(
            f"{shown(archive.location)} is not the pinned file, and nothing of it was installed.\n"
            f"    pinned SHA-256: {pinned}\n    SHA-256 found:  {found}\n"
            "Ask where the file comes from before you go on. TKE_HYBRID_LAB_SOURCE=build downloads nothing."
        )
    size, seconds = part.stat().st_size / MEGABYTE, time.monotonic() - started
    progress.line(f"  {label}: {size:.1f} MB in {clock(seconds)}, SHA-256 as pinned: {pinned}")
    return part


def unpack(file: Path, archive: Archive, into: Path) -> None:
    """Copy the wanted files of an archive to fixed names in `into`. Raises `ToolchainError`.

    The paths in the archive select files, and are never written to.
    """
    if "" in archive.members:
        with file.open("rb") as source:
            _copy(source, into / archive.members[""])
        return
    missing, unpacked = dict(archive.members), 0
    try:
        with tarfile.open(file, "r:gz") as tar:
            for member in tar:
                unpacked += member.size
                if unpacked > MAX_UNPACKED_BYTES:
                    raise ToolchainError(f"{shown(archive.location)} unpacks to more than 4 GB: refused")
                name = missing.pop(member.name.removeprefix("./"), None)
                source_file = tar.extractfile(member) if name and member.isreg() else None
                if name and source_file is None:
                    raise ToolchainError(
                        f"{shown(archive.location)}: {member.name} is not a plain file: refused"
                    )
                if name and source_file:
                    _copy(source_file, into / name)
                if not missing:
                    return
    except (tarfile.TarError, EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise ToolchainError(f"{shown(archive.location)} is no archive: {error}") from error
    raise ToolchainError(f"{shown(archive.location)} has no {', '.join(missing)}")


def _copy(source: IO[bytes], target: Path) -> None:
    written = 0
    with target.open("xb") as file:
        for block in _blocks(source):
            written += len(block)
            if written > MAX_BYTES:
                raise ToolchainError(f"{target.name} is larger than {MAX_BYTES // MEGABYTE} MB: refused")
            file.write(block)
    target.chmod(0o755)


def _blocks(source: IO[bytes]) -> Generator[bytes, None, None]:
    while block := source.read(MEGABYTE):
        yield block
