"""From answers to verdicts per pod, per zone and overall, and whether enough pods answered to say so."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pulumi_tke_hybrid.console.text import listed, several
from pulumi_tke_hybrid.proof.addresses import Addresses, holder
from pulumi_tke_hybrid.proof.answers import Answer
from pulumi_tke_hybrid.proof.roster import UNPLACED, Pod, Roster
from pulumi_tke_hybrid.proof.verdict import Case, Judgement, Verdict, judge, worst

MOST_STRANGERS = 200
"""Rows for answers of pods that are not known; the rest share one."""


@dataclass(frozen=True)
class PodResult:
    """One pod's verdict: the worst of its answers."""

    pod: str
    zone: str
    verdict: Verdict
    answers: int
    """How many it gave."""
    peers: tuple[str, ...]
    """The peers it reported."""
    reason: str
    """Why the verdict is what it is."""
    node: str = ""
    address: str = ""


@dataclass(frozen=True)
class ZoneResult:
    """One zone's verdict: the worst of its pods'."""

    zone: str
    verdict: Verdict
    answered: int
    """Pods that answered."""
    pods: int
    """Pods that should have."""
    missing: tuple[str, ...] = ()
    """Those that did not."""


@dataclass(frozen=True)
class Wish:
    """What has to be covered."""

    zones: Sequence[str] = ()
    """Zones that must answer; empty means those that have a ready pod."""
    min_per_zone: int = 1
    """Pods of each zone that must answer at the least."""
    every_pod: bool = True
    """Whether each ready pod must."""


@dataclass(frozen=True)
class Results:
    """What all answers together say."""

    heard: Verdict
    """The worst verdict of those that answered."""
    pods: tuple[PodResult, ...] = ()
    zones: tuple[ZoneResult, ...] = ()
    uncovered: tuple[str, ...] = ()
    """What is missing before the verdict speaks for all, in words."""

    @property
    def verdict(self) -> Verdict:
        """The overall verdict: what nobody answered for is not known to be good."""
        return worst([self.heard, Verdict.UNKNOWN]) if self.uncovered else self.heard


@dataclass
class _Heard:
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


def results(counts: Mapping[Answer, int], roster: Roster, case: Case, wish: Wish) -> Results:
    """The worst verdict wins in each pod, each zone and overall: one good zone never hides a bad one."""
    heard: dict[str, _Heard] = {}
    for answer, times in counts.items():
        pod = roster.who(answer)
        name = pod.name if pod else _stranger(answer, roster, heard)
        zone = pod.zone if pod else _zone_by_address(answer, case.addresses)
        entry = heard.setdefault(name, _Heard(zone, pod))
        entry.judgements.append((judge(answer, case), times))
        if answer.peer:
            entry.peers[answer.peer] = None
    pods = sorted((entry.result(name) for name, entry in heard.items()), key=lambda result: (result.zone, result.pod))
    zones = _zones(pods, roster, wish)
    return Results(worst(pod.verdict for pod in pods), tuple(pods), zones, tuple(_uncovered(zones, wish)))


def _stranger(answer: Answer, roster: Roster, heard: Mapping[str, _Heard]) -> str:
    """A row's name for an answer whose pod is not known."""
    name = answer.pod or (answer.addresses[0] if answer.addresses else "(no name)")
    if any(pod.name == name for pod in roster.pods):
        name = f"{name} (another one)"
    return name if name in heard or len(heard) < MOST_STRANGERS + len(roster.pods) else "(others)"


def _zone_by_address(answer: Answer, addresses: Addresses) -> str:
    """Without a look at the cluster, a pod's ENI address still tells its zone."""
    found = [holder(address, addresses.eni_ranges) for address in answer.addresses]
    return next((one.zone for one in found if one and one.zone), UNPLACED)


def _zones(pods: Sequence[PodResult], roster: Roster, wish: Wish) -> tuple[ZoneResult, ...]:
    ready = [pod for pod in roster.pods if pod.ready]
    found: list[ZoneResult] = []
    for zone in sorted({*wish.zones, *(pod.zone for pod in ready), *(pod.zone for pod in pods)}):
        here = [pod for pod in pods if pod.zone == zone]
        answered = {pod.pod for pod in here if pod.peers}
        expected = {pod.name for pod in ready if pod.zone == zone}
        missing = tuple(sorted(expected - answered))
        found.append(ZoneResult(zone, worst(pod.verdict for pod in here), len(answered), len(expected | answered), missing))
    return tuple(found)


def out_of_reach(roster: Roster, wish: Wish) -> list[str]:
    """What no traffic could cover, because there are not enough ready pods, in words."""
    ready = Counter(pod.zone for pod in roster.pods if pod.ready)
    return [
        f"zone {zone} has {several(ready[zone], 'ready pod')}, {wish.min_per_zone} wanted" if ready[zone] else _empty(zone, ready)
        for zone in sorted({*wish.zones, *ready})
        if ready[zone] < wish.min_per_zone
    ]


def _empty(zone: str, others: Iterable[str]) -> str:
    return f"zone {zone} has no ready pod (zones that have one: {', '.join(sorted(others)) or 'none'}); nothing is proven there"


def _uncovered(zones: Sequence[ZoneResult], wish: Wish) -> list[str]:
    found: list[str] = []
    peopled = [zone.zone for zone in zones if zone.pods]
    for zone in zones:
        if zone.zone in wish.zones and zone.pods == 0:
            found.append(_empty(zone.zone, peopled))
        elif zone.pods and zone.answered < wish.min_per_zone:
            found.append(f"zone {zone.zone}: {several(zone.answered, 'pod')} answered, {wish.min_per_zone} wanted")
        elif zone.missing and wish.every_pod:
            found.append(f"zone {zone.zone}: no answer from {listed(list(zone.missing))}")
    return found
