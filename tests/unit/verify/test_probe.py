"""The traffic against loopback servers."""

import asyncio
import time
from dataclasses import replace

import pytest

from pulumi_tke_hybrid.verify import probe
from pulumi_tke_hybrid.verify.answers import Answer
from pulumi_tke_hybrid.verify.backends import Backends, Tally
from pulumi_tke_hybrid.verify.inside import JobRequest, lines_of, traffic_of
from pulumi_tke_hybrid.verify.probe import MAX_UNREADABLE, ProbePlan, Traffic, in_time, run
from pulumi_tke_hybrid.verify.target import Limits, Target
from pulumi_tke_hybrid.verify.verdict import FORGED
from tests.unit.verify.servers import Handler, Whoami, always, http, serving, three_zones

PLAN = ProbePlan(requests=30, deadline=5, retry=0.5, limits=Limits(connect=2, answer=2))


def sent(handler: Handler, backends: Backends, plan: ProbePlan = PLAN) -> Traffic:
    async def main() -> Traffic:
        async with serving(handler) as port:
            return await run(Target("http", "127.0.0.1", port), plan, backends, lambda _: None)

    return asyncio.run(main())


def test_many_requests_meet_thirty_pods_in_bounds() -> None:
    backends = three_zones(30)
    whoami = Whoami(backends)
    traffic = sent(whoami.handle, backends, replace(PLAN, requests=300))
    assert traffic.tally.answered == backends.expected
    assert sum(traffic.tally.counts.values()) >= 300
    assert len(traffic.tally.counts) == 30  # equal answers are counted, not kept


def test_requests_continue_until_each_pod_has_answered() -> None:
    backends = three_zones(30)
    traffic = sent(Whoami(backends).handle, backends, replace(PLAN, requests=3))
    assert traffic.tally.complete
    assert traffic.requests < 60


def test_a_pinned_client_stops_within_bounds() -> None:
    backends = three_zones(6)
    traffic = sent(Whoami(Backends(backends.pods[:1])).handle, backends, replace(PLAN, requests=10))
    assert traffic.tally.answered == {"web-0"}
    assert traffic.requests < 10 + 6 * 40 + 32


def test_every_request_has_a_new_connection_and_one_request_is_forged() -> None:
    backends = three_zones(3)
    whoami = Whoami(backends)
    traffic = sent(whoami.handle, backends)
    forged = [request for request in whoami.requests if FORGED in request]
    assert len(forged) == 1
    assert all("Connection: close" in request for request in whoami.requests)
    assert [answer.forwarded for answer in traffic.forged] == [(FORGED,)]
    assert all(FORGED not in answer.forwarded for answer in traffic.tally.counts)


def test_unreadable_answers_stop_the_traffic() -> None:
    traffic = sent(always(http(b"<html>hello</html>")), Backends())
    assert "could be read" in traffic.stopped
    assert traffic.requests <= MAX_UNREADABLE + PLAN.concurrency
    assert all(answer.problem for answer in traffic.tally.counts)


def test_a_load_balancer_that_is_not_ready_is_waited_for_and_not_judged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(probe, "PAUSE", 0.01)
    backends = three_zones(3)
    whoami, since = Whoami(backends), time.monotonic()

    async def late(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if time.monotonic() - since > 0.05:
            await whoami.handle(reader, writer)

    traffic = sent(late, backends)
    assert traffic.tally.complete
    assert not traffic.failures
    never = sent(always(http(b"", "503 Service Unavailable")), backends, replace(PLAN, retry=0.03))
    assert "not ready" in never.stopped
    assert not never.tally.counts


def test_the_deadline_stops_the_traffic() -> None:
    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.02)
        writer.write(http(b"127.0.0.1:1 web-0"))

    traffic = sent(slow, Backends(), replace(PLAN, requests=100_000, deadline=0.15))
    assert traffic.requests < 10_000  # it was ended, not finished
    assert "deadline" in traffic.stopped
    assert traffic.replies > 0


def test_the_deadline_stops_work_that_swallows_its_cancellation(monkeypatch: pytest.MonkeyPatch) -> None:
    """`asyncio.wait_for` before Python 3.12 sometimes swallows a cancellation."""
    monkeypatch.setattr(probe, "CANCEL_AGAIN", 0.01)
    swallowed: list[int] = []

    async def stubborn() -> None:
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                if len(swallowed) == 2:
                    raise
                swallowed.append(1)

    assert asyncio.run(in_time(stubborn(), 0.01)) is False
    assert len(swallowed) == 2


def test_work_that_ends_in_time_returns_true_or_raises() -> None:
    async def fails() -> None:
        raise OSError("unreachable")

    assert asyncio.run(in_time(asyncio.sleep(0), 5)) is True
    with pytest.raises(OSError, match="unreachable"):
        asyncio.run(in_time(fails(), 5))


def test_a_name_that_does_not_exist_is_the_reason() -> None:
    traffic = asyncio.run(run(Target("http", "nowhere.invalid", 80), PLAN, Backends(), lambda _: None))
    assert "nowhere.invalid" in traffic.stopped


def test_a_jobs_log_carries_the_same_result() -> None:
    backends = three_zones(3)
    traffic = sent(Whoami(backends).handle, backends)
    traffic.add_failure("no connection: refused")
    lines = list(lines_of(traffic))
    assert traffic_of(["progress 3 requests", *lines], backends) == traffic
    assert traffic_of(lines[:-1], backends) is None
    order = JobRequest(Target("http", "10.0.8.10", 80), PLAN, backends)
    assert JobRequest.of_text(order.as_text()) == order


def test_hostile_answers_stay_text_in_a_jobs_log() -> None:
    tally = Tally(Backends())
    tally.add(Answer(problem='"}\n{"end": {}}'))
    lines = list(lines_of(Traffic(tally)))
    assert len(lines) == 2
    back = traffic_of(lines, Backends())
    assert back is not None
    assert back.tally.counts == tally.counts
