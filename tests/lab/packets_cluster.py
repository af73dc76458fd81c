"""One cluster of three zones with its packet network, for the tests that look at real packets. Stands in for
a VPC with TKE in it."""

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.lab.controllers import keys
from tests.lab.controllers.kube import DEPLOYMENT, INGRESS, SERVICE, Json, name_of
from tests.lab.controllers_tests import cluster as controlled
from tests.lab.controllers_tests.cluster import MANAGER, STATEFUL_SET, template
from tests.lab.lab import REGION, Lab, wait_until
from tests.lab.packets import names, unavailable
from tests.lab.packets.network import PacketNetwork
from tests.lab.toolchain import CONTROL_PLANE, ensure
from tests.lab.world import VpcCni

INTERNAL = {keys.SERVICE_SUBNET: "subnet-clb"}
DIRECT = {**INTERNAL, keys.SERVICE_DIRECT: "true"}
NODE_PORT = {**INTERNAL, keys.SERVICE_DIRECT: "false"}
ZONES = {"10.0.0.4": "100004", "10.0.0.6": "100006", "10.0.0.7": "100007"}
CBR0 = {"10.0.0.4": "192.168.0.1", "10.0.0.6": "192.168.0.65", "10.0.0.7": "192.168.0.129"}

# Sends each request on a new connection (with "keep": all on one connection), and prints each answer.
ASK = """
import concurrent.futures, http.client, json, ssl, sys
scheme, host, port, path, count, threads, seconds, headers = json.loads(sys.argv[1])
def ask(_):
    if scheme == "https":
        unverified = ssl._create_unverified_context()
        there = http.client.HTTPSConnection(host, port, timeout=seconds, context=unverified)
    else:
        there = http.client.HTTPConnection(host, port, timeout=seconds)
    try:
        there.request("GET", path, headers=headers)
        answer = there.getresponse()
        text = answer.read().decode()
        source = there.sock.getsockname()[0] if there.sock else ""
        return {"status": answer.status, "text": text, "source": source}
    except OSError as error:
        return {"status": 0, "text": repr(error), "source": ""}
    finally:
        there.close()
with concurrent.futures.ThreadPoolExecutor(threads) as pool:
    print(json.dumps(list(pool.map(ask, range(count)))))
"""
SAY = """
import json, socket, sys
host, port, data = json.loads(sys.argv[1])
with socket.create_connection((host, port), 8) as there:
    there.sendall(bytes.fromhex(data))
    there.shutdown(socket.SHUT_WR)
    print(there.makefile("rb").read().decode())
"""


class PacketLab(controlled.Lab):
    """A cluster with three zones, each with a container subnet and one node, and its packet network."""

    def __init__(self) -> None:
        super().__init__()
        self.world.subnets["subnet-eni-7"].cidr_block = "10.0.7.0/24"
        self.cluster.vpc_cni = VpcCni(
            "tke-route-eni", True, 300, ["subnet-eni-4", "subnet-eni-6", "subnet-eni-7"], True
        )
        self.network = PacketNetwork()

    async def prepare(self, binaries: Path, directory: Path) -> None:
        await self.start(binaries, directory)
        await self.until(self.phase("upgrading"))
        for node, zone in ZONES.items():
            self.add_node(f"{REGION}-{zone[-1]}", node)
            await self.until(partial(self.node, node))
        await self.until(self.phase("running"))
        for node in ZONES:
            await self.until(self.eni_ip_of(node))
        await self.network.start(self.world, self.cluster, self.cluster.kubeconfig)

    async def start(self, binaries: Path, directory: Path) -> None:
        await super().start(binaries, directory)
        self.cluster.kubeconfig = self._plane.kubeconfig

    async def end(self) -> None:
        await self.network.stop()
        await self.stop()

    async def pods_on(
        self, namespace: str, per_zone: dict[str, int], annotations: dict[str, str] | None = None
    ) -> list[Json]:
        """A workload that has so many pods in each zone; all of them ready."""
        for zone, count in per_zone.items():
            await self.deployment(namespace, zone, count, annotations)
        return await self.until(self.ready_pods(namespace, sum(per_zone.values())), timeout=40)

    async def deployment(
        self, namespace: str, zone: str, replicas: int, annotations: dict[str, str] | None = None
    ) -> None:
        """The part of one zone."""
        body: Json = {
            "metadata": {"name": f"web-{zone}", "namespace": namespace},
            "spec": {
                "replicas": replicas,
                "selector": {"matchLabels": {"app": "web", "zone": zone}},
                "template": template(annotations, zone),
            },
        }
        body["spec"]["template"]["metadata"]["labels"]["zone"] = zone
        await self.api.create(DEPLOYMENT, body, manager=MANAGER)

    async def vip(self, kind: type[Any], namespace: str) -> str:
        return await self.until(self.vip_of(kind, namespace, "web"))

    async def bound(self, vip: str, count: int) -> None:
        """Wait until the load balancer has this number of backends, and the packet network has followed."""

        async def there() -> bool:
            balancer = next(entry for entry in self.world.load_balancers.values() if entry.vip == vip)
            return bool(balancer.listeners) and all(
                len(listener.backends) == count for listener in balancer.listeners
            )

        await self.until(there)
        await asyncio.sleep(1.0)

    async def request(
        self, client: str, host: str, path: str = "/api", count: int = 1, **how: Any
    ) -> list[Json]:
        """The JSON answers to a client."""
        wanted = [how.get("scheme", "http"), host, how.get("port", 80), path, count, how.get("threads", 4)]
        wanted += [how.get("seconds", 8), how.get("headers", {})]
        text = await self.python(client, ASK, wanted)
        answers: list[Json] = json.loads(text)
        for answer in answers:
            answer["json"] = json.loads(answer["text"]) if answer["status"] == 200 and path != "/" else {}
        return answers

    async def send(self, client: str, host: str, data: bytes, port: int = 80) -> str:
        return await self.python(client, SAY, [host, port, data.hex()])

    async def python(self, client: str, script: str, argument: object) -> str:
        return await output("ip", "netns", "exec", client, sys.executable, "-c", script, json.dumps(argument))

    @contextlib.asynccontextmanager
    async def modes(self, **modes: bool) -> AsyncGenerator[None]:
        await self.network.change(**modes)
        try:
            yield
        finally:
            await self.network.change(**dict.fromkeys(modes, False))

    async def clear(self, namespace: str) -> None:
        """Room for the next one."""
        for kind in (SERVICE, INGRESS, DEPLOYMENT, STATEFUL_SET):
            found, _ = await self.api.list_all(kind, namespace)
            for item in found:
                await self.api.delete(kind, name_of(item), namespace)

        async def gone() -> bool:
            return not await self.pods(namespace)

        await self.until(gone)


async def output(*argv: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *argv, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    printed, errors = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, errors.decode()
    return printed.decode()


Scenario = Callable[[PacketLab, str], Coroutine[Any, Any, None]]


def skip_where_impossible() -> None:
    """Skip the tests of a module where there can be no packets, with the reason."""
    reason = unavailable()
    if reason is not None:
        pytest.skip(reason)


@contextlib.contextmanager
def running(directory: Path) -> "Generator[PacketLab]":
    """The cluster, until the end of the block. The block leaves nothing behind."""
    given = os.environ.get("LAB_BINARIES")
    binaries = Path(given) if given else ensure(only=CONTROL_PLANE).bin
    made = PacketLab()
    try:
        made.run(made.prepare(binaries, directory), timeout=180)
        yield made
    finally:
        made.run(made.end())
        made.loop.close()
    assert not names.existing(names.prefix())


def run(lab: PacketLab, name: str, scenario: Scenario) -> None:
    async def whole() -> None:
        namespace = await lab.namespace(name)
        await scenario(lab, namespace)
        await lab.clear(namespace)

    lab.run(whole(), timeout=120)


async def ingress(lab: PacketLab, namespace: str, direct: str) -> str:
    body: Json = {
        "metadata": {
            "name": "web",
            "namespace": namespace,
            "annotations": {keys.INGRESS_SUBNET: "subnet-clb", keys.INGRESS_DIRECT: direct},
        },
        "spec": {
            "rules": [
                {
                    "http": {
                        "paths": [
                            {
                                "path": "/",
                                "pathType": "Prefix",
                                "backend": {"service": {"name": "web", "port": {"number": 80}}},
                            },
                        ]
                    }
                }
            ]
        },
    }
    await lab.api.create(INGRESS, body, manager=MANAGER)
    return await lab.vip(INGRESS, namespace)


def with_cluster(lab: Lab) -> list[str]:
    """Create a cluster through the API. Return the namespaces of its packet network."""
    vpc_id = lab.call("vpc", "CreateVpc", {"VpcName": "lab", "CidrBlock": "10.0.0.0/16"})["Vpc"]["VpcId"]
    request: dict[str, object] = {
        "ClusterType": "MANAGED_CLUSTER",
        "ClusterCIDRSettings": {
            "ClusterCIDR": "192.168.0.0/20",
            "MaxNodePodNum": 64,
            "MaxClusterServiceNum": 1024,
        },
        "ClusterBasicSettings": {"VpcId": vpc_id, "ClusterName": "packets", "ClusterVersion": "1.30.0"},
    }
    lab.call("tke", "CreateCluster", request)

    def up() -> list[str]:
        with contextlib.suppress(httpx.HTTPStatusError):
            return names.existing(str(lab.packets()["router"]).removesuffix("-vpc"))
        return []

    found: list[str] = wait_until("a packet network", up)
    return found
