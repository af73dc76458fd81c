"""The result of a run of steady load."""

import json
from collections import Counter
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Failure:
    """A request without the answer that it should have had."""

    at: float
    """When it began, in seconds since the first one."""
    cause: str
    """`refused`, `reset`, `timed out`, `unreachable`, `cut short`, `status`, `wrong body` or `not sent`."""
    detail: str


@dataclass(frozen=True)
class Report:
    sent: int
    seconds: float
    failures: tuple[Failure, ...]
    answered: dict[str, int]
    """Number of requests that each pod answered, by the pod's name."""
    slowest: float
    """Seconds of the slowest answer."""

    @classmethod
    def parse(cls, text: str) -> "Report":
        found: dict[str, Any] = json.loads(text)
        failures = tuple(Failure(**failure) for failure in found.pop("failures"))
        return cls(failures=failures, **found)

    def __str__(self) -> str:
        """One line: the number of requests, and the failures with their times."""
        causes = Counter(failure.cause for failure in self.failures)
        counts = ", ".join(f"{count} {cause}" for cause, count in causes.most_common())
        when = (
            f" between {self.failures[0].at:.1f} s and {self.failures[-1].at:.1f} s: {counts}"
            if self.failures
            else ""
        )
        return (
            f"{len(self.failures)} of {self.sent} requests in {self.seconds:.1f} s failed{when}; "
            f"{len(self.answered)} pods answered, the slowest after {self.slowest * 1000:.0f} ms"
        )
