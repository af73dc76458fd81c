"""The pods behind a Service or Ingress, the count of their answers, and the results per pod, per zone and
overall. A verdict on one answer comes from `verdict`."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pulumi_tke_hybrid.cli.process import listed, several
from pulumi_tke_hybrid.verify.answers import Answer
from pulumi_tke_hybrid.verify.verdict import Addresses, Case, Judgement, Verdict, holder, judge, worst

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

    def merge(self, others: Iterable[Pod]) -> "Backends":
        """Return the pods of this and of a second reading. A pod counts as ready if both readings have it
        ready."""
        later = {pod.name: pod for pod in others}
        known = {pod.name for pod in self.pods}
        kept = [
            replace(pod, ready=pod.ready and pod.name in later and later[pod.name].ready) for pod in self.pods
        ]
        added = [replace(pod, ready=False) for pod in later.values() if pod.name not in known]
        return Backends((*kept, *added))


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
        """Count an answer."""
        if answer not in self.counts and len(self.counts) >= MAX_DIFFERENT:
            answer = TOO_MANY
        self.counts[answer] = self.counts.get(answer, 0) + times
        if not answer.problem:
            self.read += times
            pod = self.backends.match_pod(answer)
            if pod:
                self.answered.add(pod.name)

    @property
    def total(self) -> int:
        """Number of all answers."""
        return sum(self.counts.values())

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
    """Number of answers."""
    peers: tuple[str, ...]
    """The peers in the answers."""
    reason: str
    """Reason of the verdict."""
    node: str = ""
    address: str = ""


@dataclass(frozen=True)
class ZoneResult:
    """The worst verdict on the pods of one zone."""

    zone: str
    verdict: Verdict
    answered: int
    """Number of pods that answered."""
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
    """Whether each ready pod must answer."""


@dataclass(frozen=True)
class Results:
    """The results of all answers."""

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


@dataclass
class _PodAnswers:
    zone: str
    pod: Pod | None
    judgements: list[tuple[Judgement, int]] = field(default_factory=list[tuple[Judgement, int]])
    peers: dict[str, None] = field(default_factory=dict[str, None])

    def result(self, name: str) -> PodResult:
        verdict = worst(judgement.verdict for judgement, _ in self.judgements)
        return PodResult(
            pod=name,
            zone=self.zone,
            verdict=verdict,
            answers=sum(times for _, times in self.judgements),
            peers=tuple(self.peers)[:5],
            reason=next(judgement.reason for judgement, _ in self.judgements if judgement.verdict is verdict),
            node=self.pod.node if self.pod else "",
            address=self.pod.address if self.pod else "",
        )


def results(counts: Mapping[Answer, int], backends: Backends, case: Case, coverage: Coverage) -> Results:
    """Return the results per pod, per zone and overall; the worst verdict wins in each."""
    by_pod: dict[str, _PodAnswers] = {}
    for answer, times in counts.items():
        pod = backends.match_pod(answer)
        name = pod.name if pod else _name_of_unknown_pod(answer, backends, by_pod)
        zone = pod.zone if pod else _zone_by_address(answer, case.addresses)
        entry = by_pod.setdefault(name, _PodAnswers(zone, pod))
        entry.judgements.append((judge(answer, case), times))
        if answer.peer:
            entry.peers[answer.peer] = None
    pods = sorted(
        (entry.result(name) for name, entry in by_pod.items()), key=lambda result: (result.zone, result.pod)
    )
    zones = _zones(pods, backends, coverage)
    return Results(worst(pod.verdict for pod in pods), tuple(pods), zones, tuple(_uncovered(zones, coverage)))


def _name_of_unknown_pod(answer: Answer, backends: Backends, by_pod: Mapping[str, _PodAnswers]) -> str:
    name = answer.pod or (answer.addresses[0] if answer.addresses else "(no name)")
    if any(pod.name == name for pod in backends.pods):
        name = f"{name} (another one)"
    return name if name in by_pod or len(by_pod) < MAX_UNKNOWN_PODS + len(backends.pods) else "(others)"


def _zone_by_address(answer: Answer, addresses: Addresses) -> str:
    """Return the zone of the container subnet that holds the pod's address."""
    found = [holder(address, addresses.container_subnets) for address in answer.addresses]
    return next((item.zone for item in found if item and item.zone), UNPLACED)


def _zones(pods: Sequence[PodResult], backends: Backends, coverage: Coverage) -> tuple[ZoneResult, ...]:
    ready = [pod for pod in backends.pods if pod.ready]
    found: list[ZoneResult] = []
    for zone in sorted({*coverage.zones, *(pod.zone for pod in ready), *(pod.zone for pod in pods)}):
        here = [pod for pod in pods if pod.zone == zone]
        answered = {pod.pod for pod in here if pod.peers}
        expected = {pod.name for pod in ready if pod.zone == zone}
        missing = tuple(sorted(expected - answered))
        verdict = worst(pod.verdict for pod in here)
        found.append(ZoneResult(zone, verdict, len(answered), len(expected | answered), missing))
    return tuple(found)


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


def _uncovered(zones: Sequence[ZoneResult], coverage: Coverage) -> list[str]:
    found: list[str] = []
    with_pods = [zone.zone for zone in zones if zone.pods]
    for zone in zones:
        if zone.zone in coverage.zones and zone.pods == 0:
            found.append(_empty(zone.zone, with_pods))
        elif zone.pods and zone.answered < coverage.min_per_zone:
            found.append(
                f"zone {zone.zone}: {several(zone.answered, 'pod')} answered, {coverage.min_per_zone} wanted"
            )
        elif zone.missing and coverage.every_pod:
            found.append(f"zone {zone.zone}: no answer from {listed(list(zone.missing))}")
    return found
