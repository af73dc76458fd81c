"""The traffic that a security group admits, as sets of addresses by protocol and port, to compare two lists
of rules exactly.

The first rule that matches decides; traffic that no rule matches is refused (215/38750). So a DROP that is
removed, or an ACCEPT that is added before a DROP, admits more. The rules on plans are in `plan.rules`.
"""

import ipaddress
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from typing import Any

from pulumi_tke_hybrid.tke.objects import at, items, mapping, unknown

Span = tuple[int, int]
"""First and last number, both included."""
Spans = tuple[Span, ...]
"""Spans in order, without overlaps."""

_V6 = 2**40
_ALL_V4: Span = (0, 2**32 - 1)
_ALL_V6: Span = (_V6, _V6 + 2**128 - 1)
_NAMED = 2**130
"""First of the numbers that stand for named sources (a group, a template, an unknown value) and templates of
ports."""
_ALL_NAMED: Span = (_NAMED, _NAMED + 2**20)
_ANYBODY: Spans = (_ALL_V4, _ALL_V6, _ALL_NAMED)
_PROTOCOLS = ("TCP", "UDP", "ICMP", "ICMPV6", "GRE")
_ROOM, _LAST_PORT = 2**17, 65535
_ALL_SERVICES: Spans = ((0, len(_PROTOCOLS) * _ROOM - 1), _ALL_NAMED)
_PORTS = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?")
_ALL = ("", "ALL", "-1")

MOST_RULES = 500
"""Longer lists are not compared. The cloud allows 100 rules in one direction by default (215/38750)."""


@dataclass(frozen=True)
class Entry:
    """One rule: the sources, the protocols with ports, and whether the rule admits them."""

    accepts: bool
    sources: Spans
    services: Spans


@dataclass(frozen=True)
class Admitted:
    """Addresses that are admitted to the same protocols and ports."""

    sources: str
    services: str
    public: int
    """Number of internet addresses among the sources; an IPv6 network of 64 bits counts as one."""

    def __str__(self) -> str:
        return ", ".join(f"{source} {self.services}" for source in self.sources.split(", "))


@dataclass
class Names:
    """Numbers of the named sources and ports of both lists."""

    known: list[str] = field(default_factory=list[str])

    def point(self, name: str) -> Span:
        """The number of the name, as a span."""
        if name not in self.known:
            self.known.append(name)
        number = _NAMED + self.known.index(name)
        return (number, number)

    def within(self, span: Span) -> list[str]:
        """The names whose numbers are in the span."""
        return [name for index, name in enumerate(self.known) if span[0] <= _NAMED + index <= span[1]]


def entries(listed: Sequence[Any], names: Names) -> list[Entry]:
    """The rules of a list of `GroupRuleSet` or `GroupLiteRule`. A rule that cannot be parsed admits a named
    source."""
    return [
        _from_text(rule, names) if isinstance(rule, str) else entry(mapping(rule), names) for rule in listed
    ]


def entry(rule: Mapping[str, Any], names: Names) -> Entry:
    """One rule with named properties, e.g. of `GroupRule`."""
    action = str(rule.get("action") or rule.get("policy") or "").upper()
    if action not in ("ACCEPT", "DROP"):
        return _unread(str(dict(rule)), names)
    return Entry(action == "ACCEPT", _sources(rule, names), _services(rule, names))


def _from_text(text: str, names: Names) -> Entry:
    """`ACCEPT#10.0.0.0/8#80,90#TCP`."""
    parts = text.split("#")
    if unknown(text) or len(parts) != 4 or parts[0].upper() not in ("ACCEPT", "DROP"):
        return _unread(text, names)
    action, source, port, protocol = parts
    return Entry(action.upper() == "ACCEPT", _source(source, names), _ports(protocol, port, names))


def _unread(text: str, names: Names) -> Entry:
    what = "is known only during the update" if unknown(text) else f"cannot be read ({text})"
    return Entry(True, (names.point(f"a rule that {what}"),), _ALL_SERVICES)


_SOURCES = (
    "cidrBlock",
    "cidrIp",
    "ipv6Block",
    "ipv6CidrBlock",
    "ipv6CidrIp",
    "sourceSecurityId",
    "sourceSgid",
    "addressTemplateId",
    "addressTemplateGroup",
    "addressTemplate",
)


def _sources(rule: Mapping[str, Any], names: Names) -> Spans:
    given = [at(rule, key, "templateId") or rule[key] for key in _SOURCES if rule.get(key)]
    return _spans(span for value in given for span in _source(value, names)) if given else _ANYBODY


def _source(value: Any, names: Names) -> Spans:
    if not isinstance(value, str):
        return (names.point(str(value)),)
    if unknown(value):
        return (names.point("a source that is known only during the update"),)
    try:
        network = ipaddress.ip_network(value.strip(), strict=False)
    except ValueError:
        return (names.point(value.strip()),)
    start = _V6 if network.version == 6 else 0
    span = (start + int(network.network_address), start + int(network.broadcast_address))
    return (span, _ALL_NAMED) if span == _ALL_V4 else (span,)


def _services(rule: Mapping[str, Any], names: Names) -> Spans:
    for key in ("serviceTemplateId", "serviceTemplateGroup", "protocolTemplateId", "protocolTemplate"):
        if rule.get(key):
            return (names.point(f"ports of {at(rule, key, 'templateId') or rule[key]}"),)
    listed = items(rule.get("protocolTemplates"))
    if listed:
        return (names.point(f"ports of {listed}"),)
    protocol = rule.get("protocol") or rule.get("ipProtocol") or ""
    return _ports(protocol, rule.get("port") or rule.get("portRange") or "", names)


def _ports(protocol: Any, ports: Any, names: Names) -> Spans:
    kind, text = str(protocol).strip().upper(), str(ports).strip().upper()
    if kind in _ALL:
        return _ALL_SERVICES
    if kind not in _PROTOCOLS or unknown(ports):
        shown = ["a protocol" if unknown(protocol) else kind, "" if unknown(ports) else text]
        return (names.point(" ".join(shown).strip()),)
    start = _PROTOCOLS.index(kind) * _ROOM
    if text in _ALL:
        return ((start, start + _LAST_PORT),)
    return _spans(_port(kind, start, part, names) for part in text.split(","))


def _port(kind: str, start: int, text: str, names: Names) -> Span:
    found = _PORTS.fullmatch(text.strip())
    first, last = (int(found[1]), int(found[2] or found[1])) if found else (1, 0)
    return (start + first, start + last) if first <= last <= _LAST_PORT else names.point(f"{kind} {text}")


def _spans(parts: Iterable[Span]) -> Spans:
    found: list[Span] = []
    for first, last in sorted(parts):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((first, last))
    return tuple(found)


def without(one: Spans, other: Spans) -> Spans:
    """The numbers that are in the first spans and not in the second."""
    found: list[Span] = []
    for first, last in one:
        for begin, end in other:
            if end < first or begin > last:
                continue
            if begin > first:
                found.append((first, begin - 1))
            first = end + 1
        if first <= last:
            found.append((first, last))
    return tuple(found)


def difference(before: Sequence[Entry], after: Sequence[Entry]) -> dict[Spans, Spans]:
    """By sources, the services to which only the rules after the change admit them."""
    more: dict[Spans, list[Span]] = {}
    for segment in _segments((*before, *after)):
        sources = without(_admits(after, segment), _admits(before, segment))
        if sources:
            more.setdefault(sources, []).append(segment)
    return {sources: _spans(services) for sources, services in more.items()}


def gained(before: Sequence[Entry], after: Sequence[Entry], names: Names) -> list[Admitted]:
    """The traffic that only the rules after the change admit; with the lists exchanged, the lost traffic."""
    found = [
        Admitted(
            _sources_text(_whole(sources, _admits(after, services[0])), names),
            _services_text(services, names),
            _public(sources),
        )
        for sources, services in difference(before, after).items()
    ]
    return [admitted for admitted in found if admitted.sources and admitted.services]


def _whole(sources: Spans, admitted: Spans) -> Spans:
    """Everything that is admitted around the sources, where the sources alone would be a long list:
    `0.0.0.0/0` without one range."""
    if len(list(_networks_of(sources))) <= _SHORT:
        return sources
    return tuple(span for span in admitted if any(span[0] <= first <= span[1] for first, _ in sources))


def _segments(rules: Iterable[Entry]) -> Iterator[Span]:
    """Spans of services in which every rule covers all or nothing."""
    borders = sorted(
        {border for rule in rules for first, last in rule.services for border in (first, last + 1)}
    )
    return ((first, following - 1) for first, following in pairwise(borders))


def _admits(rules: Sequence[Entry], segment: Span) -> Spans:
    return _decided(
        tuple(rule for rule in rules if any(first <= segment[0] <= last for first, last in rule.services))
    )


@lru_cache(maxsize=4096)
def _decided(rules: tuple[Entry, ...]) -> Spans:
    """The sources that the rules admit; the first match decides."""
    admitted: Spans = ()
    seen: Spans = ()
    for rule in rules:
        if rule.accepts:
            admitted = _spans((*admitted, *without(rule.sources, seen)))
        seen = _spans((*seen, *rule.sources))
    return admitted


_SHORT, _SHOWN = 4, 6


def _sources_text(sources: Spans, names: Names) -> str:
    texts = [*_networks_of(sources)]
    if _ALL_V4 not in sources:
        texts += [name for span in sources if span[0] >= _NAMED for name in names.within(span)]
    more = [f"and {len(texts) - _SHOWN} more ranges"] if len(texts) > _SHOWN else []
    return ", ".join([*texts[:_SHOWN], *more])


def _networks_of(sources: Spans) -> Iterator[str]:
    for first, last in sources:
        if last <= _ALL_V4[1]:
            v4 = ipaddress.IPv4Address(first), ipaddress.IPv4Address(last)
            yield from map(str, ipaddress.summarize_address_range(*v4))
        elif last <= _ALL_V6[1]:
            v6 = ipaddress.IPv6Address(first - _V6), ipaddress.IPv6Address(last - _V6)
            yield from map(str, ipaddress.summarize_address_range(*v6))


_PRIVATE_BLOCKS = (
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "224.0.0.0/3",
)
_PRIVATE = _spans(span for block in _PRIVATE_BLOCKS for span in _source(block, Names()))


def _public(sources: Spans) -> int:
    """Number of internet addresses; an IPv6 network of 64 bits counts as one."""
    v4 = without(tuple(span for span in sources if span[1] <= _ALL_V4[1]), _PRIVATE)
    v6 = (span for span in sources if _ALL_V6[0] <= span[0] <= _ALL_V6[1])
    return sum(last - first + 1 for first, last in v4) + sum((last - first + 1) >> 64 for first, last in v6)


def _services_text(services: Spans, names: Names) -> str:
    if services[0] == _ALL_SERVICES[0]:
        return "ALL"
    texts: list[str] = []
    for number, protocol in enumerate(_PROTOCOLS):
        start = number * _ROOM
        inside = [
            (max(first, start) - start, min(last, start + _LAST_PORT) - start) for first, last in services
        ]
        ports = [(first, last) for first, last in inside if first <= last]
        if ports:
            texts.append(
                protocol if ports == [(0, _LAST_PORT)] else f"{protocol} {','.join(map(_port_text, ports))}"
            )
    texts += [name for span in services if span[0] >= _NAMED for name in names.within(span)]
    return " and ".join(texts)


def _port_text(span: Span) -> str:
    return str(span[0]) if span[0] == span[1] else f"{span[0]}-{span[1]}"
