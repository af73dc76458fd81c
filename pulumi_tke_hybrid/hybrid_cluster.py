"""HybridCluster: a GlobalRouter cluster with VPC-CNI beside it, its node pools, its endpoint and its Kubernetes provider."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import Enum
from typing import Any, Optional, Union

import pulumi
import pulumi_kubernetes as kubernetes
import tencentcloud_iac_pulumi as tencentcloud

from pulumi_tke_hybrid.cloud.client import Cloud, TencentCloud
from pulumi_tke_hybrid.cloud.orphans import refuse_orphan, refuse_orphan_pool
from pulumi_tke_hybrid.cloud.settings import CloudSettings
from pulumi_tke_hybrid.cluster_guard import ClusterGuard
from pulumi_tke_hybrid.component.args import Args, args_class, parse_args
from pulumi_tke_hybrid.component.dynamic import DEFAULT_DEADLINE
from pulumi_tke_hybrid.component.errors import InvalidInputs
from pulumi_tke_hybrid.component.inputs import Input, known
from pulumi_tke_hybrid.component.options import child_options
from pulumi_tke_hybrid.eni_zone_subnet import EniZoneSubnet
from pulumi_tke_hybrid.ipamd_config import IpamdConfig, IpamdConfigArgs, IpamdSubnetArgs
from pulumi_tke_hybrid.kept_addresses import KeptAddresses
from pulumi_tke_hybrid.tke import cidrs, ids, ipamd, keys, names, reclaim, zones
from pulumi_tke_hybrid.tke.problem import Problem
from pulumi_tke_hybrid.vpc_cni import NonMasquerade, VpcCni, VpcCniArgs, VpcCniReady

FIXED_POOL_BOUND = 100
"""Upper bound given for pools without autoscaler: TKE refuses a change of bounds together with a change of size."""

_OUT_OF_BAND = ("eniSubnetIds", "vpcCniType", "claimExpiredSeconds")
"""Fields of the cluster resource that follow what `VpcCni` did. Without ignoring them the provider would switch VPC-CNI off."""


class ZoneRegistration(str, Enum):
    """How ipamd learns of the container subnets of further zones."""

    API = "api"
    """EnableVpcCniNetworkType with every subnet, AddVpcCniSubnets later."""
    CONFIGMAP = "configmap"
    """The article's way: the first zone by the API, the others by an edit of ipamd's ConfigMap and a restart of ipamd."""


class EndpointAccess(str, Enum):
    """From where the API server can be reached."""

    INTRANET = "intranet"
    INTERNET = "internet"


@args_class(subnet_id=ids.subnet_problem, zone=zones.zone_problem, cidr_block=cidrs.cidr_problem)
class EniSubnetArgs(Args):
    """A container subnet that is described rather than passed as an `EniZoneSubnet`."""

    subnet_id: Input[str]
    """Its id."""

    zone: Input[str]
    """Its zone, e.g. `ap-guangzhou-4`."""

    cidr_block: Optional[Input[str]] = None
    """Its range, for checks. Default: those checks are left out."""


def _at_least(least: int, what: str) -> Any:
    def problem(value: int) -> str | None:
        return None if value >= least else f"{value} is too few; {what} is {least} or more"

    return problem


@args_class(min_size=_at_least(0, "the least number of nodes"), max_size=_at_least(1, "the greatest number of nodes"))
class AutoscaleArgs(Args):
    """Bounds of a pool whose size the autoscaler decides."""

    min_size: Input[int]
    """Least number of nodes."""

    max_size: Input[int]
    """Greatest number of nodes."""

    def problems(self) -> Iterator[Problem]:
        low, high = known(self.min_size), known(self.max_size)
        if low is not None and high is not None and low > high:
            yield Problem("min_size", f"{low} is greater than max_size {high}; no size satisfies both")


@args_class(
    name=names.pool_name_problem,
    zone=zones.zone_problem,
    subnet_id=ids.subnet_problem,
    size=_at_least(0, "a pool's size"),
)
class NodePoolArgs(Args):
    """Nodes of one zone."""

    name: str
    """Name of the pool, in the cloud and in the program, 1 to 25 characters. Another name is another pool."""

    zone: Input[str]
    """Its zone; one of the ENI subnets must lie in it."""

    subnet_id: Input[str]
    """VPC subnet for the nodes themselves, in that zone; not an ENI subnet. A change replaces the pool and its machines."""

    instance_type: Input[str]
    """CVM type, e.g. `S5.LARGE8`. It bounds the ENI pods of a node. A change replaces the pool."""

    size: Input[int]
    """Number of nodes; with `autoscale` only the number to start with."""

    keep_machines: bool
    """Whether the CVMs survive when the pool is deleted. Stated, because the provider's default (yes) leaves billed machines behind."""

    autoscale: Optional[AutoscaleArgs] = None
    """Let TKE's autoscaler decide the size within bounds. Default: the size is fixed."""

    key_ids: Optional[Input[Sequence[Input[str]]]] = None
    """SSH keys of the machines. Exactly one of `key_ids` and `password`."""

    password: Optional[Input[str]] = None
    """Password of the machines; give it as a secret."""

    security_group_ids: Optional[Input[Sequence[Input[str]]]] = None
    """Security groups of the machines, in order. Default: none."""

    labels: Optional[Input[Mapping[str, Input[str]]]] = None
    """Node labels. Updated in place."""

    global_route_only: Optional[bool] = None
    """No ENI pods are meant for this pool, so its zone needs no ENI subnet. Default: false."""

    def problems(self) -> Iterator[Problem]:
        if (self.key_ids is None) == (self.password is None):
            yield Problem("key_ids", "exactly one of key_ids and password is needed; the machines' log-in is set when they are made")
        size = known(self.size)
        if self.autoscale is not None:
            yield from (problem.under("autoscale") for problem in self.autoscale.problems())
            low, high = known(self.autoscale.min_size), known(self.autoscale.max_size)
            if size is not None and low is not None and high is not None and not low <= size <= high:
                yield Problem("size", f"{size} is outside the autoscaler's bounds {low} to {high}")
        elif size is not None and size > FIXED_POOL_BOUND:
            yield Problem("size", f"{size} is more than the {FIXED_POOL_BOUND} nodes of a fixed pool; use autoscale, or several pools")


@args_class(subnet_id=ids.subnet_problem, security_group_id=ids.security_group_problem)
class EndpointArgs(Args):
    """The API server's address."""

    access: Optional[EndpointAccess] = None
    """`intranet` or `internet`. Default: `intranet`."""

    subnet_id: Optional[Input[str]] = None
    """Subnet of an intranet endpoint. Default: the subnet of the first node pool."""

    security_group_id: Optional[Input[str]] = None
    """Security group of an internet endpoint; required for it."""

    def problems(self) -> Iterator[Problem]:
        if self.access is EndpointAccess.INTERNET and self.security_group_id is None:
            yield Problem("security_group_id", "is required for an internet endpoint; it says who may reach the API server")
        if self.access is EndpointAccess.INTERNET and self.subnet_id is not None:
            yield Problem("subnet_id", "belongs to an intranet endpoint; leave it out, or say access='intranet'")
        if self.access is not EndpointAccess.INTERNET and self.security_group_id is not None:
            yield Problem("security_group_id", "belongs to an internet endpoint; leave it out, or say access='internet'")


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

    release_kept_ips: Optional[bool] = None
    """On destroy give back the addresses that `fixed_ip` kept for pods that are gone. What counts is what the last `pulumi up` stored.
    Default: false, they are named with the command that releases each, and may hold up their subnets until the reclaim time."""

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
        yield from _zone_findings(region, places, covered, self.node_pools or ())

    @property
    def stated_subnets(self) -> list[Any]:
        """What the program said of each ENI subnet."""
        return [subnet.stated if isinstance(subnet, EniZoneSubnet) else subnet for subnet in self.eni_subnets]


class HybridCluster(pulumi.ComponentResource):
    """A cluster whose pods are on GlobalRouter unless they ask for an ENI address.

    In this order: the cluster (no ENI field is ever given to it), VPC-CNI with every container subnet, node pools, the wait until
    VPC-CNI works, the endpoint, the Kubernetes provider. With `zone_registration="configmap"` the first zone goes this way and the
    others follow through ipamd's ConfigMap.
    """

    cluster_id: pulumi.Output[str]
    """Id of the cluster."""
    kubeconfig: pulumi.Output[str]
    """Kubeconfig of the endpoint; a secret."""
    zones: pulumi.Output[Sequence[str]]
    """Zones that have an ENI subnet."""
    eni_cidrs: pulumi.Output[Sequence[str]]
    """Ranges of the ENI subnets: what a firewall must know as pod addresses."""
    ipamd_config_data: pulumi.Output[Mapping[str, str]]
    """The ConfigMap of ipamd that matches the program, in both ways of registration."""
    vpc_cni_phase: pulumi.Output[str]
    """ipamd's phase when last seen."""
    cluster_facts: pulumi.Output[Mapping[str, Any]]
    """Region, zones with their subnets and ranges, static mode and reclaim; no secret. For an application stack's checks through a
    StackReference."""

    def __init__(self, name: str, args: HybridClusterArgs | Mapping[str, Any], opts: pulumi.ResourceOptions | None = None) -> None:
        self._owner = f"HybridCluster {name!r}"
        parsed = parse_args(HybridClusterArgs, args, self._owner)
        static_ip = True if parsed.static_ip is None else parsed.static_ip
        by_configmap = parsed.zone_registration is ZoneRegistration.CONFIGMAP
        subnets = [_described(subnet) for subnet in parsed.eni_subnets]
        shown = {
            "clusterCidr": parsed.cluster_cidr,
            "zones": [subnet["zone"] for subnet in subnets],
            "staticIp": static_ip,
            "ipReclaim": parsed.ip_reclaim,
            "zoneRegistration": parsed.zone_registration or ZoneRegistration.API,
            "nodePools": {pool.name: {"zone": pool.zone, "size": pool.size} for pool in parsed.node_pools or ()},
        }
        super().__init__("tke-hybrid:index:HybridCluster", name, shown, opts)

        region = self._region([subnet["zone"] for subnet in subnets], parsed.node_pools or ())
        if parsed.existing_cluster_id is None:
            guard = self._guard(name, parsed, static_ip, region, subnets)
            self.cluster_id = self._cluster(name, parsed, static_ip, guard).id
        else:
            self.cluster_id = pulumi.Output.from_input(parsed.existing_cluster_id)
        untouched = NonMasquerade.KEEP if parsed.existing_cluster_id else NonMasquerade.ADD_VPC
        registered = subnets[:1] if by_configmap else subnets
        setting = VpcCniArgs(
            cluster_id=self.cluster_id,
            vpc_id=parsed.vpc_id,
            subnets=[subnet["id"] for subnet in registered],
            static_ip=static_ip,
            ip_reclaim=parsed.ip_reclaim,
            non_masquerade=parsed.non_masquerade or untouched,
            region=region,
            deadline_seconds=parsed.deadline_seconds or DEFAULT_DEADLINE,
        )
        vpc_cni = VpcCni(f"{name}-vpc-cni", setting, child_options(self))
        self.vpc_cni_phase = vpc_cni.phase
        self.ipamd_config_data = pulumi.Output.all(vpc_id=parsed.vpc_id, subnets=subnets).apply(_config_data)
        self._kubernetes: kubernetes.Provider | None = None
        self.kubeconfig = pulumi.Output.secret(parsed.kubeconfig or "")
        if parsed.node_pools or parsed.kubeconfig is not None or parsed.endpoint is not None:
            self._nodes_and_endpoint(name, parsed, vpc_cni, setting, subnets, by_configmap)
        self.zones = pulumi.Output.all(*(subnet["zone"] for subnet in subnets)).apply(_unique)
        self.eni_cidrs = pulumi.Output.all(*(subnet["cidr"] for subnet in subnets)).apply(_present)
        self.cluster_facts = pulumi.Output.all(
            cluster_id=self.cluster_id, vpc_id=parsed.vpc_id, subnets=subnets, static_ip=static_ip, ip_reclaim=parsed.ip_reclaim
        ).apply(_facts)
        self.register_outputs(
            {
                "clusterId": self.cluster_id,
                "kubeconfig": self.kubeconfig,
                "zones": self.zones,
                "eniCidrs": self.eni_cidrs,
                "ipamdConfigData": self.ipamd_config_data,
                "vpcCniPhase": self.vpc_cni_phase,
                "clusterFacts": self.cluster_facts,
            }
        )

    @property
    def provider(self) -> kubernetes.Provider:
        """The Kubernetes provider of this cluster; pass it to every workload."""
        if self._kubernetes is None:
            raise InvalidInputs.single(
                self._owner, "node_pools", "is empty, so there is no endpoint and no Kubernetes provider; add a pool"
            )
        return self._kubernetes

    def _region(self, eni_zones: list[Input[str]], pools: Sequence[NodePoolArgs]) -> pulumi.Output[str]:
        """The cluster's region, once every zone is known and belongs to it. The guard needs it, so nothing is made before."""
        provider = self._providers.get("tencentcloud")
        configured = provider.region if isinstance(provider, tencentcloud.Provider) else _configured_region()
        pool_zones = [pool.zone for pool in pools]

        def checked(values: dict[str, Any]) -> str:
            covered, other = values["eni"], values["configured"]
            region = _region(covered[0])
            found = (
                [
                    Problem(
                        "eni_subnets[0].zone",
                        f"{covered[0]} is not in region {other}, in which the tencentcloud provider works; use the "
                        f"provider of region {region}",
                    )
                ]
                if other and other != region
                else []
            )
            places = [(f"eni_subnets[{i}].zone", zone) for i, zone in enumerate(covered)]
            places += [(f"node_pools[{i}].zone", zone) for i, zone in enumerate(values["pools"])]
            found += _zone_findings(region, places, covered, pools)
            InvalidInputs.check(self._owner, found)
            return region

        return pulumi.Output.all(eni=eni_zones, pools=pool_zones, configured=configured).apply(checked)

    def _guard(
        self, name: str, args: HybridClusterArgs, static_ip: Input[bool], region: pulumi.Output[str], subnets: list[dict[str, Any]]
    ) -> ClusterGuard:
        cluster = {
            "vpcId": args.vpc_id,
            "clusterCidr": args.cluster_cidr,
            "clusterMaxPodNum": args.cluster_max_pod_num,
            "clusterMaxServiceNum": args.cluster_max_service_num,
            "serviceCidr": args.service_cidr,
            "staticIp": static_ip,
        }
        pools = {
            pool.name: {"subnetId": pool.subnet_id, "instanceType": pool.instance_type, "size": pool.size} for pool in args.node_pools or ()
        }
        props = {
            "name": name,
            "region": region,
            "clusterName": name if args.cluster_name is None else args.cluster_name,
            "cluster": cluster,
            "nodePools": pools,
            "eniSubnets": subnets,
            "allowClusterReplacement": bool(args.allow_cluster_replacement),
            "deadlineSeconds": args.deadline_seconds or DEFAULT_DEADLINE,
        }
        return ClusterGuard(f"{name}-guard", props, child_options(self))

    def _cluster(self, name: str, args: HybridClusterArgs, static_ip: Input[bool], guard: ClusterGuard) -> tencentcloud.kubernetes.Cluster:
        protected = args.deletion_protection is not False
        return tencentcloud.kubernetes.Cluster(
            f"{name}-cluster",
            vpc_id=args.vpc_id,
            cluster_name=name if args.cluster_name is None else args.cluster_name,
            network_type="GR",
            cluster_cidr=args.cluster_cidr,
            cluster_max_pod_num=args.cluster_max_pod_num,
            cluster_max_service_num=args.cluster_max_service_num,
            service_cidr=args.service_cidr,
            cluster_version=args.cluster_version,
            is_non_static_ip_mode=pulumi.Output.from_input(static_ip).apply(_negated),
            deletion_protection=protected,
            tags=args.tags,
            opts=child_options(
                self,
                depends_on=[guard],
                protect=True if protected else None,  # never False: it would override the caller's
                delete_before_replace=True,  # two clusters cannot have the same overlay range in one VPC
                hooks=_before_create(name, "cluster-name-is-free", args, _no_cluster_of_that_name),
                ignore_changes=_OUT_OF_BAND,
                additional_secret_outputs=["password", "certificationAuthority"],  # the provider marks neither
            ),
        )

    def _nodes_and_endpoint(
        self,
        name: str,
        args: HybridClusterArgs,
        vpc_cni: VpcCni,
        setting: VpcCniArgs,
        subnets: list[dict[str, Any]],
        by_configmap: bool,
    ) -> None:
        pools = args.node_pools or ()
        first = [pool for pool in pools if not by_configmap or _same_zone(pool, args)]
        later = [pool for pool in pools if by_configmap and not _same_zone(pool, args)]
        if by_configmap and not first:
            zone = known(args.stated_subnets[0].zone)
            where = zone or "the zone of eni_subnets[0]"
            raise InvalidInputs.single(
                self._owner, "node_pools", f"no pool is in {where}; ipamd must run before its ConfigMap can be edited; add one there"
            )
        made = [self._pool(name, pool, args, [vpc_cni]) for pool in first]
        props = _ready_props(setting)
        ready = VpcCniReady(f"{name}-vpc-cni-ready", props, child_options(self, depends_on=[vpc_cni, *made]))
        self.vpc_cni_phase = ready.phase
        working: list[pulumi.Resource] = [ready]
        if args.kubeconfig is None:
            working.append(self._endpoint(name, args, made or [vpc_cni]))
        if args.existing_cluster_id is None:
            working = [self._kept_addresses(name, args, setting, working)]
        if not by_configmap:
            self._kubernetes = self._provider_after(f"{name}-kubernetes", working)
            return
        # ipamd's ConfigMap comes before the nodes of further zones, and those before any workload: hence two providers.
        config = IpamdConfig(
            f"{name}-ipamd",
            IpamdConfigArgs(
                vpc_id=args.vpc_id,
                eni_subnets=[IpamdSubnetArgs(subnet_id=subnet["id"], zone=subnet["zone"]) for subnet in subnets],
            ),
            child_options(self, provider=self._provider_after(f"{name}-kubernetes-system", working)),
        )
        registered = VpcCniReady(
            f"{name}-zones-ready",
            {**props, "subnets": [subnet["id"] for subnet in subnets]},
            child_options(self, depends_on=[config]),
        )
        rest = [self._pool(name, pool, args, [registered]) for pool in later]
        self._kubernetes = self._provider_after(f"{name}-kubernetes", [registered, *rest])

    def _provider_after(self, name: str, after: Sequence[pulumi.Resource]) -> kubernetes.Provider:
        return kubernetes.Provider(
            name,
            kubeconfig=self.kubeconfig,
            cluster_identifier=self.cluster_id,  # a rotated kubeconfig must not replace every object
            enable_server_side_apply=True,
            opts=child_options(self, depends_on=after),
        )

    def _pool(
        self,
        name: str,
        pool: NodePoolArgs,
        args: HybridClusterArgs,
        after: Sequence[pulumi.Resource],
    ) -> tencentcloud.kubernetes.NodePool:
        bounds = pool.autoscale
        return tencentcloud.kubernetes.NodePool(
            f"{name}-pool-{pool.name}",
            cluster_id=self.cluster_id,
            name=pool.name,
            vpc_id=args.vpc_id,
            subnet_ids=[pool.subnet_id],
            min_size=bounds.min_size if bounds else 0,
            max_size=bounds.max_size if bounds else FIXED_POOL_BOUND,
            desired_capacity=pool.size,
            enable_auto_scale=bounds is not None,
            wait_node_ready=None if bounds else True,
            delete_keep_instance=pool.keep_machines,
            labels=pool.labels,
            auto_scaling_config=tencentcloud.kubernetes.NodePoolAutoScalingConfigArgs(
                instance_type=pool.instance_type,
                key_ids=pool.key_ids,
                password=None if pool.password is None else pulumi.Output.secret(pool.password),
                orderly_security_group_ids=pool.security_group_ids,
            ),
            # The zones follow from the subnet, but the provider may read them back as if somebody had set them.
            opts=child_options(
                self,
                depends_on=after,
                ignore_changes=["zones", *(["desiredCapacity"] if bounds else [])],
                hooks=_before_create(name, f"pool-{pool.name}-is-free", args, _no_pool_of_that_name),
            ),
        )

    def _kept_addresses(self, name: str, args: HybridClusterArgs, setting: VpcCniArgs, after: Sequence[pulumi.Resource]) -> KeptAddresses:
        props = {
            "name": name,
            "region": setting.region,
            "clusterId": self.cluster_id,
            "release": bool(args.release_kept_ips),
            "deadlineSeconds": setting.deadline_seconds,
        }
        return KeptAddresses(f"{name}-kept-addresses", props, child_options(self, depends_on=after))

    def _endpoint(self, name: str, args: HybridClusterArgs, after: Sequence[pulumi.Resource]) -> tencentcloud.kubernetes.ClusterEndpoint:
        wanted = args.endpoint or EndpointArgs()
        internet = wanted.access is EndpointAccess.INTERNET
        first_subnet = next((pool.subnet_id for pool in args.node_pools or ()), None)
        endpoint = tencentcloud.kubernetes.ClusterEndpoint(
            f"{name}-endpoint",
            cluster_id=self.cluster_id,
            cluster_internet=internet,
            cluster_internet_security_group=wanted.security_group_id if internet else None,
            cluster_intranet=not internet,
            cluster_intranet_subnet_id=None if internet else wanted.subnet_id or first_subnet,
            opts=child_options(self, depends_on=after),
        )
        self.kubeconfig = pulumi.Output.secret(endpoint.kube_config if internet else endpoint.kube_config_intranet)
        return endpoint


def _before_create(
    name: str, suffix: str, args: HybridClusterArgs, refuse: Callable[[Cloud, Mapping[str, Any]], None]
) -> pulumi.ResourceHookBinding:
    """Ask the cloud before something is made: is there one already that a lost answer left behind?"""
    region = _region(known(args.stated_subnets[0].zone) or "")

    def check(hook: pulumi.ResourceHookArgs) -> None:
        config = pulumi.Config("tencentcloud")
        settings = CloudSettings.read(lambda key: config.get(key.removeprefix("tencentcloud:")), region)
        refuse(TencentCloud(settings), hook.new_inputs or {})

    return pulumi.ResourceHookBinding(before_create=[pulumi.ResourceHook(f"{name}-{suffix}", check)])


def _no_cluster_of_that_name(cloud: Cloud, inputs: Mapping[str, Any]) -> None:
    refuse_orphan(cloud, str(inputs["vpcId"]), str(inputs["clusterName"]))


def _no_pool_of_that_name(cloud: Cloud, inputs: Mapping[str, Any]) -> None:
    refuse_orphan_pool(cloud, str(inputs["clusterId"]), str(inputs["name"]))


def _described(subnet: EniZoneSubnet | EniSubnetArgs) -> dict[str, Any]:
    return {"id": subnet.subnet_id, "zone": subnet.zone, "cidr": subnet.cidr_block}


def _same_zone(item: Any, args: HybridClusterArgs) -> bool:
    """Whether something lies in the zone of the first ENI subnet; zones that are not known yet count as other ones."""
    first = args.stated_subnets[0]
    return item is first or (known(item.zone) is not None and known(item.zone) == known(first.zone))


def _ready_props(setting: VpcCniArgs) -> dict[str, Any]:
    return {
        "region": setting.region,
        "clusterId": setting.cluster_id,
        "vpcId": setting.vpc_id,
        "subnets": setting.subnets,
        "cniType": keys.ROUTE_ENI,
        "staticIp": setting.static_ip,
        "ipReclaim": setting.ip_reclaim,
        "deadlineSeconds": setting.deadline_seconds,
    }


def _zone_findings(
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


def _configured_region() -> str:
    return pulumi.Config("tencentcloud").get("region") or os.environ.get("TENCENTCLOUD_REGION", "")


def _region(zone: str) -> str:
    return zones.region_of(zone) or ""


def _negated(value: bool) -> bool:
    return not value


def _unique(values: list[str]) -> list[str]:
    return list(dict.fromkeys(values))


def _present(values: list[str | None]) -> list[str]:
    return [value for value in values if value]


def _config_data(values: dict[str, Any]) -> dict[str, str]:
    return ipamd.config_data(values["vpc_id"], [(subnet["id"], subnet["zone"]) for subnet in values["subnets"]])


def _facts(values: dict[str, Any]) -> dict[str, Any]:
    by_zone: dict[str, list[dict[str, Any]]] = {}
    for subnet in values["subnets"]:
        by_zone.setdefault(subnet["zone"], []).append({"subnetId": subnet["id"], "cidrBlock": subnet["cidr"]})
    return {
        "clusterId": values["cluster_id"],
        "vpcId": values["vpc_id"],
        "region": _region(values["subnets"][0]["zone"]),
        "zones": by_zone,
        "staticIp": values["static_ip"],
        "ipReclaim": values["ip_reclaim"],
    }
