"""The doors of the packet network below `/_lab/packets`, and the networks of all clusters of the stand-in
cloud."""

import json
import logging
from typing import Any, cast

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.lab.packets.errors import AddressTaken, KernelError
from tests.lab.packets.network import PacketNetwork
from tests.lab.packets.plan import Modes
from tests.lab.world import Cluster, World

PATH = "/_lab/packets"
logger = logging.getLogger("lab.packets")
_MODES = tuple(Modes.__dataclass_fields__)


class PacketNetworks:
    """One for each cluster."""

    def __init__(self, world: World, doors: list[int]) -> None:
        self._world = world
        self._doors = doors
        self._networks: dict[str, PacketNetwork] = {}

    async def start(self, cluster: Cluster) -> None:
        network = PacketNetwork(self._doors)
        await network.start(self._world, cluster, cluster.kubeconfig)
        self._networks[cluster.cluster_id] = network

    async def stop(self, cluster_id: str) -> None:
        network = self._networks.pop(cluster_id, None)
        if network is not None:
            try:
                await network.stop()
            except KernelError:
                # The cluster has to go all the same; the next start sweeps.
                logger.exception("the packet network of %s was not removed", cluster_id)

    def routes(self) -> list[Route]:
        """`?cluster=` names the cluster when there are several."""
        return [
            Route(PATH, self._status, methods=["GET"]),
            Route(PATH, self._change, methods=["PATCH"]),
            Route(f"{PATH}/clients", self._client, methods=["POST"]),
        ]

    def _chosen(self, request: Request) -> PacketNetwork:
        wanted = request.query_params.get("cluster")
        found = [network for cluster_id, network in self._networks.items() if wanted in (None, cluster_id)]
        if len(found) != 1:
            raise LookupError(
                f"{len(found)} clusters fit, name one: {', '.join(self._networks) or 'there is none'}"
            )
        return found[0]

    async def _status(self, request: Request) -> Response:
        try:
            return JSONResponse(self._chosen(request).status())
        except LookupError as error:
            return _refused(error)

    async def _change(self, request: Request) -> Response:
        try:
            network = self._chosen(request)
            await network.change(**_modes(await _body(request)))
            return JSONResponse(network.status())
        except (LookupError, ValueError, KernelError) as error:
            return _refused(error)

    async def _client(self, request: Request) -> Response:
        """`address` and perhaps `behind` for a client outside, `inside` for a node's address or a pod's
        namespace/name."""
        try:
            body, network = await _body(request), self._chosen(request)
            if "inside" in body:
                return JSONResponse({"namespace": await network.inside(str(body["inside"]))})
            return JSONResponse(
                {
                    "namespace": await network.client(
                        str(body["address"]), behind=str(body.get("behind") or "")
                    )
                }
            )
        except (LookupError, ValueError, AddressTaken, KernelError) as error:
            return _refused(error)


def _refused(error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, 400)


def _modes(body: dict[str, Any]) -> dict[str, bool]:
    wrong = [key for key, value in body.items() if key not in _MODES or not isinstance(value, bool)]
    if wrong:
        raise ValueError(f"{', '.join(wrong)}: the switches are {', '.join(_MODES)}, each true or false")
    return body


async def _body(request: Request) -> dict[str, Any]:
    values: object = json.loads(await request.body())
    return cast("dict[str, Any]", values) if isinstance(values, dict) else {}
