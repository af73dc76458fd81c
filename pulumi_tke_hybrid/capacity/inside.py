"""Nodes and ENI pods of a live cluster. Reads only."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pulumi_tke_hybrid.kube.client import NODE, POD, KubeClient
from pulumi_tke_hybrid.tke import keys, zones
from pulumi_tke_hybrid.tke.enis import EniLimit, live_limit
from pulumi_tke_hybrid.tke.nodes import internal_address, is_virtual
from pulumi_tke_hybrid.tke.pods import over, selects_eni
from pulumi_tke_hybrid.tke.values import at, mapping

Json = dict[str, Any]
NodeKind = tuple[str, EniLimit | None]
"""Instance type, and what the node takes by its own `status.allocatable`; None where ipamd has given it no addresses."""


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
    return Inside(*count(nodes, pods, region), tuple(internal_address(node) for node in nodes if not is_virtual(node)))


def count(nodes: list[Json], pods: list[Json], region: str) -> tuple[dict[str, Counter[NodeKind]], Counter[str]]:
    """Nodes by zone and kind, and ENI pods by zone, of objects as the API server gives them."""
    by_zone: dict[str, Counter[NodeKind]] = {}
    zone_of: dict[str, str] = {}
    others = Counter(str(at(pod, "spec", "nodeName")) for pod in pods if not over(pod) and not selects_eni(pod))
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
    return instance_type, limit.at_most(int(most) - others) if limit is not None and most.isdecimal() else limit


def _machines(nodes: list[Json], region: str) -> Iterator[tuple[str, str, Json]]:
    for node in nodes:
        labels: Json = node["metadata"].get("labels") or {}
        zone = labels.get(keys.CBS_ZONE_LABEL) or zones.zone_by_label(str(labels.get(keys.ZONE_LABEL, "")), region)
        if zone and not is_virtual(node):
            yield str(node["metadata"]["name"]), str(zone), node


def _eni_node(pod: Json) -> str:
    """The node of a living ENI pod that has an address; empty for every other pod."""
    status: Json = pod.get("status") or {}
    lives = selects_eni(pod) and not over(pod) and status.get("podIP")
    spec: Json = pod.get("spec") or {}
    return str(spec.get("nodeName") or "") if lives else ""
