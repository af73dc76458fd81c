"""The node pool of the stand-in plugin: the vendor's long sequence of calls, its refusals and sizes."""

import pytest

from tests.lab.cloud_tests.sdk import Lab
from tests.lab.plugin_tests.scene import GR, NODE_POOL, PASSWORD, ZONE, A, B, meanwhile, pool_of
from tests.lab.tencentcloud_plugin.driver import Failed, Managed
from tests.lab.tencentcloud_plugin.values import Object, Secret


@pytest.fixture
def pool(cloud: Lab, cluster: Managed) -> Managed:
    cluster.up(GR)
    cloud.control.post("/calls/reset").raise_for_status()
    # Reading fills `zones`, which the program leaves out: see the test of this difference below.
    return Managed(cluster.client, NODE_POOL, ignore=("zones",))


@pytest.fixture
def program(pool: Managed, cluster: Managed) -> Object:
    return pool_of(cluster)


def test_create_sequence(cloud: Lab, cluster: Managed, pool: Managed, program: Object) -> None:
    live = cloud.world.clusters[cluster.id]

    def start_nodes() -> None:
        for instance in list(live.instances.values()):
            instance.state = "running"

    cloud.set(slow_node_pool=0.1)
    program["waitNodeReady"] = True
    with meanwhile(start_nodes):
        pool.up(program)
    (pool_id,) = live.node_pools
    assert pool.id == f"{cluster.id}#{pool_id}"
    calls = [
        call
        for call in cloud.calls()
        if call["action"] not in ("DescribeClusters", "DescribeClusterNodePoolDetail")
    ]
    assert [call["action"] for call in calls] == [
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
    assert all(call["host"].endswith(".lab.test") for call in calls)
    config = pool.outputs["autoScalingConfig"]
    assert isinstance(config, dict)
    assert config["password"] == Secret(PASSWORD)
    assert pool.plan(program).kind == "same"
    pool.refresh()
    assert pool.plan(program).kind == "same"
    assert pool.state["deleteKeepInstance"] is True
    pool.delete()
    assert cloud.sent("DeleteClusterNodePool") == [
        {"ClusterId": cluster.id, "NodePoolIds": [pool_id], "KeepInstance": True}
    ]
    assert not live.node_pools


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"autoScalingConfig": {"instanceType": "S5"}}, "`key_ids` and `password` should be set one"),
        (
            {"autoScalingConfig": {"instanceType": "S5", "password": PASSWORD, "keyIds": ["k"]}},
            "`key_ids` and `password` can only be supported one",
        ),
        (
            {"autoScalingConfig": {"instanceType": "S5", "password": PASSWORD, "securityGroupIds": ["s"]}},
            "Please use `orderly_security_group_ids` instead.",
        ),
        (
            {"desiredCapacity": 9},
            "constraints `min_size <= desired_capacity <= max_size` must be established,",
        ),
        ({"enableAutoScale": True, "waitNodeReady": True}, "`wait_node_ready` only can be set"),
    ],
)
def test_refused_pools(cloud: Lab, pool: Managed, program: Object, change: Object, text: str) -> None:
    with pytest.raises(Failed) as failure:
        pool.up({**program, **change})
    assert text in str(failure.value)
    assert "CreateClusterNodePool" not in cloud.actions()


def test_sizes_and_replacements(pool: Managed, program: Object) -> None:
    pool.up(program)
    with pytest.raises(Failed, match="cannot be modified at the same time as `desired_capacity`"):
        pool.up({**program, "maxSize": 5, "desiredCapacity": 3})
    assert pool.plan({**program, "subnetIds": [A, B]}).detailed == {"subnetIds[1]": "ADD_REPLACE"}
    bigger: Object = {
        "instanceType": "S5.LARGE8",
        "password": PASSWORD,
        "orderlySecurityGroupIds": ["sg-0"],
    }
    step = pool.plan({**program, "autoScalingConfig": bigger})
    assert step.detailed["autoScalingConfig.instanceType"] == "UPDATE_REPLACE"


def test_zones_are_read_back_as_a_difference(pool: Managed, program: Object) -> None:
    pool.up(program)
    assert pool.state["zones"] == [ZONE]
    pool.ignore = ()
    assert pool.plan(program).detailed == {"zones": "DELETE"}
