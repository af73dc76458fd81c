"""An end that nothing inside can put off.

What arrives on one connection, up to a bound, and ways to wait for it.

HTTP/1.1, as little as a question needs, over an `Inbox`."""

import asyncio
import re
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass

AGAIN = 0.2
"""Seconds until a cancellation that was swallowed is repeated."""


async def in_time(work: Coroutine[object, object, None], seconds: float) -> bool:
    """Run the work; False if it had to be ended because the time was up. Raises what the work raises.

    Not `asyncio.wait_for`: it cancels once, and before Python 3.12 a `wait_for` inside the work swallows that
    cancellation if what it
    waits for is done at the same moment. Then the work, and whoever waits for it, would go on.
    """
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait({task}, timeout=seconds)
        ended_by_itself = task.done()
    finally:
        while not task.done():
            task.cancel()
            await asyncio.wait({task}, timeout=AGAIN)
    if not task.cancelled():
        task.result()
    return ended_by_itself


class Unreadable(Exception):
    """The answer breaks a rule of its protocol or a bound."""


class Closed(Exception):
    """The other side closed before it had said what was waited for."""


class Inbox(asyncio.Protocol):
    """All bytes of one connection. Stops taking any more once there are `most`."""

    def __init__(self, most: int) -> None:
        self.data = bytearray()
        self._most = most
        self._ended = False
        self._transport: asyncio.BaseTransport | None = None
        self._waiter: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self.data += data[: self._most + 1 - len(self.data)]
        if len(self.data) > self._most and isinstance(self._transport, asyncio.ReadTransport):
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> bool:
        self._ended = True
        self._wake()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended = True
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def _more(self) -> None:
        """Wait for the next bytes."""
        if len(self.data) > self._most:
            raise Unreadable(f"the answer is longer than {self._most} bytes")
        if self._ended:
            raise Closed
        self._waiter = asyncio.get_running_loop().create_future()
        await self._waiter

    async def after(self, mark: bytes, start: int, most: int, what: str) -> int:
        """The position after the next `mark`, at most `most` bytes away."""
        searched = start
        while True:
            found = self.data.find(mark, searched, start + most + len(mark))
            if found >= 0:
                return found + len(mark)
            if len(self.data) - start > most:
                raise Unreadable(f"{what} is longer than {most} bytes")
            searched = max(start, len(self.data) - len(mark) + 1)
            await self._more()

    async def have(self, length: int) -> None:
        """Wait until there are `length` bytes."""
        while len(self.data) < length:
            await self._more()

    async def all(self, start: int, most: int, quiet: float | None = None) -> bytes:
        """What comes until the other side closes, or has said something and then nothing for `quiet`
        seconds."""
        while not self._ended:
            if len(self.data) - start > most:
                raise Unreadable(f"the answer is longer than {most} bytes")
            try:
                await asyncio.wait_for(self._more(), quiet if len(self.data) > start else None)
            except (asyncio.TimeoutError, TimeoutError, Closed):
                break
        if len(self.data) - start > most:
            raise Unreadable(f"the answer is longer than {most} bytes")
        return bytes(self.data[start:])


MOST_INTERIM = 5
"""Answers of status 1xx that may come before the real one."""

_STATUS = re.compile(rb"HTTP/1\.[01] ([1-5]\d\d)(?: [^\r\n]*)?")
_HEADER = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([^\r\n]*?)[ \t]*")


@dataclass(frozen=True)
class HttpAnswer:
    """Status, the headers by lower-case name, body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def request(path: str, host: str, headers: Mapping[str, str]) -> bytes:
    """A GET that asks for a connection of its own."""
    fields = {"Host": host, "Accept": "*/*", "Accept-Encoding": "identity", "Connection": "close", **headers}
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"GET {path} HTTP/1.1\r\n{lines}\r\n".encode("latin-1", "replace")


async def answer(inbox: Inbox, most_head: int, most_body: int) -> HttpAnswer:
    """Read one answer. Raises Unreadable or Closed."""
    start = 0
    for _ in range(MOST_INTERIM + 1):
        end = await inbox.after(b"\r\n\r\n", start, most_head, "the answer's head")
        status, headers = _head(bytes(inbox.data[start : end - 4]))
        if status >= 200:
            return HttpAnswer(status, headers, await _body(inbox, end, status, headers, most_body))
        start = end
    raise Unreadable(f"more than {MOST_INTERIM} interim answers")


def _head(block: bytes) -> tuple[int, dict[str, str]]:
    first, *lines = block.split(b"\r\n")
    status = _STATUS.fullmatch(first)
    if status is None:
        raise Unreadable("the answer is not HTTP")
    headers: dict[str, str] = {}
    for line in lines:
        field = _HEADER.fullmatch(line)
        if field is None:
            raise Unreadable("the answer has a broken header")
        headers[field.group(1).decode("ascii").lower()] = field.group(2).decode("latin-1")
    return int(status.group(1)), headers


async def _body(inbox: Inbox, start: int, status: int, headers: Mapping[str, str], most: int) -> bytes:
    if status in (204, 304):
        return b""
    if "transfer-encoding" in headers:
        if headers["transfer-encoding"].lower() != "chunked":
            raise Unreadable("the answer has an encoding that was not asked for")
        return await _chunked(inbox, start, most)
    length = headers.get("content-length")
    if length is None:
        return await inbox.all(start, most)
    if not (length.isascii() and length.isdecimal() and len(length) < 16):
        raise Unreadable("the answer has a broken Content-Length")
    if int(length) > most:
        raise Unreadable(f"the answer is longer than {most} bytes")
    await inbox.have(start + int(length))
    return bytes(inbox.data[start : start + int(length)])


async def _chunked(inbox: Inbox, start: int, most: int) -> bytes:
    body = bytearray()
    while True:
        end = await inbox.after(b"\r\n", start, 256, "a chunk's head")
        size = bytes(inbox.data[start : end - 2]).partition(b";")[0].strip()
        if not re.fullmatch(rb"[0-9A-Fa-f]{1,8}", size):
            raise Unreadable("the answer has a broken chunk")
        length = int(size, 16)
        if length == 0:
            return bytes(body)
        if len(body) + length > most:
            raise Unreadable(f"the answer is longer than {most} bytes")
        await inbox.have(end + length + 2)
        body += inbox.data[end : end + length]
        start = end + length + 2
