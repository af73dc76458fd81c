"""Words for settings.

Where a node and an address are: zones by name, ranges by subnet.

Something that the sides do not agree on."""

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Literal, get_args

from pulumi_tke_hybrid.drift.sources import Node, VpcSubnet
from pulumi_tke_hybrid.tke import regions


def reclaim_words(seconds: int | None) -> str:
    """A reclaim time as people say it."""
    return "never" if seconds is None else f"{seconds} s"


def holder(address: str, subnets: Iterable[VpcSubnet]) -> VpcSubnet | None:
    """The subnet that an address lies in."""
    return next((subnet for subnet in subnets if inside(address, [subnet.block])), None)


def inside(address: str, blocks: Iterable[str]) -> bool:
    """Whether an address lies in one of the ranges. What is no address or range holds nothing."""
    try:
        wanted = ipaddress.ip_address(address)
        return any(wanted in ipaddress.ip_network(block, strict=False) for block in blocks if block)
    except ValueError:
        return False


def zone_of(node: Node, network: Sequence[VpcSubnet], region: str) -> str | None:
    """The name of the node's zone: as written beside the label, else of the subnet that holds the node, else
    by the label's number."""
    if node.zone_name:
        return node.zone_name
    own = holder(node.address, network)
    if own is not None:
        return own.zone
    return regions.zone_by_label(node.zone_label, region)


FindingId = Literal[
    "addon-subnets", "addon-vpc", "cluster-not-checked", "cni-type", "configmap-missing", "configmap-not-compared", "configmap-vpc",
    "configmap-zones", "eni-pod-on-host", "eni-pod-on-overlay",
    "eni-pod-outside", "eni-pod-waiting", "ipamd-busy", "ipamd-failed", "node-zone-uncovered", "node-zone-unknown", "program-vpc",
    "reclaim", "side-not-read", "static-ip", "static-ip-unknown", "subnet-by-configmap", "subnet-described-wrongly", "subnet-gone",
    "subnet-not-everywhere", "subnet-not-in-program", "subnet-one-side", "subnet-only-in-program", "vpc-cni-off",
]  # fmt: skip
IDS: tuple[str, ...] = get_args(FindingId)
"""All that there are: a finding that is accepted must be one of them."""


class Severity(str, Enum):
    """How bad, the worst first."""

    DANGER = "danger"
    """Pods have no address, or not the one that they should have; or will not have one soon."""
    UNKNOWN = "unknown"
    """Could not tell."""
    WARNING = "warning"
    """The sides differ, and nothing is broken by it now."""
    NOTE = "note"
    """Worth knowing, no drift."""


@dataclass(frozen=True)
class Finding:
    """One of them, for a person (`message`) and for a program (`id`, `subject`)."""

    id: FindingId
    severity: Severity
    subject: str
    what: str
    value: str
    why: str
    todo: str

    @property
    def message(self) -> str:
        """What, value, why, what to do."""
        return f"{self.what}: {self.value}; {self.why}; {self.todo}"
