"""Which properties of a resource differ, and which of their values may be shown: those on a list, nothing else."""

import re
from collections.abc import Iterator
from typing import Any

from pulumi_tke_hybrid.tke import keys
from pulumi_tke_hybrid.tke.step import Op, Step, items, mapping, unknown

HIDDEN = "…"
"""In place of a value that may not be shown."""
MOST = 40
"""Properties of one resource that are named."""
_PRINTABLE = re.compile(
    r"(^|\.)(zone|zones|availabilityZone|cidrBlock|clusterCidr|serviceCidr|vpcCidr|vpcId|clusterId|subnetId|subnets|subnetIds|eniSubnetIds"
    r"|instanceType|desiredCapacity|minSize|maxSize|enableAutoScale|size|replicas|image|networkType|clusterVersion|clusterMaxPodNum"
    r"|clusterMaxServiceNum|isNonStaticIpMode|claimExpiredSeconds|vpcCniType|deletionProtection|staticIp|ipReclaim|nonMasquerade|onDelete"
    r"|zoneRegistration|kind|network|direct|fixedIp|exposure|type|port|targetPort|protocol|serviceName|namespace|version|addonName"
    r"|addonVersion|clusterIntranet|clusterInternet|maxSurge|maxUnavailable|action)(\[\d+\])*$"
)
_PRINTABLE_KEYS = (keys.NETWORKS, keys.CLAIM_DELETE_POLICY, keys.SERVICE_DIRECT_ACCESS, keys.INGRESS_DIRECT_ACCESS, *keys.TKE_PREFIXES)
_BRACKETS = re.compile(r'\["([^"]*)"\]')
"""How the engine writes a key with dots in it; here it is a part of the path like any other."""
_SILENT = ("__defaults", "__provider", "pulumi.com/")


def differences(step: Step) -> Iterator[tuple[str, Any, Any]]:
    """(path, before, after) of the inputs; a value is None where there is none. What only the provider knows of has two equal values."""
    found: list[str] = []
    for path, before, after in _walk("", step.old, step.new):
        found.append(path)
        yield path, before, after
    for key in (_BRACKETS.sub(r".\1", key) for key in step.diff_keys or ()):
        if not any(part in key for part in _SILENT) and not any(path.startswith(key) or key.startswith(path) for path in found):
            yield key, None, None


def _walk(path: str, before: Any, after: Any) -> Iterator[tuple[str, Any, Any]]:
    if before == after:
        return
    if _are(dict, before, after):
        old, new = mapping(before), mapping(after)
        for key in dict.fromkeys([*old, *new]):
            if not key.startswith(_SILENT):
                yield from _walk(f"{path}.{key}" if path else key, old.get(key), new.get(key))
    elif _are(list, before, after) and len(items(before)) == len(items(after)) and path.find("[") < 0:
        for index, (one, other) in enumerate(zip(items(before), items(after), strict=True)):
            yield from _walk(f"{path}[{index}]", one, other)
    else:
        yield path, before, after


def _are(kind: type, *values: object) -> bool:
    return all(isinstance(value, kind) for value in values)


def printable(path: str) -> bool:
    """Whether the value at a path may be shown."""
    return bool(_PRINTABLE.search(path)) or any(f"annotations.{key}" in path for key in _PRINTABLE_KEYS)


def value_text(path: str, value: Any) -> str:
    """A value for people, or why there is none."""
    if value is None:
        return "none"
    if _holds_unknown(value):
        return "known after up"
    if _are(dict, value):
        inner = {key: value_text(f"{path}.{key}", item) for key, item in mapping(value).items()}
        return ", ".join(f"{key} {text}" for key, text in inner.items() if text != HIDDEN) or HIDDEN
    if not printable(path) or any(isinstance(item, (dict, list)) for item in items(value)):
        return HIDDEN
    if _are(list, value):
        return ", ".join(str(item) for item in items(value)[:10])
    return "true" if value is True else "false" if value is False else str(value)


def change_text(path: str, before: Any, after: Any) -> str:
    """What became of a value; of a list only what came and what went."""
    if _are(list, before, after) and printable(path) and not _holds_unknown(after):
        old, new = [str(item) for item in items(before)], [str(item) for item in items(after)]
        told = [*(f"+{item}" for item in new if item not in old), *(f"-{item}" for item in old if item not in new)]
        return f"{path} {', '.join(told[:10]) or 'in another order'}"
    return f"{path} {value_text(path, before)} → {value_text(path, after)}"


def _holds_unknown(value: Any) -> bool:
    return unknown(value) or any(_holds_unknown(item) for item in items(value))


def named(step: Step) -> list[str]:
    """The differing properties by their names, for one line."""
    if step.op in (Op.CREATE, Op.DELETE):
        return []
    return list(dict.fromkeys(_short(path) for path, _, _ in differences(step)))


def _short(path: str) -> str:
    for key in _PRINTABLE_KEYS[:4]:
        if key in path:
            return key.rpartition("/")[2]
    return path.rpartition(".")[2].partition("[")[0] if "annotations." not in path else path.rpartition("annotations.")[2]
