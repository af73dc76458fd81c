"""Which properties of a resource differ, and which of their values may be shown: those on a list, nothing
else."""

import re
from collections.abc import Iterator
from typing import Any

from pulumi_tke_hybrid.plan.model import Op, Step
from pulumi_tke_hybrid.tke import keys
from pulumi_tke_hybrid.tke.values import SECRET, items, mapping, unknown

HIDDEN = "hidden: not a network setting"
HIDDEN_SECRET = "hidden: secret"  # noqa: S105
NOT_YET = "known only after the apply"
"""In place of a value: why there is none."""
_SHOWN = 10
"""Items of a list that are shown."""
MOST = 40
"""Properties of one resource that are named."""
_PRINTABLE = re.compile(
    r"(^|\.)(zone|zones|availabilityZone|cidrBlock|clusterCidr|serviceCidr|vpcCidr|vpcId|clusterId|subnetId|subnets|subnetIds|eniSubnetIds"
    r"|instanceType|desiredCapacity|minSize|maxSize|enableAutoScale|size|replicas|image|networkType|clusterVersion|clusterMaxPodNum"
    r"|clusterMaxServiceNum|isNonStaticIpMode|claimExpiredSeconds|vpcCniType|deletionProtection|staticIp|ipReclaim|nonMasquerade|onDelete"
    r"|zoneRegistration|kind|network|direct|fixedIp|exposure|type|port|targetPort|protocol|serviceName|namespace|version|addonName"
    r"|addonVersion|clusterIntranet|clusterInternet|maxSurge|maxUnavailable|action)(\[\d+\])*$"
)
_PRINTABLE_KEYS = keys.POD_KEYS | keys.SERVICE_KEYS | keys.INGRESS_KEYS
_TELLING_KEYS = (
    keys.NETWORKS,
    keys.CLAIM_DELETE_POLICY,
    keys.SERVICE_DIRECT_ACCESS,
    keys.INGRESS_DIRECT_ACCESS,
)
"""Annotations whose last part says enough."""
_BRACKETS = re.compile(r'\["([^"]*)"\]')
"""How the engine writes a key with dots in it; here it is a part of the path like any other."""
_SILENT = ("__defaults", "__provider", "pulumi.com/")


def differences(step: Step) -> Iterator[tuple[str, Any, Any]]:
    """(path, before, after) of the inputs; a value is None where there is none. What only the provider knows
    of has two equal values."""
    found: list[str] = []
    for path, before, after in _walk("", step.old, step.new):
        found.append(path)
        yield path, before, after
    for key in (_BRACKETS.sub(r".\1", key) for key in step.diff_keys or ()):
        if not any(part in key for part in _SILENT) and not any(
            path.startswith(key) or key.startswith(path) for path in found
        ):
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
    annotation = path.rpartition("annotations.")[2]
    return (
        bool(_PRINTABLE.search(path))
        or annotation in _PRINTABLE_KEYS
        or (annotation != path and annotation.startswith(keys.OURS))
    )


def value_text(path: str, value: Any) -> str:
    """A value for people, or why there is none."""
    if value is None:
        return "none"
    if value == SECRET:
        return HIDDEN_SECRET
    if unknown(value):
        return NOT_YET
    if _are(dict, value):
        inner = {
            key: value_text(f"{path}.{key}", item) for key, item in mapping(value).items() if item is not None
        }
        return ", ".join(f"{key} {text}" for key, text in inner.items() if not _is_hidden(text)) or HIDDEN
    if _are(list, value):
        texts = [value_text(path, item) for item in items(value)[:_SHOWN]]
        return ", ".join(text for text in texts if not _is_hidden(text)) or ("none" if not texts else HIDDEN)
    if not printable(path):
        return HIDDEN
    return "true" if value is True else "false" if value is False else str(value)


def _is_hidden(text: str) -> bool:
    return text in (HIDDEN, HIDDEN_SECRET)


def change_text(path: str, before: Any, after: Any) -> str:
    """What became of a value, from and to; of a list only what is added and what is removed."""
    return f"{path} {delta(path, before, after)}"


def delta(path: str, before: Any, after: Any) -> str:
    """The change without the path."""
    if _are(list, before) or _are(list, after):
        return _list_delta(path, items(before), after)
    old, new = value_text(path, before), value_text(path, after)
    return (
        f"changed ({new if _is_hidden(new) else old})"
        if _is_hidden(old) or _is_hidden(new) or old == new
        else f"{old} → {new}"
    )


def _list_delta(path: str, before: list[Any], after: Any) -> str:
    if after is not None and not _are(list, after):
        return f"changed ({value_text(path, after)})"
    old, new = ([value_text(path, item) for item in items(side)] for side in (before, after))
    told = [
        *(f"+{item}" for item in new if item not in old),
        *(f"-{item}" for item in old if item not in new),
    ]
    shown = [item for item in told if not _is_hidden(item[1:])][:_SHOWN]
    more = len(told) - len(shown)
    if shown:
        return ", ".join(shown) + (f" and {more} more" if more else "")
    return "changed (" + (
        f"{told[0][1:]})" if told else f"{HIDDEN})" if any(map(_is_hidden, new)) else "in another order)"
    )


def named(step: Step) -> list[str]:
    """The differing properties for one line: each with its change, or its name alone where there is nothing
    to show."""
    if step.op in (Op.CREATE, Op.DELETE):
        return []
    found: dict[str, None] = {}
    for path, before, after in differences(step):
        change = "" if before is None and after is None else delta(path, before, after)
        hidden = not change or change.startswith("changed (hidden")
        found[_short(path) if hidden else f"{_short(path)} {change}"] = None
    return list(found)


def _short(path: str) -> str:
    for key in _TELLING_KEYS:
        if key in path:
            return key.rpartition("/")[2]
    return (
        path.rpartition(".")[2].partition("[")[0]
        if "annotations." not in path
        else path.rpartition("annotations.")[2]
    )
