"""The one process that serves every socket of the packet network: the stand-in pods, load balancers and
doors.

Reads the listeners that there should be, all of them, as a line of JSON, makes it so, and answers with a
line: what failed.
Ends with its input, so that it never outlives the lab.
"""

import asyncio
import contextlib
import functools
import json
import logging
import ssl
import sys
from typing import Any, cast

import trustme

from tests.lab.packets.echo import DatagramEcho, EchoServer
from tests.lab.packets.proxy import HttpProxy
from tests.lab.packets.relay import Door, StreamProxy
from tests.lab.packets.serving import Server
from tests.lab.packets.sockets import Namespaces, datagram, listening

MAX_LINE = 4 * 1024 * 1024
log = logging.getLogger("lab.packets")
_ANY = "0.0.0.0"  # noqa: S104 - inside a namespace


class Agent:
    def __init__(self) -> None:
        self._namespaces = Namespaces()
        self._authority = trustme.CA()
        self._servers: dict[str, Server] = {}

    @property
    def authority(self) -> str:
        """The certificate, PEM, of the authority that signed every certificate of the agent."""
        return self._authority.cert_pem.bytes().decode()

    @functools.lru_cache(maxsize=256)  # noqa: B019 - one agent per process
    def _tls(self, address: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._authority.issue_cert(address, "lab.test").configure_cert(context)
        return context

    async def apply(self, wanted: dict[str, dict[str, Any]]) -> dict[str, str]:
        """Make it so; the reasons of what could not be."""
        gone = [key for key in self._servers if key not in wanted]
        await asyncio.gather(*(self._servers.pop(key).close() for key in gone))
        failed: dict[str, str] = {}
        for key, spec in wanted.items():
            if key in self._servers:
                self._servers[key].update(spec)
                continue
            try:
                self._servers[key] = await self._start(spec)
            except OSError as error:
                failed[key] = str(error)
        return failed

    async def close(self) -> None:
        await self.apply({})

    async def _start(self, spec: dict[str, Any]) -> Server:
        namespace, address, port, kind = (
            str(spec["namespace"]),
            str(spec["address"]),
            int(spec["port"]),
            spec["kind"],
        )
        # A pod's own address may also be reached as 127.0.0.1 from inside; a load balancer's only as itself.
        bind = {"echo": _ANY, "datagram": _ANY, "door": "127.0.0.1"}.get(kind, address)
        if kind == "datagram":
            return await DatagramEcho.start(
                await self._namespaces.within(namespace, lambda: datagram(bind, port)), spec
            )
        listener = await self._namespaces.within(namespace, lambda: listening(bind, port))
        if kind == "echo":
            return EchoServer(listener, spec, self._tls(address))
        if kind == "door":
            return Door(listener, spec)
        tls = self._tls(address) if spec["tls"] else None
        if kind == "http":
            return HttpProxy(listener, spec, tls, self._namespaces)
        return StreamProxy(listener, spec, tls, self._namespaces)


async def _lines() -> asyncio.StreamReader:
    reader = asyncio.StreamReader(limit=MAX_LINE)
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    return reader


async def main() -> None:
    agent = Agent()
    reader = await _lines()
    print(json.dumps({"authority": agent.authority}), flush=True)
    with contextlib.suppress(BrokenPipeError):
        while line := await reader.readline():
            wanted = cast("dict[str, dict[str, Any]]", json.loads(line))
            print(json.dumps({"failed": await agent.apply(wanted)}), flush=True)
    await agent.close()


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    asyncio.run(main())
