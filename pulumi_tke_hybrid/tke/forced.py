"""Properties whose change replaces the resource, as the providers say it.

A preview names them itself; whoever has only the two sides, before and after, looks here.
"""

from collections.abc import Mapping
from typing import Any

from pulumi_tke_hybrid.tke import tokens
from pulumi_tke_hybrid.tke.step import at

_OBJECT = ("metadata.name", "metadata.namespace")
FORCED: Mapping[str, tuple[str, ...]] = {
    # tencentcloud 0.2.3: ForceNew of its schema.
    tokens.CLUSTER: (
        "vpcId", "networkType", "clusterCidr", "serviceCidr", "ignoreClusterCidrConflict", "ignoreServiceCidrConflict",
        "clusterMaxPodNum", "clusterMaxServiceNum", "isNonStaticIpMode", "isDualStack", "basePodNum", "dataPlaneV2", "clusterIpvs",
        "clusterSubnetId", "clusterOsType", "clusterDeployType", "containerRuntime", "nodeNameType", "clusterExtraArgs", "labels",
        "unschedulable", "mountTarget", "globeDesiredPodNum", "dockerGraphPath", "preStartUserScript", "extraArgs", "masterConfigs",
        "workerConfigs",
    ),
    tokens.NODE_POOL: (
        "clusterId", "vpcId", "subnetIds", "retryPolicy", "scalingMode", "autoUpdateInstanceTags", "unschedulable",
        "autoScalingConfig.instanceType", "autoScalingConfig.keyIds", "autoScalingConfig.enhancedMonitorService",
        "autoScalingConfig.camRoleName", "autoScalingConfig.cdcId",
    ),
    tokens.NATIVE_NODE_POOL: (
        "clusterId", "native.instanceChargeType", "native.instanceTypes", "native.systemDisk.diskType", "native.systemDisk.diskSize",
        "native.runtimeRootDir", "native.machineType",
    ),
    tokens.VPC: ("cidrBlock",),
    tokens.SUBNET: ("vpcId", "availabilityZone", "cidrBlock", "cdcId"),
    # Our own: what `VpcCniSwitch.changes` replaces for.
    tokens.SWITCH: ("region", "clusterId"),
    # kubernetes 4.25: what its plugin cannot change in place.
    tokens.SERVICE: (*_OBJECT, "spec.clusterIP"),
    tokens.INGRESS: _OBJECT,
    tokens.DEPLOYMENT: (*_OBJECT, "spec.selector"),
    tokens.STATEFUL_SET: (
        *_OBJECT, "spec.podManagementPolicy", "spec.revisionHistoryLimit", "spec.selector", "spec.serviceName", "spec.volumeClaimTemplates",
    ),
}  # fmt: skip


_DEFAULTS = {"metadata.namespace": "default"}


def changed(kind: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Those of the resource's type that are not as they were, as a preview names them.

    One that is not known yet counts as another one, as it does in a preview.
    """
    differing = [path for path in FORCED.get(kind, ()) if _value(before, path) != _value(after, path)]
    # The tencentcloud plugin names the outermost property.
    named = [path.split(".")[0] for path in differing] if kind.startswith("tencentcloud:") else differing
    return list(dict.fromkeys(named))


def _value(props: Mapping[str, Any], path: str) -> Any:
    found = at(props, *path.split("."))
    return _DEFAULTS.get(path) if found is None else found
