"""The client in an answer: PROXY protocol headers, traefik/whoami's text, JSON, plain lines and access logs.
An answer that cannot be read has a problem; no answer raises an exception. Compares no addresses.

PROXY protocol: haproxy.org, proxy-protocol.txt. The vendor uses version 2 where addresses are translated
(214/70455). The lab's servers have a second reader of PROXY headers, so that the tests see the mistakes of
this reader.
"""

import ipaddress
import json
import re
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, cast

from pulumi_tke_hybrid.cli.process import shown
from pulumi_tke_hybrid.tke.objects import at, items, mapping, texts

Version = Literal["v1", "v2"]

SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
MAX_V1 = 107
"""Bytes of the longest first line of version 1."""
_VERSION_2, _LOCAL, _PROXY = 0x20, 0x0, 0x1
_TCP4, _TCP6 = 0x11, 0x21


def own_connection(version: Version) -> bytes:
    """Return a header without a client, so that the receiver takes the connection's own addresses."""
    if version == "v1":
        return b"PROXY UNKNOWN\r\n"
    return SIGNATURE + struct.pack("!BBH", _VERSION_2 | _LOCAL, 0, 0)


def source_in(data: bytes) -> tuple[str, bytes]:
    """Return the client in a header at the start of `data` ("" without one), and the bytes after the
    header."""
    if data.startswith(SIGNATURE):
        return _source_v2(data)
    if data.startswith(b"PROXY "):
        line, end, rest = data[:MAX_V1].partition(b"\r\n")
        fields = line.split(b" ")
        if not end or len(fields) != 6 or fields[1] not in (b"TCP4", b"TCP6"):
            return "", data
        return _address(fields[2]), rest + data[MAX_V1:]
    return "", data


def _source_v2(data: bytes) -> tuple[str, bytes]:
    start = len(SIGNATURE)
    if len(data) < start + 4:
        return "", data
    command, family, length = struct.unpack_from("!BBH", data, start)
    block, rest = data[start + 4 : start + 4 + length], data[start + 4 + length :]
    if len(block) < length or command != _VERSION_2 | _PROXY:
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


MAX_HOPS = 16
"""Entries of a forwarding header that are read."""
MAX_ADDRESSES = 16
"""Own addresses of a pod that are read."""

_POD_NAME = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9._]{0,251}[A-Za-z0-9])?")
_REQUEST_LINE = re.compile(r"[A-Z]+ \S+ HTTP/\d")
_POD_FIELDS = ("hostname", "pod", "podName", "pod_name", "os.hostname")
"""Fields with the name of the pod; `os.hostname` is http-https-echo's."""
_ADDRESS_IN_LINE = re.compile(
    r"(?<![\w.:])(\d{1,3}(?:\.\d{1,3}){3}|[0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){2,7})(?![\w.])"
)


@dataclass(frozen=True)
class Answer:
    """One answer of one pod. Equal answers are counted, not kept."""

    peer: str = ""
    """Address of the other end of the connection, as the pod (or its application) reported it."""
    forwarded: tuple[str, ...] = ()
    """`X-Forwarded-For`, left to right; entries that are not addresses are left out."""
    real_ip: str = ""
    """`X-Real-IP`."""
    proxied: str = ""
    """The client in a PROXY protocol header."""
    pod: str = ""
    """The pod's name, as the pod reported it."""
    addresses: tuple[str, ...] = ()
    """The pod's addresses, as the pod reported them."""
    local: str = ""
    """The client's address on this connection, as the client's machine reports it."""
    problem: str = ""
    """Reason why the answer could not be read; empty for a readable answer."""


def address_in(text: str) -> str:
    """Return the address of `10.0.0.3`, `10.0.0.3:5123`, `[::1]:5123` or `::ffff:10.0.0.3`; else ""."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return ""
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return str(mapped or found)


def chain(values: Iterable[str]) -> tuple[str, ...]:
    """Return the hops of one or several forwarding headers, in order."""
    hops = [address_in(item) for value in values for item in value.rsplit(",", MAX_HOPS)[-MAX_HOPS:]]
    return tuple(hop for hop in hops if hop)[-MAX_HOPS:]


def read(body: bytes, peer_field: str = "", pod_field: str = "") -> Answer:
    """Read a body: whoami's text or JSON, an application's own JSON field, or a plain line that starts with
    an address."""
    proxied, body = source_in(body)
    try:
        text = body.decode("utf-8").strip()
    except UnicodeDecodeError:
        return Answer(proxied=proxied, problem="the answer is binary")
    if "\0" in text:
        return Answer(proxied=proxied, problem="the answer is binary")
    if not text:
        return Answer(proxied=proxied, problem="the answer is empty")
    if peer_field or text.startswith("{"):
        answer = _from_json(text, peer_field, pod_field)
    else:
        answer = _from_whoami(text.splitlines()) or _from_line(text)
    return replace(answer, proxied=proxied or answer.proxied)


def from_log_line(line: str, pod: str) -> Answer:
    """Read a line of an access log: the client is nginx's first field, `$http_x_forwarded_for` the last
    quoted field."""
    candidates = (address_in(match.group()) for match in _ADDRESS_IN_LINE.finditer(line))
    peer = next((found for found in candidates if found), "")
    if not peer:
        return Answer(pod=pod, problem=f"no address in the log line {shown(line, 60)!r}")
    quoted = re.findall(r'"([^"]*)"', line)
    return Answer(peer=peer, pod=pod, forwarded=chain(quoted[-1:]))


def _from_whoami(lines: Sequence[str]) -> Answer | None:
    """Read traefik/whoami's text: its own lines, then the request as it arrived. `client_address=` is
    echoserver's; `ProxyProtocol:` is a line of similar servers that take the PROXY protocol."""
    own: dict[str, list[str]] = {}
    headers: dict[str, list[str]] = {}
    section = own
    for line in lines:
        if section is own and _REQUEST_LINE.match(line):
            section = headers  # from here on the client wrote the lines: no line counts as the pod's own
            continue
        name, separator, value = line.partition("=" if line.startswith("client_address=") else ":")
        if separator:
            section.setdefault(name.strip().lower(), []).append(value.strip())
    peers = own.get("remoteaddr") or own.get("client_address")
    if not peers:
        return None
    proxied = (own.get("proxyprotocol") or [""])[0]
    return _whoami(peers[0], (own.get("hostname") or [""])[0], own.get("ip", []), headers, proxied)


def _whoami(
    peer: str, pod: str, addresses: Iterable[str], headers: Mapping[str, Sequence[str]], proxied: str
) -> Answer:
    read_peer = address_in(peer)
    if not read_peer:
        return Answer(problem=f"RemoteAddr {shown(peer, 60)!r} is no address")
    if pod and not _POD_NAME.fullmatch(pod):
        return Answer(problem=f"Hostname {shown(pod, 60)!r} is no name of a pod")
    own = tuple(
        found for found in map(address_in, addresses) if found and not ipaddress.ip_address(found).is_loopback
    )
    return Answer(
        peer=read_peer,
        pod=pod,
        addresses=own[:MAX_ADDRESSES],
        forwarded=chain(headers.get("x-forwarded-for", ())),
        real_ip=address_in((headers.get("x-real-ip") or [""])[0]),
        proxied=address_in(proxied),
    )


def _from_json(text: str, peer_field: str, pod_field: str) -> Answer:
    try:
        data: Any = json.loads(text)
    except (ValueError, RecursionError):
        return Answer(
            problem="the answer is broken JSON" if text.startswith(("{", "[")) else "the answer is not JSON"
        )
    if not isinstance(data, dict):
        return Answer(problem="the answer is JSON, but not an object")
    found = cast(dict[str, Any], data)
    if peer_field:
        return _from_field(found, peer_field, pod_field)
    peer = found.get("remoteAddr")
    if not isinstance(peer, str):
        return Answer(
            problem="the JSON has no remoteAddr; name the field that holds the client with --peer-field"
        )
    headers = {name.lower(): _strings(values) for name, values in mapping(found.get("headers")).items()}
    hostname, proxied = (_strings(found.get(name)) for name in ("hostname", "proxyProtocol"))
    return _whoami(peer, "".join(hostname[:1]), _strings(found.get("ip")), headers, "".join(proxied[:1]))


def _from_field(data: Mapping[str, Any], peer_field: str, pod_field: str) -> Answer:
    value = _value_at(data, peer_field)
    if value is None:
        return Answer(problem=f"the JSON has no {shown(peer_field, 60)}")
    peer = address_in(value) if isinstance(value, str) else ""
    if not peer:
        return Answer(problem=f"{shown(peer_field, 60)} is not one address")
    names = [
        name
        for field in ([pod_field] if pod_field else _POD_FIELDS)
        if isinstance(name := _value_at(data, field), str)
    ]
    pod = names[0] if names and _POD_NAME.fullmatch(names[0]) else ""
    return Answer(peer=peer, pod=pod)


def _from_line(text: str) -> Answer:
    """Read `10.0.0.3:5123 pod-name`, or the address alone (agnhost's /clientip)."""
    first, _, rest = text.splitlines()[0].strip().partition(" ")
    peer = address_in(first)
    if not peer:
        return Answer(
            problem="the answer names no client: the format is neither traefik/whoami's, nor JSON, nor a line"
            " that starts with an address; use traefik/whoami, --peer-field or --from-log"
        )
    words = rest.split()
    return Answer(peer=peer, pod=words[0] if words and _POD_NAME.fullmatch(words[0]) else "")


def _value_at(data: Mapping[str, Any], path: str) -> Any:
    """Return the value at `a.b.0`; None without one."""
    found: Any = data
    for part in path.split("."):
        is_index = part.isascii() and part.isdecimal() and len(part) < 4
        entries = items(found) if is_index else []
        found = next(iter(entries[int(part) :]), None) if entries else at(found, part)
    return found


def _strings(value: object) -> list[str]:
    return [value] if isinstance(value, str) else texts(value)
