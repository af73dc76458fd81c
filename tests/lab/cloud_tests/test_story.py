"""The article from the first to the last call, and what takes time."""

import json
from typing import cast

from tests.lab.cloud_tests.sdk import CA, KUBECONFIG, REGION, Lab, pool_request, wait


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
