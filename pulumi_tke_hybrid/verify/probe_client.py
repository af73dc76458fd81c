"""One request on one new connection: HTTP, HTTPS, plain TCP or UDP, with a deadline and with bounds on all
that is read. An own HTTP/1.1 reader, because HTTP client libraries bound neither the head of an answer nor
its time. The lab's servers have a second reader, so that the tests see the mistakes of this reader."""

import asyncio
import contextlib
import re
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

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


class AnswerReader(asyncio.StreamReader):
    """The bytes of one connection, bounded in all. An error of the connection is the end of the bytes, and
    the bytes before stay readable."""

    def __init__(self, limits: Limits) -> None:
        super().__init__(limit=limits.head)
        self.most = self._room = limits.head + limits.body
        self.received = self.too_long = False

    def feed_data(self, data: Any) -> None:
        self.received = True
        if not self.too_long:
            super().feed_data(data[: self._room])
            self.too_long = len(data) > self._room
            self._room -= len(data)
            if self.too_long:
                self.feed_eof()

    def set_exception(self, exc: Exception) -> None:
        self.feed_eof()

    async def before(self, mark: bytes, most: int, what: str) -> bytes:
        """Return the bytes before the next `mark`, which are at most `most`."""
        with contextlib.suppress(asyncio.LimitOverrunError):
            try:
                found = (await self.readuntil(mark)).removesuffix(mark)
                if len(found) <= most:
                    return found
            except asyncio.IncompleteReadError as ended:
                if len(ended.partial) <= most:
                    raise
        raise Unreadable(f"{what} is longer than {most} bytes")

    async def rest(self, most: int, quiet: float | None = None) -> bytes:
        """Return all bytes until the server closes, or until `quiet` seconds pass after the last byte."""
        found = bytearray()
        with contextlib.suppress(asyncio.TimeoutError):
            while len(found) <= most:
                more = await asyncio.wait_for(self.read(most), quiet if found else None)
                if not more:
                    break
                found += more
        if len(found) > most or self.too_long:
            raise Unreadable(f"the answer is longer than {most if len(found) > most else self.most} bytes")
        return bytes(found)


async def http_answer(reader: AnswerReader, limits: Limits) -> tuple[int, Mapping[str, str], bytes]:
    """Return status, headers by lower-case name (of a repeated header the last one) and body of an answer.
    Raises Unreadable or IncompleteReadError."""
    for _ in range(MAX_INTERIM + 1):
        status, headers = _head(await reader.before(b"\r\n\r\n", limits.head, "the answer's head"))
        if status >= 200:
            return status, headers, await _body(reader, status, headers, limits.body)
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


async def _body(reader: AnswerReader, status: int, headers: Mapping[str, str], most: int) -> bytes:
    if status in (204, 304):
        return b""
    if "transfer-encoding" in headers:
        if headers["transfer-encoding"].lower() != "chunked":
            raise Unreadable("the answer has an encoding that was not requested")
        return await _chunked(reader, most)
    length = headers.get("content-length")
    if length is None:
        return await reader.rest(most)
    if not (length.isascii() and length.isdecimal() and len(length) < 16):
        raise Unreadable("the answer has a broken Content-Length")
    if int(length) > most:
        raise Unreadable(f"the answer is longer than {most} bytes")
    return await reader.readexactly(int(length))


async def _chunked(reader: AnswerReader, most: int) -> bytes:
    body = bytearray()
    while True:
        size = (await reader.before(b"\r\n", 256, "a chunk's head")).partition(b";")[0].strip()
        if not re.fullmatch(rb"[0-9A-Fa-f]{1,8}", size):
            raise Unreadable("the answer has a broken chunk")
        length = int(size, 16)
        if length == 0:
            return bytes(body)
        if len(body) + length > most:
            raise Unreadable(f"the answer is longer than {most} bytes")
        body += (await reader.readexactly(length + 2))[:length]


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


class ProbeClient:
    """Sends requests to one target, each on a new connection."""

    def __init__(self, target: Target, address: str, limits: Limits) -> None:
        self._target, self._address, self._limits = target, address, limits
        self._family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._tls = ssl.create_default_context() if target.scheme in ("https", "tls") else None
        if self._tls and target.insecure:
            self._tls.check_hostname = False
            self._tls.verify_mode = ssl.CERT_NONE

    async def send(self, headers: Mapping[str, str]) -> Reply:
        """Connect, send, read the answer, close. Every failure of the server or the network ends as a
        Reply."""
        if self._target.scheme == "udp":
            return await self._datagram()
        try:
            transport, reader, local = await asyncio.wait_for(self._connect(), self._limits.connect)
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
                self._exchange(transport, reader, local, headers), self._limits.answer
            )
        except (asyncio.TimeoutError, TimeoutError):
            if not reader.received:
                return Reply(local, failure=f"connected, but no answer within {self._limits.answer:g} s")
            return Reply(local, problem=f"no complete answer within {self._limits.answer:g} s")
        except asyncio.IncompleteReadError:
            if not reader.received:
                return Reply(local, failure="the connection was closed without an answer")
            if reader.too_long:
                return Reply(local, problem=f"the answer is longer than {reader.most} bytes")
            return Reply(local, problem="the connection was closed in the middle of the answer")
        except Unreadable as error:
            return Reply(local, problem=str(error))
        finally:
            transport.abort()

    async def _connect(self) -> tuple[asyncio.WriteTransport, AnswerReader, str]:
        loop, target = asyncio.get_running_loop(), self._target
        own = socket.socket(self._family, socket.SOCK_STREAM)
        try:
            own.setblocking(False)
            await loop.sock_connect(own, (self._address, target.port))
            local = address_in(str(own.getsockname()[0]))
            if target.proxy_protocol:  # before TLS
                await loop.sock_sendall(own, own_connection(target.proxy_protocol))
            reader = AnswerReader(self._limits)
            transport, _ = await loop.create_connection(
                lambda: asyncio.StreamReaderProtocol(reader),
                sock=own,
                ssl=self._tls,
                server_hostname=(target.host_header or target.host) if self._tls else None,
            )
        except BaseException:
            own.close()
            raise
        return transport, reader, local

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
        self, transport: asyncio.WriteTransport, reader: AnswerReader, local: str, headers: Mapping[str, str]
    ) -> Reply:
        target, limits = self._target, self._limits
        if not target.http:
            transport.write(TCP_PAYLOAD)
            body = await reader.rest(limits.body, limits.quiet)
            closed = "" if body else "the connection was closed without an answer"
            return Reply(local, body, failure=closed)
        transport.write(http_request(target, headers))
        status, answered, body = await http_answer(reader, limits)
        if status in NO_POD:
            return Reply(local, failure=f"HTTP {status}: no pod, or no ready pod")
        problem = f"HTTP {status}" if status >= 300 else ""
        if 300 <= status < 400:
            where = shown(answered.get("location", "nowhere"), 80).partition("?")[0]
            problem += f", redirected to {where}; redirects are not followed, give that URL"
        return Reply(local, body, problem=problem)


def http_request(target: Target, headers: Mapping[str, str]) -> bytes:
    """Return a GET that requests the end of the connection after the answer."""
    host = target.host_header or (f"[{target.host}]" if ":" in target.host else target.host)
    if target.port != (443 if target.scheme == "https" else 80):
        host = f"{host}:{target.port}"
    fields = {"Host": host, "Accept": "*/*", "Accept-Encoding": "identity", "Connection": "close", **headers}
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"GET {target.path} HTTP/1.1\r\n{lines}\r\n".encode("latin-1", "replace")
