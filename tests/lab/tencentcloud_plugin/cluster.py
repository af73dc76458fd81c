"""`tencentcloud:Kubernetes/cluster:Cluster` of the stand-in plugin: create, update and delete as the vendor
does."""

import re
from typing import cast

from tests.lab.tencentcloud_plugin.client import INTERNAL_ERROR, Api, ApiError, Json
from tests.lab.tencentcloud_plugin.cluster_read import read_cluster
from tests.lab.tencentcloud_plugin.cluster_schema import CLUSTER_PROPS
from tests.lab.tencentcloud_plugin.resource import Data, Resource
from tests.lab.tencentcloud_plugin.schema import snake
from tests.lab.tencentcloud_plugin.tags import as_tags
from tests.lab.tencentcloud_plugin.timing import Retry
from tests.lab.tencentcloud_plugin.tke import (
    close_endpoint,
    describe_cluster,
    describe_workers,
    is_cluster_not_found,
    open_endpoint,
    wait_for_worker,
)
from tests.lab.tencentcloud_plugin.values import Object
from tests.lab.tencentcloud_plugin.vpc_cni import update_vpc_cni

_IMMUTABLE = ("cdcId", "extensionAddons", "disableAddons")
_SUBNET_NEEDED = "`cluster_intranet_subnet_id` must set when `cluster_intranet` is true"
_SUBNET_ALONE = "`cluster_intranet_subnet_id` can only set when `cluster_intranet` is true"
_SUBNET_WITH_SWITCH = "`cluster_intranet_subnet_id` must modified with `cluster_intranet`"
_INTERNET_NEEDS_WORKERS = (
    "when creating a cluster, if `cluster_internet` is true, you need to configure the `worker_config` field"
    " to ensure that there are available nodes in the cluster."
)


class Cluster(Resource):
    type_name = "tencentcloud:Kubernetes/cluster:Cluster"
    tf_name = "tencentcloud_kubernetes_cluster"
    props = CLUSTER_PROPS

    def customize_create(self, planned: Object) -> None:
        """Plan the runtime of the Kubernetes version, if the program has no runtime."""
        version = planned.get("clusterVersion")
        if not isinstance(planned.get("containerRuntime"), str):
            match = re.match(r"v?(\d+)\.(\d+)", version) if isinstance(version, str) else None
            old = match is not None and (int(match[1]), int(match[2])) < (1, 24)
            # Without a version the newest is meant; an unknown one is taken for new as well.
            planned["containerRuntime"] = "docker" if old else "containerd"

    def create(self, api: Api, data: Data) -> None:
        request = _create_request(data)
        cluster_id = str(api.retried_call("tke", "CreateCluster", request, api.timing.write)["ClusterId"])
        # From here to the end of the waits the vendor knows the id but has not stored it: a failure loses the
        # cluster.
        _wait_until_answering(api, cluster_id)
        internet, intranet = data.boolean("clusterInternet"), data.boolean("clusterIntranet")
        wait_for_worker(api, cluster_id, needed=internet or intranet)
        if intranet:
            open_endpoint(
                api,
                cluster_id,
                "intranet",
                subnet_id=data.string("clusterIntranetSubnetId"),
                security_group=data.string("clusterInternetSecurityGroup"),
                domain=data.string("clusterIntranetDomain"),
            )
        if data.get_ok("nodePoolGlobalConfigs") is not None:
            _modify_global_config(api, data, cluster_id)
        data.id = cluster_id
        self.read(api, data)

    def read(self, api: Api, data: Data, *, importing: bool = False) -> None:
        read_cluster(api, data, importing=importing)

    def update(self, api: Api, data: Data) -> None:
        for name in _IMMUTABLE:
            if data.has_change(name):
                raise ValueError(f"argument `{snake(name, self.props[name])}` cannot be changed")
        data.partial = True
        if data.has_change("tags"):
            _modify_tags(api, data)
        _update_endpoints(api, data)
        update_vpc_cni(api, data)
        _update_attributes(api, data)
        data.partial = False
        self.read(api, data)

    def delete(self, api: Api, data: Data) -> None:
        request: Json = {
            "ClusterId": data.id,
            "InstanceDeleteMode": data.string("instanceDeleteMode") or "terminate",
        }
        if options := cast("list[dict[str, object]]", data.get("resourceDeleteOptions")):
            request["ResourceDeleteOptions"] = [
                {
                    "ResourceType": option["resourceType"],
                    "DeleteMode": option["deleteMode"],
                    "SkipDeletionProtection": bool(option.get("skipDeletionProtection")),
                }
                for option in options
            ]
        # A cluster that is gone is an error here, though `read` knows "gone".
        api.retried_call("tke", "DeleteCluster", request, api.timing.write)
        _after_delete(api, data.id)


def _create_request(data: Data) -> Json:
    internet, intranet = data.boolean("clusterInternet"), data.boolean("clusterIntranet")
    subnet = data.string("clusterIntranetSubnetId")
    if intranet and not subnet:
        raise ValueError(_SUBNET_NEEDED)
    if subnet and not intranet:
        raise ValueError(_SUBNET_ALONE)
    if internet:
        raise ValueError(_INTERNET_NEEDS_WORKERS)
    network_type = data.string("networkType")
    own_cni = network_type == "VPC-CNI"
    subnets = data.strings("eniSubnetIds") if own_cni else []
    _check_cidrs(data, network_type, subnets)
    if not data.has("claimExpiredSeconds"):
        data.set("claimExpiredSeconds", 300)
    cidr = _given(
        data,
        ClusterCIDR="clusterCidr",
        ServiceCIDR="serviceCidr",
        MaxNodePodNum="clusterMaxPodNum",
        MaxClusterServiceNum="clusterMaxServiceNum",
        IgnoreClusterCIDRConflict="ignoreClusterCidrConflict",
        IgnoreServiceCIDRConflict="ignoreServiceCidrConflict",
        ClaimExpiredSeconds="claimExpiredSeconds",
    )
    # A GR cluster is always created without ENI subnets and without a CNI type, also against the program.
    cidr["EniSubnetIds"] = subnets
    basic = _given(
        data,
        VpcId="vpcId",
        ClusterName="clusterName",
        ClusterDescription="clusterDesc",
        ClusterOs="clusterOs",
        ClusterVersion="clusterVersion",
        ProjectId="projectId",
        OsCustomizeType="clusterOsType",
        SubnetId="clusterSubnetId",
        ClusterLevel="clusterLevel",
    )
    upgrade = _given(data, IsAutoUpgrade="autoUpgradeClusterLevel")
    basic["AutoUpgradeClusterLevel"] = upgrade
    if tags := data.mapping("tags"):
        basic["TagSpecification"] = [{"ResourceType": "cluster", "Tags": as_tags(tags)}]
    advanced = _given(
        data,
        IPVS="clusterIpvs",
        ContainerRuntime="containerRuntime",
        NodeNameType="nodeNameType",
        NetworkType="networkType",
        IsDualStack="isDualStack",
        IsNonStaticIpMode="isNonStaticIpMode",
        DataPlaneV2="dataPlaneV2",
        DeletionProtection="deletionProtection",
        KubeProxyMode="kubeProxyMode",
        RuntimeVersion="runtimeVersion",
        EnableCustomizedPodCIDR="enableCustomizedPodCidr",
        BasePodNumber="basePodNum",
    )
    advanced["VpcCniType"] = (data.string("vpcCniType") or "tke-route-eni") if own_cni else ""
    if extra := data.object("clusterExtraArgs"):
        advanced["ExtraArgs"] = {
            "KubeAPIServer": extra.get("kubeApiservers") or [],
            "KubeControllerManager": extra.get("kubeControllerManagers") or [],
            "KubeScheduler": extra.get("kubeSchedulers") or [],
        }
    instance = _given(
        data,
        DesiredPodNumber="globeDesiredPodNum",
        MountTarget="mountTarget",
        Unschedulable="unschedulable",
        DockerGraphPath="dockerGraphPath",
        PreStartUserScript="preStartUserScript",
    )
    request: Json = {
        "ClusterType": data.string("clusterDeployType"),
        "ClusterCIDRSettings": cidr,
        "ClusterBasicSettings": basic,
        "ClusterAdvancedSettings": advanced,
        "InstanceAdvancedSettings": instance,
        "RunInstancesForNode": [],
    }
    request.update(_given(data, CdcId="cdcId", DisableAddons="disableAddons"))
    if addons := cast("list[dict[str, str]]", data.get("extensionAddons")):
        request["ExtensionAddons"] = [
            {"AddonName": addon["name"], "AddonParam": addon["param"]} for addon in addons
        ]
    return request


def _check_cidrs(data: Data, network_type: str, subnets: list[str]) -> None:
    if network_type == "VPC-CNI":
        if not data.string("serviceCidr") or not subnets:
            raise ValueError(
                "`service_cidr` must be set and `eni_subnet_ids` must be set when cluster `network_type` is"
                " VPC-CNI."
            )
        return
    if not data.string("clusterCidr"):
        raise ValueError("`cluster_cidr` must be set when cluster `network_type` is GR")
    # The vendor's check of the size against the pods of a node compares with 0 and never fails: left out.
    if network_type == "CiliumOverlay" and not data.string("clusterSubnetId"):
        raise ValueError("`cluster_subnet_id` must be set ")


def _given(data: Data, **fields: str) -> Json:
    """API field = property, for those that are set: strings and lists if not empty, the rest also if zero."""
    request: Json = {}
    for field, name in fields.items():
        value = data.get(name) if data.has(name) else None
        if value is not None and value not in ("", []):
            request[field] = value
    return request


def _wait_until_answering(api: Api, cluster_id: str) -> None:
    """Readiness of the vendor: `DescribeClusterInstances` no longer errors. `ClusterStatus` is not looked
    at."""

    def attempt() -> None:
        try:
            describe_workers(api, cluster_id)
        except ApiError as error:
            if not is_cluster_not_found(error):
                raise Retry(error) from error

    api.timing.retry(10 * api.timing.read, attempt)


def _after_delete(api: Api, cluster_id: str) -> None:
    """Read once: an answer ends the wait. Errors are waited out, then dropped, as the vendor does."""

    def attempt() -> None:
        try:
            describe_workers(api, cluster_id)
        except ApiError as error:
            if error.code != "InvalidParameter.ClusterNotFound" and error.is_retried((INTERNAL_ERROR,)):
                raise Retry(error) from error

    try:
        api.timing.retry(10 * api.timing.read, attempt)
    except ApiError:
        # Time ran out: the vendor returns success.
        return


def _modify_tags(api: Api, data: Data) -> None:
    api.call(
        "tke",
        "ModifyClusterTags",
        {"ClusterId": data.id, "SyncSubresource": False, "Tags": as_tags(data.mapping("tags"))},
        fixed_host=True,
    )

    def attempt() -> None:
        answer = api.retrying(
            lambda: api.call("tke", "DescribeBatchModifyTagsStatus", {"ClusterId": data.id}),
            (INTERNAL_ERROR,),
        )
        if answer["Status"] != "done":
            raise Retry(f"modify tags status is {answer['Status']}, retry...")

    api.timing.retry(5 * api.timing.read, attempt)


def _update_endpoints(api: Api, data: Data) -> None:
    subnet = data.string("clusterIntranetSubnetId")
    group = data.string("clusterInternetSecurityGroup")
    intranet, internet = data.boolean("clusterIntranet"), data.boolean("clusterInternet")
    if intranet and not subnet:
        raise ValueError(_SUBNET_NEEDED)
    if data.has_change("clusterIntranetSubnetId") and not data.has_change("clusterIntranet"):
        raise ValueError(_SUBNET_WITH_SWITCH)
    if (
        data.has_change("clusterInternetSecurityGroup")
        and not data.has_change("clusterInternet")
        and internet
    ):
        api.retried_call(
            "tke",
            "ModifyClusterEndpointSP",
            {"ClusterId": data.id, "SecurityGroup": group},
            api.timing.write,
        )
    for side, on, domain_name in (
        ("intranet", intranet, "clusterIntranetDomain"),
        ("internet", internet, "clusterInternetDomain"),
    ):
        name = "clusterIntranet" if side == "intranet" else "clusterInternet"
        switched = data.has_change(name)
        domain_only = on and not switched and data.has_change(domain_name)
        if (switched and not on) or domain_only:
            close_endpoint(api, data.id, "intranet" if side == "intranet" else "internet")
        if on and (switched or domain_only):
            open_endpoint(
                api,
                data.id,
                "intranet" if side == "intranet" else "internet",
                subnet_id=subnet if side == "intranet" else "",
                security_group=group if side == "internet" else "",
                domain=data.string(domain_name),
            )


def _update_attributes(api: Api, data: Data) -> None:
    if data.has_change("projectId", "clusterName", "clusterDesc", "clusterLevel", "autoUpgradeClusterLevel"):
        request: Json = {"ClusterId": data.id}
        request.update(
            _given(data, ProjectId="projectId", ClusterName="clusterName", ClusterDesc="clusterDesc")
        )
        now = describe_cluster(api, data.id)
        level = data.string("clusterLevel")
        if level and now is not None and level != now["ClusterLevel"]:
            request["ClusterLevel"] = level
        request["AutoUpgradeClusterLevel"] = {"IsAutoUpgrade": data.boolean("autoUpgradeClusterLevel")}
        api.retried_call("tke", "ModifyClusterAttribute", request, api.timing.write)
    if data.has_change("clusterVersion"):
        _upgrade(api, data)
    if data.has_change("nodePoolGlobalConfigs"):
        _modify_global_config(api, data, data.id)
    if data.has_change("clusterOs"):
        image = {"ClusterId": data.id, "ImageId": data.string("clusterOs")}
        api.retried_call("tke", "ModifyClusterImage", image, api.timing.write)
    if data.has_change("deletionProtection"):
        on = data.boolean("deletionProtection")
        action = "EnableClusterDeletionProtection" if on else "DisableClusterDeletionProtection"
        api.retried_call("tke", action, {"ClusterId": data.id}, api.timing.write)


def _upgrade(api: Api, data: Data) -> None:
    # The vendor first looks for the version in DescribeAvailableClusterVersion.
    version = {"ClusterId": data.id, "DstVersion": data.string("clusterVersion")}
    api.retried_call("tke", "UpdateClusterVersion", version, api.timing.write)

    def attempt() -> None:
        cluster = describe_cluster(api, data.id)
        if cluster is None:
            raise ValueError(f"Cluster {data.id} is not exist")
        if cluster["ClusterStatus"] != "Running":
            raise Retry(f"cluster {data.id} status {cluster['ClusterStatus']}, retry...")

    api.timing.retry(3 * api.timing.read, attempt)


def _modify_global_config(api: Api, data: Data, cluster_id: str) -> None:
    configs = cast("list[dict[str, object]]", data.get("nodePoolGlobalConfigs"))
    config = configs[0] if configs else {}
    names = {
        "IsScaleDownEnabled": "isScaleInEnabled",
        "Expander": "expander",
        "MaxEmptyBulkDelete": "maxConcurrentScaleIn",
        "ScaleDownDelay": "scaleInDelay",
        "ScaleDownUnneededTime": "scaleInUnneededTime",
        "ScaleDownUtilizationThreshold": "scaleInUtilizationThreshold",
        "IgnoreDaemonSetsUtilization": "ignoreDaemonSetsUtilization",
        "SkipNodesWithLocalStorage": "skipNodesWithLocalStorage",
        "SkipNodesWithSystemPods": "skipNodesWithSystemPods",
    }
    option = {field: config[name] for field, name in names.items() if config.get(name) is not None}
    api.retried_call(
        "tke",
        "ModifyClusterAsGroupOptionAttribute",
        {"ClusterId": cluster_id, "ClusterAsGroupOption": option},
        api.timing.write,
    )
