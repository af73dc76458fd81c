"""The structure of one pod behind a load balancer, as the Kubernetes API shows the pod: network, ENI request,
readiness gate; and the rules about them. What the API shows of the load balancer is in `structure`."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from pulumi_tke_hybrid.cli.process import listed, shown
from pulumi_tke_hybrid.tke import keys
from pulumi_tke_hybrid.tke.enis import networks
from pulumi_tke_hybrid.tke.objects import Json, child, children, condition, name_of, node_of, pod_addresses
from pulumi_tke_hybrid.tke.rule import Finding, Rule, warning_rule
from pulumi_tke_hybrid.verify.backends import UNPLACED
from pulumi_tke_hybrid.verify.cluster_snapshot import ContainerSubnets
from pulumi_tke_hybrid.verify.verdict import Addresses, holder, parsed

POD_WITHOUT_ADDRESS = warning_rule(
    "pod-without-address", "Each pod has an address.", "pods", "Kubernetes: podIP"
)
POD_ON_NODE_NETWORK = warning_rule(
    "pod-on-node-network",
    "A pod behind a load balancer has a network of its own.",
    "pods",
    "Kubernetes: hostNetwork",
)
NO_READINESS_GATE = Rule(
    "pod-without-readiness-gate",
    "Each pod behind direct access has the load balancer's readiness gate.",
    "pods, direct access",
    "457/41897",
)
READINESS_GATE_NOT_TRUE = Rule(
    "readiness-gate-not-true",
    "The load balancer has taken each pod behind direct access.",
    "pods, direct access",
    "457/41897",
)
REQUEST_WITHOUT_ANNOTATION = Rule(
    "eni-request-without-annotation",
    "A pod that requests an ENI address has the annotation of the ENI network.",
    "pods, pod ranges of the nodes",
    "the article",
)
GLOBALROUTER_BEHIND_DIRECT_ACCESS = warning_rule(
    "globalrouter-behind-direct-access",
    "A pod behind direct access is on an ENI, or the cluster has GlobalRouteDirectAccess.",
    "pods, pod ranges of the nodes, direct access",
    "457/41897",
)
ANNOTATED_POD_ON_OVERLAY = Rule(
    "annotated-pod-on-overlay",
    "A pod with the annotation of the ENI network has an address of a container subnet.",
    "pods, pod ranges of the nodes",
    "the article",
)
ANNOTATION_WITHOUT_REQUEST = Rule(
    "annotation-without-eni-request",
    "A pod with the annotation of the ENI network requests an ENI address.",
    "pods",
    "the article",
)
INCOMPLETE_REQUEST = Rule(
    "eni-request-incomplete",
    "The first container alone requests one ENI address, in requests and limits.",
    "pods",
    "the article",
)
ZONE_NOT_CHECKED = warning_rule(
    "address-zone-not-checked",
    "The container subnets are known, so that the zone of each address can be compared.",
    "pods, container subnets",
    "the article: an ENI is in its node's zone",
)
OUTSIDE_SUBNETS = Rule(
    "address-outside-container-subnets",
    "The address of an ENI pod lies in a container subnet.",
    "pods, container subnets",
    "the article",
)
ANOTHER_ZONE = Rule(
    "address-of-another-zone",
    "The address of an ENI pod lies in a container subnet of the node's zone.",
    "pods, nodes, container subnets",
    "the article: an ENI is in its node's zone",
)
_ON_TEMPLATE = (
    f"the pod has no annotation {keys.NETWORKS}, which belongs on the pod template, not on the workload"
)


class TrafficPath(str, Enum):
    """The way of a request from the load balancer to the pods."""

    DIRECT = "direct"
    """To the pods' own addresses."""
    LOCAL = "local"
    """Through node ports that keep the source: externalTrafficPolicy Local."""
    NODE_PORT = "node port"
    """Through node ports and source NAT."""


@dataclass(frozen=True)
class PodRow:
    """One pod, as the API shows the pod."""

    pod: str
    zone: str
    node: str
    addresses: Sequence[str]
    """All addresses; a dual-stack pod has two."""
    network: str
    """`eni`, `overlay`, `node`, `super node`, or `?`. A pod with one overlay address is `overlay`."""
    annotated: bool
    """The pod itself has the ENI annotation, not only the workload."""
    requests_eni: bool
    """The pod requests an ENI address."""
    gate: str
    """The load balancer's readiness gate: `true`, `false`, `none`."""

    @property
    def address(self) -> str:
        """The addresses in one text; empty before the pod has an address."""
        return ", ".join(self.addresses)

    @property
    def subject(self) -> str:
        return f"pod {self.pod}"


def pod_row(pod: Json, zones: Mapping[str, str], super_nodes: Collection[str], known: Addresses) -> PodRow:
    """Return what the API shows of one pod."""
    node, addresses = node_of(pod), pod_addresses(pod)
    gates = [str(gate.get("conditionType")) for gate in children(pod, "spec", "readinessGates")]
    gate = "true" if condition(pod, keys.READINESS_GATE) == "True" else "false"
    return PodRow(
        pod=name_of(pod),
        zone=zones.get(node, UNPLACED),
        node=node,
        addresses=addresses,
        network=_network(pod, addresses, node in super_nodes, known),
        annotated=any(name in networks(pod) for name in keys.ENI_RESOURCES),
        requests_eni=_requested_addresses(pod) > 0,
        gate=gate if keys.READINESS_GATE in gates else "none",
    )


def _network(pod: Json, addresses: Sequence[str], on_super_node: bool, known: Addresses) -> str:
    if child(pod, "spec").get("hostNetwork"):
        return "node"
    if on_super_node:
        return "super node"
    if any(known.pod_range(address) for address in addresses):
        return "overlay"
    if any(
        holder(address, known.container_subnets) or known.overlay_has_family_of(address)
        for address in addresses
    ):
        return "eni"
    return "?"


def _requested_addresses(pod: Json) -> int:
    """Return the number of ENI addresses that the containers request."""
    total = 0
    for container in children(pod, "spec", "containers"):
        amounts = {**child(container, "resources", "requests"), **child(container, "resources", "limits")}
        wanted = [str(amounts.get(key, "")) for key in keys.ENI_RESOURCES.values()]
        total += sum(int(amount) for amount in wanted if amount.isdecimal())
    return total


def pod_findings(pod: Json, row: PodRow, path: TrafficPath, subnets: ContainerSubnets) -> Iterator[Finding]:
    """Return the faults of one pod, and the checks that could not run."""
    if not row.addresses:
        conditions = children(pod, "status", "conditions")
        waiting = next((item.get("message") for item in conditions if item.get("status") == "False"), None)
        reason = f": {shown(str(waiting))}" if waiting else ""
        yield POD_WITHOUT_ADDRESS.finding(row.subject, f"has no address yet{reason}")
        return
    if row.network == "node":
        what = "is on the node's own network and has the node's address"
        yield POD_ON_NODE_NETWORK.finding(row.subject, what)
        return
    if row.network != "super node":
        yield from _network_findings(pod, row, path, subnets)
    if path is TrafficPath.DIRECT and row.gate == "none":
        what = "has no readiness gate: the pod is older than direct access"
        yield NO_READINESS_GATE.finding(row.subject, what, todo="roll the pod once")
    elif path is TrafficPath.DIRECT and row.gate == "false":
        what = "the load balancer has not taken the pod (readiness gate not true)"
        todo = "look at the health check and the security group"
        yield READINESS_GATE_NOT_TRUE.finding(row.subject, what, todo=todo)


def _network_findings(
    pod: Json, row: PodRow, path: TrafficPath, subnets: ContainerSubnets
) -> Iterator[Finding]:
    if row.annotated:
        yield from _eni_findings(pod, row, subnets)
    elif row.network == "overlay" and row.requests_eni:
        what = f"requests {keys.ENI_IP} and has the overlay address {row.address}: {_ON_TEMPLATE}"
        yield REQUEST_WITHOUT_ANNOTATION.finding(row.subject, what)
    elif row.network == "overlay" and path is TrafficPath.DIRECT:
        what = f"is on GlobalRouter ({row.address}) behind direct access"
        why = f"this path needs GlobalRouteDirectAccess, and {_ON_TEMPLATE}"
        yield GLOBALROUTER_BEHIND_DIRECT_ACCESS.finding(row.subject, what, why=why)


def _eni_findings(pod: Json, row: PodRow, subnets: ContainerSubnets) -> Iterator[Finding]:
    if row.network == "overlay":
        yield ANNOTATED_POD_ON_OVERLAY.finding(
            row.subject,
            "looks right and is not: the ENI annotation is there, the address"
            f" {row.address} is the overlay's",
            why="" if row.requests_eni else f"the pod requests no {keys.ENI_IP}",
            todo="was the pod made before VPC-CNI was on, or is another network plugin chained?",
        )
    elif not row.requests_eni:
        what = f"requests no {keys.ENI_IP} (requests and limits of the first container)"
        yield ANNOTATION_WITHOUT_REQUEST.finding(row.subject, what)
    if row.requests_eni:
        yield from _request_findings(pod, row)
    if row.network == "eni":
        for address in row.addresses:
            yield from _zone_findings(address, row, subnets)


def _request_findings(pod: Json, row: PodRow) -> Iterator[Finding]:
    """TKE reads one address in requests and limits of the first container (article), of the resource of the
    pod's own network."""
    requested = _requested_addresses(pod)
    if requested > 1:
        todo = "put the request on the first container only"
        yield INCOMPLETE_REQUEST.finding(row.subject, f"requests {requested} ENI addresses", todo=todo)
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
        name = shown(str(first.get("name", "")), 60)
        what = f"the first container ({name}) has no {listed(lacking)}"
        yield INCOMPLETE_REQUEST.finding(row.subject, what)


def _zone_findings(address: str, row: PodRow, subnets: ContainerSubnets) -> Iterator[Finding]:
    """Compare one address with the container subnets, as far as ranges of the address's family are known."""
    given = parsed(address)
    # Ranges of IPv4 prove nothing about an IPv6 address.
    comparable = given and any(item.network.version == given.version for item in subnets.ranges)
    found = holder(address, subnets.ranges)
    if subnets.by_zone and not comparable:
        yield ZONE_NOT_CHECKED.finding(
            row.subject,
            f"whether the address {address} lies in a container subnet of the node's zone is not checked: no"
            " range of the address's family is known",
        )
    elif subnets.by_zone and found is None:
        what = f"the address {address} lies in no container subnet that is known"
        yield OUTSIDE_SUBNETS.finding(row.subject, what)
    elif found is not None and row.zone not in (UNPLACED, found.zone):
        what = f"the address {address} is of {found.zone}, the node is in {row.zone}"
        yield ANOTHER_ZONE.finding(row.subject, what)
