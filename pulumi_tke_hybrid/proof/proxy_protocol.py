"""The PROXY protocol, both versions: what a load balancer puts before the first byte so that the pod learns its client.

Layout: haproxy.org, proxy-protocol.txt. The vendor uses version 2 where addresses are translated (214/70455).
"""

import ipaddress
import struct
from typing import Literal

Version = Literal["v1", "v2"]

SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
LONGEST_V1 = 107
"""Bytes of the longest first line of version 1."""
_SPEAKS_V2, _LOCAL, _PROXY = 0x20, 0x0, 0x1
_TCP4, _TCP6 = 0x11, 0x21


def own_connection(version: Version) -> bytes:
    """Says that nobody is proxied: the receiver must take the connection's own addresses. So a probe claims nothing."""
    return b"PROXY UNKNOWN\r\n" if version == "v1" else SIGNATURE + struct.pack("!BBH", _SPEAKS_V2 | _LOCAL, 0, 0)


def source_in(data: bytes) -> tuple[str, bytes]:
    """The client that a header at the start of `data` names ("" without one), and what follows the header."""
    if data.startswith(SIGNATURE):
        return _source_v2(data)
    if data.startswith(b"PROXY "):
        line, end, rest = data[:LONGEST_V1].partition(b"\r\n")
        fields = line.split(b" ")
        if not end or len(fields) != 6 or fields[1] not in (b"TCP4", b"TCP6"):
            return "", data
        return _address(fields[2]), rest + data[LONGEST_V1:]
    return "", data


def _source_v2(data: bytes) -> tuple[str, bytes]:
    start = len(SIGNATURE)
    if len(data) < start + 4:
        return "", data
    command, family, length = struct.unpack_from("!BBH", data, start)
    block, rest = data[start + 4 : start + 4 + length], data[start + 4 + length :]
    if len(block) < length or command != _SPEAKS_V2 | _PROXY:
        return "", rest
    if family == _TCP4 and length >= 12:
        return str(ipaddress.IPv4Address(block[:4])), rest
    if family == _TCP6 and length >= 36:
        return str(ipaddress.IPv6Address(block[:16])), rest
    return "", rest


def _address(text: bytes) -> str:
    try:
        return str(ipaddress.ip_address(text.decode("ascii")))
    except ValueError:
        return ""
