"""Stand-in for the lists of clusters and of their nodes.

`Property` of a hybrid cluster has no static-IP mode, as in samples of the cloud's answers; a setting adds
the mode.
"""

import functools
import json

from tests.lab.cloud.core import Call, Handler, tag_list
from tests.lab.cloud.errors import ApiError
from tests.lab.cloud.listing import Filters, listing
from tests.lab.cloud.params import Json, Params
from tests.lab.world import Cluster, Instance


def describe_clusters(call: Call) -> Json:
    """Unknown ids are left out, not an error."""
    wanted = call.params.texts("ClusterIds")
    clusters = [cluster for cluster in call.clusters() if not wanted or cluster.cluster_id in wanted]
    keys: Filters[Cluster] = {
        "ClusterName": lambda cluster: cluster.name,
        "ClusterStatus": lambda cluster: cluster.status,
        "ClusterType": _type_of,
        "vpc-id": lambda cluster: cluster.vpc_id,
    }
    shown = functools.partial(_shown, call)
    return listing(call.params, "Clusters", clusters, shown, keys, lambda cluster: cluster.tags)


def describe_cluster_status(call: Call) -> Json:
    wanted = call.params.texts("ClusterIds")
    clusters = [cluster for cluster in call.clusters() if not wanted or cluster.cluster_id in wanted]
    return {"ClusterStatusSet": [_status(cluster) for cluster in clusters], "TotalCount": len(clusters)}


def describe_cluster_instances(call: Call) -> Json:
    cluster = call.cluster()
    if cluster.status == "Creating":
        raise ApiError(
            "InternalError.ClusterState", f"CLUSTER_STATE_ERROR[cluster {cluster.cluster_id} is creating]."
        )
    params = call.params
    role, wanted = params.text("InstanceRole", "WORKER"), params.texts("InstanceIds")
    machines = [
        instance
        for instance in cluster.instances.values()
        if role in ("WORKER", "ALL") and (not wanted or instance.instance_id in wanted)
    ]
    keys: Filters[Instance] = {
        "nodepool-id": lambda machine: machine.node_pool_id,
        "nodepool-instance-type": lambda machine: machine.instance_type,
    }
    return listing(params, "InstanceSet", machines, functools.partial(_machine, cluster), keys)


def describe_cluster_virtual_node(call: Call) -> Json:
    call.cluster()
    return {"Nodes": [], "TotalCount": 0}


def _type_of(cluster: Cluster) -> str:
    return str(cluster.raw.get("ClusterType", ""))


def _machine(cluster: Cluster, machine: Instance) -> Json:
    pool = cluster.node_pools.get(machine.node_pool_id)
    return {
        "InstanceId": machine.instance_id,
        "InstanceRole": "WORKER",
        "FailedReason": "",
        "InstanceState": machine.state,
        "DrainStatus": "",
        "InstanceAdvancedSettings": None,
        "CreatedTime": machine.created,
        "LanIP": machine.private_ip,
        "NodePoolId": machine.node_pool_id,
        "AutoscalingGroupId": pool.auto_scaling_group_id if pool else "",
    }


def _status(cluster: Cluster) -> Json:
    states = [machine.state for machine in cluster.instances.values()]
    return {
        "ClusterId": cluster.cluster_id,
        "ClusterState": cluster.status,
        "ClusterInstanceState": "AllNormal",
        "ClusterBMonitor": True,
        "ClusterInitNodeNum": states.count("initializing"),
        "ClusterRunningNodeNum": states.count("running"),
        "ClusterFailedNodeNum": states.count("failed"),
        "ClusterClosedNodeNum": 0,
        "ClusterClosingNodeNum": 0,
        "ClusterDeletionProtection": cluster.deletion_protection,
        "ClusterAuditEnabled": False,
    }


def _shown(call: Call, cluster: Cluster) -> Json:
    request = Params(cluster.raw)
    basics, advanced = request.child("ClusterBasicSettings"), request.child("ClusterAdvancedSettings")
    return {
        "ClusterId": cluster.cluster_id,
        "ClusterName": cluster.name,
        "ClusterDescription": cluster.description,
        "ClusterVersion": cluster.version,
        "ClusterOs": basics.text("ClusterOs") or "tlinux3.1x86_64",
        "ClusterType": _type_of(cluster),
        "ClusterNetworkSettings": _network(call, cluster, request),
        "ClusterNodeNum": len(cluster.instances),
        "ProjectId": cluster.project_id,
        "TagSpecification": (
            [{"ResourceType": "cluster", "Tags": tag_list(cluster.tags)}] if cluster.tags else []
        ),
        "ClusterStatus": cluster.status,
        "Property": _property(call, cluster, advanced),
        "ClusterMaterNodeNum": 0,
        "ImageId": request.text("ImageId"),
        "OsCustomizeType": basics.text("OsCustomizeType") or "GENERAL",
        "ContainerRuntime": advanced.text("ContainerRuntime") or "containerd",
        "CreatedTime": cluster.created,
        "DeletionProtection": cluster.deletion_protection,
        "EnableExternalNode": False,
        "ClusterLevel": cluster.level,
        "AutoUpgradeClusterLevel": basics.child("AutoUpgradeClusterLevel").flag("IsAutoUpgrade"),
        "QGPUShareEnable": False,
        "RuntimeVersion": advanced.text("RuntimeVersion") or "1.6.9",
        "ClusterEtcdNodeNum": 0,
        "CdcId": "",
    }


def _network(call: Call, cluster: Cluster, request: Params) -> Json:
    cidrs, advanced = request.child("ClusterCIDRSettings"), request.child("ClusterAdvancedSettings")
    subnets: list[str] | None = None if call.cloud.settings.plain_subnets_null else []
    if cluster.vpc_cni is not None:
        subnets = list(cluster.vpc_cni.subnet_ids)
    return {
        "ClusterCIDR": cluster.cluster_cidr,
        "IgnoreClusterCIDRConflict": cidrs.flag("IgnoreClusterCIDRConflict"),
        "MaxNodePodNum": cluster.max_pod_num,
        "MaxClusterServiceNum": cluster.max_service_num,
        "Ipvs": advanced.flag("IPVS"),
        "VpcId": cluster.vpc_id,
        "Cni": True,
        "KubeProxyMode": advanced.text("KubeProxyMode"),
        "ServiceCIDR": cluster.service_cidr,
        "Subnets": subnets,
        "IgnoreServiceCIDRConflict": cidrs.flag("IgnoreServiceCIDRConflict"),
        "IsDualStack": advanced.flag("IsDualStack"),
        "Ipv6ServiceCIDR": "",
        "CiliumMode": advanced.text("CiliumMode"),
        "SubnetId": "",
        "DataPlaneV2": advanced.flag("DataPlaneV2"),
    }


def _property(call: Call, cluster: Cluster, advanced: Params) -> str:
    """`NetworkType` stays GR in a hybrid cluster; `VpcCniType` appears with VPC-CNI."""
    known: Json = {
        "NodeNameType": advanced.text("NodeNameType") or "lan-ip",
        "NetworkType": cluster.network_type,
        "IsNonStaticIpMode": cluster.non_static_ip_mode,
        "EnableCustomizedPodCIDR": advanced.flag("EnableCustomizedPodCIDR"),
        "BasePodNumber": advanced.number("BasePodNumber"),
    }
    if cluster.vpc_cni is not None:
        known["VpcCniType"] = cluster.vpc_cni.cni_type
        known["IsSupportMultiENI"] = True
        del known["IsNonStaticIpMode"]
        if call.cloud.settings.property_has_static:
            known["IsNonStaticIpMode"] = not cluster.vpc_cni.static_ip
    return json.dumps(known)


ACTIONS: dict[str, Handler] = {
    "DescribeClusterInstances": describe_cluster_instances,
    "DescribeClusterStatus": describe_cluster_status,
    "DescribeClusterVirtualNode": describe_cluster_virtual_node,
    "DescribeClusters": describe_clusters,
}
