"""HTTP/1.1, as little as a question needs, over an `Inbox`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pulumi_tke_hybrid.proof.inbox import Inbox, Unreadable

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
