"""ipamd: its ConfigMap, its versions and phases, and how long it keeps the address of a deleted pod.

The ConfigMap is `kube-system/tke-eni-ipamd`, edited as in the article (1.3). The reclaim delay is for kept
addresses (`vpc-ip-claim-delete-policy: Never`) in static-IP mode. Without a delay TKE reclaims no kept
address, and the subnet fills up (article, step 4); after a short delay a StatefulSet pod that was down for
longer gets another address."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence

from pulumi_tke_hybrid.tke.rule import Finding, fixed_rule, note_rule, warning_rule

NAMESPACE = "kube-system"
NAME = "tke-eni-ipamd"
"""Name of the ConfigMap, and of the Deployment that reads the ConfigMap at its start."""

SUBNET_IDS = "TKE_ENI_IPAMD_SUBNET_ID"
VPC_ID = "TKE_ENI_IPAMD_VPC_ID"
ZONES = "TKE_ENI_IPAMD_ZONE"
"""Zones in the order of the subnets, as in the article; newer ipamd ignores the zones (457/48040)."""

Version = tuple[int, int, int]

ADDON = "eniipamd"
"""The add-on by which TKE manages ipamd from version `ADDON_SINCE` on."""
ADDON_SINCE = (3, 5, 0)

RUNNING = "running"
"""The phase of `DescribeIPAMD` in which ipamd works; the documentation names no other phase."""

_VERSION = re.compile(r"v?(\d{1,3})\.(\d{1,3})(?:\.(\d{1,3}))?(?:[-._].*)?")
"""Version in an image's tag. A suffix is about the build; longer numbers are dates."""


def is_running(phase: str) -> bool:
    """Whether ipamd works in this phase."""
    return phase.strip().casefold() == RUNNING


def has_failed(phase: str) -> bool:
    """Whether a phase is a failure: `Failed`, `failure`, `FAILED`, `unhealthy`."""
    plain = phase.strip().casefold()
    return plain.startswith("fail") or plain == "unhealthy"


def phase_words(phase: str, reason: str) -> str:
    """A phase in which ipamd does not work yet, with the reason that the cloud gives."""
    return (phase.strip() or "not installed yet") + (f" ({reason})" if reason else "")


def config_data(vpc_id: str, subnets: Sequence[tuple[str, str]]) -> dict[str, str]:
    """The three keys for (subnet id, zone) pairs: colon-joined, index-aligned, in declaration order."""
    return {
        SUBNET_IDS: ":".join(subnet_id for subnet_id, _ in subnets),
        VPC_ID: vpc_id,
        ZONES: ":".join(zone for _, zone in subnets),
    }


def registered_subnets(data: Mapping[str, str]) -> list[str]:
    """The subnet ids of a live ConfigMap."""
    return [item for item in (part.strip() for part in data.get(SUBNET_IDS, "").split(":")) if item]


def checksum(data: Mapping[str, str]) -> str:
    """Checksum of the content; ipamd is restarted only if the checksum changes."""
    return hashlib.sha256(json.dumps(dict(data), sort_keys=True).encode()).hexdigest()[:16]


def tag(image: str) -> str:
    """The tag of an image, also beside a digest; empty if the image has no tag."""
    return image.partition("@")[0].rpartition("/")[2].partition(":")[2]


def parsed_version(text: str) -> Version | None:
    """The version in an image's tag or of an add-on, e.g. `v3.4.4`, `3.11.0`; None for any other text."""
    found = _VERSION.fullmatch(text)
    return (int(found[1]), int(found[2]), int(found[3] or 0)) if found else None


def version(image: str) -> Version | None:
    """ipamd's version by its image's tag; None for a tag without version (`latest`) or a digest alone."""
    return parsed_version(tag(image))


def own_image(containers: Mapping[str, str]) -> str:
    """The image of ipamd among the images of its pod, by the container's name; empty if the pod has several
    containers and none of that name."""
    return containers.get(NAME) or (next(iter(containers.values())) if len(containers) == 1 else "")


def shown(version_: Version) -> str:
    """The version as text, e.g. `3.4.4`."""
    return ".".join(map(str, version_))


_API = "457/55757, field ExpiredSeconds"
RECLAIM_SHAPE = fixed_rule(
    "reclaim-shape",
    "A reclaim setting is after(seconds), 300 to 15768000, or never().",
    "ip_reclaim",
    f"{_API}; the article, step 4; field claim_expired_seconds of the provider",
)
RECLAIM_WITHOUT_STATIC = fixed_rule(
    "reclaim-without-static",
    "Without static IPs no address is kept, so none is reclaimed.",
    "ip_reclaim, static_ip",
    _API,
)
RECLAIM_NEVER = warning_rule(
    "reclaim-never",
    "Addresses that are never reclaimed fill their subnet up.",
    "ip_reclaim",
    "the article, step 4",
)
RECLAIM_LONG = note_rule(
    "reclaim-long",
    "The addresses of deleted StatefulSets are held for the whole reclaim time.",
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
    """Reclaim a kept address this many seconds after its pod is gone: 300 (the article's choice) to
    15768000."""
    return f"{seconds}s"


def never() -> str:
    """Keep addresses until they are released by hand (`kubectl delete vipc`)."""
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
    """Return a finding if the text is not a reclaim setting."""
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
    """Return findings on a reclaim setting with the mode of the cluster; None: not known."""
    if ip_reclaim is None:
        return
    seconds = seconds_of(ip_reclaim)
    if static_ip is False and seconds is not None:
        yield RECLAIM_WITHOUT_STATIC.finding(
            "ip_reclaim",
            "has no effect without static IPs",
            value=ip_reclaim,
            why="no pod keeps an address then",
            todo="use never(), or static_ip=True",
        )
    if static_ip and seconds is None:
        yield RECLAIM_NEVER.finding(
            "ip_reclaim",
            "keeps the address of every deleted StatefulSet pod for ever",
            value=ip_reclaim,
            why="the subnet fills up until each claim is deleted by hand",
            todo=f"use after(seconds), the article's choice is after({MINIMUM_SECONDS})",
        )
    if static_ip and seconds is not None and seconds > LONG_SECONDS:
        yield RECLAIM_LONG.finding(
            "ip_reclaim",
            "holds the addresses of a deleted StatefulSet for more than a day",
            value=ip_reclaim,
            why="the addresses count as used until then",
            todo="plan the subnet with these addresses, or use a shorter time",
        )
