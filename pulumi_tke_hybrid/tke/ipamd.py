"""The ConfigMap `kube-system/tke-eni-ipamd`, as the article edits it (1.3), its checksum, and which ipamd takes such an edit."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence

NAMESPACE = "kube-system"
NAME = "tke-eni-ipamd"
"""Both of the ConfigMap and of the Deployment that reads it, at its start only."""

SUBNET_IDS = "TKE_ENI_IPAMD_SUBNET_ID"
VPC_ID = "TKE_ENI_IPAMD_VPC_ID"
ZONES = "TKE_ENI_IPAMD_ZONE"
"""Newer ipamd ignores the zones (457/48040); kept aligned with the subnets as in the article."""

Version = tuple[int, int, int]

ADDON = "eniipamd"
"""The add-on as which TKE manages ipamd from `ADDON_SINCE` on."""
ADDON_SINCE = (3, 5, 0)

RUNNING = "running"
"""The phase of `DescribeIPAMD` in which ipamd works, and the only one that is public. Every other one is waited for by its name."""

_VERSION = re.compile(r"v?(\d{1,3})\.(\d{1,3})(?:\.(\d{1,3}))?(?:[-._].*)?")
"""Of an image's tag. What follows the numbers says how it was built; longer numbers are dates."""


def is_running(phase: str) -> bool:
    """Whether ipamd works. No other phase counts as that, whatever its name."""
    return phase.strip().casefold() == RUNNING


def has_failed(phase: str) -> bool:
    """Whether a phase means a failure, in any spelling of it: `Failed`, `failure`, `FAILED`, `unhealthy`."""
    plain = phase.strip().casefold()
    return plain.startswith("fail") or plain == "unhealthy"


def phase_words(phase: str, reason: str) -> str:
    """A phase in which ipamd does not work yet, with the reason that the cloud gives for it."""
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
    """Changes exactly when the content does: ipamd is restarted then and only then."""
    return hashlib.sha256(json.dumps(dict(data), sort_keys=True).encode()).hexdigest()[:16]


def tag(image: str) -> str:
    """The tag of an image, also beside a digest; empty where it has none."""
    return image.partition("@")[0].rpartition("/")[2].partition(":")[2]


def parsed_version(text: str) -> Version | None:
    """A version as TKE writes it, of an image's tag or of an add-on: `v3.4.4`, `3.11.0`; None for anything else."""
    found = _VERSION.fullmatch(text)
    return (int(found[1]), int(found[2]), int(found[3] or 0)) if found else None


def version(image: str) -> Version | None:
    """ipamd's version by the tag of its image; None where that tells none (`latest`, a digest alone)."""
    return parsed_version(tag(image))


def own_image(containers: Mapping[str, str]) -> str:
    """The image of ipamd itself among those of its pod, by the container's name; empty where there are several and none has its name."""
    return containers.get(NAME) or (next(iter(containers.values())) if len(containers) == 1 else "")


def shown(version_: Version) -> str:
    """A version as people write it."""
    return ".".join(map(str, version_))
