"""ENI pods and their addresses: those in a registered subnet, and those that look right and are not.

Whether each zone that has nodes has a container subnet: an ENI must be in its node's zone."""

from collections.abc import Iterator, Mapping, Sequence

from pulumi_tke_hybrid.cli.text import listed, several
from pulumi_tke_hybrid.drift.finding import Finding, FindingId, Severity, holder, inside, zone_of
from pulumi_tke_hybrid.drift.sources import LIVE, CloudSide, EniPod, Picture, Unread, VpcSubnet
from pulumi_tke_hybrid.tke import keys

REGISTERED, OVERLAY, HOST, OUTSIDE, WAITING = "registered", "overlay", "host", "outside", "waiting"
"""Where an ENI pod's address is."""


def places(picture: Picture) -> list[tuple[EniPod, str, VpcSubnet | None]]:
    """Each ENI pod, where its address is, and the subnet that holds it."""
    if isinstance(picture.pods, Unread):
        return []
    network = () if isinstance(picture.network, Unread) else picture.network
    nodes = () if isinstance(picture.nodes, Unread) else picture.nodes
    overlay = [block for node in nodes for block in node.pod_ranges]
    overlay += [picture.cloud.overlay] if isinstance(picture.cloud, CloudSide) else []
    registered = {subnet for side in LIVE for subnet in picture.lists[side] or ()}

    def place(pod: EniPod) -> tuple[str, VpcSubnet | None]:
        if pod.on_host:
            return HOST, None
        if not pod.address:
            return WAITING, None
        if inside(pod.address, overlay):
            return OVERLAY, None
        own = holder(pod.address, network)
        return (REGISTERED if own is not None and own.subnet_id in registered else OUTSIDE), own

    return [(pod, *place(pod)) for pod in picture.pods]


def findings(picture: Picture) -> Iterator[Finding]:
    """One for each workload whose pods are not where they should be."""
    found = places(picture)
    holders = {pod: own for pod, _, own in found}
    told = not isinstance(picture.network, Unread) and picture.working is not None

    def workloads(place: str, asks: bool | None = None) -> Iterator[tuple[str, list[EniPod]]]:
        groups: dict[str, list[EniPod]] = {}
        for pod, at, _ in found:
            if at == place and asks in (None, pod.asks):
                groups.setdefault(f"{pod.namespace}/{pod.workload}", []).append(pod)
        yield from groups.items()

    for workload, pods in workloads(OVERLAY, asks=True):
        yield _wrong(
            "eni-pod-on-overlay",
            workload,
            pods,
            "it looks right and is not: the pods asked for an ENI address and have one of the overlay, so"
            " they do not see their clients",
            "if they are older than VPC-CNI, restart the workload; else look for Cilium chaining, under which"
            " ENI pods keep the overlay",
        )
    for workload, pods in workloads(OVERLAY, asks=False):
        yield _wrong(
            "eni-pod-on-overlay",
            workload,
            pods,
            "it looks right and is not: the annotation is there, but the first container asks for no"
            f" {keys.ENI_IP}, so they got an address of the overlay and do not see their clients",
            f'give its first container {keys.ENI_IP}: "1" in requests and limits (ClientIpWorkload does)',
        )
    for workload, pods in workloads(HOST):
        yield _wrong(
            "eni-pod-on-host",
            workload,
            pods,
            "it looks right and is not: with host network the annotation has no effect",
            "take hostNetwork away, or the annotation",
        )
    for workload, pods in workloads(OUTSIDE) if told else ():
        yield _outside(workload, pods, holders)
    for workload, pods in workloads(WAITING):
        yield Finding(
            "eni-pod-waiting",
            Severity.NOTE,
            workload,
            f"ENI pods of {workload}",
            f"{several(len(pods), 'pod')} without an address ({listed([pod.name for pod in pods], 3)})",
            "they start, or no node of a covered zone has an address left",
            "look at their events if it lasts",
        )


def _wrong(finding: FindingId, workload: str, pods: Sequence[EniPod], why: str, todo: str) -> Finding:
    value = f"{several(len(pods), 'pod')} ({_addresses(pods)})"
    return Finding(finding, Severity.DANGER, workload, f"ENI pods of {workload}", value, why, todo)


def _outside(workload: str, pods: Sequence[EniPod], holders: Mapping[EniPod, VpcSubnet | None]) -> Finding:
    own = sorted({found.subnet_id for found in map(holders.get, pods) if found is not None})
    return Finding(
        "eni-pod-outside",
        Severity.WARNING,
        workload,
        f"ENI pods of {workload}",
        f"{several(len(pods), 'pod')} ({_addresses(pods)}) in {', '.join(own) or 'no subnet of the VPC'}",
        "no side lists that subnet, so their successors get addresses elsewhere, or none",
        "register the subnet again, or restart the workload at a time that suits it",
    )


def _addresses(pods: Sequence[EniPod]) -> str:
    return listed([f"{pod.name} {pod.address}".rstrip() for pod in pods], 3)


def nodes_by_zone(picture: Picture) -> dict[str | None, list[str]]:
    """Names of the nodes, by zone; under None those whose zone cannot be told. Super and registered nodes
    have no ENI and are left out."""
    found: dict[str | None, list[str]] = {}
    if isinstance(picture.nodes, Unread):
        return found
    network = () if isinstance(picture.network, Unread) else picture.network
    for node in picture.nodes:
        if not node.virtual:
            found.setdefault(zone_of(node, network, picture.region), []).append(node.name)
    return found


def zone_findings(picture: Picture) -> Iterator[Finding]:
    """One for each zone without a subnet, and one for the nodes whose zone cannot be told."""
    by_zone, working = nodes_by_zone(picture), picture.working
    nowhere = by_zone.pop(None, [])
    if nowhere:
        yield Finding(
            "node-zone-unknown",
            Severity.UNKNOWN,
            "nodes",
            f"Zone of {several(len(nowhere), 'node')}",
            listed(nowhere),
            "neither its label nor its address tells it, so nobody knows whether ENI pods can run there",
            "look at the label topology.kubernetes.io/zone",
        )
    if working is None or isinstance(picture.network, Unread):
        return
    covered = {subnet.zone for subnet in picture.network if subnet.subnet_id in working}
    for zone, names in by_zone.items():
        if zone is not None and zone not in covered:
            yield Finding(
                "node-zone-uncovered",
                Severity.DANGER,
                zone,
                f"Zone {zone}",
                f"{several(len(names), 'node')} ({listed(names, 3)}), no container subnet (zones that have"
                f" one: {', '.join(sorted(covered)) or 'none'})",
                "an ENI must be in its node's zone, so ENI pods never run there and the pool cannot grow",
                f"add an EniZoneSubnet in {zone} to eni_subnets; for a pool without ENI pods: --accept"
                f" node-zone-uncovered:{zone}",
            )
