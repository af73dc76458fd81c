"""Something that the sides do not agree on."""

from dataclasses import dataclass
from enum import Enum
from typing import Literal, get_args

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
