"""The least access policy (CAM) of a program with these components: each action with its caller and its
reason.

The library's actions come from `cloud.api_client.ACTIONS`. The provider's actions were read in the source of
terraform-provider-tencentcloud 1.82.42, which package tencentcloud-iac-pulumi 0.2.3 bridges; files are
below its `tencentcloud/services/`.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pulumi_tke_hybrid.cloud.api_client import ACTIONS, ASKED_FOR, READS

_HANDS_OUT = ("DescribeClusterKubeconfig", "DescribeClusterSecurity")
"""Actions that change nothing, but return the credentials of the cluster's administrator."""


@dataclass(frozen=True)
class Need:
    """One action with one reason."""

    service: str
    action: str
    caller: str
    why: str
    source: str

    @property
    def name(self) -> str:
        """The action in the notation of a policy."""
        return f"{self.service}:{self.action}"

    @property
    def reads(self) -> bool:
        """Whether the action changes nothing and returns no credentials."""
        return self.action.startswith(READS) and self.action not in _HANDS_OUT


def _needs(where: tuple[str, str], why: str, actions: str, service: str = "tke") -> list[Need]:
    """Return the needs of one caller with one reason. `where`: the caller and its source; `actions`: names
    with spaces between them."""
    caller, source = where
    return [Need(service, action, caller, why, source) for action in actions.split()]


_SERVICE_GO, _TAG_GO = "tke/service_tencentcloud_tke.go", "tag/service_tencentcloud_tag.go"
_DRIFT = ("tke-hybrid drift", "pulumi_tke_hybrid/drift/collect.py")
_CLUSTER = ("Kubernetes.Cluster", "tke/resource_tc_kubernetes_cluster.go")
_CLUSTER_TAGS = ("Kubernetes.Cluster", "tke/resource_tc_kubernetes_cluster_extension.go")
_CLUSTER_CHANGE = ("Kubernetes.Cluster", _SERVICE_GO)
_ENDPOINT = ("Kubernetes.ClusterEndpoint", "tke/resource_tc_kubernetes_cluster_endpoint.go")
_ENDPOINT_CHANGE = ("Kubernetes.ClusterEndpoint", _SERVICE_GO)
_POOL = ("Kubernetes.NodePool", "tke/resource_tc_kubernetes_node_pool_extension.go")
_SUBNET, _SUBNET_TAGS = ("Subnet.Instance", "vpc/resource_tc_subnet.go"), ("Subnet.Instance", _TAG_GO)
_VPC, _VPC_TAGS = ("Vpc.Instance", "vpc/resource_tc_vpc.go"), ("Vpc.Instance", _TAG_GO)
_TAGS = "DescribeResourceTagsByResourceIds ModifyResourceTags"

_REASONS = {
    "tke:EnableVpcCniNetworkType": "VpcCni: switches VPC-CNI on",
    "tke:AddVpcCniSubnets": "VpcCni: registers a further zone",
    "tke:DescribeClusterEndpointStatus": "which endpoints of a cluster are open, before a kubeconfig is used",
    "tke:DescribeClusterKubeconfig": (
        "which addresses are kept, before a cluster goes; which pods live, before VPC-CNI is switched off"
    ),
    "tke:DescribeIPAMD": "VpcCni: the state of ipamd, and waiting until ipamd works",
    "tke:DescribeEnableVpcCniProgress": "VpcCni: why switching it on failed",
    "tke:DescribeAddon": "tke-hybrid drift: the version of ipamd",
    "tke:DescribeClusters": "VpcCni: the state of the cluster; a cluster that an earlier run left behind",
    "tke:DescribeNodePools": (
        "a node pool that an earlier run left behind; a pool's size before it is changed"
    ),
    "vpc:DescribeSubnets": "whether a subnet is empty before it is deleted",
    "vpc:DescribeVpcs": "tke-hybrid doctor --state: whether a VPC is still there",
    "sts:GetCallerIdentity": "that the credentials are of the stack's account",
    "tke:DescribeClusterInstances": "whether a kubeconfig is this cluster's",
    "tke:DescribeVpcCniPodLimits": "the ENIs and pods that an instance type takes",
    "cam:GetRole": "tke-hybrid doctor: the role that ipamd needs",
    "cam:ListAttachedRolePolicies": "tke-hybrid doctor: the policy of that role",
}

_COMMANDS = [
    *_needs(
        _DRIFT,
        "the state of VPC-CNI; whether the kubeconfig is this cluster's",
        "DescribeClusters DescribeIPAMD DescribeClusterInstances",
    ),
    *_needs(_DRIFT, "zones and ranges of subnets", "DescribeSubnets", "vpc"),
]

_PROVIDER = [
    *_needs(_CLUSTER, "create", "CreateCluster DescribeClusterInstances DescribeClusterVirtualNode"),
    *_needs(
        _CLUSTER,
        "read, each refresh",
        "DescribeClusters DescribeClusterEndpointStatus DescribeClusterEndpoints"
        " DescribeClusterInstances DescribeClusterKubeconfig DescribeClusterSecurity"
        " DescribeClusterAsGroupOption",
    ),
    *_needs(_CLUSTER, "change of the name", "ModifyClusterAttribute"),
    *_needs(_CLUSTER_TAGS, "change of tags", "ModifyClusterTags DescribeBatchModifyTagsStatus"),
    *_needs(
        _CLUSTER_CHANGE, "another Kubernetes version", "DescribeAvailableClusterVersion UpdateClusterVersion"
    ),
    *_needs(
        _CLUSTER_CHANGE,
        "change of deletion_protection",
        "EnableClusterDeletionProtection DisableClusterDeletionProtection",
    ),
    *_needs(_CLUSTER, "delete", "DeleteCluster DescribeClusterInstances"),
    *_needs(
        _ENDPOINT,
        "create and read",
        "CreateClusterEndpoint DescribeClusterEndpointStatus DescribeClusterInstances"
        " DescribeClusterKubeconfig DescribeClusterSecurity DescribeClusterVirtualNode"
        " DescribeClusters",
    ),
    *_needs(_ENDPOINT_CHANGE, "another security group of an internet endpoint", "ModifyClusterEndpointSP"),
    *_needs(_ENDPOINT, "delete", "DeleteClusterEndpoint"),
    *_needs(
        _POOL,
        "create, read and change",
        "CreateClusterNodePool DescribeClusterInstances DescribeClusterNodePoolDetail"
        " DescribeClusters ModifyClusterNodePool ModifyNodePoolDesiredCapacityAboutAsg"
        " ModifyNodePoolInstanceTypes",
    ),
    *_needs(
        _POOL,
        "its scaling group and launch settings",
        "DescribeAutoScalingGroups DescribeLaunchConfigurations ModifyAutoScalingGroup"
        " ModifyLaunchConfigurationAttributes",
        "as",
    ),
    *_needs(_POOL, "security agent on existing CVM instances", "InvokeCommand", "tat"),
    *_needs(_POOL, "delete", "DeleteClusterNodePool"),
    *_needs(
        _SUBNET,
        "create, read, change, delete",
        "CreateSubnet DescribeSubnets ModifySubnetAttribute DeleteSubnet",
        "vpc",
    ),
    *_needs(_SUBNET, "route_table_id", "DescribeRouteTables ReplaceRouteTableAssociation", "vpc"),
    *_needs(_SUBNET_TAGS, "tags", _TAGS, "tag"),
]

_OWN_VPC = [
    *_needs(
        _VPC,
        "create, read, change, delete",
        "CreateVpc DescribeVpcs DescribeRouteTables ModifyVpcAttribute DeleteVpc",
        "vpc",
    ),
    *_needs(_VPC_TAGS, "tags", _TAGS, "tag"),
]

NOTES = (
    (
        "TKE makes CVM instances, ENIs and load balancers through its own roles (TKE_QCSRole,"
        " IPAMDofTKE_QCSRole), not with these permissions."
    ),
    "A sub-account that adds CVM instances also needs the permission to pay (finance:trade), see 457/30702.",
    (
        "Where a role is assumed, these are the role's permissions; the key's owner needs sts:AssumeRole for"
        " that role, and nothing else."
    ),
    "Inside the cluster, Kubernetes' own RBAC decides; the creator of the cluster is its administrator.",
    (
        "tke:DescribeClusterKubeconfig and tke:DescribeClusterSecurity return the cluster's credentials, so"
        " --read-only leaves them out. The provider calls them whenever it reads a cluster or its endpoint:"
        " in `up`, `refresh` and `destroy`, and in a preview with --refresh (or `refresh: always` in"
        " Pulumi.yaml) or of a cluster that is imported. Any other preview, drift and doctor do not need"
        " them."
    ),
    (
        f"{', '.join(ASKED_FOR)} is not in the policy: it ends the network of every ENI pod. Only a"
        ' `VpcCni` with on_delete="disable" calls it; grant it for that program alone.'
    ),
)
"""Conditions beside the policy."""


def needs(*, read_only: bool = False, own_vpc: bool = False) -> list[Need]:
    """Return every action with every reason. `read_only`: for previews without refresh, `drift` and `doctor`;
    `own_vpc`: the program also makes its VPC."""
    library = [
        Need(service, action, "the library", _REASONS[f"{service}:{action}"], "pulumi_tke_hybrid/cloud/")
        for service, listed in ACTIONS.items()
        for action in listed
    ]
    found = [*library, *_COMMANDS, *_PROVIDER, *(_OWN_VPC if own_vpc else ())]
    return [need for need in found if need.reads or not read_only]


def actions(found: Iterable[Need]) -> list[str]:
    """Return the names of the actions, sorted."""
    return sorted({need.name for need in found})


def as_json(found: Iterable[Need]) -> str:
    """Return the policy in CAM's format, for the console or `cam CreatePolicy`. Most actions have no single
    resource, so the policy names actions alone."""
    statement = {"effect": "allow", "action": actions(found), "resource": ["*"]}
    return json.dumps({"version": "2.0", "statement": [statement]}, indent=2) + "\n"


def as_markdown(found: Sequence[Need]) -> str:
    """Return the policy with its reasons, for a security review."""
    lines = ["| action | caller and reason | source |", "|---|---|---|"]
    for name in actions(found):
        reasons = [need for need in found if need.name == name]
        why = "<br>".join(dict.fromkeys(f"{need.caller}: {need.why}" for need in reasons))
        source = "<br>".join(dict.fromkeys(f"`{need.source}`" for need in reasons))
        lines.append(f"| `{name}` | {why} | {source} |")
    notes = [f"- {note}" for note in NOTES]
    return "\n".join([*lines, "", *notes, "", "```json", as_json(found).rstrip(), "```", ""])
