"""ENI limits of instance types, and the pod network that a pod object or template selects.

A limit comes from the vendor's tables, from the API (`DescribeVpcCniPodLimits`, 457/59275), or from a live
node. The tables count the primary interface of an instance and the primary address of an ENI (576/18527,
qcloud-documents). The limits here do not: the node uses the primary interface, and the ENI its primary
address (457/64917). The tables lack some instance families."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import cache
from typing import Any

from pulumi_tke_hybrid.tke import keys
from pulumi_tke_hybrid.tke.objects import at, items, mapping

Pod = Mapping[str, Any]


def networks(pod: Pod) -> list[str]:
    """The networks that the pod's annotation lists; empty: GlobalRouter alone."""
    return listed_networks(at(pod, "metadata", "annotations", keys.NETWORKS))


def listed_networks(annotation: object) -> list[str]:
    """The networks that the value of the annotation lists."""
    return [name.strip() for name in str(annotation or "").split(",") if name.strip()]


def eni_networks(annotation: object) -> set[str]:
    """The networks of VPC-CNI in the value of the annotation; none in a value that is not known."""
    return keys.ENI_RESOURCES.keys() & listed_networks(annotation)


def selects_eni(pod: Pod) -> bool:
    """Whether the pod selects the shared ENI."""
    return keys.ROUTE_ENI in networks(pod)


def needs_eni(pod: Pod) -> bool:
    """Whether the pod uses VPC-CNI by annotation or resource: shared, exclusive or trunked ENI."""
    return any(name in keys.ENI_RESOURCES for name in networks(pod)) or bool(requested_network(pod))


def requested_network(pod: Pod) -> str:
    """The network whose resource a container of the pod requests, e.g. `tke-route-eni`; empty if none."""
    containers = [*items(at(pod, "spec", "initContainers")), *items(at(pod, "spec", "containers"))]
    requested: set[str] = set()
    for container in containers:
        for kind in ("requests", "limits"):
            requested.update(mapping(at(container, "resources", kind)))
    return next((network for network, name in keys.ENI_RESOURCES.items() if name in requested), "")


def has_ended(pod: Pod) -> bool:
    """Whether the pod has ended: an ended pod is still listed and has no address."""
    return at(pod, "status", "phase") in ("Succeeded", "Failed")


_SIZE = re.compile(r"([A-Z]+\d*[A-Za-z]*\d*)\.(?:(SMALL|MEDIUM|LARGE)|(\d*)XLARGE)(\d+)")
"""The name of a CVM type, with family, size and GiB of memory: `SA2.12XLARGE96` is SA2, 48 vCPUs and 96."""
_VCPUS = {"SMALL": 1, "MEDIUM": 2, "LARGE": 4}
QUOTA_PER_VPC = 1000
"""ENIs in one VPC, unless the account has more."""
MOST_ENIS = 7
"""Greatest number of shared ENIs of an instance in the vendor's tables."""


class LimitSource(str, Enum):
    """Source of a limit, from the least to the most reliable."""

    TABLE = "by table"
    API = "by the API"
    NODE = "by the node"


@dataclass(frozen=True)
class EniLimit:
    """The ENIs and ENI pods of one instance."""

    enis: int
    pods_per_eni: int
    """Addresses of one ENI for pods, without the primary address."""
    most: int | None = None
    """Bound of the ENI pods by another limit, for example the kubelet's; None: no other limit."""
    split_known: bool = True
    """False: only the number of pods is known; `enis` is the greatest number of ENIs for these pods."""
    source: LimitSource = field(default=LimitSource.TABLE, compare=False)

    @property
    def pods(self) -> int:
        """ENI pods of one instance."""
        pods = self.enis * self.pods_per_eni
        return pods if self.most is None else min(pods, self.most)

    def at_most(self, pods: int) -> "EniLimit":
        """The same limit with a further bound of the pods."""
        return replace(self, most=max(pods if self.most is None else min(self.most, pods), 0))


_SMALL, _MEDIUM, _LARGE = EniLimit(3, 9), EniLimit(5, 19), EniLimit(7, 29)
_CLASSES = {
    1: EniLimit(1, 5),
    **dict.fromkeys((2, 4, 6), _SMALL),
    **dict.fromkeys((8, 10), _MEDIUM),
    **dict.fromkeys((12, 14, 16, 17), _LARGE),
}
"""By number of vCPUs; 17 stands for all numbers above 16. `_OTHER` has the exceptions."""
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
"""The numbers of vCPUs that the tables list, by families. A size that is not listed is not known."""
_LISTED = {family: sizes for sizes, families in _SIZES_OF.items() for family in families}
_OTHER = {
    ("S5se", 4, None): EniLimit(3, 19),
    ("SA1", 1, 1): EniLimit(1, 1),
    ("SA1", 2, None): EniLimit(1, 9),
    ("SA1", 4, 16): EniLimit(3, 19),
}
"""By family, vCPUs and GiB of memory (None: any): the types that differ from `_CLASSES`."""
_SA2_LARGE = EniLimit(7, 39)
"""SA2 from 12 vCPUs on: the sample of `DescribeVpcCniPodLimits` has 273 pods for each of these types, 70 more
than the tables."""
_SPLITS = {limit.pods: limit for limit in (*_CLASSES.values(), *_OTHER.values(), _SA2_LARGE)}
"""The limits of the tables by number of pods, which is unique."""


@cache
def eni_limit(instance_type: str) -> EniLimit | None:
    """The limit of a type by the vendor's tables; None for a type that is not listed, e.g. bare metal."""
    match = _SIZE.fullmatch(instance_type)
    if match is None:
        return None
    vcpus = _VCPUS[match[2]] if match[2] else 4 * int(match[3] or 1)
    family, memory = match[1], int(match[4])
    size = min(vcpus, 17)
    if family == "SA2" and vcpus >= 12:
        return _SA2_LARGE
    if size not in _LISTED.get(family, ()):
        return None
    return _OTHER.get((family, vcpus, memory)) or _OTHER.get((family, vcpus, None)) or _CLASSES[size]


def reported_limit(instance_type: str, static_ip: bool, answer: Mapping[str, object]) -> EniLimit | None:
    """The limit that `DescribeVpcCniPodLimits` reports; None if the answer has no number.

    The API reports pods only. The number of ENIs is known if the tables list that number of pods.
    """
    pods = answer.get("TKERouteENIStaticIP" if static_ip else "TKERouteENINonStaticIP")
    return None if not isinstance(pods, int) or pods < 1 else _of_pods(instance_type, pods, LimitSource.API)


def live_limit(instance_type: str, allocatable: Mapping[str, object]) -> EniLimit | None:
    """The limit of a live node from its `status.allocatable`: the `eni-ip` of ipamd's device plugin, and the
    pods of the kubelet. Only this limit includes settings of the node. None for a node without `eni-ip`.
    """
    pods, kubelet = _quantity(allocatable.get(keys.ENI_IP)), _quantity(allocatable.get("pods"))
    if pods is None:
        return None
    table = eni_limit(instance_type)
    if pods == 0 or (table is not None and pods < table.pods):
        # A setting of the node, or a subnet with few addresses.
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
