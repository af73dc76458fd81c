"""Rules on zones and container subnets of a cluster, on existing subnets, and on the registration with
ipamd."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pulumi_tke_hybrid.tke import cidrs, ipamd, keys, names
from pulumi_tke_hybrid.tke.cluster import DeclaredCluster, DeclaredPool, Subnet
from pulumi_tke_hybrid.tke.rule import (
    ADOPTED,
    EMPTY,
    TWICE,
    Finding,
    Rule,
    fixed_rule,
    not_yet,
    note_rule,
    twice,
    warning_rule,
)

NODES_IN_ENI_SUBNET = Rule(
    "node-subnet-as-eni-subnet",
    "Nodes are in no container subnet.",
    "ids of both subnets",
    "TKE, introduction to VPC-CNI (qcloud-documents): must not be shared; 457/38970: not recommended",
)
ENDPOINT_IN_ENI_SUBNET = warning_rule(
    "endpoint-in-eni-subnet",
    "The endpoint's address comes from no container subnet.",
    "ids of both subnets",
    "TKE, introduction to VPC-CNI (qcloud-documents)",
)
ZONE_WITHOUT_NODES = note_rule(
    "eni-subnet-without-nodes",
    "A container subnet has nodes in its zone.",
    "the zones of pools and container subnets",
    "the article, step 5",
)
ZONE_LABEL = warning_rule(
    "zone-label-name",
    "A node's label topology.kubernetes.io/zone holds a number on TKE, not a zone's name.",
    "labels of the pool, node selector of the workload",
    "imroc/tke-guide, cilium/flow-logs",
)
SUBNET_IN_TWO_ZONES = warning_rule(
    "subnet-in-two-zones",
    "A subnet is in one zone.",
    "zones and subnets of the pools",
    "VPC: a subnet belongs to one zone",
)
OTHER_VPC = fixed_rule(
    "other-vpc",
    "The container subnets are in the VPC of the cluster.",
    "the VPC of the cluster and of each `EniZoneSubnet`",
    "457/50354: an ENI is in the VPC of its node",
)
SUBNET_IN_USE = warning_rule(
    "subnet-in-use",
    "A container subnet is empty when it is registered.",
    "the subnets to register, as the cloud describes them",
    "the article, step 1; DescribeSubnets: TotalIpAddressCount - AvailableIpAddressCount",
)
SUBNET_FULL = warning_rule(
    "subnet-full",
    "An adopted container subnet has free addresses.",
    "the subnet, as the cloud describes it",
    "DescribeSubnets, AvailableIpAddressCount",
)


def findings(cluster: DeclaredCluster, endpoint_subnet: str | None = None) -> Iterator[Finding]:
    """Check the zones and the subnets of nodes, pods and endpoint."""
    if not cluster.subnets:
        yield EMPTY.finding(
            "eni_subnets",
            "is empty",
            why="without a container subnet no pod can have a VPC address",
            todo="give one for each node zone",
        )
        return
    yield from _zones(cluster)
    yield from _subnets(cluster, endpoint_subnet)
    yield from _labels(cluster)


def _zones(cluster: DeclaredCluster) -> Iterator[Finding]:
    eni_zones = [subnet.zone for subnet in cluster.subnets]
    covered = [zone for zone in eni_zones if zone]
    region = names.region_of(covered[0]) if covered else None
    for subnet in cluster.subnets:
        yield from names.foreign_zone_findings(f"{subnet.path}.zone", subnet.zone, region)
    for pool in cluster.pools:
        path = f"{pool.path}.zone"
        foreign = [*names.foreign_zone_findings(path, pool.zone, region)]
        yield from foreign
        checked = all(eni_zones) and not foreign and not pool.global_route_only
        if checked and pool.zone and pool.zone not in covered:
            yield names.uncovered_problem(path, pool.zone, covered)
    paths = [*(subnet.path for subnet in cluster.subnets), *(pool.path for pool in cluster.pools)]
    for path in cluster.pending(f"{path}.zone" for path in paths):
        yield not_yet(names.ZONE_UNCOVERED, path)
    if cluster.pools and all(pool.zone for pool in cluster.pools):
        with_nodes = {pool.zone for pool in cluster.pools}
        for subnet in cluster.subnets:
            if subnet.zone and subnet.zone not in with_nodes:
                yield ZONE_WITHOUT_NODES.finding(
                    f"{subnet.path}.zone",
                    "has no node pool",
                    value=subnet.zone,
                    why="an ENI is in its node's zone, so nothing takes addresses here",
                    todo="add a pool there, or keep it for later",
                )


def _subnets(cluster: DeclaredCluster, endpoint_subnet: str | None) -> Iterator[Finding]:
    seen: dict[str, str] = {}
    for subnet in cluster.subnets:
        if subnet.subnet_id and subnet.subnet_id in seen:
            yield twice(f"{subnet.path}.subnet_id", subnet.subnet_id, seen[subnet.subnet_id])
        elif subnet.subnet_id:
            seen[subnet.subnet_id] = subnet.path
        if subnet.vpc_id and cluster.vpc_id and subnet.vpc_id != cluster.vpc_id:
            yield OTHER_VPC.finding(
                f"{subnet.path}.vpc_id",
                f"is not {cluster.vpc_id}, the VPC of the cluster",
                value=subnet.vpc_id,
                why="no node could attach an ENI of this subnet",
                todo="make the subnet in the cluster's VPC",
            )
    zones: dict[str, DeclaredPool] = {}
    for pool in cluster.pools:
        first = zones.setdefault(pool.subnet_id, pool) if pool.subnet_id and pool.zone else pool
        if first.zone != pool.zone:
            yield SUBNET_IN_TWO_ZONES.finding(
                f"{pool.path}.subnet_id",
                f"is also the subnet of {first.path} in {first.zone}",
                value=pool.subnet_id,
                why="a subnet is in one zone, so TKE would refuse one of the pools",
                todo=f"give the subnet of {pool.zone}",
            )
        if pool.subnet_id and pool.subnet_id in seen:
            yield NODES_IN_ENI_SUBNET.finding(
                f"{pool.path}.subnet_id",
                f"is the container subnet {seen[pool.subnet_id]}",
                value=pool.subnet_id,
                why="nodes and pods would take each other's addresses",
                todo="give the nodes a subnet of their own",
            )
    if endpoint_subnet and endpoint_subnet in seen:
        yield ENDPOINT_IN_ENI_SUBNET.finding(
            "endpoint.subnet_id",
            f"is the container subnet {seen[endpoint_subnet]}",
            value=endpoint_subnet,
            why="the endpoint's load balancer would take addresses of pods",
            todo="use a subnet of nodes or of load balancers",
        )
    for path in cluster.pending(f"{subnet.path}.subnet_id" for subnet in cluster.subnets):
        yield not_yet(TWICE, path)
    for path in cluster.pending(f"{pool.path}.subnet_id" for pool in cluster.pools):
        yield not_yet(NODES_IN_ENI_SUBNET, path)


def _labels(cluster: DeclaredCluster) -> Iterator[Finding]:
    for pool in cluster.pools:
        yield from zone_label_findings(f"{pool.path}.labels", pool.labels.get(keys.ZONE_LABEL))


def zone_label_findings(path: str, value: str | None) -> Iterator[Finding]:
    """Warn of a zone's name as value of the zone label, in the labels of a pool or in a node selector. None
    is not given, or not known yet."""
    if value and names.region_of(value):
        yield ZONE_LABEL.finding(
            path,
            f"is given for {keys.ZONE_LABEL}",
            value=value,
            why="TKE writes the zone's number there, so a selector by the name matches no node of TKE",
            todo="use the zone's number, as `kubectl get nodes -L topology.kubernetes.io/zone` shows it",
        )


def declared_subnet_findings(
    subnet: Subnet, vpc_id: str, live: Mapping[str, Any] | None
) -> Iterator[Finding]:
    """Compare an existing subnet in the program with the API's description `live`; None where the subnet does
    not exist. `vpc_id`: the VPC of the cluster; empty where the VPC is not known."""
    if live is None:
        yield ADOPTED.finding(
            f"{subnet.path}.subnet_id",
            "is not in this region and account",
            value=subnet.subnet_id,
            why="or these credentials may not see it",
            todo="check the id, the region, the credentials",
        )
        return
    in_vpc = live.get("VpcId")
    if vpc_id and in_vpc and in_vpc != vpc_id:
        yield ADOPTED.finding(
            f"{subnet.path}.subnet_id",
            f"is in {in_vpc}, the cluster in {vpc_id}",
            value=subnet.subnet_id,
            todo=f"name a subnet of {vpc_id}",
        )
    for property_, declared, key in (("zone", subnet.zone, "Zone"), ("cidr_block", subnet.cidr, "CidrBlock")):
        current = live.get(key)
        if declared and current and declared != current:
            yield ADOPTED.finding(
                f"{subnet.path}.{property_}",
                f"is declared, but {subnet.subnet_id} has {current}",
                value=declared,
                todo="declare the value of the subnet, or name another subnet",
            )


CONFIG_MAP_OF_ADDON = Rule(
    "configmap-of-addon",
    f"Only an ipamd before {ipamd.shown(ipamd.ADDON_SINCE)} gets its zones by an edit of its ConfigMap.",
    "the image of ipamd in the cluster",
    f"457/50360: a later one is managed as add-on {ipamd.ADDON}, unless component management does not"
    " have it",
)

_MANAGED = f"TKE manages it as add-on {ipamd.ADDON} and may write its ConfigMap and Deployment back"
_BY_API = (
    "register the zones by the API: zone_registration=ZoneRegistration.API, the default (without"
    " HybridCluster: list them in VpcCni)"
)
_BY_HAND = f"lower this rule where component management has no {ipamd.ADDON} (`tke DescribeAddon`)"


def addon_findings(image: str) -> Iterator[Finding]:
    """Refuse to edit the ConfigMap of an ipamd that TKE manages as add-on."""
    version = ipamd.version(image)
    if version is not None and version >= ipamd.ADDON_SINCE:
        yield CONFIG_MAP_OF_ADDON.finding(
            "",
            "is the version of ipamd",
            value=ipamd.tag(image),
            why=_MANAGED,
            todo=_BY_API,
            intended=_BY_HAND,
        )


def unknown_version_text(image: str) -> str:
    """Return the warning for an image without a version, where `addon_findings` cannot compare."""
    reason = (
        f"its image {image} names no version"
        if image
        else "its Deployment has several containers and none of its name"
    )
    return f"the version of ipamd is unknown ({reason}); from {ipamd.shown(ipamd.ADDON_SINCE)} on {_MANAGED}"


def subnet_findings(block: str | None, vpc: Sequence[str], later: Iterable[str] = ()) -> Iterator[Finding]:
    """Compare one subnet with the VPC. `later`: the subnet's properties that are not known yet."""
    if block and vpc:
        yield from cidrs.outside_findings("cidr_block", block, vpc)
    for path in later:
        yield not_yet(cidrs.RANGE_OUTSIDE_VPC, path)


def in_use_finding(subnet_id: str, used: int) -> Finding:
    """Warn of a subnet to register that has used addresses."""
    return SUBNET_IN_USE.finding(
        "subnets",
        f"holds {used} addresses and is not registered as container subnet yet",
        value=subnet_id,
        why="nodes, load balancers or endpoints live in it: they and the pods will take addresses from each"
        " other, and TKE warns of conflicts with ENIs",
        todo="register an empty subnet instead",
        intended="keep further nodes and load balancers out of the subnet",
    )


def full_finding(subnet_id: str, block: str) -> Finding:
    """Warn of an adopted subnet without a free address."""
    return SUBNET_FULL.finding(
        "subnet_id",
        f"({block}) has no free address",
        value=subnet_id,
        why="no node gets an ENI in it and no pod an address",
        todo="add another container subnet in the zone, or release addresses in this one",
    )
