"""The least access policy (CAM) of a program with these components: each action with its caller and its
reason.

The library's actions come from `cloud.client.ACTIONS`. The provider's actions were read in the source of
terraform-provider-tencentcloud 1.82.42, which package tencentcloud-iac-pulumi 0.2.3 bridges; files are
below its `tencentcloud/services/`.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

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


@dataclass(frozen=True)
class _Group:
    """Actions of one caller with one reason."""

    caller: str
    why: str
    source: str
    actions: str
    """Names of the actions, with spaces between them."""
    service: str = "tke"

    def needs(self) -> Iterator[Need]:
        for action in self.actions.split():
            yield Need(self.service, action, self.caller, self.why, self.source)


_CLUSTER, _ENDPOINT = "Kubernetes.Cluster", "Kubernetes.ClusterEndpoint"
_POOL, _SUBNET, _VPC = "Kubernetes.NodePool", "Subnet.Instance", "Vpc.Instance"
_CLUSTER_GO, _CLUSTER_MORE = (
    "tke/resource_tc_kubernetes_cluster.go",
    "tke/resource_tc_kubernetes_cluster_extension.go",
)
_ENDPOINT_GO = "tke/resource_tc_kubernetes_cluster_endpoint.go"
_POOL_GO = "tke/resource_tc_kubernetes_node_pool_extension.go"
_SUBNET_GO, _VPC_GO = "vpc/resource_tc_subnet.go", "vpc/resource_tc_vpc.go"
_TAG_GO = "tag/service_tencentcloud_tag.go"
_SERVICE_GO = "tke/service_tencentcloud_tke.go"

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

_COMMANDS = (
    _Group(
        "tke-hybrid drift",
        "the state of VPC-CNI; whether the kubeconfig is this cluster's",
        "pulumi_tke_hybrid/drift/collect.py",
        "DescribeClusters DescribeIPAMD DescribeClusterInstances",
    ),
    _Group(
        "tke-hybrid drift",
        "zones and ranges of subnets",
        "pulumi_tke_hybrid/drift/collect.py",
        "DescribeSubnets",
        "vpc",
    ),
)

_PROVIDER = (
    _Group(
        _CLUSTER, "create", _CLUSTER_GO, "CreateCluster DescribeClusterInstances DescribeClusterVirtualNode"
    ),
    _Group(
        _CLUSTER,
        "read, each refresh",
        _CLUSTER_GO,
        "DescribeClusters DescribeClusterEndpointStatus DescribeClusterEndpoints"
        " DescribeClusterInstances DescribeClusterKubeconfig DescribeClusterSecurity"
        " DescribeClusterAsGroupOption",
    ),
    _Group(_CLUSTER, "change of the name", _CLUSTER_GO, "ModifyClusterAttribute"),
    _Group(_CLUSTER, "change of tags", _CLUSTER_MORE, "ModifyClusterTags DescribeBatchModifyTagsStatus"),
    _Group(
        _CLUSTER,
        "another Kubernetes version",
        _SERVICE_GO,
        "DescribeAvailableClusterVersion UpdateClusterVersion",
    ),
    _Group(
        _CLUSTER,
        "change of deletion_protection",
        _SERVICE_GO,
        "EnableClusterDeletionProtection DisableClusterDeletionProtection",
    ),
    _Group(_CLUSTER, "delete", _CLUSTER_GO, "DeleteCluster DescribeClusterInstances"),
    _Group(
        _ENDPOINT,
        "create and read",
        _ENDPOINT_GO,
        "CreateClusterEndpoint DescribeClusterEndpointStatus DescribeClusterInstances"
        " DescribeClusterKubeconfig DescribeClusterSecurity DescribeClusterVirtualNode"
        " DescribeClusters",
    ),
    _Group(
        _ENDPOINT, "another security group of an internet endpoint", _SERVICE_GO, "ModifyClusterEndpointSP"
    ),
    _Group(_ENDPOINT, "delete", _ENDPOINT_GO, "DeleteClusterEndpoint"),
    _Group(
        _POOL,
        "create, read and change",
        _POOL_GO,
        "CreateClusterNodePool DescribeClusterInstances DescribeClusterNodePoolDetail"
        " DescribeClusters ModifyClusterNodePool ModifyNodePoolDesiredCapacityAboutAsg"
        " ModifyNodePoolInstanceTypes",
    ),
    _Group(
        _POOL,
        "its scaling group and launch settings",
        _POOL_GO,
        "DescribeAutoScalingGroups DescribeLaunchConfigurations ModifyAutoScalingGroup"
        " ModifyLaunchConfigurationAttributes",
        "as",
    ),
    _Group(_POOL, "security agent on existing CVM instances", _POOL_GO, "InvokeCommand", "tat"),
    _Group(_POOL, "delete", _POOL_GO, "DeleteClusterNodePool"),
    _Group(
        _SUBNET,
        "create, read, change, delete",
        _SUBNET_GO,
        "CreateSubnet DescribeSubnets ModifySubnetAttribute DeleteSubnet",
        "vpc",
    ),
    _Group(_SUBNET, "route_table_id", _SUBNET_GO, "DescribeRouteTables ReplaceRouteTableAssociation", "vpc"),
    _Group(_SUBNET, "tags", _TAG_GO, "DescribeResourceTagsByResourceIds ModifyResourceTags", "tag"),
)

_OWN_VPC = (
    _Group(
        _VPC,
        "create, read, change, delete",
        _VPC_GO,
        "CreateVpc DescribeVpcs DescribeRouteTables ModifyVpcAttribute DeleteVpc",
        "vpc",
    ),
    _Group(_VPC, "tags", _TAG_GO, "DescribeResourceTagsByResourceIds ModifyResourceTags", "tag"),
)

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


def needs(*, own_vpc: bool = False) -> list[Need]:
    """Return every action with every reason. `own_vpc`: the program also makes its VPC."""
    library = [
        Need(service, action, "the library", _REASONS[f"{service}:{action}"], "pulumi_tke_hybrid/cloud/")
        for service, actions in ACTIONS.items()
        for action in actions
    ]
    groups = (*_COMMANDS, *_PROVIDER, *(_OWN_VPC if own_vpc else ()))
    return [*library, *(need for group in groups for need in group.needs())]


def actions(*, read_only: bool = False, own_vpc: bool = False) -> list[str]:
    """Return the actions, sorted. `read_only`: for previews without refresh, `drift` and `doctor`."""
    return sorted({need.name for need in needs(own_vpc=own_vpc) if need.reads or not read_only})


def document(*, read_only: bool = False, own_vpc: bool = False) -> dict[str, Any]:
    """Return the policy in CAM's format. Most actions have no single resource, so the policy names actions
    alone."""
    return {
        "version": "2.0",
        "statement": [
            {"effect": "allow", "action": actions(read_only=read_only, own_vpc=own_vpc), "resource": ["*"]}
        ],
    }


def as_json(*, read_only: bool = False, own_vpc: bool = False) -> str:
    """Return the policy as text, for the console or `cam CreatePolicy`."""
    return json.dumps(document(read_only=read_only, own_vpc=own_vpc), indent=2) + "\n"


def as_markdown(*, read_only: bool = False, own_vpc: bool = False) -> str:
    """Return the policy with its reasons, for a security review."""
    found: dict[str, list[Need]] = {}
    for need in needs(own_vpc=own_vpc):
        if need.reads or not read_only:
            found.setdefault(need.name, []).append(need)
    lines = ["| action | caller and reason | source |", "|---|---|---|"]
    for name, reasons in sorted(found.items()):
        why = "<br>".join(dict.fromkeys(f"{need.caller}: {need.why}" for need in reasons))
        source = "<br>".join(f"`{source}`" for source in dict.fromkeys(need.source for need in reasons))
        lines.append(f"| `{name}` | {why} | {source} |")
    lines += [
        "",
        *(f"- {note}" for note in NOTES),
        "",
        "```json",
        as_json(read_only=read_only, own_vpc=own_vpc).rstrip(),
        "```",
        "",
    ]
    return "\n".join(lines)
