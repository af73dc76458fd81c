"""The structure of one pod behind a load balancer, as the Kubernetes API shows the pod: network, ENI request,
readiness gate."""

import ipaddress
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from pulumi_tke_hybrid.cli.text import listed, shown
from pulumi_tke_hybrid.kube.objects import child, children, condition, name_of, node_of, pod_addresses
from pulumi_tke_hybrid.tke import keys
from pulumi_tke_hybrid.tke.enis import networks
from pulumi_tke_hybrid.tke.values import Json
from pulumi_tke_hybrid.verify.backends import UNPLACED, Addresses, Range, holder
from pulumi_tke_hybrid.verify.cluster import Subnets


class Level(str, Enum):
    """How grave a finding is."""

    FAULT = "fault"
    """The client's address is lost, or will be."""
    WARNING = "warning"
    """Worth knowing; not wrong by itself."""
    UNKNOWN = "unknown"
    """A check that could not run."""


@dataclass(frozen=True)
class Finding:
    """One thing found."""

    level: Level
    subject: str
    message: str
    zone: str = ""


class Path(str, Enum):
    """How the load balancer reaches the pods."""

    DIRECT = "direct"
    """At their own addresses."""
    LOCAL = "local"
    """Through node ports that keep the source: externalTrafficPolicy Local."""
    NODE_PORT = "node port"
    """Through node ports and source NAT."""


@dataclass(frozen=True)
class PodRow:
    """One pod, as the API shows it."""

    pod: str
    zone: str
    node: str
    addresses: Sequence[str]
    """All addresses; a dual-stack pod has two."""
    network: str
    """`eni`, `overlay`, `node`, `super node`, or `?`. A pod with one overlay address is `overlay`."""
    annotated: bool
    """The ENI annotation is on the pod itself, not only on what made it."""
    asks: bool
    """It asks for an ENI address."""
    gate: str
    """The load balancer's readiness gate: `true`, `false`, `none`."""

    @property
    def address(self) -> str:
        """The addresses in one text; empty before the pod has one."""
        return ", ".join(self.addresses)


def pod_row(pod: Json, zones: Mapping[str, str], super_nodes: Collection[str], known: Addresses) -> PodRow:
    """What the API shows of one pod."""
    node, addresses = node_of(pod), pod_addresses(pod)
    gates = [str(gate.get("conditionType")) for gate in children(pod, "spec", "readinessGates")]
    gate = (
        "none"
        if keys.READINESS_GATE not in gates
        else "true"
        if condition(pod, keys.READINESS_GATE) == "True"
        else "false"
    )
    return PodRow(
        pod=name_of(pod),
        zone=zones.get(node, UNPLACED),
        node=node,
        addresses=addresses,
        network=_network(pod, addresses, node in super_nodes, known),
        annotated=any(name in networks(pod) for name in keys.ENI_RESOURCES),
        asks=_asked(pod) > 0,
        gate=gate,
    )


def _network(pod: Json, addresses: Sequence[str], on_super_node: bool, known: Addresses) -> str:
    if child(pod, "spec").get("hostNetwork"):
        return "node"
    if on_super_node:
        return "super node"
    if any(holder(address, known.pod_ranges) for address in addresses):
        return "overlay"
    if any(
        holder(address, known.eni_ranges) or _of_family(address, known.pod_ranges) for address in addresses
    ):
        return "eni"
    return "?"


def _of_family(address: str, ranges: Sequence[Range]) -> list[Range]:
    """The ranges of the address's own family: ranges of IPv4 tell nothing about an IPv6 address."""
    try:
        version = ipaddress.ip_address(address).version
    except ValueError:
        return []
    return [one for one in ranges if one.network.version == version]


def _asked(pod: Json) -> int:
    """How many ENI addresses its containers ask for."""
    total = 0
    for container in children(pod, "spec", "containers"):
        amounts = {**child(container, "resources", "requests"), **child(container, "resources", "limits")}
        total += sum(
            int(str(amounts[key]))
            for key in keys.ENI_RESOURCES.values()
            if str(amounts.get(key, "")).isdecimal()
        )
    return total


def pod_findings(pod: Json, row: PodRow, path: Path, subnets: Subnets) -> Iterator[Finding]:
    """What is wrong with one pod, or could not be checked."""

    def finding(level: Level, message: str) -> Finding:
        return Finding(level, f"pod {row.pod}", message, row.zone)

    if not row.addresses:
        waiting = next(
            (
                item.get("message")
                for item in children(pod, "status", "conditions")
                if item.get("status") == "False"
            ),
            None,
        )
        yield finding(Level.WARNING, "has no address yet" + (f": {shown(str(waiting))}" if waiting else ""))
        return
    if row.network == "node":
        yield finding(Level.WARNING, "is on the node's own network: its address is the node's")
        return
    if row.network != "super node":
        yield from (finding(level, message) for level, message in _network_problems(pod, row, path, subnets))
    if path is Path.DIRECT and row.gate == "none":
        yield finding(Level.FAULT, "has no readiness gate: the pod is older than direct access; roll it once")
    elif path is Path.DIRECT and row.gate == "false":
        yield finding(
            Level.FAULT,
            "the load balancer has not taken it (readiness gate not true): check its health check and"
            " security group",
        )


def _network_problems(pod: Json, row: PodRow, path: Path, subnets: Subnets) -> Iterator[tuple[Level, str]]:
    if row.annotated:
        yield from _eni_problems(pod, row, subnets)
    elif row.network == "overlay" and row.asks:
        yield (
            Level.FAULT,
            (
                f"asks for {keys.ENI_IP} and has the overlay address {row.address}: no annotation"
                f" {keys.NETWORKS} is on the pod (it belongs on the pod template, not on the workload)"
            ),
        )
    elif row.network == "overlay" and path is Path.DIRECT:
        yield (
            Level.WARNING,
            (
                f"is on GlobalRouter ({row.address}) behind direct access; that needs"
                f" GlobalRouteDirectAccess, and no annotation {keys.NETWORKS} is on the pod (it belongs on"
                " the pod template, not on the workload)"
            ),
        )


def _eni_problems(pod: Json, row: PodRow, subnets: Subnets) -> Iterator[tuple[Level, str]]:
    if row.network == "overlay":
        yield (
            Level.FAULT,
            f"looks right and is not: the ENI annotation is there, the address {row.address} is the overlay's"
            + ("" if row.asks else f"; it asks for no {keys.ENI_IP}")
            + "; was it made before VPC-CNI was on, or is another network plugin chained?",
        )
    elif not row.asks:
        yield Level.FAULT, f"asks for no {keys.ENI_IP} (requests and limits of the first container)"
    if row.asks:
        yield from ((Level.FAULT, message) for message in _request_problems(pod))
    if row.network == "eni":
        for address in row.addresses:
            yield from _place_problems(address, row, subnets)


def _request_problems(pod: Json) -> Iterator[str]:
    """TKE reads one address in requests and limits of the first container (article), of the resource of the
    pod's own network."""
    if _asked(pod) > 1:
        yield f"asks for {_asked(pod)} ENI addresses; put the request on the first container only"
        return
    containers = children(pod, "spec", "containers")
    first = containers[0] if containers else Json()
    wanted = [keys.ENI_RESOURCES[name] for name in networks(pod) if name in keys.ENI_RESOURCES]
    lacking = [
        f"{part} of {resource}"
        for resource in wanted
        for part in ("requests", "limits")
        if resource not in child(first, "resources", part)
    ]
    if lacking:
        yield f"its first container ({shown(name_of({'metadata': first}), 60)}) has no {listed(lacking)}"


def _place_problems(address: str, row: PodRow, subnets: Subnets) -> Iterator[tuple[Level, str]]:
    """Whether one address lies in the container subnets of the pod's zone, as far as ranges of the address's
    family are known."""
    same = _of_family(address, subnets.ranges)
    found = holder(address, same)
    if subnets.by_zone and not same:
        yield (
            Level.WARNING,
            (
                f"whether the address {address} is of its own zone's subnet is not checked: no range of its"
                " family is known"
            ),
        )
    elif subnets.by_zone and found is None:
        yield Level.FAULT, f"the address {address} lies in no ENI subnet that is known"
    elif found is not None and row.zone not in (UNPLACED, found.zone):
        yield Level.FAULT, f"the address {address} is of {found.zone}, its node is in {row.zone}"
