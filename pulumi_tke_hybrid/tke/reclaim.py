"""How long TKE keeps the address of a pod that is gone.

The delay acts on addresses kept by `vpc-ip-claim-delete-policy: Never`, in static-IP mode only. Left out, TKE never
takes them back and the subnet fills up (article, step 4). A short delay means that a StatefulSet pod that is down for
longer comes back with another address.
"""

import re

NEVER = "never"
MINIMUM_SECONDS = 300
MAXIMUM_SECONDS = 15_768_000
"""182.5 days: the upper bound of the provider for the same field."""

WITHOUT_STATIC_IPS = "has no effect without static IPs, no pod keeps an address then; say never(), or static_ip=True"

_SECONDS = re.compile(r"(\d{1,9})s")


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


def reclaim_problem(value: str) -> str | None:
    """What is wrong with a reclaim setting, or None."""
    try:
        seconds = seconds_of(value)
    except ValueError:
        return f"{value!r} is not a reclaim setting; use after(seconds), for example after(300), or never()"
    if seconds is None or MINIMUM_SECONDS <= seconds <= MAXIMUM_SECONDS:
        return None
    return f"{seconds} s is outside {MINIMUM_SECONDS} to {MAXIMUM_SECONDS} s, the range TKE accepts; use after({MINIMUM_SECONDS})"
