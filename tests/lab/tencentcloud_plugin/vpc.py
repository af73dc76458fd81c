"""`tencentcloud:Vpc/instance:Instance` of the stand-in plugin."""

from collections.abc import Mapping
from typing import ClassVar

from tests.lab.tencentcloud_plugin.client import Api, ApiError, Json
from tests.lab.tencentcloud_plugin.resource import Data, Gone, Resource
from tests.lab.tencentcloud_plugin.schema import Prop
from tests.lab.tencentcloud_plugin.tags import as_tags, change_tags, from_tags
from tests.lab.tencentcloud_plugin.timing import Retry
from tests.lab.tencentcloud_plugin.validators import length, network_address

NOT_FOUND = "ResourceNotFound"
PAGE = 100


class Vpc(Resource):
    type_name = "tencentcloud:Vpc/instance:Instance"
    tf_name = "tencentcloud_vpc"
    props: ClassVar[Mapping[str, Prop]] = {
        "assistantCidrs": Prop("strings", computed=True, unordered=True),
        "cidrBlock": Prop(required=True, force_new=True, validate=network_address),
        "createTime": Prop(output=True),
        "defaultRouteTableId": Prop(output=True),
        "dnsServers": Prop("strings", computed=True, unordered=True),
        "dockerAssistantCidrs": Prop("strings", output=True),
        "isDefault": Prop("boolean", output=True),
        "isMulticast": Prop("boolean", default=True),
        "name": Prop(auto_name=True, validate=length(1, 60)),
        "tags": Prop("map"),
    }

    def create(self, api: Api, data: Data) -> None:
        request: Json = {
            "VpcName": data.string("name"),
            "CidrBlock": data.string("cidrBlock"),
            "EnableMulticast": _flag(data.boolean("isMulticast")),
        }
        servers = data.strings("dnsServers")
        if len(servers) > 4:
            raise ValueError("If dns_servers is set, then len(dns_servers) should be [1:4]")
        if servers:
            request["DnsServers"] = servers
        if tags := data.mapping("tags"):
            request["Tags"] = as_tags(tags)
        answer = api.retried_call("vpc", "CreateVpc", request, api.timing.write)
        data.id = answer["Vpc"]["VpcId"]
        if cidrs := data.strings("assistantCidrs"):
            api.call("vpc", "CreateAssistantCidr", {"VpcId": data.id, "CidrBlocks": cidrs})
        api.timing.sleep(api.timing.wait_read_seconds)
        self.read(api, data)

    def read(self, api: Api, data: Data, *, importing: bool = False) -> None:
        info = describe_one(api, "DescribeVpcs", "VpcSet", "vpc-id", data.id)
        assistant: list[Json] = info.get("AssistantCidrSet") or []
        data.set("name", info["VpcName"])
        data.set("cidrBlock", info["CidrBlock"])
        data.set("dnsServers", info.get("DnsServerSet") or [])
        data.set("isMulticast", info["EnableMulticast"])
        data.set("createTime", info["CreatedTime"])
        data.set("isDefault", info["IsDefault"])
        # Type 0 is an ordinary assistant CIDR, type 1 one of containers.
        data.set("assistantCidrs", [item["CidrBlock"] for item in assistant if not item.get("AssistantType")])
        data.set(
            "dockerAssistantCidrs", [item["CidrBlock"] for item in assistant if item.get("AssistantType")]
        )
        data.set("tags", from_tags(info.get("TagSet")))
        table = _main_route_table(api, data.id)
        if table is not None:
            data.set("defaultRouteTableId", table)

    def update(self, api: Api, data: Data) -> None:
        data.partial = True
        request: Json = {
            "VpcId": data.id,
            "VpcName": data.string("name"),
            "EnableMulticast": _flag(data.boolean("isMulticast")),
        }
        servers = data.strings("dnsServers")
        if len(servers) > 4 or (data.has_change("dnsServers") and not servers):
            raise ValueError("If dns_servers is set, then len(dns_servers) should be [1:4]")
        if servers:
            request["DnsServers"] = servers
        api.retried_call("vpc", "ModifyVpcAttribute", request, api.timing.read)
        if data.has_change("assistantCidrs"):
            old = data.state.get("assistantCidrs")
            before = [str(item) for item in old] if isinstance(old, list) else []
            after = data.strings("assistantCidrs")
            cidrs: Json = {"VpcId": data.id}
            if gone := [item for item in before if item not in after]:
                cidrs["OldCidrBlocks"] = gone
            if new := [item for item in after if item not in before]:
                cidrs["NewCidrBlocks"] = new
            api.call("vpc", "ModifyAssistantCidr", cidrs)
        if data.has_change("tags"):
            change_tags(api, data, "vpc", "vpc")
        data.partial = False
        self.read(api, data)

    def delete(self, api: Api, data: Data) -> None:
        delete_until_gone(api, "DeleteVpc", {"VpcId": data.id})


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _main_route_table(api: Api, vpc_id: str) -> str | None:
    filters = [{"Name": "vpc-id", "Values": [vpc_id]}, {"Name": "association.main", "Values": ["true"]}]
    try:
        answer = api.retried_call(
            "vpc",
            "DescribeRouteTables",
            {"Filters": filters, "Limit": str(PAGE), "Offset": "0"},
            api.timing.read,
        )
    except ApiError:
        # The vendor logs it and leaves the property as it is.
        return None
    tables: list[Json] = answer["RouteTableSet"] or []
    return next((str(table["RouteTableId"]) for table in tables if table["Main"]), None)


def describe_one(api: Api, action: str, name: str, key: str, resource_id: str) -> Json:
    """Return the resource in `name` of the answer. Raises Gone."""
    filters = [{"Name": key, "Values": [resource_id]}]
    request: Json = {"Filters": filters, "Limit": str(PAGE), "Offset": "0"}
    answer = api.retried_call("vpc", action, request, api.timing.read)
    if answer["TotalCount"] == 0 or not answer[name]:
        raise Gone(resource_id)
    found: Json = answer[name][0]
    return found


def delete_until_gone(api: Api, action: str, params: Json) -> None:
    """The vendor's delete in a VPC: retries every error until the write timeout, then fails with the last
    error."""

    def attempt() -> None:
        try:
            api.call("vpc", action, params)
        except ApiError as error:
            if error.code != NOT_FOUND:
                raise Retry(error) from error

    api.timing.retry(api.timing.write, attempt)
