"""Nodes and ENI pods of a live cluster. Reads only.

A cluster as it is: the cloud's subnets, the cluster's nodes and pods. Reads only.

Clusters out of files: `pulumi preview --json`, `pulumi stack export`, a stack's `cluster_facts`."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pulumi_tke_hybrid.cli.exit_code import CouldNotTell, WrongUse
from pulumi_tke_hybrid.cli.options import other_cluster
from pulumi_tke_hybrid.cloud.client import Answer, Cloud
from pulumi_tke_hybrid.cloud.clusters import find_cluster, instance_addresses, pod_limits, subnets_of
from pulumi_tke_hybrid.cloud.vpc_cni_state import read_vpc_cni
from pulumi_tke_hybrid.kube.client import NODE, POD, KubeClient
from pulumi_tke_hybrid.kube.objects import (
    internal_address,
    is_virtual,
    name_of,
    node_of,
    pod_address,
    zone_of_node,
)
from pulumi_tke_hybrid.plan import inventory
from pulumi_tke_hybrid.plan.operations import State, exported_states, last_states
from pulumi_tke_hybrid.tke import capacity, cidrs, keys
from pulumi_tke_hybrid.tke.cluster import ClusterInventory, Nodes, Subnet, Zone
from pulumi_tke_hybrid.tke.cluster_facts import ClusterFacts, range_problems, shape_problems
from pulumi_tke_hybrid.tke.enis import EniLimit, live_limit, over, selects_eni
from pulumi_tke_hybrid.tke.values import at, items, mapping

Json = dict[str, Any]
NodeKind = tuple[str, EniLimit | None]
"""Instance type, and what the node takes by its own `status.allocatable`; None where ipamd has given it no
addresses."""


@dataclass(frozen=True)
class Inside:
    """What a cluster tells of itself."""

    nodes: Mapping[str, Counter[NodeKind]]
    """By zone and kind."""
    pods: Counter[str]
    """ENI pods that have an address, by zone."""
    addresses: tuple[str, ...]
    """Of the nodes that are machines: they tell which cluster this is."""


def look(client: KubeClient, region: str) -> Inside:
    """All nodes and pods. Raises `KubeError`."""
    nodes, pods = list(client.list(NODE)), list(client.list(POD))
    return Inside(
        *count(nodes, pods, region), tuple(internal_address(node) for node in nodes if not is_virtual(node))
    )


def count(
    nodes: list[Json], pods: list[Json], region: str
) -> tuple[dict[str, Counter[NodeKind]], Counter[str]]:
    """Nodes by zone and kind, and ENI pods by zone, of objects as the API server gives them."""
    by_zone: dict[str, Counter[NodeKind]] = {}
    zone_of: dict[str, str] = {}
    others = Counter(node_of(pod) for pod in pods if not over(pod) and not selects_eni(pod))
    for name, zone, machine in _machines(nodes, region):
        by_zone.setdefault(zone, Counter())[_kind(machine, others[name])] += 1
        zone_of[name] = zone
    living = Counter(zone_of[node] for pod in pods if (node := _eni_node(pod)) in zone_of)
    return by_zone, living


def _kind(node: Json, others: int) -> NodeKind:
    """`others`: pods on the node without ENI address, which the kubelet counts too."""
    instance_type = str(at(node, "metadata", "labels", keys.INSTANCE_TYPE_LABEL) or "")
    allocatable = mapping(at(node, "status", "allocatable"))
    limit, most = live_limit(instance_type, allocatable), str(allocatable.get("pods"))
    return instance_type, (
        limit.at_most(int(most) - others) if limit is not None and most.isdecimal() else limit
    )


def _machines(nodes: list[Json], region: str) -> Iterator[tuple[str, str, Json]]:
    for node in nodes:
        zone = zone_of_node(node, region)
        if zone and not is_virtual(node):
            yield name_of(node), zone, node


def _eni_node(pod: Json) -> str:
    """The node of a living ENI pod that has an address; empty for every other pod."""
    return node_of(pod) if selects_eni(pod) and not over(pod) and pod_address(pod) else ""


def of_cluster(cloud: Cloud, cluster_id: str, inside: Inside | None) -> ClusterInventory:
    """What the cloud lists for the cluster, with nodes and pods as they were counted inside it (None: not
    read).

    Raises `CouldNotTell` for a cluster that has nothing to count, `WrongUse` for the kubeconfig of another
    cluster, `CloudError` where
    the cloud could not be read.
    """
    described = find_cluster(cloud, cluster_id)
    if described is None:
        raise CouldNotTell(
            f"{cluster_id} is not in this region and account; check --cluster-id, --region and the"
            " credentials"
        )
    _refuse_another(cloud, cluster_id, inside)
    live = read_vpc_cni(cloud, cluster_id)
    if live is None or not live.enabled:
        raise CouldNotTell(f"VPC-CNI of {cluster_id} is off, so it has no container subnets")
    listed = live.ipamd_subnets or live.subnets
    subnets = _subnets(cloud, listed)
    nodes = inside.nodes if inside else dict[str, Counter[NodeKind]]()
    wanted = [
        (zone, instance_type)
        for zone, kinds in nodes.items()
        for instance_type, limit in kinds
        if limit is None
    ]
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
                tuple(
                    Nodes(kind, number, limit=limit)
                    for (kind, limit), number in nodes.get(name, Counter[NodeKind]()).items()
                ),
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
    problem = other_cluster(cluster_id, addresses, instance_addresses(cloud, cluster_id)) if addresses else ""
    if problem:
        raise WrongUse(problem)


def _subnets(cloud: Cloud, ids: Sequence[str]) -> list[tuple[str, Subnet]]:
    by_id = {str(item["SubnetId"]): item for item in subnets_of(cloud, ids)}
    return [(str(item["Zone"]), _subnet(item)) for item in (by_id[name] for name in ids if name in by_id)]


def _subnet(item: Answer) -> Subnet:
    block = str(item["CidrBlock"])
    return Subnet(
        block,
        str(item["SubnetId"]),
        max(cidrs.usable_addresses(block) - int(item["AvailableIpAddressCount"]), 0),
    )


def of_preview(preview: Json, cluster: str) -> tuple[ClusterInventory, ClusterInventory]:
    """(before, after) the change. Raises `WrongUse` where the preview has no such cluster, or several and
    none is chosen."""
    if not isinstance(preview.get("steps"), list):
        raise WrongUse(
            "--preview is no preview: it has no steps; write it with: pulumi preview --json --show-sames"
        )
    states, left_out = last_states(items(preview.get("steps"))), _left_out(preview)
    old, new = states[0], {urn: _as_read(state, states[0].get(urn, {})) for urn, state in states[1].items()}
    try:
        urn, after = _chosen(new, cluster)
    except WrongUse as error:
        raise WrongUse(f"{error}; {left_out}" if left_out else str(error)) from None
    before = inventory.inventories(inventory.of_states(old)).get(urn, ClusterInventory(after.cluster))
    unknowns = (*after.unknowns, left_out) if left_out else after.unknowns
    return capacity.with_others(before, before), replace(
        capacity.with_others(after, before), unknowns=unknowns
    )


def of_stack(export: Json, cluster: str) -> ClusterInventory:
    """A stack as it was last left. Raises `WrongUse` where the stack has no such cluster, or several and none
    is chosen."""
    if not isinstance(at(export, "deployment", "resources"), list):
        raise WrongUse(
            "--state is no stack: it has no deployment.resources; write it with: pulumi stack export"
        )
    _, found = _chosen(exported_states(export), cluster)
    return capacity.with_others(found, found)


def of_facts(facts: Json) -> ClusterInventory:
    """What a cluster's stack gives to other stacks."""
    wrong = next(shape_problems(facts), None)
    if wrong is not None or not isinstance(facts.get("clusterId"), str):
        raise WrongUse(
            "--facts is not a cluster's facts; write it with: pulumi stack output clusterFacts --json"
        )
    wrong = next(range_problems(facts), None)
    if wrong is not None:
        raise WrongUse(f"--facts: {wrong}")
    found = ClusterFacts.of(facts).inventory()
    missing = [
        (zone.name, subnet.subnet_id)
        for zone in found.zones
        for subnet in zone.subnets
        if subnet.cidr is None
    ]
    return replace(found, unknowns=tuple(f"{subnet} in {zone} has no cidr_block" for zone, subnet in missing))


def _chosen(states: Mapping[str, State], wanted: str) -> tuple[str, ClusterInventory]:
    """(URN, cluster) of the cluster of that name; without a name the only one."""
    found = inventory.inventories(inventory.of_states(states))
    chosen = [(urn, cluster) for urn, cluster in found.items() if wanted in ("", cluster.cluster)]
    if len(chosen) == 1:
        return chosen[0]
    names = ", ".join(sorted(cluster.cluster for cluster in found.values())) or "none"
    problem = (
        "--cluster is needed"
        if not wanted
        else f"there is no cluster {wanted!r}"
        if not chosen
        else f"several are named {wanted!r}"
    )
    raise WrongUse(f"{problem}; the clusters are: {names}")


def _as_read(state: State, before: State) -> State:
    """The state with what was last read of the resource, where the change leaves it as it is and the step
    does not repeat it."""
    same = not state.get("outputs") and mapping(state.get("inputs")).get("cidrBlock") == mapping(
        before.get("inputs")
    ).get("cidrBlock")
    return (
        {**state, "outputs": before.get("outputs"), "id": state.get("id") or before.get("id")}
        if same
        else state
    )


def _left_out(preview: Json) -> str:
    """What a preview does not show unless it is made with `--show-sames`."""
    same = at(preview, "changeSummary", "same")
    shown = {str(at(step, "urn")) for step in items(preview.get("steps")) if at(step, "op") == "same"}
    number = int(same) - len(shown) if isinstance(same, int | float) else 0
    if number <= 0:
        return ""
    return (
        f"{number} resources that do not change are not in the preview; make it with: pulumi preview --json"
        " --show-sames"
    )
