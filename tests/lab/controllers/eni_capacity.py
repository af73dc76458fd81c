"""Stand-in for the device plugin of VPC-CNI: publishes the number of ENI pods that each node can hold."""

from tests.lab.controllers import keys
from tests.lab.controllers.addresses import eni_owner, leases_of, primary_owner, usable_subnets
from tests.lab.controllers.context import Context
from tests.lab.controllers.kube import NODE_STATUS, Json, child, finished, key_of, name_of, node_of, status_of
from tests.lab.controllers.watching import Loop
from tests.lab.machine_types import limits_of
from tests.lab.world import Cluster, Instance, World

MANAGER = keys.ENI_AGENT


def eni_ips(world: World, cluster: Cluster, instance: Instance, elsewhere: set[str]) -> int | None:
    """Return the number of ENI pods that fit on the node; None for a zone without a container subnet.

    `elsewhere`: lease owners of pods on other nodes. All other addresses of the zone count: used here,
    kept, or free.
    """
    if cluster.vpc_cni is None:
        return None
    subnets = usable_subnets(world, cluster, cluster.vpc_cni.ipamd_subnet_ids, instance.zone)
    if not subnets:
        return None
    free = sum(max(subnet.available, 0) for subnet in subnets)
    mine = 0
    registered = {subnet.subnet_id for subnet in subnets}
    for subnet, _, owner in leases_of(world, cluster.vpc_id, f"eni:{cluster.cluster_id}/"):
        if subnet.subnet_id in registered and owner not in elsewhere:
            mine += 1
    primary = primary_owner(cluster.cluster_id, instance.private_ip)
    attached = any(owner == primary for _, _, owner in leases_of(world, cluster.vpc_id, primary))
    return max(min(limits_of(instance.instance_type).shared, free + mine - (0 if attached else 1)), 0)


class EniCapacityController:
    def __init__(self, context: Context) -> None:
        self._context = context
        mirrors = context.mirrors
        self._loop = Loop("eni capacity", [mirrors.nodes.bell, mirrors.pods.bell, context.changed])

    async def run(self) -> None:
        await self._loop.run(self._round)

    async def _round(self) -> None:
        context = self._context
        place = {
            eni_owner(context.cluster.cluster_id, *key_of(pod)): node_of(pod)
            for pod in context.mirrors.pods
            if not finished(pod)
        }
        instances = {instance.private_ip: instance for instance in context.cluster.instances.values()}
        for node in context.mirrors.nodes:
            instance = instances.get(name_of(node))
            if instance is None:
                continue
            elsewhere = {owner for owner, where in place.items() if where and where != name_of(node)}
            number = eni_ips(context.world, context.cluster, instance, elsewhere)
            async with self._loop.guard(name_of(node)):
                await self._publish(node, None if number is None else str(number))

    async def _publish(self, node: Json, number: str | None) -> None:
        status = status_of(node)
        if all(child(status, field).get(keys.ENI_IP) == number for field in ("capacity", "allocatable")):
            return
        patch: Json = {"status": {"capacity": {keys.ENI_IP: number}, "allocatable": {keys.ENI_IP: number}}}
        await self._context.api.patch(NODE_STATUS, name_of(node), patch, manager=MANAGER)
