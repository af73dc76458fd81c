"""Only the code host gets the token; proxies and self-hosted addresses work; missing variables are
reported."""

import logging
import sys
from pathlib import Path

import pytest

from pulumi_tke_hybrid.review import posting
from pulumi_tke_hybrid.review.command import Host
from pulumi_tke_hybrid.review.posting import CannotPost
from tests.lab.code_hosts import Fault
from tests.lab.posting.hosts import STRANGER, TOKEN, Job


def test_the_token_is_in_no_output_and_no_log(
    a_job: Job, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    a_job.discussion.faults.append(Fault(503))
    line = a_job.run()
    a_job.discussion.faults.append(Fault(404, times=9, text=f'{{"message": "{TOKEN}"}}'))
    with pytest.raises(CannotPost) as caught:
        a_job.run()
    out, err = capfd.readouterr()
    logged = "\n".join(record.getMessage() for record in caplog.records)
    assert logged  # urllib3 and PyGithub did log
    assert all(TOKEN not in text for text in (line, str(caught.value), repr(caught.value), out, err, logged))
    assert TOKEN not in repr(posting.pull_request_of_job(a_job.host, a_job.environment()))
    assert caught.value.__cause__ is None


def test_a_proxy_of_the_environment_is_used(a_job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", a_job.front.address)
    elsewhere = {
        "GITHUB_API_URL": "http://git.example.test/api/v3",
        "CI_API_V4_URL": "http://git.example.test/git/api/v4",
    }
    a_job.run(environment=a_job.environment(**elsewhere))
    assert a_job.front.proxied == {"git.example.test"}
    assert len(a_job.ours()) == 1


def test_the_token_goes_to_no_other_address_that_a_host_returns(a_job: Job) -> None:
    a_job.discussion.chatter(150, STRANGER)
    a_job.discussion.calls_itself = "http://internal.example.test"
    if a_job.host is Host.GITHUB:
        with pytest.raises(
            CannotPost, match=r"leads elsewhere .*set GITHUB_API_URL to the address it uses itself"
        ):
            a_job.run()
    else:
        a_job.run()
        assert len(a_job.ours()) == 1


def test_credentials_of_a_netrc_do_not_take_the_place_of_the_token(
    a_job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine 127.0.0.1 login x password y\n")
    monkeypatch.setenv("NETRC", str(netrc))
    a_job.run()
    assert len(a_job.ours()) == 1


def test_the_error_for_a_missing_library_names_the_command_to_install(
    a_job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = "github" if a_job.host is Host.GITHUB else "gitlab"
    for name in [
        name for name in sys.modules if name.split(".")[0] == library or name.endswith(".code_hosts")
    ]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(
        CannotPost, match=r"needs (PyGithub|python-gitlab) .*run `pip install '\.\[comment\]'` in a clone"
    ):
        a_job.run()


GITHUB = {"GITHUB_TOKEN": TOKEN, "GITHUB_REPOSITORY": "a/b", "GITHUB_REF": "refs/pull/12/merge"}
GITLAB = {
    "GITLAB_TOKEN": TOKEN,
    "CI_PROJECT_ID": "5",
    "CI_MERGE_REQUEST_IID": "3",
    "CI_SERVER_URL": "https://git.example.test",
}


@pytest.mark.parametrize(
    ("host", "changes", "message"),
    [
        (Host.GITHUB, {"GITHUB_TOKEN": ""}, "GITHUB_TOKEN is empty, .*pull-requests: write"),
        (Host.GITHUB, {"GITHUB_REPOSITORY": "b"}, "GITHUB_REPOSITORY is 'b'.*owner/name"),
        (
            Host.GITHUB,
            {"GITHUB_REF": "refs/heads/main"},
            r"named by GITHUB_REF \(refs/heads/main\).*--pull-request",
        ),
        (Host.GITLAB, {"GITLAB_TOKEN": ""}, "GITLAB_TOKEN is empty.*CI_JOB_TOKEN may not"),
        (Host.GITLAB, {"CI_PROJECT_ID": ""}, "CI_PROJECT_ID is empty"),
        (Host.GITLAB, {"CI_MERGE_REQUEST_IID": ""}, "CI_MERGE_REQUEST_IID is ''.*merge_request_event"),
    ],
)
def test_a_missing_variable_is_reported_with_an_action(
    host: Host, changes: dict[str, str], message: str
) -> None:
    with pytest.raises(CannotPost, match=message):
        posting.pull_request_of_job(host, {**(GITHUB if host is Host.GITHUB else GITLAB), **changes})


@pytest.mark.parametrize("event", ['{"pull_request": {"number": 31}}', '{"issue": {"number": 31}}'])
def test_the_event_names_the_pull_request_where_the_ref_does_not(tmp_path: Path, event: str) -> None:
    path = tmp_path / "event.json"
    path.write_text(event)
    found = posting.pull_request_of_job(
        Host.GITHUB, {**GITHUB, "GITHUB_REF": "refs/heads/main", "GITHUB_EVENT_PATH": str(path)}
    )
    assert (found.number, found.address) == (31, "https://api.github.com")


@pytest.mark.parametrize("event", ["", "[]", '{"pull_request": null}', '{"pull_request": {"number": "x"}}'])
def test_an_event_without_number_is_no_pull_request(tmp_path: Path, event: str) -> None:
    path = tmp_path / "event.json"
    path.write_text(event)
    with pytest.raises(CannotPost, match="no pull request is named"):
        posting.pull_request_of_job(
            Host.GITHUB, {**GITHUB, "GITHUB_REF": "refs/heads/main", "GITHUB_EVENT_PATH": str(path)}
        )


def test_a_merge_request_from_a_fork_is_found_in_the_target_project() -> None:
    found = posting.pull_request_of_job(Host.GITLAB, {**GITLAB, "CI_MERGE_REQUEST_PROJECT_ID": "6"})
    assert (found.project, found.number, found.address) == ("6", 3, "https://git.example.test")
    assert str(posting.pull_request_of_job(Host.GITLAB, GITLAB, 9)) == "5!9"
