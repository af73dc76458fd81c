"""How long TKE keeps the address of a pod that is gone.

The delay acts on addresses kept by `vpc-ip-claim-delete-policy: Never`, in static-IP mode only. Left out, TKE never
takes them back and the subnet fills up (article, step 4). A short delay means that a StatefulSet pod that is down for
longer comes back with another address.
"""

import re
from collections.abc import Iterator

from pulumi_tke_hybrid.tke.rule import Finding, Rule, Severity

_API = "457/55757, field ExpiredSeconds"
RECLAIM_SHAPE = Rule(
    "reclaim-shape",
    Severity.ERROR,
    "A reclaim setting is after(seconds), 300 to 15768000, or never().",
    "ip_reclaim",
    f"{_API}; the article, step 4; field claim_expired_seconds of the provider",
    firm=True,
)
RECLAIM_WITHOUT_STATIC = Rule(
    "reclaim-without-static",
    Severity.ERROR,
    "Without static IPs no address is kept, so none is reclaimed.",
    "ip_reclaim, static_ip",
    _API,
    firm=True,
)
RECLAIM_NEVER = Rule(
    "reclaim-never",
    Severity.WARNING,
    "Addresses that are never reclaimed fill their subnet up.",
    "ip_reclaim",
    "the article, step 4",
)
RECLAIM_LONG = Rule(
    "reclaim-long",
    Severity.NOTE,
    "The addresses of StatefulSets that are gone are held for the whole reclaim time.",
    "ip_reclaim",
    "TKE, properties of fixed IPs (qcloud-documents)",
)

NEVER = "never"
MINIMUM_SECONDS = 300
MAXIMUM_SECONDS = 15_768_000
"""182.5 days: the upper bound of the provider for the same field."""

LONG_SECONDS = 86_400

_SECONDS = re.compile(r"([0-9]{1,9})s")


def after(seconds: int) -> str:
    """Reclaim a kept address this many seconds after its pod is gone: 300 (the article's choice) to 15768000."""
    return f"{seconds}s"


def never() -> str:
    """Keep addresses until somebody releases them by hand (`kubectl delete vipc`)."""
    return NEVER


def seconds_of(value: str) -> int | None:
    """The delay in seconds; None for `never`. Raises ValueError for anything else."""
    if value == NEVER:
        return None
    match = _SECONDS.fullmatch(value)
    if match is None:
        raise ValueError(value)
    return int(match.group(1))


def reclaim_problem(value: str) -> Finding | None:
    """What is wrong with a reclaim setting, or None."""
    try:
        seconds = seconds_of(value)
    except ValueError:
        todo = "use after(seconds), for example after(300), or never()"
        return RECLAIM_SHAPE.finding("", "is not a reclaim setting", value=repr(value), todo=todo)
    if seconds is None or MINIMUM_SECONDS <= seconds <= MAXIMUM_SECONDS:
        return None
    what = f"is outside {MINIMUM_SECONDS} to {MAXIMUM_SECONDS} s, the range TKE accepts"
    return RECLAIM_SHAPE.finding("", what, value=f"{seconds} s", todo=f"use after({MINIMUM_SECONDS})")


def reclaim_findings(ip_reclaim: str | None, static_ip: bool | None) -> Iterator[Finding]:
    """What follows from a reclaim setting together with the mode of the cluster; None: not known."""
    if ip_reclaim is None:
        return
    seconds = seconds_of(ip_reclaim)
    if static_ip is False and seconds is not None:
        yield RECLAIM_WITHOUT_STATIC.finding(
            "ip_reclaim",
            "has no effect without static IPs",
            value=ip_reclaim,
            why="no pod keeps an address then",
            todo="say never(), or static_ip=True",
        )
    if static_ip and seconds is None:
        yield RECLAIM_NEVER.finding(
            "ip_reclaim",
            "keeps the address of every StatefulSet pod that is gone for ever",
            value=ip_reclaim,
            why="the subnet fills up until somebody deletes each claim by hand",
            todo=f"use after(seconds), the article's choice is after({MINIMUM_SECONDS})",
        )
    if static_ip and seconds is not None and seconds > LONG_SECONDS:
        yield RECLAIM_LONG.finding(
            "ip_reclaim",
            "holds the addresses of a deleted StatefulSet for more than a day",
            value=ip_reclaim,
            why="they count as used until then",
            todo="plan its subnet with them, or use a shorter time",
        )
