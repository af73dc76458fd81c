"""Clusters of the stand-in cloud: ranges, states, attributes."""

import json

import pytest

from tests.lab.cloud_tests.sdk import Json, Lab, cluster_request, enable_request, running_lab, wait


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
