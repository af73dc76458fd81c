"""Stand-in for `DescribeVpcCniPodLimits`: how many ENI pods a machine of a type takes."""

from tests.lab.cloud.core import Call, Handler
from tests.lab.cloud.errors import ApiError
from tests.lab.cloud.params import Json
from tests.lab.cloud.zones import zones_of

_FAMILIES = ("S5", "SA2", "SA3", "S6", "IT5")
_SIZES: dict[str, int] = {
    "SMALL1": 1,
    "SMALL2": 1,
    "SMALL4": 1,
    "MEDIUM2": 2,
    "MEDIUM4": 2,
    "MEDIUM8": 2,
    "LARGE8": 4,
    "LARGE16": 4,
    "2XLARGE16": 8,
    "2XLARGE32": 8,
    "4XLARGE32": 16,
    "4XLARGE64": 16,
    "8XLARGE64": 32,
    "8XLARGE128": 32,
    "12XLARGE96": 48,
    "16XLARGE256": 64,
}
_EXCEPTIONS = {"SA2.12XLARGE96": 273}
_SUB_ENIS = 100


def shared_limit(cpus: int) -> int:
    """ENIs x addresses per ENI, several ENIs a node."""
    if cpus < 2:
        return 5
    if cpus < 8:
        return 27
    return 95 if cpus <= 10 else 203


def _exclusive_limit(family: str, cpus: int) -> int:
    if cpus < 2:
        return 4
    if cpus < 8:
        return 9
    if family == "SA3":
        return 15
    if cpus <= 10:
        return 19
    return 39 if cpus < 128 else 23


def describe_pod_limits(call: Call) -> Json:
    zone, family, kind = (call.params.text(name) for name in ("Zone", "InstanceFamily", "InstanceType"))
    zones = zones_of(call.region)
    if zone and zone not in zones:
        raise ApiError("InvalidParameter.Param", f"PARAM_ERROR[zone {zone}].")
    found = [
        _entry(one, series, f"{series}.{size}", cpus)
        for one in ([zone] if zone else zones)
        for series in _FAMILIES
        for size, cpus in _SIZES.items()
        if family in ("", series) and kind in ("", f"{series}.{size}")
    ]
    return {"TotalCount": len(found), "PodLimitsInstanceSet": found}


def _entry(zone: str, family: str, kind: str, cpus: int) -> Json:
    shared = _EXCEPTIONS.get(kind, shared_limit(cpus))
    return {
        "Zone": zone,
        "InstanceFamily": family,
        "InstanceType": kind,
        "PodLimits": {
            "TKERouteENINonStaticIP": shared,
            "TKERouteENIStaticIP": shared,
            "TKEDirectENI": _exclusive_limit(family, cpus),
            "TKESubENI": _SUB_ENIS,
        },
    }


ACTIONS: dict[str, Handler] = {"DescribeVpcCniPodLimits": describe_pod_limits}
