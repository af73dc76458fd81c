"""Read a cluster for `capacity`: from a preview, a stack, a file of cluster facts, or the live cluster.

This module changes nothing and counts no addresses (see `tke.capacity`)."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from pulumi_tke_hybrid.cli.files import other_cluster
from pulumi_tke_hybrid.cli.process import CouldNotTell, WrongUse
from pulumi_tke_hybrid.cloud.api_client import Answer, Cloud
from pulumi_tke_hybrid.cloud.clusters import find_cluster, instance_addresses, pod_limits, subnets_of
from pulumi_tke_hybrid.cloud.vpc_cni_state import read_vpc_cni
from pulumi_tke_hybrid.kube.client import NODE, POD, KubeClient
from pulumi_tke_hybrid.plan import inventory
from pulumi_tke_hybrid.plan.model import State
from pulumi_tke_hybrid.plan.preview_json import exported_states, last_states, of_states
from pulumi_tke_hybrid.tke import capacity, cidrs, keys
from pulumi_tke_hybrid.tke.cluster import ClusterFacts, ClusterInventory, Nodes, Subnet, Zone
from pulumi_tke_hybrid.tke.enis import EniLimit, has_ended, live_limit, selects_eni
from pulumi_tke_hybrid.tke.objects import (
    Json,
    at,
    internal_address,
    is_virtual,
    items,
    mapping,
    name_of,
    node_of,
    pod_address,
    zone_of_node,
)

NodeKind = tuple[str, EniLimit | None]
"""Instance type, and the limit by the node's `status.allocatable`; None before ipamd has reported the
limit."""
FACTS_COMMAND = "pulumi stack output clusterFacts --json"


@dataclass(frozen=True)
class LiveCounts:
    """Nodes and ENI pods of a live cluster."""

    nodes: Mapping[str, Counter[NodeKind]]
    """By zone and kind."""
    pods: Counter[str]
    """ENI pods that have an address, by zone."""
    addresses: tuple[str, ...]
    """Addresses of the nodes that are instances (CVM); they identify the cluster."""


def count_live_nodes(client: KubeClient, region: str) -> LiveCounts:
    """Count all nodes and pods. Raises `KubeError`."""
    nodes, pods = list(client.list(NODE)), list(client.list(POD))
    return LiveCounts(
        *count(nodes, pods, region), tuple(internal_address(node) for node in nodes if not is_virtual(node))
    )


def count(
    nodes: list[Json], pods: list[Json], region: str
) -> tuple[dict[str, Counter[NodeKind]], Counter[str]]:
    """(nodes by zone and kind, ENI pods by zone) of objects of the API server."""
    by_zone: dict[str, Counter[NodeKind]] = {}
    zone_of: dict[str, str] = {}
    others = Counter(node_of(pod) for pod in pods if not has_ended(pod) and not selects_eni(pod))
    for name, zone, node in _instances(nodes, region):
        by_zone.setdefault(zone, Counter())[_kind(node, others[name])] += 1
        zone_of[name] = zone
    eni_pods = Counter(zone_of[name] for pod in pods if (name := _eni_node(pod)) in zone_of)
    return by_zone, eni_pods


def _kind(node: Json, others: int) -> NodeKind:
    """`others`: pods on the node without ENI address, which the bound of the kubelet includes."""
    instance_type = str(at(node, "metadata", "labels", keys.INSTANCE_TYPE_LABEL) or "")
    allocatable = mapping(at(node, "status", "allocatable"))
    limit, most = live_limit(instance_type, allocatable), str(allocatable.get("pods"))
    if limit is not None and most.isdecimal():
        limit = limit.at_most(int(most) - others)
    return instance_type, limit


def _instances(nodes: list[Json], region: str) -> Iterator[tuple[str, str, Json]]:
    for node in nodes:
        zone = zone_of_node(node, region)
        if zone and not is_virtual(node):
            yield name_of(node), zone, node


def _eni_node(pod: Json) -> str:
    """The node of an ENI pod that has an address and has not ended; empty for every other pod."""
    return node_of(pod) if selects_eni(pod) and not has_ended(pod) and pod_address(pod) else ""


def of_cluster(cloud: Cloud, cluster_id: str, counts: LiveCounts | None) -> ClusterInventory:
    """The container subnets that the cloud lists for the cluster, with its live nodes and pods (None: not
    read).

    Raises `CouldNotTell` for a cluster without container subnets, `WrongUse` for the kubeconfig of another
    cluster, `CloudError` for a failed request.
    """
    described = find_cluster(cloud, cluster_id)
    if described is None:
        raise CouldNotTell(
            f"{cluster_id} is not in this region and account; check --cluster-id, --region and the"
            " credentials"
        )
    _refuse_another(cloud, cluster_id, counts)
    live = read_vpc_cni(cloud, cluster_id)
    if live is None or not live.enabled:
        raise CouldNotTell(f"VPC-CNI of {cluster_id} is off, so it has no container subnets")
    listed = live.ipamd_subnets or live.subnets
    subnets = _subnets(cloud, listed)
    nodes = counts.nodes if counts else dict[str, Counter[NodeKind]]()
    wanted = [(zone, kind) for zone, kinds in nodes.items() for kind, limit in kinds if limit is None]
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
                counts.pods[name] if counts else None,
            )
            for name in names
        ),
        limits=limits,
        pods_per_node=int(pods_per_node) if isinstance(pods_per_node, int) and pods_per_node > 0 else None,
        unknowns=tuple(f"{item} is registered, and no longer in the VPC" for item in missing)
        + (() if counts else ("nodes and pods: --cloud-only",)),
    )
    return capacity.with_others(found, found)


def _refuse_another(cloud: Cloud, cluster_id: str, counts: LiveCounts | None) -> None:
    """Raise `WrongUse` if the kubeconfig is that of another cluster."""
    addresses = counts.addresses if counts else ()
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
    """(before, after) the change. Raises `WrongUse` if the preview has no such cluster, or if it has several
    and `cluster` is empty."""
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
    before = inventory.inventories(of_states(old)).get(urn, ClusterInventory(after.cluster))
    unknowns = (*after.unknowns, left_out) if left_out else after.unknowns
    after = replace(capacity.with_others(after, before), unknowns=unknowns)
    return capacity.with_others(before, before), after


def of_stack(export: Json, cluster: str) -> ClusterInventory:
    """The cluster of a stack's state. Raises `WrongUse` if the stack has no such cluster, or if it has
    several and `cluster` is empty."""
    if not isinstance(at(export, "deployment", "resources"), list):
        raise WrongUse(
            "--state is no stack: it has no deployment.resources; write it with: pulumi stack export"
        )
    _, found = _chosen(exported_states(export), cluster)
    return capacity.with_others(found, found)


def of_facts(facts: Json) -> ClusterInventory:
    """The cluster of a stack's facts. Raises `WrongUse` for anything else than the facts of a cluster."""
    try:
        found = ClusterFacts.checked(facts).inventory()
    except ValueError as error:
        raise WrongUse(f"--facts: {error}; write it with: {FACTS_COMMAND}") from None
    unknowns = [
        f"{subnet.subnet_id} in {zone.name} has no cidr_block"
        for zone in found.zones
        for subnet in zone.subnets
        if subnet.cidr is None
    ]
    return replace(found, unknowns=tuple(unknowns))


def _chosen(states: Mapping[str, State], wanted: str) -> tuple[str, ClusterInventory]:
    """(URN, cluster) of the cluster of that name; without a name, of the only cluster."""
    found = inventory.inventories(of_states(states))
    chosen = [(urn, cluster) for urn, cluster in found.items() if wanted in ("", cluster.cluster)]
    if len(chosen) == 1:
        return chosen[0]
    names = ", ".join(sorted(cluster.cluster for cluster in found.values())) or "none"
    problem = f"several are named {wanted!r}" if chosen else f"there is no cluster {wanted!r}"
    if not wanted:
        problem = "--cluster is needed"
    raise WrongUse(f"{problem}; the clusters are: {names}")


def _as_read(state: State, before: State) -> State:
    """The state with the outputs before the change, if the change keeps the range and the step has no
    outputs."""
    if state.get("outputs") or at(state, "inputs", "cidrBlock") != at(before, "inputs", "cidrBlock"):
        return state
    return {**state, "outputs": before.get("outputs"), "id": state.get("id") or before.get("id")}


def _left_out(preview: Json) -> str:
    """A sentence on the resources that a preview without `--show-sames` leaves out; empty if it has all."""
    same = at(preview, "changeSummary", "same")
    shown = {str(at(step, "urn")) for step in items(preview.get("steps")) if at(step, "op") == "same"}
    number = int(same) - len(shown) if isinstance(same, int | float) else 0
    if number <= 0:
        return ""
    return (
        f"{number} resources that do not change are not in the preview; make it with: pulumi preview --json"
        " --show-sames"
    )
