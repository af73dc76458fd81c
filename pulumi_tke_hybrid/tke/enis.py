"""How many ENIs a machine takes, and how many pods: the vendor's guide by number of vCPUs (chapter "Pod limits of VPC-CNI")."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_SIZE = re.compile(r"[A-Z]+\d*[A-Za-z]*\d*\.(?:(SMALL|MEDIUM|LARGE)|(\d*)XLARGE)\d+")
_VCPUS = {"SMALL": 1, "MEDIUM": 2, "LARGE": 4}
QUOTA_PER_VPC = 1000
"""ENIs in one VPC, unless the account has more."""


@dataclass(frozen=True)
class EniLimit:
    """What one machine takes."""

    enis: int
    pods_per_eni: int
    """Addresses of one ENI that pods get; its primary address is used up beside them."""

    @property
    def pods(self) -> int:
        """ENI pods of one machine."""
        return self.enis * self.pods_per_eni

    @property
    def addresses(self) -> int:
        """Addresses of the subnet when the machine is full."""
        return self.enis * (self.pods_per_eni + 1)


_BY_VCPUS = ((12, EniLimit(7, 29)), (8, EniLimit(5, 19)), (2, EniLimit(3, 9)), (1, EniLimit(1, 5)))
_EXACT = {"SA2.12XLARGE96": EniLimit(7, 39)}
"""Types whose numbers differ from the guide, as the vendor's own sample of `DescribeVpcCniPodLimits` shows (273 pods)."""


def vcpus_of(instance_type: str) -> int | None:
    """The vCPUs that a CVM type's name tells: `S5.LARGE8` has 4, `SA2.12XLARGE96` has 48. None for a name that does not tell."""
    match = _SIZE.fullmatch(instance_type)
    if match is None:
        return None
    return _VCPUS[match[1]] if match[1] else 4 * int(match[2] or 1)


def eni_limit(instance_type: str) -> EniLimit | None:
    """The limit of a type, without asking anybody; None for a type that the table does not know."""
    if instance_type in _EXACT:
        return _EXACT[instance_type]
    vcpus = vcpus_of(instance_type)
    return None if vcpus is None else next((limit for least, limit in _BY_VCPUS if vcpus >= least), None)


def reported_limit(instance_type: str, static_ip: bool, answer: Mapping[str, object]) -> EniLimit | None:
    """The limit that `DescribeVpcCniPodLimits` reports. It tells pods only; how many an ENI holds comes from the table."""
    pods = answer.get("TKERouteENIStaticIP" if static_ip else "TKERouteENINonStaticIP")
    if not isinstance(pods, int) or pods < 1:
        return None
    guide = eni_limit(instance_type) or EniLimit(1, pods)
    if pods % guide.enis == 0:
        return EniLimit(guide.enis, pods // guide.enis)
    per_eni = min(guide.pods_per_eni, pods)
    return EniLimit(-(-pods // per_eni), per_eni) if pods % per_eni == 0 else EniLimit(1, pods)
