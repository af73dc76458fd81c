"""The Tencent Cloud API stand-in as an ASGI application: `POST /` for the API, `/_lab/` for the tests."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.lab.cloud import gateway as front
from tests.lab.cloud.control import routes
from tests.lab.cloud.core import Cloud
from tests.lab.cloud.runtime import ClusterRuntime
from tests.lab.cloud.settings import Settings
from tests.lab.cloud.transport import ProxyApp, hang_up
from tests.lab.world import World


def create_app(
    world: World,
    runtime: ClusterRuntime,
    credentials: Mapping[str, str],
    *,
    settings: Settings | None = None,
    tokens: Mapping[str, str] | None = None,
    doors: Sequence[Route] = (),
) -> Starlette:
    """`credentials`: secret id -> secret key. `tokens`: secret id -> session token of temporary
    credentials. `doors`: further routes below `/_lab/`."""
    cloud = Cloud(world, runtime, settings or Settings())
    gateway = front.Gateway(cloud, dict(credentials), dict(tokens or {}))

    async def api(request: Request) -> Response:
        received = front.Request(
            dict(request.headers), await request.body(), request.method, request.url.query
        )
        answer = await gateway.answer(received)
        if answer is None:
            await hang_up(request)
            return Response()
        # A client behind a proxy variable sends head and body as two packets with Nagle's algorithm on. On a
        # kept connection the kernel then delays each call by 40 ms; on a new connection it does not.
        return JSONResponse(answer, headers={"Connection": "close"})

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        yield
        await cloud.close()

    return ProxyApp(routes=[Route("/", api, methods=["POST"]), *routes(gateway), *doors], lifespan=lifespan)
