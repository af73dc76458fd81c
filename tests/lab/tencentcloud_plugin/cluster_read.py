"""Reading a cluster in the stand-in plugin, in the vendor's order and with the vendor's gaps."""

import json
from typing import cast

from tests.lab.tencentcloud_plugin.client import Api, ApiError, Json
from tests.lab.tencentcloud_plugin.resource import Data, Gone
from tests.lab.tencentcloud_plugin.timing import Retry
from tests.lab.tencentcloud_plugin.tke import (
    Side,
    describe_cluster,
    describe_security,
    describe_workers,
    is_cluster_not_found,
    kubeconfig,
    settled_endpoint_status,
)
from tests.lab.tencentcloud_plugin.values import Value

SECURITY = {
    "userName": "UserName",
    "password": "Password",
    "certificationAuthority": "CertificationAuthority",
    "clusterExternalEndpoint": "ClusterExternalEndpoint",
    "domain": "Domain",
    "pgwEndpoint": "PgwEndpoint",
}
_AS_GROUP_OPTION = {
    "isScaleInEnabled": "IsScaleDownEnabled",
    "expander": "Expander",
    "maxConcurrentScaleIn": "MaxEmptyBulkDelete",
    "scaleInDelay": "ScaleDownDelay",
    "scaleInUnneededTime": "ScaleDownUnneededTime",
    "scaleInUtilizationThreshold": "ScaleDownUtilizationThreshold",
    "ignoreDaemonSetsUtilization": "IgnoreDaemonSetsUtilization",
    "skipNodesWithLocalStorage": "SkipNodesWithLocalStorage",
    "skipNodesWithSystemPods": "SkipNodesWithSystemPods",
}


def read_cluster(api: Api, data: Data, *, importing: bool) -> None:
    cluster = describe_cluster(api, data.id)
    if cluster is None:
        raise Gone(data.id)
    _read_basics(data, cluster)
    _read_network(data, cluster["ClusterNetworkSettings"])
    properties = cast("Json", json.loads(cluster["Property"]))
    image = cluster.get("ImageId")
    data.set("clusterOs", image or cluster["ClusterOs"])
    data.set("tags", _tags(cluster))
    # Always written: the type of a plain GR cluster is lost here.
    data.set("vpcCniType", cast("str", properties.get("VpcCniType") or ""))
    if importing:
        _read_import(api, data, cluster, properties)
    if importing or data.has("autoUpgradeClusterLevel"):
        data.set("autoUpgradeClusterLevel", cast("Value", cluster.get("AutoUpgradeClusterLevel")))
    _read_endpoint(api, data, "intranet")
    _read_endpoint(api, data, "internet")
    _read_workers(api, data)
    security = describe_security(api, data.id)
    data.set_fields(security, **SECURITY)
    # `DescribeClusters` is called once more in between, for nothing.
    describe_cluster(api, data.id)
    data.set("securityPolicies", cast("list[Value]", security.get("SecurityPolicy") or []))
    _read_global_config(api, data)


def _read_basics(data: Data, cluster: Json) -> None:
    data.set_fields(
        cluster,
        cdcId="CdcId",
        clusterName="ClusterName",
        clusterDesc="ClusterDescription",
        clusterVersion="ClusterVersion",
        clusterDeployType="ClusterType",
        clusterNodeNum="ClusterNodeNum",
        projectId="ProjectId",
        deletionProtection="DeletionProtection",
        clusterLevel="ClusterLevel",
    )


def _read_network(data: Data, network: Json) -> None:
    data.set_fields(
        network,
        clusterCidr="ClusterCIDR",
        ignoreClusterCidrConflict="IgnoreClusterCIDRConflict",
        ignoreServiceCidrConflict="IgnoreServiceCIDRConflict",
        clusterMaxPodNum="MaxNodePodNum",
        clusterMaxServiceNum="MaxClusterServiceNum",
        clusterIpvs="Ipvs",
        vpcId="VpcId",
        # Null for a plain GR cluster: the program's value stays in the state (the phantom hybrid).
        eniSubnetIds="Subnets",
        dataPlaneV2="DataPlaneV2",
    )


def _tags(cluster: Json) -> dict[str, Value]:
    specifications: list[Json] = cluster.get("TagSpecification") or []
    if not specifications:
        return {}
    tags: list[Json] = specifications[0]["Tags"] or []
    return {tag["Key"]: tag["Value"] for tag in tags}


def _read_import(api: Api, data: Data, cluster: Json, properties: Json) -> None:
    """The fields that only an import reads."""
    network: Json = cluster["ClusterNetworkSettings"]
    data.set("isDualStack", bool(network.get("IsDualStack")))
    data.set("networkType", str(properties.get("NetworkType") or ""))
    data.set("nodeNameType", str(properties.get("NodeNameType") or ""))
    data.set("enableCustomizedPodCidr", bool(properties.get("EnableCustomizedPodCIDR")))
    data.set("isNonStaticIpMode", bool(properties.get("IsNonStaticIpMode")))
    data.set("runtimeVersion", str(cluster.get("RuntimeVersion") or ""))
    data.set("clusterOsType", str(cluster.get("OsCustomizeType") or ""))
    data.set("containerRuntime", str(cluster.get("ContainerRuntime") or ""))
    data.set("kubeProxyMode", str(network.get("KubeProxyMode") or ""))
    data.set("serviceCidr", str(network.get("ServiceCIDR") or ""))
    data.set("upgradeInstancesFollowCluster", False)
    # The vendor fills log_agent, cluster_extra_args and auth_options from these; nothing of the kind is
    # modelled.
    api.call("tke", "DescribeLogSwitches", {"ClusterIds": [data.id]})
    api.call("tke", "DescribeClusterExtraArgs", {"ClusterId": data.id})
    if properties.get("NetworkType") == "VPC-CNI":
        ipamd = api.call("tke", "DescribeIPAMD", {"ClusterId": data.id})
        data.set("eniSubnetIds", cast("list[Value]", ipamd.get("SubnetIds") or []))
        seconds = _seconds(str(ipamd.get("ClaimExpiredDuration") or ""))
        if seconds > 0:
            data.set("claimExpiredSeconds", seconds)
    if str(cluster["ClusterType"]).upper() == "MANAGED_CLUSTER":
        api.call("tke", "DescribeClusterAuthenticationOptions", {"ClusterId": data.id})


def _seconds(duration: str) -> int:
    """A Go duration such as `1h5m0s`."""
    total, number = 0.0, ""
    for letter in duration:
        if letter in "hms":
            total += float(number) * {"h": 3600, "m": 60, "s": 1}[letter]
            number = ""
        else:
            number += letter
    return int(total)


def _read_endpoint(api: Api, data: Data, side: Side) -> None:
    internet = side == "internet"
    config_name = "kubeConfig" if internet else "kubeConfigIntranet"
    try:
        status = settled_endpoint_status(api, data.id, side)
        opened = status == "Created"
        data.set("clusterInternet" if internet else "clusterIntranet", opened)
        if not opened:
            data.set(config_name, "")
            return
        config = api.timing.retry(
            api.timing.read, lambda: api.retrying(lambda: kubeconfig(api, data.id, side))
        )
        endpoints = api.retried_call(
            "tke", "DescribeClusterEndpoints", {"ClusterId": data.id}, api.timing.read
        )
    except (ApiError, TimeoutError) as error:
        raise RuntimeError(f"get {'intranet' if internet else 'internet'} failed, {error}") from error
    data.set(config_name, config)
    if internet:
        data.set("clusterInternetDomain", str(endpoints.get("ClusterExternalDomain") or ""))
        data.set("clusterInternetSecurityGroup", str(endpoints.get("SecurityGroup") or ""))
    else:
        data.set("clusterIntranetDomain", str(endpoints.get("ClusterIntranetDomain") or ""))
        data.set("clusterIntranetSubnetId", str(endpoints.get("ClusterIntranetSubnetId") or ""))


def _read_workers(api: Api, data: Data) -> None:
    workers = api.timing.retry(api.timing.read, lambda: api.retrying(lambda: describe_workers(api, data.id)))
    data.set(
        "workerInstancesLists",
        [
            {
                "instanceId": worker.instance_id,
                "instanceRole": worker.role,
                "instanceState": worker.state,
                "failedReason": cast("str", worker.raw.get("FailedReason") or ""),
                "lanIp": cast("str", worker.raw.get("LanIP") or ""),
            }
            for worker in workers
        ],
    )


def _read_global_config(api: Api, data: Data) -> None:
    def attempt() -> Json | None:
        try:
            answer = api.call("tke", "DescribeClusterAsGroupOption", {"ClusterId": data.id})
        except ApiError as error:
            if is_cluster_not_found(error):
                return None
            raise Retry(error) from error
        return cast("Json | None", answer.get("ClusterAsGroupOption"))

    option = api.timing.retry(api.timing.read, attempt)
    if option is not None:
        config = {name: cast("Value", option.get(field)) for name, field in _AS_GROUP_OPTION.items()}
        data.set(
            "nodePoolGlobalConfigs", [{name: value for name, value in config.items() if value is not None}]
        )
