"""Properties of `tencentcloud:Kubernetes/nodePool:NodePool`, as the stand-in plugin checks and compares
them."""

from tests.lab.tencentcloud_plugin.schema import Prop
from tests.lab.tencentcloud_plugin.validators import integer_range, node_password, one_of

_SIZE = integer_range(0, 2000)
_DATA_DISK = {
    "deleteWithInstance": Prop("boolean"),
    "diskSize": Prop("integer", default=0),
    "diskType": Prop(default="CLOUD_PREMIUM"),
    "encrypt": Prop("boolean"),
    "snapshotId": Prop(force_new=True),
    "throughputPerformance": Prop("integer"),
}
AUTO_SCALING_CONFIG = {
    "backupInstanceTypes": Prop("strings"),
    "bandwidthPackageId": Prop(),
    "camRoleName": Prop(force_new=True),
    "cdcId": Prop(force_new=True),
    "dataDisks": Prop("objects", fields=_DATA_DISK, tf="data_disk"),
    "enhancedMonitorService": Prop("boolean", force_new=True, default=True),
    "enhancedSecurityService": Prop("boolean", default=True),
    "hostName": Prop(computed=True),
    "hostNameStyle": Prop(computed=True),
    "instanceChargeType": Prop(computed=True),
    "instanceChargeTypePrepaidPeriod": Prop("integer"),
    "instanceChargeTypePrepaidRenewFlag": Prop(computed=True),
    "instanceName": Prop(computed=True),
    "instanceNameStyle": Prop(computed=True),
    "instanceType": Prop(required=True, force_new=True),
    "internetChargeType": Prop(default="TRAFFIC_POSTPAID_BY_HOUR"),
    "internetMaxBandwidthOut": Prop("integer", default=0),
    "ipv4AddressType": Prop(computed=True),
    "keyIds": Prop("strings", force_new=True),
    "orderlySecurityGroupIds": Prop("strings", computed=True),
    "password": Prop(force_new=True, secret=True, validate=node_password),
    "publicIpAssigned": Prop("boolean"),
    "securityGroupIds": Prop("strings", computed=True, unordered=True),
    "spotInstanceType": Prop(),
    "spotMaxPrice": Prop(),
    "systemDiskSize": Prop("integer", default=50, validate=integer_range(20, 1024)),
    "systemDiskType": Prop(default="CLOUD_PREMIUM"),
}
_NODE_DATA_DISK = {
    "autoFormatAndMount": Prop("boolean", force_new=True, default=False),
    "diskPartition": Prop(force_new=True),
    "diskSize": Prop("integer", force_new=True, default=0),
    "diskType": Prop(force_new=True, default="CLOUD_PREMIUM"),
    "fileSystem": Prop(force_new=True, default=""),
    "mountTarget": Prop(force_new=True, default=""),
}
_NODE_CONFIG = {
    "dataDisks": Prop("objects", force_new=True, fields=_NODE_DATA_DISK, tf="data_disk"),
    "desiredPodNum": Prop("integer", force_new=True),
    "dockerGraphPath": Prop(force_new=True, default="/var/lib/docker"),
    "extraArgs": Prop("strings", force_new=True),
    "gpuArgs": Prop("object", force_new=True, modelled=False),
    "isSchedule": Prop("boolean", force_new=True, default=True),
    "mountTarget": Prop(force_new=True),
    "preStartUserScript": Prop(),
    "userData": Prop(),
}
_TAINT = {"effect": Prop(required=True), "key": Prop(required=True), "value": Prop(required=True)}
_ANNOTATION = {"name": Prop(required=True), "value": Prop(required=True)}

NODE_POOL_PROPS = {
    "annotations": Prop("objects", computed=True, unordered=True, fields=_ANNOTATION),
    "autoScalingConfig": Prop("object", required=True, fields=AUTO_SCALING_CONFIG),
    "autoScalingGroupId": Prop(output=True),
    "autoUpdateInstanceTags": Prop("boolean", force_new=True, computed=True),
    "autoscalingAddedTotal": Prop("integer", output=True),
    "clusterId": Prop(required=True, force_new=True),
    "defaultCooldown": Prop("integer", computed=True),
    "deleteKeepInstance": Prop("boolean", default=True),
    "deletionProtection": Prop("boolean", computed=True),
    "desiredCapacity": Prop("integer", computed=True, validate=_SIZE),
    "enableAutoScale": Prop("boolean", default=True),
    "labels": Prop("map"),
    "launchConfigId": Prop(output=True),
    "manuallyAddedTotal": Prop("integer", output=True),
    "maxSize": Prop("integer", required=True, validate=_SIZE),
    "minSize": Prop("integer", required=True, validate=_SIZE),
    "multiZoneSubnetPolicy": Prop(validate=one_of("PRIORITY", "EQUALITY")),
    "name": Prop(auto_name=True),
    "nodeConfig": Prop("object", fields=_NODE_CONFIG),
    "nodeCount": Prop("integer", output=True),
    "nodeOs": Prop(default="tlinux2.4x86_64"),
    "nodeOsType": Prop(default="GENERAL"),
    "retryPolicy": Prop(
        force_new=True,
        default="IMMEDIATE_RETRY",
        validate=one_of("IMMEDIATE_RETRY", "INCREMENTAL_INTERVALS", "NO_RETRY"),
    ),
    "scaleTolerance": Prop("integer"),
    "scalingGroupName": Prop(computed=True),
    "scalingGroupProjectId": Prop("integer", default=0),
    "scalingMode": Prop(force_new=True),
    "status": Prop(output=True),
    "subnetIds": Prop("strings", force_new=True),
    "tags": Prop("map", computed=True),
    "taints": Prop("objects", fields=_TAINT),
    "terminationPolicies": Prop(computed=True),
    "unschedulable": Prop("integer", force_new=True, default=0),
    "vpcId": Prop(required=True, force_new=True),
    "waitNodeReady": Prop("boolean"),
    "zones": Prop("strings"),
}
