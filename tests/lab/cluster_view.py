"""A view of the cluster for people: its pods, with zone, node, address and network."""

import ipaddress
from dataclasses import dataclass

import yaml
from lightkube import Client, KubeConfig
from lightkube.models.core_v1 import PodStatus
from lightkube.resources.core_v1 import Node, Pod

from pulumi_tke_hybrid.tke import keys

_REGION = "ap-guangzhou"


@dataclass(frozen=True)
class PodRow:
    """One pod, in words."""

    name: str
    zone: str
    node: str
    address: str
    network: str
    ready: str
    """`yes` or `no`; `leaving` for a pod that is being deleted, which still serves but gets no new
    connections."""
    gate: str


def client(kubeconfig: str) -> Client:
    """A client of the lab's cluster."""
    return Client(config=KubeConfig.from_dict(yaml.safe_load(kubeconfig)), trust_env=False)


def pods(kubeconfig: str, namespace: str = "default") -> list[PodRow]:
    """All pods of a namespace, by name."""
    kube = client(kubeconfig)
    nodes = {node.metadata.name: node for node in kube.list(Node) if node.metadata}
    rows: list[PodRow] = []
    for pod in kube.list(Pod, namespace=namespace):
        assert pod.metadata is not None
        assert pod.spec is not None
        node = nodes.get(pod.spec.nodeName)
        labels = (node.metadata.labels if node and node.metadata else None) or {}
        overlay = node.spec.podCIDR if node and node.spec else None
        status = pod.status or PodStatus()
        rows.append(
            PodRow(
                name=pod.metadata.name or "",
                zone=_zone(labels.get(keys.ZONE_LABEL)),
                node=pod.spec.nodeName or "-",
                address=status.podIP or "-",
                network=_network(status.podIP, overlay),
                ready="leaving" if pod.metadata.deletionTimestamp else _condition(status, "Ready"),
                gate=_gate(pod, status),
            )
        )
    return sorted(rows, key=lambda row: row.name)


def _zone(label: str | None) -> str:
    # TKE labels a node with the zone's number, 100004 for zone 4 of Guangzhou.
    return f"{_REGION}-{int(label) - 100000}" if label else "-"


def _network(address: str | None, overlay: str | None) -> str:
    if not address or not overlay:
        return "-"
    return "overlay" if ipaddress.ip_address(address) in ipaddress.ip_network(overlay) else "eni"


def _condition(status: PodStatus, kind: str) -> str:
    found = next((condition for condition in status.conditions or [] if condition.type == kind), None)
    return "yes" if found and found.status == "True" else "no"


def _gate(pod: Pod, status: PodStatus) -> str:
    gates = [gate.conditionType for gate in (pod.spec.readinessGates if pod.spec else None) or []]
    if keys.READINESS_GATE not in gates:
        return "none"
    return "true" if _condition(status, keys.READINESS_GATE) == "yes" else "false"
