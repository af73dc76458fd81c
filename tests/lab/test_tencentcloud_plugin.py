"""The stand-in plugin over real gRPC: the vendor's state machine, errors, replacements, ignoreChanges and
secrets."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import grpc  # type: ignore[import-untyped]  # grpcio ships no type information
import pytest

from tests.lab.tencentcloud_plugin import install
from tests.lab.tencentcloud_plugin.driver import Client, Failed, Managed, Refused
from tests.lab.tencentcloud_plugin.fake_api import ADMIN_PASSWORD, FakeApi, Fault, serving
from tests.lab.tencentcloud_plugin.server import RESOURCES, serve
from tests.lab.tencentcloud_plugin.values import UNKNOWN, Object, Secret, Unknown, Value
from tests.lab.tencentcloud_plugin.vpc_cni import ADD_WITH_TYPE_OR_CLAIM, ONLY_TYPE_OR_CLAIM

CLUSTER = "tencentcloud:Kubernetes/cluster:Cluster"
ENDPOINT = "tencentcloud:Kubernetes/clusterEndpoint:ClusterEndpoint"
NODE_POOL = "tencentcloud:Kubernetes/nodePool:NodePool"
SUBNET = "tencentcloud:Subnet/instance:Instance"
VPC = "tencentcloud:Vpc/instance:Instance"
GR: Object = {"vpcId": "vpc-00000000", "clusterCidr": "10.0.0.0/16", "clusterName": "hybrid"}
A, B, C = "subnet-a", "subnet-b", "subnet-c"
OUT_OF_BAND = ("eniSubnetIds", "vpcCniType", "claimExpiredSeconds")


def subnets(*names: str) -> Object:
    return {**GR, "eniSubnetIds": list[Value](names)}


@pytest.fixture
def api() -> FakeApi:
    return FakeApi()


@pytest.fixture
def client(api: FakeApi, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    with serving(api) as address:
        for name in ("http_proxy", "https_proxy", "no_proxy", "HTTPS_PROXY"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("HTTP_PROXY", address)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
        monkeypatch.setenv("TENCENTCLOUD_DOMAIN", "lab.test")
        monkeypatch.setenv("TENCENTCLOUD_PROTOCOL", "HTTP")
        monkeypatch.setenv("LAB_PLUGIN_TIME_SCALE", "0.003")
        monkeypatch.setenv("TENCENTCLOUD_READ_RETRY_TIMEOUT", "1")
        monkeypatch.setenv("TENCENTCLOUD_WRITE_RETRY_TIMEOUT", "3")
        server, port = serve()
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            client = Client(channel)
            client.configure({"secretId": "id", "secretKey": Secret("key"), "region": "ap-guangzhou"})
            yield client
        server.stop(None).wait()


@pytest.fixture
def cluster(client: Client) -> Managed:
    return Managed(client, CLUSTER)


# -- the state machine of the ENI subnets


def test_phantom_hybrid_never_enables(api: FakeApi, cluster: Managed) -> None:
    cluster.up(subnets(A, B))
    assert api.sent("CreateCluster")[0]["ClusterCIDRSettings"]["EniSubnetIds"] == []
    assert api.sent("CreateCluster")[0]["ClusterAdvancedSettings"]["VpcCniType"] == ""
    assert cluster.state["eniSubnetIds"] == [A, B]
    cluster.refresh()
    assert cluster.up(subnets(A, B)).kind == "same"
    assert "EnableVpcCniNetworkType" not in api.actions()


def test_an_empty_list_from_the_api_enables_at_the_second_up(api: FakeApi, cluster: Managed) -> None:
    api.empty_subnets_as_list = True
    cluster.up(subnets(A, B))
    assert cluster.state["eniSubnetIds"] == []
    assert cluster.up(subnets(A, B)).detailed == {"eniSubnetIds": "ADD"}
    assert api.sent("EnableVpcCniNetworkType")[0]["Subnets"] == [A, B]


def test_enable_add_disable(api: FakeApi, cluster: Managed) -> None:
    cluster.up(GR)
    api.phases = ["initializing", "running"]
    assert cluster.up(subnets(A, B)).kind == "update"
    assert api.sent("EnableVpcCniNetworkType") == [
        {
            "ClusterId": "cls-0",
            "VpcCniType": "tke-route-eni",
            "EnableStaticIp": True,
            "Subnets": [A, B],
            "ExpiredSeconds": 300,
        }
    ]
    assert cluster.state["vpcCniType"] == "tke-route-eni"
    assert cluster.up(subnets(A, B, C)).detailed == {"eniSubnetIds[2]": "ADD"}
    assert api.sent("AddVpcCniSubnets")[0]["SubnetIds"] == [C]
    assert cluster.up(GR).detailed == {"eniSubnetIds": "DELETE"}
    assert "DisableVpcCniNetworkType" in api.actions()
    assert "eniSubnetIds" not in cluster.state
    cluster.up(subnets(C))
    assert api.sent("EnableVpcCniNetworkType")[1]["Subnets"] == [C]


def test_reorder_is_a_difference_that_does_nothing(api: FakeApi, cluster: Managed) -> None:
    cluster.up(GR)
    cluster.up(subnets(A, B))
    before = len(api.calls)
    assert cluster.up(subnets(B, A)).kind == "update"
    assert all(action.startswith("Describe") for action in api.actions()[before:])
    assert cluster.state["eniSubnetIds"] == [A, B]
    assert cluster.plan(subnets(B, A)).kind == "update"


@pytest.mark.parametrize(
    ("wanted", "text"),
    [
        (subnets(A), "does not allow modification of existing subnet ID data [subnet-a subnet-b]"),
        ({**subnets(A, B), "claimExpiredSeconds": 600}, ONLY_TYPE_OR_CLAIM),
        ({**subnets(A, B), "vpcCniType": "tke-direct-eni"}, ONLY_TYPE_OR_CLAIM),
        ({**subnets(A, B, C), "claimExpiredSeconds": 600}, ADD_WITH_TYPE_OR_CLAIM),
        ({**subnets(A, B), "cdcId": "cdc-1"}, "argument `cdc_id` cannot be changed"),
        ({**subnets(A, B), "disableAddons": ["x"]}, "argument `disable_addons` cannot be changed"),
    ],
)
def test_refused_updates(api: FakeApi, cluster: Managed, wanted: Object, text: str) -> None:
    cluster.up(GR)
    cluster.up(subnets(A, B))
    before = len(api.calls)
    with pytest.raises(Failed) as failure:
        cluster.up(wanted)
    assert text in str(failure.value)
    assert str(failure.value).startswith(f"updating {cluster.urn}: 1 error occurred:\n\t* ")
    assert not [action for action in api.actions()[before:] if not action.startswith("Describe")]


def test_a_type_asked_for_on_a_plain_cluster_breaks_the_next_up(cluster: Managed) -> None:
    cluster.up({**GR, "vpcCniType": "tke-route-eni"})
    assert cluster.state["vpcCniType"] == ""
    with pytest.raises(Failed, match="changing only"):
        cluster.up({**GR, "vpcCniType": "tke-route-eni"})


@pytest.mark.parametrize("phase", ["", "upgrading"])
def test_a_bad_phase_after_an_accepted_enable(api: FakeApi, cluster: Managed, phase: str) -> None:
    cluster.up(GR)
    api.phases = [phase]
    wanted: Object = {**subnets(A), "vpcCniType": "tke-route-eni"}
    with pytest.raises(Failed) as failure:
        cluster.up(wanted)
    text = f"task disableVpcCniMode is false and phase is {phase},we won't wait for it finish"
    assert f"cls-0 enable vpc cni network type {text}" in str(failure.value)
    assert failure.value.kept
    assert "eniSubnetIds" not in cluster.state
    with pytest.raises(Failed, match="modifying `vpc_cni_type`"):
        cluster.up(wanted)
    cluster.refresh()
    assert cluster.up(wanted).kind == "same"


def test_a_retry_without_a_type_is_a_no_op(api: FakeApi, cluster: Managed) -> None:
    cluster.up(GR)
    api.phases = [""]
    with pytest.raises(Failed):
        cluster.up(subnets(A))
    cluster.up(subnets(A))
    assert len(api.sent("EnableVpcCniNetworkType")) == 1
    assert cluster.plan(subnets(A)).kind == "same"


def test_vpc_cni_error_comes_after_tags_and_before_attributes(api: FakeApi, cluster: Managed) -> None:
    api.faults["ModifyClusterTags"] = []
    cluster.up(GR)
    wanted: Object = {**GR, "clusterName": "other", "claimExpiredSeconds": 600, "tags": {"a": "b"}}
    with pytest.raises(Failed, match="InvalidAction"):
        cluster.up(wanted)
    assert api.actions()[-1] == "ModifyClusterTags"
    wanted.pop("tags")
    with pytest.raises(Failed, match="changing only"):
        cluster.up(wanted)
    assert "ModifyClusterAttribute" not in api.actions()


# -- out of band


def enable_elsewhere(api: FakeApi) -> None:
    api.eni_subnets, api.cni_type = [A, B], "tke-route-eni"


def test_out_of_band_without_ignore_changes_is_disabled(api: FakeApi, cluster: Managed) -> None:
    cluster.up(GR)
    enable_elsewhere(api)
    cluster.refresh()
    assert cluster.state["eniSubnetIds"] == [A, B]
    assert cluster.plan(GR).detailed == {"eniSubnetIds": "DELETE"}
    cluster.up({**GR, "clusterName": "renamed"})
    assert "DisableVpcCniNetworkType" in api.actions()


def test_out_of_band_with_ignore_changes_stays(api: FakeApi, client: Client) -> None:
    cluster = Managed(client, CLUSTER, ignore=OUT_OF_BAND)
    cluster.up(GR)
    enable_elsewhere(api)
    cluster.refresh()
    assert cluster.up(GR).kind == "same"
    step = cluster.up({**GR, "clusterName": "renamed"})
    assert step.detailed == {"clusterName": "UPDATE"}
    assert "DisableVpcCniNetworkType" not in api.actions()
    assert cluster.state["eniSubnetIds"] == [A, B]
    assert cluster.preview(GR)["eniSubnetIds"] == [A, B]


def test_import_of_a_hybrid_cluster(api: FakeApi, cluster: Managed) -> None:
    cluster.up(GR)
    enable_elsewhere(api)
    imported = Managed(cluster.client, CLUSTER)
    imported.import_("cls-0")
    assert imported.inputs["eniSubnetIds"] == [A, B]
    assert imported.inputs["vpcCniType"] == "tke-route-eni"
    assert imported.inputs["serviceCidr"] == "10.0.255.0/24"
    assert "claimExpiredSeconds" not in imported.state
    # Leaving out the carved service CIDR plans a replacement of the live cluster.
    assert imported.plan(subnets(A, B)).detailed == {"serviceCidr": "DELETE_REPLACE"}


# -- check, diff, preview


@pytest.mark.parametrize(
    ("wanted", "text"),
    [
        ({"clusterCidr": "10.0.0.0/16"}, "Missing required property 'vpcId'"),
        (
            {**GR, "clusterCidr": "8.0.0.0/16"},
            '"cluster_cidr" must in 9. | 10. | 11. | 192.168. | 172.[16-31]',
        ),
        ({**GR, "clusterCidr": "10.0.0.1/16"}, 'expected "10.0.0.0/16", got "10.0.0.1/16"'),
        ({**GR, "serviceCidr": "11.0.0.0/16"}, '"service_cidr" must in'),
        ({**GR, "claimExpiredSeconds": 299}, "must greater or equal than 300 and less than 15768000"),
        ({**GR, "vpcCniType": "eni"}, "should be in array [tke-route-eni tke-direct-eni]"),
        ({**GR, "clusterMaxPodNum": "many"}, "expected int type"),
        ({**GR, "kubeConfig": "x"}, "Invalid or unknown key"),
        ({**GR, "workerConfigs": []}, "does not model `worker_configs`"),
    ],
)
def test_check_refuses(cluster: Managed, wanted: Object, text: str) -> None:
    with pytest.raises(Refused) as refusal:
        cluster.check(wanted)
    assert text in str(refusal.value)


def test_check_fills_defaults_and_keeps_unknowns(cluster: Managed) -> None:
    inputs = cluster.check({"vpcId": UNKNOWN, "clusterCidr": "10.0.0.0/16"})
    assert isinstance(inputs["vpcId"], Unknown)
    assert inputs["networkType"] == "GR"
    assert inputs["clusterMaxPodNum"] == 256
    defaults = inputs["__defaults"]
    assert isinstance(defaults, list)
    assert {"clusterIpvs", "isNonStaticIpMode", "networkType"} <= set(defaults)
    assert "vpcCniType" not in inputs


def documented_marks(token: str) -> dict[str, set[str]]:
    """The marks of the package schema, from the table of properties kept with these tests."""
    text = (Path(__file__).parent / "tencentcloud_plugin" / "properties.txt").read_text(encoding="utf-8")
    section = text.split(f"{token}\n", 1)[1].split("\n\n", 1)[0]
    return {line.split()[0]: set(line.split()[1:]) for line in section.splitlines()}


@pytest.mark.parametrize("token", RESOURCES)
def test_properties_are_those_of_the_package_schema(token: str) -> None:
    props = RESOURCES[token].props
    marks = documented_marks(token)
    assert set(props) == set(marks)
    assert {name for name, prop in props.items() if prop.force_new} == {
        n for n, m in marks.items() if "N" in m
    }
    assert {name for name, prop in props.items() if prop.output} == {n for n, m in marks.items() if "O" in m}
    assert {name for name, prop in props.items() if prop.secret} == {n for n, m in marks.items() if "S" in m}
    assert {name for name, prop in props.items() if prop.required} == {
        n for n, m in marks.items() if "R" in m
    }


@pytest.mark.parametrize(
    "change",
    [
        {"networkType": "VPC-CNI"},
        {"clusterCidr": "10.1.0.0/16"},
        {"serviceCidr": "10.2.0.0/16"},
        {"isNonStaticIpMode": True},
        {"clusterMaxPodNum": 64},
        {"vpcId": "vpc-11111111"},
        {"vpcId": UNKNOWN},
    ],
)
def test_force_new_replaces(cluster: Managed, change: Object) -> None:
    cluster.up(GR)
    step = cluster.plan({**GR, **change})
    assert step.kind == "replace"
    assert all(kind.endswith("_REPLACE") for kind in step.detailed.values())
    assert not step.delete_first


def test_a_given_name_that_stays_deletes_first(client: Client) -> None:
    program: Object = {"vpcId": "vpc-0", "availabilityZone": "z", "cidrBlock": "10.0.0.0/24", "name": "pods"}
    subnet = Managed(client, SUBNET)
    subnet.up(program)
    assert subnet.plan({**program, "cidrBlock": "10.0.1.0/24"}).delete_first
    program.pop("name")
    automatic = Managed(client, SUBNET)
    automatic.up(program)
    assert not automatic.plan({**program, "cidrBlock": "10.0.1.0/24"}).delete_first
    assert automatic.plan(program).kind == "same"


def test_preview_of_a_create_and_of_an_update(cluster: Managed) -> None:
    planned = cluster.preview(GR)
    assert planned["clusterName"] == "hybrid"
    assert planned["containerRuntime"] == "containerd"
    assert isinstance(planned["kubeConfig"], Secret)
    assert isinstance(planned["claimExpiredSeconds"], Unknown)
    assert "eniSubnetIds" not in planned
    cluster.up(GR)
    planned = cluster.preview(subnets(A))
    assert planned["eniSubnetIds"] == [A]
    # What is only computed keeps its value, as in Terraform's plan of an update.
    assert planned["clusterNodeNum"] == 0


def test_a_second_up_changes_nothing(client: Client, cluster: Managed) -> None:
    vpc = Managed(client, VPC)
    vpc.up({"cidrBlock": "10.0.0.0/16", "name": "main", "isMulticast": False, "tags": {"a": "b"}})
    assert vpc.state["defaultRouteTableId"] == "rtb-0"
    subnet = Managed(client, SUBNET)
    subnet.up({"vpcId": vpc.id, "availabilityZone": "z", "cidrBlock": "10.0.0.0/24", "name": "pods"})
    assert (subnet.state["isMulticast"], subnet.state["availableIpCount"]) == (True, 253)
    cluster.up(GR)
    for managed in (vpc, subnet, cluster):
        program = {name: value for name, value in managed.inputs.items() if name != "__defaults"}
        assert managed.plan(program).kind == "same"
        managed.refresh()
        assert managed.plan(program).kind == "same"


def test_names_are_checked(client: Client) -> None:
    with pytest.raises(Refused, match='length of "name" cannot be higher than 60: 61'):
        Managed(client, SUBNET).check(
            {"vpcId": "v", "availabilityZone": "z", "cidrBlock": "10.0.0.0/24", "name": "n" * 61}
        )


# -- secrets


def test_secrets(api: FakeApi, client: Client, cluster: Managed) -> None:
    cluster.up({**GR, "clusterDesc": Secret("hush")})
    assert isinstance(cluster.outputs["kubeConfig"], Secret)
    assert isinstance(cluster.outputs["kubeConfigIntranet"], Secret)
    assert isinstance(cluster.outputs["clusterDesc"], Secret)
    assert cluster.outputs["password"] == ADMIN_PASSWORD
    api.workers = [worker("running")]
    endpoint = Managed(client, ENDPOINT)
    endpoint.up({"clusterId": "cls-0", "clusterIntranet": True, "clusterIntranetSubnetId": "subnet-0"})
    assert endpoint.outputs["password"] == Secret(ADMIN_PASSWORD)
    assert endpoint.outputs["kubeConfigIntranet"] == Secret("kubeconfig-text")
    cluster.refresh()
    assert cluster.state["clusterIntranet"] is True
    assert cluster.plan({**GR, "clusterDesc": Secret("hush")}).kind == "same"


def test_provider_configuration(client: Client) -> None:
    config: Object = {"secretId": "id", "secretKey": "key", "region": "ap-guangzhou"}
    assert client.check_config(config)["secretKey"] == Secret("key")
    answer = client.diff_config(config, {**config, "region": "ap-shanghai"})
    assert list(answer.diffs) == ["region"]
    assert not answer.replaces


# -- waits and errors


def worker(state: str, number: int = 0) -> dict[str, object]:
    return {
        "InstanceId": f"ins-{number}",
        "InstanceRole": "WORKER",
        "InstanceState": state,
        "FailedReason": "",
        "NodePoolId": "np-0",
    }


def test_retried_codes_are_retried_and_others_passed_on(api: FakeApi, cluster: Managed) -> None:
    api.faults["CreateCluster"] = [Fault("ResourceUnavailable.ClusterState"), Fault("RequestLimitExceeded")]
    cluster.up(GR)
    assert api.actions().count("CreateCluster") == 3
    api.faults["CreateCluster"] = [Fault("QuotaMaxClsLimit", "too many")]
    other = Managed(cluster.client, CLUSTER)
    with pytest.raises(Failed) as failure:
        other.up(GR)
    assert "[TencentCloudSDKError] Code=QuotaMaxClsLimit, Message=too many, RequestId=x" in str(failure.value)
    assert not failure.value.kept


def test_create_waits_until_the_cluster_answers(api: FakeApi, cluster: Managed) -> None:
    api.faults["DescribeClusterInstances"] = [Fault("FailedOperation"), Fault("FailedOperation")]
    cluster.up(GR)
    first = [action for action in api.actions() if action != "DescribeClusterInstances"]
    assert first[:2] == ["CreateCluster", "DescribeClusterVirtualNode"]


def test_a_failed_wait_loses_the_cluster(api: FakeApi, cluster: Managed) -> None:
    with pytest.raises(Failed, match="waiting for workers created") as failure:
        cluster.up({**GR, "clusterIntranet": True, "clusterIntranetSubnetId": "subnet-0"})
    assert not failure.value.kept
    assert "cls-0" in api.clusters


def test_endpoint_needs_a_running_worker(api: FakeApi, client: Client, cluster: Managed) -> None:
    cluster.up(GR)
    program: Object = {"clusterId": "cls-0", "clusterIntranet": True, "clusterIntranetSubnetId": "subnet-0"}
    endpoint = Managed(client, ENDPOINT)
    with pytest.raises(Failed, match="waiting for workers created"):
        endpoint.up(program)
    api.workers = [worker("initializing")]
    with pytest.raises(Failed, match="cluster cls-0 waiting for one of the workers ready"):
        endpoint.up(program)
    api.workers = [worker("running")]
    endpoint.up(program)
    endpoint.delete()
    assert api.endpoints[False] == "NotFound"
    with pytest.raises(Failed, match="can only set when `cluster_intranet` is true"):
        endpoint.up({"clusterId": "cls-0", "clusterIntranetSubnetId": "subnet-0"})


def test_gone(api: FakeApi, client: Client, cluster: Managed) -> None:
    cluster.up(GR)
    api.workers = [worker("running")]
    endpoint = Managed(client, ENDPOINT)
    endpoint.up({"clusterId": "cls-0"})
    api.clusters.clear()
    cluster.refresh()
    assert cluster.id == ""
    with pytest.raises(grpc.RpcError, match="cluster cls-0 not found"):
        endpoint.refresh()
    with pytest.raises(grpc.RpcError, match="doesn't support import"):
        endpoint.import_("cls-0")


def test_subnet_delete_retries_any_error_and_then_fails(api: FakeApi, client: Client) -> None:
    subnet = Managed(client, SUBNET)
    program: Object = {"vpcId": "vpc-0", "availabilityZone": "z", "cidrBlock": "10.0.0.0/24", "name": "pods"}
    subnet.up(program)
    api.faults["DeleteSubnet"] = [Fault("UnsupportedOperation.InUse") for _ in range(100)]
    with pytest.raises(Failed, match=r"UnsupportedOperation\.InUse"):
        subnet.delete()
    assert api.actions().count("DeleteSubnet") > 1
    api.faults["DeleteSubnet"] = [Fault("UnsupportedOperation.InUse")]
    subnet.delete()
    assert not api.subnets


def test_paging_notices_a_server_that_ignores_offset(api: FakeApi, cluster: Managed) -> None:
    cluster.up(GR)
    api.workers = [worker("running", number % 20) for number in range(40)]
    with pytest.raises(
        grpc.RpcError, match=r"get repeated instance_id\[ins-0\] when doing DescribeClusterInstances"
    ):
        cluster.refresh()


# -- node pool


POOL: Object = {
    "clusterId": "cls-0",
    "name": "workers",
    "vpcId": "vpc-0",
    "subnetIds": ["subnet-0"],
    "minSize": 1,
    "maxSize": 4,
    "desiredCapacity": 2,
    "enableAutoScale": False,
    "autoScalingConfig": {
        "instanceType": "S5.MEDIUM4",
        "password": Secret("Pass-word-1"),
        "orderlySecurityGroupIds": ["sg-0"],
    },
}


@pytest.fixture
def pool(api: FakeApi, cluster: Managed) -> Managed:
    cluster.up(GR)
    api.calls.clear()
    return Managed(cluster.client, NODE_POOL)


def test_node_pool_create_sequence(api: FakeApi, pool: Managed) -> None:
    api.pool_states = ["creating"]
    api.workers = [worker("running")]
    pool.up({**POOL, "waitNodeReady": True})
    assert pool.id == "cls-0#np-0"
    sequence = [
        action
        for action in api.actions()
        if action not in ("DescribeClusters", "DescribeClusterNodePoolDetail")
    ]
    assert sequence == [
        "CreateClusterNodePool",
        "ModifyNodePoolInstanceTypes",
        "ModifyLaunchConfigurationAttributes",
        "DescribeClusterInstances",
        "InvokeCommand",
        "ModifyNodePoolDesiredCapacityAboutAsg",
        "ModifyClusterNodePool",
        "DescribeLaunchConfigurations",
        "DescribeAutoScalingGroups",
    ]
    assert all(host.endswith(".lab.test/") for host in api.hosts)
    config = pool.outputs["autoScalingConfig"]
    assert isinstance(config, dict)
    assert config["password"] == Secret("Pass-word-1")
    assert pool.plan({**POOL, "waitNodeReady": True}).kind == "same"
    pool.refresh()
    assert pool.plan({**POOL, "waitNodeReady": True}).kind == "same"
    assert pool.state["deleteKeepInstance"] is True
    pool.delete()
    assert api.sent("DeleteClusterNodePool") == [
        {"ClusterId": "cls-0", "NodePoolIds": ["np-0"], "KeepInstance": True}
    ]


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"autoScalingConfig": {"instanceType": "S5"}}, "`key_ids` and `password` should be set one"),
        (
            {"autoScalingConfig": {"instanceType": "S5", "password": "Pass-word-1", "keyIds": ["k"]}},
            "`key_ids` and `password` can only be supported one",
        ),
        (
            {
                "autoScalingConfig": {
                    "instanceType": "S5",
                    "password": "Pass-word-1",
                    "securityGroupIds": ["s"],
                }
            },
            "Please use `orderly_security_group_ids` instead.",
        ),
        (
            {"desiredCapacity": 9},
            "constraints `min_size <= desired_capacity <= max_size` must be established,",
        ),
        ({"enableAutoScale": True, "waitNodeReady": True}, "`wait_node_ready` only can be set"),
    ],
)
def test_node_pool_refuses(api: FakeApi, pool: Managed, change: Object, text: str) -> None:
    with pytest.raises(Failed) as failure:
        pool.up({**POOL, **change})
    assert text in str(failure.value)
    assert "CreateClusterNodePool" not in api.actions()


def test_node_pool_sizes_and_replacements(pool: Managed) -> None:
    pool.up(POOL)
    with pytest.raises(Failed, match="cannot be modified at the same time as `desired_capacity`"):
        pool.up({**POOL, "maxSize": 5, "desiredCapacity": 3})
    assert pool.plan({**POOL, "subnetIds": ["subnet-0", "subnet-1"]}).detailed == {
        "subnetIds[1]": "ADD_REPLACE"
    }
    bigger: Object = {
        "instanceType": "S5.LARGE8",
        "password": "Pass-word-1",
        "orderlySecurityGroupIds": ["sg-0"],
    }
    step = pool.plan({**POOL, "autoScalingConfig": bigger})
    assert step.detailed["autoScalingConfig.instanceType"] == "UPDATE_REPLACE"


# -- functions and the process


def test_functions(api: FakeApi, client: Client, cluster: Managed) -> None:
    cluster.up(GR)
    enable_elsewhere(api)

    found = client.invoke("tencentcloud:Kubernetes/getClusters:getClusters", {"clusterId": "cls-0"})["lists"]
    assert isinstance(found, list)
    assert isinstance(found[0], dict)
    assert (found[0]["eniSubnetIds"], found[0]["vpcCniType"]) == ([A, B], "tke-route-eni")
    assert found[0]["networkType"] == ""
    program: Object = {"vpcId": "vpc-0", "availabilityZone": "z", "cidrBlock": "10.0.0.0/24", "name": "pods"}
    Managed(client, SUBNET).up(program)
    lists = client.invoke("tencentcloud:Vpc/getSubnets:getSubnets", {"vpcId": "vpc-0"})["instanceLists"]
    assert isinstance(lists, list)
    assert isinstance(lists[0], dict)
    assert lists[0]["availableIpCount"] == 253
    with pytest.raises(grpc.RpcError, match="unrecognized data function"):
        client.invoke("tencentcloud:Vpc/getAcls:getAcls", {})


def test_launcher_prints_its_port_and_stops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_PYTHON_CMD", sys.executable)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "__init__.py").write_text("raise SystemExit('the tests of somebody else')")
    install(tmp_path)
    launcher = tmp_path / "resource-tencentcloud-v0.2.3" / "pulumi-resource-tencentcloud"
    with subprocess.Popen(
        [str(launcher), "127.0.0.1:1"], stdout=subprocess.PIPE, text=True
    ) as process:  # our own file
        assert process.stdout is not None
        port = int(process.stdout.readline())
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            assert Client(channel).version() == "0.2.3"
        process.terminate()
        assert process.wait(10) == 0
