"""Stand-in for `DescribeVpcCniPodLimits`: how many ENI pods a machine of a type takes, in the vendor's sample
numbers."""

from tests.lab.cloud.core import Call, Handler
from tests.lab.cloud.errors import ApiError
from tests.lab.cloud.params import Json
from tests.lab.cloud.zones import zones_of
from tests.lab.machine_types import LIMITS, SUB_ENIS, PodLimits


def describe_pod_limits(call: Call) -> Json:
    zone, family, kind = (call.params.text(name) for name in ("Zone", "InstanceFamily", "InstanceType"))
    zones = zones_of(call.region)
    if zone and zone not in zones:
        raise ApiError("InvalidParameter.Param", f"PARAM_ERROR[zone {zone}].")
    found = [
        _entry(one, series, f"{series}.{size}", limits)
        for one in ([zone] if zone else zones)
        for series, sizes in LIMITS.items()
        for size, limits in sizes.items()
        if family in ("", series) and kind in ("", f"{series}.{size}")
    ]
    return {"TotalCount": len(found), "PodLimitsInstanceSet": found}


def _entry(zone: str, family: str, kind: str, limits: PodLimits) -> Json:
    return {
        "Zone": zone,
        "InstanceFamily": family,
        "InstanceType": kind,
        "PodLimits": {
            "TKERouteENINonStaticIP": limits.shared,
            "TKERouteENIStaticIP": limits.shared,
            "TKEDirectENI": limits.exclusive,
            "TKESubENI": SUB_ENIS,
        },
    }


ACTIONS: dict[str, Handler] = {"DescribeVpcCniPodLimits": describe_pod_limits}
