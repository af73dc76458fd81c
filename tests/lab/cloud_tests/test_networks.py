"""VPCs, subnets, tags and security groups of the stand-in cloud."""

from typing import Any

from tests.lab.cloud_tests.sdk import REGION, Lab


def test_a_change_wakes_the_controllers_at_once_and_a_read_does_not(lab: Lab) -> None:
    vpc_id = lab.vpc()
    assert lab.runtime.wakes == 1
    lab.call("vpc", "DescribeVpcs", {"VpcIds": [vpc_id]})
    assert lab.runtime.wakes == 1


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
    request = {
        "ServiceType": "vpc",
        "ResourcePrefix": "subnet",
        "ResourceRegion": REGION,
        "ResourceIds": [subnet_id],
        "Limit": 20,
    }
    tags = lab.call("tag", "DescribeResourceTagsByResourceIds", request)["Tags"]
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
