"""Functions (data sources) of the stand-in plugin, and its launcher as the Pulumi engine starts it."""

import subprocess
import sys
from pathlib import Path
from typing import cast

import grpc  # type: ignore[import-untyped]  # grpcio ships no type information
import pytest

from tests.lab.cloud_tests.sdk import Lab
from tests.lab.plugin_tests.scene import GR, PODS, SUBNET, VPC_ID, A, B
from tests.lab.tencentcloud_plugin import install
from tests.lab.tencentcloud_plugin.driver import Client, Managed
from tests.lab.tencentcloud_plugin.values import Object


def test_functions(cloud: Lab, client: Client, cluster: Managed) -> None:
    cluster.up(GR)
    cloud.enable(cluster.id, [A, B])

    result = client.invoke("tencentcloud:Kubernetes/getClusters:getClusters", {"clusterId": cluster.id})
    (found,) = cast("list[Object]", result["lists"])
    assert (found["eniSubnetIds"], found["vpcCniType"]) == ([A, B], "tke-route-eni")
    assert found["networkType"] == ""
    subnet = Managed(client, SUBNET)
    subnet.up(PODS)
    result = client.invoke("tencentcloud:Vpc/getSubnets:getSubnets", {"vpcId": VPC_ID})
    free = {one["subnetId"]: one["availableIpCount"] for one in cast("list[Object]", result["instanceLists"])}
    assert free[subnet.id] == 253
    with pytest.raises(grpc.RpcError, match="unrecognized data function"):
        client.invoke("tencentcloud:Vpc/getAcls:getAcls", {})


def test_launcher_prints_its_port_and_stops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_PYTHON_CMD", sys.executable)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "__init__.py").write_text("raise SystemExit('the tests of another project')")
    install(tmp_path)
    launcher = tmp_path / "resource-tencentcloud-v0.2.3" / "pulumi-resource-tencentcloud"
    with subprocess.Popen([str(launcher), "127.0.0.1:1"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            assert Client(channel).version() == "0.2.3"
        process.terminate()
        assert process.wait(10) == 0
