"""The TLS side of the API stand-in.

The vendor's plugin sends some calls to fixed https hosts, and ignores `domain` and `protocol` for them.
The door accepts `CONNECT` for these hosts only, and ends TLS itself. No request leaves the lab.
"""

import logging
import os
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

import trustme
from uvicorn.protocols.http.h11_impl import H11Protocol

FIXED_HOSTS: Final = ("sts.tencentcloudapi.com", "tke.tencentcloudapi.com")
"""Of the vendor's `UseOmitNilClient` (connectivity/client.go:495) and account filters (provider.go:3173)."""

_HEAD_END = b"\r\n\r\n"
_MAX_HEAD = 8 * 1024
_HANDSHAKE_SECONDS = 10.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TlsIdentity:
    """The lab's own certificate authority, and the server side of TLS with its certificate."""

    authority: Path
    """For `SSL_CERT_FILE` of the clients."""
    context: ssl.SSLContext


def authority_path(directory: Path) -> Path:
    return directory / "tls" / "authority.pem"


def make_identity(directory: Path) -> TlsIdentity:
    """Make a fresh authority. The authority's key is never written; the server's key stays in `directory`."""
    authority = trustme.CA(organization_name="tke-hybrid lab")
    server = authority.issue_cert(*FIXED_HOSTS)
    certificate = authority_path(directory)
    certificate.parent.mkdir(mode=0o700)
    certificate.write_bytes(authority.cert_pem.bytes())
    key = certificate.with_name("server.pem")
    with open(os.open(key, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(server.private_key_and_cert_chain_pem.bytes())
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(key)
    return TlsIdentity(certificate, context)


def refusal(head: bytes) -> str:
    """Return the reason to refuse this `CONNECT` request; empty for a fixed host on port 443.

    Clients show only the status line, so the reason stands there.
    """
    target = head.split(b" ")[1].decode("latin-1")
    host, _, port = target.rpartition(":")
    if head.partition(_HEAD_END)[2]:
        return "400 DataBeforeTunnel: data follows CONNECT before the answer"
    if host.lower() not in FIXED_HOSTS or port != "443":
        return f"403 HostRefused: the lab answers only for {' and '.join(FIXED_HOSTS)} on port 443"
    return ""


def protocol_with_tls(context: ssl.SSLContext) -> type[H11Protocol]:
    """Return uvicorn's HTTP protocol, which also accepts `CONNECT` as the first request of a connection."""

    class TlsDoor(H11Protocol):
        _head: bytes | None = b""
        """The bytes so far; None for an ordinary connection."""

        def data_received(self, data: bytes) -> None:
            if self._head is None:
                super().data_received(data)
                return
            self._head += data
            if not self._head.startswith(b"CONNECT "[: len(self._head)]):
                head, self._head = self._head, None
                super().data_received(head)
            elif _HEAD_END in self._head:
                self._connect(self._head)
            elif len(self._head) > _MAX_HEAD:
                self._refuse("431 HeadTooLong: the head of CONNECT has no end")

        def _connect(self, head: bytes) -> None:
            reason = refusal(head)
            if reason:
                self._refuse(reason)
                return
            # A new transport owns a copy of the socket: a transport that changes to TLS may lose early data.
            connection = cast("socket.socket", self.transport.get_extra_info("socket")).dup()
            self.transport.close()
            task = self.loop.create_task(self._end_tls(connection))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

        def _refuse(self, reason: str) -> None:
            line = (self._head or b"").partition(b"\r\n")[0]
            _log.warning("%.100r refused: %s", line, reason)
            answer = f"HTTP/1.1 {reason}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            self.transport.write(answer.encode("ascii"))
            self.transport.close()

        async def _end_tls(self, connection: socket.socket) -> None:
            def inside() -> H11Protocol:
                return H11Protocol(self.config, self.server_state, self.app_state)

            try:
                await self.loop.sock_sendall(connection, b"HTTP/1.1 200 Connection established\r\n\r\n")
                await self.loop.connect_accepted_socket(
                    inside, connection, ssl=context, ssl_handshake_timeout=_HANDSHAKE_SECONDS
                )
            except OSError as error:  # also ssl.SSLError: the client does not trust the authority, or left
                _log.warning("no TLS with a client: %s", error)
                connection.close()

    return TlsDoor
