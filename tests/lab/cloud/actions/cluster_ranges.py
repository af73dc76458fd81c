"""Address ranges of a new cluster, checked by the stand-in as TKE does."""

import ipaddress
from dataclasses import dataclass

from tests.lab.cloud.actions.vpc import network
from tests.lab.cloud.core import Call
from tests.lab.cloud.errors import ApiError
from tests.lab.cloud.params import Params
from tests.lab.world import Vpc

_PODS = (16, 256)
"""From the API's page. The provider's page also allows 4 and 8; whether the API accepts 4 and 8 is not
known."""
_SERVICES = (32, 32768)
_DEFAULT = 256


@dataclass(frozen=True)
class Ranges:
    cluster_cidr: str
    service_cidr: str
    max_pods: int
    max_services: int


def ranges_of(call: Call, settings: Params, vpc: Vpc, network_type: str) -> Ranges:
    pods = _power_of_two(settings.number("MaxNodePodNum", _DEFAULT), "MaxNodePodNum", _PODS)
    services = _power_of_two(
        settings.number("MaxClusterServiceNum", _DEFAULT), "MaxClusterServiceNum", _SERVICES
    )
    given = settings.text("ServiceCIDR")
    if network_type != "GR":
        if not given:
            raise ApiError(
                "InvalidParameter.Param", "PARAM_ERROR[ServiceCIDR is required by this network type]."
            )
        return Ranges("", str(_private(given)), pods, services)
    text = settings.text("ClusterCIDR")
    if not text:
        raise ApiError(
            "InvalidParameter.CidrInvalid", "CIDR_INVALID[ClusterCIDR is required by network type GR]."
        )
    block = _private(text)
    if not settings.flag("IgnoreClusterCIDRConflict"):
        _refuse_conflicts(call, block, vpc)
    service_block = _private(given) if given else _tail(block, services)
    left = block.num_addresses - (0 if given else services)
    if left < pods:
        raise ApiError(
            "InvalidParameter.CIDRMaskSizeOutOfRange",
            f"CIDR_MASK_SIZE_OUT_OF_RANGE[{block} has no room for a node].",
        )
    return Ranges(str(block), str(service_block), pods, services)


def _power_of_two(number: int, name: str, limits: tuple[int, int]) -> int:
    """The API takes any number of the range and rounds up."""
    low, high = limits
    if not low <= number <= high:
        raise ApiError("InvalidParameter.Param", f"PARAM_ERROR[{name} must be {low} to {high}].")
    return 1 << (number - 1).bit_length()


def _private(text: str) -> ipaddress.IPv4Network:
    try:
        block = network(text, "CIDR")
    except ApiError as error:
        raise ApiError("InvalidParameter.CidrInvalid", f"CIDR_INVALID[{text}].") from error
    allowed = ("9.0.0.0/8", "10.0.0.0/8", "11.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
    if not any(block.subnet_of(ipaddress.IPv4Network(outer)) for outer in allowed):
        raise ApiError("InvalidParameter.InvalidPrivateNetworkCIDR", f"INVALID_PRIVATE_NETWORK_CIDR[{text}].")
    return block


def _tail(block: ipaddress.IPv4Network, services: int) -> ipaddress.IPv4Network:
    if services >= block.num_addresses:
        raise ApiError(
            "InvalidParameter.CIDRMaskSizeOutOfRange",
            f"CIDR_MASK_SIZE_OUT_OF_RANGE[{block} has no room for {services} services].",
        )
    return ipaddress.IPv4Network(
        (int(block.broadcast_address) - services + 1, 32 - (services.bit_length() - 1))
    )


def _refuse_conflicts(call: Call, block: ipaddress.IPv4Network, vpc: Vpc) -> None:
    for text in (vpc.cidr_block, *vpc.assistant_cidrs):
        if block.overlaps(network(text, "")):
            raise ApiError(
                "InvalidParameter.CidrConflictWithVpcCidr",
                f"CIDR_CONFLICT_WITH_VPC_CIDR[cidr {block} is conflict with vpc cidr {text}].",
            )
    for other in call.clusters():
        if other.vpc_id != vpc.vpc_id:
            continue
        for text in (other.cluster_cidr, other.service_cidr):
            if text and block.overlaps(network(text, "")):
                raise ApiError(
                    "InvalidParameter.CidrConflictWithOtherCluster",
                    f"CIDR_CONFLICT_WITH_OTHER_CLUSTER[cidr {block} is conflict with cluster id:"
                    f" {other.cluster_id}].",
                )
