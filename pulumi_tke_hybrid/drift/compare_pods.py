"""Compares the addresses of ENI pods with the registered subnets, and the zones of the nodes with the
zones of the container subnets."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from pulumi_tke_hybrid.cli.process import listed, several
from pulumi_tke_hybrid.drift.snapshot import (
    LIVE,
    CloudList,
    EniPod,
    Snapshot,
    Unavailable,
    VpcSubnet,
    lies_in,
)
from pulumi_tke_hybrid.tke import keys
from pulumi_tke_hybrid.tke.rule import Finding, Rule, note_rule, warning_rule

REGISTERED, OVERLAY, HOST, OUTSIDE, WAITING = "registered", "overlay", "host", "outside", "waiting"
"""Where the address of an ENI pod is."""
_ARTICLE = "the article: an ENI pod has an address of a container subnet"

ON_OVERLAY = Rule("eni-pod-on-overlay", "An ENI pod has no address of the overlay.", "the pods", _ARTICLE)
ON_HOST = Rule(
    "eni-pod-on-host",
    "An ENI pod does not use its node's network.",
    "the pods",
    "457/64886; Kubernetes: hostNetwork",
)
POD_OUTSIDE = warning_rule(
    "eni-pod-outside",
    "An ENI pod's address is in a registered subnet.",
    "the pods, the VPC's subnets, ipamd's list",
    _ARTICLE,
)
POD_WAITING = note_rule("eni-pod-waiting", "An ENI pod has an address.", "the pods", _ARTICLE)
ZONE_UNKNOWN = warning_rule(
    "node-zone-unknown", "The zone of a node is known.", "the nodes", "TKE's label of the zone"
)
ZONE_UNCOVERED = Rule(
    "node-zone-uncovered",
    "Each zone with nodes has a container subnet.",
    "the nodes, the VPC's subnets, ipamd's list",
    "the article, step 5: an ENI is in its node's zone",
)


def places(snapshot: Snapshot) -> list[tuple[EniPod, str, VpcSubnet | None]]:
    """Each ENI pod, the place of its address, and the subnet that holds the address."""
    if isinstance(snapshot.pods, Unavailable):
        return []
    nodes = () if isinstance(snapshot.nodes, Unavailable) else snapshot.nodes
    overlay = [block for node in nodes for block in node.pod_ranges]
    overlay += [snapshot.cloud.overlay] if isinstance(snapshot.cloud, CloudList) else []
    registered = {subnet for source in LIVE for subnet in snapshot.lists[source] or ()}

    def place(pod: EniPod) -> tuple[str, VpcSubnet | None]:
        if pod.on_host:
            return HOST, None
        if not pod.address:
            return WAITING, None
        if lies_in(pod.address, overlay):
            return OVERLAY, None
        own = snapshot.subnet_of(pod.address)
        return (REGISTERED if own is not None and own.subnet_id in registered else OUTSIDE), own

    return [(pod, *place(pod)) for pod in snapshot.pods]


def pod_findings(snapshot: Snapshot) -> Iterator[Finding]:
    """A finding for each workload whose pods are in a wrong place."""
    found = places(snapshot)
    subnets = {pod: own for pod, _, own in found}

    def workloads(place: str, requests: bool | None = None) -> Iterator[tuple[str, list[EniPod]]]:
        groups: dict[str, list[EniPod]] = {}
        for pod, at, _ in found:
            if at == place and requests in (None, pod.requests_address):
                groups.setdefault(f"{pod.namespace}/{pod.workload}", []).append(pod)
        yield from groups.items()

    for workload, pods in workloads(OVERLAY, requests=True):
        yield _pods(
            ON_OVERLAY,
            workload,
            f"have addresses of the overlay: {_addresses(pods)}",
            "they request an ENI address, but do not have one, so they do not see their clients",
            "if they are older than VPC-CNI, restart the workload; else look for Cilium chaining, under which"
            " ENI pods keep the overlay",
        )
    for workload, pods in workloads(OVERLAY, requests=False):
        yield _pods(
            ON_OVERLAY,
            workload,
            f"have addresses of the overlay: {_addresses(pods)}",
            f"the annotation is there, but the first container does not request {keys.ENI_IP}, so they do"
            " not see their clients",
            f'give its first container {keys.ENI_IP}: "1" in requests and limits (ClientIpWorkload does)',
        )
    for workload, pods in workloads(HOST):
        yield _pods(
            ON_HOST,
            workload,
            f"use the host network: {_addresses(pods)}",
            "with host network the annotation has no effect",
            "take hostNetwork away, or the annotation",
        )
    compared = not isinstance(snapshot.network, Unavailable) and snapshot.working is not None
    for workload, pods in workloads(OUTSIDE) if compared else ():
        yield _outside(workload, pods, subnets)
    for workload, pods in workloads(WAITING):
        yield _pods(
            POD_WAITING,
            workload,
            f"have no address: {several(len(pods), 'pod')} ({listed([pod.name for pod in pods], 3)})",
            "they start, or no node of a covered zone has an address left",
            "look at their events if it lasts",
        )


def _outside(workload: str, pods: Sequence[EniPod], subnets: Mapping[EniPod, VpcSubnet | None]) -> Finding:
    own = sorted({found.subnet_id for found in map(subnets.get, pods) if found is not None})
    return _pods(
        POD_OUTSIDE,
        workload,
        f"have addresses in {', '.join(own) or 'no subnet of the VPC'}: {_addresses(pods)}",
        "no source lists that subnet, so their successors get addresses elsewhere, or none",
        "register the subnet again, or restart the workload at a time that suits it",
    )


def _pods(rule: Rule, workload: str, what: str, why: str, todo: str) -> Finding:
    return rule.finding(workload, what, value=f"ENI pods of {workload}", why=why, todo=todo)


def _addresses(pods: Sequence[EniPod]) -> str:
    names = listed([f"{pod.name} {pod.address}".rstrip() for pod in pods], 3)
    return f"{several(len(pods), 'pod')} ({names})"


def nodes_by_zone(snapshot: Snapshot) -> dict[str | None, list[str]]:
    """Names of the nodes by zone, None for an unknown zone. Super and registered nodes have no ENI and are
    left out."""
    found: dict[str | None, list[str]] = {}
    for node in () if isinstance(snapshot.nodes, Unavailable) else snapshot.nodes:
        if not node.virtual:
            found.setdefault(snapshot.zone_of(node), []).append(node.name)
    return found


def zone_findings(snapshot: Snapshot) -> Iterator[Finding]:
    """A finding for each zone without a container subnet, and one for the nodes of an unknown zone."""
    by_zone, working = nodes_by_zone(snapshot), snapshot.working
    unknown = by_zone.pop(None, [])
    if unknown:
        finding = ZONE_UNKNOWN.finding(
            "nodes",
            f"is not known ({listed(unknown)})",
            value=f"Zone of {several(len(unknown), 'node')}",
            why="neither its label nor its address names the zone, so ENI pods may find no subnet there",
            todo="look at the label topology.kubernetes.io/zone",
        )
        yield replace(finding, unknown=True)
    if working is None or isinstance(snapshot.network, Unavailable):
        return
    covered = {subnet.zone for subnet in snapshot.network if subnet.subnet_id in working}
    for zone, nodes in by_zone.items():
        if zone is not None and zone not in covered:
            yield ZONE_UNCOVERED.finding(
                zone,
                f"has {several(len(nodes), 'node')} ({listed(nodes, 3)}), and no container subnet (zones with"
                f" a subnet: {', '.join(sorted(covered)) or 'none'})",
                value=f"Zone {zone}",
                why="an ENI must be in its node's zone, so ENI pods never run there and the pool cannot grow",
                todo=f"add an EniZoneSubnet in {zone} to eni_subnets; for a pool without ENI pods: --accept"
                f" node-zone-uncovered:{zone}",
            )
