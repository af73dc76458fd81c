"""`tencentcloud:Kubernetes/nodePool:NodePool` of the stand-in plugin, with the vendor's long sequence of
calls."""

import json
from typing import cast

from tests.lab.tencentcloud_plugin.client import INTERNAL_ERROR, Api, ApiError, Json
from tests.lab.tencentcloud_plugin.launch_config import config_of, create_parameters, modify_parameters
from tests.lab.tencentcloud_plugin.node_pool_schema import NODE_POOL_PROPS
from tests.lab.tencentcloud_plugin.plan import same
from tests.lab.tencentcloud_plugin.resource import Data, Gone, Panic, Resource
from tests.lab.tencentcloud_plugin.tags import as_tags, from_tags
from tests.lab.tencentcloud_plugin.timing import Retry
from tests.lab.tencentcloud_plugin.tke import describe_cluster, describe_workers
from tests.lab.tencentcloud_plugin.values import Object, Value

_CREATE_AND_UPDATE_TIMEOUT = 30 * 60
_ATTRIBUTE_TIMEOUT = 600
_ATTRIBUTE_DELAY = 10
_INSTALL_SECURITY_AGENT = "cmd-d8jj2skv"
_BROKEN_ORDER = "constraints `min_size <= desired_capacity <= max_size` must be established,"
_SIZES_TOGETHER = (
    "`min_size` or `max_size` cannot be modified at the same time as `desired_capacity`, please modify"
    " `min_size` or `max_size` first, and then modify `desired_capacity`"
)


class NodePool(Resource):
    type_name = "tencentcloud:Kubernetes/nodePool:NodePool"
    tf_name = "tencentcloud_kubernetes_node_pool"
    props = NODE_POOL_PROPS

    def create(self, api: Api, data: Data) -> None:
        _check_waiting(data)
        cluster_id = data.string("clusterId")
        answer = api.retried_call("tke", "CreateClusterNodePool", _create_request(data), api.timing.write)
        pool_id = str(answer["NodePoolId"])
        # The id is stored only after this wait: a pool that never becomes normal is lost.
        _wait_until_normal(api, cluster_id, pool_id, _CREATE_AND_UPDATE_TIMEOUT)
        api.call(
            "tke",
            "ModifyNodePoolInstanceTypes",
            {"ClusterId": cluster_id, "NodePoolId": pool_id, "InstanceTypes": _instance_types(data)},
        )
        data.id = f"{cluster_id}#{pool_id}"
        # Everything counts as changed now, so the update runs in full.
        _update_on_start(api, data)
        _update_on_exit(api, data)
        data.partial = False
        _wait_for_nodes(api, data)
        self.read(api, data)

    def read(self, api: Api, data: Data, *, importing: bool = False) -> None:
        cluster_id, pool_id = _split(data.id)
        data.set("clusterId", cluster_id)
        if describe_cluster(api, cluster_id) is None:
            raise Gone(data.id)
        pool = _settled_pool(api, cluster_id, pool_id)
        if pool is None:
            # The vendor does not look whether there is a pool in the answer.
            raise Panic("NodePoolReadRequestOnSuccess1")
        _read_pool(data, pool)
        launch = api.call(
            "as", "DescribeLaunchConfigurations", {"LaunchConfigurationIds": [pool["LaunchConfigurationId"]]}
        )
        if configs := cast("list[Json]", launch["LaunchConfigurationSet"] or []):
            data.set(
                "autoScalingConfig", config_of(configs[0], data.object("autoScalingConfig").get("password"))
            )
        groups = api.retried_call(
            "as",
            "DescribeAutoScalingGroups",
            {"AutoScalingGroupIds": [pool["AutoscalingGroupId"]]},
            api.timing.read,
        )
        if found := cast("list[Json]", groups["AutoScalingGroupSet"] or []):
            _read_group(data, found[0])
        if not data.has("deleteKeepInstance"):
            data.set("deleteKeepInstance", True)

    def update(self, api: Api, data: Data) -> None:
        cluster_id, pool_id = _split(data.id)
        _update_on_start(api, data)
        if data.has_change(
            "name", "maxSize", "minSize", "enableAutoScale", "deletionProtection", "annotations"
        ):
            request: Json = {
                "ClusterId": cluster_id,
                "NodePoolId": pool_id,
                "Name": data.string("name"),
                "MaxNodesNum": data.integer("maxSize"),
                "MinNodesNum": data.integer("minSize"),
                "EnableAutoscale": data.boolean("enableAutoScale"),
            }
            if data.has("deletionProtection"):
                request["DeletionProtection"] = data.boolean("deletionProtection")
            if annotations := _annotations(data):
                request["Annotations"] = annotations
            api.retried_call("tke", "ModifyClusterNodePool", request, api.timing.write)
            api.timing.sleep(_ATTRIBUTE_DELAY)
            _wait_until_normal(api, cluster_id, pool_id, _ATTRIBUTE_TIMEOUT)
        _update_on_exit(api, data)
        data.partial = False
        self.read(api, data)

    def delete(self, api: Api, data: Data) -> None:
        cluster_id, pool_id = _split(data.id)
        if data.boolean("deletionProtection"):
            raise ValueError(
                "deletion protection was enabled, please set `deletion_protection` to `false` and apply first"
            )
        request: Json = {"ClusterId": cluster_id, "NodePoolIds": [pool_id]}
        if data.has("deleteKeepInstance"):
            request["KeepInstance"] = data.boolean("deleteKeepInstance")
        # The vendor means to accept `InternalError.Param ... Not Found`, but falls through to the error.
        api.retried_call("tke", "DeleteClusterNodePool", request, api.timing.write)
        _wait_until_gone(api, cluster_id, pool_id)


def _split(id_: str) -> tuple[str, str]:
    parts = id_.split("#")
    if len(parts) != 2:
        raise ValueError(f"id is broken,{id_}")
    return parts[0], parts[1]


def _check_waiting(data: Data) -> None:
    if data.boolean("enableAutoScale") and data.boolean("waitNodeReady"):
        raise ValueError("`wait_node_ready` only can be set if `enable_auto_scale` is `false`.")
    if data.has("scaleTolerance") and not data.boolean("waitNodeReady"):
        raise ValueError("`scale_tolerance` only can be set if `wait_node_ready` is `true`.")


def _create_request(data: Data) -> Json:
    os_name = data.string("nodeOs")
    request: Json = {
        "ClusterId": data.string("clusterId"),
        "Name": data.string("name"),
        "EnableAutoscale": data.boolean("enableAutoScale"),
        "AutoScalingGroupPara": json.dumps(_group_parameters(data)),
        "LaunchConfigurePara": json.dumps(create_parameters(data.object("autoScalingConfig"))),
        "InstanceAdvancedSettings": _advanced_settings(data),
        "NodePoolOs": os_name,
        # A custom image may not come with an image type.
        "OsCustomizeType": "" if "img-" in os_name else data.string("nodeOsType"),
    }
    if labels := _labels(data):
        request["Labels"] = labels
    if taints := _taints(data):
        request["Taints"] = taints
    if tags := data.mapping("tags"):
        request["Tags"] = as_tags(tags)
    if annotations := _annotations(data):
        request["Annotations"] = annotations
    if data.has("deletionProtection"):
        request["DeletionProtection"] = data.boolean("deletionProtection")
    return request


def _group_parameters(data: Data) -> Json:
    low, high = data.integer("minSize"), data.integer("maxSize")
    group: Json = {"MaxSize": high, "MinSize": low, "VpcId": data.string("vpcId")}
    if low > high:
        raise ValueError(_BROKEN_ORDER)
    if desired := data.integer("desiredCapacity"):
        group["DesiredCapacity"] = desired
        if not low <= desired <= high:
            raise ValueError(_BROKEN_ORDER)
    if policy := data.string("retryPolicy"):
        group["RetryPolicy"] = policy
    if subnets := data.strings("subnetIds"):
        group["SubnetIds"] = subnets
    settings: Json = {}
    if mode := data.string("scalingMode"):
        settings["ScalingMode"] = mode
    if data.has("autoUpdateInstanceTags"):
        settings["AutoUpdateInstanceTags"] = data.boolean("autoUpdateInstanceTags")
    if settings:
        group["ServiceSettings"] = settings
    if policy := data.string("multiZoneSubnetPolicy"):
        group["MultiZoneSubnetPolicy"] = policy
    return group


def _advanced_settings(data: Data) -> Json:
    settings: Json = {}
    config = data.object("nodeConfig")
    for field, name in (
        ("MountTarget", "mountTarget"),
        ("DockerGraphPath", "dockerGraphPath"),
        ("UserScript", "userData"),
        ("PreStartUserScript", "preStartUserScript"),
        ("DesiredPodNumber", "desiredPodNum"),
    ):
        if config.get(name):
            settings[field] = config[name]
    if config and not config.get("isSchedule", True):
        settings["Unschedulable"] = 1
    if arguments := config.get("extraArgs"):
        settings["ExtraArgs"] = {"Kubelet": arguments}
    if disks := cast("list[Object]", config.get("dataDisks") or []):
        settings["DataDisks"] = [
            {
                "DiskType": disk.get("diskType"),
                "DiskSize": disk.get("diskSize"),
                "FileSystem": disk.get("fileSystem"),
                "AutoFormatAndMount": disk.get("autoFormatAndMount"),
                "MountTarget": disk.get("mountTarget"),
            }
            for disk in disks
        ]
    if unschedulable := data.integer("unschedulable"):
        settings["Unschedulable"] = unschedulable
    return settings


def _labels(data: Data) -> list[Json]:
    return [{"Name": name, "Value": value} for name, value in data.mapping("labels").items()]


def _taints(data: Data) -> list[Json]:
    taints = cast("list[dict[str, str]]", data.get("taints"))
    return [{"Key": taint["key"], "Value": taint["value"], "Effect": taint["effect"]} for taint in taints]


def _annotations(data: Data) -> list[Json]:
    annotations = cast("list[dict[str, str]]", data.get("annotations"))
    return [{"Name": annotation["name"], "Value": annotation["value"]} for annotation in annotations]


def _instance_types(data: Data) -> list[str]:
    config = data.object("autoScalingConfig")
    first = cast("str", config["instanceType"])
    backups = cast("list[str]", config.get("backupInstanceTypes") or [])
    return backups if backups and backups[0] == first else [first, *backups]


def _detail(api: Api, cluster_id: str, pool_id: str) -> Json | None:
    answer = api.call(
        "tke", "DescribeClusterNodePoolDetail", {"ClusterId": cluster_id, "NodePoolId": pool_id}
    )
    return cast("Json | None", answer.get("NodePool"))


def _wait_until_normal(api: Api, cluster_id: str, pool_id: str, timeout: float) -> None:
    def attempt() -> None:
        # The vendor looks at the cluster before each look at the pool.
        describe_cluster(api, cluster_id)
        pool = api.retrying(lambda: _detail(api, cluster_id, pool_id), (INTERNAL_ERROR,))
        if pool is None:
            raise ValueError(f"node pool {pool_id} not found")
        if pool["LifeState"] != "normal":
            raise Retry(f"node pool status is {pool['LifeState']}, retry...")

    api.timing.retry(timeout, attempt)


def _wait_until_gone(api: Api, cluster_id: str, pool_id: str) -> None:
    def attempt() -> None:
        try:
            pool = api.retrying(lambda: _detail(api, cluster_id, pool_id))
        except ApiError as error:
            if error.code in ("InternalError.UnexpectedInternal", "FailedOperation.NodePoolQueryFailed"):
                return
            if error.is_retried((INTERNAL_ERROR,)):
                raise Retry(error) from error
            raise
        if pool is not None:
            raise Retry(f"node pool {pool_id} still alive, status {pool['LifeState']}")

    api.timing.retry(5 * api.timing.read, attempt)


def _settled_pool(api: Api, cluster_id: str, pool_id: str) -> Json | None:
    def attempt() -> Json | None:
        pool = _detail(api, cluster_id, pool_id)
        if pool is not None and pool["AutoscalingGroupStatus"] in ("enabling", "disabling"):
            raise Retry(f"node pool status is {pool['AutoscalingGroupStatus']}, retrying")
        return pool

    return api.timing.retry(api.timing.read, attempt)


def _update_on_start(api: Api, data: Data) -> None:
    cluster_id, pool_id = _split(data.id)
    _check_waiting(data)
    data.partial = True
    pool = _detail(api, cluster_id, pool_id)
    if pool is None:
        raise ValueError(f"node pool {pool_id} not found")
    desired, low, high = data.integer("desiredCapacity"), data.integer("minSize"), data.integer("maxSize")
    if desired != pool["DesiredNodesNum"] and (low != pool["MinNodesNum"] or high != pool["MaxNodesNum"]):
        raise ValueError(_SIZES_TOGETHER)
    if data.has_change("autoScalingConfig"):
        _modify_launch_config(api, data, str(pool["LaunchConfigurationId"]))
    if data.has_change("desiredCapacity") or low <= desired <= high:
        api.retried_call(
            "tke",
            "ModifyNodePoolDesiredCapacityAboutAsg",
            {"ClusterId": cluster_id, "NodePoolId": pool_id, "DesiredCapacity": desired},
            api.timing.write,
        )
        _wait_for_nodes(api, data)
    if data.has_change("nodeOs", "nodeOsType", "labels", "tags"):
        os_name = data.string("nodeOs")
        request: Json = {
            "ClusterId": cluster_id,
            "NodePoolId": pool_id,
            "OsName": os_name,
            "OsCustomizeType": "" if "img-" in os_name else data.string("nodeOsType"),
            "Labels": _labels(data),
        }
        if tags := data.mapping("tags"):
            request["Tags"] = as_tags(tags)
        api.call("tke", "ModifyClusterNodePool", request, fixed_host=True)
        _wait_until_normal(api, cluster_id, pool_id, 5 * api.timing.read)


def _modify_launch_config(api: Api, data: Data, launch_config_id: str) -> None:
    cluster_id, pool_id = _split(data.id)
    new = data.object("autoScalingConfig")
    before = data.state.get("autoScalingConfig")
    old: Object = before if isinstance(before, dict) else {}
    fields = data.props["autoScalingConfig"].fields

    def changed(name: str) -> bool:
        return not same(fields[name], old.get(name), new.get(name))

    request = modify_parameters(new, launch_config_id, groups_changed=changed("orderlySecurityGroupIds"))
    api.call("as", "ModifyLaunchConfigurationAttributes", request)
    if not changed("enhancedSecurityService"):
        return
    instances = [
        worker.instance_id for worker in describe_workers(api, cluster_id) if worker.node_pool_id == pool_id
    ]
    if instances:
        api.call("tat", "InvokeCommand", {"CommandId": _INSTALL_SECURITY_AGENT, "InstanceIds": instances})


def _update_on_exit(api: Api, data: Data) -> None:
    cluster_id, pool_id = _split(data.id)
    if data.has_change("taints"):
        request: Json = {"ClusterId": cluster_id, "NodePoolId": pool_id, "Taints": _taints(data)}
        api.retried_call("tke", "ModifyClusterNodePool", request, api.timing.write)
        _wait_until_normal(api, cluster_id, pool_id, 5 * api.timing.read)
    if data.has_change(
        "scalingGroupName",
        "zones",
        "scalingGroupProjectId",
        "multiZoneSubnetPolicy",
        "defaultCooldown",
        "terminationPolicies",
    ):
        _modify_group(api, data)
    new, before = data.object("autoScalingConfig"), data.state.get("autoScalingConfig")
    old = before if isinstance(before, dict) else {}
    if (old.get("backupInstanceTypes") or []) != (new.get("backupInstanceTypes") or []):
        types = {"ClusterId": cluster_id, "NodePoolId": pool_id, "InstanceTypes": _instance_types(data)}
        api.retried_call("tke", "ModifyNodePoolInstanceTypes", types, api.timing.write)


def _modify_group(api: Api, data: Data) -> None:
    pool = _detail(api, *_split(data.id))
    if pool is None:
        raise ValueError(f"node pool {data.id} not found")
    request: Json = {
        "AutoScalingGroupId": pool["AutoscalingGroupId"],
        "ProjectId": data.integer("scalingGroupProjectId"),
    }
    for field, name in (
        ("AutoScalingGroupName", "scalingGroupName"),
        ("MultiZoneSubnetPolicy", "multiZoneSubnetPolicy"),
        ("DefaultCooldown", "defaultCooldown"),
        ("Zones", "zones"),
    ):
        if (value := data.get_ok(name)) is not None:
            request[field] = value
    if policy := data.string("terminationPolicies"):
        request["TerminationPolicies"] = [policy]
    api.retried_call("as", "ModifyAutoScalingGroup", request, api.timing.write)


def _wait_for_nodes(api: Api, data: Data) -> None:
    """With `wait_node_ready`: until enough of the wanted nodes are normal."""
    if not data.boolean("waitNodeReady"):
        return
    cluster_id, pool_id = _split(data.id)
    desired = data.integer("desiredCapacity") or 1
    tolerance = data.integer("scaleTolerance") if data.has("scaleTolerance") else 100
    normal = 0

    def attempt() -> None:
        nonlocal normal
        pool = api.retrying(lambda: _detail(api, cluster_id, pool_id))
        if pool is None:
            raise ValueError(f"Cluster {cluster_id} node pool {pool_id} not exists")
        added: Json = pool["NodeCountSummary"]["AutoscalingAdded"]
        normal, wanted = int(added["Normal"]), int(pool["DesiredNodesNum"])
        enough = normal == wanted or (wanted > 0 and normal * 100 // wanted >= tolerance)
        if not added["Total"] or normal > wanted or not enough:
            raise Retry("Node pool is still scaling")

    try:
        api.timing.retry(_CREATE_AND_UPDATE_TIMEOUT, attempt)
    except TimeoutError as error:
        # With no node at all the vendor adds the text of the last scaling activity.
        raise RuntimeError(
            f"Node pool scaling failed, Desired value: {desired}, Actual value: {normal}, Scale tolerance:"
            f" {tolerance}%\nPlease check your resource inventory, Or adjust `desired_capacity`,"
            " `scale_tolerance` and `instance_type`, Then try again."
        ) from error


def _read_pool(data: Data, pool: Json) -> None:
    data.set_fields(
        pool,
        name="Name",
        status="LifeState",
        launchConfigId="LaunchConfigurationId",
        autoScalingGroupId="AutoscalingGroupId",
        maxSize="MaxNodesNum",
        minSize="MinNodesNum",
        desiredCapacity="DesiredNodesNum",
        deletionProtection="DeletionProtection",
    )
    count: Json = pool["NodeCountSummary"]
    manual, automatic = int(count["ManuallyAdded"]["Total"]), int(count["AutoscalingAdded"]["Total"])
    data.set("manuallyAddedTotal", manual)
    data.set("autoscalingAddedTotal", automatic)
    data.set("nodeCount", manual + automatic)
    data.set("enableAutoScale", pool["AutoscalingGroupStatus"] == "enabled")
    if pool.get("ImageId"):
        data.set("nodeOs", str(pool["ImageId"]))
    else:
        data.set_unless_null("nodeOs", cast("Value", pool.get("NodePoolOs")))
        data.set_unless_null("nodeOsType", cast("Value", pool.get("OsCustomizeType")))
    if pool.get("Tags") is not None:
        data.set("tags", from_tags(pool["Tags"]))
    labels: list[Json] = pool.get("Labels") or []
    data.set("labels", {label["Name"]: label["Value"] for label in labels})
    if pool.get("Taints") is not None:
        taints: list[Json] = pool["Taints"]
        data.set("taints", [{"key": t["Key"], "value": t["Value"], "effect": t["Effect"]} for t in taints])
    if pool.get("Annotations") is not None:
        annotations: list[Json] = pool["Annotations"]
        data.set("annotations", [{"name": item["Name"], "value": item["Value"]} for item in annotations])


def _read_group(data: Data, group: Json) -> None:
    for name, field in {
        "scalingGroupName": "AutoScalingGroupName",
        "scalingGroupProjectId": "ProjectId",
        "defaultCooldown": "DefaultCooldown",
        "vpcId": "VpcId",
        "retryPolicy": "RetryPolicy",
    }.items():
        data.set(name, cast("Value", group.get(field)))
    data.set("zones", cast("list[Value]", group.get("ZoneSet") or []))
    data.set("subnetIds", cast("list[Value]", group.get("SubnetIdSet") or []))
    policies: list[str] = group.get("TerminationPolicySet") or []
    data.set("terminationPolicies", policies[0] if policies else None)
    settings: Json = group.get("ServiceSettings") or {}
    if data.get_ok("scalingMode") is not None and settings.get("ScalingMode") is not None:
        data.set("scalingMode", cast("Value", settings["ScalingMode"]))
    data.set_unless_null("autoUpdateInstanceTags", cast("Value", settings.get("AutoUpdateInstanceTags")))
    # Read only if the program has a policy.
    if data.get_ok("multiZoneSubnetPolicy") is not None:
        data.set("multiZoneSubnetPolicy", cast("Value", group.get("MultiZoneSubnetPolicy")))
