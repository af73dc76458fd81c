"""Arguments of `HybridCluster`, and the checks before anything exists.

The rules that other sources share are in `tke.rules`."""

import copy
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from typing import Any, Literal, Optional, Union, cast

from pulumi_tke_hybrid.component.args import Args, SeverityInput, args_class
from pulumi_tke_hybrid.component.dynamic import DEFAULT_DEADLINE
from pulumi_tke_hybrid.component.inputs import (
    EachItem,
    Input,
    NoneAllowed,
    is_pending,
    one_or_more,
    pending_paths,
    value_if_known,
)
from pulumi_tke_hybrid.component.live_objects import upsert_problems
from pulumi_tke_hybrid.endpoint import EndpointArgs, kubeconfig_problem
from pulumi_tke_hybrid.eni_zone_subnet import ContainerSubnet, EniSubnetArgs, EniZoneSubnet
from pulumi_tke_hybrid.node_pools import AnyNodePoolArgs, NodePoolArgs
from pulumi_tke_hybrid.tke import cidrs, ipamd, names
from pulumi_tke_hybrid.tke.cluster import DeclaredCluster
from pulumi_tke_hybrid.tke.rule import COMBINATION, PROPERTY, Finding
from pulumi_tke_hybrid.tke.rules import address_capacity, ranges_and_pools, zones_and_subnets
from pulumi_tke_hybrid.vpc_cni import NonMasquerade


class ZoneRegistration(str, Enum):
    """Way in which the container subnets of further zones are registered with ipamd."""

    API = "api"
    """EnableVpcCniNetworkType with every subnet, AddVpcCniSubnets later."""
    CONFIGMAP = "configmap"
    """The article's way: the first zone by the API, the others by an edit of ipamd's ConfigMap and a restart
    of ipamd.

    Refused from ipamd 3.5.0 on, an add-on that TKE manages. A new cluster shows its version only once VPC-CNI
    is on: during the update.
    """


_FIXED_NUMBERS = ("cluster_cidr", "cluster_max_pod_num", "cluster_max_service_num")
"""Properties that a new cluster needs, and that describe a new cluster only."""


@args_class(
    vpc_id=names.vpc_problem,
    cluster_cidr=cidrs.cidr_problem,
    cluster_max_pod_num=cidrs.pods_per_node_problem,
    cluster_max_service_num=cidrs.services_problem,
    existing_cluster_id=names.cluster_problem,
    ip_reclaim=ipamd.reclaim_problem,
    service_cidr=cidrs.cidr_problem,
    vpc_cidr=NoneAllowed(cidrs.vpc_cidr_problem),
    cluster_version=NoneAllowed(),
    tags=NoneAllowed(),
    other_cidrs=EachItem(cidrs.cidr_problem),
    kubeconfig=kubeconfig_problem,
    deadline_seconds=names.deadline_problem,
)
class HybridClusterArgs(Args):
    """Arguments of `HybridCluster`."""

    vpc_id: Input[str]
    """VPC of the cluster. A change replaces the cluster."""

    eni_subnets: Sequence[Union[EniZoneSubnet, EniSubnetArgs]]
    """The container subnets, at least one for each zone with nodes. No subnet may leave the list, because
    TKE cannot unregister a subnet: refused at preview. Subnets are added in place. With
    `zone_registration` `api` their order does not matter; with `configmap` append only: the zone of the
    first subnet is registered first, the others follow in ipamd's ConfigMap in this order."""

    ip_reclaim: Input[str]
    """When TKE takes back the address that a gone pod kept: `after(seconds)`, at least 300, or `never()`.
    Fixed once switched on. A short delay means that a StatefulSet pod which is down for longer comes back
    with another address. A change is refused at preview."""

    cluster_cidr: Optional[Input[str]] = None
    """Range of the overlay: GR pods and, at its tail, Services. Required for a new cluster, fixed for ever.
    Must not overlap the VPC. Default: none. A change is refused at preview until
    `allow_cluster_replacement`."""

    cluster_max_pod_num: Optional[Input[int]] = None
    """Addresses of the overlay for each node, a power of two from 16 to 256 (the provider takes 4 and 8 too);
    three of them are no pod's, and no node runs more pods than are left, ENI pods among them. Required for a
    new cluster, fixed for ever. Default: none. A change is refused at preview until
    `allow_cluster_replacement`."""

    cluster_max_service_num: Optional[Input[int]] = None
    """Addresses for Services, a power of two from 32 to 32768. Required for a new cluster, fixed for ever.
    Default: none. A change is refused at preview until `allow_cluster_replacement`."""

    existing_cluster_id: Optional[Input[str]] = None
    """Adopt this GlobalRouter cluster instead of making a cluster: VPC-CNI is enabled, or adopted if it is
    on already, and nothing else that exists is touched. The preview reports the live state, the changes
    and the contradictions; for an id that is known only during the update, the update compares before it
    changes anything. Default: a cluster is made. Another cluster is refused at preview while this stack
    has node pools in it."""

    kubeconfig: Optional[Input[str]] = None
    """Kubeconfig of an adopted cluster whose endpoint is already open; give it as a secret. Default: the
    endpoint's that is opened here. Updated in place."""

    node_pools: Optional[Sequence[NodePoolArgs]] = None
    """Node pools to make, one zone each. Default: none; without pools and `kubeconfig` there is no Kubernetes
    provider. Pools are added and removed in place; `NodePoolArgs` names what of a pool is fixed."""

    static_ip: Optional[Input[bool]] = None
    """Static-IP mode: kept addresses are possible. Default: true for a new cluster; must be stated for an
    adopted cluster, because the API does not always return the mode. Fixed for ever, a change replaces the
    cluster."""

    zone_registration: Optional[Union[ZoneRegistration, Literal["api", "configmap"]]] = None
    """`api` or `configmap`, see `ZoneRegistration`. Default: `api`. From `api` to `configmap` is refused at
    preview; back is updated in place."""

    non_masquerade: Optional[Input[Union[NonMasquerade, Literal["add_vpc", "keep"]]]] = None
    """`add_vpc` or `keep`, see `NonMasquerade`. Default: `add_vpc` for a new cluster, on which nothing relies
    yet; `keep` for an adopted one. A change is refused at preview."""

    endpoint: Optional[EndpointArgs] = None
    """Address of the API server. Default: an intranet one in the first node pool's subnet. Updated in place,
    but for its subnet."""

    cluster_name: Optional[Input[str]] = None
    """Name in the cloud. Default: the component's name. Updated in place."""

    cluster_version: Optional[Input[str]] = None
    """Kubernetes version. Default: TKE's choice at creation. Updated in place (an upgrade)."""

    service_cidr: Optional[Input[str]] = None
    """Range of Services. Default: the tail of `cluster_cidr`. Fixed for ever. A change is refused at preview
    until `allow_cluster_replacement`."""

    vpc_cidr: Optional[Union[Input[str], Sequence[Input[str]]]] = None
    """Range of the VPC, or a list of its primary and secondary ranges, for checks against the others.
    Default: those checks are left out. Changes nothing that exists."""

    other_cidrs: Optional[Mapping[str, Input[str]]] = None
    """Further ranges in use, by a name of your choice: other clusters of the VPC, peered networks, an office.
    None of the cluster's ranges may overlap them. Default: none. Changes nothing that exists."""

    rules: Optional[Mapping[str, SeverityInput]] = None
    """Severities of single rules, by their ids in docs/rules.md: `error`, `warning` or `note`. Default: each
    rule's own. Changes nothing that exists."""

    deletion_protection: Optional[bool] = None
    """Refuse to delete or replace the cluster, in the cloud and in Pulumi. Default: true. Updated in
    place."""

    allow_cluster_replacement: Optional[bool] = None
    """Let a changed property that TKE fixes for ever rebuild the cluster. Default: false, the preview refuses
    and names the property. Updated in place."""

    release_kept_ips: Optional[bool] = None
    """On destroy give back the addresses that `fixed_ip` kept for pods that are gone. What counts is what the
    last `pulumi up` stored. Default: false, they are named with the command that releases each, and may hold
    up their subnets until the reclaim time. Updated in place."""

    upsert_existing_objects: Optional[bool] = None
    """Let the cluster's Kubernetes provider take over objects that exist already, instead of failing: what
    `adopt` of a workload needs with pulumi-kubernetes 4.29 and later. Refused with an earlier one, which
    always does so. Default: false. Updated in place."""

    tags: Optional[Input[Mapping[str, Input[str]]]] = None
    """Tags of the cluster. Updated in place. Default: none."""

    deadline_seconds: Optional[Input[int]] = None
    """How long each wait for VPC-CNI may take, 30 to 7200 seconds. Default: 600. Changes nothing that
    exists."""

    def problems(self) -> Iterator[Finding]:
        yield from self._adoption()
        yield from upsert_problems(self.upsert_existing_objects)
        declared = self.declared()
        yield from ranges_and_pools.range_findings(declared)
        wanted = self.endpoint or EndpointArgs()
        yield from zones_and_subnets.findings(declared, value_if_known(wanted.subnet_id))
        yield from ranges_and_pools.pool_findings(
            declared, endpoint=self.kubeconfig is None, wanted=self.endpoint is not None
        )
        yield from address_capacity.node_capacity_findings(declared)
        yield from self._registration(declared)
        yield from ipamd.reclaim_findings(value_if_known(self.ip_reclaim), declared.static_ip)

    def _registration(self, declared: DeclaredCluster) -> Iterator[Finding]:
        first = declared.subnets[0].zone if declared.subnets else ""
        zones = [pool.zone for pool in declared.pools]
        if self.by_configmap and zones and first and first not in zones:
            yield no_pool_in_first_zone(first)

    @property
    def subnets(self) -> list[ContainerSubnet]:
        """The container subnets, in one shape."""
        return [ContainerSubnet.of(given) for given in self.eni_subnets]

    @property
    def pools_by_path(self) -> dict[str, AnyNodePoolArgs]:
        """The node pools, of all kinds, by their property paths."""
        return {f"node_pools[{index}]": pool for index, pool in enumerate(self.node_pools or ())}

    @property
    def pools(self) -> Sequence[AnyNodePoolArgs]:
        """The node pools, of all kinds."""
        return list(self.pools_by_path.values())

    @property
    def by_configmap(self) -> bool:
        """Whether the zones after the first are registered in ipamd's ConfigMap."""
        return self.zone_registration is ZoneRegistration.CONFIGMAP

    def declared(self) -> DeclaredCluster:
        """Return the known values, for the rules."""
        subnets = self.subnets
        vpc, vpc_pending = one_or_more(self.vpc_cidr)
        pending = pending_paths(self, "", *_FIXED_NUMBERS, "service_cidr")
        for index, subnet in enumerate(subnets):
            pending += pending_paths(subnet, f"eni_subnets[{index}].", "subnet_id", "zone", "cidr_block")
        for path, pool in self.pools_by_path.items():
            pending += pending_paths(pool, f"{path}.", "subnet_id", "zone", "instance_type", "size")
        others = {name: value_if_known(value) for name, value in (self.other_cidrs or {}).items()}
        return DeclaredCluster(
            subnets=tuple(subnet.declared(f"eni_subnets[{index}]") for index, subnet in enumerate(subnets)),
            pools=tuple(pool.declared(path) for path, pool in self.pools_by_path.items()),
            vpc_id=value_if_known(self.vpc_id) or "",
            vpc_cidrs=() if vpc_pending else tuple(vpc),
            cluster_cidr=value_if_known(self.cluster_cidr),
            pods_per_node=value_if_known(self.cluster_max_pod_num),
            services=value_if_known(self.cluster_max_service_num),
            service_cidr=value_if_known(self.service_cidr),
            others={name: block for name, block in others.items() if block is not None},
            static_ip=None if is_pending(self.static_ip) else self.static_ip is not False,
            later=frozenset([*pending, *(["vpc_cidr"] if vpc_pending else [])]),
        )

    def _adoption(self) -> Iterator[Finding]:
        if self.existing_cluster_id is None:
            for name in _FIXED_NUMBERS:
                if getattr(self, name) is None:
                    why, todo = "it is fixed for ever, so there is no default", "choose one"
                    yield PROPERTY.finding(name, "is required for a new cluster", why=why, todo=todo)
            if self.kubeconfig is not None:
                why, todo = "a new one's comes from its endpoint", "leave it out"
                yield COMBINATION.finding("kubeconfig", "belongs to an adopted cluster", why=why, todo=todo)
            return
        settings = ("service_cidr", "cluster_name", "cluster_version", "tags")
        flags = ("allow_cluster_replacement", "release_kept_ips", "deletion_protection")
        for name in (*_FIXED_NUMBERS, *settings, *flags):
            if (given := getattr(self, name)) is not None and given is not False:
                why = "with existing_cluster_id nothing of the cluster itself is changed"
                yield COMBINATION.finding(name, "describes a new cluster", why=why, todo="leave it out")
        if self.static_ip is None:
            why = "the API does not always return it, and it is fixed for ever"
            todo = "set static_ip=True or False"
            yield PROPERTY.finding("static_ip", "must be stated for an adopted cluster", why=why, todo=todo)
        if self.by_configmap:
            todo = "use IpamdConfig, which reads before it writes"
            yield COMBINATION.finding(
                "zone_registration", "is for new clusters", value="'configmap'", todo=todo
            )
        if self.kubeconfig is not None and self.endpoint is not None:
            yield COMBINATION.finding(
                "endpoint", "would open a second one", todo="give kubeconfig or endpoint, not both"
            )

    @property
    def has_static_ip(self) -> Input[bool]:
        """`static_ip` with its default."""
        return True if self.static_ip is None else self.static_ip

    def cloud_name(self, name: str) -> Input[str]:
        """Return the cluster's name in the cloud, for a component of that name."""
        return name if self.cluster_name is None else self.cluster_name

    def shown(self) -> dict[str, Any]:
        """Return the inputs that the component shows in a preview."""
        return {
            "clusterCidr": self.cluster_cidr,
            "zones": [subnet.zone for subnet in self.subnets],
            "staticIp": self.has_static_ip,
            "ipReclaim": self.ip_reclaim,
            "zoneRegistration": self.zone_registration or ZoneRegistration.API,
            "eniSubnets": [{"zone": subnet.zone, "cidrBlock": subnet.cidr_block} for subnet in self.subnets],
            "nodePools": {pool.name: pool.shown() for pool in self.pools},
            "rules": self.rules,
        }

    def guarded(self, name: str) -> dict[str, Any]:
        """Return the properties that `ClusterGuard` stores for a component of that name; the region is
        missing."""
        made = {
            "vpcId": self.vpc_id,
            "clusterCidr": self.cluster_cidr,
            "clusterMaxPodNum": self.cluster_max_pod_num,
            "clusterMaxServiceNum": self.cluster_max_service_num,
            "serviceCidr": self.service_cidr,
            "staticIp": self.has_static_ip,
        }
        adopted = {"clusterId": self.existing_cluster_id, "vpcId": self.vpc_id}
        registration = {"zoneRegistration": ZoneRegistration.CONFIGMAP.value}
        return {
            **({} if self.existing_cluster_id is None else {"adopted": adopted}),
            **(registration if self.by_configmap else {}),
            "name": name,
            "clusterName": self.cloud_name(name),
            "cluster": made if self.existing_cluster_id is None else {},
            "nodePools": {pool.name: pool.guarded() for pool in self.pools},
            "planned": {
                "nodePools": [pool.shown() for pool in self.pools],
                "staticIp": self.has_static_ip,
                "rules": self.rules or {},
            },
            "eniSubnets": [subnet.guarded() for subnet in self.subnets],
            "allowClusterReplacement": bool(self.allow_cluster_replacement),
            "deadlineSeconds": self.deadline_seconds or DEFAULT_DEADLINE,
        }

    def without_components(self) -> "HybridClusterArgs":
        same = copy.copy(self)
        same.eni_subnets = cast(Any, self.subnets)
        return same


def no_pool_in_first_zone(zone: str) -> Finding:
    """Return the finding for `zone_registration="configmap"` without a pool in the zone of the first
    subnet."""
    why = "ipamd must run before its ConfigMap can be edited"
    return COMBINATION.finding("node_pools", f"no pool is in {zone}", why=why, todo="add one there")
