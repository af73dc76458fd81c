"""Something that the sides do not agree on."""

from dataclasses import dataclass
from enum import Enum


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

    id: str
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
