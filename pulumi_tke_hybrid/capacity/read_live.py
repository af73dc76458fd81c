"""A cluster as it is: the cloud's subnets, the cluster's nodes and pods. Reads only."""

from collections import Counter
from collections.abc import Sequence

from pulumi_tke_hybrid.capacity.inside import Inside, NodeKind
from pulumi_tke_hybrid.cloud.client import Answer, Cloud
from pulumi_tke_hybrid.cloud.clusters import find_cluster
from pulumi_tke_hybrid.cloud.machines import machine_addresses
from pulumi_tke_hybrid.cloud.pod_limits import pod_limits
from pulumi_tke_hybrid.cloud.subnets import subnets_of
from pulumi_tke_hybrid.cloud.vpc_cni import VpcCniSwitch
from pulumi_tke_hybrid.cloud.waiting import Wait
from pulumi_tke_hybrid.console.errors import CouldNotTell, WrongUse
from pulumi_tke_hybrid.console.kubeconfig import other_cluster
from pulumi_tke_hybrid.tke import capacity, cidrs
from pulumi_tke_hybrid.tke.cluster import ClusterInventory, Nodes, Subnet, Zone
from pulumi_tke_hybrid.tke.values import at


def of_cluster(cloud: Cloud, cluster_id: str, inside: Inside | None) -> ClusterInventory:
    """What the cloud lists for the cluster, with nodes and pods as they were counted inside it (None: not read).

    Raises `CouldNotTell` for a cluster that has nothing to count, `WrongUse` for the kubeconfig of another cluster, `CloudError` where
    the cloud could not be read.
    """
    described = find_cluster(cloud, cluster_id)
    if described is None:
        raise CouldNotTell(f"{cluster_id} is not in this region and account; check --cluster-id, --region and the credentials")
    _refuse_another(cloud, cluster_id, inside)
    live = VpcCniSwitch(cloud, Wait(0, _silent)).look({"clusterId": cluster_id})
    if live is None or not live.enabled:
        raise CouldNotTell(f"VPC-CNI of {cluster_id} is off, so it has no container subnets")
    listed = live.ipamd_subnets or live.subnets
    subnets = _subnets(cloud, listed)
    nodes = inside.nodes if inside else dict[str, Counter[NodeKind]]()
    wanted = [(zone, instance_type) for zone, kinds in nodes.items() for instance_type, limit in kinds if limit is None]
    limits = pod_limits(cloud, wanted, live.static_ip is not False)
    pods_per_node = at(described, "ClusterNetworkSettings", "MaxNodePodNum")
    names = dict.fromkeys([zone for zone, _ in subnets] + list(nodes))
    missing = [item for item in listed if item not in {subnet.subnet_id for _, subnet in subnets}]
    found = ClusterInventory(
        cluster=cluster_id,
        static_ip=live.static_ip is not False,
        zones=tuple(
            Zone(
                name,
                tuple(subnet for zone, subnet in subnets if zone == name),
                tuple(Nodes(kind, number, limit=limit) for (kind, limit), number in nodes.get(name, Counter[NodeKind]()).items()),
                inside.pods[name] if inside else None,
            )
            for name in names
        ),
        limits=limits,
        pods_per_node=int(pods_per_node) if isinstance(pods_per_node, int) and pods_per_node > 0 else None,
        unknowns=tuple(f"{item} is registered, and no longer in the VPC" for item in missing)
        + (() if inside else ("nodes and pods: --cloud-only",)),
    )
    return capacity.with_others(found, found)


def _refuse_another(cloud: Cloud, cluster_id: str, inside: Inside | None) -> None:
    """Nodes and pods of one cluster say nothing about the subnets of another."""
    addresses = inside.addresses if inside else ()
    problem = other_cluster(cluster_id, addresses, machine_addresses(cloud, cluster_id)) if addresses else ""
    if problem:
        raise WrongUse(problem)


def _subnets(cloud: Cloud, ids: Sequence[str]) -> list[tuple[str, Subnet]]:
    by_id = {str(item["SubnetId"]): item for item in subnets_of(cloud, ids)}
    return [(str(item["Zone"]), _subnet(item)) for item in (by_id[name] for name in ids if name in by_id)]


def _subnet(item: Answer) -> Subnet:
    block = str(item["CidrBlock"])
    return Subnet(block, str(item["SubnetId"]), max(cidrs.usable_addresses(block) - int(item["AvailableIpAddressCount"]), 0))


def _silent(_: str) -> None:
    """Nothing is waited for, so there is nothing to show."""
