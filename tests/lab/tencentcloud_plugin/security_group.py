"""`tencentcloud:Security/group:Group` and `…/groupRuleSet:GroupRuleSet` of the stand-in plugin."""

from collections.abc import Mapping
from typing import ClassVar, cast

from tests.lab.tencentcloud_plugin.client import Api, ApiError, Json
from tests.lab.tencentcloud_plugin.resource import Data, Gone, Resource
from tests.lab.tencentcloud_plugin.schema import Prop
from tests.lab.tencentcloud_plugin.tags import change_tags, modify_tags, read_tags
from tests.lab.tencentcloud_plugin.timing import Retry
from tests.lab.tencentcloud_plugin.validators import length
from tests.lab.tencentcloud_plugin.values import Object, Value

_NOT_FOUND = "ResourceNotFound"
_USERS = ("CVM", "CLB", "CDB", "ENI", "SG")


class SecurityGroup(Resource):
    type_name = "tencentcloud:Security/group:Group"
    tf_name = "tencentcloud_security_group"
    props: ClassVar[Mapping[str, Prop]] = {
        "description": Prop(validate=length(1, 100)),
        "name": Prop(auto_name=True, validate=length(1, 60)),
        "projectId": Prop("integer", force_new=True, computed=True),
        "tags": Prop("map"),
    }

    def create(self, api: Api, data: Data) -> None:
        request: Json = {"GroupName": data.string("name"), "GroupDescription": data.string("description")}
        if data.has("projectId"):
            request["ProjectId"] = str(data.integer("projectId"))
        answer = api.retried_call("vpc", "CreateSecurityGroup", request, api.timing.write)
        data.id = answer["SecurityGroup"]["SecurityGroupId"]
        if tags := data.mapping("tags"):
            modify_tags(api, "cvm", "sg", data.id, tags, [])
        self.read(api, data)

    def read(self, api: Api, data: Data, *, importing: bool = False) -> None:
        try:
            answer = api.retried_call(
                "vpc", "DescribeSecurityGroups", {"SecurityGroupIds": [data.id]}, api.timing.read
            )
        except ApiError as error:
            if error.code == _NOT_FOUND:
                raise Gone(data.id) from error
            raise
        if not answer["SecurityGroupSet"]:
            raise Gone(data.id)
        group: Json = answer["SecurityGroupSet"][0]
        data.set("name", group["SecurityGroupName"])
        data.set("description", group["SecurityGroupDesc"])
        # A string in the answer, a number in the schema.
        data.set("projectId", int(group["ProjectId"]))
        data.set("tags", read_tags(api, "cvm", "sg", data.id))

    def update(self, api: Api, data: Data) -> None:
        data.partial = True
        if data.has_change("name", "description"):
            request = {
                "SecurityGroupId": data.id,
                "GroupName": data.string("name"),
                "GroupDescription": data.string("description"),
            }
            api.retried_call("vpc", "ModifySecurityGroupAttribute", request, api.timing.write)
        if data.has_change("tags"):
            change_tags(api, data, "cvm", "sg")
        data.partial = False
        self.read(api, data)

    def delete(self, api: Api, data: Data) -> None:
        def unused() -> None:
            answer = api.retrying(
                lambda: api.call(
                    "vpc", "DescribeSecurityGroupAssociationStatistics", {"SecurityGroupIds": [data.id]}
                )
            )
            statistics: list[Json] = answer["SecurityGroupAssociationStatisticsSet"] or []
            if any(item.get(kind) for item in statistics for kind in _USERS):
                raise Retry("security group still bind instances")

        api.timing.retry(api.timing.read, unused)
        try:
            api.retried_call("vpc", "DeleteSecurityGroup", {"SecurityGroupId": data.id}, api.timing.write)
        except ApiError as error:
            if error.code != _NOT_FOUND:
                raise


_RULE = {
    "action": Prop(required=True),
    "addressTemplateGroup": Prop(),
    "addressTemplateId": Prop(),
    "cidrBlock": Prop(),
    "description": Prop(),
    "ipv6CidrBlock": Prop(),
    "policyIndex": Prop("integer", output=True),
    "port": Prop(computed=True),
    "protocol": Prop(computed=True),
    "serviceTemplateGroup": Prop(),
    "serviceTemplateId": Prop(),
    "sourceSecurityId": Prop(),
}
_RULE_FIELDS = {
    "action": "Action",
    "cidrBlock": "CidrBlock",
    "description": "PolicyDescription",
    "ipv6CidrBlock": "Ipv6CidrBlock",
    "port": "Port",
    "protocol": "Protocol",
    "sourceSecurityId": "SecurityGroupId",
}


class SecurityGroupRuleSet(Resource):
    type_name = "tencentcloud:Security/groupRuleSet:GroupRuleSet"
    tf_name = "tencentcloud_security_group_rule_set"
    props: ClassVar[Mapping[str, Prop]] = {
        "egresses": Prop("objects", tf="egress", fields=_RULE),
        "ingresses": Prop("objects", tf="ingress", fields=_RULE),
        "securityGroupId": Prop(required=True, force_new=True),
        "version": Prop(output=True),
    }

    def create(self, api: Api, data: Data) -> None:
        group = data.string("securityGroupId")
        _modify(api, group, _policies(data))
        data.id = group
        self.read(api, data)

    def read(self, api: Api, data: Data, *, importing: bool = False) -> None:
        try:
            answer = api.retried_call(
                "vpc", "DescribeSecurityGroupPolicies", {"SecurityGroupId": data.id}, api.timing.read
            )
        except ApiError as error:
            if error.code == _NOT_FOUND:
                raise Gone(data.id) from error
            raise
        policies: Json = answer["SecurityGroupPolicySet"]
        data.set("securityGroupId", data.id)
        data.set("version", str(policies["Version"]))
        incoming: list[Json] = policies.get("Ingress") or []
        outgoing: list[Json] = policies.get("Egress") or []
        data.set("ingresses", [_rule(item) for item in incoming])
        data.set("egresses", [_rule(item) for item in outgoing])

    def update(self, api: Api, data: Data) -> None:
        policies = _policies(data)
        version = data.state.get("version")
        policies["Version"] = str(int(version) + 1) if isinstance(version, str) and version.isdigit() else "1"
        _modify(api, data.id, policies)
        self.read(api, data)

    def delete(self, api: Api, data: Data) -> None:
        _modify(api, data.id, {"Version": "0"})


def _policies(data: Data) -> Json:
    policies: Json = {}
    for field, name in (("Ingress", "ingresses"), ("Egress", "egresses")):
        if rules := cast("list[Object]", data.get(name)):
            policies[field] = [_policy(rule) for rule in rules]
    return policies


def _policy(rule: Object) -> Json:
    policy: Json = {field: rule[name] for name, field in _RULE_FIELDS.items() if rule.get(name)}
    for group, member, name in (
        ("AddressTemplate", "AddressId", "addressTemplateId"),
        ("AddressTemplate", "AddressGroupId", "addressTemplateGroup"),
        ("ServiceTemplate", "ServiceId", "serviceTemplateId"),
        ("ServiceTemplate", "ServiceGroupId", "serviceTemplateGroup"),
    ):
        if rule.get(name):
            policy[group] = {member: rule[name]}
    return policy


def _rule(policy: Json) -> Value:
    rule: Object = {name: policy.get(field) or None for name, field in _RULE_FIELDS.items()}
    rule["policyIndex"] = policy.get("PolicyIndex")
    address: Json = policy.get("AddressTemplate") or {}
    service: Json = policy.get("ServiceTemplate") or {}
    rule["addressTemplateId"] = address.get("AddressId") or None
    rule["addressTemplateGroup"] = address.get("AddressGroupId") or None
    rule["serviceTemplateId"] = service.get("ServiceId") or None
    rule["serviceTemplateGroup"] = service.get("ServiceGroupId") or None
    return {name: value for name, value in rule.items() if value is not None}


def _modify(api: Api, group: str, policies: Json) -> None:
    api.retried_call(
        "vpc",
        "ModifySecurityGroupPolicies",
        {"SecurityGroupId": group, "SecurityGroupPolicySet": policies},
        api.timing.write,
    )
