"""Servers on loopback: traefik/whoami for many pods, and servers that misbehave."""

import asyncio
import contextlib
import itertools
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence

from pulumi_tke_hybrid.verify.backends import Backends, Pod

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@contextlib.asynccontextmanager
async def serving(handler: Handler) -> AsyncGenerator[int]:
    """The port that `handler` serves."""
    running: set[asyncio.Task[None]] = set()

    async def guarded(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        running.add(task)
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await handler(reader, writer)
        finally:
            running.discard(task)
            writer.close()

    server = await asyncio.start_server(guarded, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in running:
            task.cancel()


def http(body: bytes, status: str = "200 OK", headers: str = "") -> bytes:
    """A complete HTTP answer."""
    return f"HTTP/1.1 {status}\r\n{headers}Content-Length: {len(body)}\r\n\r\n".encode() + body


def always(answer: bytes) -> Handler:
    """Return a handler that sends the same bytes to every client and closes."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\n")
        writer.write(answer)
        await writer.drain()

    return handle


class Whoami:
    """traefik/whoami behind a load balancer that takes its pods in turn. `peer_of` returns the peer that a
    pod sees."""

    def __init__(
        self, backends: Backends, peer_of: Callable[[Pod], str | None] = lambda pod: None, adds: str = ""
    ) -> None:
        self.backends, self._peer_of, self._adds = backends, peer_of, adds
        self._turns = itertools.cycle(backends.pods)
        self.requests: list[str] = []

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.requests.append(request)
        pod = next(self._turns)
        peer = self._peer_of(pod) or writer.get_extra_info("peername")[0]
        echoed = request.rstrip() + (f"\r\n{self._adds}" if self._adds else "")
        body = (
            f"Hostname: {pod.name}\nIP: 127.0.0.1\nIP: {pod.address}\nRemoteAddr:"
            f" {peer}:40000\n{echoed}\r\n\r\n"
        )
        writer.write(http(body.encode()))
        await writer.drain()


def three_zones(pods: int = 30, bad: Sequence[str] = ()) -> Backends:
    """Pods spread over three zones; those of `bad` zones have overlay addresses."""
    found: list[Pod] = []
    for index in range(pods):
        zone = f"ap-guangzhou-{(3, 4, 6)[index % 3]}"
        address = f"192.168.0.{index + 70}" if zone in bad else f"10.0.{60 + index % 3 * 4}.{index + 2}"
        found.append(Pod(f"web-{index}", zone, f"10.0.{index % 3}.4", address))
    return Backends(tuple(found))


def api_answer(**fields: object) -> bytes:
    """whoami's /api."""
    return http(json.dumps(fields).encode())
