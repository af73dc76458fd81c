"""The Tencent Cloud API stand-in, asked by the official SDK over real sockets."""

import asyncio
import base64
import importlib
import json
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Any, cast

import httpx
import pytest
import requests
import uvicorn

from tests.lab.cloud import Settings, create_app
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
    """Control planes that take no time."""

    def __init__(self) -> None:
        self.fails = False
        self.stopped: list[str] = []

    async def start(self, cluster: Cluster) -> None:
        await asyncio.sleep(0.02)
        if self.fails:
            raise RuntimeError("no control plane today")
        cluster.kubeconfig = KUBECONFIG

    async def stop(self, cluster: Cluster) -> None:
        await asyncio.sleep(0.02)
        self.stopped.append(cluster.cluster_id)


class Lab:
    """A running stand-in and the official SDK's clients for it."""

    def __init__(self, port: int, world: World, runtime: FakeRuntime) -> None:
        self.port, self.world, self.runtime = port, world, runtime
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
        """The answer, after the official model has parsed it without anything left over."""
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

    def actions(self) -> list[str]:
        return [call["action"] for call in self.control.get("/calls").json()]


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
    """Nothing of the answer may be unknown to the official model. (Models leave out what was not answered:
    null.)"""
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
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    wait(lambda: server.started)
    running = Lab(server.servers[0].sockets[0].getsockname()[1], world, runtime)
    running.control.patch("/settings", json={"slow_endpoint": 0.0, "slow_delete": 0.0})
    try:
        yield running
    finally:
        running.control.close()
        server.should_exit = True
        thread.join(10)
    assert not thread.is_alive()


@pytest.fixture
def lab() -> Iterator[Lab]:
    with running_lab() as running:
        yield running


# --- the gate
# -------------------------------------------------------------------------------------------------------


def test_signed_call_of_the_typed_client(lab: Lab) -> None:
    models = importlib.import_module("tencentcloud.vpc.v20170312.models")
    answer = lab.client("vpc").DescribeVpcs(models.DescribeVpcsRequest())
    assert (answer.TotalCount, answer.VpcSet) == (0, [])
    assert answer.RequestId


def test_wrong_credentials_are_refused(lab: Lab) -> None:
    assert lab.refused("vpc", "DescribeVpcs", key="wrong")[0] == "AuthFailure.SignatureFailure"
    assert lab.refused("vpc", "DescribeVpcs", identity="AKIDother")[0] == "AuthFailure.SecretIdNotFound"
    assert lab.refused("vpc", "DescribeVpcs", session="unasked")[0] == "AuthFailure.TokenFailure"
    temporary: dict[str, Any] = {"identity": "AKIDtemp", "key": "temp-key"}
    assert lab.refused("vpc", "DescribeVpcs", **temporary)[0] == "AuthFailure.TokenFailure"
    assert lab.call("vpc", "DescribeVpcs", **temporary, session="tok")["TotalCount"] == 0


def test_old_signature_and_changed_body_are_refused(lab: Lab) -> None:
    client = lab.client("vpc")
    real = client.request.send_request
    failure = importlib.import_module("tencentcloud.common.exception").TencentCloudSDKException

    def aged(request: Any) -> Any:
        request.header["X-TC-Timestamp"] = str(int(time.time()) - 600)
        return real(request)

    def tampered(request: Any) -> Any:
        request.data = json.dumps({"Limit": "5"})
        return real(request)

    client.request.send_request = aged
    with pytest.raises(failure, match=r"AuthFailure\.SignatureExpire"):
        client.call_json("DescribeVpcs", {})
    client.request.send_request = tampered
    with pytest.raises(failure, match=r"AuthFailure\.SignatureFailure"):
        client.call_json("DescribeVpcs", {})


def test_what_is_missing_or_unknown(lab: Lab) -> None:
    assert lab.refused("vpc", "DescribeVpcs", region="")[0] == "MissingParameter"
    assert lab.refused("vpc", "DescribeVpcs", region="here")[0] == "UnsupportedRegion"
    failure = importlib.import_module("tencentcloud.common.exception").TencentCloudSDKException
    with pytest.raises(failure, match="InvalidAction"):
        lab.client("tke").call_json("DescribeNothing", {})
    client = lab.client("tke")
    client._apiVersion = "2020-05-01"
    with pytest.raises(failure, match="NoSuchVersion"):
        client.call_json("DescribeClusters", {})
    assert lab.refused("tke", "DescribeClusters", {"ClusterId": "cls-1"}) == (
        "UnknownParameter",
        "The parameter `ClusterId` is not recognized.",
    )
    code, message = lab.refused(
        "tke", "CreateCluster", {"ClusterType": "MANAGED_CLUSTER", "ClusterBasicSettings": {"Vpc": "vpc-1"}}
    )
    assert (code, "ClusterBasicSettings.Vpc" in message) == ("UnknownParameter", True)
    assert lab.refused("tke", "DescribeClusters", {"ClusterIds": "cls-1"})[0] == "InvalidParameter"
    assert lab.refused("tke", "DescribeClusters", {"Limit": "20"})[0] == "InvalidParameter"
    assert lab.refused("vpc", "CreateVpc", {"VpcName": "no range"})[0] == "MissingParameter"


def test_absolute_form_and_environment_proxy(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{lab.port}")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    answer = requests.post(
        "http://tke.lab.test/", data="{}", headers={"X-TC-Action": "DescribeClusters"}, timeout=5
    )
    assert answer.status_code == 200
    assert answer.json()["Response"]["Error"]["Code"] == "MissingParameter"
    assert lab.control.get("/calls").json()[-1]["service"] == "tke"
    # The SDK's own way to the proxy: no `proxy` in its profile.
    http_profile = importlib.import_module("tencentcloud.common.profile.http_profile").HttpProfile(
        protocol="http", rootDomain="lab.test"
    )
    profile = importlib.import_module("tencentcloud.common.profile.client_profile").ClientProfile(
        httpProfile=http_profile
    )
    credential = importlib.import_module("tencentcloud.common.credential").Credential(SECRET_ID, SECRET_KEY)
    client = importlib.import_module("tencentcloud.common.common_client").CommonClient(
        "tke", "2018-05-25", credential, REGION, profile
    )
    assert client.call_json("DescribeClusters", {})["Response"]["TotalCount"] == 0


def test_origin_form(lab: Lab) -> None:
    answer = httpx.post(
        f"http://127.0.0.1:{lab.port}/", headers={"host": "nothing.lab.test"}, json={}, trust_env=False
    )
    assert answer.json()["Response"]["Error"]["Code"] == "MissingParameter"
    assert answer.headers["content-type"] == "application/json"


# --- network
# --------------------------------------------------------------------------------------------------------


def test_subnet_rules(lab: Lab) -> None:
    vpc_id = lab.vpc()
    first = lab.subnet(vpc_id, "10.0.0.0/24")
    wanted = {"VpcId": vpc_id, "SubnetName": "s", "Zone": f"{REGION}-4"}
    assert (
        lab.refused("vpc", "CreateSubnet", {**wanted, "CidrBlock": "10.0.0.0/24"})[0]
        == "InvalidParameterValue.SubnetConflict"
    )
    assert (
        lab.refused("vpc", "CreateSubnet", {**wanted, "CidrBlock": "10.0.0.128/25"})[0]
        == "InvalidParameterValue.SubnetOverlap"
    )
    assert (
        lab.refused("vpc", "CreateSubnet", {**wanted, "CidrBlock": "10.1.0.0/24"})[0]
        == "InvalidParameterValue.SubnetRange"
    )
    assert (
        lab.refused("vpc", "CreateSubnet", {**wanted, "CidrBlock": "10.0.1.1/24"})[0]
        == "InvalidParameterValue.Malformed"
    )
    abroad = {**wanted, "CidrBlock": "10.0.1.0/24", "Zone": "ap-shanghai-2"}
    assert lab.refused("vpc", "CreateSubnet", abroad)[0] == "InvalidParameterValue.UnavailableZone"
    assert lab.refused("vpc", "DeleteVpc", {"VpcId": vpc_id})[0] == "ResourceInUse"
    described = lab.call(
        "vpc",
        "DescribeSubnets",
        {"Filters": [{"Name": "subnet-id", "Values": [first]}], "Limit": "20", "Offset": "0"},
    )
    assert described["TotalCount"] == 1
    shown = described["SubnetSet"][0]
    assert (shown["AvailableIpAddressCount"], shown["CdcId"], shown["Zone"]) == (253, "", f"{REGION}-4")
    tables = lab.call(
        "vpc", "DescribeRouteTables", {"Filters": [{"Name": "association.main", "Values": ["true"]}]}
    )
    assert tables["RouteTableSet"][0]["RouteTableId"] == shown["RouteTableId"]
    lab.call(
        "vpc",
        "ModifySubnetAttribute",
        {"SubnetId": first, "SubnetName": "renamed", "EnableBroadcast": "false"},
    )
    assert (
        lab.call("vpc", "DescribeSubnets", {"SubnetIds": [first]})["SubnetSet"][0]["SubnetName"] == "renamed"
    )
    lab.call("vpc", "DeleteSubnet", {"SubnetId": first})
    lab.call("vpc", "DeleteVpc", {"VpcId": vpc_id})
    assert lab.refused("vpc", "DeleteVpc", {"VpcId": vpc_id})[0] == "ResourceNotFound"
    assert lab.world.route_tables == {}


def test_another_region_sees_nothing(lab: Lab) -> None:
    vpc_id = lab.vpc()
    cluster_id = lab.cluster(vpc_id)
    elsewhere: dict[str, Any] = {"region": "ap-shanghai"}
    assert lab.call("vpc", "DescribeVpcs", **elsewhere)["TotalCount"] == 0
    assert lab.call("tke", "DescribeClusters", {"ClusterIds": [cluster_id]}, **elsewhere)["Clusters"] == []
    assert (
        lab.refused("tke", "DescribeIPAMD", {"ClusterId": cluster_id}, **elsewhere)[0]
        == "InternalError.ClusterNotFound"
    )
    assert lab.refused("vpc", "DeleteVpc", {"VpcId": vpc_id}, **elsewhere)[0] == "ResourceNotFound"


def test_another_account_sees_nothing_and_has_its_own(lab: Lab) -> None:
    vpc_id = lab.vpc()
    cluster_id = lab.cluster(vpc_id)
    assert lab.control.patch("/settings", json={"account": "100000000099"}).is_success
    assert lab.call("sts", "GetCallerIdentity")["AccountId"] == "100000000099"
    assert lab.call("vpc", "DescribeVpcs")["TotalCount"] == 0
    assert lab.call("tke", "DescribeClusters", {"ClusterIds": [cluster_id]})["Clusters"] == []
    assert (
        lab.refused("tke", "DescribeIPAMD", {"ClusterId": cluster_id})[0] == "InternalError.ClusterNotFound"
    )
    assert lab.refused("vpc", "DeleteVpc", {"VpcId": vpc_id})[0] == "ResourceNotFound"
    own = lab.vpc()
    assert lab.control.patch("/settings", json={"account": ""}).is_success
    assert [item["VpcId"] for item in lab.call("vpc", "DescribeVpcs")["VpcSet"]] == [vpc_id]
    assert own not in lab.world.vpcs


def test_tags(lab: Lab) -> None:
    vpc_id = lab.vpc()
    subnet_id = lab.subnet(vpc_id, "10.0.0.0/24")
    change = {
        "Resource": f"qcs::vpc:{REGION}:uin/:subnet/{subnet_id}",
        "ReplaceTags": [{"TagKey": "a", "TagValue": "1"}, {"TagKey": "b", "TagValue": "2"}],
    }
    lab.call("tag", "ModifyResourceTags", change)
    lab.call("tag", "ModifyResourceTags", {"Resource": change["Resource"], "DeleteTags": [{"TagKey": "a"}]})
    asked = {
        "ServiceType": "vpc",
        "ResourcePrefix": "subnet",
        "ResourceRegion": REGION,
        "ResourceIds": [subnet_id],
        "Limit": 20,
    }
    tags = lab.call("tag", "DescribeResourceTagsByResourceIds", asked)["Tags"]
    assert [(tag["ResourceId"], tag["TagKey"], tag["TagValue"]) for tag in tags] == [(subnet_id, "b", "2")]
    found = lab.call("vpc", "DescribeSubnets", {"Filters": [{"Name": "tag:b", "Values": ["2"]}]})
    assert found["TotalCount"] == 1
    assert lab.refused("vpc", "DescribeSubnets", {"Filters": [{"Name": "x", "Values": ["2"]}]})[0].startswith(
        "InvalidParameter"
    )


def test_security_group(lab: Lab) -> None:
    made = lab.call(
        "vpc", "CreateSecurityGroup", {"GroupName": "g", "GroupDescription": "d", "ProjectId": "0"}
    )
    group_id = made["SecurityGroup"]["SecurityGroupId"]
    rule = {"Protocol": "TCP", "Port": "80", "CidrBlock": "10.0.0.0/16", "Action": "ACCEPT"}
    lab.call(
        "vpc",
        "ModifySecurityGroupPolicies",
        {"SecurityGroupId": group_id, "SecurityGroupPolicySet": {"Version": "1", "Ingress": [rule]}},
    )
    policies = lab.call("vpc", "DescribeSecurityGroupPolicies", {"SecurityGroupId": group_id})[
        "SecurityGroupPolicySet"
    ]
    assert (policies["Ingress"], policies["Egress"]) == ([{**rule, "PolicyIndex": 0}], [])
    usage = lab.call("vpc", "DescribeSecurityGroupAssociationStatistics", {"SecurityGroupIds": [group_id]})
    assert usage["SecurityGroupAssociationStatisticsSet"][0]["TotalCount"] == 0
    assert (
        lab.call("vpc", "DescribeSecurityGroups", {"SecurityGroupIds": [group_id]})["SecurityGroupSet"][0][
            "ProjectId"
        ]
        == "0"
    )
    lab.call("vpc", "DeleteSecurityGroup", {"SecurityGroupId": group_id})


# --- clusters
# -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cidrs", "code"),
    [
        ({"ClusterCIDR": None}, "InvalidParameter.CidrInvalid"),
        ({"ClusterCIDR": "10.0.64.0/20"}, "InvalidParameter.CidrConflictWithVpcCidr"),
        ({"ClusterCIDR": "192.168.1.0/20"}, "InvalidParameter.CidrInvalid"),
        ({"ClusterCIDR": "8.0.0.0/16"}, "InvalidParameter.InvalidPrivateNetworkCIDR"),
        ({"ClusterCIDR": "192.168.0.0/22"}, "InvalidParameter.CIDRMaskSizeOutOfRange"),
        ({"MaxClusterServiceNum": 65536}, "InvalidParameter.Param"),
        ({"MaxNodePodNum": 2}, "InvalidParameter.Param"),
        ({"MaxNodePodNum": 8}, "InvalidParameter.Param"),
        ({"MaxNodePodNum": 512}, "InvalidParameter.Param"),
    ],
)
def test_cluster_ranges_are_checked(lab: Lab, cidrs: Json, code: str) -> None:
    assert lab.refused("tke", "CreateCluster", cluster_request(lab.vpc(), **cidrs))[0] == code


def test_create_is_asynchronous_and_numbers_are_rounded(lab: Lab) -> None:
    lab.control.patch("/settings", json={"slow_start": 0.3})
    cluster_id = lab.call("tke", "CreateCluster", cluster_request(lab.vpc(), MaxNodePodNum=50))["ClusterId"]
    assert lab.shown(cluster_id)["ClusterStatus"] == "Creating"
    assert (
        lab.refused("tke", "DescribeClusterInstances", {"ClusterId": cluster_id})[0]
        == "InternalError.ClusterState"
    )
    assert (
        lab.refused("tke", "EnableVpcCniNetworkType", enable_request(cluster_id, ["subnet-1"]))[0]
        == "FailedOperation.ClusterState"
    )
    wait(lambda: lab.shown(cluster_id)["ClusterStatus"] == "Running")
    assert lab.call("tke", "DescribeClusterInstances", {"ClusterId": cluster_id})["TotalCount"] == 0
    network = lab.shown(cluster_id)["ClusterNetworkSettings"]
    assert (network["ServiceCIDR"], network["MaxNodePodNum"]) == ("192.168.12.0/22", 64)
    assert (
        lab.refused("tke", "DescribeClusterInstances", {"ClusterId": "cls-none"})[0]
        == "InternalError.ClusterNotFound"
    )


def test_failed_start_leaves_an_abnormal_cluster_that_can_be_deleted(lab: Lab) -> None:
    lab.runtime.fails = True
    cluster_id = lab.call("tke", "CreateCluster", cluster_request(lab.vpc()))["ClusterId"]
    wait(lambda: lab.shown(cluster_id)["ClusterStatus"] == "Abnormal")
    lab.call("tke", "DeleteCluster", {"ClusterId": cluster_id, "InstanceDeleteMode": "terminate"})
    wait(lambda: lab.world.clusters == {})


def test_delete_while_creating_waits_for_the_start(lab: Lab) -> None:
    lab.control.patch("/settings", json={"slow_start": 0.1})
    cluster_id = lab.call("tke", "CreateCluster", cluster_request(lab.vpc()))["ClusterId"]
    lab.call("tke", "DeleteCluster", {"ClusterId": cluster_id, "InstanceDeleteMode": "terminate"})
    assert lab.shown(cluster_id)["ClusterStatus"] == "Deleting"
    wait(lambda: lab.runtime.stopped == [cluster_id] and lab.world.clusters == {})


def test_the_end_of_the_lab_finishes_deletes(caplog: pytest.LogCaptureFixture) -> None:
    with running_lab() as lab:
        vpc_id = lab.vpc()
        deleted = lab.cluster(vpc_id)
        lab.control.patch("/settings", json={"slow_delete": 60.0, "slow_start": 60.0})
        lab.call("tke", "DeleteCluster", {"ClusterId": deleted, "InstanceDeleteMode": "terminate"})
        unstarted = lab.call("tke", "CreateCluster", cluster_request(vpc_id, IgnoreClusterCIDRConflict=True))[
            "ClusterId"
        ]
    assert lab.runtime.stopped == [deleted]
    assert list(lab.world.clusters) == [unstarted]
    assert not caplog.records


def test_phantom_hybrid(lab: Lab) -> None:
    vpc_id = lab.vpc()
    subnet_id = lab.subnet(vpc_id, "10.0.64.0/24")
    cluster_id = lab.cluster(vpc_id, EniSubnetIds=[subnet_id], ClaimExpiredSeconds=300)
    shown = lab.shown(cluster_id)
    assert shown["ClusterNetworkSettings"]["Subnets"] is None
    assert "VpcCniType" not in json.loads(shown["Property"])
    ipamd = lab.call("tke", "DescribeIPAMD", {"ClusterId": cluster_id})
    assert (ipamd["EnableIPAMD"], ipamd["DisableVpcCniMode"], ipamd["Phase"], ipamd["SubnetIds"]) == (
        False,
        False,
        "",
        None,
    )
    lab.control.patch("/settings", json={"plain_subnets_null": False})
    assert lab.shown(cluster_id)["ClusterNetworkSettings"]["Subnets"] == []


def test_cluster_in_a_vpc_conflicts_with_its_neighbour(lab: Lab) -> None:
    vpc_id = lab.vpc()
    lab.cluster(vpc_id)
    assert (
        lab.refused("tke", "CreateCluster", cluster_request(vpc_id))[0]
        == "InvalidParameter.CidrConflictWithOtherCluster"
    )
    lab.cluster(vpc_id, IgnoreClusterCIDRConflict=True)


def test_deletion_protection_and_attributes(lab: Lab) -> None:
    cluster_id = lab.cluster(lab.vpc())
    lab.call("tke", "EnableClusterDeletionProtection", {"ClusterId": cluster_id})
    delete = {"ClusterId": cluster_id, "InstanceDeleteMode": "terminate"}
    assert lab.refused("tke", "DeleteCluster", delete)[0] == "OperationDenied.ClusterInDeletionProtection"
    lab.call("tke", "DisableClusterDeletionProtection", {"ClusterId": cluster_id})
    lab.call(
        "tke", "ModifyClusterAttribute", {"ClusterId": cluster_id, "ClusterName": "new", "ClusterDesc": "d"}
    )
    lab.call(
        "tke",
        "ModifyClusterTags",
        {"ClusterId": cluster_id, "Tags": [{"Key": "k", "Value": "v"}], "SyncSubresource": False},
    )
    assert lab.call("tke", "DescribeBatchModifyTagsStatus", {"ClusterId": cluster_id})["Status"] == "done"
    shown = lab.shown(cluster_id)
    assert (shown["ClusterName"], shown["TagSpecification"][0]["Tags"]) == (
        "new",
        [{"Key": "k", "Value": "v"}],
    )
    for action in (
        "DescribeClusterAsGroupOption",
        "DescribeClusterExtraArgs",
        "DescribeClusterAuthenticationOptions",
    ):
        lab.call("tke", action, {"ClusterId": cluster_id})
    lab.call("tke", "DescribeLogSwitches", {"ClusterIds": [cluster_id]})
    lab.call("tke", "DescribeClusterStatus", {"ClusterIds": [cluster_id]})
    lab.call("tke", "DescribeClusterVirtualNode", {"ClusterId": cluster_id})


# --- VPC-CNI
# --------------------------------------------------------------------------------------------------------


def test_enable_refusals(lab: Lab) -> None:
    vpc_id = lab.vpc()
    subnet_id, other = (
        lab.subnet(vpc_id, "10.0.64.0/24"),
        lab.subnet(lab.vpc("172.16.0.0/16"), "172.16.0.0/24"),
    )
    cluster_id = lab.cluster(vpc_id)

    def refused(subnets: list[str], **more: Any) -> str:
        return lab.refused("tke", "EnableVpcCniNetworkType", enable_request(cluster_id, subnets, **more))[0]

    assert refused([]) == "MissingParameter"
    assert refused(["subnet-none"]) == "InvalidParameter.SubnetNotExist"
    assert refused([other]) == "InvalidParameter.SubnetInvalidError"
    assert refused([subnet_id], ExpiredSeconds=299) == "InvalidParameter.Param"
    assert refused([subnet_id], EnableStaticIp=None) == "MissingParameter"
    assert (
        lab.refused("tke", "DescribeEnableVpcCniProgress", {"ClusterId": cluster_id})[0]
        == "FailedOperation.EnableVPCCNIFailed"
    )
    add = {"ClusterId": cluster_id, "VpcId": vpc_id, "SubnetIds": [subnet_id]}
    assert lab.refused("tke", "AddVpcCniSubnets", add)[0] == "FailedOperation.AddVpcCniSubnetsFailed"
    lab.enable(cluster_id, [subnet_id])
    assert refused([subnet_id]) == "FailedOperation.EnableVPCCNIFailed"
    lab.call("tke", "AddVpcCniSubnets", add)  # listed already: nothing happens
    assert lab.shown(cluster_id)["ClusterNetworkSettings"]["Subnets"] == [subnet_id]


@pytest.mark.parametrize(("seconds", "shown"), [(300, "300s"), (None, "0s")])
def test_reclaim_time(lab: Lab, seconds: int | None, shown: str) -> None:
    vpc_id = lab.vpc()
    cluster_id = lab.cluster(vpc_id)
    lab.enable(cluster_id, [lab.subnet(vpc_id, "10.0.64.0/24")], ExpiredSeconds=seconds)
    assert lab.call("tke", "DescribeIPAMD", {"ClusterId": cluster_id})["ClaimExpiredDuration"] == shown


def test_add_subnets_may_be_listed_later(lab: Lab) -> None:
    vpc_id = lab.vpc()
    first, second = lab.subnet(vpc_id, "10.0.64.0/24"), lab.subnet(vpc_id, "10.0.65.0/24", 6)
    cluster_id = lab.cluster(vpc_id)
    lab.enable(cluster_id, [first], SkipAddingNonMasqueradeCIDRs=True)
    assert lab.control.get("/state").json()["clusters"][0]["vpc_cni"]["non_masquerade_added"] is False
    lab.control.patch("/settings", json={"slow_add_subnets": 0.2})
    lab.call("tke", "AddVpcCniSubnets", {"ClusterId": cluster_id, "VpcId": vpc_id, "SubnetIds": [second]})
    assert lab.shown(cluster_id)["ClusterNetworkSettings"]["Subnets"] == [first]
    wait(lambda: lab.shown(cluster_id)["ClusterNetworkSettings"]["Subnets"] == [first, second])
    assert lab.control.get("/state").json()["clusters"][0]["vpc_cni"]["non_masquerade_added"] is True


def test_phases_progress_and_disable(lab: Lab) -> None:
    vpc_id = lab.vpc()
    subnet_id = lab.subnet(vpc_id, "10.0.64.0/24")
    cluster_id = lab.cluster(vpc_id)
    lab.enable(cluster_id, [subnet_id])

    def ipamd() -> tuple[bool, bool, str]:
        answer = lab.call("tke", "DescribeIPAMD", {"ClusterId": cluster_id})
        return answer["EnableIPAMD"], answer["DisableVpcCniMode"], answer["Phase"]

    def progress() -> str:
        return cast(
            "str", lab.call("tke", "DescribeEnableVpcCniProgress", {"ClusterId": cluster_id})["Status"]
        )

    assert (ipamd(), progress()) == ((True, False, "initializing"), "Succeed")
    cni = lab.world.clusters[cluster_id].vpc_cni
    assert cni is not None
    cni.phase = "running"
    assert (ipamd(), progress()) == ((True, False, "running"), "Succeed")
    lab.control.patch("/settings", json={"ipamd_phase": "upgrading"})
    assert ipamd() == (True, False, "upgrading")
    lab.control.patch("/settings", json={"ipamd_phase": "Degraded", "ipamd_reason": "no role"})
    assert ipamd() == (True, False, "Degraded")
    lab.control.patch("/settings", json={"ipamd_phase": "live", "slow_disable": 0.2})
    lab.call("tke", "DisableVpcCniNetworkType", {"ClusterId": cluster_id})
    assert ipamd() == (True, True, "upgrading")
    wait(lambda: ipamd() == (False, False, ""))
    assert lab.shown(cluster_id)["ClusterNetworkSettings"]["Subnets"] is None
    assert (
        lab.refused("tke", "DisableVpcCniNetworkType", {"ClusterId": cluster_id})[0]
        == "FailedOperation.DisableVPCCNIFailed"
    )
    lab.call("vpc", "DeleteSubnet", {"SubnetId": subnet_id})


def test_enabling_takes_its_time_and_may_fail_with_a_reason(lab: Lab) -> None:
    vpc_id = lab.vpc()
    subnet_id, cluster_id = lab.subnet(vpc_id, "10.0.64.0/24"), lab.cluster(vpc_id)
    which = {"ClusterId": cluster_id}
    lab.control.patch("/settings", json={"slow_enable": 0.2, "enable_error": "install eniipamd failed"})
    lab.enable(cluster_id, [subnet_id])
    assert lab.call("tke", "DescribeEnableVpcCniProgress", which)["Status"] == "Running"
    assert (
        lab.refused("tke", "EnableVpcCniNetworkType", enable_request(cluster_id, [subnet_id]))[0]
        == "FailedOperation.EnableVPCCNIFailed"
    )
    wait(lambda: lab.call("tke", "DescribeEnableVpcCniProgress", which)["Status"] == "Failed")
    assert lab.call("tke", "DescribeEnableVpcCniProgress", which)["ErrorMessage"] == "install eniipamd failed"
    assert lab.call("tke", "DescribeIPAMD", which)["EnableIPAMD"] is False
    lab.control.patch("/settings", json={"slow_enable": 0.0, "enable_error": ""})
    lab.enable(cluster_id, [subnet_id])
    assert lab.call("tke", "DescribeIPAMD", which)["EnableIPAMD"] is True


def test_ipamd_is_an_addon_of_component_management_from_3_5_0_on(lab: Lab) -> None:
    vpc_id = lab.vpc()
    cluster_id = lab.cluster(vpc_id)
    which = {"ClusterId": cluster_id, "AddonName": "eniipamd"}
    lab.control.patch("/settings", json={"ipamd_version": "v3.11.0"})
    assert lab.call("tke", "DescribeAddon", which)["Addons"] == []
    lab.enable(cluster_id, [lab.subnet(vpc_id, "10.0.64.0/24")])
    (addon,) = lab.call("tke", "DescribeAddon", which)["Addons"]
    assert (addon["AddonName"], addon["AddonVersion"]) == ("eniipamd", "3.11.0")
    lab.control.patch("/settings", json={"ipamd_version": "v3.4.4"})
    assert lab.call("tke", "DescribeAddon", which)["Addons"] == []


def test_a_hybrid_cluster_does_not_tell_its_static_mode_unless_the_lab_is_told_to(lab: Lab) -> None:
    vpc_id = lab.vpc()
    cluster_id = lab.cluster(vpc_id)
    lab.enable(cluster_id, [lab.subnet(vpc_id, "10.0.64.0/24")])
    assert "IsNonStaticIpMode" not in json.loads(lab.shown(cluster_id)["Property"])
    lab.control.patch("/settings", json={"property_tells_static": True})
    assert json.loads(lab.shown(cluster_id)["Property"])["IsNonStaticIpMode"] is False


def test_native_vpc_cni_cluster_cannot_become_hybrid(lab: Lab) -> None:
    vpc_id = lab.vpc()
    subnet_id = lab.subnet(vpc_id, "10.0.64.0/24")
    request = cluster_request(
        vpc_id, ClusterCIDR=None, ServiceCIDR="192.168.0.0/22", EniSubnetIds=[subnet_id]
    )
    request["ClusterAdvancedSettings"] = {"NetworkType": "VPC-CNI", "VpcCniType": "tke-route-eni"}
    cluster_id = lab.call("tke", "CreateCluster", request)["ClusterId"]
    wait(lambda: lab.shown(cluster_id)["ClusterStatus"] == "Running")
    code, message = lab.refused("tke", "EnableVpcCniNetworkType", enable_request(cluster_id, [subnet_id]))
    assert (code, "only GR" in message) == ("FailedOperation.EnableVPCCNIFailed", True)


def test_pod_limits(lab: Lab) -> None:
    request = {"Zone": f"{REGION}-4", "InstanceType": "S5.MEDIUM2"}
    limits = lab.call("tke", "DescribeVpcCniPodLimits", request)["PodLimitsInstanceSet"][0]["PodLimits"]
    assert limits == {
        "TKERouteENINonStaticIP": 27,
        "TKERouteENIStaticIP": 27,
        "TKEDirectENI": 9,
        "TKESubENI": 100,
    }
    for kind in ("SA2.4XLARGE16", "SA2.8XLARGE64", "SA2.12XLARGE96", "SA2.40XLARGE320"):
        request = {"Zone": f"{REGION}-4", "InstanceType": kind}
        found = lab.call("tke", "DescribeVpcCniPodLimits", request)["PodLimitsInstanceSet"][0]["PodLimits"]
        assert found["TKERouteENIStaticIP"] == 273
    assert lab.call("tke", "DescribeVpcCniPodLimits", {"InstanceType": "BMS5.24XLARGE384"})["TotalCount"] == 0


def test_pools_of_every_kind_are_told_by_the_newer_version_and_those_with_a_scaling_group_by_the_older(
    lab: Lab,
) -> None:
    vpc_id = lab.vpc()
    four, six = lab.subnet(vpc_id, "10.0.0.0/24"), lab.subnet(vpc_id, "10.0.1.0/24", 6)
    cluster_id = lab.cluster(vpc_id)
    regular = lab.pool(cluster_id, vpc_id, [four])
    native = {
        "SubnetIds": [four, six],
        "InstanceTypes": ["S5.LARGE8"],
        "Replicas": 4,
        "InstanceChargeType": "POSTPAID_BY_HOUR",
    }
    native |= {
        "Scaling": {"MinReplicas": 0, "MaxReplicas": 6, "CreatePolicy": "ZoneEquality"},
        "SecurityGroupIds": ["sg-12345678"],
    }
    made = lab.call(
        "tke-2022",
        "CreateNodePool",
        {"ClusterId": cluster_id, "Name": "native", "Type": "Native", "Native": native},
    )
    pools = {
        pool["NodePoolId"]: pool
        for pool in lab.call("tke-2022", "DescribeNodePools", {"ClusterId": cluster_id})["NodePools"]
    }
    assert {name: pool["Type"] for name, pool in pools.items()} == {
        regular: "Regular",
        made["NodePoolId"]: "Native",
    }
    assert pools[made["NodePoolId"]]["Native"]["Replicas"] == 4
    assert pools[regular]["Regular"]["DesiredNodesNum"] == 1
    machines = lab.world.clusters[cluster_id].instances.values()
    assert (
        sorted(one.zone for one in machines if one.node_pool_id == made["NodePoolId"])
        == [f"{REGION}-4"] * 2 + [f"{REGION}-6"] * 2
    )
    listed = lab.call("tke", "DescribeClusterNodePools", {"ClusterId": cluster_id})["NodePoolSet"]
    assert [pool["NodePoolId"] for pool in listed] == [regular]
    page = lab.call("tke-2022", "DescribeNodePools", {"ClusterId": cluster_id, "Limit": 1, "Offset": 1})
    assert (len(page["NodePools"]), page["TotalCount"]) == (1, 2)
    lab.call("tke-2022", "DeleteNodePool", {"ClusterId": cluster_id, "NodePoolId": made["NodePoolId"]})
    assert len(lab.world.clusters[cluster_id].instances) == 1


# --- the article
# ----------------------------------------------------------------------------------------------------


def test_the_whole_story(lab: Lab) -> None:
    vpc_id = lab.vpc()
    nodes4, nodes6 = lab.subnet(vpc_id, "10.0.0.0/24"), lab.subnet(vpc_id, "10.0.1.0/24", 6)
    eni4, eni6 = lab.subnet(vpc_id, "10.0.64.0/24"), lab.subnet(vpc_id, "10.0.65.0/24", 6)
    cluster_id = lab.cluster(vpc_id)
    lab.enable(cluster_id, [eni4])
    shown = lab.shown(cluster_id)
    assert shown["ClusterNetworkSettings"]["Subnets"] == [eni4]
    assert {"NetworkType": "GR", "VpcCniType": "tke-route-eni"}.items() <= json.loads(
        shown["Property"]
    ).items()

    four = lab.pool(cluster_id, vpc_id, [nodes4], desired=2)
    assert sorted(one.private_ip for one in lab.world.clusters[cluster_id].instances.values()) == [
        "10.0.0.20",
        "10.0.0.21",
    ]
    code, message = lab.refused("tke", "CreateClusterNodePool", pool_request(cluster_id, vpc_id, [nodes6]))
    assert code == "FailedOperation.NetworkScaleError"
    assert (
        message == "checkClusterNetworkScale failed, err:DashboardError,Code : -1100000 , Msg : Network scale"
        " error[IP for pods in Zone ap-guangzhou-6 is not enough to scale out 1 nodes.], err : nil"
    )
    assert len(lab.world.clusters[cluster_id].node_pools) == 1
    empty = lab.pool(cluster_id, vpc_id, [nodes6], desired=0)  # wants no node, so nothing is checked
    grow = {"ClusterId": cluster_id, "NodePoolId": empty, "DesiredCapacity": 1}
    assert (
        lab.refused("tke", "ModifyNodePoolDesiredCapacityAboutAsg", grow)[0]
        == "FailedOperation.NetworkScaleError"
    )
    # The article's way: only ipamd learns of the subnet, from its ConfigMap.
    cni = lab.world.clusters[cluster_id].vpc_cni
    assert cni is not None
    cni.ipamd_subnet_ids = [eni4, eni6]
    lab.call("tke", "ModifyNodePoolDesiredCapacityAboutAsg", grow)
    assert lab.shown(cluster_id)["ClusterNetworkSettings"]["Subnets"] == [eni4]
    # Today's way.
    lab.call("tke", "AddVpcCniSubnets", {"ClusterId": cluster_id, "VpcId": vpc_id, "SubnetIds": [eni6]})
    lab.call("tke", "ModifyNodePoolDesiredCapacityAboutAsg", {**grow, "DesiredCapacity": 2})

    machines = lab.call("tke", "DescribeClusterInstances", {"ClusterId": cluster_id, "Limit": 3, "Offset": 2})
    assert (machines["TotalCount"], len(machines["InstanceSet"])) == (4, 2)
    assert {one["InstanceState"] for one in machines["InstanceSet"]} == {"initializing"}
    detail = lab.call("tke", "DescribeClusterNodePoolDetail", {"ClusterId": cluster_id, "NodePoolId": four})[
        "NodePool"
    ]
    assert (detail["LifeState"], detail["NodeCountSummary"]["AutoscalingAdded"]["Total"]) == ("normal", 2)
    launch = lab.call(
        "as", "DescribeLaunchConfigurations", {"LaunchConfigurationIds": [detail["LaunchConfigurationId"]]}
    )
    assert launch["LaunchConfigurationSet"][0]["EnhancedService"]["MonitorService"]["Enabled"] is True
    group = lab.call(
        "as", "DescribeAutoScalingGroups", {"AutoScalingGroupIds": [detail["AutoscalingGroupId"]]}
    )
    assert group["AutoScalingGroupSet"][0]["SubnetIdSet"] == [nodes4]

    endpoint = {"ClusterId": cluster_id, "IsExtranet": False}
    assert lab.call("tke", "DescribeClusterEndpointStatus", endpoint)["Status"] == "NotFound"
    assert (
        f"https://{cluster_id}.invalid"
        in lab.call("tke", "DescribeClusterKubeconfig", {"ClusterId": cluster_id})["Kubeconfig"]
    )
    lab.call("tke", "CreateClusterEndpoint", {**endpoint, "SubnetId": nodes4})
    assert lab.call("tke", "DescribeClusterEndpointStatus", endpoint)["Status"] == "Created"
    assert lab.call("tke", "DescribeClusterKubeconfig", {"ClusterId": cluster_id})["Kubeconfig"] == KUBECONFIG
    assert (
        lab.call("tke", "DescribeClusterEndpoints", {"ClusterId": cluster_id})["ClusterIntranetSubnetId"]
        == nodes4
    )
    security = lab.call("tke", "DescribeClusterSecurity", {"ClusterId": cluster_id})
    assert (security["UserName"], security["CertificationAuthority"], security["PgwEndpoint"]) == (
        "admin",
        CA,
        "10.0.0.2",
    )
    assert len(security["Password"]) > 20

    assert lab.refused("vpc", "DeleteSubnet", {"SubnetId": eni4})[0] == "ResourceInUse"
    assert lab.refused("vpc", "DeleteSubnet", {"SubnetId": nodes4})[0] == "ResourceInUse"
    lab.call(
        "tke",
        "DeleteClusterNodePool",
        {"ClusterId": cluster_id, "NodePoolIds": [four, empty], "KeepInstance": False},
    )
    assert (
        lab.call("tke", "DescribeClusterNodePoolDetail", {"ClusterId": cluster_id, "NodePoolId": four})[
            "NodePool"
        ]
        is None
    )
    lab.world.subnets[eni4].lease(f"eni:{cluster_id}/default/web-0")
    lab.control.patch("/settings", json={"slow_delete": 0.2})
    lab.call("tke", "DeleteCluster", {"ClusterId": cluster_id, "InstanceDeleteMode": "terminate"})
    assert lab.shown(cluster_id)["ClusterStatus"] == "Deleting"
    assert lab.refused("vpc", "DeleteSubnet", {"SubnetId": eni4})[0] == "ResourceInUse"
    wait(lambda: lab.call("tke", "DescribeClusters", {"ClusterIds": [cluster_id]})["Clusters"] == [])
    assert lab.runtime.stopped == [cluster_id]
    for subnet_id in (nodes4, nodes6, eni4, eni6):
        lab.call("vpc", "DeleteSubnet", {"SubnetId": subnet_id})
    lab.call("vpc", "DeleteVpc", {"VpcId": vpc_id})


def test_node_pool_spreads_by_its_policy(lab: Lab) -> None:
    vpc_id = lab.vpc()
    subnets = [lab.subnet(vpc_id, "10.0.0.0/24"), lab.subnet(vpc_id, "10.0.1.0/24", 6)]
    cluster_id = lab.cluster(vpc_id)

    def zones(pool_id: str) -> list[str]:
        return sorted(
            one.zone
            for one in lab.world.clusters[cluster_id].instances.values()
            if one.node_pool_id == pool_id
        )

    assert zones(lab.pool(cluster_id, vpc_id, subnets, 2)) == [f"{REGION}-4"] * 2
    level = lab.pool(cluster_id, vpc_id, subnets, 2, MultiZoneSubnetPolicy="EQUALITY")
    assert zones(level) == [f"{REGION}-4", f"{REGION}-6"]
    lab.call(
        "tke",
        "ModifyClusterNodePool",
        {
            "ClusterId": cluster_id,
            "NodePoolId": level,
            "MaxNodesNum": 1,
            "MinNodesNum": 0,
            "Labels": [{"Name": "a", "Value": "b"}],
        },
    )
    assert len(zones(level)) == 1
    assert lab.world.clusters[cluster_id].node_pools[level].labels == {"a": "b"}
    assert lab.refused("tke", "CreateClusterNodePool", pool_request(cluster_id, vpc_id, subnets, 9))[
        0
    ].startswith("InvalidParameter")


def test_endpoint_takes_its_time(lab: Lab) -> None:
    vpc_id = lab.vpc()
    subnet_id = lab.subnet(vpc_id, "10.0.0.0/24")
    cluster_id = lab.cluster(vpc_id)
    lab.control.patch("/settings", json={"slow_endpoint": 0.2})
    lab.call(
        "tke", "CreateClusterEndpoint", {"ClusterId": cluster_id, "SubnetId": subnet_id, "IsExtranet": False}
    )

    def status() -> str:
        return cast(
            "str", lab.call("tke", "DescribeClusterEndpointStatus", {"ClusterId": cluster_id})["Status"]
        )

    assert status() == "Creating"
    wait(lambda: status() == "Created")
    lab.call("tke", "DeleteClusterEndpoint", {"ClusterId": cluster_id, "IsExtranet": False})
    assert status() == "Deleting"
    wait(lambda: status() == "NotFound")
    assert lab.world.subnets[subnet_id].leases == {}


# --- accounts, calls, faults
# ----------------------------------------------------------------------------------------


def test_identity_and_role(lab: Lab) -> None:
    assert lab.call("sts", "GetCallerIdentity")["AccountId"] == lab.world.account
    assert (
        lab.call("cam", "GetRole", {"RoleName": "IPAMDofTKE_QCSRole"})["RoleInfo"]["RoleName"]
        == "IPAMDofTKE_QCSRole"
    )
    assert lab.refused("cam", "GetRole", {"RoleName": "x"})[0] == "InvalidParameter.RoleNotExist"
    which = {"RoleName": "IPAMDofTKE_QCSRole", "Page": 1, "Rp": 100}
    (policy,) = lab.call("cam", "ListAttachedRolePolicies", which)["List"]
    assert policy["PolicyName"] == "QcloudAccessForIPAMDofTKERole"
    lab.control.patch("/settings", json={"role_policy": False, "sub_account": True})
    assert lab.call("cam", "ListAttachedRolePolicies", which)["List"] == []
    identity = lab.call("sts", "GetCallerIdentity")
    assert (identity["AccountId"], identity["Type"]) == (lab.world.account, "SubAccount")
    assert identity["UserId"] != lab.world.account
    assert f"{REGION}-6" in [zone["Zone"] for zone in lab.call("cvm", "DescribeZones")["ZoneSet"]]


def test_call_log_has_order_and_no_secret(lab: Lab) -> None:
    vpc_id = lab.vpc()
    subnet_id = lab.subnet(vpc_id, "10.0.0.0/24")
    cluster_id = lab.cluster(vpc_id)
    lab.control.post("/calls/reset")
    lab.pool(cluster_id, vpc_id, [subnet_id])
    lab.refused("vpc", "DeleteVpc", {"VpcId": vpc_id})
    lab.refused("vpc", "DescribeVpcs", key="wrong")
    calls = lab.control.get("/calls").json()
    assert [(call["action"], call["error"], call["write"]) for call in calls] == [
        ("CreateClusterNodePool", None, True),
        ("DeleteVpc", "ResourceInUse", True),
        ("DescribeVpcs", "AuthFailure.SignatureFailure", False),
    ]
    assert calls[1]["request"] == {"VpcId": vpc_id}
    assert lab.control.get("/calls", params={"since": calls[1]["n"]}).json() == calls[2:]
    password = lab.world.clusters[cluster_id].admin_password
    everything = json.dumps([calls, lab.control.get("/state").json()])
    for secret in ("do-not-tell", SECRET_KEY, password, "certificate-authority-data"):
        assert secret not in everything
    assert lab.control.get(f"/kubeconfig/{cluster_id}").text == KUBECONFIG
    assert lab.control.get("/kubeconfig/cls-none").status_code == 404


def test_faults_error_throttle_and_skip(lab: Lab) -> None:
    lab.control.post("/faults", json={"action": "DescribeVpcs", "kind": "throttle", "times": 2, "skip": 1})
    assert lab.call("vpc", "DescribeVpcs")["TotalCount"] == 0
    assert [lab.refused("vpc", "DescribeVpcs")[0] for _ in range(2)] == ["RequestLimitExceeded"] * 2
    assert lab.call("vpc", "DescribeVpcs")["TotalCount"] == 0
    lab.control.post(
        "/faults", json={"action": "CreateVpc", "kind": "error", "code": "InternalError.Db", "message": "m"}
    )
    assert lab.refused("vpc", "CreateVpc", {"VpcName": "x", "CidrBlock": "10.0.0.0/16"}) == (
        "InternalError.Db",
        "m",
    )
    assert lab.world.vpcs == {}
    lab.control.post("/faults", json={"action": "*", "kind": "delay", "seconds": 0.2})
    before = time.monotonic()
    lab.call("vpc", "DescribeVpcs")
    assert time.monotonic() - before >= 0.2
    lab.control.post("/faults", json={"action": "*", "kind": "error"})
    lab.control.delete("/faults")
    lab.call("vpc", "DescribeVpcs")


@pytest.mark.parametrize(("kind", "made"), [("drop_after", 1), ("drop_before", 0)])
def test_lost_answers(lab: Lab, kind: str, made: int, capfd: pytest.CaptureFixture[str]) -> None:
    lab.control.post("/faults", json={"action": "CreateVpc", "kind": kind})
    assert (
        lab.refused("vpc", "CreateVpc", {"VpcName": "x", "CidrBlock": "10.0.0.0/16"})[0]
        == "ClientNetworkError"
    )
    assert len(lab.world.vpcs) == made
    call = lab.control.get("/calls").json()[-1]
    assert (call["action"], call["fault"], call["error"]) == ("CreateVpc", kind, None)
    lab.call("vpc", "DescribeVpcs")
    assert "ASGI" not in capfd.readouterr().err


def test_settings_and_faults_are_checked(lab: Lab) -> None:
    assert lab.control.patch("/settings", json={"nothing": 1}).status_code == 400
    assert lab.control.patch("/settings", json={"slow_delete": True}).status_code == 400
    assert lab.control.post("/faults", json={"action": "X", "kind": "explode"}).status_code == 400
    assert lab.control.get("/settings").json() == {
        **Settings().as_json(),
        "slow_endpoint": 0.0,
        "slow_delete": 0.0,
    }
    assert lab.control.get("/healthz").json() == {"ok": True}
