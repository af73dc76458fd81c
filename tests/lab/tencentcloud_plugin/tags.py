"""Tags as the stand-in plugin sends and reads them."""

from collections.abc import Mapping
from typing import cast

from tests.lab.tencentcloud_plugin.client import Api, Json
from tests.lab.tencentcloud_plugin.resource import Data
from tests.lab.tencentcloud_plugin.values import Object

_PAGE = 20


def as_tags(tags: Mapping[str, str]) -> list[Json]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def from_tags(tags: list[Json] | None) -> Object:
    return {str(tag["Key"]): str(tag["Value"]) for tag in tags or []}


def modify_tags(
    api: Api, service: str, prefix: str, resource_id: str, replace: Mapping[str, str], delete: list[str]
) -> None:
    request: Json = {"Resource": f"qcs::{service}:{api.region}:uin/:{prefix}/{resource_id}"}
    if replace:
        request["ReplaceTags"] = [{"TagKey": key, "TagValue": value} for key, value in replace.items()]
    if delete:
        request["DeleteTags"] = [{"TagKey": key} for key in delete]
    api.retried_call("tag", "ModifyResourceTags", request, api.timing.write)


def change_tags(api: Api, data: Data, service: str, prefix: str) -> None:
    """Change the tags from the old state to the planned state."""
    before = cast("dict[str, str]", data.state.get("tags") or {})
    after = data.mapping("tags")
    replace = {key: value for key, value in after.items() if before.get(key) != value}
    modify_tags(api, service, prefix, data.id, replace, [key for key in before if key not in after])


def read_tags(api: Api, service: str, prefix: str, resource_id: str) -> Object:
    tags: Object = {}
    offset = 0
    while True:
        answer = api.retried_call(
            "tag",
            "DescribeResourceTagsByResourceIds",
            {
                "ServiceType": service,
                "ResourcePrefix": prefix,
                "ResourceRegion": api.region,
                "ResourceIds": [resource_id],
                "Limit": _PAGE,
                "Offset": offset,
            },
            api.timing.read,
        )
        page: list[Json] = answer["Tags"] or []
        tags.update(
            {str(tag["TagKey"]): str(tag["TagValue"]) for tag in page if tag["ResourceId"] == resource_id}
        )
        if len(page) < _PAGE:
            return tags
        offset += _PAGE
