"""Whether each zone that has nodes has a container subnet: an ENI must be in its node's zone."""

from collections.abc import Iterator

from pulumi_tke_hybrid.console.text import listed, several
from pulumi_tke_hybrid.drift.finding import Finding, Severity
from pulumi_tke_hybrid.drift.place import zone_of
from pulumi_tke_hybrid.drift.sides import Picture, Unread


def nodes_by_zone(picture: Picture) -> dict[str | None, list[str]]:
    """Names of the nodes, by zone; under None those whose zone cannot be told. Super and registered nodes have no ENI and are left out."""
    found: dict[str | None, list[str]] = {}
    if isinstance(picture.nodes, Unread):
        return found
    network = () if isinstance(picture.network, Unread) else picture.network
    for node in picture.nodes:
        if not node.virtual:
            found.setdefault(zone_of(node, network, picture.region), []).append(node.name)
    return found


def findings(picture: Picture) -> Iterator[Finding]:
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
                f"{several(len(names), 'node')} ({listed(names, 3)}), no container subnet (zones that have one: "
                f"{', '.join(sorted(covered)) or 'none'})",
                "an ENI must be in its node's zone, so ENI pods never run there and the pool cannot grow",
                f"add an EniZoneSubnet in {zone} to eni_subnets; for a pool without ENI pods: --accept node-zone-uncovered:{zone}",
            )
