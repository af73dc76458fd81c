"""Stand-in for the route-table actions of the vpc service."""

import functools

from tests.lab.cloud.actions.vpc import checked_name
from tests.lab.cloud.core import Call, Handler, tag_list, vpc_time
from tests.lab.cloud.errors import ApiError, in_use, not_found
from tests.lab.cloud.listing import Filters, listing
from tests.lab.cloud.params import Json
from tests.lab.world import RouteTable


def create_route_table(call: Call) -> Json:
    vpc = call.vpc(call.params.need("VpcId"))
    name = checked_name(call.params.need("RouteTableName"), "RouteTableName")
    table = RouteTable(
        call.world.new_id("rtb"),
        name,
        vpc.vpc_id,
        main=False,
        created=vpc_time(),
        tags=call.params.pairs("Tags"),
    )
    call.world.route_tables[table.route_table_id] = table
    return {"RouteTable": _shown(call, table)}


def describe_route_tables(call: Call) -> Json:
    keys: Filters[RouteTable] = {
        "route-table-id": lambda table: table.route_table_id,
        "route-table-name": lambda table: table.name,
        "vpc-id": lambda table: table.vpc_id,
        "association.main": lambda table: str(table.main).lower(),
    }
    wanted = call.params.texts("RouteTableIds")
    tables = [_table(call, table_id) for table_id in wanted] if wanted else _tables(call)
    shown = functools.partial(_shown, call)
    return listing(call.params, "RouteTableSet", tables, shown, keys, lambda table: table.tags)


def replace_route_table_association(call: Call) -> Json:
    subnet, table = call.subnet(call.params.need("SubnetId")), _table(call, call.params.need("RouteTableId"))
    if subnet.vpc_id != table.vpc_id:
        raise ApiError(
            "UnsupportedOperation.VpcMismatch", "The subnet and the route table are not in the same VPC."
        )
    subnet.route_table_id = table.route_table_id
    return {}


def delete_route_table(call: Call) -> Json:
    table = _table(call, call.params.need("RouteTableId"))
    if table.main:
        raise ApiError(
            "UnsupportedOperation.NotSupportDeleteDefaultRouteTable",
            "The default route table cannot be deleted.",
        )
    if any(subnet.route_table_id == table.route_table_id for subnet in call.subnets()):
        raise in_use("Route table", table.route_table_id, "it is associated with subnets")
    del call.world.route_tables[table.route_table_id]
    return {}


def _tables(call: Call) -> list[RouteTable]:
    here = {vpc.vpc_id for vpc in call.vpcs()}
    return [table for table in call.world.route_tables.values() if table.vpc_id in here]


def _table(call: Call, table_id: str) -> RouteTable:
    for table in _tables(call):
        if table.route_table_id == table_id:
            return table
    raise not_found("Route table", table_id)


def _shown(call: Call, table: RouteTable) -> Json:
    return {
        "VpcId": table.vpc_id,
        "RouteTableId": table.route_table_id,
        "RouteTableName": table.name,
        "AssociationSet": [
            {"SubnetId": subnet.subnet_id, "RouteTableId": table.route_table_id}
            for subnet in call.subnets()
            if subnet.route_table_id == table.route_table_id
        ],
        "RouteSet": [],
        "Main": table.main,
        "CreatedTime": table.created,
        "TagSet": tag_list(table.tags),
        "LocalCidrForCcn": [],
    }


ACTIONS: dict[str, Handler] = {
    "CreateRouteTable": create_route_table,
    "DeleteRouteTable": delete_route_table,
    "DescribeRouteTables": describe_route_tables,
    "ReplaceRouteTableAssociation": replace_route_table_association,
}
