"""The pods behind a Service or Ingress, the count of their answers, and the results per pod, per zone and
overall. A verdict on one answer comes from `verdict`."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pulumi_tke_hybrid.cli.process import listed, several
from pulumi_tke_hybrid.verify.answers import Answer
from pulumi_tke_hybrid.verify.verdict import Addresses, Case, Verdict, holder, judge, worst

MAX_DIFFERENT = 2000
"""Different answers that are kept: a pod that invents answers cannot fill the memory."""
TOO_MANY = Answer(problem=f"more than {MAX_DIFFERENT} different answers")
MAX_UNKNOWN_PODS = 200
"""Rows for answers of unknown pods; further answers share one row."""
UNPLACED = "?"
"""The zone of a pod whose zone is not known."""


@dataclass(frozen=True)
class Pod:
    """A pod behind the Service or Ingress."""

    name: str
    zone: str = UNPLACED
    node: str = ""
    address: str = ""
    further: tuple[str, ...] = ()
    """Further addresses: a dual-stack pod has two."""
    ready: bool = True


@dataclass(frozen=True)
class Backends:
    """All pods that may answer. Every ready pod should answer."""

    pods: tuple[Pod, ...] = ()

    def match_pod(self, answer: Answer) -> Pod | None:
        """Return the pod that answered; by its name only where the answer holds no address, because pods of
        other namespaces have the same names."""
        given = set(answer.addresses)
        if given:
            return next((pod for pod in self.pods if not given.isdisjoint((pod.address, *pod.further))), None)
        return next((pod for pod in self.pods if pod.name == answer.pod), None)

    @property
    def expected(self) -> frozenset[str]:
        """Names of the pods that should answer."""
        return frozenset(pod.name for pod in self.pods if pod.ready)

    def merge(self, others: "Backends") -> "Backends":
        """Return the pods of this and of a second reading. A pod counts as ready if both readings have it
        ready."""
        known, ready = {pod.name for pod in self.pods}, self.expected & others.expected
        every = (*self.pods, *(pod for pod in others.pods if pod.name not in known))
        return Backends(tuple(replace(pod, ready=pod.name in ready) for pod in every))


@dataclass
class Tally:
    """The number of times that each answer came."""

    backends: Backends
    counts: dict[Answer, int] = field(default_factory=dict[Answer, int])
    answered: set[str] = field(default_factory=set[str])
    """Names of known pods with a readable answer."""
    read: int = 0
    """Number of readable answers."""

    def add(self, answer: Answer, times: int = 1) -> None:
        if answer not in self.counts and len(self.counts) >= MAX_DIFFERENT:
            answer = TOO_MANY
        self.counts[answer] = self.counts.get(answer, 0) + times
        if not answer.problem:
            self.read += times
            pod = self.backends.match_pod(answer)
            if pod:
                self.answered.add(pod.name)

    @property
    def complete(self) -> bool:
        """Return whether each pod that should answer has answered."""
        return self.backends.expected <= self.answered


@dataclass(frozen=True)
class PodResult:
    """The worst verdict on the answers of one pod."""

    pod: str
    zone: str
    verdict: Verdict
    answers: int
    peers: tuple[str, ...]
    reason: str
    node: str = ""
    address: str = ""


@dataclass(frozen=True)
class ZoneResult:
    """The worst verdict on the pods of one zone."""

    zone: str
    verdict: Verdict
    answered: int
    pods: int
    """Number of pods that should answer."""
    missing: tuple[str, ...] = ()
    """Names of the pods without an answer."""


@dataclass(frozen=True)
class Coverage:
    """The pods and zones that must answer."""

    zones: Sequence[str] = ()
    """Zones that must answer; empty means the zones that have a ready pod."""
    min_per_zone: int = 1
    """Pods of each zone that must answer."""
    every_pod: bool = True


@dataclass(frozen=True)
class Results:
    measured: Verdict
    """The worst verdict on the pods that answered."""
    pods: tuple[PodResult, ...] = ()
    zones: tuple[ZoneResult, ...] = ()
    uncovered: tuple[str, ...] = ()
    """Required answers that are missing, a sentence each."""

    @property
    def verdict(self) -> Verdict:
        """The overall verdict. Missing answers are not known to be good."""
        return worst([self.measured, Verdict.UNKNOWN]) if self.uncovered else self.measured


def results(counts: Mapping[Answer, int], backends: Backends, case: Case, coverage: Coverage) -> Results:
    """Return the results per pod, per zone and overall; the worst verdict wins in each."""
    by_pod: dict[str, list[Answer]] = {}
    for answer in counts:
        pod = backends.match_pod(answer)
        name = pod.name if pod else _name_of_unknown_pod(answer, backends, by_pod)
        by_pod.setdefault(name, []).append(answer)
    found = [_pod_result(name, answers, counts, backends, case) for name, answers in by_pod.items()]
    pods = sorted(found, key=lambda result: (result.zone, result.pod))
    zones = tuple(_zones(pods, backends, coverage))
    return Results(worst(pod.verdict for pod in pods), tuple(pods), zones, tuple(_uncovered(zones, coverage)))


def _pod_result(
    name: str, answers: Sequence[Answer], counts: Mapping[Answer, int], backends: Backends, case: Case
) -> PodResult:
    pod = backends.match_pod(answers[0]) or Pod(name, _zone_by_address(answers[0], case.addresses))
    judgements = [judge(answer, case) for answer in answers]
    verdict = worst(judgement.verdict for judgement in judgements)
    return PodResult(
        pod=name,
        zone=pod.zone,
        verdict=verdict,
        answers=sum(counts[answer] for answer in answers),
        peers=tuple(dict.fromkeys(answer.peer for answer in answers if answer.peer))[:5],
        reason=next(judgement.reason for judgement in judgements if judgement.verdict is verdict),
        node=pod.node,
        address=pod.address,
    )


def _name_of_unknown_pod(answer: Answer, backends: Backends, by_pod: Collection[str]) -> str:
    name = answer.pod or (answer.addresses[0] if answer.addresses else "(no name)")
    if any(pod.name == name for pod in backends.pods):
        name = f"{name} (another one)"
    return name if name in by_pod or len(by_pod) < MAX_UNKNOWN_PODS + len(backends.pods) else "(others)"


def _zone_by_address(answer: Answer, addresses: Addresses) -> str:
    """Return the zone of the container subnet that holds the pod's address."""
    found = [holder(address, addresses.container_subnets) for address in answer.addresses]
    return next((item.zone for item in found if item and item.zone), UNPLACED)


def _zones(pods: Sequence[PodResult], backends: Backends, coverage: Coverage) -> Iterator[ZoneResult]:
    ready = [pod for pod in backends.pods if pod.ready]
    for zone in sorted({*coverage.zones, *(pod.zone for pod in ready), *(pod.zone for pod in pods)}):
        here = [pod for pod in pods if pod.zone == zone]
        answered = {pod.pod for pod in here if pod.peers}
        expected = {pod.name for pod in ready if pod.zone == zone}
        missing = tuple(sorted(expected - answered))
        verdict = worst(pod.verdict for pod in here)
        yield ZoneResult(zone, verdict, len(answered), len(expected | answered), missing)


def out_of_reach(backends: Backends, coverage: Coverage) -> list[str]:
    """Return a sentence for each zone with fewer ready pods than must answer: no traffic can cover the
    zone."""
    ready = Counter(pod.zone for pod in backends.pods if pod.ready)
    return [
        f"zone {zone} has {several(ready[zone], 'ready pod')}, {coverage.min_per_zone} wanted"
        if ready[zone]
        else _empty(zone, ready)
        for zone in sorted({*coverage.zones, *ready})
        if ready[zone] < coverage.min_per_zone
    ]


def _empty(zone: str, others: Iterable[str]) -> str:
    return (
        f"zone {zone} has no ready pod (zones that have one: {', '.join(sorted(others)) or 'none'}); nothing"
        " is proven there"
    )


def _uncovered(zones: Sequence[ZoneResult], coverage: Coverage) -> Iterator[str]:
    with_pods = [zone.zone for zone in zones if zone.pods]
    for zone in zones:
        if zone.zone in coverage.zones and zone.pods == 0:
            yield _empty(zone.zone, with_pods)
        elif zone.pods and zone.answered < coverage.min_per_zone:
            answered = several(zone.answered, "pod")
            yield f"zone {zone.zone}: {answered} answered, {coverage.min_per_zone} wanted"
        elif zone.missing and coverage.every_pod:
            yield f"zone {zone.zone}: no answer from {listed(zone.missing)}"
