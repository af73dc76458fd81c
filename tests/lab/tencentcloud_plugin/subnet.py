"""`tencentcloud:Subnet/instance:Instance` of the stand-in plugin."""

from collections.abc import Mapping
from typing import ClassVar

from tests.lab.tencentcloud_plugin.client import Api, Json
from tests.lab.tencentcloud_plugin.resource import Data, Resource
from tests.lab.tencentcloud_plugin.schema import Prop
from tests.lab.tencentcloud_plugin.tags import as_tags, change_tags, modify_tags, read_tags
from tests.lab.tencentcloud_plugin.validators import length, network_address
from tests.lab.tencentcloud_plugin.vpc import PAGE, delete_until_gone, describe_one


class Subnet(Resource):
    type_name = "tencentcloud:Subnet/instance:Instance"
    tf_name = "tencentcloud_subnet"
    props: ClassVar[Mapping[str, Prop]] = {
        "availabilityZone": Prop(required=True, force_new=True),
        "availableIpCount": Prop("integer", output=True),
        "cdcId": Prop(force_new=True),
        "cidrBlock": Prop(required=True, force_new=True, validate=network_address),
        "createTime": Prop(output=True),
        "isDefault": Prop("boolean", output=True),
        "isMulticast": Prop("boolean", default=True),
        "name": Prop(auto_name=True, validate=length(1, 60)),
        "routeTableId": Prop(computed=True),
        "tags": Prop("map"),
        "vpcId": Prop(required=True, force_new=True),
    }

    def create(self, api: Api, data: Data) -> None:
        table = data.string("routeTableId")
        if table:
            _check_route_table(api, table, data.string("vpcId"))
        request: Json = {
            "VpcId": data.string("vpcId"),
            "SubnetName": data.string("name"),
            "CidrBlock": data.string("cidrBlock"),
            "Zone": data.string("availabilityZone"),
        }
        if cdc := data.string("cdcId"):
            request["CdcId"] = cdc
        tags = data.mapping("tags")
        if tags:
            request["Tags"] = as_tags(tags)
        data.id = api.retried_call("vpc", "CreateSubnet", request, api.timing.write)["Subnet"]["SubnetId"]
        _modify(api, data)
        if table:
            _associate(api, data.id, table)
        if tags:
            modify_tags(api, "vpc", "subnet", data.id, tags, [])
        self.read(api, data)

    def read(self, api: Api, data: Data, *, importing: bool = False) -> None:
        info = describe_one(api, "DescribeSubnets", "SubnetSet", "subnet-id", data.id)
        tags = read_tags(api, "vpc", "subnet", data.id)
        data.set("vpcId", info["VpcId"])
        data.set("availabilityZone", info["Zone"])
        data.set("name", info["SubnetName"])
        data.set("cidrBlock", info["CidrBlock"])
        data.set("isMulticast", info["EnableBroadcast"])
        data.set("routeTableId", info["RouteTableId"])
        data.set("cdcId", info["CdcId"])
        data.set("isDefault", info["IsDefault"])
        data.set("availableIpCount", info["AvailableIpAddressCount"])
        data.set("createTime", info["CreatedTime"])
        data.set("tags", tags)

    def update(self, api: Api, data: Data) -> None:
        data.partial = True
        _modify(api, data)
        if data.has_change("routeTableId"):
            table = data.string("routeTableId")
            if not table:
                raise ValueError("route_table_id should be not empty string")
            _check_route_table(api, table, data.string("vpcId"))
            _associate(api, data.id, table)
        if data.has_change("tags"):
            change_tags(api, data, "vpc", "subnet")
        data.partial = False
        self.read(api, data)

    def delete(self, api: Api, data: Data) -> None:
        delete_until_gone(api, "DeleteSubnet", {"SubnetId": data.id})


def _modify(api: Api, data: Data) -> None:
    api.retried_call(
        "vpc",
        "ModifySubnetAttribute",
        {
            "SubnetId": data.id,
            "SubnetName": data.string("name"),
            "EnableBroadcast": "true" if data.boolean("isMulticast") else "false",
        },
        api.timing.read,
    )


def _check_route_table(api: Api, table: str, vpc_id: str) -> None:
    filters = [{"Name": "route-table-id", "Values": [table]}, {"Name": "vpc-id", "Values": [vpc_id]}]
    answer = api.retried_call(
        "vpc", "DescribeRouteTables", {"Filters": filters, "Limit": str(PAGE), "Offset": "0"}, api.timing.read
    )
    if answer["TotalCount"] != 1:
        raise ValueError(f"error,route_table [{table}]  not found in vpc [{vpc_id}]")


def _associate(api: Api, subnet_id: str, table: str) -> None:
    api.retried_call(
        "vpc", "ReplaceRouteTableAssociation", {"SubnetId": subnet_id, "RouteTableId": table}, api.timing.read
    )
