"""One request on one new connection: HTTP, HTTPS, plain TCP or UDP, with a deadline and with bounds on all
that is read. An own HTTP/1.1 reader, because HTTP client libraries bound neither the head of an answer nor
its time. The lab's servers have a second reader, so that the tests see the mistakes of this reader."""

import asyncio
import re
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass

from pulumi_tke_hybrid.cli.process import shown
from pulumi_tke_hybrid.verify.answers import address_in, own_connection
from pulumi_tke_hybrid.verify.target import Limits, Target

TCP_PAYLOAD = b"tke-hybrid verify\n"
"""Sent to plain TCP servers, some of which wait for a line. Not an empty line: a PROXY protocol header can
start with one."""
NO_POD = {502, 503, 504}
"""Status of an HTTP load balancer without a ready pod."""
MAX_INTERIM = 5
"""Answers with status 1xx before the final answer."""

_STATUS = re.compile(rb"HTTP/1\.[01] ([1-5]\d\d)(?: [^\r\n]*)?")
_HEADER = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([^\r\n]*?)[ \t]*")


class Unreadable(Exception):
    """The answer breaks a rule of its protocol or a bound."""


class Closed(Exception):
    """The server closed the connection before the awaited bytes."""


class ReceiveBuffer(asyncio.Protocol):
    """All bytes of one connection. Reading stops above `most` bytes."""

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
        """Return the position after the next `mark`, at most `most` bytes away."""
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
        """Return all bytes until the server closes, or until `quiet` seconds pass after the last byte."""
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


@dataclass(frozen=True)
class HttpAnswer:
    """An answer of an HTTP server."""

    status: int
    headers: Mapping[str, str]
    """By lower-case name; of a repeated header the last one."""
    body: bytes


async def http_answer(buffer: ReceiveBuffer, most_head: int, most_body: int) -> HttpAnswer:
    """Read one answer. Raises Unreadable or Closed."""
    start = 0
    for _ in range(MAX_INTERIM + 1):
        end = await buffer.after(b"\r\n\r\n", start, most_head, "the answer's head")
        status, headers = _head(bytes(buffer.data[start : end - 4]))
        if status >= 200:
            return HttpAnswer(status, headers, await _body(buffer, end, status, headers, most_body))
        start = end
    raise Unreadable(f"more than {MAX_INTERIM} interim answers")


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


async def _body(
    buffer: ReceiveBuffer, start: int, status: int, headers: Mapping[str, str], most: int
) -> bytes:
    if status in (204, 304):
        return b""
    if "transfer-encoding" in headers:
        if headers["transfer-encoding"].lower() != "chunked":
            raise Unreadable("the answer has an encoding that was not requested")
        return await _chunked(buffer, start, most)
    length = headers.get("content-length")
    if length is None:
        return await buffer.all(start, most)
    if not (length.isascii() and length.isdecimal() and len(length) < 16):
        raise Unreadable("the answer has a broken Content-Length")
    if int(length) > most:
        raise Unreadable(f"the answer is longer than {most} bytes")
    await buffer.have(start + int(length))
    return bytes(buffer.data[start : start + int(length)])


async def _chunked(buffer: ReceiveBuffer, start: int, most: int) -> bytes:
    body = bytearray()
    while True:
        end = await buffer.after(b"\r\n", start, 256, "a chunk's head")
        size = bytes(buffer.data[start : end - 2]).partition(b";")[0].strip()
        if not re.fullmatch(rb"[0-9A-Fa-f]{1,8}", size):
            raise Unreadable("the answer has a broken chunk")
        length = int(size, 16)
        if length == 0:
            return bytes(body)
        if len(body) + length > most:
            raise Unreadable(f"the answer is longer than {most} bytes")
        await buffer.have(end + length + 2)
        body += buffer.data[end : end + length]
        start = end + length + 2


@dataclass(frozen=True)
class Reply:
    """The result of a request: a body; or a failure, where no pod answered; or a problem of the answer."""

    local: str = ""
    """The client's own address on the connection."""
    body: bytes = b""
    failure: str = ""
    problem: str = ""


async def resolve(host: str, port: int) -> str:
    """Return the address of a host, IPv4 where both families exist. Raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return str(min(found, key=lambda entry: entry[0] != socket.AF_INET)[4][0])


def tls_of(target: Target) -> ssl.SSLContext | None:
    """Return how the certificate is checked; None without TLS."""
    if target.scheme not in ("https", "tls"):
        return None
    context = ssl.create_default_context()
    if target.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


class ProbeClient:
    """Sends requests to one target, each on a new connection."""

    def __init__(self, target: Target, address: str, limits: Limits) -> None:
        self._target, self._address, self._limits = target, address, limits
        self._family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._tls = tls_of(target)

    async def send(self, headers: Mapping[str, str]) -> Reply:
        """Connect, send, read the answer, close. Every failure of the server or the network ends as a
        Reply."""
        if self._target.scheme == "udp":
            return await self._datagram()
        try:
            transport, buffer, local = await asyncio.wait_for(self._connect(), self._limits.connect)
        except (asyncio.TimeoutError, TimeoutError):
            return Reply(failure=f"no connection within {self._limits.connect:g} s")
        except ssl.SSLCertVerificationError as error:
            refused = f"the certificate was not accepted ({shown(error.verify_message)})"
            return Reply(failure=f"{refused}; give --host or --insecure")
        except OSError as error:
            reason = error.strerror or str(error) or type(error).__name__
            return Reply(failure=f"no connection: {shown(reason)}")
        try:
            return await asyncio.wait_for(
                self._exchange(transport, buffer, local, headers), self._limits.answer
            )
        except (asyncio.TimeoutError, TimeoutError):
            if not buffer.data:
                return Reply(local, failure=f"connected, but no answer within {self._limits.answer:g} s")
            return Reply(local, problem=f"no complete answer within {self._limits.answer:g} s")
        except Closed:
            if not buffer.data:
                return Reply(local, failure="the connection was closed without an answer")
            return Reply(local, problem="the connection was closed in the middle of the answer")
        except Unreadable as error:
            return Reply(local, problem=str(error))
        finally:
            transport.abort()

    async def _connect(self) -> tuple[asyncio.WriteTransport, ReceiveBuffer, str]:
        loop, target = asyncio.get_running_loop(), self._target
        own = socket.socket(self._family, socket.SOCK_STREAM)
        try:
            own.setblocking(False)
            await loop.sock_connect(own, (self._address, target.port))
            local = address_in(str(own.getsockname()[0]))
            if target.proxy_protocol:  # before TLS
                await loop.sock_sendall(own, own_connection(target.proxy_protocol))
            transport, buffer = await loop.create_connection(
                lambda: ReceiveBuffer(self._limits.head + self._limits.body),
                sock=own,
                ssl=self._tls,
                server_hostname=(target.host_header or target.host) if self._tls else None,
            )
        except BaseException:
            own.close()
            raise
        return transport, buffer, local

    async def _datagram(self) -> Reply:
        """Send one datagram from a new port, and read the first datagram that comes back."""
        loop, local = asyncio.get_running_loop(), ""
        with socket.socket(self._family, socket.SOCK_DGRAM) as own:
            own.setblocking(False)
            try:
                own.connect((self._address, self._target.port))
                local = address_in(str(own.getsockname()[0]))
                await loop.sock_sendall(own, TCP_PAYLOAD)
                body = await asyncio.wait_for(loop.sock_recv(own, self._limits.body), self._limits.answer)
            except (asyncio.TimeoutError, TimeoutError):
                lost = f"no datagram came back within {self._limits.answer:g} s"
                return Reply(local, failure=f"{lost}; the application must answer each datagram")
            except OSError as error:
                return Reply(local, failure=f"no connection: {shown(error.strerror or type(error).__name__)}")
        return Reply(local, body) if body else Reply(local, failure="an empty datagram came back")

    async def _exchange(
        self, transport: asyncio.WriteTransport, buffer: ReceiveBuffer, local: str, headers: Mapping[str, str]
    ) -> Reply:
        target, limits = self._target, self._limits
        if not target.http:
            transport.write(TCP_PAYLOAD)
            body = await buffer.all(0, limits.body, limits.quiet)
            closed = "" if body else "the connection was closed without an answer"
            return Reply(local, body, failure=closed)
        transport.write(http_request(target, headers))
        found = await http_answer(buffer, limits.head, limits.body)
        if found.status in NO_POD:
            return Reply(local, failure=f"HTTP {found.status}: no pod, or no ready pod")
        problem = f"HTTP {found.status}" if found.status >= 300 else ""
        if 300 <= found.status < 400:
            where = shown(found.headers.get("location", "nowhere"), 80).partition("?")[0]
            problem += f", redirected to {where}; redirects are not followed, give that URL"
        return Reply(local, found.body, problem=problem)


def http_request(target: Target, headers: Mapping[str, str]) -> bytes:
    """Return a GET that requests the end of the connection after the answer."""
    host = target.host_header or (f"[{target.host}]" if ":" in target.host else target.host)
    if target.port != (443 if target.scheme == "https" else 80):
        host = f"{host}:{target.port}"
    fields = {"Host": host, "Accept": "*/*", "Accept-Encoding": "identity", "Connection": "close", **headers}
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"GET {target.path} HTTP/1.1\r\n{lines}\r\n".encode("latin-1", "replace")
