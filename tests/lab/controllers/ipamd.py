"""Stand-in for the platform's side of VPC-CNI: ipamd's workloads and ConfigMap, and ipamd's list of
subnets.

Before 3.5.0 ipamd reads three keys of its ConfigMap at its start. From 3.5.0 on, as an add-on, its
ConfigMap has one other key. The stand-in writes only the fields of public traces, which have no list of
subnets: this ipamd takes the cloud's list at once.
"""

from tests.lab.controllers import keys
from tests.lab.controllers.addresses import unusable_ids
from tests.lab.controllers.context import Context
from tests.lab.controllers.kube import (
    CONFIG_MAP,
    DAEMON_SET,
    DEPLOYMENT,
    Json,
    being_deleted,
    condition,
    data_of,
    labels_of,
    status_of,
    uid_of,
)
from tests.lab.controllers.security_groups import groups_of_ipamd
from tests.lab.controllers.watching import Loop
from tests.lab.world import Cluster, VpcCni, World, is_addon


def split_ids(text: str) -> list[str]:
    """A colon-joined list as ipamd reads it: no blanks, no empty items."""
    return [item.strip() for item in text.split(":") if item.strip()]


def config_data(world: World, cluster: Cluster, subnet_ids: list[str]) -> dict[str, str]:
    zones = [world.subnets[subnet_id].zone if subnet_id in world.subnets else "" for subnet_id in subnet_ids]
    return {
        keys.SUBNET_ID_KEY: ":".join(subnet_ids),
        keys.VPC_ID_KEY: cluster.vpc_id,
        keys.ZONE_KEY: ":".join(zones),
    }


def network_conf(cluster: Cluster) -> dict[str, str]:
    """The public part of the configuration of an ipamd from 3.5.0 on."""
    lines = [
        f'api-env.region: "{cluster.region}"',
        f'api-env.cluster-id: "{cluster.cluster_id}"',
        f'cidr.cluster-cidrs: ["{cluster.cluster_cidr}"]',
        f'vpc-cni.vpc-id: "{cluster.vpc_id}"',
        "vpc-cni.route-eni.enable-ip-warm-target-auto-sync: false",
    ]
    return {keys.NETWORK_CONF: "\n".join(lines) + "\n"}


def _workload(kind: str, name: str, version: str) -> Json:
    labels = {"k8s-app": name}
    spec: Json = {
        "selector": {"matchLabels": labels},
        "template": {
            "metadata": {"labels": labels},
            "spec": {
                "hostNetwork": True,
                "priorityClassName": "system-node-critical",
                "tolerations": [{"operator": "Exists"}],
                "containers": [{"name": name, "image": f"{name}:{version}"}],
            },
        },
    }
    if kind == "Deployment":
        spec["replicas"] = 1
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": keys.KUBE_SYSTEM, "labels": labels},
        "spec": spec,
    }


class IpamdController:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._installed: VpcCni | None = None
        self._announced: list[str] = []
        """The platform's content of the ConfigMap so far. Other content is a customer's edit."""
        self._processes: set[str] = set()
        """The uids of the ipamd pods that have read the ConfigMap."""
        self._clean = False
        self._addon = False
        """Whether the ipamd that is installed is an add-on."""
        mirrors = context.mirrors
        self._loop = Loop(
            "ipamd", [mirrors.pods.bell, mirrors.nodes.bell, mirrors.config_maps.bell, context.changed]
        )

    async def run(self) -> None:
        await self._loop.run(self._round)

    async def _round(self) -> float | None:
        vpc_cni = self._context.cluster.vpc_cni
        if vpc_cni is not self._installed or (vpc_cni is None and not self._clean):
            # Also when VPC-CNI was turned off and on again between two rounds.
            await self._remove()
            self._installed = vpc_cni
        if vpc_cni is None:
            return None
        self._clean = False
        await self._install(vpc_cni)
        await self._observe(vpc_cni)
        return None

    async def _install(self, vpc_cni: VpcCni) -> None:
        context, api = self._context, self._context.api
        current = context.mirrors.config_maps.get(keys.IPAMD, keys.KUBE_SYSTEM)
        if current is None:
            version = context.world.ipamd_version
            self._addon = is_addon(version)
            body: Json = {
                "metadata": {"name": keys.IPAMD, "namespace": keys.KUBE_SYSTEM},
                "data": (
                    network_conf(context.cluster)
                    if self._addon
                    else config_data(context.world, context.cluster, vpc_cni.subnet_ids)
                ),
            }
            await api.ensure(CONFIG_MAP, body, manager=keys.TKE_MANAGER)
            await api.ensure(
                DEPLOYMENT, _workload("Deployment", keys.IPAMD, version), manager=keys.TKE_MANAGER
            )
            await api.ensure(
                DAEMON_SET, _workload("DaemonSet", keys.ENI_AGENT, version), manager=keys.TKE_MANAGER
            )
            self._announced = list(vpc_cni.subnet_ids)
            return
        added = [subnet_id for subnet_id in vpc_cni.subnet_ids if subnet_id not in self._announced]
        if not added or self._addon:
            return
        # AddVpcCniSubnets: the platform writes the list, and ipamd takes the new subnets without a restart.
        listed = split_ids(data_of(current).get(keys.SUBNET_ID_KEY, ""))
        missing = [subnet_id for subnet_id in added if subnet_id not in listed]
        if missing:
            data = config_data(context.world, context.cluster, listed + missing)
            await api.patch(
                CONFIG_MAP, keys.IPAMD, {"data": data}, namespace=keys.KUBE_SYSTEM, manager=keys.TKE_MANAGER
            )
        self._announced = list(vpc_cni.subnet_ids)
        if self._processes:
            working = vpc_cni.ipamd_subnet_ids
            vpc_cni.ipamd_subnet_ids = working + [
                subnet_id for subnet_id in added if subnet_id not in working
            ]
            context.changed.ring()

    async def _observe(self, vpc_cni: VpcCni) -> None:
        pods = [
            pod
            for pod in self._context.mirrors.pods.in_namespace(keys.KUBE_SYSTEM)
            if labels_of(pod).get("k8s-app") == keys.IPAMD
            and status_of(pod).get("phase") == "Running"
            and not being_deleted(pod)
        ]
        for pod in pods:
            # A process reads its configuration once, at its start. In a rolling replacement the last to start
            # has it.
            if uid_of(pod) not in self._processes:
                await self._read_config(vpc_cni, pod)
        if self._addon and pods and vpc_cni.ipamd_subnet_ids != vpc_cni.subnet_ids:
            vpc_cni.ipamd_subnet_ids = list(vpc_cni.subnet_ids)
            self._context.changed.ring()
        phase = "running" if any(condition(pod, "Ready") for pod in pods) else "initializing"
        if not any(condition(node, "Ready") for node in self._context.mirrors.nodes):
            phase = "upgrading"
        if vpc_cni.phase != phase:
            vpc_cni.phase = phase
            self._context.changed.ring()

    async def _read_config(self, vpc_cni: VpcCni, pod: Json) -> None:
        # Not from the mirror, which may be older than the edit that this restart is meant to apply.
        config = await self._context.api.get(CONFIG_MAP, keys.IPAMD, keys.KUBE_SYSTEM)
        if config is None:
            await self._context.recorder.warn(
                pod, "FailedReadConfig", f"ConfigMap {keys.IPAMD} is missing", component=keys.IPAMD
            )
            return
        subnet_ids = (
            list(vpc_cni.subnet_ids)
            if self._addon
            else split_ids(data_of(config).get(keys.SUBNET_ID_KEY, ""))
        )
        self._processes.add(uid_of(pod))
        vpc_cni.ipamd_subnet_ids = subnet_ids
        vpc_cni.security_group_ids = groups_of_ipamd(pod)
        self._context.changed.ring()
        for subnet_id in unusable_ids(self._context.world, self._context.cluster, subnet_ids):
            await self._context.recorder.warn(
                config,
                "FailedGetSubnet",
                f"subnet {subnet_id} not found in {self._context.cluster.vpc_id}: no address can be allocated"
                " from it",
                component=keys.IPAMD,
            )

    async def _remove(self) -> None:
        api = self._context.api
        await api.delete(DEPLOYMENT, keys.IPAMD, keys.KUBE_SYSTEM)
        await api.delete(DAEMON_SET, keys.ENI_AGENT, keys.KUBE_SYSTEM)
        await api.delete(CONFIG_MAP, keys.IPAMD, keys.KUBE_SYSTEM)
        self._announced, self._processes, self._clean = [], set(), True
