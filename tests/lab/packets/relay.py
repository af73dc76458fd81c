"""Bytes from one connection to another: L4 of the stand-in load balancer with TLS or a PROXY header, and the
lab's doors for clients."""

import asyncio
import contextlib
import socket
import ssl
from typing import Any

from tests.lab.packets.proxy import Chooser, NoBackend, connect, pipe
from tests.lab.packets.proxy_protocol import v2
from tests.lab.packets.serving import Acceptor, Streams
from tests.lab.packets.sockets import Namespaces


class _Passing(Acceptor):
    async def _both(self, conn: socket.socket, tls: ssl.SSLContext | None, there: Streams) -> None:
        try:
            here = await self.opened(conn, tls)
            try:
                await pipe(here, there)
            finally:
                here[1].close()
        finally:
            there[1].close()


class StreamProxy(_Passing):
    """A TCP_SSL listener, or a TCP listener that sends the client's address in a PROXY header. The pod's
    peer is the load balancer."""

    def __init__(
        self,
        listener: socket.socket,
        spec: dict[str, Any],
        tls: ssl.SSLContext | None,
        namespaces: Namespaces,
    ) -> None:
        self._spec, self._tls, self._namespaces = spec, tls, namespaces
        self._chooser = Chooser()
        super().__init__(listener)

    def update(self, spec: dict[str, Any]) -> None:
        self._spec = spec

    async def serve(self, conn: socket.socket, peer: tuple[str, int]) -> None:
        spec = self._spec
        with contextlib.suppress(NoBackend):
            backend = self._chooser.choose(("", "/"), spec["rules"][0]["backends"], peer[0], spec["sticky"])
            # Without a PROXY header, a TLS listener connects from the client's address.
            own = spec["proxy_protocol"] or spec["own"]
            there = await connect(
                self._namespaces, spec["namespace"], spec["address"] if own else peer[0], backend
            )
            if spec["proxy_protocol"]:
                there[1].write(v2(peer, (spec["address"], spec["port"])))
            await self._both(conn, self._tls, there)


class Door(_Passing):
    """A port of a client's loopback that leads to the same one of the lab: its control plane and its
    cloud."""

    def __init__(self, listener: socket.socket, spec: dict[str, Any]) -> None:
        self._port = int(spec["port"])
        super().__init__(listener)

    def update(self, spec: dict[str, Any]) -> None:
        """A door does not change."""

    async def serve(self, conn: socket.socket, peer: tuple[str, int]) -> None:
        await self._both(conn, None, await asyncio.open_connection("127.0.0.1", self._port))
