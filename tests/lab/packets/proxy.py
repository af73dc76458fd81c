"""The L7 load balancer, a stand-in for the CLB: a real HTTP proxy. Its connections to the pods have the
client's address and are short, or have its own address and are kept."""

import asyncio
import itertools
import socket
import ssl
import zlib
from collections import defaultdict
from typing import Any

from tests.lab.packets.http1 import BadMessage, Head, is_request, pass_body, pass_rest, read_head
from tests.lab.packets.serving import BROKEN, Acceptor, Streams, streams
from tests.lab.packets.sockets import Namespaces, outgoing

CONNECT_SECONDS = 4.0
ANSWER_SECONDS = 30.0
IDLE_SECONDS = 60.0
MAX_KEPT = 32
_HOP_BY_HOP = ("connection", "keep-alive", "proxy-connection")


class NoBackend(Exception):
    """No backend for a request."""


class Chooser:
    """Which backend is next: in turn, or always the same for one client."""

    def __init__(self) -> None:
        self._turns: defaultdict[tuple[str, str], itertools.count[int]] = defaultdict(itertools.count)

    def choose(
        self, key: tuple[str, str], backends: list[list[Any]], client: str, sticky: bool
    ) -> tuple[str, int]:
        if not backends:
            raise NoBackend
        number = zlib.crc32(client.encode()) if sticky else next(self._turns[key])
        address, port = backends[number % len(backends)]
        return str(address), int(port)


class HttpProxy(Acceptor):
    """One HTTP or HTTPS listener of a load balancer."""

    def __init__(
        self,
        listener: socket.socket,
        spec: dict[str, Any],
        tls: ssl.SSLContext | None,
        namespaces: Namespaces,
    ) -> None:
        self._spec, self._tls, self._namespaces = spec, tls, namespaces
        self._chooser = Chooser()
        self._kept: defaultdict[tuple[str, int], list[Streams]] = defaultdict(list)
        super().__init__(listener)

    def update(self, spec: dict[str, Any]) -> None:
        self._spec = spec
        alive = {(str(address), int(port)) for rule in spec["rules"] for address, port in rule["backends"]}
        for backend in list(self._kept):
            if backend not in alive or not spec["keep"]:
                for _, writer in self._kept.pop(backend):
                    writer.close()

    async def close(self) -> None:
        await super().close()
        for _, writer in itertools.chain.from_iterable(self._kept.values()):
            writer.close()

    async def serve(self, conn: socket.socket, peer: tuple[str, int]) -> None:
        reader, writer = await self.opened(conn, self._tls)
        try:
            while True:
                line = await asyncio.wait_for(reader.readline(), IDLE_SECONDS)
                if not line:
                    return
                if not is_request(line):
                    writer.write(_refusal(400))
                    return
                request = await read_head(reader, line)
                if request is None or not await self._exchange(request, reader, writer, peer[0]):
                    return
        except BadMessage:
            writer.write(_refusal(400))
        finally:
            writer.close()

    async def _exchange(
        self, request: Head, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, client: str
    ) -> bool:
        """One request and its answer; whether the client's connection goes on."""
        stays = request.keeps_open
        rule = _rule(self._spec["rules"], request)
        if rule is None:
            writer.write(_refusal(404))
            return False
        try:
            backend = self._chooser.choose(
                (rule["host"], rule["path"]), rule["backends"], client, self._spec["sticky"]
            )
        except NoBackend:
            writer.write(_refusal(503))
            return False
        self._add_headers(request, client)
        keep = bool(self._spec["keep"])
        kept, there = await self._connection(backend, client, keep)
        if there is None:
            writer.write(_refusal(504))
            return False
        begun = False
        try:
            back_reader, back_writer = there
            back_writer.write(request.encode())
            await pass_body(request, reader, back_writer.write, back_writer)
            response = await asyncio.wait_for(read_head(back_reader), ANSWER_SECONDS)
            if response is None and kept:
                # The backend had closed a connection that was kept: once more over a new one, if nothing was
                # sent with it.
                back_writer.close()
                _, fresh = await self._connection(backend, client, keep, fresh=True)
                if fresh is None or request.get("content-length") or request.get("transfer-encoding"):
                    raise BadMessage("no answer")
                there = back_reader, back_writer = fresh
                back_writer.write(request.encode())
                response = await asyncio.wait_for(read_head(back_reader), ANSWER_SECONDS)
            if response is None:
                raise BadMessage("no answer")
            reusable = keep and response.keeps_open
            ends = _ends(request, response)
            stays = stays and ends
            response.drop(*_HOP_BY_HOP)
            response.headers.append(("Connection", "keep-alive" if stays else "close"))
            begun = True
            writer.write(response.encode())
            if not ends:
                await pass_rest(back_reader, writer.write, writer)
            elif _has_body(request, response):
                await pass_body(response, back_reader, writer.write, writer)
            await writer.drain()
            if reusable and ends and len(self._kept[backend]) < MAX_KEPT and self._spec["keep"]:
                self._kept[backend].append(there)
                there = None
        except BROKEN:
            if not begun:
                writer.write(_refusal(502))
            return False
        finally:
            if there is not None:
                there[1].close()
        return stays

    def _add_headers(self, request: Head, client: str) -> None:
        """The CLB's headers: the CLB appends to the client's `X-Forwarded-For`, true or not, and sets
        `X-Real-IP`."""
        before = request.get("x-forwarded-for")
        request.drop("x-forwarded-for", "x-real-ip", *_HOP_BY_HOP)
        request.headers += [
            ("X-Forwarded-For", f"{before}, {client}" if before else client),
            ("X-Real-IP", client),
            ("X-Forwarded-Proto", "https" if self._tls else "http"),
            ("Connection", "keep-alive" if self._spec["keep"] else "close"),
        ]

    async def _connection(
        self, backend: tuple[str, int], client: str, keep: bool, *, fresh: bool = False
    ) -> tuple[bool, Streams | None]:
        """Whether it is a kept one, and the connection; none when the backend does not answer."""
        while keep and not fresh and self._kept[backend]:
            reader, writer = self._kept[backend].pop()
            if not reader.at_eof() and not writer.is_closing():
                return True, (reader, writer)
            writer.close()
        source = str(self._spec["address"]) if keep or self._spec["own"] else client
        try:
            return False, await connect(self._namespaces, str(self._spec["namespace"]), source, backend)
        except (OSError, asyncio.TimeoutError):
            return False, None


async def connect(namespaces: Namespaces, namespace: str, source: str, backend: tuple[str, int]) -> Streams:
    """A connection from the load balancer's namespace, with any source address."""
    conn = await namespaces.within(namespace, lambda: outgoing(source))
    try:
        await asyncio.wait_for(asyncio.get_running_loop().sock_connect(conn, backend), CONNECT_SECONDS)
        return await streams(conn, server_side=False)
    except BaseException:
        conn.close()
        raise


def _rule(rules: list[dict[str, Any]], request: Head) -> dict[str, Any] | None:
    """A rule with the host wins over a rule for all hosts; then the longest matching path wins."""
    host = request.get("host").partition(":")[0].lower()
    path = request.first.split(" ")[1]
    fitting = [rule for rule in rules if rule["host"] in ("", host) and path.startswith(rule["path"])]
    return max(fitting, key=lambda rule: (rule["host"] != "", len(rule["path"])), default=None)


def _has_body(request: Head, response: Head) -> bool:
    status = response.first.split(" ")[1]
    return not (request.first.startswith("HEAD ") or status.startswith("1") or status in ("204", "304"))


def _ends(request: Head, response: Head) -> bool:
    """Whether the response itself shows its end."""
    return not _has_body(request, response) or bool(
        response.get("content-length") or response.get("transfer-encoding")
    )


_REASONS = {
    400: "Bad Request",
    404: "Not Found",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Time-out",
}


def _refusal(status: int) -> bytes:
    body = f"{status} {_REASONS[status]}\n"
    head = (
        f"HTTP/1.1 {status} {_REASONS[status]}\r\nContent-Type: text/plain\r\nContent-Length:"
        f" {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return (head + body).encode()


async def pipe(one: Streams, other: Streams) -> None:
    """Both ways, until both have ended."""

    async def one_way(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await pass_rest(reader, writer.write, writer)
        if writer.can_write_eof():
            writer.write_eof()
        else:  # TLS knows no half of a connection
            writer.close()

    await asyncio.gather(one_way(one[0], other[1]), one_way(other[0], one[1]))
