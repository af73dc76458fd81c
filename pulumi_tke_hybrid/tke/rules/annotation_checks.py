"""Rules on the annotations of one object: keys that exclude each other, unknown keys, unreadable values."""

import difflib
import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pulumi_tke_hybrid.tke import keys
from pulumi_tke_hybrid.tke.annotations import KNOWN, PREFIXES, Known, On, Value, contradiction, tke_prefix
from pulumi_tke_hybrid.tke.objects import unknown
from pulumi_tke_hybrid.tke.rule import Finding, Rule, Severity, fixed_rule, warning_rule

CONFLICT = Rule(
    "annotation-conflict",
    "Annotations that exclude each other do not stand on one object.",
    "the annotations of the object",
    "457/51258, 457/56112, 457/45700, 457/41871",
)
UNKNOWN_KEY = warning_rule(
    "annotation-unknown",
    "TKE reads each key under a prefix of TKE, on the object that has the key.",
    "the keys of the annotations",
    "457/51258, 457/56112, 457/44173: the vendor's lists of annotations",
)
VALUE = Rule(
    "annotation-value",
    "TKE can read the value of an annotation.",
    "the values of the annotations",
    "imroc/tke-guide, errors E4026, E4037, E4044 to E4046; 457/51258",
)
RESERVED = fixed_rule(
    "annotation-reserved",
    "A program gives no annotation that a component or TKE writes, and none that a shared ENI ignores.",
    "the keys of the annotations",
    "457/51258, 457/56112, 457/50360",
)

TLS = "spec.tls"
"""Key that represents the TLS section of an Ingress among the annotations."""
_CERTIFICATE = "ingress.cloud.tencent.com/certificate"


@dataclass(frozen=True)
class _Pair:
    """Two annotations that exclude each other."""

    one: str
    other: str
    why: str


_SERVICE, _INGRESS = "service.cloud.tencent.com/", "ingress.cloud.tencent.com/"
_AUTO = "TKE writes a configuration of its own with the first, and refuses the second beside it (457/45700)"
_OWN = "the load balancer is there already, so TKE makes none with this setting"
_PUBLIC_ONLY = "an internal load balancer has no connection to the internet to bill or to limit"
_BOTH = "rule-mix-both puts all rules on HTTP and HTTPS; TKE refuses rules or redirects beside it (457/56112)"
_SKIP = (
    "with mode skip TKE leaves the load balancer alone, which it offers only for load balancers of its own"
    " (457/56112)"
)


def _load_balancer_pairs(
    prefix: str, existing: str, internal: str, parameters: str, billing: Sequence[str]
) -> Iterator[_Pair]:
    yield _Pair(f"{prefix}tke-service-config-auto", f"{prefix}tke-service-config", _AUTO)
    for setting in (internal, *billing, parameters, f"{prefix}cross-vpc-id", f"{prefix}pass-to-target"):
        yield _Pair(existing, setting, _OWN)
    for setting in billing:
        yield _Pair(internal, setting, _PUBLIC_ONLY)
    yield _Pair(f"{prefix}mode", existing, _SKIP)


_OLD_BILLING = ("kubernetes.io/service.internetChargeType", "kubernetes.io/service.internetMaxBandwidthOut")
_PAIRS: Mapping[On, Sequence[_Pair]] = {
    On.SERVICE: (
        *_load_balancer_pairs(
            _SERVICE,
            keys.SERVICE_EXISTING_LB,
            keys.SERVICE_INTERNAL_SUBNET,
            keys.SERVICE_PARAMETERS,
            (keys.SERVICE_CHARGE_TYPE, keys.SERVICE_BANDWIDTH, *_OLD_BILLING),
        ),
        _Pair(
            f"{_SERVICE}target-groups",
            f"{_SERVICE}lb-rs-weight",
            "a target group has weights of its own (457/51258)",
        ),
    ),
    On.INGRESS: (
        *_load_balancer_pairs(
            _INGRESS,
            keys.INGRESS_EXISTING_LB,
            keys.INGRESS_INTERNAL_SUBNET,
            keys.INGRESS_PARAMETERS,
            (keys.INGRESS_CHARGE_TYPE, keys.INGRESS_BANDWIDTH),
        ),
        *(
            _Pair(both, other, _BOTH)
            for both in (f"{_INGRESS}rule-mix-both", "kubernetes.io/ingress.rule-mix-both")
            for other in (keys.INGRESS_RULE_MIX, f"{_INGRESS}rewrite-support", keys.INGRESS_REDIRECT)
        ),
        _Pair(_CERTIFICATE, TLS, "TKE takes certificates from one of them only (457/56112)"),
        _Pair(keys.CERTIFICATE_ID, TLS, "the certificate is named twice"),
        _Pair(f"{_INGRESS}mode", f"{_INGRESS}enable-group", _SKIP),
    ),
    On.POD: (
        _Pair(
            "eks.tke.cloud.tencent.com/eip-id-list",
            "eks.tke.cloud.tencent.com/eip-attributes",
            "the pods get the addresses of the list, and none is made (457/44173)",
        ),
    ),
    On.NODE: (),
}


@dataclass(frozen=True)
class _Need:
    """An annotation that has an effect only together with one of `others`."""

    key: str
    others: Sequence[str]
    why: str


_REGION_ALONE = "the region alone names no load balancer"
_OWN_RULES = "without rule-mix TKE takes the rules of the Ingress"
_SHARED = "Ingresses share a load balancer of yours only (457/127545)"
_WEIGHTS = "it weighs the nodes that hold a pod"
_REGION_OF = {
    _SERVICE: (keys.SERVICE_EXISTING_LB, f"{_SERVICE}cross-vpc-id"),
    _INGRESS: (keys.INGRESS_EXISTING_LB, f"{_INGRESS}cross-vpc-id"),
}
_NEEDS: Mapping[On, Sequence[_Need]] = {
    On.SERVICE: (
        _Need(f"{_SERVICE}cross-region-id", _REGION_OF[_SERVICE], _REGION_ALONE),
        _Need(f"{_SERVICE}local-svc-weighted-balance", (keys.SERVICE_LOCAL_NODES,), _WEIGHTS),
    ),
    On.INGRESS: (
        _Need(f"{_INGRESS}cross-region-id", _REGION_OF[_INGRESS], _REGION_ALONE),
        _Need(f"{_INGRESS}enable-group", (keys.INGRESS_EXISTING_LB,), _SHARED),
        _Need(f"{_INGRESS}auto-rewrite-code", (keys.INGRESS_REDIRECT,), "it is the code of that redirect"),
        _Need(keys.INGRESS_HTTP_RULES, (keys.INGRESS_RULE_MIX,), _OWN_RULES),
        _Need(keys.INGRESS_HTTPS_RULES, (keys.INGRESS_RULE_MIX,), _OWN_RULES),
    ),
    On.POD: (),
    On.NODE: (),
}


def reserved_findings(given: Iterable[str], written: Collection[str]) -> Iterator[Finding]:
    """Refuse keys that a program may not give. `written`: the keys that the component writes on the
    object."""
    for key in given:
        reason = contradiction(key, written)
        if reason is not None:
            yield RESERVED.finding(key, reason)


def conflict_findings(
    on: On,
    given: Mapping[str, Any],
    written: Mapping[str, Any] | None = None,
    named: Mapping[str, str] | None = None,
) -> Iterator[Finding]:
    """Return annotations that exclude each other, and annotations without the annotation that they need.

    The path of a finding is the key of a given annotation. `written`: annotations of the component. `named`:
    their arguments, by key.
    """
    both = {**given, **(written or {})}
    arguments = named or {}
    for pair in _PAIRS[on]:
        if _counts(pair.one, both) and _counts(pair.other, both):
            path, beside = (pair.other, pair.one) if pair.other in given else (pair.one, pair.other)
            if path in given:
                yield CONFLICT.finding(
                    path, f"beside {arguments.get(beside, beside)}", why=pair.why, todo="keep one of them"
                )
    for need in _NEEDS[on]:
        if (
            need.key in given
            and _counts(need.key, both)
            and not any(_counts(other, both) for other in need.others)
        ):
            yield CONFLICT.finding(
                need.key,
                f"without {' or '.join(need.others)}",
                why=f"{need.why}, so it has no effect alone",
                todo="add it, or leave this one out",
            )


def _counts(key: str, annotations: Mapping[str, Any]) -> bool:
    """Whether the annotation has an effect. A flag that is false and an empty text have none."""
    value = annotations.get(key)
    if value is None or value == "":
        return False
    known = KNOWN.get(key)
    return not (
        known is not None
        and known.value is Value.FLAG
        and isinstance(value, str)
        and value.strip().lower() == "false"
    )


def key_findings(on: On, annotations: Mapping[str, Any]) -> Iterator[Finding]:
    """Return keys under TKE's prefixes that TKE does not read on this object, and keys with a misspelt
    prefix."""
    for key in annotations:
        known = KNOWN.get(key)
        if known is not None:
            if known.on is not on:
                twin = _twin(key, on)
                yield UNKNOWN_KEY.finding(
                    key,
                    f"is an annotation of a {known.on.value}, not of a {on.value}",
                    why="TKE does not read it here",
                    todo=f"use {twin}" if twin else f"put it on the {known.on.value}",
                )
        elif near := _near(key, on):
            yield UNKNOWN_KEY.finding(
                key,
                "is not a key that TKE reads",
                why="the setting has no effect",
                todo=f"did you mean {near}?",
            )
        elif tke_prefix(key):
            yield _note(key)


def _note(key: str) -> Finding:
    finding = UNKNOWN_KEY.finding(
        key,
        "is not known here",
        why="it is in none of the vendor's lists of annotations",
        todo="check its spelling in the vendor's documents",
    )
    return replace(finding, severity=Severity.NOTE)


_END = re.compile(r"^(.*[/.])([^/.]*)$")


def _parts(key: str) -> tuple[str, str]:
    """Split a key into prefix and name."""
    prefix = next((prefix for prefix in PREFIXES if key.startswith(prefix)), "")
    if prefix:
        return prefix, key[len(prefix) :]
    found = _END.match(key)
    return (found[1], found[2]) if found else ("", key)


def _twin(key: str, on: On) -> str:
    """Return the key of the same name on another kind of object; empty without such a key."""
    name = _parts(key)[1]
    return next(
        (known.key for known in KNOWN.values() if known.on is on and _parts(known.key)[1] == name), ""
    )


def _near(key: str, on: On) -> str:
    """Return the known key that is most similar; empty without a similar key."""
    prefix, name = _parts(key)
    mine = [known for known in KNOWN.values() if known.on is on and not known.written_by_tke]
    if not tke_prefix(key):
        domains = difflib.get_close_matches(prefix, PREFIXES, n=1, cutoff=0.85)
        return next(
            (
                known.key
                for known in mine
                if domains and _parts(known.key)[1] == name and known.key.startswith(domains[0])
            ),
            "",
        )
    same = [known.key for known in mine if _parts(known.key)[1].lower() == name.lower()]
    close = difflib.get_close_matches(key, [known.key for known in mine], n=1, cutoff=0.8)
    return next(iter([*same, *close, *_close_names(name, mine)]), "")


def _close_names(name: str, among: Sequence[Known]) -> list[str]:
    names = {_parts(known.key)[1]: known.key for known in among}
    return [names[found] for found in difflib.get_close_matches(name, names, n=1, cutoff=0.8)]


def value_findings(annotations: Mapping[str, Any]) -> Iterator[Finding]:
    """Return values that TKE cannot read. Values that are not known yet, or are no text, are skipped."""
    for key, value in annotations.items():
        known = KNOWN.get(key)
        if (
            known is not None
            and isinstance(value, str)
            and not unknown(value)
            and value.strip()
            and not _readable(known, value.strip())
        ):
            yield VALUE.finding(
                key,
                f"is not {known.value.value}",
                value=repr(value),
                why="TKE reports an error for the object and leaves the load balancer or the pod as it is",
                todo="correct the value",
            )


_IDS = {
    Value.SUBNET: "subnet",
    Value.BALANCER: "lb",
    Value.VPC: "vpc",
    Value.GROUPS: "sg",
    Value.SUBNETS: "subnet",
}
_ID = re.compile(r"[a-z]+-[a-z0-9]{8}")
_CHARGES = ("TRAFFIC_POSTPAID_BY_HOUR", "BANDWIDTH_POSTPAID_BY_HOUR")


def _readable(known: Known, value: str) -> bool:
    if known.value is Value.FLAG:
        return value in ("true", "false")
    if known.value is Value.JSON:
        return _is_json(value)
    if known.value is Value.CHARGE:
        return value in _CHARGES
    if known.value is Value.BANDWIDTH:
        return value.isdecimal() and 1 <= int(value) <= 2048
    prefix = _IDS.get(known.value)
    if prefix is None:
        return True
    listed = value.split(",") if known.value in (Value.GROUPS, Value.SUBNETS) else [value]
    return all(_ID.fullmatch(part.strip()) and part.strip().startswith(f"{prefix}-") for part in listed)


def _is_json(value: str) -> bool:
    try:
        return isinstance(json.loads(value), dict | list)
    except (ValueError, RecursionError):
        return False
