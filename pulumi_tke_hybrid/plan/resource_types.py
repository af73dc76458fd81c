"""Type tokens of resources: one canonical token for each kind, whatever package or API version a program
uses.

Two packages hold the resources of Tencent Cloud: `tencentcloud-iac-pulumi` 0.2.3, with tokens such as
`tencentcloud:Kubernetes/nodePool:NodePool`, and the package of `pulumi package add terraform-provider
tencentcloudstack/tencentcloud`, with `tencentcloud:index/kubernetesNodePool:KubernetesNodePool`. Both are
made from one Terraform provider, so the properties have the same names. Rules compare tokens of the first
package.

Properties whose change replaces the resource, as listed in the providers' schemas.

A preview names these properties itself; a policy, which sees only the inputs before and after, needs this
list."""

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from pulumi_tke_hybrid.plan.model import NEW, Step
from pulumi_tke_hybrid.tke.objects import Props, at, holds_unknown

_BRIDGED = re.compile(r"tencentcloud:index/([a-z][A-Za-z0-9]*):[A-Za-z0-9]+")
_WORDS = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")
_MODULES_OF_TWO_WORDS = ("apiGateway", "privateDns")
_KUBERNETES = re.compile(r"kubernetes:(?:([^/:]+)/)?([^/:]+):([A-Za-z0-9]+)")
_CUSTOM_RESOURCE = "kubernetes:apiextensions.k8s.io:CustomResource"
"""The token of a custom resource in some languages; its inputs name the kind."""

_WORKLOADS = ("DaemonSet", "Deployment", "ReplicaSet", "StatefulSet")
_CANONICAL_GROUPS = {
    **dict.fromkeys(_WORKLOADS, (("apps", "extensions"), "apps/v1")),
    **dict.fromkeys(("CronJob", "Job"), (("batch",), "batch/v1")),
    "Ingress": (("networking.k8s.io", "extensions"), "networking.k8s.io/v1"),
}
"""Kinds that Kubernetes moved from other groups and versions: the groups, and the place today."""


def canonical(token: str, inputs: Props | None = None) -> str:
    """Return the canonical token of a resource.

    That is the token of `tencentcloud-iac-pulumi` for a resource of the bridged Terraform provider, the
    newest API version for Kubernetes kinds with several (`extensions/v1beta1` Ingress →
    `networking.k8s.io/v1`), the kind in `inputs` for a custom resource, and any other token unchanged.
    `…Patch` kinds stay patches.
    """
    if token.startswith("tencentcloud:"):
        return _of_tencent_cloud(token)
    if token.startswith("kubernetes:"):
        return _of_kubernetes(_named_by_inputs(token, inputs or {}))
    return token


@cache
def _of_tencent_cloud(token: str) -> str:
    bridged = _BRIDGED.fullmatch(token)
    if bridged is None:
        return token
    module, rest = _split(bridged[1])
    name = rest or "Instance"
    return f"tencentcloud:{module[:1].upper()}{module[1:]}/{name[:1].lower()}{name[1:]}:{name}"


def _split(name: str) -> tuple[str, str]:
    """`kubernetesNodePool` → `kubernetes`, `NodePool`."""
    for module in _MODULES_OF_TWO_WORDS:
        if name.startswith(module):
            return module, name[len(module) :]
    first = _WORDS.match(name)
    end = first.end() if first else len(name)
    return name[:end], name[end:]


def _named_by_inputs(token: str, inputs: Props) -> str:
    if not token.startswith(_CUSTOM_RESOURCE):
        return token
    version, kind = inputs.get("apiVersion"), inputs.get("kind")
    if not isinstance(version, str) or not isinstance(kind, str):
        return token
    group = version if "/" in version else f"core/{version}"
    return f"kubernetes:{group}:{kind}{token.removeprefix(_CUSTOM_RESOURCE)}"


@cache
def _of_kubernetes(token: str) -> str:
    group, _, kind = kubernetes_kind(token)
    base = kind.removesuffix("Patch")
    groups, newest = _CANONICAL_GROUPS.get(base, ((), ""))
    return f"kubernetes:{newest}:{kind}" if group in groups else token


@cache
def kubernetes_kind(token: str) -> tuple[str, str, str]:
    """(API group, version, kind) of a `kubernetes:` token; three empty texts where it has another form.

    The core group is `core`. The kind of a patch ends with `Patch`.
    """
    found = _KUBERNETES.fullmatch(token)
    return (found[1] or "", found[2], found[3]) if found else ("", "", "")


PRODUCTS_IN_NETWORKS = (
    "Accept", "ApiGateway", "Bi", "Cbs", "Cdc", "Cdwdoris", "Cdwpg", "Cfs", "Chdfs", "Ckafka", "Clickhouse",
    "Cynosdb", "Dasb", "Dayu", "Dcdb", "Dlc", "Elasticsearch", "Emr", "Kms", "Mariadb", "Mdl", "Mongodb",
    "Monitor", "Mqtt", "Mysql", "Oceanus", "Postgresql", "Redis", "Reject", "Rum", "Scf", "Sqlserver",
    "Tcaplus", "Tcm", "Tcr", "Tcss", "Tdcpg", "Tdmq", "Tem", "Thpc", "Trocket", "Tse", "Tsf", "Waf", "Wedata",
)  # fmt: skip
"""Products that stand in a network, as databases do: a change matters where it names another network, group
or cluster. Products in neither list are those of networks, load balancers, clusters and instances; unknown
products count as such."""
OTHER_PRODUCTS = (
    "Apm", "Audit", "Batch", "Billing", "Cam", "Cat", "Cdh", "Cdn", "Ci", "Ciam", "Cls", "Cos", "Csip", "Css",
    "Cwp", "Dbbrain", "Dnspod", "Dts", "Eb", "Events", "Identity", "Igtm", "Image", "Invite", "Key",
    "Lighthouse", "Lite", "Mps", "Open", "Organization", "Placement", "Project", "Provision", "Pts",
    "Reserved", "Serverless", "Ses", "Sms", "Ssm", "Subdomain", "Subscribe", "Tag", "Tat", "Tcmq", "Teo",
    "Vod",
)  # fmt: skip
"""Products of which no resource names a network, a subnet, a cluster, a load balancer or a security group
(provider 0.2.3's schema)."""


def _product(token: str) -> str:
    return _of_tencent_cloud(token).removeprefix("tencentcloud:").partition("/")[0]


def only_stands_in_network(token: str) -> bool:
    """Whether a `tencentcloud:` resource belongs to a product that may stand in a network, but is no part of
    a network or cluster."""
    return _product(token) in PRODUCTS_IN_NETWORKS


def may_hold_network(token: str) -> bool:
    """Whether a `tencentcloud:` resource may concern networks, clusters, load balancers or security groups.

    False for products whose schema has none of these; True for every other product, unknown products too.
    """
    return _product(token) not in OTHER_PRODUCTS


CLUSTER = "tencentcloud:Kubernetes/cluster:Cluster"
NODE_POOL = "tencentcloud:Kubernetes/nodePool:NodePool"
NATIVE_NODE_POOL = "tencentcloud:Kubernetes/nativeNodePool:NativeNodePool"
SERVERLESS_NODE_POOL = "tencentcloud:Kubernetes/serverlessNodePool:ServerlessNodePool"
SCALE_WORKER = "tencentcloud:Kubernetes/scaleWorker:ScaleWorker"
CLUSTER_ATTACHMENT = "tencentcloud:Kubernetes/clusterAttachment:ClusterAttachment"
AS_SCALING_GROUP = "tencentcloud:Kubernetes/asScalingGroup:AsScalingGroup"
ENDPOINT = "tencentcloud:Kubernetes/clusterEndpoint:ClusterEndpoint"
ADDON = "tencentcloud:Kubernetes/addon:Addon"
ADDON_ATTACHMENT = "tencentcloud:Kubernetes/addonAttachment:AddonAttachment"
ADDON_CONFIG = "tencentcloud:Kubernetes/addonConfig:AddonConfig"
ADDONS = (ADDON, ADDON_ATTACHMENT, ADDON_CONFIG)
LISTED_POOLS = {
    NODE_POOL: "node pool",
    NATIVE_NODE_POOL: "native node pool",
    SERVERLESS_NODE_POOL: "super node pool",
}
"""The kinds of node pools that the cloud lists for a cluster (`DescribeNodePools`), with their names."""
POOLS = (*LISTED_POOLS, SCALE_WORKER, CLUSTER_ATTACHMENT, AS_SCALING_GROUP)
"""Resources that give a cluster nodes."""

VPC = "tencentcloud:Vpc/instance:Instance"
SUBNET = "tencentcloud:Subnet/instance:Instance"
MACHINE = "tencentcloud:Instance/instance:Instance"
SECURITY_GROUP = "tencentcloud:Security/group:Group"
RULE_SET = "tencentcloud:Security/groupRuleSet:GroupRuleSet"
LITE_RULES = "tencentcloud:Security/groupLiteRule:GroupLiteRule"
GROUP_RULE = "tencentcloud:Security/groupRule:GroupRule"
LOAD_BALANCER = "tencentcloud:Clb/instance:Instance"
LISTENER = "tencentcloud:Clb/listener:Listener"
CERTIFICATE = "tencentcloud:Ssl/certificate:Certificate"

SWITCH = "pulumi-python:dynamic/tke-hybrid:VpcCni"
SWITCH_READY = "pulumi-python:dynamic/tke-hybrid:VpcCniReady"
HYBRID_CLUSTER = "tke-hybrid:index:HybridCluster"
LISTING = (CLUSTER, SWITCH)
"""Types that list the container subnets of a cluster."""
POD_SUBNET = "tke-hybrid:index:EniZoneSubnet"

SERVICE = "kubernetes:core/v1:Service"
INGRESS = "kubernetes:networking.k8s.io/v1:Ingress"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
STATEFUL_SET = "kubernetes:apps/v1:StatefulSet"
DAEMON_SET = "kubernetes:apps/v1:DaemonSet"
CONFIG_MAPS = ("kubernetes:core/v1:ConfigMap", "kubernetes:core/v1:ConfigMapPatch")
IPAMD_WORKLOADS = (DEPLOYMENT, "kubernetes:apps/v1:DeploymentPatch")
PROVIDERS = "pulumi:providers:"


def subnets_key(type_: str) -> str:
    """The property with the list of container subnets of a cluster or a switch."""
    return "eniSubnetIds" if type_ == CLUSTER else "subnets"


_OBJECT = ("metadata.name", "metadata.namespace")
FORCE_NEW: Mapping[str, tuple[str, ...]] = {
    # tencentcloud 0.2.3: ForceNew of its schema.
    CLUSTER: (
        "vpcId", "networkType", "clusterCidr", "serviceCidr", "ignoreClusterCidrConflict",
        "ignoreServiceCidrConflict", "clusterMaxPodNum", "clusterMaxServiceNum", "isNonStaticIpMode",
        "isDualStack", "basePodNum", "dataPlaneV2", "clusterIpvs", "clusterSubnetId", "clusterOsType",
        "clusterDeployType", "containerRuntime", "nodeNameType", "clusterExtraArgs", "labels",
        "unschedulable", "mountTarget", "globeDesiredPodNum", "dockerGraphPath", "preStartUserScript",
        "extraArgs", "masterConfigs", "workerConfigs",
    ),
    NODE_POOL: (
        "clusterId", "vpcId", "subnetIds", "retryPolicy", "scalingMode", "autoUpdateInstanceTags",
        "unschedulable", "autoScalingConfig.instanceType", "autoScalingConfig.keyIds",
        "autoScalingConfig.enhancedMonitorService", "autoScalingConfig.camRoleName",
        "autoScalingConfig.cdcId",
    ),
    NATIVE_NODE_POOL: (
        "clusterId", "native.instanceChargeType", "native.instanceTypes", "native.systemDisk.diskType",
        "native.systemDisk.diskSize", "native.runtimeRootDir", "native.machineType",
    ),
    VPC: ("cidrBlock",),
    SUBNET: ("vpcId", "availabilityZone", "cidrBlock", "cdcId"),
    # Our own: what `VpcCniSwitch.changes` replaces for.
    SWITCH: ("region", "clusterId"),
    # kubernetes 4.25: what its plugin cannot change in place, beside name and namespace.
    SERVICE: ("spec.clusterIP",),
    DEPLOYMENT: ("spec.selector",),
    STATEFUL_SET: (
        "spec.podManagementPolicy", "spec.revisionHistoryLimit", "spec.selector", "spec.serviceName",
        "spec.volumeClaimTemplates",
    ),
    DAEMON_SET: ("spec.selector",),
    "kubernetes:apps/v1:ReplicaSet": ("spec.selector",),
    "kubernetes:batch/v1:Job": ("spec.completionMode", "spec.completions", "spec.selector", "spec.template"),
}  # fmt: skip
# Optional and computed in the schema: the provider keeps the value that the program leaves out.
_COMPUTED: Mapping[str, tuple[str, ...]] = {
    CLUSTER: ("containerRuntime", "dataPlaneV2", "ignoreServiceCidrConflict", "isDualStack"),
    NODE_POOL: ("autoUpdateInstanceTags",),
}
_DEFAULTS = {"metadata.namespace": "default"}


def changed_keys(kind: str, before: Props, after: Props, state: Props) -> list[str]:
    """Return the changed properties that force a replacement, as a preview names them. `state`: the outputs
    when last read.

    A value that is not known yet counts as changed, as in a preview. A property that the program did not have
    before is compared with the state, as the providers do.
    """
    differing = _differing(kind, before, after, state)
    # The tencentcloud plugin names the outermost property.
    named = [path.split(".")[0] for path in differing] if kind.startswith("tencentcloud:") else differing
    return list(dict.fromkeys(named))


def _differing(kind: str, before: Props, after: Props, state: Props) -> list[str]:
    computed = _COMPUTED.get(kind, ())
    forced = (*(_OBJECT if kind.startswith("kubernetes:") else ()), *FORCE_NEW.get(kind, ()))
    return [path for path in forced if _differs(path, before, after, state, path in computed)]


def _differs(path: str, before: Props, after: Props, state: Props, computed: bool) -> bool:
    was, wanted = _value(before, path), _value(after, path)
    if wanted is None and (was is None or computed):
        return False
    if was is None:
        was = _value(state, path)
    default = _DEFAULTS.get(path)
    return (default if was is None else was) != (default if wanted is None else wanted)


def _value(props: Props, path: str) -> Any:
    return at(props, *path.split("."))


def reasons(step: Step) -> str:
    """Return why a resource is replaced: first the program's own changes, then values from other resources.

    The engine stops at the first reason: a pool of a replaced cluster is replaced for its `clusterId`,
    whatever else changes.
    """
    return replace(step, replace_keys=tuple(_all_reasons(step))).replaced_for


def way_back(step: Step) -> str:
    """Return the advice to go back to the old values of the program's own changes, if these may be shown."""
    each = [replace(step, replace_keys=(key,)).replaced_for for key in _all_reasons(step)]
    known = [text.partition(" → ")[0] for text in each if " → " in text and not text.endswith(NEW)]
    return f"go back to {', '.join(known)}" if known else "go back to the old value"


def _all_reasons(step: Step) -> list[str]:
    differing = _differing(step.type, step.old, step.new, step.state)
    own = [path for path in differing if not holds_unknown(_value(step.new, path))]
    outer = {path.split(".")[0] for path in own if "." in path}
    return list(dict.fromkeys([*own, *(key for key in step.replace_keys if key not in outer)]))
