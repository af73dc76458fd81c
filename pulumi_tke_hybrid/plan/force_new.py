"""Properties whose change replaces the resource, as listed in the providers' schemas.

A preview names these properties itself; a policy, which sees only the inputs before and after, needs this
list.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pulumi_tke_hybrid.plan import resource_types
from pulumi_tke_hybrid.plan.model import NEW, Step
from pulumi_tke_hybrid.tke.values import at, holds_unknown

_OBJECT = ("metadata.name", "metadata.namespace")
FORCE_NEW: Mapping[str, tuple[str, ...]] = {
    # tencentcloud 0.2.3: ForceNew of its schema.
    resource_types.CLUSTER: (
        "vpcId", "networkType", "clusterCidr", "serviceCidr", "ignoreClusterCidrConflict",
        "ignoreServiceCidrConflict", "clusterMaxPodNum", "clusterMaxServiceNum", "isNonStaticIpMode",
        "isDualStack", "basePodNum", "dataPlaneV2", "clusterIpvs", "clusterSubnetId", "clusterOsType",
        "clusterDeployType", "containerRuntime", "nodeNameType", "clusterExtraArgs", "labels",
        "unschedulable", "mountTarget", "globeDesiredPodNum", "dockerGraphPath", "preStartUserScript",
        "extraArgs", "masterConfigs", "workerConfigs",
    ),
    resource_types.NODE_POOL: (
        "clusterId", "vpcId", "subnetIds", "retryPolicy", "scalingMode", "autoUpdateInstanceTags",
        "unschedulable", "autoScalingConfig.instanceType", "autoScalingConfig.keyIds",
        "autoScalingConfig.enhancedMonitorService", "autoScalingConfig.camRoleName",
        "autoScalingConfig.cdcId",
    ),
    resource_types.NATIVE_NODE_POOL: (
        "clusterId", "native.instanceChargeType", "native.instanceTypes", "native.systemDisk.diskType",
        "native.systemDisk.diskSize", "native.runtimeRootDir", "native.machineType",
    ),
    resource_types.VPC: ("cidrBlock",),
    resource_types.SUBNET: ("vpcId", "availabilityZone", "cidrBlock", "cdcId"),
    # Our own: what `VpcCniSwitch.changes` replaces for.
    resource_types.SWITCH: ("region", "clusterId"),
    # kubernetes 4.25: what its plugin cannot change in place.
    resource_types.SERVICE: (*_OBJECT, "spec.clusterIP"),
    resource_types.INGRESS: _OBJECT,
    resource_types.DEPLOYMENT: (*_OBJECT, "spec.selector"),
    resource_types.STATEFUL_SET: (
        *_OBJECT, "spec.podManagementPolicy", "spec.revisionHistoryLimit", "spec.selector",
        "spec.serviceName", "spec.volumeClaimTemplates",
    ),
}  # fmt: skip


_OF_KINDS = {
    resource_types.DAEMON_SET: ("spec.selector",),
    "kubernetes:apps/v1:ReplicaSet": ("spec.selector",),
    "kubernetes:batch/v1:Job": ("spec.completionMode", "spec.completions", "spec.selector", "spec.template"),
}
"""Properties of other Kubernetes kinds, beside name and namespace."""

# Optional and computed in the schema: the provider keeps the value that the program leaves out.
_COMPUTED: Mapping[str, tuple[str, ...]] = {
    resource_types.CLUSTER: ("containerRuntime", "dataPlaneV2", "ignoreServiceCidrConflict", "isDualStack"),
    resource_types.NODE_POOL: ("autoUpdateInstanceTags",),
}
_DEFAULTS = {"metadata.namespace": "default"}


def changed_keys(
    kind: str, before: Mapping[str, Any], after: Mapping[str, Any], state: Mapping[str, Any]
) -> list[str]:
    """Return the changed properties that force a replacement, as a preview names them. `state`: the outputs
    when last read.

    A value that is not known yet counts as changed, as in a preview. A property that the program did not have
    before is compared with the state, as the providers do.
    """
    differing = _differing(kind, before, after, state)
    # The tencentcloud plugin names the outermost property.
    named = [path.split(".")[0] for path in differing] if kind.startswith("tencentcloud:") else differing
    return list(dict.fromkeys(named))


def _differing(
    kind: str, before: Mapping[str, Any], after: Mapping[str, Any], state: Mapping[str, Any]
) -> list[str]:
    computed = _COMPUTED.get(kind, ())
    forced = FORCE_NEW.get(kind) or (
        _OBJECT + _OF_KINDS.get(kind, ()) if kind.startswith("kubernetes:") else ()
    )
    return [path for path in forced if _differs(path, before, after, state, path in computed)]


def _differs(
    path: str, before: Mapping[str, Any], after: Mapping[str, Any], state: Mapping[str, Any], computed: bool
) -> bool:
    was, wanted = _value(before, path), _value(after, path)
    if wanted is None and (was is None or computed):
        return False
    if was is None:
        was = _value(state, path)
    default = _DEFAULTS.get(path)
    return (default if was is None else was) != (default if wanted is None else wanted)


def _value(props: Mapping[str, Any], path: str) -> Any:
    return at(props, *path.split("."))


def reasons(step: Step) -> str:
    """Return why a resource is replaced: first the program's own changes, then values from other resources.

    The engine stops at the first reason: a pool of a replaced cluster is replaced for its `clusterId`,
    whatever else changes.
    """
    return replace(step, replace_keys=tuple(_all_reasons(step))).replaced_for


def way_back(step: Step) -> str:
    """Return the advice to go back to the old values of the program's own changes, if these may be shown."""
    each = [replace(step, replace_keys=(key,)).replaced_for for key in _all_reasons(step)]
    known = [text.partition(" → ")[0] for text in each if " → " in text and not text.endswith(NEW)]
    return f"go back to {', '.join(known)}" if known else "go back to the old value"


def _all_reasons(step: Step) -> list[str]:
    differing = _differing(step.type, step.old, step.new, step.state)
    own = [path for path in differing if not holds_unknown(at(step.new, *path.split(".")))]
    outer = {path.split(".")[0] for path in own if "." in path}
    return list(dict.fromkeys([*own, *(key for key in step.replace_keys if key not in outer)]))
