"""Verdicts on generated responses, with and without forged requests."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from pulumi_tke_hybrid.verify.answers import Answer
from pulumi_tke_hybrid.verify.verdict import (
    FORGED,
    Verdict,
    forgery_of,
    worst,
)
from tests.unit.verify.test_verdict import CASE, CLIENT, KNOWN, verdict

_ADDRESS = st.sampled_from([CLIENT, "192.168.0.65", "10.0.8.10", "10.0.1.4", "8.8.8.8", FORGED, ""])


_ANSWER = st.builds(
    Answer,
    peer=_ADDRESS,
    forwarded=st.lists(_ADDRESS, max_size=3).map(lambda hops: tuple(filter(None, hops))),
    real_ip=_ADDRESS,
)


@given(_ANSWER, st.lists(_ANSWER, max_size=2))
@settings(max_examples=60)
def test_forged_requests_never_make_a_verdict_better(answer: Answer, forged: list[Answer]) -> None:
    before = verdict(answer)
    after = verdict(answer, replace(CASE, forgery=forgery_of(forged, KNOWN, CLIENT)))
    assert worst([before, after]) is after


@given(_ANSWER)
@settings(max_examples=40)
def test_preserved_means_that_the_peer_is_the_client(answer: Answer) -> None:
    if verdict(answer) is Verdict.PRESERVED:
        assert answer.peer == CLIENT
