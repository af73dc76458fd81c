"""Rate limits and server errors: requests are repeated within limits, then the error is one line."""

import pytest

from pulumi_tke_hybrid.review.command import Host
from pulumi_tke_hybrid.review.posting import CannotPost
from tests.lab.code_hosts import Account, Fault
from tests.lab.posting.hosts import BOT, TOKEN, Job, MakeJob

PRIMARY = (
    '{"message": "API rate limit exceeded for installation ID 12.", "documentation_url":'
    ' "https://docs.github.com/rest"}'
)
SECONDARY = (
    '{"message": "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."}'
)


def limited(job: Job, *, retry_after: str = "", reset: int = 0, method: str = "GET", times: int = 1) -> Fault:
    """Return a rate limit in the form of each host."""
    headers = {"Retry-After": retry_after} if retry_after else {}
    if job.host is Host.GITHUB:
        if reset:
            headers |= {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(reset)}
        return Fault(403, method, headers, PRIMARY if reset else SECONDARY, times)
    if reset:
        headers |= {"RateLimit-Remaining": "0", "RateLimit-Reset": str(reset)}
    return Fault(429, method, headers, "Retry later\n", times)


def test_requests_are_repeated_after_server_errors(a_job: Job) -> None:
    a_job.discussion.faults += [Fault(503, times=2), Fault(500, "POST", times=2)]
    a_job.run()
    assert len(a_job.ours()) == 1
    assert len(a_job.clock.waited) == 4


def test_a_request_waits_for_the_time_of_a_limit(a_job: Job) -> None:
    a_job.discussion.faults.append(limited(a_job, retry_after="17", method="POST"))
    a_job.run()
    assert a_job.clock.waited == [17.0]
    assert len(a_job.ours()) == 1


def test_a_request_waits_for_a_limit_that_ends_soon(a_job: Job) -> None:
    a_job.discussion.faults.append(limited(a_job, reset=1_000_030))
    a_job.run()
    assert a_job.clock.waited == [31.0]


@pytest.mark.parametrize(
    ("retry_after", "reset"), [("3600", 0), ("", 1_003_600)], ids=["retry-after", "reset"]
)
def test_no_request_waits_for_a_limit_that_ends_in_an_hour(a_job: Job, retry_after: str, reset: int) -> None:
    a_job.discussion.faults.append(limited(a_job, retry_after=retry_after, reset=reset))
    with pytest.raises(
        CannotPost, match=r"rate limit does not end in time \((403|429): .+\); run the job again later"
    ):
        a_job.run()
    assert a_job.clock.waited == []


def test_an_error_that_stays_ends_in_one_line(a_job: Job) -> None:
    a_job.discussion.faults.append(Fault(502, times=100, text="<html><b>Bad\nGateway</b></html>"))
    with pytest.raises(
        CannotPost, match=r"answers 502 .*also after further tries; run the job again later"
    ) as caught:
        a_job.run()
    assert "\n" not in str(caught.value)
    assert len(a_job.clock.waited) == 5


def test_all_waiting_of_a_run_together_is_limited(a_job: Job) -> None:
    a_job.discussion.faults += [
        limited(a_job, retry_after="50", times=3),
        limited(a_job, retry_after="50", method="POST", times=3),
    ]
    with pytest.raises(CannotPost, match="rate limit"):
        a_job.run()
    assert sum(a_job.clock.waited) == 150


def test_a_refused_request_is_not_repeated(make_job: MakeJob) -> None:
    job = make_job(bot=Account(BOT.id, BOT.login, may_write=False))
    with pytest.raises(CannotPost, match=r"may not write comments of .* \(403: .*\)"):
        job.run()
    assert job.clock.waited == []


def test_a_wrong_token_is_reported_without_the_token(a_job: Job) -> None:
    wrong = "tok-wrong-0123456789"
    with pytest.raises(CannotPost, match="does not know the token") as caught:
        a_job.run(environment=a_job.environment(GITHUB_TOKEN=wrong, GITLAB_TOKEN=wrong))
    assert wrong not in str(caught.value)


def test_a_token_in_the_response_of_a_host_is_not_in_the_message(a_job: Job) -> None:
    a_job.discussion.faults.append(Fault(418, text=f'{{"message": "I know {TOKEN}"}}'))
    with pytest.raises(CannotPost, match="I know …"):
        a_job.run()


def test_a_missing_pull_request_ends_in_one_line(a_job: Job) -> None:
    with pytest.raises(CannotPost, match="is not there, or the token may not see it"):
        a_job.run(environment=a_job.environment(GITHUB_REF="refs/pull/8/merge", CI_MERGE_REQUEST_IID="8"))


def test_a_refused_body_ends_in_one_line(a_job: Job) -> None:
    a_job.discussion.longest = 10
    with pytest.raises(CannotPost, match=r"refuses to write comments|may not write"):
        a_job.run()


def test_no_server_ends_in_one_line(a_job: Job) -> None:
    no_server = a_job.environment(
        GITHUB_API_URL="http://127.0.0.1:9/api/v3", CI_API_V4_URL="http://127.0.0.1:9/api/v4"
    )
    with pytest.raises(
        CannotPost,
        match=(
            r"does not answer \(ConnectionError\); check (GITHUB_API|CI_SERVER)_URL, HTTPS_PROXY and NO_PROXY"
        ),
    ):
        a_job.run(environment=no_server)
    assert len(a_job.clock.waited) == 5


def test_another_program_on_the_address_ends_in_one_line(a_job: Job) -> None:
    page = "<html>Please log in</html>"
    a_job.discussion.faults += [Fault(200, "POST", text=page), Fault(200, "GET", text=page)]
    with pytest.raises(CannotPost, match="does not answer like Git"):
        a_job.run()
