"""One question on one new connection: HTTP, HTTPS or plain TCP, with a deadline and with bounds on all that
is read.

An own reader, because HTTP client libraries bound neither the head of an answer nor the time that all of it
takes.
"""

import asyncio
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pulumi_tke_hybrid.cli.text import shown
from pulumi_tke_hybrid.verify import connection
from pulumi_tke_hybrid.verify.answers import Version, address_in, own_connection
from pulumi_tke_hybrid.verify.connection import Closed, Inbox, Unreadable

Scheme = Literal["http", "https", "tcp", "tls", "udp"]
"""`tls`: plain TCP inside TLS, as behind a TCP_SSL listener. `udp`: one datagram there, one back."""

NUDGE = b"tke-hybrid verify\n"
"""Said to plain TCP servers, for those that wait for a line. Not an empty one: that could be the start of a
PROXY protocol header."""
NO_POD = {502, 503, 504}
"""What an HTTP load balancer answers when it has no pod, or none that is ready."""


@dataclass(frozen=True)
class Limits:
    """What one question may cost."""

    connect: float = 3.0
    """Seconds until the connection (and TLS) stands."""
    answer: float = 5.0
    """Seconds for all of the answer, however slowly it drips."""
    head: int = 64 * 1024
    """Bytes of an answer's head."""
    body: int = 256 * 1024
    """Bytes of its body."""
    quiet: float = 0.3
    """Plain TCP: seconds of silence after which an answer is taken as complete."""


@dataclass(frozen=True)
class Target:
    """What is asked."""

    scheme: Scheme
    host: str
    """Name or address that is connected to."""
    port: int
    path: str = "/"
    host_header: str = ""
    """`Host` and the name in TLS, where they differ from `host`: an Ingress's host."""
    insecure: bool = False
    """Do not check the certificate."""
    proxy_protocol: Version | None = None
    """The port wants a PROXY protocol header."""

    @property
    def http(self) -> bool:
        """Whether a request has a path and headers."""
        return self.scheme in ("http", "https")

    @property
    def shown(self) -> str:
        """For reports: without the query, which may hold a secret."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        path = self.path.partition("?")[0] if self.http else ""
        return f"{self.scheme}://{host}:{self.port}{path}" + (
            f" (host {self.host_header})" if self.host_header else ""
        )


@dataclass(frozen=True)
class Reply:
    """What came back: a body; or a failure, if no pod answered; or a problem with what somebody answered."""

    local: str = ""
    """The client's own address on the connection."""
    body: bytes = b""
    failure: str = ""
    problem: str = ""


async def resolve(host: str, port: int) -> str:
    """The address that is asked; IPv4 where there is a choice. Raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return str(min(found, key=lambda entry: entry[0] != socket.AF_INET)[4][0])


def tls_of(target: Target) -> ssl.SSLContext | None:
    """How the certificate is checked; None without TLS."""
    if target.scheme not in ("https", "tls"):
        return None
    context = ssl.create_default_context()
    if target.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


class Asker:
    """Asks one target, one connection a question."""

    def __init__(self, target: Target, address: str, limits: Limits) -> None:
        self._target, self._address, self._limits = target, address, limits
        self._tls = tls_of(target)

    async def ask(self, headers: Mapping[str, str]) -> Reply:
        """Connect, ask, read the answer, close. Whatever the other side does ends as a Reply."""
        if self._target.scheme == "udp":
            return await self._datagram()
        try:
            transport, inbox, local = await asyncio.wait_for(self._connect(), self._limits.connect)
        except (asyncio.TimeoutError, TimeoutError):
            return Reply(failure=f"no connection within {self._limits.connect:g} s")
        except ssl.SSLCertVerificationError as error:
            return Reply(
                failure=(
                    f"the certificate was not accepted ({shown(error.verify_message)}); give --host or"
                    " --insecure"
                )
            )
        except OSError as error:
            return Reply(
                failure=f"no connection: {shown(error.strerror or str(error) or type(error).__name__)}"
            )
        try:
            return await asyncio.wait_for(self._talk(transport, inbox, local, headers), self._limits.answer)
        except (asyncio.TimeoutError, TimeoutError):
            if not inbox.data:
                return Reply(local, failure=f"connected, but no answer within {self._limits.answer:g} s")
            return Reply(local, problem=f"no complete answer within {self._limits.answer:g} s")
        except Closed:
            if not inbox.data:
                return Reply(local, failure="the connection was closed without an answer")
            return Reply(local, problem="the connection was closed in the middle of the answer")
        except Unreadable as error:
            return Reply(local, problem=str(error))
        finally:
            transport.abort()

    async def _connect(self) -> tuple[asyncio.WriteTransport, Inbox, str]:
        loop, target = asyncio.get_running_loop(), self._target
        own = socket.socket(socket.AF_INET6 if ":" in self._address else socket.AF_INET, socket.SOCK_STREAM)
        try:
            own.setblocking(False)
            await loop.sock_connect(own, (self._address, target.port))
            local = address_in(str(own.getsockname()[0]))
            if target.proxy_protocol:  # before TLS, so the socket is ours until then
                await loop.sock_sendall(own, own_connection(target.proxy_protocol))
            name = (target.host_header or target.host) if self._tls else None
            transport, inbox = await loop.create_connection(
                lambda: Inbox(self._limits.head + self._limits.body),
                sock=own,
                ssl=self._tls,
                server_hostname=name,
            )
        except BaseException:
            own.close()
            raise
        return transport, inbox, local

    async def _datagram(self) -> Reply:
        """One datagram from a port of its own, and the first one that comes back from the address that was
        asked."""
        loop, local = asyncio.get_running_loop(), ""
        with socket.socket(
            socket.AF_INET6 if ":" in self._address else socket.AF_INET, socket.SOCK_DGRAM
        ) as own:
            own.setblocking(False)
            try:
                own.connect((self._address, self._target.port))
                local = address_in(str(own.getsockname()[0]))
                await loop.sock_sendall(own, NUDGE)
                body = await asyncio.wait_for(loop.sock_recv(own, self._limits.body), self._limits.answer)
            except (asyncio.TimeoutError, TimeoutError):
                return Reply(
                    local,
                    failure=(
                        f"no datagram came back within {self._limits.answer:g} s; the application must answer"
                        " each one"
                    ),
                )
            except OSError as error:
                return Reply(local, failure=f"no connection: {shown(error.strerror or type(error).__name__)}")
        return Reply(local, body) if body else Reply(local, failure="an empty datagram came back")

    async def _talk(
        self, transport: asyncio.WriteTransport, inbox: Inbox, local: str, headers: Mapping[str, str]
    ) -> Reply:
        target, limits = self._target, self._limits
        if not target.http:
            transport.write(NUDGE)
            body = await inbox.all(0, limits.body, limits.quiet)
            return (
                Reply(local, body)
                if body
                else Reply(local, failure="the connection was closed without an answer")
            )
        host = target.host_header or (f"[{target.host}]" if ":" in target.host else target.host)
        default = 443 if target.scheme == "https" else 80
        transport.write(
            connection.request(
                target.path, host if target.port == default else f"{host}:{target.port}", headers
            )
        )
        found = await connection.answer(inbox, limits.head, limits.body)
        if found.status in NO_POD:
            return Reply(local, failure=f"HTTP {found.status}: no pod, or none that is ready")
        if 300 <= found.status < 400:
            where = shown(found.headers.get("location", "nowhere"), 80).partition("?")[0]
            return Reply(
                local,
                found.body,
                problem=(
                    f"HTTP {found.status}, redirected to {where}; redirects are not followed, give that URL"
                ),
            )
        if found.status >= 400:
            return Reply(local, found.body, problem=f"HTTP {found.status}")
        return Reply(local, found.body)
