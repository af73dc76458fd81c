"""The lab's only HTTP/1.1 reader, for the stand-in servers and the steady load: heads, and bodies to pass on.

The product has its own reader (`verify/probe_client.py`), and the two share no code: a mistake in a shared
reader would be on both ends of a connection, where no test sees the mistake. The jobs differ too: `verify`
reads one answer with bounds, the stand-in load balancer passes requests and answers on.
"""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass

MAX_HEAD = 64 * 1024
CHUNK = 64 * 1024
_REQUEST = re.compile(rb"^[A-Z]+ \S+ HTTP/1\.[01]$")


class BadMessage(Exception):
    """Not HTTP, or beyond the bounds."""


@dataclass
class Head:
    """The first line and the headers, in order, of a request or a response."""

    first: str
    headers: list[tuple[str, str]]

    def get(self, name: str) -> str:
        """The values of a header, joined as HTTP allows; empty when it is not there."""
        return ", ".join(value for key, value in self.headers if key.lower() == name)

    def drop(self, *names: str) -> None:
        self.headers = [entry for entry in self.headers if entry[0].lower() not in names]

    def encode(self) -> bytes:
        lines = [self.first, *(f"{key}: {value}" for key, value in self.headers), "", ""]
        return "\r\n".join(lines).encode("latin-1")

    @property
    def keeps_open(self) -> bool:
        """Whether the sender of this head wants to go on with the connection."""
        wish = self.get("connection").lower()
        return "close" not in wish and ("HTTP/1.1" in self.first or "keep-alive" in wish)


def is_request(line: bytes) -> bool:
    return _REQUEST.match(line.rstrip(b"\r\n")) is not None


async def read_head(reader: asyncio.StreamReader, first: bytes = b"") -> Head | None:
    """None at the end of the connection. `first`: the first line, if it was read already."""
    try:
        line = first or await reader.readline()
        if not line:
            return None
        total, headers = len(line), list[tuple[str, str]]()
        while True:
            entry = await reader.readline()
            total += len(entry)
            if total > MAX_HEAD:
                raise BadMessage(f"more than {MAX_HEAD} bytes of headers")
            if entry in (b"\r\n", b"\n"):
                break
            key, colon, value = entry.decode("latin-1").partition(":")
            if not entry.endswith(b"\n") or not colon:
                raise BadMessage("a broken header")
            headers.append((key.strip(), value.strip()))
    except ValueError as error:  # a line longer than the reader's limit
        raise BadMessage("a line without end") from error
    return Head(line.decode("latin-1").rstrip("\r\n"), headers)


async def pass_body(
    head: Head, reader: asyncio.StreamReader, to: Callable[[bytes], None], drain: asyncio.StreamWriter | None
) -> None:
    """Pass on the body of a request, or of a response with a length or with chunks."""
    if "chunked" in head.get("transfer-encoding").lower():
        await _pass_chunks(reader, to, drain)
        return
    length = head.get("content-length")
    if length and not length.isdigit():
        raise BadMessage("a broken Content-Length")
    await _pass_bytes(int(length or 0), reader, to, drain)


async def pass_rest(
    reader: asyncio.StreamReader, to: Callable[[bytes], None], drain: asyncio.StreamWriter | None
) -> None:
    """Pass on all bytes up to the end of the connection."""
    while data := await reader.read(CHUNK):
        to(data)
        if drain is not None:
            await drain.drain()


async def _pass_bytes(
    count: int, reader: asyncio.StreamReader, to: Callable[[bytes], None], drain: asyncio.StreamWriter | None
) -> None:
    while count > 0:
        data = await reader.read(min(count, CHUNK))
        if not data:
            raise BadMessage("the body ended early")
        count -= len(data)
        to(data)
        if drain is not None:
            await drain.drain()


async def _pass_chunks(
    reader: asyncio.StreamReader, to: Callable[[bytes], None], drain: asyncio.StreamWriter | None
) -> None:
    while True:
        line = await reader.readline()
        try:
            size = int(line.partition(b";")[0], 16)
        except ValueError as error:
            raise BadMessage("a broken chunk") from error
        to(line)
        if size == 0:
            break
        await _pass_bytes(size + 2, reader, to, drain)
    while True:  # trailers, up to the empty line
        line = await reader.readline()
        to(line)
        if line in (b"\r\n", b"\n", b""):
            return
