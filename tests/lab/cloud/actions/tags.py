"""Stand-in for the tag service: tags of the resources that the lab knows."""

import re

from tests.lab.cloud.core import Call, Handler
from tests.lab.cloud.errors import ApiError, missing
from tests.lab.cloud.listing import page
from tests.lab.cloud.params import Json

_RESOURCE = re.compile(
    r"qcs::(?P<service>\w+):(?P<region>[\w-]*):(?P<account>(uin/\d*)?):(?P<prefix>\w+)/(?P<id>[\w-]+)"
)


def modify_resource_tags(call: Call) -> Json:
    resource = call.params.need("Resource")
    match = _RESOURCE.fullmatch(resource)
    if match is None:
        raise ApiError(
            "InvalidParameterValue.ResourceDescriptionError",
            f"`{resource}` is not a six-segment resource description.",
        )
    tags = _tags(call, match["prefix"], match["id"], match["region"])
    if tags is None:
        raise ApiError("ResourceNotFound", f"Resource `{resource}` does not exist.")
    replaced = call.params.pairs("ReplaceTags", "TagKey", "TagValue")
    deleted = [item.need("TagKey") for item in call.params.children("DeleteTags")]
    if not replaced and not deleted:
        raise missing("ReplaceTags")
    if replaced.keys() & set(deleted):
        raise ApiError(
            "InvalidParameterValue.DeleteTagsParamError", "A tag cannot be both replaced and deleted."
        )
    tags.update(replaced)
    for key in deleted:
        tags.pop(key, None)
    return {}


def describe_resource_tags(call: Call) -> Json:
    params = call.params
    prefix, region = params.need("ResourcePrefix"), params.text("ResourceRegion", call.region)
    service = params.need("ServiceType")
    found: list[Json] = []
    for resource_id in params.texts("ResourceIds"):
        tags = _tags(call, prefix, resource_id, region) or {}
        found.extend(
            {
                "TagKey": key,
                "TagValue": value,
                "ResourceId": resource_id,
                "TagKeyMd5": "",
                "TagValueMd5": "",
                "ServiceType": service,
            }
            for key, value in tags.items()
        )
    limit = params.number("Limit", 15)
    return {
        "TotalCount": len(found),
        "Offset": params.number("Offset"),
        "Limit": limit,
        "Tags": page(params, found, default=15, most=400),
    }


def _tags(call: Call, prefix: str, resource_id: str, region: str) -> dict[str, str] | None:
    """The live tags of a resource of that region, or nothing."""
    world, here = call.world, region or call.region
    vpc_ids = {vpc.vpc_id for vpc in world.vpcs.values() if vpc.region == here}
    if prefix == "vpc" and resource_id in vpc_ids:
        return world.vpcs[resource_id].tags
    if prefix == "subnet" and (subnet := world.subnets.get(resource_id)) and subnet.vpc_id in vpc_ids:
        return subnet.tags
    if prefix == "rtb" and (table := world.route_tables.get(resource_id)) and table.vpc_id in vpc_ids:
        return table.tags
    if prefix == "sg" and (group := world.security_groups.get(resource_id)) and group.region == here:
        return group.tags
    if prefix == "cluster" and (cluster := world.clusters.get(resource_id)) and cluster.region == here:
        return cluster.tags
    return None


ACTIONS: dict[str, Handler] = {
    "DescribeResourceTagsByResourceIds": describe_resource_tags,
    "ModifyResourceTags": modify_resource_tags,
}
