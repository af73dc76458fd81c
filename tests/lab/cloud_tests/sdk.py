"""The official SDK as a client of the stand-in cloud."""

import asyncio
import base64
import importlib
import json
import tempfile
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
import uvicorn

from tests.lab.cloud import create_app
from tests.lab.cloud.tls_door import make_identity, protocol_with_tls
from tests.lab.world import Cluster, World

SECRET_ID, SECRET_KEY = "AKIDlab", "lab-secret-key"  # of the lab only


REGION = "ap-guangzhou"


CA = "-----BEGIN CERTIFICATE-----\nlab\n-----END CERTIFICATE-----\n"


KUBECONFIG = (
    "apiVersion: v1\nkind: Config\nclusters:\n- name: lab\n  cluster:\n    server: https://127.0.0.1:1\n"
    f"    certificate-authority-data: {base64.b64encode(CA.encode()).decode()}\n"
)


Json = dict[str, Any]


class FakeRuntime:
    """Control planes without processes: `start` and `stop` wait for `seconds`."""

    def __init__(self) -> None:
        self.seconds = 0.02
        self.fails = False
        self.stopped: list[str] = []
        self.wakes = 0

    async def start(self, cluster: Cluster) -> None:
        await asyncio.sleep(self.seconds)
        if self.fails:
            raise RuntimeError("no control plane today")
        cluster.kubeconfig = KUBECONFIG

    async def stop(self, cluster: Cluster) -> None:
        await asyncio.sleep(self.seconds)
        self.stopped.append(cluster.cluster_id)

    def wake(self) -> None:
        """Count the calls, because there are no controllers."""
        self.wakes += 1


class Lab:
    """A running stand-in and the official SDK's clients for it."""

    def __init__(self, port: int, world: World, runtime: FakeRuntime, authority: Path) -> None:
        self.port, self.world, self.runtime, self.authority = port, world, runtime, authority
        self.control = httpx.Client(base_url=f"http://127.0.0.1:{port}/_lab", trust_env=False)

    def client(
        self,
        name: str,
        *,
        key: str = SECRET_KEY,
        identity: str = SECRET_ID,
        region: str = REGION,
        session: str | None = None,
    ) -> Any:
        """A typed client: `tke`, `vpc`, or a `CommonClient` of any other service."""
        profile = importlib.import_module("tencentcloud.common.profile.http_profile").HttpProfile(
            protocol="http", rootDomain="lab.test", reqTimeout=10
        )
        profile.proxy = f"127.0.0.1:{self.port}"
        client_profile = importlib.import_module("tencentcloud.common.profile.client_profile").ClientProfile(
            httpProfile=profile
        )
        credential = importlib.import_module("tencentcloud.common.credential").Credential(
            identity, key, session
        )
        typed = {
            "tke": ("v20180525", "TkeClient"),
            "tke-2022": ("v20220501", "TkeClient"),
            "vpc": ("v20170312", "VpcClient"),
        }
        if name in typed:
            version, kind = typed[name]
            service = name.partition("-")[0]
            module = importlib.import_module(f"tencentcloud.{service}.{version}.{service}_client")
            return getattr(module, kind)(credential, region, client_profile)
        versions = {
            "as": "2018-04-19",
            "cvm": "2017-03-12",
            "sts": "2018-08-13",
            "tag": "2018-08-13",
            "cam": "2019-01-16",
        }
        common = importlib.import_module("tencentcloud.common.common_client").CommonClient
        return common(name, versions[name], credential, region, client_profile)

    def call(self, service: str, action: str, params: Json | None = None, **how: Any) -> Json:
        """Call an action. Return the answer, after the official model has parsed all of its fields."""
        answer = cast("Json", self.client(service, **how).call_json(action, params or {}))["Response"]
        packages = {
            "tke": "tencentcloud.tke.v20180525.models",
            "tke-2022": "tencentcloud.tke.v20220501.models",
            "vpc": "tencentcloud.vpc.v20170312.models",
        }
        if service in packages:
            package = packages[service]
            model: Any = getattr(importlib.import_module(package), f"{action}Response")()
            model._deserialize(answer)
            parsed = cast("Json", json.loads(model.to_json_string()))
            assert_same_shape(answer, parsed, action)
        return cast("Json", answer)

    def refused(self, service: str, action: str, params: Json | None = None, **how: Any) -> tuple[str, str]:
        """Code and message of the error that must come."""
        failure = importlib.import_module("tencentcloud.common.exception").TencentCloudSDKException
        with pytest.raises(failure) as caught:
            self.call(service, action, params, **how)
        error: Any = caught.value
        return str(error.get_code()), str(error.get_message())

    def vpc(self, cidr: str = "10.0.0.0/16") -> str:
        return cast(
            "str", self.call("vpc", "CreateVpc", {"VpcName": "lab", "CidrBlock": cidr})["Vpc"]["VpcId"]
        )

    def subnet(self, vpc_id: str, cidr: str, zone: int = 4) -> str:
        request = {"VpcId": vpc_id, "SubnetName": "s", "CidrBlock": cidr, "Zone": f"{REGION}-{zone}"}
        return cast("str", self.call("vpc", "CreateSubnet", request)["Subnet"]["SubnetId"])

    def cluster(self, vpc_id: str, **cidrs: Any) -> str:
        cluster_id = cast(
            "str", self.call("tke", "CreateCluster", cluster_request(vpc_id, **cidrs))["ClusterId"]
        )
        wait(lambda: self.shown(cluster_id)["ClusterStatus"] == "Running")
        return cluster_id

    def shown(self, cluster_id: str) -> Json:
        return cast("Json", self.call("tke", "DescribeClusters", {"ClusterIds": [cluster_id]})["Clusters"][0])

    def pool(self, cluster_id: str, vpc_id: str, subnets: list[str], desired: int = 1, **more: Any) -> str:
        return cast(
            "str",
            self.call(
                "tke", "CreateClusterNodePool", pool_request(cluster_id, vpc_id, subnets, desired, **more)
            )["NodePoolId"],
        )

    def enable(self, cluster_id: str, subnets: list[str], **more: Any) -> None:
        self.call("tke", "EnableVpcCniNetworkType", enable_request(cluster_id, subnets, **more))

    def calls(self) -> list[Json]:
        return cast("list[Json]", self.control.get("/calls").json())

    def actions(self) -> list[str]:
        return [call["action"] for call in self.calls()]

    def sent(self, action: str) -> list[Json]:
        """The parameters of every call of `action`."""
        return [call["request"] for call in self.calls() if call["action"] == action]

    def fail(self, action: str, code: str, message: str = "no", *, times: int = 1) -> None:
        """The next `times` calls of `action` return this error."""
        fault = {"action": action, "kind": "error", "code": code, "message": message, "times": times}
        self.control.post("/faults", json=fault).raise_for_status()

    def set(self, **settings: object) -> None:
        self.control.patch("/settings", json=settings).raise_for_status()


def cluster_request(vpc_id: str, **cidrs: Any) -> Json:
    ranges = {"ClusterCIDR": "192.168.0.0/20", "MaxNodePodNum": 64, "MaxClusterServiceNum": 1024, **cidrs}
    return {
        "ClusterType": "MANAGED_CLUSTER",
        "ClusterCIDRSettings": {name: value for name, value in ranges.items() if value is not None},
        "ClusterBasicSettings": {"VpcId": vpc_id, "ClusterName": "hybrid"},
        "ClusterAdvancedSettings": {"NetworkType": "GR", "VpcCniType": "", "IPVS": True},
    }


def enable_request(cluster_id: str, subnets: list[str], **more: Any) -> Json:
    request = {
        "ClusterId": cluster_id,
        "VpcCniType": "tke-route-eni",
        "EnableStaticIp": True,
        "Subnets": subnets,
    }
    return {**request, "ExpiredSeconds": 300, **more}


def pool_request(cluster_id: str, vpc_id: str, subnets: list[str], desired: int = 1, **more: Any) -> Json:
    group = {"MaxSize": 5, "MinSize": 0, "DesiredCapacity": desired, "VpcId": vpc_id, "SubnetIds": subnets}
    launch = {
        "InstanceType": "S5.MEDIUM4",
        "LoginSettings": {"Password": "do-not-tell"},
        "SecurityGroupIds": ["sg-1"],
    }
    return {
        "ClusterId": cluster_id,
        "Name": "pool",
        "AutoScalingGroupPara": json.dumps({**group, **more}),
        "LaunchConfigurePara": json.dumps(launch),
        "InstanceAdvancedSettings": {},
        "EnableAutoscale": False,
        "Labels": [{"Name": "zone", "Value": "four"}],
        "Taints": [{"Key": "k", "Value": "v", "Effect": "NoSchedule"}],
    }


def assert_same_shape(answer: Any, parsed: Any, path: str) -> None:
    """Fail if the official model does not know a field of the answer. (A model has null for an absent
    field.)"""
    if isinstance(answer, dict):
        values, known = cast("Json", answer), cast("Json", parsed)
        assert known is not None, path
        for name, value in values.items():
            assert name in known, f"{path}.{name} is not a field of the model"
            assert_same_shape(value, known[name], f"{path}.{name}")
    elif isinstance(answer, list):
        answers = cast("list[object]", answer)
        for one, other in zip(answers, parsed, strict=True):
            assert_same_shape(one, other, path)
    else:
        assert answer == parsed, path


def wait(condition: Callable[[], bool], seconds: float = 5) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.01)


@contextmanager
def running_lab() -> Generator[Lab]:
    world, runtime = World(), FakeRuntime()
    app = create_app(
        world, runtime, {SECRET_ID: SECRET_KEY, "AKIDtemp": "temp-key"}, tokens={"AKIDtemp": "tok"}
    )
    folder = tempfile.TemporaryDirectory(prefix="tke-hybrid-lab-")
    identity = make_identity(Path(folder.name))
    http = protocol_with_tls(identity.context)
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, http=http, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    wait(lambda: server.started)
    running = Lab(server.servers[0].sockets[0].getsockname()[1], world, runtime, identity.authority)
    running.set(slow_endpoint=0.0, slow_delete=0.0)
    try:
        yield running
    finally:
        running.control.close()
        server.should_exit = True
        thread.join(10)
        folder.cleanup()
    assert not thread.is_alive()
