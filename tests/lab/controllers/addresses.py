"""Choosing addresses, as plain functions over the World: the stand-in for ipamd's and the CLB's address
books."""

import ipaddress
import itertools
import re
from collections.abc import Collection, Iterable, Iterator

from tests.lab.world import AddressExhausted, Cluster, Subnet, World

FIRST_VIP = 8


def eni_owner(cluster_id: str, namespace: str, pod: str) -> str:
    return f"eni:{cluster_id}/{namespace}/{pod}"


def primary_owner(cluster_id: str, node: str) -> str:
    """The owner of the primary address of a node's ENI. Clusters share VPCs, so the name has the cluster."""
    return f"eni-primary:{cluster_id}/{node}"


def usable_subnets(world: World, cluster: Cluster, subnet_ids: Iterable[str], zone: str) -> list[Subnet]:
    """The listed subnets that exist in the cluster's VPC and in this zone."""
    found = [world.subnets[subnet_id] for subnet_id in subnet_ids if subnet_id in world.subnets]
    return [subnet for subnet in found if subnet.vpc_id == cluster.vpc_id and subnet.zone == zone]


def unusable_ids(world: World, cluster: Cluster, subnet_ids: Iterable[str]) -> list[str]:
    return [
        subnet_id
        for subnet_id in subnet_ids
        if subnet_id not in world.subnets or world.subnets[subnet_id].vpc_id != cluster.vpc_id
    ]


def nominated(subnet_ids: Collection[str], annotation: str | None) -> list[str]:
    """The registered subnets that the pod's nomination leaves."""
    if annotation is None:
        return list(subnet_ids)
    wanted = [item.strip() for item in annotation.split(",")]
    return [subnet_id for subnet_id in subnet_ids if subnet_id in wanted]


def leases_of(world: World, vpc_id: str, prefix: str) -> Iterator[tuple[Subnet, str, str]]:
    """(subnet, address, owner) of every lease in the VPC whose owner starts so. A snapshot: release while
    looping."""
    for subnet in list(world.subnets.values()):
        if subnet.vpc_id == vpc_id:
            for address, owner in list(subnet.leases.items()):
                if owner.startswith(prefix):
                    yield subnet, address, owner


def release_cluster(world: World, cluster: Cluster) -> None:
    """Release the addresses of a deleted cluster's ENIs, kept claims included."""
    for prefix in (f"eni:{cluster.cluster_id}/", primary_owner(cluster.cluster_id, "")):
        for subnet, address, _ in leases_of(world, cluster.vpc_id, prefix):
            subnet.release(address)


class AddressBook:
    """Hands out the next free address after the last one, so that an address given back is not the next one
    given.

    Otherwise a pod without a fixed address would come back with its old one, and prove nothing about those
    with one.
    """

    def __init__(self, first: int = 2) -> None:
        self._first = first
        self._last: dict[str, int] = {}

    def lease(self, subnet: Subnet, owner: str) -> str:
        network = ipaddress.IPv4Network(subnet.cidr_block)
        if subnet.available <= 0:
            raise AddressExhausted(f"no free address in {subnet.subnet_id} ({subnet.cidr_block})")
        last, top = self._last.get(subnet.subnet_id, self._first - 1), network.num_addresses - 1
        for offset in itertools.chain(
            range(last + 1, top), range(self._first, last + 1), range(2, self._first)
        ):
            address = str(network.network_address + offset)
            if offset < top and address not in subnet.leases:
                self._last[subnet.subnet_id] = offset
                return subnet.lease(owner, address)
        raise AddressExhausted(f"no free address in {subnet.subnet_id} ({subnet.cidr_block})")


def overlay_address(pod_range: str, taken: Collection[str]) -> str:
    """The lowest free pod address of a node; network, cbr0 (the first host) and broadcast are not for
    pods."""
    hosts = ipaddress.IPv4Network(pod_range).hosts()
    for address in itertools.islice(hosts, 1, None):
        if str(address) not in taken:
            return str(address)
    raise AddressExhausted(f"no free address in {pod_range}")


def public_address(taken: Collection[str], first: int) -> str:
    """A public VIP, from the range that documentation may use."""
    for offset in itertools.chain(range(first, 255), range(1, first)):
        address = f"203.0.113.{offset}"
        if address not in taken:
            return address
    raise AddressExhausted("no public address left")


_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}


def duration_seconds(text: str) -> float | None:
    """A Go duration such as `1h30m`, in seconds; None when it is not one."""
    parts: list[tuple[str, str]] = re.findall(r"(\d+(?:\.\d+)?)(ms|h|m|s)", text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        return None
    return sum(float(number) * _UNITS[unit] for number, unit in parts)
