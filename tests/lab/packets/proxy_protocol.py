"""The lab's only reader and writer of PROXY headers, versions 1 and 2, TCP over IPv4: for the stand-in load
balancer and the stand-in pods.

The product has its own (`verify/answers.py`). The two share no code, for the reason in the head of `http1`.
"""

import asyncio
import ipaddress
import struct

from tests.lab.packets.http1 import BadMessage

V2_SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
_TCP4 = 0x11
_PROXY = 0x21
_MAX_LENGTH = 2048


def v2(source: tuple[str, int], target: tuple[str, int]) -> bytes:
    """The header for a connection of `source`."""
    addresses = (
        ipaddress.IPv4Address(source[0]).packed
        + ipaddress.IPv4Address(target[0]).packed
        + struct.pack("!HH", source[1], target[1])
    )
    return V2_SIGNATURE + struct.pack("!BBH", _PROXY, _TCP4, len(addresses)) + addresses


def read_v1(line: bytes) -> str:
    """The client that a line `PROXY TCP4 …` names."""
    fields = line.decode("latin-1").split()
    if len(fields) != 6 or fields[1] not in ("TCP4", "TCP6"):
        return ""
    return f"{fields[2]}:{fields[4]}"


async def read_v2(reader: asyncio.StreamReader, begun: bytes) -> str:
    """The client that a binary header names, of which the first bytes were read."""
    head = begun + await reader.readexactly(len(V2_SIGNATURE) + 4 - len(begun))
    if not head.startswith(V2_SIGNATURE):
        raise BadMessage("a broken PROXY header")
    kind, family, length = struct.unpack("!BBH", head[len(V2_SIGNATURE) :])
    if length > _MAX_LENGTH:
        raise BadMessage("a PROXY header without end")
    body = await reader.readexactly(length)
    if kind != _PROXY or family != _TCP4 or length < 12:
        return ""
    return f"{ipaddress.IPv4Address(body[:4])}:{struct.unpack('!H', body[8:10])[0]}"
