"""What one input says about one stack: its steps, what failed, and what it does not say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pulumi_tke_hybrid.tke.step import Op, Step

STACK = "pulumi:pulumi:Stack"


@dataclass(frozen=True)
class Failure:
    """Something that the engine or a provider called an error."""

    urn: str
    text: str


@dataclass(frozen=True)
class StackPlan:
    """A preview of one stack, as far as it could be read."""

    stack: str
    """`<project>/<stack>`; empty where no step said it."""
    source: str
    """The file, for people."""
    steps: Sequence[Step]
    """One for each resource, in the order of the engine."""
    fingerprint: str
    """Of what changes, whatever the order."""
    failures: Sequence[Failure] = ()
    unreadable: str = ""
    """Why there is no whole preview in it; empty where there is."""
    gaps: Sequence[str] = ()
    """What the input does not say, in words."""
    versions: Mapping[str, str] = field(default_factory=dict[str, str])
    """Providers and their versions."""
    unnamed_ops: Sequence[str] = ()
    """Operations that nobody here has heard of."""
    unknowns: int = 0
    """Changing resources of which some property is known only after `up`."""
    refreshed: bool | None = None
    """Whether the cloud was looked at before; None where nothing says so."""

    @property
    def failed(self) -> bool:
        """Whether the preview itself failed."""
        return bool(self.failures)

    @property
    def whole(self) -> bool:
        """Whether the preview came to its end."""
        return not self.failures and not self.unreadable

    def count(self, *ops: Op) -> int:
        """How many resources have one of these operations."""
        return sum(step.op in ops for step in self.steps)
