"""Stand-in for what makes CVMs cluster nodes: a Node object for each instance of the World, and none for the
rest."""

from tests.lab.controllers import keys
from tests.lab.controllers.context import Context
from tests.lab.controllers.kube import (
    NODE,
    POD,
    Json,
    condition,
    key_of,
    labels_of,
    name_of,
    node_of,
    spec_of,
)
from tests.lab.controllers.machines import NoPodRangeLeft, next_pod_range, region_label, size_of, zone_number
from tests.lab.controllers.watching import Loop, logger
from tests.lab.world import Cluster, Instance

MANAGER = keys.TKE_MANAGER


def taints_of(taints: list[dict[str, str]]) -> list[Json]:
    """The node pool API writes Key, Value, Effect; Kubernetes the same in small letters."""
    return [{field.lower(): value for field, value in taint.items()} for taint in taints]


def node_object(cluster: Cluster, instance: Instance, pod_range: str) -> Json:
    pool = cluster.node_pools.get(instance.node_pool_id)
    size = size_of(instance.instance_type)
    zone, region = zone_number(instance.zone), region_label(cluster.region)
    # Network, broadcast and cbr0's address of the block are not for pods.
    resources = {"cpu": str(size.cpu), "memory": f"{size.memory_gib}Gi", "pods": str(cluster.max_pod_num - 3)}
    return {
        "metadata": {
            "name": instance.private_ip,
            "labels": {
                "kubernetes.io/hostname": instance.private_ip,
                "kubernetes.io/os": "linux",
                "kubernetes.io/arch": "amd64",
                "node.kubernetes.io/instance-type": instance.instance_type,
                "topology.kubernetes.io/region": region,
                "topology.kubernetes.io/zone": zone,
                "failure-domain.beta.kubernetes.io/region": region,
                "failure-domain.beta.kubernetes.io/zone": zone,
                keys.INSTANCE_ID: instance.instance_id,
                keys.NODE_POOL_ID: instance.node_pool_id,
                **(pool.labels if pool else {}),
            },
        },
        "spec": {
            "podCIDR": pod_range,
            "podCIDRs": [pod_range],
            "providerID": f"qcloud:///{zone}/{instance.instance_id}",
            "taints": taints_of(pool.taints if pool else []),
        },
        "status": {
            "addresses": [
                {"type": "InternalIP", "address": instance.private_ip},
                {"type": "Hostname", "address": instance.private_ip},
            ],
            "capacity": resources,
            "allocatable": resources,
        },
    }


class NodeController:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._nodes = context.mirrors.nodes
        self._ranges: dict[str, str] = {}
        """Node name -> pod range, also of nodes that the mirror does not show yet."""
        self._loop = Loop("nodes", [self._nodes.bell, context.changed])

    async def run(self) -> None:
        await self._loop.run(self._round)

    async def _round(self) -> None:
        cluster = self._context.cluster
        wanted = {instance.private_ip: instance for instance in cluster.instances.values()}
        for node in self._nodes:
            if keys.INSTANCE_ID in labels_of(node) and name_of(node) not in wanted:
                async with self._loop.guard(name_of(node)):
                    await self._remove(name_of(node))
        for name in [name for name in self._ranges if name not in wanted and ("", name) not in self._nodes]:
            del self._ranges[name]
        for name, instance in wanted.items():
            joined = self._nodes.get(name)
            if joined is None:
                async with self._loop.guard(name):
                    await self._add(instance)
            elif instance.state == "initializing" and condition(joined, "Ready"):
                instance.state = "running"
                self._context.changed.ring()

    async def _add(self, instance: Instance) -> None:
        cluster = self._context.cluster
        taken = {str(spec_of(node).get("podCIDR")) for node in self._nodes} | set(self._ranges.values())
        pod_range = self._ranges.get(instance.private_ip)
        if pod_range is None:
            try:
                pod_range = next_pod_range(
                    cluster.cluster_cidr, cluster.service_cidr, cluster.max_pod_num, taken
                )
            except NoPodRangeLeft as error:
                if instance.state != "failed":
                    logger.warning("nodes: %s cannot join: %s", instance.instance_id, error)
                instance.state = "failed"
                return
            self._ranges[instance.private_ip] = pod_range
        await self._context.api.ensure(NODE, node_object(cluster, instance, pod_range), manager=MANAGER)

    async def _remove(self, name: str) -> None:
        api = self._context.api
        await api.delete(NODE, name)
        for pod in self._context.mirrors.pods:
            if node_of(pod) == name:
                namespace, pod_name = key_of(pod)
                await api.delete(POD, pod_name, namespace, at_once=True)
