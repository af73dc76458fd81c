"""The number of ENI pods of a CVM type, for the API stand-in and for the stand-in of the device plugin.

The numbers are the vendor's where public: the sample of `DescribeVpcCniPodLimits` (457/59275: SA2 from
4XLARGE on has 273; S5.MEDIUM2 27, exclusive 9; S5.LARGE8 27, exclusive 19; 100 sub-ENIs), else ENIs times
addresses of the ENI table (576/18527). The table is written by type and shares no code with the product's
table, so that the tests see a difference. Families without a public table (S6, SA3) have numbers of the
lab's own.
"""

from dataclasses import dataclass

SUB_ENIS = 100


@dataclass(frozen=True)
class PodLimits:
    shared: int
    exclusive: int


_SMALL, _MEDIUM, _LARGE = PodLimits(5, 4), PodLimits(27, 9), PodLimits(27, 19)
_S5 = {
    "SMALL1": _SMALL,
    "SMALL2": _SMALL,
    "SMALL4": _SMALL,
    "MEDIUM2": _MEDIUM,
    "MEDIUM4": _MEDIUM,
    "MEDIUM8": _MEDIUM,
    "LARGE8": _LARGE,
    "LARGE16": _LARGE,
    "2XLARGE16": PodLimits(95, 39),
    "2XLARGE32": PodLimits(95, 39),
    "4XLARGE32": PodLimits(203, 39),
    "4XLARGE64": PodLimits(203, 39),
    "8XLARGE64": PodLimits(203, 39),
    "16XLARGE256": PodLimits(203, 39),
    "32XLARGE512": PodLimits(203, 22),
}
_OWN = dict.fromkeys(("2XLARGE16", "4XLARGE32", "8XLARGE64"), PodLimits(117, 39))
_SA2_LARGE = (
    "4XLARGE16", "4XLARGE32", "4XLARGE64", "8XLARGE64", "12XLARGE96", "12XLARGE128", "16XLARGE256",
    "20XLARGE320", "22XLARGE224",
)  # fmt: skip
LIMITS: dict[str, dict[str, PodLimits]] = {
    "S5": _S5,
    "S5se": {"LARGE8": PodLimits(57, 19)},
    "S6": {**_S5, **_OWN},
    "SA1": {"SMALL1": PodLimits(1, 1), "MEDIUM2": PodLimits(9, 4), "MEDIUM4": PodLimits(9, 4)},
    "SA2": {**_S5, **dict.fromkeys(_SA2_LARGE, PodLimits(273, 39)), "40XLARGE320": PodLimits(273, 22)},
    "SA3": {**_S5, **_OWN},
    "IT5": {
        "4XLARGE64": PodLimits(203, 39),
        "8XLARGE128": PodLimits(203, 39),
        "16XLARGE256": PodLimits(203, 39),
    },
}
"""By family and size."""
UNLISTED = PodLimits(27, 9)
"""Of a node whose type is not listed: the lab lets any name run."""


def limits_of(instance_type: str) -> PodLimits:
    family, _, size = instance_type.partition(".")
    return LIMITS.get(family, {}).get(size, UNLISTED)
