"""The lab's own doors beside the API stand-in, below `/_lab/`: calls, faults, settings, a view of the
world."""

import json
from collections.abc import Awaitable, Callable
from typing import cast

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from tests.lab.cloud import own_balancers
from tests.lab.cloud.errors import ApiError
from tests.lab.cloud.faults import Fault
from tests.lab.cloud.gateway import Gateway
from tests.lab.cloud.params import Json
from tests.lab.cloud.summary import summary

Endpoint = Callable[[Request], Awaitable[Response]]


def routes(gateway: Gateway) -> list[Route]:
    async def healthz(_: Request) -> Response:
        return JSONResponse({"ok": True})

    async def calls(request: Request) -> Response:
        since = request.query_params.get("since", "0")
        if not since.isdigit():
            raise ApiError("InvalidParameter", "since is a number")
        return JSONResponse(gateway.calls.since(int(since)))

    async def reset_calls(_: Request) -> Response:
        gateway.calls.reset()
        return JSONResponse({})

    async def list_faults(_: Request) -> Response:
        return JSONResponse(gateway.faults.listed())

    async def add_fault(request: Request) -> Response:
        gateway.faults.add(Fault.from_json(await _body(request)))
        return JSONResponse(gateway.faults.listed())

    async def clear_faults(_: Request) -> Response:
        gateway.faults.clear()
        return JSONResponse([])

    async def settings(_: Request) -> Response:
        return JSONResponse(gateway.cloud.settings.as_json())

    async def change_settings(request: Request) -> Response:
        gateway.cloud.settings.change(await _body(request))
        gateway.cloud.world.load_balancer_release_seconds = gateway.cloud.settings.slow_load_balancers
        gateway.cloud.world.load_balancer_sync_seconds = gateway.cloud.settings.slow_backends
        gateway.cloud.world.ipamd_version = gateway.cloud.settings.ipamd_version
        return JSONResponse(gateway.cloud.settings.as_json())

    async def state(_: Request) -> Response:
        return JSONResponse(summary(gateway.cloud.world))

    async def make_balancer(_: Request) -> Response:
        return JSONResponse({"lb_id": own_balancers.make(gateway.cloud.world)})

    async def remove_balancer(request: Request) -> Response:
        own_balancers.remove(gateway.cloud.world, str(request.path_params["lb_id"]))
        return JSONResponse({})

    async def kubeconfig(request: Request) -> Response:
        cluster = gateway.cloud.world.clusters.get(str(request.path_params["cluster_id"]))
        if cluster is None or not cluster.kubeconfig:
            return JSONResponse({"error": "no such cluster, or its control plane is not up"}, 404)
        return PlainTextResponse(cluster.kubeconfig)

    return [
        _route("GET", "/_lab/healthz", healthz),
        _route("GET", "/_lab/calls", calls),
        _route("POST", "/_lab/calls/reset", reset_calls),
        _route("GET", "/_lab/faults", list_faults),
        _route("POST", "/_lab/faults", add_fault),
        _route("DELETE", "/_lab/faults", clear_faults),
        _route("GET", "/_lab/settings", settings),
        _route("PATCH", "/_lab/settings", change_settings),
        _route("GET", "/_lab/state", state),
        _route("POST", "/_lab/load_balancers", make_balancer),
        _route("DELETE", "/_lab/load_balancers/{lb_id}", remove_balancer),
        _route("GET", "/_lab/kubeconfig/{cluster_id}", kubeconfig),
    ]


def _route(method: str, path: str, endpoint: Endpoint) -> Route:
    async def guarded(request: Request) -> Response:
        try:
            return await endpoint(request)
        except ApiError as error:
            return JSONResponse({"error": str(error)}, 400)

    return Route(path, guarded, methods=[method])


async def _body(request: Request) -> Json:
    try:
        values: object = json.loads(await request.body())
    except ValueError as error:
        raise ApiError("InvalidRequest", "the body is not JSON") from error
    if not isinstance(values, dict):
        raise ApiError("InvalidRequest", "the body is not a JSON object")
    return cast("Json", values)
