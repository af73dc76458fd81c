"""The pods that should answer, and the count of what they answered."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from pulumi_tke_hybrid.proof.answers import Answer

MOST_DIFFERENT = 2000
"""Different answers that are kept; a pod that invents a new one each time cannot fill the memory."""
TOO_MANY = Answer(problem=f"more than {MOST_DIFFERENT} different answers")


UNPLACED = "?"
"""The zone of a pod whose zone is not known."""


@dataclass(frozen=True)
class Pod:
    """A pod behind the Service or Ingress."""

    name: str
    zone: str = UNPLACED
    node: str = ""
    address: str = ""
    also: tuple[str, ...] = ()
    """Further addresses: a dual-stack pod has two."""
    ready: bool = True


@dataclass(frozen=True)
class Roster:
    """All pods that may answer; those that are ready should."""

    pods: tuple[Pod, ...] = ()

    def who(self, answer: Answer) -> Pod | None:
        """The pod that answered. A name alone is enough only if the pod did not say its addresses: other namespaces have the
        same names."""
        given = set(answer.addresses)
        by_address = next((pod for pod in self.pods if not given.isdisjoint((pod.address, *pod.also))), None)
        if by_address or answer.addresses:
            return by_address
        return next((pod for pod in self.pods if pod.name == answer.pod), None)

    @property
    def wanted(self) -> frozenset[str]:
        """Names of the pods that should answer."""
        return frozenset(pod.name for pod in self.pods if pod.ready)

    def with_also(self, others: Iterable[Pod]) -> "Roster":
        """Also those of a second look. Only pods that were ready both times should have answered; all may have."""
        later = {pod.name: pod for pod in others}
        known = {pod.name for pod in self.pods}
        kept = [replace(pod, ready=pod.ready and pod.name in later and later[pod.name].ready) for pod in self.pods]
        return Roster((*kept, *(replace(pod, ready=False) for pod in later.values() if pod.name not in known)))


@dataclass
class Tally:
    """How often each answer was given."""

    roster: Roster
    counts: dict[Answer, int] = field(default_factory=dict[Answer, int])
    answered: set[str] = field(default_factory=set[str])
    """Names of pods of the roster that gave an answer that could be read."""
    read: int = 0
    """Answers that could be read."""

    def add(self, answer: Answer, times: int = 1) -> None:
        """Count an answer."""
        if answer not in self.counts and len(self.counts) >= MOST_DIFFERENT:
            answer = TOO_MANY
        self.counts[answer] = self.counts.get(answer, 0) + times
        if not answer.problem:
            self.read += times
            pod = self.roster.who(answer)
            if pod:
                self.answered.add(pod.name)

    @property
    def total(self) -> int:
        """All answers."""
        return sum(self.counts.values())

    @property
    def complete(self) -> bool:
        """Whether each pod that should answer has."""
        return self.roster.wanted <= self.answered
