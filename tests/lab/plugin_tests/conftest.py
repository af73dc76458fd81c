"""The stand-in plugin as a gRPC server whose calls go to the lab's own cloud. Each test has a fresh plugin
and a fresh cloud."""

from collections.abc import Iterator

import grpc  # type: ignore[import-untyped]  # grpcio ships no type information
import pytest

from tests.lab.cloud_tests.sdk import Lab, running_lab
from tests.lab.plugin_tests.scene import CLUSTER, SUBNETS, VPC_ID, ZONE, configured
from tests.lab.tencentcloud_plugin.driver import Client, Managed
from tests.lab.tencentcloud_plugin.server import serve
from tests.lab.world import RouteTable, Subnet, Vpc


@pytest.fixture
def cloud() -> Iterator[Lab]:
    """One VPC with three subnets. Control planes start at once. No controllers run, so ipamd is set to
    `running`, and nodes stay `initializing`."""
    with running_lab() as lab:
        world = lab.world
        world.vpcs[VPC_ID] = Vpc(VPC_ID, "main", "10.0.0.0/16")
        world.route_tables["rtb-main"] = RouteTable("rtb-main", "default", VPC_ID, main=True)
        for number, name in enumerate(SUBNETS):
            world.subnets[name] = Subnet(name, name, VPC_ID, ZONE, f"10.0.{number}.0/24", "rtb-main")
        lab.runtime.seconds = 0
        lab.set(ipamd_phase="running")
        yield lab


@pytest.fixture
def environment(cloud: Lab, monkeypatch: pytest.MonkeyPatch, no_proxies: None) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{cloud.port}")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    monkeypatch.setenv("TENCENTCLOUD_DOMAIN", "lab.test")
    monkeypatch.setenv("TENCENTCLOUD_PROTOCOL", "HTTP")
    monkeypatch.setenv("LAB_PLUGIN_TIME_SCALE", "0.003")
    monkeypatch.setenv("TENCENTCLOUD_READ_RETRY_TIMEOUT", "1")
    monkeypatch.setenv("TENCENTCLOUD_WRITE_RETRY_TIMEOUT", "3")


@pytest.fixture
def client(environment: None) -> Iterator[Client]:
    server, port = serve()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield configured(Client(channel))
    server.stop(None).wait()


@pytest.fixture
def cluster(client: Client) -> Managed:
    return Managed(client, CLUSTER)
