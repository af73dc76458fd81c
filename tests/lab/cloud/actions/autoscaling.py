"""Stand-in for the auto-scaling service behind node pools: launch configurations and scaling groups."""

from collections.abc import Iterator
from typing import cast

from tests.lab.cloud.actions.scaling import policy_of, resize
from tests.lab.cloud.core import Call, Handler
from tests.lab.cloud.errors import ApiError
from tests.lab.cloud.listing import page
from tests.lab.cloud.params import Json, Params
from tests.lab.world import Cluster, NodePool

_NO_ENHANCEMENT: Json = {"SecurityService": {"Enabled": True}, "MonitorService": {"Enabled": True}}
_LAUNCH_FIELDS = (
    "SystemDisk",
    "DataDisks",
    "InternetAccessible",
    "SecurityGroupIds",
    "EnhancedService",
    "InstanceChargeType",
    "InstanceChargePrepaid",
    "InstanceMarketOptions",
    "HostNameSettings",
    "InstanceNameSettings",
    "CamRoleName",
    "DedicatedClusterId",
    "ImageId",
)


def describe_launch_configurations(call: Call) -> Json:
    wanted = call.params.texts("LaunchConfigurationIds")
    pools = [pool for _, pool in _pools(call) if not wanted or pool.launch_configuration_id in wanted]
    return {
        "TotalCount": len(pools),
        "LaunchConfigurationSet": [_launch(pool) for pool in page(call.params, pools)],
    }


def modify_launch_configuration(call: Call) -> Json:
    """For machines to come; those that run stay as they are."""
    wanted = call.params.need("LaunchConfigurationId")
    for _, pool in _pools(call):
        if pool.launch_configuration_id != wanted:
            continue
        launch = cast("Json", pool.raw["LaunchConfigurePara"])
        for name in (*_LAUNCH_FIELDS, "InstanceTypes"):
            if not call.params.has(name):
                continue
            value = call.params.value(name)
            if name == "EnhancedService":
                value = {
                    **_NO_ENHANCEMENT,
                    **cast("Json", launch.get(name) or {}),
                    **call.params.child(name).raw(),
                }
            launch[name] = value
        return {}
    raise ApiError(
        "ResourceNotFound.LaunchConfigurationIdNotFound", f"Launch configuration `{wanted}` does not exist."
    )


def describe_groups(call: Call) -> Json:
    wanted = call.params.texts("AutoScalingGroupIds")
    found = [pair for pair in _pools(call) if not wanted or pair[1].auto_scaling_group_id in wanted]
    return {
        "TotalCount": len(found),
        "AutoScalingGroupSet": [_group(call, *pair) for pair in page(call.params, found)],
    }


def modify_group(call: Call) -> Json:
    wanted, params = call.params.need("AutoScalingGroupId"), call.params
    for cluster, pool in _pools(call):
        if pool.auto_scaling_group_id != wanted:
            continue
        group = cast("Json", pool.raw["AutoScalingGroupPara"])
        for name in (
            "AutoScalingGroupName",
            "DefaultCooldown",
            "MultiZoneSubnetPolicy",
            "ProjectId",
            "RetryPolicy",
            "ServiceSettings",
        ):
            if params.has(name):
                group[name] = params.value(name)
        if params.has("TerminationPolicies"):
            group["TerminationPolicies"] = params.texts("TerminationPolicies")
        if subnet_ids := params.texts("SubnetIds"):
            for subnet_id in subnet_ids:
                call.subnet(subnet_id)
            pool.subnet_ids = subnet_ids
        pool.min_size, pool.max_size = (
            params.number("MinSize", pool.min_size),
            params.number("MaxSize", pool.max_size),
        )
        if params.has("DesiredCapacity"):
            resize(call.cloud, cluster, pool, params.number("DesiredCapacity"))
        return {}
    raise ApiError(
        "ResourceNotFound.AutoScalingGroupIdNotFound", f"Auto scaling group `{wanted}` does not exist."
    )


def _pools(call: Call) -> Iterator[tuple[Cluster, NodePool]]:
    for cluster in call.clusters():
        for pool in cluster.node_pools.values():
            yield cluster, pool


def _launch(pool: NodePool) -> Json:
    launch = Params(cast("Json", pool.raw["LaunchConfigurePara"]))
    login = launch.child("LoginSettings")
    shown: Json = {name: launch.value(name) for name in _LAUNCH_FIELDS}
    shown.update(
        {
            "LaunchConfigurationId": pool.launch_configuration_id,
            "LaunchConfigurationName": f"tke-{pool.node_pool_id}",
            "ProjectId": 0,
            "InstanceType": pool.instance_type,
            "InstanceTypes": launch.texts("InstanceTypes") or [pool.instance_type],
            "SystemDisk": launch.value("SystemDisk") or {"DiskType": "CLOUD_PREMIUM", "DiskSize": 50},
            "DataDisks": launch.value("DataDisks") or [],
            "InternetAccessible": (
                launch.value("InternetAccessible")
                or {
                    "InternetChargeType": "TRAFFIC_POSTPAID_BY_HOUR",
                    "InternetMaxBandwidthOut": 0,
                    "PublicIpAssigned": False,
                }
            ),
            "SecurityGroupIds": launch.texts("SecurityGroupIds"),
            "EnhancedService": {**_NO_ENHANCEMENT, **launch.child("EnhancedService").raw()},
            "InstanceChargeType": launch.text("InstanceChargeType") or "POSTPAID_BY_HOUR",
            "LoginSettings": {"KeyIds": login.texts("KeyIds")},
            "CamRoleName": launch.text("CamRoleName"),
            "LaunchConfigurationStatus": "NORMAL",
        }
    )
    return shown


def _group(call: Call, cluster: Cluster, pool: NodePool) -> Json:
    group = Params(cast("Json", pool.raw["AutoScalingGroupPara"]))
    zones = [call.world.subnets[one].zone for one in pool.subnet_ids if one in call.world.subnets]
    machines = sum(one.node_pool_id == pool.node_pool_id for one in cluster.instances.values())
    return {
        "AutoScalingGroupId": pool.auto_scaling_group_id,
        "AutoScalingGroupName": group.text("AutoScalingGroupName") or f"tke-{pool.node_pool_id}",
        "AutoScalingGroupStatus": "NORMAL",
        "LaunchConfigurationId": pool.launch_configuration_id,
        "VpcId": cluster.vpc_id,
        "SubnetIdSet": pool.subnet_ids,
        "ZoneSet": list(dict.fromkeys(zones)),
        "ProjectId": group.number("ProjectId"),
        "DefaultCooldown": group.number("DefaultCooldown", 300),
        "RetryPolicy": group.text("RetryPolicy") or "IMMEDIATE_RETRY",
        "TerminationPolicySet": group.texts("TerminationPolicies") or ["OLDEST_INSTANCE"],
        "MultiZoneSubnetPolicy": policy_of(call.cloud, pool),
        "ServiceSettings": {"ScalingMode": "CLASSIC_SCALING", **group.child("ServiceSettings").raw()},
        "MinSize": pool.min_size,
        "MaxSize": pool.max_size,
        "DesiredCapacity": pool.desired,
        "InstanceCount": machines,
        "InActivityStatus": "NOT_IN_ACTIVITY",
    }


ACTIONS: dict[str, Handler] = {
    "DescribeAutoScalingGroups": describe_groups,
    "DescribeLaunchConfigurations": describe_launch_configurations,
    "ModifyAutoScalingGroup": modify_group,
    "ModifyLaunchConfigurationAttributes": modify_launch_configuration,
}
