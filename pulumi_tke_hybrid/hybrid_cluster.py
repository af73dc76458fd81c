"""HybridCluster: a GlobalRouter cluster with VPC-CNI beside it, its node pools, its endpoint and its
Kubernetes provider."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes
import tencentcloud_iac_pulumi as tencentcloud

from pulumi_tke_hybrid.cloud.client import TencentCloud
from pulumi_tke_hybrid.cloud.clusters import refuse_orphan, refuse_orphan_pool, size_of
from pulumi_tke_hybrid.cloud.errors import CloudError
from pulumi_tke_hybrid.cluster_guard import ADOPTED_SUBNET, STATED_SUBNET, ClusterGuard
from pulumi_tke_hybrid.component.args import parse_args
from pulumi_tke_hybrid.component.diagnostics import check_deferred, note_while_pending
from pulumi_tke_hybrid.component.dynamic import DEFAULT_DEADLINE
from pulumi_tke_hybrid.component.errors import InvalidInputs
from pulumi_tke_hybrid.component.inputs import Input, value_if_known
from pulumi_tke_hybrid.component.region import cluster_region, settings_in
from pulumi_tke_hybrid.component.resource_options import UPSERT, child_options, refuse_wrong_options
from pulumi_tke_hybrid.endpoint import EndpointAccess, EndpointArgs
from pulumi_tke_hybrid.eni_zone_subnet import EniZoneSubnet
from pulumi_tke_hybrid.hybrid_cluster_args import EniSubnetArgs, HybridClusterArgs, ZoneRegistration
from pulumi_tke_hybrid.ipamd_config import IpamdConfig, IpamdConfigArgs, IpamdSubnetArgs, config_data
from pulumi_tke_hybrid.kept_addresses import KeptAddresses
from pulumi_tke_hybrid.node_pools import NodePoolArgs
from pulumi_tke_hybrid.tke import keys, names
from pulumi_tke_hybrid.tke.rules import pools
from pulumi_tke_hybrid.tke.rules.inputs import COMBINATION, EMPTY, PROPERTY
from pulumi_tke_hybrid.vpc_cni import NonMasquerade, VpcCni, VpcCniArgs, VpcCniReady

_OUT_OF_BAND = ("eniSubnetIds", "vpcCniType", "claimExpiredSeconds")
"""Fields of the cluster resource that follow what `VpcCni` did. Without ignoring them the provider would
switch VPC-CNI off."""

_FILLED_BY_IMPORT = ("runtimeVersion", "serviceCidr")
"""TKE chooses these where the program does not, and the provider reads them when it imports. Left out of the
program, they would then be
taken for removed, and without its range of Services an imported cluster would be replaced."""

_ALSO_AT_PREVIEW = pulumi.ResourceHookOptions(on_dry_run=True)


class HybridCluster(pulumi.ComponentResource):
    """A cluster whose pods are on GlobalRouter unless they ask for an ENI address.

    In this order: the cluster (no ENI field is ever given to it), VPC-CNI with every container subnet, node
    pools, the wait until
    VPC-CNI works, the endpoint, the Kubernetes provider. With `zone_registration="configmap"` the first zone
    goes this way and the
    others follow through ipamd's ConfigMap.
    """

    speaks_for_its_children = True
    """What the checks say is said here, and not once more under a child."""

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
    """Region, zones with their subnets and ranges, node pools, static mode and reclaim; no secret. For an
    application stack's checks
    through a StackReference."""

    def __init__(
        self,
        name: str,
        args: HybridClusterArgs | Mapping[str, Any],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Register the cluster with its pod network, node pools, endpoint and Kubernetes provider; or adopt a
        cluster.

        `name` is the component's name, and the cluster's in the cloud where `args.cluster_name` is left out.
        `args` may be a dictionary
        of the same shape. Raises `InvalidInputs`, naming each property, before anything is made; what only an
        Output or the cloud tells
        is checked as soon as it is known.
        """
        self._owner = f"HybridCluster {name!r}"
        parsed = parse_args(HybridClusterArgs, args, self._owner)
        refuse_wrong_options(opts, self._owner, "tencentcloud")
        static_ip = True if parsed.static_ip is None else parsed.static_ip
        by_configmap = parsed.zone_registration is ZoneRegistration.CONFIGMAP
        subnets = [_described(subnet) for subnet in parsed.eni_subnets]
        shown = {
            "clusterCidr": parsed.cluster_cidr,
            "zones": [subnet["zone"] for subnet in subnets],
            "staticIp": static_ip,
            "ipReclaim": parsed.ip_reclaim,
            "zoneRegistration": parsed.zone_registration or ZoneRegistration.API,
            "eniSubnets": [{"zone": subnet["zone"], "cidrBlock": subnet["cidr"]} for subnet in subnets],
            "nodePools": {pool.name: _shown_pool(pool) for pool in parsed.node_pools or ()},
            "rules": parsed.rules,
        }
        super().__init__("tke-hybrid:index:HybridCluster", name, shown, opts)

        checked, provider = check_deferred(self, self._owner, parsed), self._providers.get("tencentcloud")
        region = cluster_region(self, self._owner, provider, subnets[0]["zone"], checked, parsed.settings)
        guard = self._guard(name, parsed, static_ip, region, subnets)
        if parsed.existing_cluster_id is None:
            self.cluster_id = self._cluster(name, parsed, static_ip, guard).id
        else:
            self.cluster_id = pulumi.Output.from_input(parsed.existing_cluster_id)
            text = (
                "existing_cluster_id: is not known yet; what is there is compared with the program during"
                " `up`, before anything changes"
            )
            note_while_pending(self, self.cluster_id, text)
        untouched = NonMasquerade.ADD_VPC if parsed.existing_cluster_id is None else NonMasquerade.KEEP
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
            rules=parsed.rules,
        )
        vpc_cni = VpcCni(f"{name}-vpc-cni", setting, child_options(self, depends_on=[guard]))
        self.vpc_cni_phase = vpc_cni.phase
        self.ipamd_config_data = pulumi.Output.all(vpc_id=parsed.vpc_id, subnets=subnets).apply(config_data)
        self._kubernetes: kubernetes.Provider | None = None
        self._upsert = parsed.upsert_existing_objects
        self.kubeconfig = pulumi.Output.secret(parsed.kubeconfig or "")
        if parsed.node_pools or parsed.kubeconfig is not None or parsed.endpoint is not None:
            self._nodes_and_endpoint(name, parsed, vpc_cni, setting, subnets, by_configmap)
        elif (
            parsed.existing_cluster_id is None
        ):  # it goes with the cluster, not with its pools: going, it may release addresses
            self._kept_addresses(name, parsed, setting, [vpc_cni])
        self.zones = pulumi.Output.all(*(subnet["zone"] for subnet in subnets)).apply(_unique)
        self.eni_cidrs = pulumi.Output.all(*(subnet["cidr"] for subnet in subnets)).apply(_present)
        self.cluster_facts = pulumi.Output.all(
            cluster_id=self.cluster_id,
            vpc_id=parsed.vpc_id,
            subnets=subnets,
            static_ip=static_ip,
            ip_reclaim=parsed.ip_reclaim,
            pods_per_node=parsed.cluster_max_pod_num,
            pools=[_shown_pool(pool) for pool in parsed.node_pools or ()],
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
            finding = EMPTY.finding(
                "node_pools",
                "is empty",
                why="there is no endpoint and no Kubernetes provider",
                todo="add a pool",
            )
            raise InvalidInputs(self._owner, [finding])
        return self._kubernetes

    def _guard(
        self,
        name: str,
        args: HybridClusterArgs,
        static_ip: Input[bool],
        region: pulumi.Output[str],
        subnets: list[dict[str, Any]],
    ) -> ClusterGuard:
        made = {
            "vpcId": args.vpc_id,
            "clusterCidr": args.cluster_cidr,
            "clusterMaxPodNum": args.cluster_max_pod_num,
            "clusterMaxServiceNum": args.cluster_max_service_num,
            "serviceCidr": args.service_cidr,
            "staticIp": static_ip,
        }
        further: dict[str, Any] = {}
        if args.existing_cluster_id is not None:
            further["adopted"] = {"clusterId": args.existing_cluster_id, "vpcId": args.vpc_id}
        if args.zone_registration is ZoneRegistration.CONFIGMAP:
            further["zoneRegistration"] = ZoneRegistration.CONFIGMAP.value
        props = {
            **further,
            "name": name,
            "region": region,
            "clusterName": name if args.cluster_name is None else args.cluster_name,
            "cluster": made if args.existing_cluster_id is None else {},
            "nodePools": {pool.name: _guarded_pool(pool) for pool in args.node_pools or ()},
            "planned": {
                "nodePools": [_shown_pool(pool) for pool in args.node_pools or ()],
                "staticIp": static_ip,
                "rules": args.rules or {},
            },
            "eniSubnets": subnets,
            "allowClusterReplacement": bool(args.allow_cluster_replacement),
            "deadlineSeconds": args.deadline_seconds or DEFAULT_DEADLINE,
        }
        return ClusterGuard(f"{name}-guard", props, child_options(self))

    def _cluster(
        self, name: str, args: HybridClusterArgs, static_ip: Input[bool], guard: ClusterGuard
    ) -> tencentcloud.kubernetes.Cluster:
        protected = args.deletion_protection is not False
        chosen_by_tke = [
            name for name in _FILLED_BY_IMPORT if name != "serviceCidr" or args.service_cidr is None
        ]
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
                hooks=_cluster_hooks(f"{name}-cluster", _region(args)),
                ignore_changes=[*_OUT_OF_BAND, *chosen_by_tke],
                additional_secret_outputs=[
                    "password",
                    "certificationAuthority",
                ],  # the provider marks neither
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
        wanted = args.node_pools or ()
        first = [pool for pool in wanted if not by_configmap or _same_zone(pool, args)]
        later = [pool for pool in wanted if by_configmap and not _same_zone(pool, args)]
        if by_configmap and not first:
            zone = value_if_known(args.stated_subnets[0].zone)
            where = zone or "the zone of eni_subnets[0]"
            why = "ipamd must run before its ConfigMap can be edited"
            finding = COMBINATION.finding(
                "node_pools", f"no pool is in {where}", why=why, todo="add one there"
            )
            raise InvalidInputs(self._owner, [finding])
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
        # ipamd's ConfigMap comes before the nodes of further zones, and those before any workload: hence two
        # providers.
        config = IpamdConfig(
            f"{name}-ipamd",
            IpamdConfigArgs(
                vpc_id=args.vpc_id,
                eni_subnets=[
                    IpamdSubnetArgs(subnet_id=subnet["id"], zone=subnet["zone"]) for subnet in subnets
                ],
                rules=args.rules,
            ),
            child_options(self, provider=self._provider_after(f"{name}-kubernetes-system", working, ready)),
        )
        registered = VpcCniReady(
            f"{name}-zones-ready",
            {**props, "subnets": [subnet["id"] for subnet in subnets]},
            child_options(self, depends_on=[config]),
        )
        rest = [self._pool(name, pool, args, [registered]) for pool in later]
        self._kubernetes = self._provider_after(f"{name}-kubernetes", [registered, *rest])

    def _provider_after(
        self, name: str, after: Sequence[pulumi.Resource], ready: VpcCniReady | None = None
    ) -> kubernetes.Provider:
        """With `ready`, a preview knows no way into the cluster while VPC-CNI is still to be switched on:
        ipamd is not there yet."""
        way = (
            self.kubeconfig
            if ready is None
            else pulumi.Output.all(self.kubeconfig, ready.phase).apply(_first)
        )
        # Not every version of pulumi-kubernetes knows this argument; the arguments' own checks have refused
        # it for one that does not.
        further: dict[str, Any] = {} if self._upsert is None else {UPSERT: self._upsert}
        return kubernetes.Provider(
            name,
            kubeconfig=way.apply(self._not_the_machines_own),
            cluster_identifier=self.cluster_id,  # a rotated kubeconfig must not replace every object
            enable_server_side_apply=True,
            opts=child_options(self, depends_on=after),
            **further,
        )

    def _not_the_machines_own(self, kubeconfig: str | None) -> str:
        """Refuse an empty one: the provider would take this machine's own, and the workloads go to whatever
        cluster that names."""
        if kubeconfig and kubeconfig.strip():
            return kubeconfig
        why = "workloads would go to the cluster of this machine's own kubeconfig"
        todo = "give the cluster's own, or look at its endpoint in the console and run `pulumi refresh`"
        raise InvalidInputs(self._owner, [PROPERTY.finding("kubeconfig", "is empty", why=why, todo=todo)])

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
            min_size=_plain(bounds.min_size) if bounds else 0,
            max_size=_plain(bounds.max_size) if bounds else pools.FIXED_POOL_BOUND,
            desired_capacity=_plain(pool.size),
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
            # The zones follow from the subnet, but the provider may read them back as if somebody had set
            # them. Another password would
            # rebuild the pool, and cannot be refused by name: nobody keeps the old one to compare it with.
            opts=child_options(
                self,
                depends_on=after,
                ignore_changes=[
                    "zones",
                    "autoScalingConfig.password",
                    *(["desiredCapacity"] if bounds else []),
                ],
                hooks=_pool_hooks(self._owner, f"{name}-pool-{pool.name}", _region(args)),
            ),
        )

    def _kept_addresses(
        self, name: str, args: HybridClusterArgs, setting: VpcCniArgs, after: Sequence[pulumi.Resource]
    ) -> KeptAddresses:
        props = {
            "name": name,
            "region": setting.region,
            "clusterId": self.cluster_id,
            "release": bool(args.release_kept_ips),
            "deadlineSeconds": setting.deadline_seconds,
        }
        return KeptAddresses(f"{name}-kept-addresses", props, child_options(self, depends_on=after))

    def _endpoint(
        self, name: str, args: HybridClusterArgs, after: Sequence[pulumi.Resource]
    ) -> tencentcloud.kubernetes.ClusterEndpoint:
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
            opts=child_options(
                self, depends_on=after, hooks=_endpoint_hooks(self._owner, f"{name}-endpoint")
            ),
        )
        self.kubeconfig = pulumi.Output.secret(
            endpoint.kube_config if internet else endpoint.kube_config_intranet
        )
        return endpoint


def _region(args: HybridClusterArgs) -> str:
    return names.region_of(value_if_known(args.stated_subnets[0].zone) or "") or ""


def _cluster_hooks(name: str, region: str) -> pulumi.ResourceHookBinding:
    """Ask the cloud before a cluster is made: is there one already that a lost answer left behind?"""

    def is_free(hook: pulumi.ResourceHookArgs) -> None:
        inputs = hook.new_inputs or {}
        refuse_orphan(TencentCloud(settings_in(region)), str(inputs["vpcId"]), str(inputs["clusterName"]))

    return pulumi.ResourceHookBinding(before_create=[pulumi.ResourceHook(f"{name}-name-is-free", is_free)])


def _pool_hooks(owner: str, name: str, region: str) -> pulumi.ResourceHookBinding:
    """The same before a pool is made; and before it is changed: does its size stay?"""

    def is_free(hook: pulumi.ResourceHookArgs) -> None:
        inputs = hook.new_inputs or {}
        refuse_orphan_pool(TencentCloud(settings_in(region)), str(inputs["clusterId"]), str(inputs["name"]))

    def size_stays(hook: pulumi.ResourceHookArgs) -> None:
        try:
            there = size_of(TencentCloud(settings_in(region)), hook.id)
        except CloudError as error:
            if not pulumi.runtime.is_dry_run():
                raise
            pulumi.log.info(
                f"could not look at the size of {hook.name} ({error.code}); `up` looks before it changes the"
                " pool"
            )
            return
        before, after = hook.old_inputs or {}, hook.new_inputs or {}
        if there is not None:
            InvalidInputs.raise_if_any(
                owner, pools.resized_findings(str(after.get("name")), there, before, after)
            )

    return pulumi.ResourceHookBinding(
        before_create=[pulumi.ResourceHook(f"{name}-is-free", is_free)],
        before_update=[pulumi.ResourceHook(f"{name}-size-stays", size_stays, opts=_ALSO_AT_PREVIEW)],
    )


def _endpoint_hooks(owner: str, name: str) -> pulumi.ResourceHookBinding:
    """Before an endpoint is changed: does it stay in its subnet?"""

    def stays(hook: pulumi.ResourceHookArgs) -> None:
        InvalidInputs.raise_if_any(
            owner, pools.moved_endpoint_findings(hook.old_inputs or {}, hook.new_inputs or {})
        )

    return pulumi.ResourceHookBinding(
        before_update=[pulumi.ResourceHook(f"{name}-stays", stays, opts=_ALSO_AT_PREVIEW)]
    )


def _plain(number: Input[int]) -> Input[int]:
    """No size is a secret, wherever it comes from; as one it would be hidden from the look at the live
    pool."""
    return pulumi.Output.unsecret(number) if isinstance(number, pulumi.Output) else number


def _described(subnet: EniZoneSubnet | EniSubnetArgs) -> dict[str, Any]:
    described = {"id": subnet.subnet_id, "zone": subnet.zone, "cidr": subnet.cidr_block}
    if isinstance(subnet, EniSubnetArgs):
        return {**described, "from": STATED_SUBNET}
    return described if subnet.stated.subnet_id is None else {**described, "from": ADOPTED_SUBNET}


def _shown_pool(pool: NodePoolArgs) -> dict[str, Any]:
    bounds = pool.autoscale
    shown: dict[str, Any] = {"zone": pool.zone, "size": pool.size, "instanceType": pool.instance_type}
    if bounds is not None:
        shown |= {"minSize": bounds.min_size, "maxSize": bounds.max_size}
    return {**shown, "globalRouteOnly": True} if pool.global_route_only else shown


def _guarded_pool(pool: NodePoolArgs) -> dict[str, Any]:
    """What the provider answers with a replacement, and what a refusal tells. A password instead of keys
    shows as no keys."""
    keys: Any = [] if pool.key_ids is None else pool.key_ids
    return {
        "subnetId": pool.subnet_id,
        "zone": pool.zone,
        "instanceType": pool.instance_type,
        "keyIds": keys,
        "size": pool.size,
    }


def _same_zone(item: Any, args: HybridClusterArgs) -> bool:
    """Whether something lies in the zone of the first ENI subnet; zones that are not known yet count as other
    ones."""
    first = args.stated_subnets[0]
    return item is first or (
        value_if_known(item.zone) is not None and value_if_known(item.zone) == value_if_known(first.zone)
    )


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


def _first(values: list[Any]) -> Any:
    return values[0]


def _negated(value: bool) -> bool:
    return not value


def _unique(values: list[str]) -> list[str]:
    return list(dict.fromkeys(values))


def _present(values: list[str | None]) -> list[str]:
    return [value for value in values if value]


def _facts(values: dict[str, Any]) -> dict[str, Any]:
    by_zone: dict[str, list[dict[str, Any]]] = {}
    for subnet in values["subnets"]:
        by_zone.setdefault(subnet["zone"], []).append({"subnetId": subnet["id"], "cidrBlock": subnet["cidr"]})
    return {
        "clusterId": values["cluster_id"],
        "vpcId": values["vpc_id"],
        "region": names.region_of(values["subnets"][0]["zone"]) or "",
        "zones": by_zone,
        "nodePools": values["pools"],
        "podsPerNode": values["pods_per_node"],
        "staticIp": values["static_ip"],
        "ipReclaim": values["ip_reclaim"],
    }
