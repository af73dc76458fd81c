"""Rules on the annotations of one object: keys that exclude each other, unknown keys, unreadable values."""

import difflib
import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pulumi_tke_hybrid.tke import keys
from pulumi_tke_hybrid.tke.annotations import KNOWN, PREFIXES, Known, On, Value, tke_prefix
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

_Pair = tuple[str, str, str]
"""Two annotations that exclude each other, and the reason."""

_SERVICE, _INGRESS = "service.cloud.tencent.com/", "ingress.cloud.tencent.com/"
_AUTO = "TKE writes a configuration of its own with the first, and refuses the second beside it (457/45700)"
_OWN = "the load balancer is there already, so TKE makes none with this setting"
_PUBLIC_ONLY = "an internal load balancer has no connection to the internet to bill or to limit"
_BOTH = "rule-mix-both puts all rules on HTTP and HTTPS; TKE refuses rules or redirects beside it (457/56112)"
_GROUP_WEIGHTS = "a target group has weights of its own (457/51258)"
_SKIP = (
    "with mode skip TKE leaves the load balancer alone, which it offers only for load balancers of its own"
    " (457/56112)"
)


def _load_balancer_pairs(
    prefix: str, existing: str, internal: str, parameters: str, billing: Sequence[str]
) -> Iterator[_Pair]:
    yield f"{prefix}tke-service-config-auto", f"{prefix}tke-service-config", _AUTO
    for setting in (internal, *billing, parameters, f"{prefix}cross-vpc-id", f"{prefix}pass-to-target"):
        yield existing, setting, _OWN
    for setting in billing:
        yield internal, setting, _PUBLIC_ONLY
    yield f"{prefix}mode", existing, _SKIP


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
        (f"{_SERVICE}target-groups", f"{_SERVICE}lb-rs-weight", _GROUP_WEIGHTS),
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
            (both, other, _BOTH)
            for both in (f"{_INGRESS}rule-mix-both", "kubernetes.io/ingress.rule-mix-both")
            for other in (keys.INGRESS_RULE_MIX, f"{_INGRESS}rewrite-support", keys.INGRESS_REDIRECT)
        ),
        (_CERTIFICATE, TLS, "TKE takes certificates from one of them only (457/56112)"),
        (keys.CERTIFICATE_ID, TLS, "the certificate is named twice"),
        (f"{_INGRESS}mode", f"{_INGRESS}enable-group", _SKIP),
    ),
    On.POD: (
        (
            "eks.tke.cloud.tencent.com/eip-id-list",
            "eks.tke.cloud.tencent.com/eip-attributes",
            "the pods get the addresses of the list, and none is made (457/44173)",
        ),
    ),
}

_REGION_ALONE = "the region alone names no load balancer"
_OWN_RULES = "without rule-mix TKE takes the rules of the Ingress"
_SHARED = "Ingresses share a load balancer of yours only (457/127545)"
_WEIGHTS = "it weighs the nodes that hold a pod"
_NEEDS: Mapping[On, Sequence[tuple[str, Sequence[str], str]]] = {
    On.SERVICE: (
        (f"{_SERVICE}cross-region-id", (keys.SERVICE_EXISTING_LB, f"{_SERVICE}cross-vpc-id"), _REGION_ALONE),
        (f"{_SERVICE}local-svc-weighted-balance", (keys.SERVICE_LOCAL_NODES,), _WEIGHTS),
    ),
    On.INGRESS: (
        (f"{_INGRESS}cross-region-id", (keys.INGRESS_EXISTING_LB, f"{_INGRESS}cross-vpc-id"), _REGION_ALONE),
        (f"{_INGRESS}enable-group", (keys.INGRESS_EXISTING_LB,), _SHARED),
        (f"{_INGRESS}auto-rewrite-code", (keys.INGRESS_REDIRECT,), "it is the code of that redirect"),
        (keys.INGRESS_HTTP_RULES, (keys.INGRESS_RULE_MIX,), _OWN_RULES),
        (keys.INGRESS_HTTPS_RULES, (keys.INGRESS_RULE_MIX,), _OWN_RULES),
    ),
}
"""An annotation that has an effect only together with one of the others, the others, and the reason."""


def reserved_findings(given: Iterable[str], written: Collection[str]) -> Iterator[Finding]:
    """Refuse keys that a program may not give. `written`: keys that the component writes on the object."""
    for key in given:
        if key in written or key.startswith(keys.OURS):
            reason = (
                "is written by the component from its own properties; set the property, or change the object"
                " with a Pulumi transform"
            )
        elif key in keys.WRITTEN_BY_TKE:
            reason = (
                "is written by TKE and names the load balancer; to choose a load balancer, use"
                " existing_clb(id)"
            )
        elif key == keys.POD_SECURITY_GROUP:
            reason = (
                "has no effect on the shared ENI, which has the security groups of the node; set the groups"
                " of the ENIs (ipamd) instead"
            )
        else:
            continue
        yield RESERVED.finding(key, f"{key} {reason}")


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
    effective = {key for key in both if _has_effect(key, both[key])}
    for one, other, why in _PAIRS.get(on, ()):
        path, beside = (other, one) if other in given else (one, other)
        if path in given and {one, other} <= effective:
            what = f"beside {(named or {}).get(beside, beside)}"
            yield CONFLICT.finding(path, what, why=why, todo="keep one of them")
    for key, others, why in _NEEDS.get(on, ()):
        if key in given and key in effective and effective.isdisjoint(others):
            yield CONFLICT.finding(
                key,
                f"without {' or '.join(others)}",
                why=f"{why}, so it has no effect alone",
                todo="add it, or leave this one out",
            )


def _has_effect(key: str, value: Any) -> bool:
    """Whether the annotation has an effect. A flag that is false and an empty text have none."""
    is_flag = key in KNOWN and KNOWN[key].value is Value.FLAG
    off = is_flag and isinstance(value, str) and value.strip().lower() == "false"
    return not (value is None or value == "" or off)


def key_findings(on: On, annotations: Mapping[str, Any]) -> Iterator[Finding]:
    """Return keys under TKE's prefixes that TKE does not read on this object, and misspelt prefixes."""
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
            finding = UNKNOWN_KEY.finding(
                key,
                "is not known here",
                why="it is in none of the vendor's lists of annotations",
                todo="check its spelling in the vendor's documents",
            )
            yield replace(finding, severity=Severity.NOTE)


def _parts(key: str) -> tuple[str, str]:
    """Split a key into prefix and name."""
    end = len(tke_prefix(key)) or max(key.rfind("/"), key.rfind(".")) + 1
    return key[:end], key[end:]


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
    by_name = {_parts(known.key)[1]: known.key for known in mine}
    names = difflib.get_close_matches(name, by_name, n=1, cutoff=0.8)
    return next(iter([*same, *close, *(by_name[found] for found in names)]), "")


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


_PATTERNS = {
    Value.FLAG: "true|false",
    Value.CHARGE: "TRAFFIC_POSTPAID_BY_HOUR|BANDWIDTH_POSTPAID_BY_HOUR",
    Value.SUBNET: "subnet-[a-z0-9]{8}",
    Value.BALANCER: "lb-[a-z0-9]{8}",
    Value.VPC: "vpc-[a-z0-9]{8}",
    Value.GROUPS: r"sg-[a-z0-9]{8}(\s*,\s*sg-[a-z0-9]{8})*",
    Value.SUBNETS: r"subnet-[a-z0-9]{8}(\s*,\s*subnet-[a-z0-9]{8})*",
}


def _readable(known: Known, value: str) -> bool:
    if known.value is Value.JSON:
        return _is_json(value)
    if known.value is Value.BANDWIDTH:
        return value.isdecimal() and 1 <= int(value) <= 2048
    pattern = _PATTERNS.get(known.value)
    return pattern is None or re.fullmatch(pattern, value) is not None


def _is_json(value: str) -> bool:
    try:
        return isinstance(json.loads(value), dict | list)
    except (ValueError, RecursionError):
        return False
