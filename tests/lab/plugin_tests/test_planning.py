"""Check, diff and preview of the stand-in plugin, and the secrets in its answers."""

from pathlib import Path

import pytest

from tests.lab.cloud_tests.sdk import KUBECONFIG, Lab
from tests.lab.plugin_tests.scene import ENDPOINT, GR, PODS, SUBNET, VPC, A, add_worker, hybrid, intranet
from tests.lab.tencentcloud_plugin import server
from tests.lab.tencentcloud_plugin.driver import Client, Managed, Refused
from tests.lab.tencentcloud_plugin.values import UNKNOWN, Object, Secret, Unknown


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


def test_names_are_checked(client: Client) -> None:
    with pytest.raises(Refused, match='length of "name" cannot be higher than 60: 61'):
        Managed(client, SUBNET).check({**PODS, "name": "n" * 61})


def documented_marks(token: str) -> dict[str, set[str]]:
    """The marks of the package schema, from the table of properties beside the stand-in plugin."""
    text = (Path(server.__file__).parent / "properties.txt").read_text(encoding="utf-8")
    section = text.split(f"{token}\n", 1)[1].split("\n\n", 1)[0]
    return {line.split()[0]: set(line.split()[1:]) for line in section.splitlines()}


@pytest.mark.parametrize("token", server.RESOURCES)
def test_properties_are_those_of_the_package_schema(token: str) -> None:
    props, marks = server.RESOURCES[token].props, documented_marks(token)
    assert set(props) == set(marks)
    for letter, attribute in (("N", "force_new"), ("O", "output"), ("S", "secret"), ("R", "required")):
        marked = {name for name, letters in marks.items() if letter in letters}
        assert {name for name, prop in props.items() if getattr(prop, attribute)} == marked, attribute


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
    subnet = Managed(client, SUBNET)
    subnet.up(PODS)
    assert subnet.plan({**PODS, "cidrBlock": "10.0.10.0/24"}).delete_first
    unnamed = {name: value for name, value in PODS.items() if name != "name"} | {"cidrBlock": "10.0.8.0/24"}
    automatic = Managed(client, SUBNET)
    automatic.up(unnamed)
    assert not automatic.plan({**unnamed, "cidrBlock": "10.0.10.0/24"}).delete_first
    assert automatic.plan(unnamed).kind == "same"


def test_preview_of_a_create_and_of_an_update(cluster: Managed) -> None:
    planned = cluster.preview(GR)
    assert planned["clusterName"] == "hybrid"
    assert planned["containerRuntime"] == "containerd"
    assert isinstance(planned["kubeConfig"], Secret)
    assert isinstance(planned["claimExpiredSeconds"], Unknown)
    assert "eniSubnetIds" not in planned
    cluster.up(GR)
    planned = cluster.preview(hybrid(A))
    assert planned["eniSubnetIds"] == [A]
    # A computed property keeps its value, as in Terraform's plan of an update.
    assert planned["clusterNodeNum"] == 0


def test_a_second_up_changes_nothing(cloud: Lab, client: Client, cluster: Managed) -> None:
    vpc = Managed(client, VPC)
    vpc.up({"cidrBlock": "10.1.0.0/16", "name": "other", "isMulticast": False, "tags": {"a": "b"}})
    (table,) = [table for table in cloud.world.route_tables.values() if table.vpc_id == vpc.id]
    assert vpc.state["defaultRouteTableId"] == table.route_table_id
    subnet = Managed(client, SUBNET)
    subnet.up(PODS)
    assert (subnet.state["isMulticast"], subnet.state["availableIpCount"]) == (True, 253)
    cluster.up(GR)
    for managed in (vpc, subnet, cluster):
        program = {name: value for name, value in managed.inputs.items() if name != "__defaults"}
        assert managed.plan(program).kind == "same"
        managed.refresh()
        assert managed.plan(program).kind == "same"


def test_secrets(cloud: Lab, client: Client, cluster: Managed) -> None:
    cluster.up({**GR, "clusterDesc": Secret("hush")})
    password = cloud.world.clusters[cluster.id].admin_password
    assert isinstance(cluster.outputs["kubeConfig"], Secret)
    assert isinstance(cluster.outputs["kubeConfigIntranet"], Secret)
    assert isinstance(cluster.outputs["clusterDesc"], Secret)
    assert cluster.outputs["password"] == password
    add_worker(cloud, cluster, "running")
    endpoint = Managed(client, ENDPOINT)
    endpoint.up(intranet(cluster))
    assert endpoint.outputs["password"] == Secret(password)
    assert endpoint.outputs["kubeConfigIntranet"] == Secret(KUBECONFIG)
    cluster.refresh()
    assert cluster.state["clusterIntranet"] is True
    assert cluster.plan({**GR, "clusterDesc": Secret("hush")}).kind == "same"


def test_provider_configuration(client: Client) -> None:
    config: Object = {"secretId": "id", "secretKey": "key", "region": "ap-guangzhou"}
    assert client.check_config(config)["secretKey"] == Secret("key")
    answer = client.diff_config(config, {**config, "region": "ap-shanghai"})
    assert list(answer.diffs) == ["region"]
    assert not answer.replaces
