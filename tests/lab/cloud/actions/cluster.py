"""Stand-in for the life of a TKE cluster: create, change, protect, delete."""

import asyncio
import logging
import secrets

from tests.lab.cloud.actions.cluster_ranges import ranges_of
from tests.lab.cloud.core import Call, Cloud, Handler, tke_time
from tests.lab.cloud.errors import ApiError, missing
from tests.lab.cloud.params import Json, Params
from tests.lab.world import Cluster, ClusterStatus, Vpc, VpcCni

_log = logging.getLogger(__name__)
_DEFAULT_VERSION = "1.30.0"
_NETWORK_TYPES = ("GR", "VPC-CNI", "CiliumOverlay")


def create_cluster(call: Call) -> Json:
    params, basics = call.params, call.params.child("ClusterBasicSettings")
    advanced, cidrs = params.child("ClusterAdvancedSettings"), params.child("ClusterCIDRSettings")
    if params.need("ClusterType") not in ("MANAGED_CLUSTER", "INDEPENDENT_CLUSTER"):
        raise ApiError("InvalidParameter.Param", "PARAM_ERROR[ClusterType].")
    vpc = call.world.vpcs.get(basics.need("VpcId"))
    if vpc is None or vpc.region != call.region:
        raise ApiError("InvalidParameter.Param", f"PARAM_ERROR[vpc {basics.text('VpcId')} not found].")
    network_type = advanced.text("NetworkType") or "GR"
    if network_type not in _NETWORK_TYPES:
        raise ApiError("InvalidParameter.Param", f"PARAM_ERROR[NetworkType {network_type}].")
    ranges = ranges_of(call, cidrs, vpc, network_type)
    tags = {k: v for item in basics.children("TagSpecification") for k, v in item.pairs("Tags").items()}
    cluster = Cluster(
        cluster_id=call.world.new_id("cls"),
        name=basics.text("ClusterName"),
        vpc_id=vpc.vpc_id,
        region=call.region,
        network_type=network_type,
        cluster_cidr=ranges.cluster_cidr,
        service_cidr=ranges.service_cidr,
        max_pod_num=ranges.max_pods,
        max_service_num=ranges.max_services,
        version=basics.text("ClusterVersion") or _DEFAULT_VERSION,
        non_static_ip_mode=advanced.flag("IsNonStaticIpMode"),
        deletion_protection=advanced.flag("DeletionProtection"),
        raw=params.raw(),
        tags=tags,
        admin_password=secrets.token_urlsafe(24),
        description=basics.text("ClusterDescription"),
        level=basics.text("ClusterLevel") or "L5",
        project_id=basics.number("ProjectId"),
        created=tke_time(),
    )
    if network_type == "VPC-CNI":
        cluster.vpc_cni = _native_vpc_cni(call, advanced, cidrs, vpc)
    # A GR cluster ignores `EniSubnetIds`, `VpcCniType` and `ClaimExpiredSeconds` without a word.
    call.world.clusters[cluster.cluster_id] = cluster
    call.cloud.starting[cluster.cluster_id] = call.cloud.background(
        _start(call.cloud, cluster), f"start of {cluster.cluster_id}"
    )
    return {"ClusterId": cluster.cluster_id}


def delete_cluster(call: Call) -> Json:
    cluster = call.cluster()
    if call.params.need("InstanceDeleteMode") not in ("terminate", "retain"):
        raise ApiError("InvalidParameter.Param", "PARAM_ERROR[InstanceDeleteMode is terminate or retain].")
    if cluster.deletion_protection:
        raise ApiError(
            "OperationDenied.ClusterInDeletionProtection",
            f"Cluster {cluster.cluster_id} is in deletion protection.",
        )
    if cluster.status == "Deleting":
        raise ApiError(
            "FailedOperation.ClusterState", f"CLUSTER_STATE_ERROR[cluster {cluster.cluster_id} is deleting]."
        )
    cluster.status = "Deleting"
    call.cloud.ending.add(call.cloud.background(_delete(call.cloud, cluster), f"end of {cluster.cluster_id}"))
    return {}


def modify_cluster_attribute(call: Call) -> Json:
    cluster, params = call.cluster(), call.params
    cluster.name = params.text("ClusterName", cluster.name)
    cluster.description = params.text("ClusterDesc", cluster.description)
    cluster.level = params.text("ClusterLevel", cluster.level)
    cluster.project_id = params.number("ProjectId", cluster.project_id)
    return {
        "ProjectId": cluster.project_id,
        "ClusterName": cluster.name,
        "ClusterDesc": cluster.description,
        "ClusterLevel": cluster.level,
        "AutoUpgradeClusterLevel": {
            "IsAutoUpgrade": params.child("AutoUpgradeClusterLevel").flag("IsAutoUpgrade")
        },
    }


def modify_cluster_tags(call: Call) -> Json:
    call.cluster().tags = call.params.pairs("Tags")
    return {}


def describe_batch_modify_tags_status(call: Call) -> Json:
    call.cluster()
    return {"FailedResources": [], "Status": "done", "SyncSubresource": False, "Tags": []}


def update_cluster_version(call: Call) -> Json:
    cluster = call.cluster()
    cluster.version = call.params.need("DstVersion")
    return {}


def modify_cluster_image(call: Call) -> Json:
    cluster = call.cluster()
    cluster.raw["ImageId"] = call.params.need("ImageId")
    return {}


def enable_deletion_protection(call: Call) -> Json:
    call.cluster().deletion_protection = True
    return {}


def disable_deletion_protection(call: Call) -> Json:
    call.cluster().deletion_protection = False
    return {}


def _native_vpc_cni(call: Call, advanced: Params, cidrs: Params, vpc: Vpc) -> VpcCni:
    subnet_ids = cidrs.texts("EniSubnetIds")
    if not subnet_ids:
        raise missing("ClusterCIDRSettings.EniSubnetIds")
    for subnet_id in subnet_ids:
        if call.subnet(subnet_id).vpc_id != vpc.vpc_id:
            raise ApiError(
                "InvalidParameter.SubnetInvalidError",
                f"SUBNET_INVALID_ERROR[{subnet_id} is not in {vpc.vpc_id}].",
            )
    static = not advanced.flag("IsNonStaticIpMode")
    seconds = cidrs.number("ClaimExpiredSeconds") if static and cidrs.has("ClaimExpiredSeconds") else None
    return VpcCni(
        advanced.text("VpcCniType") or "tke-route-eni", static, seconds, subnet_ids, non_masquerade_added=True
    )


async def _start(cloud: Cloud, cluster: Cluster) -> None:
    status: ClusterStatus = "Running"
    try:
        await asyncio.sleep(cloud.settings.slow_start)
        await cloud.runtime.start(cluster)
    except Exception:
        _log.exception("the control plane of %s did not start", cluster.cluster_id)
        status = "Abnormal"
    finally:
        cloud.starting.pop(cluster.cluster_id, None)
    if cluster.status == "Creating":  # else it is being deleted already
        cluster.status = status


async def _delete(cloud: Cloud, cluster: Cluster) -> None:
    if (start := cloud.starting.get(cluster.cluster_id)) is not None:
        await asyncio.wait([start])
    await cloud.pause(cloud.settings.slow_delete)
    try:
        await cloud.runtime.stop(cluster)
    finally:
        del cloud.world.clusters[cluster.cluster_id]
        await cloud.pause(cloud.settings.slow_release)
        release_addresses(cloud, cluster)


def release_addresses(cloud: Cloud, cluster: Cluster) -> None:
    """Everything that the cluster holds: its machines, the ENIs of pods and nodes, its load balancers."""
    world = cloud.world
    balancers = {
        balancer.lb_id
        for balancer in world.load_balancers.values()
        if balancer.cluster_id == cluster.cluster_id and not balancer.user_made
    }
    owners = cluster.instances.keys() | balancers | ({cluster.intranet.lb_id} - {""})
    for subnet in world.subnets.values():
        for address, owner in list(subnet.leases.items()):
            if owner in owners or owner.startswith(
                (f"eni:{cluster.cluster_id}/", f"eni-primary:{cluster.cluster_id}/")
            ):
                subnet.release(address)
    for lb_id in balancers:
        del world.load_balancers[lb_id]
    cluster.instances.clear()
    cluster.node_pools.clear()


ACTIONS: dict[str, Handler] = {
    "CreateCluster": create_cluster,
    "DeleteCluster": delete_cluster,
    "DescribeBatchModifyTagsStatus": describe_batch_modify_tags_status,
    "DisableClusterDeletionProtection": disable_deletion_protection,
    "EnableClusterDeletionProtection": enable_deletion_protection,
    "ModifyClusterAttribute": modify_cluster_attribute,
    "ModifyClusterImage": modify_cluster_image,
    "ModifyClusterTags": modify_cluster_tags,
    "UpdateClusterVersion": update_cluster_version,
}
