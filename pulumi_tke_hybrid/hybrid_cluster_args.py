"""Arguments of `HybridCluster`, and what is wrong with them before anything exists."""

import copy
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from typing import Any, Literal, Optional, Union

from pulumi_tke_hybrid.component.args import Args, SeverityInput, args_class
from pulumi_tke_hybrid.component.inputs import (
    EachItem,
    Input,
    NoneAllowed,
    is_pending,
    one_or_more,
    value_if_known,
)
from pulumi_tke_hybrid.component.resource_options import upsert_problems
from pulumi_tke_hybrid.endpoint import EndpointArgs
from pulumi_tke_hybrid.eni_zone_subnet import EniZoneSubnet
from pulumi_tke_hybrid.node_pools import NodePoolArgs
from pulumi_tke_hybrid.tke import cidrs, ipamd, names
from pulumi_tke_hybrid.tke.cluster import DeclaredCluster, Subnet
from pulumi_tke_hybrid.tke.rule import Finding
from pulumi_tke_hybrid.tke.rules import pools, ranges, zones_and_subnets
from pulumi_tke_hybrid.tke.rules import pools as capacity
from pulumi_tke_hybrid.tke.rules.inputs import COMBINATION, PROPERTY
from pulumi_tke_hybrid.vpc_cni import NonMasquerade


class ZoneRegistration(str, Enum):
    """How ipamd learns of the container subnets of further zones."""

    API = "api"
    """EnableVpcCniNetworkType with every subnet, AddVpcCniSubnets later."""
    CONFIGMAP = "configmap"
    """The article's way: the first zone by the API, the others by an edit of ipamd's ConfigMap and a restart
    of ipamd.

    Refused from ipamd 3.5.0 on, an add-on that TKE manages. A new cluster shows its version only once VPC-CNI
    is on: during the update.
    """


def _kubeconfig_problem(text: str) -> Finding | None:
    if text.strip():
        return None
    why, todo = (
        "workloads would go to the cluster of this machine's own kubeconfig",
        "give the cluster's own, or leave it out",
    )
    return PROPERTY.finding("", "is empty", why=why, todo=todo)


@args_class(
    subnet_id=names.subnet_problem, zone=names.zone_problem, cidr_block=NoneAllowed(cidrs.cidr_problem)
)
class EniSubnetArgs(Args):
    """A container subnet that is described rather than passed as an `EniZoneSubnet`."""

    subnet_id: Input[str]
    """Its id. Another one is another container subnet: refused at preview while the former one is
    registered."""

    zone: Input[str]
    """Its zone, e.g. `ap-guangzhou-4`. It has to be the zone that the subnet has. Changes nothing that
    exists."""

    cidr_block: Optional[Input[str]] = None
    """Its range, for checks. Default: those checks are left out. Changes nothing that exists."""


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
    kubeconfig=_kubeconfig_problem,
    deadline_seconds=names.deadline_problem,
)
class HybridClusterArgs(Args):
    """Arguments of `HybridCluster`."""

    vpc_id: Input[str]
    """VPC of the cluster. A change replaces the cluster."""

    eni_subnets: Sequence[Union[EniZoneSubnet, EniSubnetArgs]]
    """The container subnets, at least one for each zone with nodes. None may leave the list, TKE cannot
    unregister one. Their order does not matter with `zone_registration` `api`; with `configmap` append only:
    the first one's zone is registered first, and the others stand in ipamd's ConfigMap in this order. Subnets
    are added in place; one that leaves is refused at preview."""

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
    """Adopt this GlobalRouter cluster instead of making one: its VPC-CNI is switched on, or adopted if it is
    on already, and nothing
    else of what exists is touched. The preview reports what is there, what would change and what contradicts;
    of an id that is known
    only during the update, the update compares before it changes anything. Default: a cluster is made.
    Another one is refused at preview
    while this stack has node pools in it."""

    kubeconfig: Optional[Input[str]] = None
    """Kubeconfig of an adopted cluster whose endpoint is already open; give it as a secret. Default: the
    endpoint's that is opened here. Updated in place."""

    node_pools: Optional[Sequence[NodePoolArgs]] = None
    """Node pools to make, one zone each. Default: none; without pools and `kubeconfig` there is no Kubernetes
    provider. Pools are added and removed in place; `NodePoolArgs` names what of a pool is fixed."""

    static_ip: Optional[Input[bool]] = None
    """Static-IP mode: kept addresses are possible. Default: true for a new cluster; must be stated for an
    adopted one, the API does not
    always tell. Fixed for ever, a change replaces the cluster."""

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
    `adopt` of a workload needs with
    pulumi-kubernetes 4.29 and later. Refused with an earlier one, which always does so. Default: false.
    Updated in place."""

    tags: Optional[Input[Mapping[str, Input[str]]]] = None
    """Tags of the cluster. Updated in place. Default: none."""

    deadline_seconds: Optional[Input[int]] = None
    """How long each wait for VPC-CNI may take, 30 to 7200 seconds. Default: 600. Changes nothing that
    exists."""

    def problems(self) -> Iterator[Finding]:
        yield from self._adoption()
        yield from upsert_problems(self.upsert_existing_objects)
        plan = self.plan()
        yield from ranges.findings(plan)
        wanted = self.endpoint or EndpointArgs()
        yield from zones_and_subnets.findings(plan, value_if_known(wanted.subnet_id))
        yield from pools.findings(plan, endpoint=self.kubeconfig is None, wanted=self.endpoint is not None)
        yield from capacity.node_capacity_findings(plan)
        yield from self._registration(plan)
        yield from ipamd.reclaim_findings(value_if_known(self.ip_reclaim), plan.static_ip)

    def _registration(self, plan: DeclaredCluster) -> Iterator[Finding]:
        first = plan.subnets[0].zone if plan.subnets else None
        if (
            self.zone_registration is ZoneRegistration.CONFIGMAP
            and self.node_pools
            and first
            and first not in [pool.zone for pool in plan.pools]
        ):
            why = "ipamd must run before its ConfigMap can be edited"
            yield COMBINATION.finding("node_pools", f"no pool is in {first}", why=why, todo="add one there")

    def plan(self) -> DeclaredCluster:
        """What is known of the cluster."""
        subnets, node_pools = self.stated_subnets, self.node_pools or ()
        static = None if is_pending(self.static_ip) else value_if_known(self.static_ip) is not False
        vpc, vpc_later = one_or_more(self.vpc_cidr)
        values: dict[str, object] = {
            name: getattr(self, name)
            for name in ("cluster_cidr", "cluster_max_pod_num", "cluster_max_service_num", "service_cidr")
        }
        for index, subnet in enumerate(subnets):
            values |= {
                f"eni_subnets[{index}].{name}": getattr(subnet, name)
                for name in ("subnet_id", "zone", "cidr_block")
            }
        for index, pool in enumerate(node_pools):
            values |= {
                f"node_pools[{index}].{name}": getattr(pool, name)
                for name in ("subnet_id", "zone", "instance_type", "size")
            }
        return DeclaredCluster(
            subnets=tuple(
                Subnet(
                    value_if_known(subnet.cidr_block),
                    value_if_known(subnet.subnet_id) or "",
                    zone=value_if_known(subnet.zone) or "",
                    path=f"eni_subnets[{index}]",
                )
                for index, subnet in enumerate(subnets)
            ),
            pools=tuple(pool.planned(f"node_pools[{index}]") for index, pool in enumerate(node_pools)),
            vpc_cidrs=() if vpc_later else tuple(vpc),
            cluster_cidr=value_if_known(self.cluster_cidr),
            pods_per_node=value_if_known(self.cluster_max_pod_num),
            services=value_if_known(self.cluster_max_service_num),
            service_cidr=value_if_known(self.service_cidr),
            others={
                name: block
                for name, value in (self.other_cidrs or {}).items()
                if (block := value_if_known(value)) is not None
            },
            static_ip=static,
            later=frozenset(
                [
                    *(path for path, value in values.items() if is_pending(value)),
                    *(["vpc_cidr"] if vpc_later else []),
                ]
            ),
        )

    def _adoption(self) -> Iterator[Finding]:
        for_new = ("cluster_cidr", "cluster_max_pod_num", "cluster_max_service_num")
        if self.existing_cluster_id is None:
            for name in for_new:
                if getattr(self, name) is None:
                    why, todo = "it is fixed for ever, so there is no default", "choose one"
                    yield PROPERTY.finding(name, "is required for a new cluster", why=why, todo=todo)
            if self.kubeconfig is not None:
                why, todo = "a new one's comes from its endpoint", "leave it out"
                yield COMBINATION.finding("kubeconfig", "belongs to an adopted cluster", why=why, todo=todo)
            return
        settings = ("service_cidr", "cluster_name", "cluster_version", "tags")
        for name in (
            *for_new,
            *settings,
            "allow_cluster_replacement",
            "release_kept_ips",
            "deletion_protection",
        ):
            if (given := getattr(self, name)) is not None and given is not False:
                why = "with existing_cluster_id nothing of the cluster itself is changed"
                yield COMBINATION.finding(name, "describes a new cluster", why=why, todo="leave it out")
        if self.static_ip is None:
            why, todo = (
                "the API does not always tell, and it is fixed for ever",
                "say static_ip=True or False",
            )
            yield PROPERTY.finding("static_ip", "must be stated for an adopted cluster", why=why, todo=todo)
        if self.zone_registration is ZoneRegistration.CONFIGMAP:
            todo = "use IpamdConfig, which reads before it writes"
            yield COMBINATION.finding(
                "zone_registration", "is for new clusters", value="'configmap'", todo=todo
            )
        if self.kubeconfig is not None and self.endpoint is not None:
            yield COMBINATION.finding(
                "endpoint", "would open a second one", todo="give kubeconfig or endpoint, not both"
            )

    @property
    def stated_subnets(self) -> list[Any]:
        """What the program said of each ENI subnet, and the id of one that is made or adopted."""
        return [
            _stated(subnet) if isinstance(subnet, EniZoneSubnet) else subnet for subnet in self.eni_subnets
        ]

    def without_components(self) -> "HybridClusterArgs":
        same = copy.copy(self)
        same.eni_subnets = self.stated_subnets
        return same


def _stated(subnet: EniZoneSubnet) -> Any:
    same = copy.copy(subnet.stated)
    same.subnet_id = subnet.subnet_id
    return same
