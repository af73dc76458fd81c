"""The verdict on an answer; no forged request can improve the verdict."""

from dataclasses import replace

import pytest

from pulumi_tke_hybrid.verify.answers import Answer
from pulumi_tke_hybrid.verify.verdict import (
    FORGED,
    PEER,
    Addresses,
    Case,
    Forgery,
    Range,
    Verdict,
    forgery_of,
    judge,
    ranges,
    worst,
)

CLIENT = "10.0.0.3"
KNOWN = Addresses(
    nodes={
        "10.0.1.4": "node 10.0.1.4",
        "119.29.1.2": "node 10.0.1.4",
        "192.168.0.65": "cbr0 of node 10.0.1.4",
        "192.168.0.64": "the overlay device of node 10.0.1.4",
    },
    pod_ranges=ranges([("192.168.0.64/26", "the pod range of node 10.0.1.4")]),
    container_subnets=[
        Range(one.network, one.what, "ap-guangzhou-4")
        for one in ranges([("10.0.64.0/22", "the ENI subnet of ap-guangzhou-4")])
    ],
    load_balancers=ranges([("10.0.8.10", "the load balancer")]),
    pods={"10.0.64.5": "web-0"},
)
CASE = Case(KNOWN, CLIENT)


def verdict(answer: Answer, case: Case = CASE) -> Verdict:
    return judge(answer, case).verdict


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answer(peer=CLIENT), Verdict.PRESERVED),
        (Answer(peer="192.168.0.65"), Verdict.SNAT_NODE),  # the article's A1: cbr0
        (Answer(peer="192.168.0.64"), Verdict.SNAT_NODE),  # the overlay device
        (Answer(peer="10.0.1.4"), Verdict.SNAT_NODE),
        (Answer(peer="119.29.1.2"), Verdict.SNAT_NODE),
        (Answer(peer="10.0.8.10"), Verdict.SNAT_LB),
        (Answer(peer="100.64.3.4"), Verdict.SNAT_LB),
        (Answer(peer="10.0.8.10", forwarded=(CLIENT,)), Verdict.HEADER_ONLY),
        (Answer(peer="10.0.8.10", real_ip=CLIENT), Verdict.HEADER_ONLY),
        (Answer(peer="10.0.8.10", proxied=CLIENT), Verdict.HEADER_ONLY),
        (Answer(peer="192.168.0.65", forwarded=(CLIENT, "10.0.8.10")), Verdict.HEADER_ONLY),
        (
            Answer(peer="10.0.8.10", forwarded=(CLIENT, "8.8.8.8")),
            Verdict.SNAT_LB,
        ),  # the load balancer's own entry is the last one
        (Answer(peer="8.8.8.8"), Verdict.UNKNOWN),
        (Answer(peer="192.168.0.77"), Verdict.UNKNOWN),
        (Answer(), Verdict.UNKNOWN),
        (Answer(problem="binary"), Verdict.UNKNOWN),
    ],
)
def test_each_verdict(answer: Answer, expected: Verdict) -> None:
    assert verdict(answer) is expected


def test_the_reason_names_the_owner_of_the_address() -> None:
    assert (
        judge(Answer(peer="192.168.0.65"), CASE).reason
        == "the peer 192.168.0.65 is cbr0 of node 10.0.1.4, not the client 10.0.0.3"
    )
    assert "the pod range of node 10.0.1.4" in judge(Answer(peer="192.168.0.77"), CASE).reason
    assert "pod web-0" in judge(Answer(peer="10.0.64.5"), CASE).reason


def test_the_default_client_is_the_connections_own_address() -> None:
    case = Case(KNOWN)
    assert verdict(Answer(peer="10.0.0.9", local="10.0.0.9"), case) is Verdict.PRESERVED
    assert verdict(Answer(peer="10.0.0.9"), case) is Verdict.UNKNOWN


def test_the_worst_verdict_wins_and_a_proven_fault_is_worse_than_unknown() -> None:
    assert worst([Verdict.PRESERVED, Verdict.HEADER_ONLY]) is Verdict.HEADER_ONLY
    assert worst([Verdict.SNAT_NODE, Verdict.UNKNOWN, Verdict.PRESERVED]) is Verdict.SNAT_NODE
    assert worst([Verdict.UNKNOWN, Verdict.HEADER_ONLY]) is Verdict.UNKNOWN
    assert worst([]) is Verdict.UNKNOWN


def test_an_application_that_reads_a_header_never_proves_the_peer() -> None:
    case = replace(CASE, forgery=forgery_of([Answer(peer=FORGED)], KNOWN))
    assert case.forgery == Forgery(answered=True, shown_in=frozenset({PEER}))
    assert verdict(Answer(peer=CLIENT), case) is Verdict.HEADER_ONLY
    assert verdict(Answer(peer="192.168.0.65"), case) is Verdict.SNAT_NODE


def test_a_header_that_a_client_can_write_proves_nothing() -> None:
    survives = forgery_of([Answer(peer="10.0.8.10", forwarded=(FORGED,))], KNOWN)
    named = Answer(peer="10.0.8.10", forwarded=(CLIENT,))
    assert verdict(named, replace(CASE, forgery=survives)) is Verdict.UNKNOWN
    assert (
        verdict(replace(named, real_ip=CLIENT), replace(CASE, forgery=survives)) is Verdict.HEADER_ONLY
    )  # that one is not forgeable


def test_a_load_balancer_that_appends_to_the_header_proves_the_client() -> None:
    forged = forgery_of([Answer(peer="10.0.8.10", forwarded=(FORGED, CLIENT))], KNOWN, CLIENT)
    assert forged == Forgery(answered=True)


def test_a_client_on_a_node_behind_an_appending_load_balancer_is_not_a_forgery() -> None:
    """The Job has the address of a node, which must not be skipped as an address of the infrastructure."""
    answer = Answer(peer="10.0.8.10", forwarded=(FORGED, "10.0.1.4"), local="10.0.1.4")
    assert forgery_of([answer], KNOWN) == Forgery(answered=True)
    assert verdict(replace(answer, forwarded=("10.0.1.4",)), Case(KNOWN)) is Verdict.HEADER_ONLY


def test_unreadable_answers_to_the_forged_request_prove_nothing() -> None:
    assert forgery_of([Answer(problem="HTTP 403")], KNOWN) == Forgery()


def test_a_client_on_a_node_is_preserved_only_on_a_direct_path() -> None:
    answer = Answer(peer="10.0.1.4")
    for direct, expected in ((None, Verdict.UNKNOWN), (False, Verdict.UNKNOWN), (True, Verdict.PRESERVED)):
        assert verdict(answer, Case(KNOWN, "10.0.1.4", direct)) is expected


@pytest.mark.parametrize(
    ("address", "block"),
    [
        ("192.168.0.70", "192.168.0.64/26"),
        ("192.168.1.9", "192.168.1.0/24"),
        ("fd00:1::7", "fd00:1::/64"),
        ("192.168.0.1", None),
        ("10.0.64.2", None),
        ("web-0", None),
    ],
)
def test_the_overlay_range_of_an_address(address: str, block: str | None) -> None:
    blocks = ["192.168.0.64/26", "192.168.1.0/24", "fd00:1::/64"]
    known = Addresses(pod_ranges=ranges((item, item) for item in blocks))
    found = known.pod_range(address)
    assert (found.what if found else None) == block
    assert known.overlay_has_family_of("10.0.64.2")
    assert not Addresses(pod_ranges=known.pod_ranges[:2]).overlay_has_family_of("fd00::2")
