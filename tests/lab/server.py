"""The lab as one process: the stand-in for Tencent's API, and for each cluster a real control plane with stand-in TKE controllers."""

import argparse
import asyncio
import logging
import shutil
import socket
import sys
from pathlib import Path

import uvicorn

from tests.lab.cloud.app import create_app
from tests.lab.control_plane import ControlPlane
from tests.lab.controllers import TkeControllers
from tests.lab.controllers.addresses import release_cluster
from tests.lab.world import Cluster, World

log = logging.getLogger("lab")


class Clusters:
    """Gives each cluster of the stand-in cloud a real control plane, and takes it away again."""

    def __init__(self, world: World, binaries: Path, directory: Path) -> None:
        self._world = world
        self._binaries = binaries
        self._directory = directory
        self._running: dict[str, tuple[ControlPlane, asyncio.Task[None]]] = {}

    async def start(self, cluster: Cluster) -> None:
        folder = self._directory / cluster.cluster_id
        plane = await ControlPlane.start(self._binaries, folder, service_cidr=cluster.service_cidr)
        cluster.kubeconfig = plane.kubeconfig
        controllers = TkeControllers(self._world, cluster, plane.kubeconfig)
        task = asyncio.create_task(controllers.run(), name=f"controllers of {cluster.cluster_id}")
        task.add_done_callback(_report)
        self._running[cluster.cluster_id] = (plane, task)
        ready = asyncio.create_task(controllers.ready.wait())
        await asyncio.wait({ready, task}, return_when=asyncio.FIRST_COMPLETED)
        ready.cancel()

    async def stop(self, cluster: Cluster) -> None:
        found = self._running.pop(cluster.cluster_id, None)
        if found is None:
            return
        plane, task = found
        task.cancel()
        await asyncio.wait({task})
        release_cluster(self._world, cluster)
        await plane.stop()
        shutil.rmtree(self._directory / cluster.cluster_id, ignore_errors=True)

    async def stop_all(self) -> None:
        await asyncio.gather(*(self.stop(self._world.clusters[name]) for name in list(self._running) if name in self._world.clusters))


def _report(task: "asyncio.Task[None]") -> None:
    if not task.cancelled() and task.exception() is not None:
        log.error("%s ended", task.get_name(), exc_info=task.exception())


async def serve(binaries: Path, directory: Path, port: int, credentials: dict[str, str]) -> None:
    """Until the process is asked to end."""
    world = World()
    clusters = Clusters(world, binaries, directory)
    config = uvicorn.Config(create_app(world, clusters, credentials), log_level="warning", timeout_graceful_shutdown=2)
    listening = socket.create_server(("127.0.0.1", port))  # from now on connections wait in its queue
    print(listening.getsockname()[1], flush=True)
    try:
        await uvicorn.Server(config).serve(sockets=[listening])
    finally:
        await clusters.stop_all()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binaries", type=Path, required=True, help="folder with etcd, kube-apiserver and the others")
    parser.add_argument("--directory", type=Path, required=True, help="folder for data and logs")
    parser.add_argument("--port", type=int, default=0, help="0: any free one, printed as the first line")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    for chatty in ("httpx", "httpx2"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    secret = sys.stdin.readline().split()  # id and key: neither argv nor environment
    asyncio.run(serve(options.binaries, options.directory, options.port, {secret[0]: secret[1]}))


if __name__ == "__main__":
    main()
