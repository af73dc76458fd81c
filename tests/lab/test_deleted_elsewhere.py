"""The stand-in plugin does to resources that are gone what the vendor's plugin does: as a process, with its
log."""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc  # type: ignore[import-untyped]  # grpcio ships no type information
import pytest
from google.protobuf import empty_pb2  # type: ignore[import-untyped]  # protobuf ships no type information
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc

from tests.lab.tencentcloud_plugin import install
from tests.lab.tencentcloud_plugin.driver import Client, Failed, Managed, Refused
from tests.lab.tencentcloud_plugin.fake_api import FakeApi, Fault, serving
from tests.lab.tencentcloud_plugin.values import Object, Secret
from tests.lab.test_tencentcloud_plugin import CLUSTER, ENDPOINT, GR, NODE_POOL, POOL, worker

PASSWORD = "Pass-word-1"


class Engine(engine_pb2_grpc.EngineServicer):
    """Keeps what a plugin logs."""

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
def api() -> FakeApi:
    return FakeApi()


@pytest.fixture
def plugin(
    api: FakeApi, engine: tuple[Engine, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator["subprocess.Popen[str]"]:
    install(tmp_path)
    launcher = tmp_path / "resource-tencentcloud-v0.2.3" / "pulumi-resource-tencentcloud"
    with serving(api) as address:
        for name, value in {
            "PULUMI_PYTHON_CMD": sys.executable,
            "HTTP_PROXY": address,
            "NO_PROXY": "127.0.0.1,localhost",
            "TENCENTCLOUD_DOMAIN": "lab.test",
            "TENCENTCLOUD_PROTOCOL": "HTTP",
            "LAB_PLUGIN_TIME_SCALE": "0.003",
        }.items():
            monkeypatch.setenv(name, value)
        with subprocess.Popen(
            [str(launcher), engine[1]], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:  # our own file
            yield process
            process.kill()


@pytest.fixture
def client(plugin: "subprocess.Popen[str]") -> Iterator[Client]:
    assert plugin.stdout is not None
    with grpc.insecure_channel(f"127.0.0.1:{int(plugin.stdout.readline())}") as channel:
        client = Client(channel)
        client.configure({"secretId": "id", "secretKey": Secret("key"), "region": "ap-guangzhou"})
        yield client


@pytest.fixture
def cluster(client: Client) -> Managed:
    made = Managed(client, CLUSTER)
    made.up(GR)
    return made


@pytest.fixture
def pool(cluster: Managed) -> Managed:
    made = Managed(cluster.client, NODE_POOL)
    made.up(POOL)
    return made


def test_a_pool_that_is_gone_cannot_be_deleted_and_ends_the_plugin_when_read(
    api: FakeApi, plugin: "subprocess.Popen[str]", pool: Managed
) -> None:
    api.pools.clear()
    api.faults["DeleteClusterNodePool"] = [
        Fault("InternalError.Param", "PARAM_ERROR[nodepool np-0 Not Found].")
    ]
    with pytest.raises(Failed, match="Not Found"):
        pool.delete()
    with pytest.raises(grpc.RpcError):
        pool.refresh()
    assert plugin.wait(10) == 2
    assert plugin.stderr is not None
    assert "nil pointer dereference" in plugin.stderr.read()


def test_a_pool_of_a_cluster_that_is_gone_is_read_as_gone(api: FakeApi, pool: Managed) -> None:
    api.clusters.clear()
    pool.refresh()
    assert pool.id == ""


def test_a_cluster_that_is_gone_cannot_be_deleted_and_is_read_as_gone(api: FakeApi, cluster: Managed) -> None:
    api.clusters.clear()
    with pytest.raises(Failed, match=r"InternalError\.ClusterNotFound"):
        cluster.delete()
    cluster.refresh()
    assert cluster.id == ""


def test_deleting_an_endpoint_is_not_retried_and_a_closed_one_needs_no_call(
    api: FakeApi, cluster: Managed
) -> None:
    api.workers = [worker("running")]
    endpoint = Managed(cluster.client, ENDPOINT)
    endpoint.up({"clusterId": "cls-0", "clusterIntranet": True, "clusterIntranetSubnetId": "subnet-0"})
    api.faults["DeleteClusterEndpoint"] = [Fault("RequestLimitExceeded")]
    with pytest.raises(Failed, match="RequestLimitExceeded"):
        endpoint.delete()
    assert api.actions().count("DeleteClusterEndpoint") == 1
    api.endpoints[False] = "NotFound"
    endpoint.delete()
    assert api.actions().count("DeleteClusterEndpoint") == 1


def test_reads_with_expired_credentials_are_repeated_and_writes_are_not(
    api: FakeApi, cluster: Managed
) -> None:
    expired = [Fault("AuthFailure.TokenFailure", "The token has expired.") for _ in range(1000)]
    api.faults["DescribeClusters"] = list(expired)
    with pytest.raises(grpc.RpcError, match="The token has expired"):
        cluster.refresh()
    assert 1 < len(expired) - len(api.faults["DescribeClusters"]) < 20
    api.faults["DeleteCluster"] = list(expired)
    with pytest.raises(Failed, match="The token has expired"):
        cluster.delete()
    assert len(api.faults["DeleteCluster"]) == len(expired) - 1


@pytest.mark.parametrize("wrong", ["Short-1", "Seventeen-letters", "onlyletters"])
def test_a_wrong_password_stands_in_the_refusal_in_clear(pool: Managed, wrong: str) -> None:
    config: Object = {"instanceType": "S5.MEDIUM4", "password": Secret(wrong)}
    with pytest.raises(Refused, match=rf"auto_scaling_config\.0\.password.*{wrong}"):
        pool.check({**POOL, "autoScalingConfig": config})


def test_requests_are_in_the_log_with_the_password_in_clear(
    engine: tuple[Engine, str], pool: Managed
) -> None:
    log = engine[0].log
    assert any("api[CreateClusterNodePool]" in line and PASSWORD in line for line in log)
