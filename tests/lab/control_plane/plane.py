"""Starting and stopping one control plane."""

import asyncio
import contextlib
import ipaddress
import os
import ssl
from collections.abc import AsyncGenerator, Coroutine
from pathlib import Path

import httpx

from tests.lab.control_plane import arguments
from tests.lab.control_plane.arguments import LOOPBACK, Ports
from tests.lab.control_plane.certificates import Credentials, make_credentials
from tests.lab.control_plane.processes import Process, ProcessFailed, free_ports

READY_SECONDS = 90.0
POLL_SECONDS = 0.05
START_ATTEMPTS = 2
GARBAGE_COLLECTION = "400"
"""Go's GOGC: a quarter less time than with 50 for the API server's start, and 140 MB more memory."""
STAGES = Path(__file__).parent / "stages"


class ControlPlane:
    """etcd, API server, controller-manager, scheduler and KWOK; `kubeconfig` is the administrator's, as
    YAML."""

    def __init__(self, kubeconfig: str, processes: list[Process]) -> None:
        self.kubeconfig = kubeconfig
        self._processes = processes

    @classmethod
    async def start(
        cls,
        binaries: Path,
        directory: Path,
        *,
        service_cidr: str,
        version_label: str = "v1.30.0-tke.1",
        draining: bool = True,
    ) -> "ControlPlane":
        """Return when the control plane can be used. `version_label`: the kubelet version of nodes without
        an own version. `draining`: a pod that ends runs its preStop hooks first."""
        first_address = str(ipaddress.ip_network(service_cidr)[1])
        credentials = await asyncio.to_thread(make_credentials, directory, first_address)
        values = {"KUBELET_VERSION": version_label, "DRAINING": str(draining).lower()}
        for attempt in range(1, START_ATTEMPTS + 1):
            starting = _Start(binaries, directory / f"run-{attempt}", credentials, service_cidr, values)
            try:
                return cls(await starting.run(), starting.processes)
            except BaseException as error:
                await _stop(starting.processes)
                # Ports were free when they were chosen; another process may have been faster.
                if attempt == START_ATTEMPTS or "address already in use" not in str(error):
                    raise
        raise AssertionError("the last attempt returns or raises")

    async def stop(self) -> None:
        await _stop(self._processes)


async def _stop(processes: list[Process]) -> None:
    await asyncio.gather(*(process.stop() for process in processes))


class _Start:
    """One attempt, with ports of its own."""

    def __init__(
        self,
        binaries: Path,
        directory: Path,
        credentials: Credentials,
        service_cidr: str,
        values: dict[str, str],
    ) -> None:
        """`values`: what stands in the stages' files in place of these words."""
        self.processes: list[Process] = []
        self._binaries = binaries
        self._directory = directory
        self._credentials = credentials
        self._service_cidr = service_cidr
        self._values = values
        self._server = ""
        self._last_answer = "no request yet"

    async def run(self) -> str:
        self._directory.mkdir(parents=True)
        ports = Ports(*free_ports(6))
        self._server = f"https://{LOOPBACK}:{ports.api}"
        kubeconfig = self._credentials.kubeconfig(self._server)
        path = self._directory / "admin.kubeconfig"
        path.touch(mode=0o600)
        path.write_text(kubeconfig)
        await asyncio.gather(
            self._launch("etcd", arguments.etcd(ports, self._directory)),
            self._launch(
                "kube-apiserver", arguments.api_server(ports, self._credentials, self._service_cidr)
            ),
        )
        async with self._client() as client:
            # The rest gives up soon on a server that does not listen, so it starts when this one does.
            await self._while_alive(self._until_found(client, "/version"))
            await asyncio.gather(
                self._launch(
                    "kube-controller-manager", arguments.controller_manager(ports, self._credentials, path)
                ),
                self._launch("kube-scheduler", arguments.scheduler(ports, path)),
                self._launch("kwok", arguments.kwok(ports, path, self._stages())),
            )
            for address in ("/readyz", "/api/v1/namespaces/default/serviceaccounts/default"):
                await self._while_alive(self._until_found(client, address))
        return kubeconfig

    async def _launch(self, name: str, command: list[str]) -> None:
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self._directory),
            "GOGC": GARBAGE_COLLECTION,
        }
        log = self._directory / f"{name}.log"
        self.processes.append(await Process.start(self._binaries / name, command, log, environment))

    def _stages(self) -> list[Path]:
        paths: list[Path] = []
        for source in sorted(STAGES.glob("*.yaml")):
            path, text = self._directory / source.name, source.read_text()
            for word, value in self._values.items():
                text = text.replace(word, value)
            path.write_text(text)
            paths.append(path)
        return paths

    @contextlib.asynccontextmanager
    async def _client(self) -> AsyncGenerator[httpx.AsyncClient, None]:
        context = ssl.create_default_context(cafile=str(self._credentials.ca))
        pem = self._directory / "admin.pem"
        pem.touch(mode=0o600)
        pem.write_text(self._credentials.admin_certificate + self._credentials.admin_key)
        context.load_cert_chain(pem)
        async with httpx.AsyncClient(
            base_url=self._server, verify=context, trust_env=False, timeout=5
        ) as client:
            yield client

    async def _while_alive(self, waiting: Coroutine[None, None, None]) -> None:
        """Wait, but no longer than every program lives."""
        goal = asyncio.create_task(waiting)
        ends = [asyncio.create_task(process.ended()) for process in self.processes]
        try:
            done, _ = await asyncio.wait(
                {goal, *ends}, timeout=READY_SECONDS, return_when=asyncio.FIRST_COMPLETED
            )
            for end in ends:
                if end in done:
                    raise end.result()
            if goal not in done:
                raise ProcessFailed(
                    f"not ready after {READY_SECONDS:.0f} s ({self._last_answer}); see {self._directory}"
                )
            goal.result()
        finally:
            for task in (goal, *ends):
                task.cancel()
            await asyncio.gather(goal, *ends, return_exceptions=True)

    async def _until_found(self, client: httpx.AsyncClient, address: str) -> None:
        while True:
            try:
                response = await client.get(address)
            except httpx.TransportError as error:
                self._last_answer = f"{address}: {error!r}"
            else:
                if response.is_success:
                    return
                self._last_answer = f"{address}: {response.status_code} {response.text[:200]}"
            await asyncio.sleep(POLL_SECONDS)
