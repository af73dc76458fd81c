"""The VPC-CNI part of a cluster's update in the stand-in plugin: enable, add subnets, disable, and the
refusals."""

from tests.lab.tencentcloud_plugin.client import Api, ApiError, Json
from tests.lab.tencentcloud_plugin.resource import Data
from tests.lab.tencentcloud_plugin.timing import Retry
from tests.lab.tencentcloud_plugin.tke import describe_cluster

_WAIT_BEFORE_PHASE = 3
ONLY_TYPE_OR_CLAIM = (
    "changing only `vpc_cni_type` or `claim_expired_seconds` is not supported, when turning on or off the"
    " vpc-cni container network capability, `eni_subnet_ids` must be changed"
)
ADD_WITH_TYPE_OR_CLAIM = (
    "modifying `vpc_cni_type` and `claim_expired_seconds` is not supported when adding a cluster subnet"
)


def update_vpc_cni(api: Api, data: Data) -> None:
    """ "Old subnets" are those of the API, not those of the state."""
    write_once = data.has_change("vpcCniType", "claimExpiredSeconds")
    if not data.has_change("eniSubnetIds"):
        if write_once:
            raise ValueError(ONLY_TYPE_OR_CLAIM)
        return
    wanted = data.strings("eniSubnetIds")
    if not wanted:
        _disable(api, data.id)
        return
    cluster = describe_cluster(api, data.id)
    if cluster is None:
        raise ValueError(f"cluster {data.id} not found")
    old: list[str] = cluster["ClusterNetworkSettings"].get("Subnets") or []
    if not old:
        _enable(api, data, wanted)
        return
    if any(subnet not in wanted for subnet in old):
        raise ValueError(
            "the `eni_subnet_ids` parameter does not allow modification of existing subnet ID data"
            f" [{' '.join(old)}]. if you want to modify the existing subnet ID, please first set"
            " eni_subnet_ids to empty to turn off the VPC-CNI network capability, and then fill in the"
            " latest subnet ID"
        )
    if write_once:
        raise ValueError(ADD_WITH_TYPE_OR_CLAIM)
    if new := [subnet for subnet in wanted if subnet not in old]:
        api.call(
            "tke", "AddVpcCniSubnets", {"ClusterId": data.id, "SubnetIds": new, "VpcId": data.string("vpcId")}
        )


def _enable(api: Api, data: Data, subnets: list[str]) -> None:
    api.call(
        "tke",
        "EnableVpcCniNetworkType",
        {
            "ClusterId": data.id,
            "VpcCniType": data.string("vpcCniType") or "tke-route-eni",
            "EnableStaticIp": not data.boolean("isNonStaticIpMode"),
            "Subnets": subnets,
            "ExpiredSeconds": data.integer("claimExpiredSeconds"),
        },
    )
    api.timing.sleep(_WAIT_BEFORE_PHASE)

    def attempt() -> None:
        ipamd = _describe_ipamd(api, data.id)
        disabled, phase = bool(ipamd["DisableVpcCniMode"]), str(ipamd["Phase"])
        if not disabled and phase == "running":
            return
        if not disabled and phase == "initializing":
            raise Retry(
                f"{data.id} enable vpc cni network type task is in progress and waiting to be completed"
            )
        # Also "" and "upgrading": the vendor gives up although the call has been accepted.
        raise RuntimeError(
            f"{data.id} enable vpc cni network type task disableVpcCniMode is {str(disabled).lower()} "
            f"and phase is {phase},we won't wait for it finish"
        )

    api.timing.retry(api.timing.read, attempt)


def _disable(api: Api, cluster_id: str) -> None:
    api.call("tke", "DisableVpcCniNetworkType", {"ClusterId": cluster_id})
    api.timing.sleep(_WAIT_BEFORE_PHASE)

    def attempt() -> None:
        ipamd = _describe_ipamd(api, cluster_id)
        if ipamd["EnableIPAMD"] and not (ipamd["DisableVpcCniMode"] and ipamd["Phase"] != "upgrading"):
            raise Retry(
                f"{cluster_id} close vpc cni network type task is in progress and waiting to be completed"
            )

    api.timing.retry(3 * api.timing.read, attempt)


def _describe_ipamd(api: Api, cluster_id: str) -> Json:
    try:
        return api.call("tke", "DescribeIPAMD", {"ClusterId": cluster_id})
    except ApiError as error:
        raise RuntimeError(str(error)) from error
