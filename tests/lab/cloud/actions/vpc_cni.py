"""Stand-in for VPC-CNI of a TKE cluster: enable, add subnets, disable, describe.

Enabling is a task, which may take time and may fail with a reason (DescribeEnableVpcCniProgress). A listed
subnet may be added again, without effect. From 3.5.0 on, component management has ipamd as the add-on
eniipamd (DescribeAddon).
"""

from tests.lab.cloud.core import Call, Handler
from tests.lab.cloud.errors import ApiError, missing
from tests.lab.cloud.params import Json
from tests.lab.cloud.settings import LIVE
from tests.lab.world import ADDON, Cluster, Enabling, VpcCni, is_addon

_CNI_TYPES = ("tke-route-eni", "tke-direct-eni")
_SHORTEST_RECLAIM, _LONGEST_RECLAIM = 300, 15_768_000


def enable_vpc_cni(call: Call) -> Json:
    cluster, params = call.cluster(), call.params
    _refuse_unless_running(cluster)
    if cluster.network_type != "GR":
        raise _enable_failed(
            f"network type of cluster {cluster.cluster_id} is {cluster.network_type}, only GR is supported"
        )
    if cluster.vpc_cni is not None:
        raise _enable_failed(f"vpc-cni of cluster {cluster.cluster_id} is already enabled")
    if cluster.enabling is not None and cluster.enabling.status == "Running":
        raise _enable_failed(f"vpc-cni of cluster {cluster.cluster_id} is being enabled")
    cni_type = params.need("VpcCniType")
    if cni_type not in _CNI_TYPES:
        raise ApiError("InvalidParameter.Param", f"PARAM_ERROR[VpcCniType {cni_type}].")
    if not params.has("EnableStaticIp"):
        raise missing("EnableStaticIp")
    static = params.flag("EnableStaticIp")
    seconds = params.number("ExpiredSeconds") if params.has("ExpiredSeconds") else None
    if seconds is not None and not _SHORTEST_RECLAIM <= seconds <= _LONGEST_RECLAIM:
        raise ApiError(
            "InvalidParameter.Param", f"PARAM_ERROR[ExpiredSeconds must not be below {_SHORTEST_RECLAIM}]."
        )
    wanted = VpcCni(
        cni_type,
        static,
        seconds if static else None,
        _checked_subnets(call, cluster, "Subnets"),
        non_masquerade_added=not params.flag("SkipAddingNonMasqueradeCIDRs"),
    )
    task = cluster.enabling = Enabling()

    def done() -> None:
        task.error = call.cloud.settings.enable_error
        task.status = "Failed" if task.error else "Succeed"
        if not task.error:
            cluster.vpc_cni = wanted

    call.cloud.later(call.cloud.settings.slow_enable, done, f"vpc-cni of {cluster.cluster_id}")
    return {}


def add_subnets(call: Call) -> Json:
    cluster, params = call.cluster(), call.params
    _refuse_unless_running(cluster)
    vpc_cni = cluster.vpc_cni
    if vpc_cni is None or vpc_cni.disabling:
        raise _add_failed(f"vpc-cni of cluster {cluster.cluster_id} is not enabled")
    if params.need("VpcId") != cluster.vpc_id:
        raise _add_failed(f"vpc {params.text('VpcId')} is not that of cluster {cluster.cluster_id}")
    wanted = _checked_subnets(call, cluster, "SubnetIds")
    vpc_cni.non_masquerade_added = vpc_cni.non_masquerade_added or not params.flag(
        "SkipAddingNonMasqueradeCIDRs"
    )

    def listed() -> None:
        vpc_cni.subnet_ids.extend(subnet_id for subnet_id in wanted if subnet_id not in vpc_cni.subnet_ids)

    call.cloud.later(call.cloud.settings.slow_add_subnets, listed, f"subnets of {cluster.cluster_id}")
    return {}


def disable_vpc_cni(call: Call) -> Json:
    cluster = call.cluster()
    _refuse_unless_running(cluster)
    vpc_cni = cluster.vpc_cni
    if vpc_cni is None or vpc_cni.disabling or cluster.network_type != "GR":
        raise ApiError(
            "FailedOperation.DisableVPCCNIFailed",
            f"DISABLE_VPC_CNI_FAILED[cluster {cluster.cluster_id} is not hybrid].",
        )
    vpc_cni.disabling = True

    def off() -> None:
        cluster.vpc_cni = None

    call.cloud.later(call.cloud.settings.slow_disable, off, f"vpc-cni of {cluster.cluster_id}")
    return {}


def describe_ipamd(call: Call) -> Json:
    vpc_cni, settings = call.cluster().vpc_cni, call.cloud.settings
    if vpc_cni is None:
        return _ipamd(enabled=False, disabled=False, phase="", reason="", subnets=None, reclaim="")
    phase = vpc_cni.phase if settings.ipamd_phase == LIVE else settings.ipamd_phase
    reason = vpc_cni.reason if settings.ipamd_reason == LIVE else settings.ipamd_reason
    return _ipamd(
        enabled=True,
        disabled=vpc_cni.disabling,
        phase="upgrading" if vpc_cni.disabling else phase,
        reason="" if phase == "running" else reason,
        # The list of the running ipamd; before ipamd runs, the list that ipamd will get.
        subnets=list(vpc_cni.ipamd_subnet_ids or vpc_cni.subnet_ids),
        reclaim=f"{vpc_cni.reclaim_seconds or 0}s",
    )


def describe_progress(call: Call) -> Json:
    cluster = call.cluster()
    if cluster.enabling is None:
        raise _enable_failed(f"cluster {cluster.cluster_id} has no task that enables vpc-cni")
    return {"Status": cluster.enabling.status, "ErrorMessage": cluster.enabling.error}


def describe_addon(call: Call) -> Json:
    """The add-ons of a cluster that component management has; of these the lab knows eniipamd alone."""
    cluster, name, version = call.cluster(), call.params.text("AddonName"), call.world.ipamd_version
    if cluster.vpc_cni is None or not is_addon(version) or name not in ("", ADDON):
        return {"Addons": []}
    phase = {
        "AddonName": ADDON,
        "AddonVersion": version.removeprefix("v"),
        "RawValues": "",
        "Phase": "Succeeded",
        "Reason": "",
    }
    return {"Addons": [{**phase, "CreateTime": cluster.created}]}


def _refuse_unless_running(cluster: Cluster) -> None:
    if cluster.status != "Running":
        raise ApiError(
            "FailedOperation.ClusterState",
            f"CLUSTER_STATE_ERROR[cluster {cluster.cluster_id} is {cluster.status}].",
        )


def _checked_subnets(call: Call, cluster: Cluster, field: str) -> list[str]:
    subnet_ids = call.params.texts(field)
    if not subnet_ids:
        raise missing(field)
    if len(set(subnet_ids)) != len(subnet_ids):
        raise ApiError("InvalidParameter.Param", f"PARAM_ERROR[{field} has the same subnet twice].")
    known = {subnet.subnet_id: subnet for subnet in call.subnets()}
    for subnet_id in subnet_ids:
        if subnet_id not in known:
            raise ApiError("InvalidParameter.SubnetNotExist", f"SUBNET_NOT_EXIST[{subnet_id}].")
        if known[subnet_id].vpc_id != cluster.vpc_id:
            raise ApiError(
                "InvalidParameter.SubnetInvalidError",
                f"SUBNET_INVALID_ERROR[{subnet_id} is not in {cluster.vpc_id}].",
            )
    return subnet_ids


def _ipamd(
    *, enabled: bool, disabled: bool, phase: str, reason: str, subnets: list[str] | None, reclaim: str
) -> Json:
    return {
        "EnableIPAMD": enabled,
        "EnableCustomizedPodCidr": False,
        "DisableVpcCniMode": disabled,
        "Phase": phase,
        "Reason": reason,
        "SubnetIds": subnets,
        "ClaimExpiredDuration": reclaim,
        "EnableTrunkingENI": False,
    }


def _enable_failed(why: str) -> ApiError:
    return ApiError("FailedOperation.EnableVPCCNIFailed", f"ENABLE_VPC_CNI_FAILED[{why}].")


def _add_failed(why: str) -> ApiError:
    return ApiError("FailedOperation.AddVpcCniSubnetsFailed", f"ADD_VPC_CNI_SUBNETS_FAILED[{why}].")


ACTIONS: dict[str, Handler] = {
    "AddVpcCniSubnets": add_subnets,
    "DescribeAddon": describe_addon,
    "DescribeEnableVpcCniProgress": describe_progress,
    "DescribeIPAMD": describe_ipamd,
    "DisableVpcCniNetworkType": disable_vpc_cni,
    "EnableVpcCniNetworkType": enable_vpc_cni,
}
