"""A stand-in for the servers of official releases: archives in the official layout on a loopback address.

`python -m tests.lab.release_mirror FOLDER COMMAND...` packs this machine's own programs, and runs a command
with the mirror and an empty cache in FOLDER.
"""

import contextlib
import io
import os
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.lab.toolchain import Binaries, ensure
from tests.lab.toolchain.ensure import STAND_IN_HOST
from tests.lab.toolchain.official import PLUGIN_FOLDER
from tests.lab.toolchain.pins import GROUPS
from tests.lab.toolchain.releases import LANGUAGE_HOST, Archive, architecture, archives

ARCHITECTURE = architecture() or "amd64"


def own_programs(binaries: Binaries) -> dict[str, bytes]:
    """Return the lab's programs of this machine. The language host is the lab's stand-in."""
    plugin = binaries.pulumi_home / "plugins" / PLUGIN_FOLDER
    programs = {path.name: path.read_bytes() for path in (*binaries.bin.iterdir(), *plugin.iterdir())}
    return {**programs, LANGUAGE_HOST: f"#!{sys.executable}\n{STAND_IN_HOST.read_text()}".encode()}


def pack(archive: Archive, programs: Mapping[str, bytes]) -> bytes:
    """Return an archive whose members have the contents of `programs`."""
    if "" in archive.members:
        return programs[archive.members[""]]
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz", compresslevel=1) as tar:
        for path, name in archive.members.items():
            member = tarfile.TarInfo(path)
            member.size = len(programs[name])
            tar.addfile(member, io.BytesIO(programs[name]))
    return packed.getvalue()


@dataclass
class Mirror:
    """The files of a mirror, and the requests that it has got."""

    files: dict[str, bytes] = field(default_factory=dict)
    """Host and path of the official address -> content."""
    requests: list[tuple[str, str]] = field(default_factory=list)
    """Host and path, and the header `Range`."""
    breaks_after: int | None = None
    """The number of bytes after which the next response ends without its rest."""
    address: str = ""

    def add(self, programs: Mapping[str, bytes]) -> None:
        """Pack every archive of every group."""
        for group in GROUPS:
            for archive in archives(group.name, ARCHITECTURE):
                self.files[archive.path] = pack(archive, programs)

    def write_sums(self, path: Path) -> Path:
        """Write the sums of all files, as release_sums.txt has them."""
        lines = (f"{sha256(content).hexdigest()}  {name}\n" for name, content in self.files.items())
        path.write_text("".join(lines))
        return path

    @contextlib.contextmanager
    def served(self) -> "Generator[Mirror]":
        """Serve the files until the end of the block."""
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        self.address = f"http://127.0.0.1:{server.server_address[1]}"
        try:
            yield self
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


def _handler(mirror: Mirror) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path, wanted = (
                self.path.partition("://")[2].partition("/")[2] or self.path[1:],
                self.headers["Range"],
            )
            mirror.requests.append((path, wanted or ""))
            content = mirror.files.get(path)
            if content is None:
                self.send_error(404)
                return
            start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
            if start >= len(content) and wanted:
                self.send_error(416)
                return
            self.send_response(206 if wanted else 200)
            if wanted:
                self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
            self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            end, mirror.breaks_after = mirror.breaks_after, None
            with contextlib.suppress(ConnectionError):  # the client has gone
                self.wfile.write(content[start : len(content) if end is None else start + end])

        def log_message(self, format: str, *args: object) -> None:
            """Print nothing."""

    return Handler


def main(folder: Path, command: list[str]) -> int:
    """Run a command as on a machine without programs. Return the exit code of the command."""
    mirror = Mirror()
    mirror.add(own_programs(ensure()))
    with mirror.served():
        environment = {
            **os.environ,
            "XDG_CACHE_HOME": str(folder),
            "TKE_HYBRID_LAB_MIRROR": mirror.address,
            "TKE_HYBRID_LAB_SUMS": str(mirror.write_sums(folder / "sums")),
        }
        started = time.monotonic()
        code = subprocess.run(command, env=environment, check=False).returncode
        print(f"{time.monotonic() - started:.1f} s", file=sys.stderr)
        return code


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve(), sys.argv[2:]))
