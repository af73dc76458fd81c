"""The part that all servers of the stand-in network share: accepting in a namespace, TLS for clients that
start TLS, and an end at once."""

import asyncio
import logging
import socket
import ssl
import weakref
from collections.abc import Coroutine
from typing import Any, Protocol

from tests.lab.packets.http1 import MAX_HEAD, BadMessage

log = logging.getLogger("lab.packets")

MAX_CONNECTIONS = 400
FIRST_BYTE_SECONDS = 30.0
_TLS_HANDSHAKE = 0x16
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
BROKEN = (OSError, EOFError, BadMessage, asyncio.TimeoutError, ValueError)
"""Errors of a broken connection. The peer caused them, so they are no errors of the lab."""


class Server(Protocol):
    """One listening socket of the agent."""

    def update(self, spec: dict[str, Any]) -> None:
        """Take over what may change while it listens."""
        ...

    async def close(self) -> None:
        """Close the socket and every connection."""
        ...


async def streams(
    conn: socket.socket, tls: ssl.SSLContext | None = None, *, server_side: bool = True
) -> Streams:
    """Reader and writer over a connected socket, which is theirs from now on: `conn` is left empty."""
    loop = asyncio.get_running_loop()
    owned = socket.socket(fileno=conn.detach())
    owned.setblocking(False)
    reader = asyncio.StreamReader(limit=MAX_HEAD)
    protocol = asyncio.StreamReaderProtocol(reader)
    try:
        if server_side:
            transport, _ = await loop.connect_accepted_socket(lambda: protocol, owned, ssl=tls)
        else:
            transport, _ = await loop.create_connection(lambda: protocol, sock=owned)
    except BaseException:
        owned.close()
        raise
    return reader, asyncio.StreamWriter(transport, protocol, reader, loop)


async def _first_byte(conn: socket.socket) -> int | None:
    """The first byte a client sent, left where it is; None when it closed without one."""
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    loop.add_reader(conn, readable.set)
    try:
        await asyncio.wait_for(readable.wait(), FIRST_BYTE_SECONDS)
    finally:
        loop.remove_reader(conn)
    data = conn.recv(1, socket.MSG_PEEK)
    return data[0] if data else None


class Acceptor:
    """Accepts, and knows its connections."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: weakref.WeakSet[asyncio.StreamWriter] = weakref.WeakSet()
        self._accepting = asyncio.create_task(self._accept())

    def serve(self, conn: socket.socket, peer: tuple[str, int]) -> Coroutine[Any, Any, None]:
        """One connection; to be given by the server."""
        raise NotImplementedError

    async def opened(self, conn: socket.socket, tls: ssl.SSLContext | None) -> Streams:
        """The client's connection."""
        made = await streams(conn, tls)
        self._writers.add(made[1])
        return made

    async def opened_either(self, conn: socket.socket, tls: ssl.SSLContext) -> Streams:
        """Open with TLS if the client begins with TLS."""
        return await self.opened(conn, tls if await _first_byte(conn) == _TLS_HANDSHAKE else None)

    async def close(self) -> None:
        """Close at once; unsent bytes are lost."""
        self._accepting.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(self._accepting, *self._tasks, return_exceptions=True)
        for writer in list(self._writers):
            writer.transport.abort()
        self._listener.close()

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            conn, peer = await loop.sock_accept(self._listener)
            if len(self._tasks) >= MAX_CONNECTIONS:
                conn.close()
                continue
            conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            task = asyncio.create_task(self._guarded(conn, peer))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _guarded(self, conn: socket.socket, peer: tuple[str, int]) -> None:
        try:
            await self.serve(conn, peer)
        except BROKEN as error:
            log.debug("a connection of %s ended with %r", peer, error)
        finally:
            conn.close()  # if it still is ours
