"""Waits, retries and errors of the stand-in plugin, and resources that are gone from the cloud."""

import grpc  # type: ignore[import-untyped]  # grpcio ships no type information
import pytest

from tests.lab.cloud_tests.sdk import Lab
from tests.lab.plugin_tests.scene import CLUSTER, ENDPOINT, GR, PODS, SUBNET, A, add_worker, intranet
from tests.lab.tencentcloud_plugin.driver import Client, Failed, Managed


def test_retried_codes_are_retried_and_others_passed_on(cloud: Lab, cluster: Managed) -> None:
    cloud.fail("CreateCluster", "ResourceUnavailable.ClusterState")
    cloud.fail("CreateCluster", "RequestLimitExceeded")
    cluster.up(GR)
    assert cloud.actions().count("CreateCluster") == 3
    cloud.fail("CreateCluster", "QuotaMaxClsLimit", "too many")
    other = Managed(cluster.client, CLUSTER)
    text = r"\[TencentCloudSDKError\] Code=QuotaMaxClsLimit, Message=too many, RequestId=[0-9a-f-]{36}"
    with pytest.raises(Failed, match=text) as failure:
        other.up(GR)
    assert not failure.value.kept


def test_create_waits_until_the_cluster_answers(cloud: Lab, cluster: Managed) -> None:
    cloud.set(slow_start=0.3)
    cluster.up(GR)
    calls = cloud.calls()
    assert [call["action"] for call in calls if call["error"]] == ["DescribeClusterInstances"] * 2
    others = [call["action"] for call in calls if call["action"] != "DescribeClusterInstances"]
    assert others[:2] == ["CreateCluster", "DescribeClusterVirtualNode"]


def test_a_failed_wait_loses_the_cluster(cloud: Lab, cluster: Managed) -> None:
    with pytest.raises(Failed, match="waiting for workers created") as failure:
        cluster.up({**GR, "clusterIntranet": True, "clusterIntranetSubnetId": A})
    assert not failure.value.kept
    assert len(cloud.world.clusters) == 1


def test_endpoint_needs_a_running_worker(cloud: Lab, client: Client, cluster: Managed) -> None:
    cluster.up(GR)
    program = intranet(cluster)
    endpoint = Managed(client, ENDPOINT)
    with pytest.raises(Failed, match="waiting for workers created"):
        endpoint.up(program)
    add_worker(cloud, cluster, "initializing")
    with pytest.raises(Failed, match=f"cluster {cluster.id} waiting for one of the workers ready"):
        endpoint.up(program)
    add_worker(cloud, cluster, "running")
    endpoint.up(program)
    assert cloud.world.clusters[cluster.id].intranet.status == "Created"
    endpoint.delete()
    assert cloud.world.clusters[cluster.id].intranet.status == "NotFound"
    with pytest.raises(Failed, match="can only set when `cluster_intranet` is true"):
        endpoint.up({"clusterId": cluster.id, "clusterIntranetSubnetId": A})


def test_gone(cloud: Lab, client: Client, cluster: Managed) -> None:
    cluster.up(GR)
    cluster_id = cluster.id
    add_worker(cloud, cluster, "running")
    endpoint = Managed(client, ENDPOINT)
    endpoint.up({"clusterId": cluster_id})
    cloud.world.clusters.clear()
    cluster.refresh()
    assert cluster.id == ""
    with pytest.raises(grpc.RpcError, match=f"cluster {cluster_id} not found"):
        endpoint.refresh()
    with pytest.raises(grpc.RpcError, match="doesn't support import"):
        endpoint.import_(cluster_id)


def test_subnet_delete_retries_any_error_and_then_fails(cloud: Lab, client: Client) -> None:
    subnet = Managed(client, SUBNET)
    subnet.up(PODS)
    subnet_id = subnet.id
    cloud.fail("DeleteSubnet", "UnsupportedOperation.InUse", times=100)
    with pytest.raises(Failed, match=r"UnsupportedOperation\.InUse"):
        subnet.delete()
    assert cloud.actions().count("DeleteSubnet") > 1
    cloud.control.delete("/faults")
    cloud.fail("DeleteSubnet", "UnsupportedOperation.InUse")
    subnet.delete()
    assert subnet_id not in cloud.world.subnets


def test_a_repeated_page_is_an_error(cloud: Lab, cluster: Managed) -> None:
    """A server that ignores `Offset` returns its first page again: here the world lists 20 nodes twice."""
    cluster.up(GR)
    for number in range(40):
        add_worker(cloud, cluster, "running", key=str(number), name=f"ins-{number % 20}")
    with pytest.raises(
        grpc.RpcError, match=r"get repeated instance_id\[ins-0\] when doing DescribeClusterInstances"
    ):
        cluster.refresh()
