"""Clusters made outside the program, as in the console, for programs that adopt them."""

from typing import Any

from tests.lab.lab import Lab, wait_until

FOUR, SIX = "ap-guangzhou-4", "ap-guangzhou-6"


def make_cluster(lab: Lab) -> dict[str, Any]:
    """A GlobalRouter cluster and two container subnets."""
    vpc = lab.call("vpc", "CreateVpc", {"VpcName": "live", "CidrBlock": "10.0.0.0/16"})["Vpc"]["VpcId"]

    def subnet(zone: str, block: str) -> dict[str, str]:
        request = {"VpcId": vpc, "SubnetName": zone, "CidrBlock": block, "Zone": zone}
        return {
            "zone": zone,
            "cidr": block,
            "id": lab.call("vpc", "CreateSubnet", request)["Subnet"]["SubnetId"],
        }

    subnets = [subnet(FOUR, "10.0.64.0/22"), subnet(SIX, "10.0.68.0/22")]
    request = {
        "ClusterType": "MANAGED_CLUSTER",
        "ClusterCIDRSettings": {
            "ClusterCIDR": "192.168.0.0/20",
            "MaxNodePodNum": 64,
            "MaxClusterServiceNum": 1024,
        },
        "ClusterBasicSettings": {"VpcId": vpc, "ClusterName": "live"},
        "ClusterAdvancedSettings": {"NetworkType": "GR"},
    }
    cluster = lab.call("tke", "CreateCluster", request)["ClusterId"]
    running = {"ClusterIds": [cluster]}
    wait_until(
        "the cluster",
        lambda: lab.call("tke", "DescribeClusters", running)["Clusters"][0]["ClusterStatus"] == "Running",
    )
    return {"vpc": vpc, "cluster": cluster, "subnets": subnets}


def enable(
    lab: Lab,
    live: dict[str, Any],
    subnets: list[dict[str, str]],
    *,
    static: bool = True,
    cni_type: str = "tke-route-eni",
) -> None:
    """Switch VPC-CNI on."""
    request: dict[str, object] = {
        "ClusterId": live["cluster"],
        "VpcCniType": cni_type,
        "EnableStaticIp": static,
        "Subnets": [subnet["id"] for subnet in subnets],
    }
    lab.call("tke", "EnableVpcCniNetworkType", {**request, "ExpiredSeconds": 300} if static else request)
    ipamd = {"ClusterId": live["cluster"]}
    wait_until("ipamd", lambda: lab.call("tke", "DescribeIPAMD", ipamd)["EnableIPAMD"])


def remove(lab: Lab, live: dict[str, Any]) -> None:
    """Delete the cluster, its subnets and its VPC."""
    lab.call("tke", "DeleteCluster", {"ClusterId": live["cluster"], "InstanceDeleteMode": "terminate"})
    wait_until("the deletion", lambda: live["cluster"] not in lab.state()["clusters"])
    for subnet in live["subnets"]:
        lab.call("vpc", "DeleteSubnet", {"SubnetId": subnet["id"]})
    lab.call("vpc", "DeleteVpc", {"VpcId": live["vpc"]})
