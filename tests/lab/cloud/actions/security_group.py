"""Stand-in for the security-group actions of the vpc service."""

from typing import cast

from tests.lab.cloud.actions.vpc import checked_name
from tests.lab.cloud.core import Call, Handler, tag_list, vpc_time
from tests.lab.cloud.errors import ApiError, in_use, not_found
from tests.lab.cloud.listing import Filters, listing
from tests.lab.cloud.params import Json, Params
from tests.lab.world import SecurityGroup

_ANYWHERE: Json = {
    "Protocol": "ALL",
    "Port": "ALL",
    "CidrBlock": "0.0.0.0/0",
    "Action": "ACCEPT",
    "PolicyDescription": "",
}


def create_security_group(call: Call) -> Json:
    params = call.params
    group = SecurityGroup(
        call.world.new_id("sg"),
        checked_name(params.need("GroupName"), "GroupName"),
        params.text("GroupDescription"),
        params.text("ProjectId", "0"),
        call.region,
        created=vpc_time(),
        tags=params.pairs("Tags"),
        egress=[dict(_ANYWHERE)],
    )
    call.world.security_groups[group.security_group_id] = group
    return {"SecurityGroup": _shown(group)}


def describe_security_groups(call: Call) -> Json:
    keys: Filters[SecurityGroup] = {
        "security-group-id": lambda group: group.security_group_id,
        "security-group-name": lambda group: group.name,
        "project-id": lambda group: group.project_id,
    }
    wanted = call.params.texts("SecurityGroupIds")
    groups = [_group(call, group_id) for group_id in wanted] if wanted else _groups(call)
    return listing(call.params, "SecurityGroupSet", groups, _shown, keys, lambda group: group.tags)


def modify_security_group_attribute(call: Call) -> Json:
    group = _group(call, call.params.need("SecurityGroupId"))
    if call.params.has("GroupName"):
        group.name = checked_name(call.params.text("GroupName"), "GroupName")
    group.description = call.params.text("GroupDescription", group.description)
    return {}


def delete_security_group(call: Call) -> Json:
    group = _group(call, call.params.need("SecurityGroupId"))
    if any(_users(call, group).values()):
        raise in_use("Security group", group.security_group_id, "it is bound to resources")
    del call.world.security_groups[group.security_group_id]
    return {}


def association_statistics(call: Call) -> Json:
    groups = [_group(call, group_id) for group_id in call.params.texts("SecurityGroupIds")]
    return {"SecurityGroupAssociationStatisticsSet": [_statistics(call, group) for group in groups]}


def modify_policies(call: Call) -> Json:
    """The whole set is replaced. Version "0" with no rules empties it."""
    group = _group(call, call.params.need("SecurityGroupId"))
    wanted = call.params.child("SecurityGroupPolicySet")
    if wanted.has("Version") and not wanted.text("Version").isdigit():
        raise ApiError("InvalidParameterValue.Malformed", "`Version` is a number.")
    group.ingress, group.egress = _rules(wanted, "Ingress"), _rules(wanted, "Egress")
    group.version += 1
    return {}


def describe_policies(call: Call) -> Json:
    group = _group(call, call.params.need("SecurityGroupId"))
    return {
        "SecurityGroupPolicySet": {
            "Version": str(group.version),
            "Ingress": [{"PolicyIndex": index, **rule} for index, rule in enumerate(group.ingress)],
            "Egress": [{"PolicyIndex": index, **rule} for index, rule in enumerate(group.egress)],
        }
    }


def _rules(policies: Params, name: str) -> list[Json]:
    rules: list[Json] = []
    for rule in policies.children(name):
        if rule.need("Action") not in ("ACCEPT", "DROP"):
            raise ApiError("InvalidParameterValue", "`Action` is ACCEPT or DROP.")
        rules.append({field: value for field, value in rule.raw().items() if field != "PolicyIndex"})
    return rules


def _users(call: Call, group: SecurityGroup) -> dict[str, int]:
    machines, balancers = 0, 0
    for cluster in call.clusters():
        for pool in cluster.node_pools.values():
            launch = cast("Json", pool.raw.get("LaunchConfigurePara") or {})
            if group.security_group_id in cast("list[str]", launch.get("SecurityGroupIds") or []):
                machines += sum(
                    instance.node_pool_id == pool.node_pool_id for instance in cluster.instances.values()
                )
        balancers += sum(
            side.security_group == group.security_group_id for side in (cluster.intranet, cluster.internet)
        )
    rules = sum(
        rule.get("SecurityGroupId") == group.security_group_id
        for other in _groups(call)
        if other is not group
        for rule in [*other.ingress, *other.egress]
    )
    return {"CVM": machines, "CDB": 0, "ENI": 0, "SG": rules, "CLB": balancers}


def _statistics(call: Call, group: SecurityGroup) -> Json:
    users = _users(call, group)
    return {
        "SecurityGroupId": group.security_group_id,
        **users,
        "InstanceStatistics": [],
        "TotalCount": sum(users.values()),
    }


def _groups(call: Call) -> list[SecurityGroup]:
    return [group for group in call.world.security_groups.values() if group.region == call.region]


def _group(call: Call, group_id: str) -> SecurityGroup:
    group = call.world.security_groups.get(group_id)
    if group is None or group.region != call.region:
        raise not_found("Security group", group_id)
    return group


def _shown(group: SecurityGroup) -> Json:
    return {
        "SecurityGroupId": group.security_group_id,
        "SecurityGroupName": group.name,
        "SecurityGroupDesc": group.description,
        "ProjectId": group.project_id,
        "IsDefault": False,
        "CreatedTime": group.created,
        "UpdateTime": group.created,
        "TagSet": tag_list(group.tags),
    }


ACTIONS: dict[str, Handler] = {
    "CreateSecurityGroup": create_security_group,
    "DeleteSecurityGroup": delete_security_group,
    "DescribeSecurityGroupAssociationStatistics": association_statistics,
    "DescribeSecurityGroupPolicies": describe_policies,
    "DescribeSecurityGroups": describe_security_groups,
    "ModifySecurityGroupAttribute": modify_security_group_attribute,
    "ModifySecurityGroupPolicies": modify_policies,
}
