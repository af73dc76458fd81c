"""What the API stand-in needs below HTTP: absolute-form requests of a proxy, and hanging up without an
answer."""

import asyncio
from typing import Final
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

_TRANSPORT: Final = "lab.transport"


class ProxyApp(Starlette):
    """Takes `POST http://tke.lab.test/` like `POST /`. uvicorn hands the absolute form through as the
    path."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope = dict(scope)
            for name, text in (
                ("path", str(scope["path"])),
                ("raw_path", bytes(scope["raw_path"]).decode("ascii")),
            ):
                if text.startswith(("http://", "https://")):
                    path = urlsplit(text).path or "/"
                    scope[name] = path if name == "path" else path.encode("ascii")
            # The only way to uvicorn's connection, for `hang_up`.
            scope[_TRANSPORT] = getattr(getattr(send, "__self__", None), "transport", None)
        await super().__call__(scope, receive, send)


async def hang_up(request: Request) -> None:
    """Close the connection now, so that the client never sees an answer."""
    transport = request.scope.get(_TRANSPORT)
    if not isinstance(transport, asyncio.WriteTransport):
        raise TypeError("the server gives no transport: it is not uvicorn")
    transport.close()
    while (await request.receive())["type"] != "http.disconnect":
        pass  # uvicorn reports it in the next turn of the loop
