"""Stand-in for the node pools of a TKE cluster."""

import json
from typing import cast

from tests.lab.cloud.actions.scaling import remove_instance, resize
from tests.lab.cloud.core import Call, Cloud, Handler
from tests.lab.cloud.errors import ApiError, missing
from tests.lab.cloud.params import Json, Params
from tests.lab.world import Cluster, NodePool

_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")


def create_node_pool(call: Call) -> Json:
    cluster, params = call.cluster(), call.params
    if cluster.status != "Running":
        raise ApiError(
            "FailedOperation.ClusterState",
            f"CLUSTER_STATE_ERROR[cluster {cluster.cluster_id} is {cluster.status}].",
        )
    group, launch = _json_of(params, "AutoScalingGroupPara"), _json_of(params, "LaunchConfigurePara")
    low, high = group.number("MinSize"), group.number("MaxSize")
    desired = group.number("DesiredCapacity", low)
    _check_sizes(low, desired, high)
    subnet_ids = group.texts("SubnetIds")
    if not subnet_ids:
        raise missing("AutoScalingGroupPara.SubnetIds")
    if group.need("VpcId") != cluster.vpc_id:
        raise ApiError(
            "InvalidParameter.AsCommonError",
            f"AS_COMMON_ERROR[vpc {group.text('VpcId')} is not that of the cluster].",
        )
    for subnet_id in subnet_ids:
        if call.subnet(subnet_id).vpc_id != cluster.vpc_id:
            raise ApiError(
                "InvalidParameter.AsCommonError", f"AS_COMMON_ERROR[{subnet_id} is not in {cluster.vpc_id}]."
            )
    world, settings = call.world, call.cloud.settings
    pool = NodePool(
        node_pool_id=world.new_id("np"),
        name=params.text("Name"),
        subnet_ids=subnet_ids,
        instance_type=launch.need("InstanceType"),
        min_size=low,
        max_size=high,
        desired=0,
        autoscale=params.flag("EnableAutoscale"),
        labels=params.pairs("Labels", "Name"),
        taints=_taints(params),
        launch_configuration_id=world.new_id("asc"),
        auto_scaling_group_id=world.new_id("asg"),
        raw={
            **params.raw(),
            "AutoScalingGroupPara": group.raw(),
            "LaunchConfigurePara": _without_password(launch),
        },
    )
    resize(call.cloud, cluster, pool, desired)
    cluster.node_pools[pool.node_pool_id] = pool
    _settle(call.cloud, pool, "creating" if settings.slow_node_pool > 0 else "normal")
    return {"NodePoolId": pool.node_pool_id}


def describe_detail(call: Call) -> Json:
    """A pool that is gone is null, not an error."""
    cluster = call.cluster()
    pool = cluster.node_pools.get(call.params.need("NodePoolId"))
    return {"NodePool": _shown(cluster, pool) if pool and pool.kind == "Regular" else None}


def describe_node_pools(call: Call) -> Json:
    """The pools with a scaling group. Only the newer version of the API lists the other kinds."""
    cluster = call.cluster()
    found = [_shown(cluster, pool) for pool in cluster.node_pools.values() if pool.kind == "Regular"]
    return {"NodePoolSet": found, "TotalCount": len(found)}


def modify_node_pool(call: Call) -> Json:
    cluster, params, pool = call.cluster(), call.params, _pool(call)
    low, high = params.number("MinNodesNum", pool.min_size), params.number("MaxNodesNum", pool.max_size)
    if not 0 <= low <= high:
        raise ApiError("InvalidParameter.AsCommonError", f"AS_COMMON_ERROR[MinSize {low}, MaxSize {high}].")
    labels = params.pairs("Labels", "Name") if params.has("Labels") else pool.labels
    taints = _taints(params) if params.has("Taints") else pool.taints
    # Auto scaling moves the wanted number into the new limits.
    resize(call.cloud, cluster, pool, min(max(pool.desired, low), high))
    pool.min_size, pool.max_size, pool.labels, pool.taints = low, high, labels, taints
    pool.name = params.text("Name", pool.name)
    pool.autoscale = params.flag("EnableAutoscale", default=pool.autoscale)
    renamed = {"OsName": "NodePoolOs"}
    for name in ("OsName", "OsCustomizeType", "Annotations", "Tags", "DeletionProtection"):
        if params.has(name):
            pool.raw[renamed.get(name, name)] = params.value(name)
    _settle(call.cloud, pool, "updating")
    return {}


def modify_desired(call: Call) -> Json:
    cluster, pool = call.cluster(), _pool(call)
    if not call.params.has("DesiredCapacity"):
        raise missing("DesiredCapacity")
    desired = call.params.number("DesiredCapacity")
    _check_sizes(pool.min_size, desired, pool.max_size)
    resize(call.cloud, cluster, pool, desired)
    _settle(call.cloud, pool, "updating")
    return {}


def modify_instance_types(call: Call) -> Json:
    """The first type stays the pool's own; the others are taken when that one is sold out."""
    pool, kinds = _pool(call), call.params.texts("InstanceTypes")
    if not kinds:
        raise missing("InstanceTypes")
    pool.instance_type = kinds[0]
    cast("Json", pool.raw["LaunchConfigurePara"])["InstanceTypes"] = kinds
    return {}


def delete_node_pool(call: Call) -> Json:
    cluster = call.cluster()
    pools: list[NodePool] = []
    for pool_id in call.params.texts("NodePoolIds"):
        pool = cluster.node_pools.get(pool_id)
        if pool is None:
            raise ApiError("InternalError.Param", f"PARAM_ERROR[nodepool {pool_id} Not Found].")
        if pool.raw.get("DeletionProtection") is True:
            raise ApiError("OperationDenied", f"Node pool {pool_id} is in deletion protection.")
        pools.append(pool)
    if not pools:
        raise missing("NodePoolIds")
    for pool in pools:
        pool.life_state = "deleting"

        def gone(pool: NodePool = pool) -> None:
            # Also with `KeepInstance`: the lab has no instances outside a cluster.
            for instance in [
                one for one in cluster.instances.values() if one.node_pool_id == pool.node_pool_id
            ]:
                remove_instance(call.world, cluster, instance)
            cluster.node_pools.pop(pool.node_pool_id, None)

        call.cloud.later(call.cloud.settings.slow_node_pool, gone, f"end of {pool.node_pool_id}")
    return {}


def _settle(cloud: Cloud, pool: NodePool, state: str) -> None:
    if state != "normal":
        pool.life_state = "creating" if state == "creating" else "updating"

    def normal() -> None:
        if pool.life_state != "deleting":
            pool.life_state = "normal"

    cloud.later(cloud.settings.slow_node_pool, normal, f"node pool {pool.node_pool_id}")


def _pool(call: Call) -> NodePool:
    pool = call.cluster().node_pools.get(call.params.need("NodePoolId"))
    if pool is None:
        raise ApiError(
            "FailedOperation.NodePoolQueryFailed", f"node pool {call.params.text('NodePoolId')} Not Found"
        )
    return pool


def _check_sizes(low: int, desired: int, high: int) -> None:
    if not 0 <= low <= desired <= high:
        raise ApiError(
            "InvalidParameter.AsCommonError",
            f"AS_COMMON_ERROR[MinSize {low}, DesiredCapacity {desired}, MaxSize {high}].",
        )


def _json_of(params: Params, name: str) -> Params:
    """These two are JSON texts inside the request."""
    try:
        values: object = json.loads(params.need(name))
    except ValueError as error:
        raise ApiError("InvalidParameter.Param", f"PARAM_ERROR[{name} is not JSON].") from error
    if not isinstance(values, dict):
        raise ApiError("InvalidParameter.Param", f"PARAM_ERROR[{name} is not an object].")
    return Params(cast("Json", values), f"{name}.")


def _without_password(launch: Params) -> Json:
    values = launch.raw()
    if launch.has("LoginSettings"):
        values["LoginSettings"] = {
            name: value for name, value in launch.child("LoginSettings").raw().items() if name != "Password"
        }
    return values


def _taints(params: Params) -> list[dict[str, str]]:
    taints: list[dict[str, str]] = []
    for taint in params.children("Taints"):
        if taint.need("Effect") not in _EFFECTS:
            raise ApiError("InvalidParameter.Param", f"PARAM_ERROR[taint effect {taint.text('Effect')}].")
        taints.append(
            {"Key": taint.need("Key"), "Value": taint.text("Value"), "Effect": taint.text("Effect")}
        )
    return taints


def _shown(cluster: Cluster, pool: NodePool) -> Json:
    machines = [one for one in cluster.instances.values() if one.node_pool_id == pool.node_pool_id]
    running = sum(one.state == "running" for one in machines)
    request = Params(pool.raw)
    advanced = request.child("InstanceAdvancedSettings")
    return {
        "NodePoolId": pool.node_pool_id,
        "Name": pool.name,
        "ClusterInstanceId": cluster.cluster_id,
        "LifeState": pool.life_state,
        "LaunchConfigurationId": pool.launch_configuration_id,
        "AutoscalingGroupId": pool.auto_scaling_group_id,
        "Labels": [{"Name": name, "Value": value} for name, value in pool.labels.items()],
        "Taints": [dict(taint) for taint in pool.taints],
        "Annotations": pool.raw.get("Annotations") or [],
        "NodeCountSummary": {
            "ManuallyAdded": {"Joining": 0, "Initializing": 0, "Normal": 0, "Total": 0},
            "AutoscalingAdded": {
                "Joining": 0,
                "Initializing": len(machines) - running,
                "Normal": running,
                "Total": len(machines),
            },
        },
        "AutoscalingGroupStatus": "enabled" if pool.autoscale else "disabled",
        "MaxNodesNum": pool.max_size,
        "MinNodesNum": pool.min_size,
        "DesiredNodesNum": pool.desired,
        "RuntimeConfig": {
            "RuntimeType": request.text("ContainerRuntime") or "containerd",
            "RuntimeVersion": request.text("RuntimeVersion") or "1.6.9",
        },
        "NodePoolOs": request.text("NodePoolOs"),
        "OsCustomizeType": request.text("OsCustomizeType"),
        "ImageId": "",
        "DesiredPodNum": advanced.number("DesiredPodNumber"),
        "UserScript": advanced.text("UserScript"),
        "Tags": pool.raw.get("Tags") or [],
        "DeletionProtection": request.flag("DeletionProtection"),
        "ExtraArgs": advanced.value("ExtraArgs"),
        "GPUArgs": advanced.value("GPUArgs"),
        "DockerGraphPath": advanced.text("DockerGraphPath"),
        "DataDisks": advanced.value("DataDisks"),
        "Unschedulable": advanced.number("Unschedulable"),
        "PreStartUserScript": advanced.text("PreStartUserScript"),
    }


ACTIONS: dict[str, Handler] = {
    "CreateClusterNodePool": create_node_pool,
    "DeleteClusterNodePool": delete_node_pool,
    "DescribeClusterNodePoolDetail": describe_detail,
    "DescribeClusterNodePools": describe_node_pools,
    "ModifyClusterNodePool": modify_node_pool,
    "ModifyNodePoolDesiredCapacityAboutAsg": modify_desired,
    "ModifyNodePoolInstanceTypes": modify_instance_types,
}
