"""VPC-CNI, add-ons and node pools of the stand-in cloud."""

import json
from typing import Any, cast

import pytest

from tests.lab.cloud_tests.sdk import REGION, Lab, cluster_request, enable_request, wait


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


def test_the_property_of_a_hybrid_cluster_has_the_static_mode_only_with_the_setting(lab: Lab) -> None:
    vpc_id = lab.vpc()
    cluster_id = lab.cluster(vpc_id)
    lab.enable(cluster_id, [lab.subnet(vpc_id, "10.0.64.0/24")])
    assert "IsNonStaticIpMode" not in json.loads(lab.shown(cluster_id)["Property"])
    lab.control.patch("/settings", json={"property_has_static": True})
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


def test_the_newer_version_lists_pools_of_every_kind_and_the_older_pools_with_a_scaling_group(
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
