"""Arguments of `HybridCluster`, and what is wrong with them before anything exists."""

from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from typing import Any, Optional, Union

from pulumi_tke_hybrid.component.args import Args, args_class
from pulumi_tke_hybrid.component.inputs import Input, known
from pulumi_tke_hybrid.endpoint import EndpointArgs
from pulumi_tke_hybrid.eni_zone_subnet import EniZoneSubnet
from pulumi_tke_hybrid.node_pools import NodePoolArgs
from pulumi_tke_hybrid.tke import cidrs, ids, reclaim, zones
from pulumi_tke_hybrid.tke.problem import Problem
from pulumi_tke_hybrid.vpc_cni import NonMasquerade


class ZoneRegistration(str, Enum):
    """How ipamd learns of the container subnets of further zones."""

    API = "api"
    """EnableVpcCniNetworkType with every subnet, AddVpcCniSubnets later."""
    CONFIGMAP = "configmap"
    """The article's way: the first zone by the API, the others by an edit of ipamd's ConfigMap and a restart of ipamd."""


@args_class(subnet_id=ids.subnet_problem, zone=zones.zone_problem, cidr_block=cidrs.cidr_problem)
class EniSubnetArgs(Args):
    """A container subnet that is described rather than passed as an `EniZoneSubnet`."""

    subnet_id: Input[str]
    """Its id."""

    zone: Input[str]
    """Its zone, e.g. `ap-guangzhou-4`."""

    cidr_block: Optional[Input[str]] = None
    """Its range, for checks. Default: those checks are left out."""


@args_class(
    vpc_id=ids.vpc_problem,
    cluster_cidr=cidrs.cluster_cidr_problem,
    cluster_max_pod_num=cidrs.pods_per_node_problem,
    cluster_max_service_num=cidrs.services_problem,
    existing_cluster_id=ids.cluster_problem,
    ip_reclaim=reclaim.reclaim_problem,
    service_cidr=cidrs.cidr_problem,
    vpc_cidr=cidrs.cidr_problem,
)
class HybridClusterArgs(Args):
    """Arguments of `HybridCluster`."""

    vpc_id: Input[str]
    """VPC of the cluster. A change replaces the cluster."""

    eni_subnets: Sequence[Union[EniZoneSubnet, EniSubnetArgs]]
    """The container subnets, at least one for each zone with nodes, in an order that never changes: append only, TKE cannot unregister
    one."""

    ip_reclaim: Input[str]
    """When TKE takes back the address that a gone pod kept: `after(seconds)`, at least 300, or `never()`. Fixed once switched on. A short
    delay means that a StatefulSet pod which is down for longer comes back with another address."""

    cluster_cidr: Optional[Input[str]] = None
    """Range of the overlay: GR pods and, at its tail, Services. Required for a new cluster, fixed for ever. Must not overlap the VPC."""

    cluster_max_pod_num: Optional[Input[int]] = None
    """Addresses of the overlay for each node, a power of two; three of them are no pod's. Required for a new cluster, fixed for ever."""

    cluster_max_service_num: Optional[Input[int]] = None
    """Addresses for Services, a power of two from 32 to 32768. Required for a new cluster, fixed for ever."""

    existing_cluster_id: Optional[str] = None
    """Adopt this GlobalRouter cluster instead of making one: its VPC-CNI is switched on, or adopted if it is on already, and nothing
    else of what exists is touched. The preview reports what is there, what would change and what contradicts."""

    kubeconfig: Optional[Input[str]] = None
    """Kubeconfig of an adopted cluster whose endpoint is already open; give it as a secret. Default: the endpoint's that is opened here."""

    node_pools: Optional[Sequence[NodePoolArgs]] = None
    """Node pools to make, one zone each. Default: none; without pools and `kubeconfig` there is no Kubernetes provider."""

    static_ip: Optional[Input[bool]] = None
    """Static-IP mode: kept addresses are possible. Default: true for a new cluster; must be stated for an adopted one, the API does not
    always tell. Fixed for ever, a change replaces the cluster."""

    zone_registration: Optional[ZoneRegistration] = None
    """`api` or `configmap`, see `ZoneRegistration`. Default: `api`."""

    non_masquerade: Optional[Input[NonMasquerade]] = None
    """`add_vpc` or `keep`, see `NonMasquerade`. Default: `add_vpc` for a new cluster, on which nothing relies yet; `keep` for an adopted
    one."""

    endpoint: Optional[EndpointArgs] = None
    """Address of the API server. Default: an intranet one in the first node pool's subnet."""

    cluster_name: Optional[Input[str]] = None
    """Name in the cloud. Default: the component's name. Updated in place."""

    cluster_version: Optional[Input[str]] = None
    """Kubernetes version. Default: TKE's choice at creation. Updated in place (an upgrade)."""

    service_cidr: Optional[Input[str]] = None
    """Range of Services. Default: the tail of `cluster_cidr`. Fixed for ever."""

    vpc_cidr: Optional[Input[str]] = None
    """Range of the VPC, for checks against the others. Default: those checks are left out."""

    deletion_protection: Optional[bool] = None
    """Refuse to delete or replace the cluster, in the cloud and in Pulumi. Default: true."""

    allow_cluster_replacement: Optional[bool] = None
    """Let a changed property that TKE fixes for ever rebuild the cluster. Default: false, the preview refuses and names the property."""

    tags: Optional[Input[Mapping[str, Input[str]]]] = None
    """Tags of the cluster. Updated in place."""

    deadline_seconds: Optional[Input[int]] = None
    """How long each wait for VPC-CNI may take, in seconds. Default: 600."""

    def problems(self) -> Iterator[Problem]:
        yield from self._adoption_problems()
        yield from self._size_problems()
        yield from self._range_problems()
        yield from self._zone_problems()
        yield from self._subnet_problems()
        pool_names: set[str] = set()
        for index, pool in enumerate(self.node_pools or ()):
            yield from (problem.under(f"node_pools[{index}]") for problem in pool.problems())
            if pool.name in pool_names:
                yield Problem(f"node_pools[{index}].name", f"{pool.name!r} is the name of an earlier pool; each pool needs its own")
            pool_names.add(pool.name)
        if self.endpoint is not None:
            yield from (problem.under("endpoint") for problem in self.endpoint.problems())
            if not self.node_pools:
                yield Problem("endpoint", "needs a node pool; TKE opens an endpoint only once a node runs")
        if self.static_ip is False and known(self.ip_reclaim) not in (None, reclaim.NEVER):
            yield Problem("ip_reclaim", reclaim.WITHOUT_STATIC_IPS)

    def _subnet_problems(self) -> Iterator[Problem]:
        seen: dict[str, str] = {}
        for index, subnet in enumerate(self.stated_subnets):
            subnet_id = known(subnet.subnet_id)
            if subnet_id and subnet_id in seen:
                yield Problem(f"eni_subnets[{index}].subnet_id", f"{subnet_id} is listed twice, first at {seen[subnet_id]}; list it once")
            elif subnet_id:
                seen[subnet_id] = f"eni_subnets[{index}]"
        for index, pool in enumerate(self.node_pools or ()):
            subnet_id = known(pool.subnet_id)
            if subnet_id and subnet_id in seen:
                yield Problem(
                    f"node_pools[{index}].subnet_id",
                    f"{subnet_id} is the ENI subnet {seen[subnet_id]}; nodes and pods would take each other's "
                    f"addresses, give the nodes a subnet of their own",
                )

    def _adoption_problems(self) -> Iterator[Problem]:
        for_new = ("cluster_cidr", "cluster_max_pod_num", "cluster_max_service_num")
        if self.existing_cluster_id is None:
            for name in for_new:
                if getattr(self, name) is None:
                    yield Problem(name, "is required for a new cluster; it is fixed for ever, so there is no default")
            if self.kubeconfig is not None:
                yield Problem("kubeconfig", "belongs to an adopted cluster; a new one's comes from its endpoint, leave it out")
            return
        for name in (*for_new, "service_cidr", "cluster_name", "cluster_version", "tags", "allow_cluster_replacement"):
            if getattr(self, name) is not None:
                yield Problem(
                    name, "describes a new cluster; with existing_cluster_id nothing of the cluster itself is changed, leave it out"
                )
        if self.static_ip is None:
            yield Problem("static_ip", "must be stated for an adopted cluster: the API does not always tell, and it is fixed for ever")
        if self.zone_registration is ZoneRegistration.CONFIGMAP:
            yield Problem(
                "zone_registration", "'configmap' is for new clusters; for an adopted one use IpamdConfig, which reads before it writes"
            )
        if self.kubeconfig is not None and self.endpoint is not None:
            yield Problem("endpoint", "would open a second one; give kubeconfig or endpoint, not both")

    def _size_problems(self) -> Iterator[Problem]:
        cluster, pods, services = known(self.cluster_cidr), known(self.cluster_max_pod_num), known(self.cluster_max_service_num)
        if cluster is None or pods is None or services is None:
            return
        inside = 0 if self.service_cidr is not None else services
        problem = cidrs.size_problem(cluster, pods, inside)
        if problem:
            yield Problem("cluster_cidr", problem)

    def _range_problems(self) -> Iterator[Problem]:
        vpc, cluster, service = known(self.vpc_cidr), known(self.cluster_cidr), known(self.service_cidr)
        outer = [(name, block) for name, block in (("vpc_cidr", vpc), ("cluster_cidr", cluster), ("service_cidr", service)) if block]
        yield from (Problem(path, text) for path, text in cidrs.overlaps(outer))
        subnets = [(f"eni_subnets[{i}].cidr_block", known(subnet.cidr_block)) for i, subnet in enumerate(self.stated_subnets)]
        plain = [(path, block) for path, block in subnets if block]
        against = [(path, block) for path, block in outer if path != "vpc_cidr"]
        yield from (Problem(path, text) for path, text in cidrs.overlaps(plain, against))
        for path, block in plain if vpc else ():
            outside = cidrs.outside_problem(block, str(vpc))
            if outside:
                yield Problem(path, outside)

    def _zone_problems(self) -> Iterator[Problem]:
        if not self.eni_subnets:
            yield Problem("eni_subnets", "is empty; without an ENI subnet no pod can have a VPC address; give one for each node zone")
            return
        eni_zones = [known(subnet.zone) for subnet in self.stated_subnets]
        first = next((zone for zone in eni_zones if zone), None)
        region = zones.region_of(first) if first else None
        places = [(f"eni_subnets[{i}].zone", zone) for i, zone in enumerate(eni_zones)]
        places += [(f"node_pools[{i}].zone", known(pool.zone)) for i, pool in enumerate(self.node_pools or ())]
        covered = None if None in eni_zones else [zone for zone in eni_zones if zone]
        yield from zone_findings(region, places, covered, self.node_pools or ())

    @property
    def stated_subnets(self) -> list[Any]:
        """What the program said of each ENI subnet."""
        return [subnet.stated if isinstance(subnet, EniZoneSubnet) else subnet for subnet in self.eni_subnets]


def zone_findings(
    region: str | None, places: Sequence[tuple[str, str | None]], covered: Sequence[str] | None, pools: Sequence[NodePoolArgs]
) -> list[Problem]:
    """What is wrong with the zones that are known: foreign ones, and pools in a zone without an ENI subnet."""
    found: list[Problem] = []
    global_route_only = {f"node_pools[{index}].zone" for index, pool in enumerate(pools) if pool.global_route_only}
    for path, zone in places:
        foreign = zones.foreign_zone_problem(zone, region) if zone and region else None
        if foreign:
            found.append(Problem(path, foreign))
        elif zone and covered is not None and path.startswith("node_pools") and path not in global_route_only:
            found += [Problem(path, zones.uncovered_problem(zone, covered))] if zones.uncovered([zone], covered) else []
    return found
