"""Stand-in for the VPC actions of the vpc service."""

import ipaddress

from tests.lab.cloud.core import Call, Handler, tag_list, vpc_time
from tests.lab.cloud.errors import ApiError, in_use, missing
from tests.lab.cloud.listing import Filters, listing
from tests.lab.cloud.params import Json
from tests.lab.world import RouteTable, Vpc

_PRIVATE = [ipaddress.IPv4Network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")]
_ASSISTANT_TYPE = 0
_MAX_NAME = 60


def network(text: str, name: str) -> ipaddress.IPv4Network:
    """An exact network address, as all of the cloud's CIDR fields want it."""
    try:
        return ipaddress.IPv4Network(text)
    except ValueError as error:
        raise ApiError(
            "InvalidParameterValue.Malformed", f"`{name}` is not a valid CIDR block: {text}."
        ) from error


def checked_name(name: str, field: str) -> str:
    if not 1 <= len(name) <= _MAX_NAME:
        raise ApiError("InvalidParameterValue.TooLong", f"`{field}` has 1 to {_MAX_NAME} characters.")
    return name


def create_vpc(call: Call) -> Json:
    params = call.params
    name = checked_name(params.need("VpcName"), "VpcName")
    block = network(params.need("CidrBlock"), "CidrBlock")
    if not 12 <= block.prefixlen <= 28 or not any(block.subnet_of(private) for private in _PRIVATE):
        raise ApiError(
            "InvalidParameterValue.Range",
            f"`CidrBlock` {block} is outside the private ranges or not of size /12 to /28.",
        )
    vpc = Vpc(
        call.world.new_id("vpc"),
        name,
        str(block),
        params.pairs("Tags"),
        region=call.region,
        created=vpc_time(),
        multicast=params.flag("EnableMulticast", default=True),
        dns_servers=params.texts("DnsServers") or ["183.60.83.19", "183.60.82.98"],
    )
    call.world.vpcs[vpc.vpc_id] = vpc
    table = RouteTable(call.world.new_id("rtb"), "default", vpc.vpc_id, main=True, created=vpc_time())
    call.world.route_tables[table.route_table_id] = table
    return {"Vpc": _shown(vpc)}


def describe_vpcs(call: Call) -> Json:
    keys: Filters[Vpc] = {
        "vpc-id": lambda vpc: vpc.vpc_id,
        "vpc-name": lambda vpc: vpc.name,
        "cidr-block": lambda vpc: vpc.cidr_block,
        "is-default": lambda _: "false",
    }
    wanted = call.params.texts("VpcIds")
    vpcs = [call.vpc(vpc_id) for vpc_id in wanted] if wanted else call.vpcs()
    return listing(call.params, "VpcSet", vpcs, _shown, keys, lambda vpc: vpc.tags)


def modify_vpc_attribute(call: Call) -> Json:
    params, vpc = call.params, call.vpc(call.params.need("VpcId"))
    if params.has("VpcName"):
        vpc.name = checked_name(params.text("VpcName"), "VpcName")
    vpc.multicast = params.flag("EnableMulticast", default=vpc.multicast)
    vpc.dns_servers = params.texts("DnsServers") or vpc.dns_servers
    return {}


def delete_vpc(call: Call) -> Json:
    vpc = call.vpc(call.params.need("VpcId"))
    if any(subnet.vpc_id == vpc.vpc_id for subnet in call.world.subnets.values()):
        raise in_use("VPC", vpc.vpc_id, "it has subnets")
    if any(cluster.vpc_id == vpc.vpc_id for cluster in call.world.clusters.values()):
        raise in_use("VPC", vpc.vpc_id, "a cluster runs in it")
    del call.world.vpcs[vpc.vpc_id]
    for table in [table for table in call.world.route_tables.values() if table.vpc_id == vpc.vpc_id]:
        del call.world.route_tables[table.route_table_id]
    return {}


def create_assistant_cidr(call: Call) -> Json:
    vpc = call.vpc(call.params.need("VpcId"))
    blocks = call.params.texts("CidrBlocks")
    if not blocks:
        raise missing("CidrBlocks")
    _add_assistants(vpc, blocks)
    return {"AssistantCidrSet": _assistants(vpc)}


def modify_assistant_cidr(call: Call) -> Json:
    vpc = call.vpc(call.params.need("VpcId"))
    old = call.params.texts("OldCidrBlocks")
    for block in old:
        if block not in vpc.assistant_cidrs:
            raise ApiError("ResourceNotFound", f"Assistant CIDR `{block}` does not exist.")
        if any(
            s.vpc_id == vpc.vpc_id and network(s.cidr_block, "").subnet_of(network(block, ""))
            for s in call.subnets()
        ):
            raise in_use("Assistant CIDR", block, "it has subnets")
    vpc.assistant_cidrs = [block for block in vpc.assistant_cidrs if block not in old]
    _add_assistants(vpc, call.params.texts("NewCidrBlocks"))
    return {"AssistantCidrSet": _assistants(vpc)}


def _add_assistants(vpc: Vpc, blocks: list[str]) -> None:
    for text in blocks:
        block = network(text, "CidrBlocks")
        if any(block.overlaps(network(other, "")) for other in [vpc.cidr_block, *vpc.assistant_cidrs]):
            raise ApiError(
                "InvalidParameterValue.SubnetOverlapAssistCidr", f"{block} overlaps a range of {vpc.vpc_id}."
            )
        vpc.assistant_cidrs.append(str(block))


def _assistants(vpc: Vpc) -> list[Json]:
    return [
        {"VpcId": vpc.vpc_id, "CidrBlock": block, "AssistantType": _ASSISTANT_TYPE, "SubnetSet": []}
        for block in vpc.assistant_cidrs
    ]


def _shown(vpc: Vpc) -> Json:
    return {
        "VpcName": vpc.name,
        "VpcId": vpc.vpc_id,
        "CidrBlock": vpc.cidr_block,
        "IsDefault": False,
        "EnableMulticast": vpc.multicast,
        "CreatedTime": vpc.created,
        "DnsServerSet": vpc.dns_servers,
        "DomainName": "",
        "DhcpOptionsId": "",
        "EnableDhcp": True,
        "Ipv6CidrBlock": "",
        "TagSet": tag_list(vpc.tags),
        "AssistantCidrSet": _assistants(vpc),
        "EnableRouteVpcPublish": True,
        "Ipv6CidrBlockSet": [],
    }


ACTIONS: dict[str, Handler] = {
    "CreateAssistantCidr": create_assistant_cidr,
    "CreateVpc": create_vpc,
    "DeleteVpc": delete_vpc,
    "DescribeVpcs": describe_vpcs,
    "ModifyAssistantCidr": modify_assistant_cidr,
    "ModifyVpcAttribute": modify_vpc_attribute,
}
