"""Which fields a request may have: those of the official SDK's models, checked by the stand-in like the cloud
does."""

import functools
import importlib
import re
from collections.abc import Mapping
from typing import cast

from tests.lab.cloud.errors import ApiError, wrong_type
from tests.lab.cloud.params import Json

_MODEL_IN_DOC = re.compile(
    r":rtype: (?P<many>list of )?(?::class:`[\w.]+\.)?(?P<name>\w+)`?\s*$", re.MULTILINE
)
_SCALARS: Mapping[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "bool": (bool,),
    "float": (int, float),
}


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_WITHOUT_SDK: Mapping[str, frozenset[str]] = {
    # The top-level fields of services whose models the lab does not install.
    "api:DescribeZones": frozenset({"Product", "Scene"}),
    "as:DescribeAutoScalingGroups": frozenset({"AutoScalingGroupIds", "Filters", "Limit", "Offset"}),
    "as:DescribeLaunchConfigurations": frozenset({"LaunchConfigurationIds", "Filters", "Limit", "Offset"}),
    "as:ModifyAutoScalingGroup": _names(
        "AutoScalingGroupId AutoScalingGroupName DefaultCooldown DesiredCapacity LaunchConfigurationId"
        " MaxSize MinSize ProjectId SubnetIds TerminationPolicies VpcId Zones RetryPolicy ZonesCheckPolicy"
        " ServiceSettings Ipv6AddressCount MultiZoneSubnetPolicy HealthCheckType"
        " LoadBalancerHealthCheckGracePeriod InstanceAllocationPolicy SpotMixedAllocationPolicy"
        " CapacityRebalance InstanceNameIndexSettings HostNameIndexSettings"
    ),
    "as:ModifyLaunchConfigurationAttributes": _names(
        "LaunchConfigurationId ImageId InstanceTypes InstanceTypesCheckPolicy LaunchConfigurationName"
        " UserData SecurityGroupIds InternetAccessible InstanceChargeType InstanceChargePrepaid"
        " InstanceMarketOptions DiskTypePolicy SystemDisk DataDisks HostNameSettings InstanceNameSettings"
        " EnhancedService CamRoleName HpcClusterId IPv6InternetAccessible DisasterRecoverGroupIds"
        " LoginSettings InstanceTags ImageFamily DedicatedClusterId"
    ),
    "cam:GetRole": frozenset({"RoleId", "RoleName"}),
    "cam:ListAttachedRolePolicies": frozenset({"Page", "Rp", "RoleId", "RoleName", "PolicyType", "Keyword"}),
    "cvm:DescribeInstances": frozenset({"InstanceIds", "Filters", "Limit", "Offset"}),
    "cvm:DescribeZones": frozenset(),
    "sts:GetCallerIdentity": frozenset(),
    "tag:DescribeResourceTagsByResourceIds": frozenset(
        {"ServiceType", "ResourcePrefix", "ResourceIds", "ResourceRegion", "Offset", "Limit"}
    ),
    "tag:ModifyResourceTags": frozenset({"Resource", "ReplaceTags", "DeleteTags"}),
    "tat:InvokeCommand": frozenset(
        {"CommandId", "InstanceIds", "Parameters", "Username", "WorkingDirectory", "Timeout"}
    ),
}


def validate(service: str, version: str, action: str, values: Json) -> None:
    """Raise `UnknownParameter` for a field that the action does not have, `InvalidParameter` for one of a
    wrong type."""
    allowed = _WITHOUT_SDK.get(f"{service}:{action}")
    if allowed is not None:
        if unknown := sorted(values.keys() - allowed):
            raise _unknown(unknown[0])
        return
    package = f"tencentcloud.{service}.v{version.replace('-', '')}.models"
    _check(package, f"{action}Request", values, "")


@functools.cache
def _model_fields(package: str, model: str) -> Mapping[str, tuple[bool, str]]:
    """Field -> (is it a list, the name of its type), read from the docstrings of the SDK's properties."""
    kind: type = getattr(importlib.import_module(package), model)
    found: dict[str, tuple[bool, str]] = {}
    for name in vars(kind):
        member = getattr(kind, name)
        if not isinstance(member, property):
            continue
        match = _MODEL_IN_DOC.search(member.__doc__ or "")
        if match is None:
            raise LookupError(f"no type in the docstring of {package}.{model}.{name}")
        found[name] = (bool(match["many"]), match["name"])
    return found


def _check(package: str, model: str, values: Json, path: str) -> None:
    fields = _model_fields(package, model)
    for name, value in values.items():
        if name not in fields:
            raise _unknown(path + name)
        if value is None:
            continue
        many, kind = fields[name]
        if not many:
            _check_one(package, kind, value, path + name)
            continue
        if not isinstance(value, list):
            raise wrong_type(path + name, "list")
        for number, item in enumerate(cast("list[object]", value)):
            _check_one(package, kind, item, f"{path}{name}.{number}")


def _check_one(package: str, kind: str, value: object, path: str) -> None:
    if kind in _SCALARS:
        if not isinstance(value, _SCALARS[kind]) or (isinstance(value, bool) and kind != "bool"):
            raise wrong_type(path, kind)
    elif not isinstance(value, dict):
        raise wrong_type(path, "object")
    else:
        _check(package, kind, cast("Json", value), f"{path}.")


def _unknown(name: str) -> ApiError:
    return ApiError("UnknownParameter", f"The parameter `{name}` is not recognized.")
