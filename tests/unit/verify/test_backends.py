"""Verdicts per pod, zone and overall, and coverage."""

from dataclasses import replace

from pulumi_tke_hybrid.verify.answers import Answer
from pulumi_tke_hybrid.verify.backends import (
    MAX_DIFFERENT,
    UNPLACED,
    Backends,
    Coverage,
    Pod,
    Results,
    Tally,
    results,
)
from pulumi_tke_hybrid.verify.verdict import Addresses, Case, Range, Verdict, ranges
from tests.unit.verify.servers import three_zones

CLIENT = "10.0.0.3"
CASE = Case(Addresses(nodes={"192.168.0.65": "cbr0 of node a"}), CLIENT)


EVERY_POD = Coverage()


def measured(
    backends: Backends, peers: dict[str, str], coverage: Coverage = EVERY_POD, case: Case = CASE
) -> Results:
    tally = Tally(backends)
    for pod in backends.pods:
        if peers.get(pod.zone):
            tally.add(Answer(peer=peers[pod.zone], pod=pod.name, addresses=(pod.address,)), 3)
    return results(tally.counts, backends, case, coverage)


ALL_GOOD: dict[str, str] = dict.fromkeys(("ap-guangzhou-3", "ap-guangzhou-4", "ap-guangzhou-6"), CLIENT)


def test_all_pods_of_all_zones_see_the_client() -> None:
    found = measured(three_zones(), ALL_GOOD)
    assert found.verdict is Verdict.PRESERVED
    assert [(zone.zone, zone.verdict, zone.answered, zone.pods) for zone in found.zones] == [
        (zone, Verdict.PRESERVED, 10, 10) for zone in sorted(ALL_GOOD)
    ]
    assert not found.uncovered
    assert {pod.answers for pod in found.pods} == {3}


def test_one_good_zone_never_hides_a_bad_one() -> None:
    found = measured(three_zones(), {**ALL_GOOD, "ap-guangzhou-4": "192.168.0.65"})
    assert found.verdict is Verdict.SNAT_NODE
    assert {zone.zone: zone.verdict.value for zone in found.zones} == {
        "ap-guangzhou-3": "PRESERVED",
        "ap-guangzhou-4": "SNAT_NODE",
        "ap-guangzhou-6": "PRESERVED",
    }


def test_one_bad_answer_among_many_good_answers_counts() -> None:
    backends = Backends((Pod("web-0", "z", "n", "10.0.64.2"),))
    counts = {Answer(peer=CLIENT, pod="web-0"): 999, Answer(peer="192.168.0.65", pod="web-0"): 1}
    found = results(counts, backends, CASE, Coverage())
    assert [(pod.verdict, pod.answers) for pod in found.pods] == [(Verdict.SNAT_NODE, 1000)]
    assert "192.168.0.65" in found.pods[0].reason


def test_a_zone_without_answers_is_named_and_unknown() -> None:
    found = measured(three_zones(), {**ALL_GOOD, "ap-guangzhou-6": ""})
    assert found.measured is Verdict.PRESERVED
    assert found.verdict is Verdict.UNKNOWN
    assert found.uncovered == ("zone ap-guangzhou-6: 0 pods answered, 1 wanted",)


def test_a_pod_without_an_answer_is_named_unless_a_sample_suffices() -> None:
    backends = three_zones(6)
    quiet = replace(backends.pods[0], zone="ap-guangzhou-3")
    tally = Tally(backends)
    for pod in backends.pods[1:]:
        tally.add(Answer(peer=CLIENT, pod=pod.name))
    assert results(tally.counts, backends, CASE, Coverage()).uncovered == (
        f"zone ap-guangzhou-3: no answer from {quiet.name}",
    )
    assert not results(tally.counts, backends, CASE, Coverage(every_pod=False)).uncovered
    assert results(tally.counts, backends, CASE, Coverage(min_per_zone=2, every_pod=False)).uncovered == (
        "zone ap-guangzhou-3: 1 pod answered, 2 wanted",
    )


def test_a_required_zone_without_pods_is_not_covered() -> None:
    found = measured(three_zones(), ALL_GOOD, Coverage(zones=["ap-guangzhou-7"]))
    where = "ap-guangzhou-3, ap-guangzhou-4, ap-guangzhou-6"
    assert found.uncovered == (
        f"zone ap-guangzhou-7 has no ready pod (zones that have one: {where}); nothing is proven there",
    )


def test_pods_that_are_not_ready_are_not_waited_for() -> None:
    backends = Backends((Pod("a", "z", ready=False), Pod("b", "z")))
    assert not results({Answer(peer=CLIENT, pod="b"): 1}, backends, CASE, Coverage()).uncovered


def test_an_answer_of_an_unknown_pod_has_a_row_of_its_own() -> None:
    """Another namespace may have a pod of the same name."""
    backends = Backends((Pod("web-0", "z", "n", "10.0.64.2"),))
    counts = {
        Answer(peer=CLIENT, pod="web-0", addresses=("10.0.64.2",)): 1,
        Answer(peer="192.168.0.65", pod="web-0", addresses=("10.9.9.9",)): 1,
    }
    found = results(counts, backends, CASE, Coverage())
    assert {(pod.pod, pod.zone, pod.verdict) for pod in found.pods} == {
        ("web-0", "z", Verdict.PRESERVED),
        ("web-0 (another one)", UNPLACED, Verdict.SNAT_NODE),
    }
    assert found.verdict is Verdict.SNAT_NODE


def test_without_a_cluster_the_zone_follows_from_the_pods_address() -> None:
    eni = [Range(one.network, one.what, "ap-guangzhou-4") for one in ranges([("10.0.64.0/22", "")])]
    found = results(
        {Answer(peer=CLIENT, pod="web-0", addresses=("10.0.64.9",)): 1},
        Backends(),
        Case(Addresses(container_subnets=eni), CLIENT),
        Coverage(),
    )
    assert [zone.zone for zone in found.zones] == ["ap-guangzhou-4"]
    coverage = Coverage(zones=["ap-guangzhou-4", "ap-guangzhou-6"])
    assert results({}, Backends(), CASE, coverage).verdict is Verdict.UNKNOWN


def test_only_pods_that_were_ready_before_and_after_must_answer() -> None:
    before = Backends((Pod("old", "z"), Pod("stays", "z")))
    after = before.merge(Backends((Pod("stays", "z"), Pod("new", "z"))))
    assert after.expected == {"stays"}
    assert after.match_pod(Answer(pod="new")) is not None


def test_a_pod_that_invents_answers_cannot_fill_the_memory() -> None:
    tally = Tally(Backends())
    for index in range(MAX_DIFFERENT + 500):
        tally.add(Answer(peer=CLIENT, pod=f"p{index}"))
    assert len(tally.counts) == MAX_DIFFERENT + 1
    assert sum(tally.counts.values()) == MAX_DIFFERENT + 500
    found = results(tally.counts, Backends(), CASE, Coverage())
    assert len(found.pods) < 300
    assert found.verdict is Verdict.UNKNOWN
