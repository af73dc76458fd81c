"""Stand-in for the node pools of the API's version 2022-05-01: Regular and Native pools.

A native pool may have subnets of several zones. Its nodes are spread over the subnets, or fill the first
subnet first (`CreatePolicy`).
"""

import functools

from tests.lab.cloud.actions.scaling import remove_instance, resize
from tests.lab.cloud.core import Call, Handler, tke_time
from tests.lab.cloud.errors import ApiError, missing
from tests.lab.cloud.listing import Filters, listing
from tests.lab.cloud.params import Json
from tests.lab.world import Cluster, NodePool

_STATES = {"creating": "Creating", "normal": "Running", "updating": "Updating", "deleting": "Deleting"}


def describe_node_pools(call: Call) -> Json:
    cluster = call.cluster()
    keys: Filters[NodePool] = {
        "NodePoolsName": lambda pool: pool.name,
        "NodePoolsId": lambda pool: pool.node_pool_id,
    }
    shown = functools.partial(_shown, cluster)
    return listing(call.params, "NodePools", list(cluster.node_pools.values()), shown, keys)


def create_node_pool(call: Call) -> Json:
    cluster, params = call.cluster(), call.params
    if params.need("Type") != "Native":
        raise ApiError(
            "InvalidParameter.Param",
            f"PARAM_ERROR[the stand-in makes no pool of type {params.text('Type')}].",
        )
    native = params.child("Native")
    subnet_ids, kinds = native.texts("SubnetIds"), native.texts("InstanceTypes")
    if not subnet_ids or not kinds:
        raise missing("Native.SubnetIds" if not subnet_ids else "Native.InstanceTypes")
    for subnet_id in subnet_ids:
        if call.subnet(subnet_id).vpc_id != cluster.vpc_id:
            raise ApiError("InvalidParameter.Param", f"PARAM_ERROR[{subnet_id} is not in {cluster.vpc_id}].")
    scaling = native.child("Scaling")
    pool = NodePool(
        node_pool_id=call.world.new_id("np"),
        name=params.need("Name"),
        subnet_ids=subnet_ids,
        instance_type=kinds[0],
        min_size=scaling.number("MinReplicas"),
        max_size=scaling.number("MaxReplicas", native.number("Replicas")),
        desired=0,
        autoscale=native.flag("EnableAutoscaling"),
        labels=params.pairs("Labels", "Name"),
        taints=[],
        launch_configuration_id="",
        auto_scaling_group_id="",
        raw={**params.raw(), "Native": {**native.raw(), "Scaling": scaling.raw()}},
        kind="Native",
    )
    resize(call.cloud, cluster, pool, native.number("Replicas"))
    cluster.node_pools[pool.node_pool_id] = pool
    return {"NodePoolId": pool.node_pool_id}


def delete_node_pool(call: Call) -> Json:
    cluster = call.cluster()
    pool = cluster.node_pools.pop(call.params.need("NodePoolId"), None)
    if pool is None:
        raise ApiError(
            "InternalError.Param", f"PARAM_ERROR[nodepool {call.params.text('NodePoolId')} Not Found]."
        )
    for instance in [one for one in cluster.instances.values() if one.node_pool_id == pool.node_pool_id]:
        remove_instance(call.world, cluster, instance)
    return {}


def _shown(cluster: Cluster, pool: NodePool) -> Json:
    machines = [one for one in cluster.instances.values() if one.node_pool_id == pool.node_pool_id]
    return {
        "ClusterId": cluster.cluster_id,
        "NodePoolId": pool.node_pool_id,
        "Tags": None,
        "Taints": [dict(taint) for taint in pool.taints],
        "DeletionProtection": pool.raw.get("DeletionProtection") is True,
        "Unschedulable": False,
        "Type": pool.kind,
        "Labels": [{"Name": name, "Value": value} for name, value in pool.labels.items()],
        "LifeState": _STATES[pool.life_state],
        "CreatedAt": machines[0].created if machines else tke_time(),
        "Name": pool.name,
        "Native": (
            _native(pool, sum(one.state == "running" for one in machines)) if pool.kind == "Native" else None
        ),
        "Annotations": [],
        "Super": None,
        "Regular": _regular(pool, len(machines)) if pool.kind == "Regular" else None,
        "External": None,
    }


def _native(pool: NodePool, ready: int) -> Json:
    return {
        "Scaling": {
            "MinReplicas": pool.min_size,
            "MaxReplicas": pool.max_size,
            "CreatePolicy": "ZoneEquality",
        },
        "SubnetIds": list(pool.subnet_ids),
        "EnableAutoscaling": pool.autoscale,
        "InstanceTypes": [pool.instance_type],
        "Replicas": pool.desired,
        "ReadyReplicas": ready,
        "MachineType": "Native",
    }


def _regular(pool: NodePool, machines: int) -> Json:
    return {
        "LaunchConfigurationId": pool.launch_configuration_id,
        "AutoscalingGroupId": pool.auto_scaling_group_id,
        "NodeCountSummary": {
            "ManuallyAdded": {"Joining": 0, "Initializing": 0, "Normal": 0, "Total": 0},
            "AutoscalingAdded": {"Joining": 0, "Initializing": 0, "Normal": machines, "Total": machines},
        },
        "AutoscalingGroupStatus": "enabled" if pool.autoscale else "disabled",
        "MaxNodesNum": pool.max_size,
        "MinNodesNum": pool.min_size,
        "DesiredNodesNum": pool.desired,
        "NodePoolOs": str(pool.raw.get("NodePoolOs") or ""),
        "InstanceAdvancedSettings": None,
    }


ACTIONS: dict[str, Handler] = {
    "CreateNodePool": create_node_pool,
    "DeleteNodePool": delete_node_pool,
    "DescribeNodePools": describe_node_pools,
}
