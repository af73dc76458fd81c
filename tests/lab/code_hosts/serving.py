"""The stand-ins on loopback: one server in a thread of its own, for one pull request after the other."""

import contextlib
import socket
import threading
from collections.abc import Generator, Sequence
from urllib.parse import urlsplit

import uvicorn
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from tests.lab.cloud.transport import ProxyApp


class Front:
    """Answers as the code host that it shows at the moment. It is also the proxy of a network in which that
    host has another name."""

    def __init__(self) -> None:
        self.address = ""
        self.proxied: set[str] = set()
        """Hosts of the requests that arrived here as at a proxy."""
        self._shown = ProxyApp()

    def show(self, routes: Sequence[Route]) -> None:
        self.proxied.clear()
        self._shown = ProxyApp(routes=list(routes))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        target = urlsplit(str(scope.get("path", "")))
        if target.hostname:
            self.proxied.add(target.hostname)
        await self._shown(scope, receive, send)


@contextlib.contextmanager
def serving() -> Generator[Front]:
    """Serve both hosts until the end of the block."""
    front = Front()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        front.address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        server = uvicorn.Server(
            uvicorn.Config(front, log_level="warning", lifespan="off", timeout_graceful_shutdown=1)
        )
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield front
        finally:
            server.should_exit = True
            thread.join()
