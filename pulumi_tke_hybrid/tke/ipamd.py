"""The ConfigMap `kube-system/tke-eni-ipamd`, as the article edits it (1.3), and its checksum."""

import hashlib
import json
from collections.abc import Mapping, Sequence

NAMESPACE = "kube-system"
NAME = "tke-eni-ipamd"
"""Both of the ConfigMap and of the Deployment that reads it, at its start only."""

SUBNET_IDS = "TKE_ENI_IPAMD_SUBNET_ID"
VPC_ID = "TKE_ENI_IPAMD_VPC_ID"
ZONES = "TKE_ENI_IPAMD_ZONE"
"""Newer ipamd ignores the zones (457/48040); kept aligned with the subnets as in the article."""


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
