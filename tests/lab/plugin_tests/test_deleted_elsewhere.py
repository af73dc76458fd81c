"""The stand-in plugin as a process with its log: deleted resources, expired credentials, passwords, as in the
vendor's plugin."""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc  # type: ignore[import-untyped]  # grpcio ships no type information
import pytest
from google.protobuf import empty_pb2  # type: ignore[import-untyped]  # protobuf ships no type information
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc

from tests.lab.cloud_tests.sdk import Lab
from tests.lab.plugin_tests.scene import (
    CLUSTER,
    ENDPOINT,
    GR,
    NODE_POOL,
    PASSWORD,
    add_worker,
    configured,
    intranet,
    pool_of,
)
from tests.lab.tencentcloud_plugin import install
from tests.lab.tencentcloud_plugin.driver import Client, Failed, Managed, Refused
from tests.lab.tencentcloud_plugin.values import Object, Secret
from tests.lab.world import Endpoint


class Engine(engine_pb2_grpc.EngineServicer):
    """Keeps the log of a plugin."""

    def __init__(self) -> None:
        self.log: list[str] = []

    def Log(self, request: engine_pb2.LogRequest, context: grpc.ServicerContext) -> empty_pb2.Empty:
        assert request.severity == engine_pb2.DEBUG
        self.log.append(request.message)
        return empty_pb2.Empty()


@pytest.fixture
def engine() -> Iterator[tuple[Engine, str]]:
    server, kept = grpc.server(ThreadPoolExecutor()), Engine()
    engine_pb2_grpc.add_EngineServicer_to_server(kept, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield kept, f"127.0.0.1:{port}"
    server.stop(None).wait()


@pytest.fixture
def plugin(
    environment: None, engine: tuple[Engine, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator["subprocess.Popen[str]"]:
    install(tmp_path)
    launcher = tmp_path / "resource-tencentcloud-v0.2.3" / "pulumi-resource-tencentcloud"
    monkeypatch.setenv("PULUMI_PYTHON_CMD", sys.executable)
    with subprocess.Popen(
        [str(launcher), engine[1]], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        yield process
        process.kill()


@pytest.fixture
def client(plugin: "subprocess.Popen[str]") -> Iterator[Client]:
    assert plugin.stdout is not None
    with grpc.insecure_channel(f"127.0.0.1:{int(plugin.stdout.readline())}") as channel:
        yield configured(Client(channel))


@pytest.fixture
def cluster(client: Client) -> Managed:
    made = Managed(client, CLUSTER)
    made.up(GR)
    return made


@pytest.fixture
def pool(cluster: Managed) -> Managed:
    made = Managed(cluster.client, NODE_POOL)
    made.up(pool_of(cluster))
    return made


def test_a_gone_pool_cannot_be_deleted_and_ends_the_plugin_when_read(
    cloud: Lab, plugin: "subprocess.Popen[str]", cluster: Managed, pool: Managed
) -> None:
    cloud.world.clusters[cluster.id].node_pools.clear()
    with pytest.raises(Failed, match=r"InternalError\.Param.*Not Found"):
        pool.delete()
    with pytest.raises(grpc.RpcError):
        pool.refresh()
    assert plugin.wait(10) == 2
    assert plugin.stderr is not None
    assert "nil pointer dereference" in plugin.stderr.read()


def test_a_pool_of_a_gone_cluster_is_read_as_gone(cloud: Lab, pool: Managed) -> None:
    cloud.world.clusters.clear()
    pool.refresh()
    assert pool.id == ""


def test_a_gone_cluster_cannot_be_deleted_and_is_read_as_gone(cloud: Lab, cluster: Managed) -> None:
    cloud.world.clusters.clear()
    with pytest.raises(Failed, match=r"InternalError\.ClusterNotFound"):
        cluster.delete()
    cluster.refresh()
    assert cluster.id == ""


def test_deleting_an_endpoint_is_not_retried_and_a_closed_endpoint_needs_no_call(
    cloud: Lab, cluster: Managed
) -> None:
    add_worker(cloud, cluster, "running")
    endpoint = Managed(cluster.client, ENDPOINT)
    endpoint.up(intranet(cluster))
    cloud.fail("DeleteClusterEndpoint", "RequestLimitExceeded")
    with pytest.raises(Failed, match="RequestLimitExceeded"):
        endpoint.delete()
    assert cloud.actions().count("DeleteClusterEndpoint") == 1
    cloud.world.clusters[cluster.id].intranet = Endpoint()
    endpoint.delete()
    assert cloud.actions().count("DeleteClusterEndpoint") == 1


def test_reads_with_expired_credentials_are_repeated_and_writes_are_not(cloud: Lab, cluster: Managed) -> None:
    before = cloud.actions().count("DescribeClusters")
    cloud.fail("DescribeClusters", "AuthFailure.TokenFailure", "The token has expired.", times=1000)
    with pytest.raises(grpc.RpcError, match="The token has expired"):
        cluster.refresh()
    assert 1 < cloud.actions().count("DescribeClusters") - before < 20
    cloud.fail("DeleteCluster", "AuthFailure.TokenFailure", "The token has expired.", times=1000)
    with pytest.raises(Failed, match="The token has expired"):
        cluster.delete()
    assert cloud.actions().count("DeleteCluster") == 1


@pytest.mark.parametrize("wrong", ["Short-1", "Seventeen-letters", "onlyletters"])
def test_a_wrong_password_is_in_the_refusal_in_clear(cluster: Managed, pool: Managed, wrong: str) -> None:
    config: Object = {"instanceType": "S5.MEDIUM4", "password": Secret(wrong)}
    with pytest.raises(Refused, match=rf"auto_scaling_config\.0\.password.*{wrong}"):
        pool.check({**pool_of(cluster), "autoScalingConfig": config})


def test_requests_are_in_the_log_with_the_password_in_clear(
    engine: tuple[Engine, str], pool: Managed
) -> None:
    log = engine[0].log
    assert any("api[CreateClusterNodePool]" in line and PASSWORD in line for line in log)
