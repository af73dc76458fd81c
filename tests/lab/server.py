"""The lab as one process: the stand-in for Tencent's API, and for each cluster a real control plane with
stand-in TKE controllers."""

import argparse
import asyncio
import contextlib
import logging
import os
import shutil
import socket
import sys
from collections.abc import Coroutine
from pathlib import Path

import uvicorn

from tests.lab.cloud.app import create_app
from tests.lab.cloud.tls_door import make_identity, protocol_with_tls
from tests.lab.control_plane import ControlPlane
from tests.lab.controllers import TkeControllers
from tests.lab.packets import sweep, unavailable
from tests.lab.packets.control import PacketNetworks
from tests.lab.world import Cluster, World

log = logging.getLogger("lab")


class Clusters:
    """Gives each cluster of the stand-in cloud a real control plane, and takes it away again."""

    def __init__(
        self,
        world: World,
        binaries: Path,
        directory: Path,
        packets: PacketNetworks | None = None,
        *,
        draining: bool = False,
    ) -> None:
        self._world = world
        self._draining = draining
        self._packets = packets
        self._binaries = binaries
        self._directory = directory
        self._running: dict[str, tuple[ControlPlane, TkeControllers, asyncio.Task[None]]] = {}

    async def start(self, cluster: Cluster) -> None:
        folder = self._directory / cluster.cluster_id
        plane = await ControlPlane.start(
            self._binaries, folder, service_cidr=cluster.service_cidr, draining=self._draining
        )
        cluster.kubeconfig = plane.kubeconfig
        controllers = TkeControllers(self._world, cluster, plane.kubeconfig)
        task = asyncio.create_task(controllers.run(), name=f"controllers of {cluster.cluster_id}")
        task.add_done_callback(_report)
        self._running[cluster.cluster_id] = (plane, controllers, task)
        ready = asyncio.create_task(controllers.ready.wait())
        await asyncio.wait({ready, task}, return_when=asyncio.FIRST_COMPLETED)
        ready.cancel()
        if self._packets is not None:
            await self._packets.start(cluster)

    async def stop(self, cluster: Cluster) -> None:
        found = self._running.pop(cluster.cluster_id, None)
        if found is None:
            return
        plane, _, task = found
        if self._packets is not None:
            await self._packets.stop(cluster.cluster_id)
        task.cancel()
        await asyncio.wait({task})
        await plane.stop()
        shutil.rmtree(self._directory / cluster.cluster_id, ignore_errors=True)

    def wake(self) -> None:
        for _, controllers, _ in self._running.values():
            controllers.wake()

    async def stop_all(self) -> None:
        await asyncio.gather(
            *(
                self.stop(self._world.clusters[name])
                for name in list(self._running)
                if name in self._world.clusters
            )
        )


def _report(task: "asyncio.Task[None]") -> None:
    if not task.cancelled() and task.exception() is not None:
        log.error("%s ended", task.get_name(), exc_info=task.exception())


async def serve(
    binaries: Path,
    directory: Path,
    port: int,
    credentials: dict[str, str],
    *,
    packets: bool = False,
    draining: bool = False,
) -> None:
    """Serve until a signal, or the end of the input, ends the process."""
    if packets:
        await asyncio.to_thread(sweep)
    world = World()
    listening = socket.create_server(("127.0.0.1", port))  # from now on connections wait in its queue
    networks = PacketNetworks(world, [int(listening.getsockname()[1])]) if packets else None
    clusters = Clusters(world, binaries, directory, networks, draining=draining)
    app = create_app(world, clusters, credentials, doors=networks.routes() if networks else ())
    tls = protocol_with_tls(make_identity(directory).context)
    config = uvicorn.Config(app, http=tls, log_level="warning", timeout_graceful_shutdown=2)
    print(listening.getsockname()[1], flush=True)
    server = uvicorn.Server(config)

    def ended_by_parent() -> None:
        if not os.read(sys.stdin.fileno(), 1):  # no caller is left to stop the lab
            asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
            server.should_exit = True

    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), ended_by_parent)
    try:
        await server.serve(sockets=[listening])
    finally:
        await _to_the_end(clusters.stop_all())


async def _to_the_end(stopping: Coroutine[object, object, None]) -> None:
    """Finish the stop despite signals: uvicorn raises the signal of its own end once more."""
    task = asyncio.ensure_future(stopping)
    while not task.done():
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.shield(task)
    task.result()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--binaries", type=Path, required=True, help="folder with etcd, kube-apiserver and the others"
    )
    parser.add_argument("--directory", type=Path, required=True, help="folder for data and logs")
    parser.add_argument("--port", type=int, default=0, help="0: any free one, printed as the first line")
    parser.add_argument(
        "--packets", action="store_true", help="move real packets: needs root, iproute2 and nftables"
    )
    parser.add_argument(
        "--draining",
        action="store_true",
        help="pods that end run their preStop hooks first and serve meanwhile",
    )
    options = parser.parse_args()
    if options.packets:
        reason = unavailable()
        if reason is not None:
            parser.error(reason)
    logging.basicConfig(
        level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(name)s %(levelname)s %(message)s"
    )
    for chatty in ("httpx", "httpx2"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    secret = sys.stdin.readline().split()  # id and key: neither argv nor environment
    asyncio.run(
        serve(
            options.binaries,
            options.directory,
            options.port,
            {secret[0]: secret[1]},
            packets=options.packets,
            draining=options.draining,
        )
    )


if __name__ == "__main__":
    main()
