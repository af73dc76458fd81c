"""Small API servers and proxies on loopback."""

import contextlib
import http.server
import json
import socket
import ssl
import threading
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

Json = dict[str, Any]
GROUP = "networking.tke.cloud.tencent.com"


@dataclass(frozen=True)
class Reply:
    """A response of a server."""

    body: bytes | Json = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def data(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


def status(code: int, message: str = "") -> Reply:
    """An error of the API server."""
    return Reply({"kind": "Status", "code": code, "message": message}, code)


NOT_FOUND = status(404, "the server could not find the requested resource")
PLAIN_404 = Reply(b"404 page not found\n", 404, {"Content-Type": "text/plain"})


@dataclass(frozen=True)
class Request:
    """A request that a server received."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: list[tuple[str, str]]
    body: Json | None

    def all(self, name: str) -> list[str]:
        """The values of a header."""
        return [value for key, value in self.headers if key.lower() == name.lower()]


Answer = Callable[[Request], Reply]


@dataclass
class Objects:
    """A cluster with `pods`, further `lists` by path, and API groups with their preferred versions."""

    pods: list[Json] = field(default_factory=list[Json])
    groups: Mapping[str, str] = field(default_factory=dict[str, str])
    lists: Mapping[str, list[Json]] = field(default_factory=dict[str, list[Json]])
    replies: Mapping[tuple[str, str], Reply] = field(default_factory=dict[tuple[str, str], Reply])
    """Responses by method and path, before all others."""

    def __call__(self, request: Request) -> Reply:
        if (found := self.replies.get((request.method, request.path))) is not None:
            return found
        if request.path == "/apis":
            groups = [
                {"name": name, "preferredVersion": {"version": version}}
                for name, version in self.groups.items()
            ]
            return Reply({"kind": "APIGroupList", "groups": groups})
        lists = {"/api/v1/pods": self.pods, **self.lists}
        if request.method == "GET" and request.path in lists:
            return Reply({"kind": "List", "metadata": {}, "items": lists[request.path]})
        return NOT_FOUND


@dataclass
class Served:
    """A running server."""

    port: int
    requests: list[Request] = field(default_factory=list[Request])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextlib.contextmanager
def serving(answer: Answer, tls: ssl.SSLContext | None = None) -> Generator[Served]:
    """A server in threads of its own."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def _reply(self) -> None:
            parts = urlsplit(self.path)
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            query = {key: values[0] for key, values in parse_qs(parts.query).items()}
            request = Request(self.command, parts.path, query, list(self.headers.items()), body)
            served.requests.append(request)
            reply = answer(request)
            self.send_response(reply.status)
            for name, value in {"Content-Type": "application/json", **reply.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.data)))
            self.end_headers()
            self.wfile.write(reply.data)

        do_GET = do_POST = do_DELETE = _reply

        def log_message(self, format: str, *args: object) -> None:
            """Log nothing."""

    class Server(http.server.ThreadingHTTPServer):
        def handle_error(self, request: Any, client_address: Any) -> None:
            """Ignore a client that closes its connection."""

    with Server(("127.0.0.1", 0), Handler) as server:
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        served = Served(server.server_port)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield served
        finally:
            server.shutdown()


@contextlib.contextmanager
def proxying(answer: bytes = b"HTTP/1.1 200 OK\r\n\r\n") -> Generator[Served]:
    """A proxy for CONNECT, which opens a tunnel after a response of 200."""
    listening = socket.create_server(("127.0.0.1", 0))
    served = Served(listening.getsockname()[1])

    def one(client: socket.socket) -> None:
        with client:
            data = b""
            while b"\r\n\r\n" not in data:
                chunk = client.recv(4096)
                if not chunk:
                    return
                data += chunk
            first, *lines = data.decode("latin-1").split("\r\n\r\n")[0].split("\r\n")
            method, target, _ = first.split(" ")
            headers = [(name, value) for name, _, value in (line.partition(": ") for line in lines)]
            served.requests.append(Request(method, target, {}, headers, None))
            client.sendall(answer)
            if b" 200 " not in answer:
                return
            host, _, port = target.rpartition(":")
            with socket.create_connection((host, int(port))) as upstream:
                threading.Thread(target=_pump, args=(upstream, client), daemon=True).start()
                _pump(client, upstream)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=one, args=(listening.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield served
    finally:
        listening.close()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while chunk := source.recv(65536):
            sink.sendall(chunk)
        sink.shutdown(socket.SHUT_WR)


def kubeconfig(server: str, user: Json | None = None, cluster: Mapping[str, object] | None = None) -> Json:
    """A kubeconfig of one context, `c`, of cluster `k` and user `u`."""
    return {
        "current-context": "c",
        "contexts": [{"name": "c", "context": {"cluster": "k", "user": "u"}}],
        "clusters": [{"name": "k", "cluster": {"server": server, **(cluster or {})}}],
        "users": [{"name": "u", "user": {"token": "s3cr3t"} if user is None else user}],
    }


def named(name: str, namespace: str = "shop", **more: Any) -> Json:
    """An object."""
    return {"metadata": {"name": name, "namespace": namespace, **more.pop("metadata", {})}, **more}
