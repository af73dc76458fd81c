"""HybridCluster: a GlobalRouter cluster with VPC-CNI, its node pools, its endpoint and its Kubernetes
provider.

This module orders the parts. Each part is made by its own module: `node_pools`, `endpoint`, `vpc_cni`, ….
"""

import operator
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes
import tencentcloud_iac_pulumi as tencentcloud
from pulumi.resource import create_urn

from pulumi_tke_hybrid.cloud.api_client import TencentCloud
from pulumi_tke_hybrid.cloud.clusters import refuse_orphan
from pulumi_tke_hybrid.cluster_guard import ClusterGuard
from pulumi_tke_hybrid.component import resource_hook
from pulumi_tke_hybrid.component.args import (
    check_deferred,
    child_options,
    note_while_pending,
    parse_args,
    refuse_wrong_options,
    register_declared_outputs,
)
from pulumi_tke_hybrid.component.dynamic import DEFAULT_DEADLINE
from pulumi_tke_hybrid.component.inputs import value_after, value_if_known
from pulumi_tke_hybrid.component.invalid_inputs import InvalidInputs
from pulumi_tke_hybrid.component.region import cluster_region, region_of_zone, settings_in
from pulumi_tke_hybrid.endpoint import EndpointArgs, kubernetes_provider, open_endpoint
from pulumi_tke_hybrid.hybrid_cluster_args import HybridClusterArgs, no_pool_in_first_zone
from pulumi_tke_hybrid.ipamd_config import IpamdConfig, IpamdConfigArgs, IpamdSubnetArgs, config_data
from pulumi_tke_hybrid.kept_addresses import KeptAddresses
from pulumi_tke_hybrid.node_pools import AnyNodePoolArgs, make_node_pool
from pulumi_tke_hybrid.tke.rule import EMPTY
from pulumi_tke_hybrid.vpc_cni import (
    VPC_CNI_COMPONENT,
    NonMasquerade,
    VpcCniArgs,
    VpcCniReady,
    VpcCniResource,
    shared_properties,
    switch_properties,
)

_IGNORED = ("eniSubnetIds", "vpcCniType", "claimExpiredSeconds", "runtimeVersion")
"""Fields of the cluster resource that the program does not set, and `serviceCidr` if the program gives none.

If they were not ignored, the provider would switch VPC-CNI off: the first three follow `VpcCni`. The others
are TKE's choice, and an import reads them: the provider would take them for removed, and replace an imported
cluster because of its range of Services."""


class HybridCluster(pulumi.ComponentResource):
    """A cluster whose pods are on GlobalRouter unless they request an ENI address.

    In this order: the cluster (without any ENI field), VPC-CNI with every container subnet, node pools, the
    wait until VPC-CNI works, the endpoint, the Kubernetes provider. With `zone_registration="configmap"` the
    first zone goes this way, and the other zones follow through ipamd's ConfigMap.
    """

    cluster_id: pulumi.Output[str]
    """Id of the cluster."""
    kubeconfig: pulumi.Output[str]
    """Kubeconfig of the endpoint; a secret."""
    zones: pulumi.Output[Sequence[str]]
    """Zones that have a container subnet."""
    eni_cidrs: pulumi.Output[Sequence[str]]
    """Ranges of the container subnets, for firewalls that must know pod addresses."""
    ipamd_config_data: pulumi.Output[Mapping[str, str]]
    """The ConfigMap of ipamd that matches the program, in both ways of registration."""
    vpc_cni_phase: pulumi.Output[str]
    """ipamd's phase when last seen."""
    cluster_facts: pulumi.Output[Mapping[str, Any]]
    """Region, zones with their subnets and ranges, node pools, static mode and reclaim; no secret. For the
    checks of an application stack, through a StackReference."""

    def __init__(
        self,
        name: str,
        args: HybridClusterArgs | Mapping[str, Any],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Register the cluster with its pod network, node pools, endpoint and Kubernetes provider; or adopt a
        cluster.

        `name` is the component's name, and the cluster's in the cloud where `args.cluster_name` is left out.
        `args` may be a dictionary of the same shape. Raises `InvalidInputs`, naming each property, before
        anything is made; a value from an Output or from the cloud is checked as soon as it is known.
        """
        self._owner = f"HybridCluster {name!r}"
        self._name = name
        self._args = parsed = parse_args(HybridClusterArgs, args, self._owner)
        refuse_wrong_options(opts, self._owner, "tencentcloud")
        self._subnets = parsed.subnets
        super().__init__("tke-hybrid:index:HybridCluster", name, parsed.shown(), opts)

        checked, provider = check_deferred(self, self._owner, parsed), self._providers.get("tencentcloud")
        region = cluster_region(self, self._owner, provider, self._subnets[0].zone, checked, parsed.settings)
        guard = ClusterGuard(f"{name}-guard", {**parsed.guarded(name), "region": region}, child_options(self))
        self.cluster_id = self._cluster_id(guard)
        setting = self._setting(region)
        vpc_cni = self._vpc_cni(setting, guard)
        self.vpc_cni_phase = vpc_cni.phase
        described = [subnet.guarded() for subnet in self._subnets]
        self.ipamd_config_data = pulumi.Output.all(vpc_id=parsed.vpc_id, subnets=described).apply(config_data)
        self._kubernetes: kubernetes.Provider | None = None
        self.kubeconfig = pulumi.Output.secret(parsed.kubeconfig or "")
        if parsed.pools or parsed.kubeconfig is not None or parsed.endpoint is not None:
            self._nodes_and_endpoint(vpc_cni, setting)
        elif parsed.existing_cluster_id is None:
            # Kept addresses belong to the cluster, not to its pools.
            self._kept_addresses(setting, [vpc_cni])
        self._register(described)

    @property
    def provider(self) -> kubernetes.Provider:
        """The Kubernetes provider of this cluster; pass it to every workload."""
        if self._kubernetes is None:
            why = "there is no endpoint and no Kubernetes provider"
            finding = EMPTY.finding("node_pools", "is empty", why=why, todo="add a pool")
            raise InvalidInputs(self._owner, [finding])
        return self._kubernetes

    def _register(self, described: list[dict[str, Any]]) -> None:
        args = self._args
        zones = pulumi.Output.all(*(subnet.zone for subnet in self._subnets))
        self.zones = zones.apply(lambda zones: list(dict.fromkeys(zones)))
        cidrs = pulumi.Output.all(*(subnet.cidr_block for subnet in self._subnets))
        self.eni_cidrs = cidrs.apply(lambda cidrs: list(filter(None, cidrs)))
        self.cluster_facts = pulumi.Output.all(
            clusterId=self.cluster_id,
            vpcId=args.vpc_id,
            nodePools=[pool.shown() for pool in args.pools],
            podsPerNode=args.cluster_max_pod_num,
            staticIp=args.has_static_ip,
            ipReclaim=args.ip_reclaim,
            subnets=described,
        ).apply(lambda values: _facts(**values))
        register_declared_outputs(self, HybridCluster)

    def _cluster_id(self, guard: ClusterGuard) -> pulumi.Output[str]:
        if self._args.existing_cluster_id is None:
            return self._cluster(guard).id
        cluster_id = pulumi.Output.from_input(self._args.existing_cluster_id)
        note_while_pending(
            self,
            cluster_id,
            "existing_cluster_id: is not known yet; what is there is compared with the program during `up`,"
            " before anything changes",
        )
        return cluster_id

    def _cluster(self, guard: ClusterGuard) -> tencentcloud.kubernetes.Cluster:
        args, resource_name = self._args, f"{self._name}-cluster"
        protected = args.deletion_protection is not False
        return tencentcloud.kubernetes.Cluster(
            resource_name,
            vpc_id=args.vpc_id,
            cluster_name=args.cloud_name(self._name),
            network_type="GR",
            cluster_cidr=args.cluster_cidr,
            cluster_max_pod_num=args.cluster_max_pod_num,
            cluster_max_service_num=args.cluster_max_service_num,
            service_cidr=args.service_cidr,
            cluster_version=args.cluster_version,
            is_non_static_ip_mode=pulumi.Output.from_input(args.has_static_ip).apply(operator.not_),
            deletion_protection=protected,
            tags=args.tags,
            opts=child_options(
                self,
                depends_on=[guard],
                protect=True if protected else None,  # never False: it would override the caller's
                delete_before_replace=True,  # two clusters cannot have the same overlay range in one VPC
                hooks=_cluster_hooks(resource_name, self._region),
                ignore_changes=[*_IGNORED, *(["serviceCidr"] if args.service_cidr is None else [])],
                # The provider marks neither as a secret.
                additional_secret_outputs=["password", "certificationAuthority"],
            ),
        )

    @property
    def _region(self) -> str:
        """The region for calls of hooks; empty while the first zone is not known."""
        return region_of_zone(value_if_known(self._subnets[0].zone))

    def _setting(self, region: pulumi.Output[str]) -> VpcCniArgs:
        args = self._args
        # No network relies on the list of a new cluster; that of an adopted cluster stays as it is.
        by_default = NonMasquerade.ADD_VPC if args.existing_cluster_id is None else NonMasquerade.KEEP
        registered = self._subnets[:1] if args.by_configmap else self._subnets
        return VpcCniArgs(
            cluster_id=self.cluster_id,
            vpc_id=args.vpc_id,
            subnets=[subnet.subnet_id for subnet in registered],
            static_ip=args.has_static_ip,
            ip_reclaim=args.ip_reclaim,
            non_masquerade=args.non_masquerade or by_default,
            region=region,
            deadline_seconds=args.deadline_seconds or DEFAULT_DEADLINE,
            rules=args.rules,
        )

    def _vpc_cni(self, setting: VpcCniArgs, guard: ClusterGuard) -> VpcCniResource:
        name = f"{self._name}-vpc-cni"
        # In the state of an earlier version, a component `VpcCni` holds the resource.
        earlier = pulumi.Alias(parent=create_urn(name, VPC_CNI_COMPONENT, self))
        return VpcCniResource(f"{name}-switch", switch_properties(setting), self, [guard], [earlier])

    def _nodes_and_endpoint(self, vpc_cni: VpcCniResource, setting: VpcCniArgs) -> None:
        args, name = self._args, self._name
        first = [pool for pool in args.pools if not args.by_configmap or self._is_in_first_zone(pool)]
        later = [pool for pool in args.pools if args.by_configmap and not self._is_in_first_zone(pool)]
        if args.by_configmap and not first:
            zone = value_if_known(self._subnets[0].zone) or "the zone of eni_subnets[0]"
            raise InvalidInputs(self._owner, [no_pool_in_first_zone(zone)])
        made = [self._pool(pool, [vpc_cni]) for pool in first]
        after_nodes = child_options(self, depends_on=[vpc_cni, *made])
        ready = VpcCniReady(f"{name}-vpc-cni-ready", shared_properties(setting), after_nodes)
        self.vpc_cni_phase = ready.phase
        working: list[pulumi.Resource] = [ready]
        if args.kubeconfig is None:
            wanted = args.endpoint or EndpointArgs()
            first_subnet = args.pools[0].subnet_id if args.pools else None
            endpoint, self.kubeconfig = open_endpoint(
                self, self._owner, name, wanted, self.cluster_id, first_subnet, made or [vpc_cni]
            )
            working.append(endpoint)
        if args.existing_cluster_id is None:
            working = [self._kept_addresses(setting, working)]
        if not args.by_configmap:
            self._kubernetes = self._provider_after(f"{name}-kubernetes", working)
            return
        # ipamd's ConfigMap comes before the nodes of further zones, and the nodes before any workload: hence
        # two providers.
        system = self._provider_after(f"{name}-kubernetes-system", working, ready)
        registered = self._registration_by_configmap(system, setting)
        rest = [self._pool(pool, [registered]) for pool in later]
        self._kubernetes = self._provider_after(f"{name}-kubernetes", [registered, *rest])

    def _registration_by_configmap(self, system: kubernetes.Provider, setting: VpcCniArgs) -> VpcCniReady:
        args = self._args
        subnets = [IpamdSubnetArgs(subnet_id=subnet.subnet_id, zone=subnet.zone) for subnet in self._subnets]
        config = IpamdConfig(
            f"{self._name}-ipamd",
            IpamdConfigArgs(vpc_id=args.vpc_id, eni_subnets=subnets, rules=args.rules),
            child_options(self, provider=system),
        )
        return VpcCniReady(
            f"{self._name}-zones-ready",
            {**shared_properties(setting), "subnets": [subnet.subnet_id for subnet in self._subnets]},
            child_options(self, depends_on=[config]),
        )

    def _provider_after(
        self, name: str, after: Sequence[pulumi.Resource], ready: VpcCniReady | None = None
    ) -> kubernetes.Provider:
        """Return a Kubernetes provider of this cluster. With `ready`, a preview has no kubeconfig while
        VPC-CNI is still to be enabled, because ipamd does not exist then."""
        kubeconfig = self.kubeconfig if ready is None else value_after(self.kubeconfig, ready.phase)
        upsert = self._args.upsert_existing_objects
        return kubernetes_provider(self, self._owner, name, self.cluster_id, kubeconfig, upsert, after)

    def _pool(self, pool: AnyNodePoolArgs, depends_on: Sequence[pulumi.Resource]) -> pulumi.Resource:
        vpc_id = self._args.vpc_id
        return make_node_pool(
            self, self._owner, self._name, pool, self.cluster_id, vpc_id, self._region, depends_on
        )

    def _is_in_first_zone(self, pool: AnyNodePoolArgs) -> bool:
        """Whether a pool lies in the zone of the first container subnet; an unknown zone counts as another
        zone."""
        zone = value_if_known(pool.zone)
        return zone is not None and zone == value_if_known(self._subnets[0].zone)

    def _kept_addresses(self, setting: VpcCniArgs, after: Sequence[pulumi.Resource]) -> KeptAddresses:
        props = {
            "name": self._name,
            "region": setting.region,
            "clusterId": self.cluster_id,
            "release": bool(self._args.release_kept_ips),
            "deadlineSeconds": setting.deadline_seconds,
        }
        return KeptAddresses(f"{self._name}-kept-addresses", props, child_options(self, depends_on=after))


def _facts(subnets: list[dict[str, Any]], **facts: Any) -> dict[str, Any]:
    by_zone: dict[str, list[dict[str, Any]]] = {}
    for subnet in subnets:
        by_zone.setdefault(subnet["zone"], []).append({"subnetId": subnet["id"], "cidrBlock": subnet["cidr"]})
    return {**facts, "region": region_of_zone(subnets[0]["zone"]), "zones": by_zone}


def _cluster_hooks(name: str, region: str) -> pulumi.ResourceHookBinding:
    """Refuse to create a cluster if a lost response has left a cluster of its name."""

    def is_free(hook: pulumi.ResourceHookArgs) -> None:
        inputs = hook.new_inputs or {}
        refuse_orphan(TencentCloud(settings_in(region)), str(inputs["vpcId"]), str(inputs["clusterName"]))

    return pulumi.ResourceHookBinding(before_create=[resource_hook(f"{name}-name-is-free", is_free)])
