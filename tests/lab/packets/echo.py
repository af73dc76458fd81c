"""The server in each pod, a stand-in for the customer's: returns its TCP peer in traefik/whoami's format,
as JSON, or as one line."""

import asyncio
import contextlib
import json
import socket
import ssl
from typing import Any, cast

from tests.lab.packets.http1 import Head, is_request, pass_body, read_head
from tests.lab.packets.proxy_protocol import V2_SIGNATURE, read_v1, read_v2
from tests.lab.packets.serving import Acceptor

IDLE_SECONDS = 60.0
HEADER_SECONDS = 1.0


def canonical(name: str) -> str:
    """A header's name as Go writes it."""
    return "-".join(part.capitalize() for part in name.split("-"))


class EchoServer(Acceptor):
    """TCP: HTTP, HTTPS, or any other bytes, with or without a PROXY header before them."""

    def __init__(self, listener: socket.socket, spec: dict[str, Any], tls: ssl.SSLContext) -> None:
        self._name, self._address, self._tls = str(spec["name"]), str(spec["address"]), tls
        super().__init__(listener)

    def update(self, spec: dict[str, Any]) -> None:
        """A pod does not change."""

    async def serve(self, conn: socket.socket, peer: tuple[str, int]) -> None:
        reader, writer = await self.opened_either(conn, self._tls)
        try:
            proxied, line = "", await asyncio.wait_for(reader.readline(), IDLE_SECONDS)
            if line and V2_SIGNATURE.startswith(line):
                # A client may also just send an empty line: then no more of this header comes.
                with contextlib.suppress(asyncio.TimeoutError, EOFError):
                    proxied = await asyncio.wait_for(read_v2(reader, line), HEADER_SECONDS)
                    line = await reader.readline()
            elif line.startswith(b"PROXY "):
                proxied, line = read_v1(line), await reader.readline()
            if not is_request(line):
                # Not HTTP: the peer first, the rest for people.
                writer.write(f"{peer[0]}:{peer[1]} {self._name} {proxied}".rstrip().encode() + b"\n")
                await writer.drain()
                return
            while line:
                head = await read_head(reader, line)
                if head is None:
                    return
                await pass_body(head, reader, lambda _: None, None)
                stays = head.keeps_open
                writer.write(self._answer(head, peer, proxied, stays))
                await writer.drain()
                if not stays:
                    return
                line = await asyncio.wait_for(reader.readline(), IDLE_SECONDS)
        finally:
            writer.close()

    def _answer(self, head: Head, peer: tuple[str, int], proxied: str, stays: bool) -> bytes:
        method, target, _ = head.first.split(" ")
        path = target.partition("?")[0]
        remote = f"{peer[0]}:{peer[1]}"
        forwarded = head.get("x-forwarded-for").partition(",")[0].strip()
        kind = "application/json"
        if path == "/api":
            body = json.dumps(self._api(head, method, target, remote, proxied)).encode()
        elif path == "/honest":
            body = json.dumps({"client_ip": peer[0], "hostname": self._name}).encode()
        elif path == "/trusting":
            # An application that trusts the header, also the header of a lying client.
            body = json.dumps({"client_ip": forwarded or peer[0], "hostname": self._name}).encode()
        else:
            kind, body = "text/plain; charset=utf-8", self._whoami(head, remote, proxied)
        lines = [
            "HTTP/1.1 200 OK",
            f"Content-Type: {kind}",
            f"Content-Length: {len(body)}",
            f"Connection: {'keep-alive' if stays else 'close'}",
        ]
        return "\r\n".join([*lines, "", ""]).encode() + (b"" if method == "HEAD" else body)

    def _whoami(self, head: Head, remote: str, proxied: str) -> bytes:
        host = head.get("host")
        headers = sorted((canonical(key), value) for key, value in head.headers if key.lower() != "host")
        lines = [
            f"Hostname: {self._name}",
            "IP: 127.0.0.1",
            f"IP: {self._address}",
            f"RemoteAddr: {remote}",
            *([f"ProxyProtocol: {proxied}"] if proxied else []),
            head.first,
            f"Host: {host}",
            *(f"{key}: {value}" for key, value in headers),
        ]
        return ("\n".join(lines) + "\n\n").encode("latin-1")

    def _api(self, head: Head, method: str, target: str, remote: str, proxied: str) -> dict[str, Any]:
        headers: dict[str, list[str]] = {}
        for key, value in head.headers:
            if key.lower() != "host":
                headers.setdefault(canonical(key), []).append(value)
        return {
            "hostname": self._name,
            "ip": ["127.0.0.1", self._address],
            "headers": headers,
            "url": target,
            "host": head.get("host"),
            "method": method,
            "remoteAddr": remote,
            **({"proxyProtocol": proxied} if proxied else {}),
        }


class DatagramEcho(asyncio.DatagramProtocol):
    """UDP: the peer as a line for every datagram."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._transport: asyncio.DatagramTransport | None = None

    @classmethod
    async def start(cls, bound: socket.socket, spec: dict[str, Any]) -> "DatagramEcho":
        _, made = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: cls(str(spec["name"])), sock=bound
        )
        return made

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        if self._transport is not None:
            self._transport.sendto(f"{addr[0]}:{addr[1]} {self._name}\n".encode(), addr)

    def update(self, spec: dict[str, Any]) -> None:
        """A pod does not change."""

    async def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()
