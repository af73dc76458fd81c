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


_OF_KINDS = {
    tokens.DAEMON_SET: ("spec.selector",),
    "kubernetes:apps/v1:ReplicaSet": ("spec.selector",),
    "kubernetes:batch/v1:Job": ("spec.completionMode", "spec.completions", "spec.selector", "spec.template"),
}
"""Of Kubernetes' other kinds, beside name and namespace."""

# Optional and computed in the schema: without the program's word the provider keeps what is there.
_COMPUTED: Mapping[str, tuple[str, ...]] = {
    tokens.CLUSTER: ("containerRuntime", "dataPlaneV2", "ignoreServiceCidrConflict", "isDualStack"),
    tokens.NODE_POOL: ("autoUpdateInstanceTags",),
}
_DEFAULTS = {"metadata.namespace": "default"}


def changed(kind: str, before: Mapping[str, Any], after: Mapping[str, Any], state: Mapping[str, Any]) -> list[str]:
    """Those of the resource's type that are not as they were, as a preview names them. `state`: what the cloud said of it.

    One that is not known yet counts as another one, as it does in a preview. One that the program did not speak of before is compared
    with the state, as the providers do: to write down what is there changes nothing.
    """
    computed = _COMPUTED.get(kind, ())
    forced = FORCED.get(kind) or (_OBJECT + _OF_KINDS.get(kind, ()) if kind.startswith("kubernetes:") else ())
    differing = [path for path in forced if _differs(path, before, after, state, path in computed)]
    # The tencentcloud plugin names the outermost property.
    named = [path.split(".")[0] for path in differing] if kind.startswith("tencentcloud:") else differing
    return list(dict.fromkeys(named))


def _differs(path: str, before: Mapping[str, Any], after: Mapping[str, Any], state: Mapping[str, Any], computed: bool) -> bool:
    was, wanted = _value(before, path), _value(after, path)
    if wanted is None and (was is None or computed):
        return False
    if was is None:
        was = _value(state, path)
    default = _DEFAULTS.get(path)
    return (default if was is None else was) != (default if wanted is None else wanted)


def _value(props: Mapping[str, Any], path: str) -> Any:
    return at(props, *path.split("."))
