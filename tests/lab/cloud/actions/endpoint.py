"""Stand-in for the endpoints of a TKE cluster and the credentials that go with them."""

import base64
from typing import cast

import yaml

from tests.lab.cloud.core import Call, Handler
from tests.lab.cloud.errors import ApiError, missing
from tests.lab.cloud.params import Json
from tests.lab.world import AddressExhausted, Cluster, Endpoint

_PUBLIC_ADDRESS = "203.0.113.10"


def create_endpoint(call: Call) -> Json:
    cluster, params = call.cluster(), call.params
    if cluster.status != "Running":
        raise ApiError(
            "FailedOperation.ClusterState",
            f"CLUSTER_STATE_ERROR[cluster {cluster.cluster_id} is {cluster.status}].",
        )
    if call.cloud.settings.endpoint_needs_worker and not any(
        one.state == "running" for one in cluster.instances.values()
    ):
        raise ApiError(
            "InternalError.EmptyClusterNotSupport", f"EMPTY_CLUSTER_NOT_SUPPORT[{cluster.cluster_id}]."
        )
    public = params.flag("IsExtranet")
    if _side(cluster, public=public).status not in ("NotFound", "Deleted"):
        raise ApiError(
            "FailedOperation.SwitchClusterEndpoint", f"the endpoint of {cluster.cluster_id} exists already"
        )
    side = Endpoint(
        "Creating",
        domain=params.text("Domain"),
        security_group=params.text("SecurityGroup"),
        lb_id=call.world.new_id("lb"),
        address=_PUBLIC_ADDRESS,
    )
    if not public:
        if not params.text("SubnetId"):
            raise missing("SubnetId")
        subnet = next((one for one in call.subnets() if one.subnet_id == params.text("SubnetId")), None)
        if subnet is None or subnet.vpc_id != cluster.vpc_id:
            raise ApiError(
                "InvalidParameter.SubnetNotExist",
                f"SUBNET_NOT_EXIST[{params.text('SubnetId')} in {cluster.vpc_id}].",
            )
        try:
            side.subnet_id, side.address = subnet.subnet_id, subnet.lease(side.lb_id)
        except AddressExhausted as error:
            raise ApiError("FailedOperation.LbCommon", str(error)) from error
    _set_side(cluster, side, public=public)

    def opened() -> None:
        if side.status == "Creating":
            side.status = "Created"

    call.cloud.later(call.cloud.settings.slow_endpoint, opened, f"endpoint of {cluster.cluster_id}")
    return {}


def delete_endpoint(call: Call) -> Json:
    cluster, public = call.cluster(), call.params.flag("IsExtranet")
    side = _side(cluster, public=public)
    if side.status not in ("Creating", "Created"):
        raise ApiError(
            "FailedOperation.SwitchClusterEndpoint", f"the endpoint of {cluster.cluster_id} does not exist"
        )
    side.status = "Deleting"

    def closed() -> None:
        if (subnet := call.world.subnets.get(side.subnet_id)) is not None:
            subnet.release(side.address)
        _set_side(cluster, Endpoint(), public=public)

    call.cloud.later(call.cloud.settings.slow_endpoint, closed, f"endpoint of {cluster.cluster_id}")
    return {}


def describe_endpoint_status(call: Call) -> Json:
    return {"Status": _side(call.cluster(), public=call.params.flag("IsExtranet")).status, "ErrorMsg": ""}


def describe_endpoints(call: Call) -> Json:
    cluster = call.cluster()
    intranet, internet = cluster.intranet, cluster.internet
    return {
        "CertificationAuthority": _authority(cluster),
        "ClusterExternalEndpoint": _open_address(internet),
        "ClusterIntranetEndpoint": _open_address(intranet),
        "ClusterDomain": _domain(cluster),
        "ClusterExternalACL": [],
        "ClusterExternalDomain": internet.domain,
        "ClusterIntranetDomain": intranet.domain,
        "SecurityGroup": internet.security_group,
        "ClusterIntranetSubnetId": intranet.subnet_id,
        "IntranetSecurityGroup": intranet.security_group,
    }


def describe_kubeconfig(call: Call) -> Json:
    """Both sides lead to the one address on which the control plane really listens.

    A closed side is not refused: the server of its kubeconfig is the default domain, where nothing listens.
    A sub-account gets a kubeconfig too, with a user that no role is bound to.
    """
    cluster, closed = (
        call.cluster(),
        _side(call.cluster(), public=call.params.flag("IsExtranet")).status != "Created",
    )
    if closed and not call.cloud.settings.closed_kubeconfig:
        raise ApiError("FailedOperation", f"the endpoint of {cluster.cluster_id} is closed")
    if not cluster.kubeconfig or not (closed or call.cloud.settings.sub_account):
        return {"Kubeconfig": cluster.kubeconfig}
    config = cast("dict[str, list[dict[str, dict[str, str]]]]", yaml.safe_load(cluster.kubeconfig))
    if closed:
        config["clusters"][0]["cluster"]["server"] = f"https://{cluster.cluster_id}.invalid"
    if call.cloud.settings.sub_account:
        config["users"][0]["user"]["as"] = "sub-account"
    return {"Kubeconfig": yaml.safe_dump(config)}


def describe_security(call: Call) -> Json:
    cluster = call.cluster()
    return {
        "UserName": "admin",
        "Password": cluster.admin_password,
        "CertificationAuthority": _authority(cluster),
        "ClusterExternalEndpoint": _open_address(cluster.internet),
        "Domain": _domain(cluster),
        "PgwEndpoint": _open_address(cluster.intranet),
        "SecurityPolicy": [],
        "Kubeconfig": cluster.kubeconfig,
        "JnsGwEndpoint": "",
    }


def modify_endpoint_policies(call: Call) -> Json:
    cluster = call.cluster()
    if cluster.internet.status != "Created":
        raise ApiError(
            "FailedOperation.SwitchClusterEndpoint", f"the endpoint of {cluster.cluster_id} does not exist"
        )
    cluster.internet.security_group = call.params.text("SecurityGroup", cluster.internet.security_group)
    return {}


def _side(cluster: Cluster, *, public: bool) -> Endpoint:
    return cluster.internet if public else cluster.intranet


def _set_side(cluster: Cluster, side: Endpoint, *, public: bool) -> None:
    if public:
        cluster.internet = side
    else:
        cluster.intranet = side


def _open_address(side: Endpoint) -> str:
    return side.address if side.status == "Created" else ""


def _domain(cluster: Cluster) -> str:
    return f"{cluster.cluster_id}.ccs.tencent-cloud.com"


def _authority(cluster: Cluster) -> str:
    """The CA certificate of the control plane, PEM; nothing while there is none."""
    if not cluster.kubeconfig:
        return ""
    config = cast("Json", yaml.safe_load(cluster.kubeconfig))
    clusters = cast("list[dict[str, dict[str, str]]]", config.get("clusters") or [])
    data = clusters[0]["cluster"].get("certificate-authority-data", "") if clusters else ""
    return base64.b64decode(data).decode()


ACTIONS: dict[str, Handler] = {
    "CreateClusterEndpoint": create_endpoint,
    "DeleteClusterEndpoint": delete_endpoint,
    "DescribeClusterEndpointStatus": describe_endpoint_status,
    "DescribeClusterEndpoints": describe_endpoints,
    "DescribeClusterKubeconfig": describe_kubeconfig,
    "DescribeClusterSecurity": describe_security,
    "ModifyClusterEndpointSP": modify_endpoint_policies,
}
