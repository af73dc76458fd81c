"""Stand-in for what auto scaling does for a node pool: which subnets its machines go to, and their coming and
going."""

import ipaddress
import logging
from collections import Counter
from typing import cast

from tests.lab.cloud.core import Cloud, tke_time
from tests.lab.cloud.errors import ApiError
from tests.lab.cloud.params import Json
from tests.lab.world import AddressExhausted, Cluster, Instance, NodePool, Subnet, World

_log = logging.getLogger(__name__)
_FIRST_HOST = 20
"""Machines start here, so that the low addresses of a subnet stay free for clients."""


def policy_of(cloud: Cloud, pool: NodePool) -> str:
    if pool.kind == "Native":
        scaling = cast("Json", cast("Json", pool.raw["Native"])["Scaling"])
        return "PRIORITY" if scaling.get("CreatePolicy") == "ZonePriority" else "EQUALITY"
    group = cast("Json", pool.raw["AutoScalingGroupPara"])
    return str(group.get("MultiZoneSubnetPolicy") or cloud.settings.default_subnet_policy)


def resize(cloud: Cloud, cluster: Cluster, pool: NodePool, desired: int) -> None:
    """Bring the pool to `desired` machines, or refuse and change nothing."""
    machines = [
        instance for instance in cluster.instances.values() if instance.node_pool_id == pool.node_pool_id
    ]
    if desired > len(machines):
        subnets = _placements(cloud, cluster, pool, desired - len(machines))
        check_network_scale(cloud.world, cluster, Counter(subnet.zone for subnet in subnets))
        for subnet in subnets:
            _launch(cloud.world, cluster, pool, subnet)
    for instance in machines[: max(len(machines) - desired, 0)]:  # the oldest go first
        remove_instance(cloud.world, cluster, instance)
    pool.desired = desired


def check_network_scale(world: World, cluster: Cluster, wanted: "Counter[str]") -> None:
    """Every new node of a hybrid cluster needs addresses for pods in its zone, from the list of cloud or
    ipamd."""
    vpc_cni = cluster.vpc_cni
    if vpc_cni is None or vpc_cni.disabling:
        return
    listed = {*vpc_cni.subnet_ids, *vpc_cni.ipamd_subnet_ids}
    for zone, count in wanted.items():
        free = sum(
            world.subnets[one].available
            for one in listed
            if one in world.subnets and world.subnets[one].zone == zone
        )
        if free < count:
            raise ApiError(
                "FailedOperation.NetworkScaleError",
                "checkClusterNetworkScale failed, err:DashboardError,Code : -1100000 , Msg : Network scale"
                f" error[IP for pods in Zone {zone} is not enough to scale out {count} nodes.], err : nil",
            )


def remove_instance(world: World, cluster: Cluster, instance: Instance) -> None:
    del cluster.instances[instance.instance_id]
    if (subnet := world.subnets.get(instance.subnet_id)) is not None:
        subnet.release(instance.private_ip)


def _placements(cloud: Cloud, cluster: Cluster, pool: NodePool, count: int) -> list[Subnet]:
    """PRIORITY fills the subnets in their order, EQUALITY keeps them level."""
    subnets = [
        cloud.world.subnets[subnet_id] for subnet_id in pool.subnet_ids if subnet_id in cloud.world.subnets
    ]
    level = Counter(
        one.subnet_id for one in cluster.instances.values() if one.node_pool_id == pool.node_pool_id
    )
    planned: Counter[str] = Counter()
    chosen: list[Subnet] = []
    for _ in range(count):
        free = [subnet for subnet in subnets if subnet.available > planned[subnet.subnet_id]]
        if not free:
            # Auto scaling does not start the remaining nodes, and writes the reason into its activities.
            _log.warning("no address left for %d nodes of %s", count - len(chosen), pool.node_pool_id)
            break
        subnet = free[0]
        if policy_of(cloud, pool) == "EQUALITY":
            subnet = min(free, key=lambda one: level[one.subnet_id] + planned[one.subnet_id])
        planned[subnet.subnet_id] += 1
        chosen.append(subnet)
    return chosen


def _launch(world: World, cluster: Cluster, pool: NodePool, subnet: Subnet) -> None:
    instance_id = world.new_id("ins")
    try:
        address = _lease(subnet, instance_id)
    except AddressExhausted:
        _log.warning("no address left in %s for a node of %s", subnet.subnet_id, pool.node_pool_id)
        return
    cluster.instances[instance_id] = Instance(
        instance_id,
        pool.node_pool_id,
        subnet.subnet_id,
        subnet.zone,
        address,
        pool.instance_type,
        created=tke_time(),
    )


def _lease(subnet: Subnet, instance_id: str) -> str:
    block = ipaddress.IPv4Network(subnet.cidr_block)
    for number in range(_FIRST_HOST, block.num_addresses - 1):
        if str(block[number]) not in subnet.leases:
            return subnet.lease(instance_id, str(block[number]))
    return subnet.lease(instance_id)
