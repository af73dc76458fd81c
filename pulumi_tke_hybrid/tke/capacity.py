"""How many nodes and pods a zone's container subnets hold: counted as the scheduler and ipamd do it.

An ENI lies in one subnet and takes one address of it for itself. A pod gets an address of its node's ENIs; when they are
full, the node gets another ENI in the subnet with most free addresses, up to what its machine type takes.
"""

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache

from pulumi_tke_hybrid.tke.enis import EniLimit

WARM_ADDRESSES = 5
"""Addresses that a node without static IPs keeps ready, so that no other node can have them (457, VPC-CNI shared ENI)."""


@dataclass
class _Eni:
    subnet: int
    room: int


@dataclass
class _Node:
    limit: EniLimit
    pods: int = 0
    enis: list[_Eni] = field(default_factory=list[_Eni])


@cache
def pods_that_fit(free: tuple[int, ...], nodes: tuple[EniLimit, ...], static_ip: bool = True) -> int:
    """ENI pods that get an address in a zone, spread evenly over its nodes, when `free` addresses are left in each subnet."""
    return _Zone(free, nodes, static_ip).fill()


def nodes_that_fit(free: Iterable[int], limit: EniLimit) -> int:
    """Machines of a type that a zone can take so that each can have one full ENI (the vendor's own soft limit)."""
    return sum(addresses // (limit.pods_per_eni + 1) for addresses in free)


def pods_of_nodes(nodes: Iterable[EniLimit]) -> int:
    """ENI pods that the machines take, whatever the subnets have."""
    return sum(limit.pods for limit in nodes)


def periods_until_full(room: int, growth: int) -> int | None:
    """After how many periods of that growth there is no room left; None: never."""
    return None if growth <= 0 else max(room, 0) // growth


class _Zone:
    def __init__(self, free: Sequence[int], nodes: Sequence[EniLimit], static_ip: bool) -> None:
        kept_warm = 0 if static_ip else WARM_ADDRESSES * len(nodes)
        self._free = _less(free, kept_warm)
        self._nodes = [_Node(limit) for limit in nodes]

    def fill(self) -> int:
        for node in self._nodes:
            self._attach(node, least=1)
        # The emptiest node first, as the scheduler spreads them.
        waiting = [(0, index) for index in range(len(self._nodes))]
        placed = 0
        while waiting:
            _, index = heapq.heappop(waiting)
            if self._place(self._nodes[index]):
                placed += 1
                heapq.heappush(waiting, (self._nodes[index].pods, index))
        return placed

    def _place(self, node: _Node) -> bool:
        if node.pods == node.limit.pods:
            return False
        eni = next((eni for eni in node.enis if eni.room and self._free[eni.subnet]), None)
        if eni is None and not self._attach(node, least=2):
            return False
        eni = eni or node.enis[-1]
        eni.room -= 1
        self._free[eni.subnet] -= 1
        node.pods += 1
        return True

    def _attach(self, node: _Node, least: int) -> bool:
        subnet = max(range(len(self._free)), key=self._free.__getitem__, default=None)
        if subnet is None or self._free[subnet] < least or len(node.enis) == node.limit.enis:
            return False
        self._free[subnet] -= 1
        node.enis.append(_Eni(subnet, node.limit.pods_per_eni))
        return True


def _less(free: Sequence[int], taken: int) -> list[int]:
    """The free addresses without `taken` of them, each time from the subnet with most."""
    left = [max(addresses, 0) for addresses in free]
    for _ in range(min(taken, sum(left))):
        left[left.index(max(left))] -= 1
    return left
