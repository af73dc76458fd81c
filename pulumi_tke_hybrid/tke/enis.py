"""What a pod object, or a pod template, tells about its network.

How many ENIs a machine takes, and how many pods: by the vendor's public tables, by the API, or by a live
node.

The tables give the ENIs of a machine with its own network interface, and the addresses of an ENI with the
ENI's own
(576/18527, qcloud-documents). Both are therefore one less here: TKE uses the machine's own interface for the
node, and
an ENI's own address for the ENI (457/64917). A family that no public table lists is not known here; the API
knows it
(`DescribeVpcCniPodLimits`, 457/59275), and a live node tells its own number."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import cache
from typing import Any

from pulumi_tke_hybrid.tke import keys
from pulumi_tke_hybrid.tke.values import at, items, mapping

Pod = Mapping[str, Any]


def networks(pod: Pod) -> list[str]:
    """The networks that it selects, as its annotation lists them; none: GlobalRouter alone."""
    return [
        name.strip()
        for name in str(at(pod, "metadata", "annotations", keys.NETWORKS) or "").split(",")
        if name.strip()
    ]


def selects_eni(pod: Pod) -> bool:
    """Whether it selects the shared ENI."""
    return keys.ROUTE_ENI in networks(pod)


def needs_eni(pod: Pod) -> bool:
    """Whether VPC-CNI is its network in any way, by annotation or resource: shared, exclusive or trunked
    ENI."""
    return any(name in keys.ENI_RESOURCES for name in networks(pod)) or bool(requested_network(pod))


def requested_network(pod: Pod) -> str:
    """The network whose resource a container of the pod requests, e.g. `tke-route-eni`; empty where none
    does."""
    containers = [*items(at(pod, "spec", "initContainers")), *items(at(pod, "spec", "containers"))]
    amounts = [
        mapping(at(container, "resources", kind))
        for container in containers
        for kind in ("requests", "limits")
    ]
    return next(
        (
            network
            for network, name in keys.ENI_RESOURCES.items()
            if any(name in amount for amount in amounts)
        ),
        "",
    )


def over(pod: Pod) -> bool:
    """Whether it has ended: it is listed still, and has no address any more."""
    return at(pod, "status", "phase") in ("Succeeded", "Failed")


_SIZE = re.compile(r"([A-Z]+\d*[A-Za-z]*\d*)\.(?:(SMALL|MEDIUM|LARGE)|(\d*)XLARGE)(\d+)")
_VCPUS = {"SMALL": 1, "MEDIUM": 2, "LARGE": 4}
QUOTA_PER_VPC = 1000
"""ENIs in one VPC, unless the account has more."""
MOST_ENIS = 7
"""No machine type of the public tables takes more shared ENIs."""


class LimitSource(str, Enum):
    """Where a limit comes from. A live node's own number is better than the API's, the API's better than the
    tables'."""

    TABLE = "by table"
    API = "by the API"
    NODE = "by the node"


@dataclass(frozen=True)
class EniLimit:
    """What one machine takes."""

    enis: int
    pods_per_eni: int
    """Addresses of one ENI that pods get; the ENI's own address comes on top."""
    most: int | None = None
    """ENI pods of the machine by another limit than its ENIs, for example the kubelet's; None: no other
    limit."""
    split_known: bool = True
    """False: only the number of pods is known, and `enis` is the greatest number of ENIs that they can
    take."""
    source: LimitSource = field(default=LimitSource.TABLE, compare=False)

    @property
    def pods(self) -> int:
        """ENI pods of one machine."""
        pods = self.enis * self.pods_per_eni
        return pods if self.most is None else min(pods, self.most)

    @property
    def addresses(self) -> int:
        """Addresses of the subnet when the machine is full: those of its pods, and one for each ENI, of which
        a node has one at least."""
        return self.pods + max(-(-self.pods // self.pods_per_eni), 1)

    def at_most(self, pods: int) -> "EniLimit":
        """The same machine where it takes no more pods than that."""
        return replace(self, most=max(pods if self.most is None else min(self.most, pods), 0))


_SMALL, _MEDIUM, _LARGE = EniLimit(3, 9), EniLimit(5, 19), EniLimit(7, 29)
_CLASSES = {
    1: EniLimit(1, 5),
    2: _SMALL,
    4: _SMALL,
    6: _SMALL,
    8: _MEDIUM,
    10: _MEDIUM,
    12: _LARGE,
    14: _LARGE,
    16: _LARGE,
    17: _LARGE,
}
"""By number of vCPUs, the same for all families but for the types of `_OTHER`; 17 stands for all above 16."""
_SIZES_OF = {
    (1, 2, 4, 8, 16, 17): ("S5", "S4", "SA2", "SA1"),
    (1, 2, 4, 8, 12, 16, 17): ("SN3ne", "S3", "S2", "S1", "M5", "M4", "M3", "M2", "M1"),
    (4, 8, 16, 17): ("S5se", "C4", "CN3", "C3", "C2"),
    (16, 17): ("IT5", "IT3"),
    (8, 16, 17): ("D3", "D2"),
    (8, 17): ("D1", "GN10X"),
    (17,): ("GN6",),
    (4, 8): ("GN6S",),
    (4, 8, 17): ("GN7",),
    (6, 14, 17): ("GN8",),
    (10, 17): ("GN10Xp", "FX4"),
}
"""The numbers of vCPUs that the tables list for each family. A size that is not listed is not known."""
_LISTED = {family: sizes for sizes, families in _SIZES_OF.items() for family in families}
_OTHER = {
    ("S5se", 4, None): EniLimit(3, 19),
    ("SA1", 1, 1): EniLimit(1, 1),
    ("SA1", 2, None): EniLimit(1, 9),
    ("SA1", 4, 16): EniLimit(3, 19),
}
"""By family, vCPUs and GiB of memory (None: any): the types whose numbers are not those of their number of
vCPUs."""
_SA2_LARGE = EniLimit(7, 39)
"""SA2 from 12 vCPUs on: the sample of `DescribeVpcCniPodLimits` has 273 pods for each of its types, 70 more
than the tables."""
_SPLITS = {limit.pods: limit for limit in (*_CLASSES.values(), *_OTHER.values(), _SA2_LARGE)}
"""The splits of the tables, by their number of pods: no two have the same."""


def _parsed(instance_type: str) -> tuple[str, int, int] | None:
    """Family, vCPUs and GiB of memory that a CVM type's name tells: `SA2.12XLARGE96` is SA2, 48 and 96."""
    match = _SIZE.fullmatch(instance_type)
    if match is None:
        return None
    return match[1], _VCPUS[match[2]] if match[2] else 4 * int(match[3] or 1), int(match[4])


def vcpus_of(instance_type: str) -> int | None:
    """The vCPUs that a CVM type's name tells: `S5.LARGE8` has 4, `SA2.12XLARGE96` has 48. None for a name
    that does not tell."""
    parsed = _parsed(instance_type)
    return None if parsed is None else parsed[1]


@cache
def eni_limit(instance_type: str) -> EniLimit | None:
    """The limit of a type by the public tables; None for a type that they do not list, also for bare
    metal."""
    parsed = _parsed(instance_type)
    if parsed is None:
        return None
    family, vcpus, memory = parsed
    size = min(vcpus, 17)
    if family == "SA2" and vcpus >= 12:
        return _SA2_LARGE
    if size not in _LISTED.get(family, ()):
        return None
    return _OTHER.get((family, vcpus, memory)) or _OTHER.get((family, vcpus, None)) or _CLASSES[size]


def reported_limit(instance_type: str, static_ip: bool, answer: Mapping[str, object]) -> EniLimit | None:
    """The limit that `DescribeVpcCniPodLimits` reports; None where the answer has no number.

    It reports pods only. How many ENIs hold them is known where the tables list that number of pods.
    """
    pods = answer.get("TKERouteENIStaticIP" if static_ip else "TKERouteENINonStaticIP")
    return None if not isinstance(pods, int) or pods < 1 else _of_pods(instance_type, pods, LimitSource.API)


def live_limit(instance_type: str, allocatable: Mapping[str, object]) -> EniLimit | None:
    """The limit of a live node, from its `status.allocatable`: what ipamd's device plugin gives to the
    scheduler, and the kubelet's
    greatest number of pods. Better than the tables and the API, which know no setting of the node. None where
    the node has no `eni-ip`.
    """
    pods, kubelet = _quantity(allocatable.get(keys.ENI_IP)), _quantity(allocatable.get("pods"))
    if pods is None:
        return None
    table = eni_limit(instance_type)
    if pods == 0 or (
        table is not None and pods < table.pods
    ):  # a setting of the node, or a subnet with few addresses
        limit = replace(table or EniLimit(1, 1), source=LimitSource.NODE).at_most(pods)
    else:
        limit = _of_pods(instance_type, pods, LimitSource.NODE)
    return limit if kubelet is None else limit.at_most(kubelet)


def _of_pods(instance_type: str, pods: int, source: LimitSource) -> EniLimit:
    table = eni_limit(instance_type)
    split = table if table is not None and table.pods == pods else _SPLITS.get(pods)
    if split is not None:
        return replace(split, source=source)
    enis = min(MOST_ENIS if table is None else table.enis, pods)
    return EniLimit(enis, -(-pods // enis), pods, split_known=False, source=source)


def _quantity(value: object) -> int | None:
    text = str(value)
    return int(text) if text.isascii() and text.isdecimal() else None
