"""Changed fields that no rule reads, on resources that have rules, and changed values that a preview does not
show.

A resource with rules counts as judged. The functions here find what these rules leave out; `not_judged` makes
the finding.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pulumi_tke_hybrid.plan import resource_types
from pulumi_tke_hybrid.plan.kubernetes_objects import (
    DIRECT,
    EXISTING,
    INTERNAL,
    load_balancer_source,
    load_balancer_sources,
    port_text,
    template_paths,
)
from pulumi_tke_hybrid.plan.model import Op, Step, field_path, is_patch
from pulumi_tke_hybrid.tke import keys
from pulumi_tke_hybrid.tke.annotations import FIXED, KNOWN, On
from pulumi_tke_hybrid.tke.enis import eni_networks
from pulumi_tke_hybrid.tke.objects import SECRET, at, items, mapping, unknown

Path = tuple[str, ...]
Change = tuple[Path, Any, Any]
"""A field with its value before and after."""

_SPEC_READ = {
    On.SERVICE: frozenset({"externalTrafficPolicy", "ports", "selector", "type"}),
    On.INGRESS: frozenset({"defaultBackend", "ingressClassName", "rules"}),
}
_FIXED_KEYS = frozenset(known.key for fixed in FIXED.values() for known in fixed)
_KEYS_READ = _FIXED_KEYS.union(
    *(table.values() for table in (DIRECT, EXISTING, INTERNAL)),
    (keys.SERVICE_SECURITY_GROUPS, keys.INGRESS_SECURITY_GROUPS),
    (keys.SERVICE_PASS_TO_TARGET, keys.INGRESS_PASS_TO_TARGET),
    (keys.INGRESS_CLASS_KEY, keys.INGRESS_LISTEN_PORTS, keys.SERVICE_PROTOCOLS),
    (keys.NETWORKS, keys.CLAIM_DELETE_POLICY),
)
"""Fields of `spec`, and annotations, that rules compare."""
_POOL = (
    "autoScalingGroup desiredCapacity maxSize minSize native serverlessNodes subnetIds workerConfig",
    "annotations autoUpdateInstanceTags defaultCooldown deleteKeepInstance deletionProtection enableAutoscale"
    " labels multiZoneSubnetPolicy name nodeOs nodeOsType scalingGroupName scalingGroupProjectId tags"
    " terminationPolicies waitNodeReady zones",
)
_GROUP = (
    "action cidrBlock cidrIp ipProtocol policy policyIndex portRange securityGroupId type",
    "description egress egresses ingress ingresses version",  # hidden lists have a finding of their own
)
_PROPERTIES: Mapping[str, tuple[str, str]] = {
    resource_types.CLUSTER: (
        "claimExpiredSeconds clusterInternet clusterInternetSecurityGroup deletionProtection eniSubnetIds"
        " managedClusterInternetSecurityPolicies vpcCniType",
        "acquireClusterAdminRole autoUpgradeClusterLevel clusterAudit clusterDesc clusterLevel clusterName"
        " eventPersistence logAgent projectId tags upgradeInstancesFollowCluster",
    ),
    resource_types.ENDPOINT: (
        "clusterInternet clusterInternetSecurityGroup managedClusterInternetSecurityPolicies",
        "",
    ),
    resource_types.LOAD_BALANCER: (
        "eipAddressId loadBalancerPassToTarget networkType securityGroups",
        "clbName deleteProtect logSetId logTopicId projectId snatName tags",
    ),
    resource_types.SUBNET: ("", "name tags"),
    f"{resource_types.PROVIDERS}kubernetes": (
        "version",
        "deleteUnreachable enablePatchForce pluginDownloadURL skipUpdateUnreachable"
        " suppressDeprecationWarnings suppressHelmHookWarnings",
    ),
    f"{resource_types.PROVIDERS}tencentcloud": (
        "version",
        "pluginDownloadURL secretId secretKey securityToken",
    ),
    resource_types.VPC: ("", "name tags"),
    **dict.fromkeys(resource_types.POOLS, _POOL),
    **dict.fromkeys((resource_types.RULE_SET, resource_types.LITE_RULES, resource_types.GROUP_RULE), _GROUP),
}
"""For each type the properties that rules compare, and the properties without an effect on traffic (schema of
the provider 0.2.3)."""
_OF_NEW_NODES = frozenset(
    {
        "backupInstanceTypes", "dataDisks", "hostName", "hostNameStyle", "instanceChargeType", "instanceName",
        "instanceNameStyle", "instanceType", "internetMaxBandwidthOut", "password", "publicIpAssigned",
        "spotInstanceType", "spotMaxPrice", "systemDiskSize", "systemDiskType",
    }
)  # fmt: skip
"""Parts of a pool's `autoScalingConfig` that rules compare, or that only new nodes get."""
_CLUSTER_KEYS = ("clusterId", "clusterIdentifier")
"""The properties with the cluster of a resource, and of a kubernetes provider."""
_LONGEST = 60


def unread_changes(step: Step) -> Iterator[str]:
    """Yield each changed field that no rule compares: `spec.sessionAffinity (none → ClientIP)`.

    A new patch writes to an object that exists. The preview does not show the object, so no field of the
    patch counts as compared.
    """
    if step.op is Op.CREATE:
        changes = _of_object(step, new_patch=True) if is_patch(step.type) else _hidden_pods(step)
    elif step.op in (Op.UPDATE, Op.OTHER) and not step.is_rest:
        changes = _of_cloud(step) if step.type in _PROPERTIES else _of_object(step, new_patch=False)
    else:
        return
    for path, before, after in changes:
        yield f"{'.'.join(path)} ({_sides(before, after)})"


def _hidden_pods(step: Step) -> Iterator[Change]:
    """The pod template of a new object, or what holds the template, if the preview does not show it."""
    for template in template_paths(step.type, step.new):
        path = tuple(map(str, template))
        above = [path[:depth] for depth in range(1, len(path) + 1)]
        yield from ((part, None, value) for part in above if unknown(value := at(step.new, *part)))


def _sides(before: Any, after: Any) -> str:
    """Both values, or the kind of the change where a value is long."""
    was, now = _shown(before), _shown(after)
    if before == after:
        return "secret"
    if (before is None or not was) and (after is None or not now):
        return "added" if before is None else "removed" if after is None else "changed"
    return f"{was or 'a longer value'} → {now or 'a longer value'}"


def _shown(value: Any) -> str:
    """The value as text; empty for a long value."""
    if value is None:
        return "none"
    if _hides(value):
        return "a value that the preview does not show"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return "" if isinstance(value, (dict, list)) or len(text) > _LONGEST else text or '""'


def _hides(value: Any) -> bool:
    """Whether the preview does not show the value, or a part of the value."""
    return unknown(value) or any(map(_hides, (*mapping(value).values(), *items(value))))


def _of_cloud(step: Step) -> Iterator[Change]:
    """The properties of a resource of Tencent Cloud."""
    if any(unknown(step.new.get(key)) and not unknown(step.old.get(key)) for key in _CLUSTER_KEYS):
        return  # the resource follows a replaced cluster, whose loss has a finding
    read, harmless = (names.split() for names in _PROPERTIES[step.type])
    for key in sorted(step.changed_inputs):
        before, after = step.old.get(key), step.new.get(key)
        if key in harmless or key.startswith("__"):
            continue
        if key == "autoScalingConfig":
            yield from (
                ((key, *path), *sides)
                for path, *sides in _differences(before, after)
                if _OF_NEW_NODES.isdisjoint(path[:1])
            )
        elif (
            key not in read or unknown(before) or unknown(after) or SECRET in (*items(before), *items(after))
        ):
            yield (key,), before, after


def _of_object(step: Step, *, new_patch: bool) -> Iterator[Change]:
    """The fields of a Kubernetes object that concern load balancers or the network of pods."""
    templates = template_paths(step.type, step.old, step.new)
    if not templates and not load_balancer_sources(step):
        return
    fields = [
        tuple(map(str, path))
        for template in templates
        for path in (("spec", "replicas"), (*template, "spec", "hostNetwork"), (*template, *_ANNOTATIONS, ""))
    ]
    if load_balancer_sources(step):
        fields += [("spec", ""), (*_ANNOTATIONS, "")]
    for path, before, after in (*_differences({} if new_patch else step.old, step.new), *_secrets(step)):
        if path in _PARTS and before and after and not _hides([before, after]):
            yield from _of_parts(path, before, after)
        elif _concerns(path, fields) and (new_patch or not _is_compared(step, path, before, after)):
            yield path, before, after


_ANNOTATIONS = ("metadata", "annotations")


def _concerns(path: Path, fields: list[Path]) -> bool:
    """Whether the changed value is one of the fields, stands below a field that ends with "", or hides some
    field."""
    if path[-3:-1] == _ANNOTATIONS and not (path[-1] in KNOWN and not KNOWN[path[-1]].written_by_tke):
        return False
    return any(
        path[: len(field) - 1] == field[:-1] if field[-1] == "" and len(path) >= len(field)
        else path == field[: len(path)]
        for field in fields
    )  # fmt: skip


def _is_compared(step: Step, path: Path, before: Any, after: Any) -> bool:
    """Whether a rule compares the values of the field, and the preview shows both values."""
    if path[-1:] and path[-1] in _FIXED_KEYS and not _hides(before):
        return True  # `fixed-annotation` reports a hidden value after the change
    on = load_balancer_source(step)
    given_up = on is not None and is_patch(step.type) and after is None and path[0] == "spec"
    if before == after or given_up or _hides(before) or _hides(after):
        return False
    if path == ("spec", "type") and on is On.SERVICE:
        return "LoadBalancer" in (before, after)
    if on is not None and path[0] == "spec":
        return not _SPEC_READ[on].isdisjoint(path[1:2])
    if path[-1] == keys.NETWORKS:  # `pods-leave-eni` compares networks of VPC-CNI, not their order or others
        return eni_networks(before).isdisjoint(eni_networks(after))
    return path[-2:-1] != ("annotations",) or path[-1] in _KEYS_READ


def _ports(given: Any) -> dict[str, Any]:
    return {f"{at(port, 'protocol') or 'TCP'} {port_text(at(port, 'port'))}": port for port in items(given)}


def _routes(given: Any) -> dict[str, Any]:
    return {
        f"{at(each, 'host') or '*'}{at(path, 'path') or '/'}": path
        for each in items(given)
        for path in items(at(each, "http", "paths"))
    }


_PARTS: Mapping[Path, Callable[[Any], dict[str, Any]]] = {
    ("spec", "ports"): _ports,
    ("spec", "rules"): _routes,
}
"""Lists with named parts: `service_rules` reports parts that come or go, and changed Services of routes."""
_PARTS_READ = (("name",), ("protocol",), ("backend", "service", "name"), ("backend", "serviceName"))


def _of_parts(path: Path, before: Any, after: Any) -> Iterator[Change]:
    """The fields of ports and routes that stay."""
    was, becomes = _PARTS[path](before), _PARTS[path](after)
    for name in (name for name in was if name in becomes):
        for field, old, new in _differences(was[name], becomes[name]):
            if field not in _PARTS_READ:
                yield (path[0], f"{path[1]}[{name}]", *field), old, new


def _differences(before: Any, after: Any, path: Path = ()) -> Iterator[Change]:
    """Yield the fields that differ, as deep as objects go; a list is one field."""
    if before == after:
        return
    sides = [side for side in (before, after) if side is not None]
    if sides and all(isinstance(side, dict) for side in sides):
        for key in {**mapping(before), **mapping(after)}:
            if not key.startswith("__"):
                yield from _differences(mapping(before).get(key), mapping(after).get(key), (*path, key))
    else:
        yield path, before, after


def _secrets(step: Step) -> Iterator[Change]:
    """Yield the secret values below the fields that the provider reports as different, although the preview
    shows the same mark on both sides."""
    named = list(map(field_path, step.diff_keys or ()))
    for path, value in _secret_fields(step.new, ()):
        above = [field for field in named if field == path[: len(field)]]
        deeper = [field for field in named if field[:1] == path[:1] and len(field) > 1]
        if above and (not deeper or any(len(field) > 1 for field in above)) and at(step.old, *path) == value:
            yield path, value, value


def _secret_fields(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    for key, item in mapping(value).items():
        yield from _secret_fields(item, (*path, key))
    if value == SECRET or SECRET in str(items(value)):
        yield path, value
