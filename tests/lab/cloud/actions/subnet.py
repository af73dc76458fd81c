"""Stand-in for the subnet actions of the vpc service."""

from tests.lab.cloud.actions.vpc import checked_name, network
from tests.lab.cloud.core import Call, Handler, tag_list, vpc_time
from tests.lab.cloud.errors import ApiError, in_use
from tests.lab.cloud.listing import Filters, listing
from tests.lab.cloud.params import Json
from tests.lab.cloud.zones import zones_of
from tests.lab.world import Subnet, World


def create_subnet(call: Call) -> Json:
    params, vpc = call.params, call.vpc(call.params.need("VpcId"))
    name = checked_name(params.need("SubnetName"), "SubnetName")
    zone = params.need("Zone")
    block = network(params.need("CidrBlock"), "CidrBlock")
    if zone not in zones_of(call.region):
        raise ApiError(
            "InvalidParameterValue.UnavailableZone",
            f"Zone `{zone}` is not available in region `{call.region}`.",
        )
    ranges = [network(text, "CidrBlock") for text in (vpc.cidr_block, *vpc.assistant_cidrs)]
    if block.prefixlen > 29 or not any(block.subnet_of(outer) for outer in ranges):
        raise ApiError(
            "InvalidParameterValue.SubnetRange",
            f"The subnet {block} is out of the range of VPC `{vpc.vpc_id}`.",
        )
    for other in call.world.subnets.values():
        if other.vpc_id == vpc.vpc_id and block.overlaps(network(other.cidr_block, "CidrBlock")):
            code = "SubnetConflict" if other.cidr_block == str(block) else "SubnetOverlap"
            raise ApiError(
                f"InvalidParameterValue.{code}",
                f"The subnet {block} overlaps `{other.subnet_id}` ({other.cidr_block}).",
            )
    main = next(
        table for table in call.world.route_tables.values() if table.vpc_id == vpc.vpc_id and table.main
    )
    subnet = Subnet(
        call.world.new_id("subnet"),
        name,
        vpc.vpc_id,
        zone,
        str(block),
        main.route_table_id,
        params.pairs("Tags"),
        created=vpc_time(),
    )
    call.world.subnets[subnet.subnet_id] = subnet
    return {"Subnet": _shown(subnet)}


def describe_subnets(call: Call) -> Json:
    keys: Filters[Subnet] = {
        "subnet-id": lambda subnet: subnet.subnet_id,
        "subnet-name": lambda subnet: subnet.name,
        "vpc-id": lambda subnet: subnet.vpc_id,
        "cidr-block": lambda subnet: subnet.cidr_block,
        "zone": lambda subnet: subnet.zone,
        "route-table-id": lambda subnet: subnet.route_table_id,
        "is-default": lambda _: "false",
        "is-remote-vpc-snat": lambda _: "false",
        "cdc-id": lambda _: "",
    }
    wanted = call.params.texts("SubnetIds")
    subnets = [call.subnet(subnet_id) for subnet_id in wanted] if wanted else call.subnets()
    return listing(call.params, "SubnetSet", subnets, _shown, keys, lambda subnet: subnet.tags)


def modify_subnet_attribute(call: Call) -> Json:
    params, subnet = call.params, call.subnet(call.params.need("SubnetId"))
    if params.has("SubnetName"):
        subnet.name = checked_name(params.text("SubnetName"), "SubnetName")
    subnet.broadcast = params.flag("EnableBroadcast", default=subnet.broadcast)
    return {}


def delete_subnet(call: Call) -> Json:
    subnet = call.subnet(call.params.need("SubnetId"))
    if user := _user(call.world, subnet):
        raise in_use("Subnet", subnet.subnet_id, user)
    del call.world.subnets[subnet.subnet_id]
    return {}


def _user(world: World, subnet: Subnet) -> str:
    """Why the subnet cannot go, or nothing."""
    for cluster in world.clusters.values():
        if cluster.vpc_cni is not None and subnet.subnet_id in cluster.vpc_cni.subnet_ids:
            return f"cluster {cluster.cluster_id} takes pod addresses from it"
    if subnet.leases:
        return f"{len(subnet.leases)} of its addresses are taken"
    return ""


def _shown(subnet: Subnet) -> Json:
    return {
        "VpcId": subnet.vpc_id,
        "SubnetId": subnet.subnet_id,
        "SubnetName": subnet.name,
        "CidrBlock": subnet.cidr_block,
        "IsDefault": False,
        "EnableBroadcast": subnet.broadcast,
        "Zone": subnet.zone,
        "RouteTableId": subnet.route_table_id,
        "CreatedTime": subnet.created,
        "AvailableIpAddressCount": subnet.available,
        "Ipv6CidrBlock": "",
        "NetworkAclId": "",
        "IsRemoteVpcSnat": False,
        "TotalIpAddressCount": subnet.usable,
        "TagSet": tag_list(subnet.tags),
        "CdcId": "",
        "IsCdcSubnet": 0,
    }


ACTIONS: dict[str, Handler] = {
    "CreateSubnet": create_subnet,
    "DeleteSubnet": delete_subnet,
    "DescribeSubnets": describe_subnets,
    "ModifySubnetAttribute": modify_subnet_attribute,
}
