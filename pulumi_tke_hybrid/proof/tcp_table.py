"""The kernel's tables of TCP connections, `/proc/net/tcp` and `/proc/net/tcp6`, and which entries are a probe's. Pure functions."""

import ipaddress
import re
from collections.abc import Collection, Mapping
from typing import NamedTuple

from pulumi_tke_hybrid.proof.answers import address_in

ESTABLISHED = "01"
HEADING = b"local_address"
"""Stands in the first line of each table."""

_LINE = re.compile(r"\s*\d+: ([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4}) ([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4}) ([0-9A-F]{2})\s")


class Ends(NamedTuple):
    """One connection, as the pod's kernel knows it."""

    local: str
    local_port: int
    peer: str
    peer_port: int


Tables = Mapping[str, Collection[Ends]]
"""The connections of each pod that could be read, by the pod's name."""


def established(text: str, ports: Collection[int]) -> frozenset[Ends]:
    """The established connections to one of these local ports. What is no entry of a table is passed over."""
    found: set[Ends] = set()
    for line in text.splitlines():
        entry = _LINE.match(line)
        if entry and entry[5] == ESTABLISHED and int(entry[2], 16) in ports:
            found.add(Ends(_address(entry[1]), int(entry[2], 16), _address(entry[3]), int(entry[4], 16)))
    return frozenset(found)


def _address(digits: str) -> str:
    """Words of 32 bits in the order of the machine's own bytes; TKE's machines, x86 and Arm, are little-endian."""
    words = [bytes.fromhex(digits[start : start + 8])[::-1] for start in range(0, len(digits), 8)]
    return address_in(str(ipaddress.ip_address(b"".join(words))))


def ours(before: Tables, held: Collection[Tables], after: Tables, own: Collection[tuple[str, int]], unread: bool) -> list[tuple[str, str]]:
    """(pod, peer) of the connections that were held with the `own` ends: not there before, there in each look while they were held,
    and gone after. That leaves out health checks, which are short, and clients that stay.

    Should others still match, only what has our own address and port is certain; the same if fewer match, unless a pod is `unread`.
    """
    found = [
        (pod, ends)
        for pod in before
        if pod in after
        for ends in set[Ends].intersection(*(set(look.get(pod, ())) for look in held)).difference(before[pod], after[pod])
    ]
    if len(found) > len(own) or (len(found) < len(own) and not unread):
        found = [(pod, ends) for pod, ends in found if (ends.peer, ends.peer_port) in own]
    return [(pod, ends.peer) for pod, ends in found]
