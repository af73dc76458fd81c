"""Clients for the comments of a pull request: GitHub through PyGithub, GitLab through python-gitlab.

Both clients send through `requests`, so one retry rule serves both. Errors become `CannotPost` with one line;
`posting` decides what to write.
"""

import email.utils
import random
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import github
import gitlab
import requests
from github.IssueComment import IssueComment
from requests.adapters import HTTPAdapter
from typing_extensions import Self
from urllib3 import BaseHTTPResponse
from urllib3.connectionpool import ConnectionPool
from urllib3.exceptions import MaxRetryError, ResponseError
from urllib3.util.retry import Retry

from pulumi_tke_hybrid.cli.process import shown
from pulumi_tke_hybrid.review import posting
from pulumi_tke_hybrid.review.command import Host
from pulumi_tke_hybrid.review.posting import CannotPost, Gone, PostedComment, PullRequest, RetryLimit
from pulumi_tke_hybrid.tke.objects import at

TRIES = 6
"""For one request, the first included."""
TIMEOUT = 20  # seconds until the response begins
_PAGE = 100
_LONGEST = 200
_FIRST_WAIT = 1.0
_LONGEST_BACKOFF = 20.0
_DEFAULT_LIMIT_WAIT = 60.0
"""For a rate limit without a time: GitHub requires a minute at least."""
_LIMITS = frozenset({403, 429})
_RETRIED = _LIMITS | {500, 502, 503, 504}


def thread(pull_request: PullRequest, limit: RetryLimit) -> posting.Thread:
    """Return the client for the comments of a pull request."""
    return (GitHubThread if pull_request.host is Host.GITHUB else GitLabThread)(pull_request, limit)


class LimitedRetry(Retry):
    """Repeats a request after rate limits, server errors and broken connections while the limit has time
    left; then the last response counts.

    Write requests are repeated as well: `posting` reads the comments again and removes a duplicate.
    """

    def __init__(self, limit: RetryLimit, **options: Any) -> None:
        self.limit = limit
        ours: dict[str, Any] = {"total": TRIES - 1, "allowed_methods": None, "raise_on_status": False}
        ours["status_forcelist"] = _RETRIED
        super().__init__(**{**ours, **options})

    def new(self, **options: Any) -> Self:
        return super().new(limit=self.limit, **options)

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: BaseHTTPResponse | None = None,
        error: Exception | None = None,
        _pool: ConnectionPool | None = None,
        _stacktrace: TracebackType | None = None,
    ) -> Self:
        following = super().increment(method, url, response, error, _pool, _stacktrace)
        if response is not None and _pool is not None:
            seconds = following.delay(response)
            if seconds is None or seconds > self.limit.seconds_left:
                # `raise_on_status` is false, so the response is returned
                raise MaxRetryError(_pool, url or "", ResponseError("not worth another try"))
        return following

    def sleep(self, response: BaseHTTPResponse | None = None) -> None:
        seconds = self._backoff() if response is None else self.delay(response)
        self.limit.wait(min(seconds or 0.0, max(self.limit.seconds_left, 0.0)))

    def delay(self, response: BaseHTTPResponse) -> float | None:
        """Return the seconds until the next try; None for a refusal that no waiting changes."""
        requested = _seconds(response.headers.get("Retry-After", ""), self.limit.now())
        if requested is not None:
            return requested
        if response.status not in _LIMITS:
            return self._backoff()
        names = ("X-RateLimit", "RateLimit")  # GitHub, GitLab
        if any(response.headers.get(f"{name}-Remaining") == "0" for name in names):
            resets = [response.headers.get(f"{name}-Reset", "") for name in names]
            reset = next((value for value in resets if value.isdecimal()), "")
            # One second is added because the header has whole seconds only.
            return max(int(reset) - self.limit.now(), 0.0) + 1.0 if reset else _DEFAULT_LIMIT_WAIT
        return _DEFAULT_LIMIT_WAIT if response.status == 429 else None

    def _backoff(self) -> float:
        seconds = _FIRST_WAIT * 2.0 ** max(len(self.history) - 1, 0)
        return min(seconds, _LONGEST_BACKOFF) * random.uniform(0.8, 1.2)  # noqa: S311 - spreads the jobs


def _seconds(retry_after: str, now: float) -> float | None:
    """Return the seconds of `Retry-After`, a number or a date."""
    if retry_after.strip().isdecimal():
        return float(retry_after)
    moment = email.utils.parsedate_tz(retry_after)
    return max(email.utils.mktime_tz(moment) - now, 0.0) if moment else None


@dataclass(frozen=True)
class _Hints:
    """The parts of an error message that differ between the code hosts."""

    name: str
    token: str
    permission: str
    server: str
    project: str


_GITHUB = _Hints(
    "GitHub",
    "GITHUB_TOKEN",
    "give the job `permissions: {pull-requests: write}` (a pull request from a fork gets a token that only"
    " reads: use the job's summary)",
    "GITHUB_API_URL",
    "GITHUB_REPOSITORY",
)
_GITLAB = _Hints(
    "GitLab",
    "GITLAB_TOKEN",
    "give a token with the scope `api` and the role Reporter at least",
    "CI_SERVER_URL",
    "CI_PROJECT_ID",
)


class _Errors:
    """Makes `CannotPost` from the errors of one code host."""

    def __init__(self, hints: _Hints, pull_request: PullRequest) -> None:
        self._hints = hints
        self._pull_request = pull_request

    def one_line(self, text: object) -> str:
        """Return a text of the code host as one printable line without the token."""
        decoded = text.decode(errors="replace") if isinstance(text, bytes) else str(text or "")
        return shown(" ".join(decoded.replace(self._pull_request.token, "…").split()), _LONGEST)

    @contextmanager
    def translated(self, action: str, *, existing: bool = False) -> Generator[None]:
        """Raise `CannotPost` for each error of a client, or `Gone` if an `existing` comment is not found."""
        try:
            yield
        except github.GithubException as error:
            status = 429 if isinstance(error, github.RateLimitExceededException) else error.status
            text = error.message if isinstance(error.data, str) else at(error.data, "message")
            raise self._refusal(action, status, text, existing) from None
        except gitlab.GitlabError as error:
            raise self._refusal(action, error.response_code or 0, error.error_message, existing) from None
        except requests.RequestException as error:
            raise CannotPost(
                f"{self._hints.name} at {self._pull_request.address} does not answer"
                f" ({type(error).__name__}); check {self._hints.server}, HTTPS_PROXY and NO_PROXY"
            ) from None

    def _refusal(self, action: str, status: int, text: object, existing: bool) -> Exception:
        """Return the error for a response with an error status; 429 stands for every rate limit."""
        if existing and status == 404:
            return Gone()
        hints, where, line = self._hints, self._pull_request, self.one_line(text)
        response = f"{status}: {line}"
        messages = {
            401: f"{hints.name} does not know the token ({response}); give a valid one in {hints.token}",
            403: f"the token may not {action} comments of {where} ({response}); {hints.permission}",
            404: f"{where} is not there, or the token may not see it ({response}); check {hints.project} and"
            " the number",
            429: f"{hints.name}'s rate limit does not end in time ({response}); run the job again later",
        }
        other = (
            f"{hints.name} answers {status} ({line}), also after further tries; run the job again later"
            if status >= 500
            else f"{hints.name} refuses to {action} comments of {where} ({response}); check {hints.server}"
            " and the proxy"
        )
        return CannotPost(messages.get(status, other))

    def wrong_server(self) -> CannotPost:
        """Return the error for a response of another program, such as a proxy."""
        return CannotPost(
            f"{self._pull_request.address} does not answer like {self._hints.name}; check"
            f" {self._hints.server} and the proxy"
        )


class GitHubThread:
    """`posting.Thread` of a pull request, which GitHub treats as an issue."""

    def __init__(self, pull_request: PullRequest, limit: RetryLimit) -> None:
        self._pull_request = pull_request
        self._errors = _Errors(_GITHUB, pull_request)
        self._client = github.Github(
            auth=github.Auth.Token(pull_request.token),
            base_url=pull_request.address.rstrip("/"),
            timeout=TIMEOUT,
            per_page=_PAGE,
            retry=LimitedRetry(limit),
            seconds_between_requests=None,  # a run writes a few times at most
            seconds_between_writes=None,
            lazy=True,
        )
        self._issue = self._client.get_repo(pull_request.project).get_issue(pull_request.number)
        self._me = ""

    def comments(self) -> Generator[PostedComment]:
        with self._translated("read"):
            self._me = self._me or self._login()
            for comment in self._issue.get_comments():
                yield self._posted(comment)

    def add(self, body: str) -> PostedComment:
        with self._translated("write"):
            return self._posted(self._issue.create_comment(body))

    def change(self, comment: PostedComment, body: str) -> None:
        with self._translated("write", existing=True):
            self._issue.get_comment(comment.id).edit(body)

    def remove(self, comment: PostedComment) -> None:
        with self._translated("write", existing=True):
            self._issue.get_comment(comment.id).delete()

    def label_setters(self) -> dict[str, str]:
        with self._translated("read"):
            events: Any = self._issue.get_events()
            return {
                event.label.name: event.actor.login
                for event in events
                if event.event == "labeled" and event.label and event.actor
            }

    def _login(self) -> str:
        """Return the name of the account that writes. The REST API refuses this query for the token of a job;
        GraphQL accepts every kind of token."""
        _, response = self._client.requester.graphql_query("query { viewer { login } }", {})
        login = at(response, "data", "viewer", "login")
        if not isinstance(login, str) or not login:
            raise self._errors.wrong_server()
        return login

    def _posted(self, comment: IssueComment) -> PostedComment:
        """`user` is null where the account was deleted."""
        user: Any = comment.user
        return PostedComment(comment.id, comment.body or "", mine=user is not None and user.login == self._me)

    @contextmanager
    def _translated(self, action: str, *, existing: bool = False) -> Generator[None]:
        try:
            with self._errors.translated(action, existing=existing):
                yield
        except (AssertionError, RuntimeError) as error:  # of PyGithub: the response leads to another host
            raise CannotPost(
                f"{self._pull_request.address} leads elsewhere ({self._errors.one_line(error)}); set"
                " GITHUB_API_URL to the address it uses itself"
            ) from None


_ONE_TRY: dict[str, Any] = {"obey_rate_limit": False}
"""`LimitedRetry` repeats requests; the client by itself would wait without a limit."""


class GitLabThread:
    """`posting.Thread` of a merge request. GitLab calls its comments notes."""

    def __init__(self, pull_request: PullRequest, limit: RetryLimit) -> None:
        self._errors = _Errors(_GITLAB, pull_request)
        session = requests.Session()
        for scheme in ("http://", "https://"):
            session.mount(scheme, HTTPAdapter(max_retries=LimitedRetry(limit)))
        # As a bearer token, because `requests` drops a bearer token at a redirect to another host.
        # `keep_base_url`: the next page is read from the address of the first page, because the instance may
        # return another address.
        self._client = gitlab.Gitlab(
            pull_request.address,
            oauth_token=pull_request.token,
            timeout=TIMEOUT,
            session=session,
            keep_base_url=True,
        )
        project: Any = self._client.projects.get(pull_request.project, lazy=True)
        request: Any = project.mergerequests.get(pull_request.number, lazy=True)
        self._notes: Any = request.notes
        self._label_events: Any = request.resourcelabelevents
        self._me: int | None = None

    def comments(self) -> Generator[PostedComment]:
        with self._errors.translated("read"):
            self._me = self._me or self._account()
            oldest_first = {"order_by": "created_at", "sort": "asc"}
            for note in self._notes.list(iterator=True, per_page=_PAGE, **oldest_first, **_ONE_TRY):
                yield self._posted(note.attributes)

    def add(self, body: str) -> PostedComment:
        with self._errors.translated("write"):
            return self._posted(self._notes.create({"body": body}, **_ONE_TRY).attributes)

    def change(self, comment: PostedComment, body: str) -> None:
        with self._errors.translated("write", existing=True):
            self._notes.update(comment.id, {"body": body}, **_ONE_TRY)

    def remove(self, comment: PostedComment) -> None:
        with self._errors.translated("write", existing=True):
            self._notes.delete(comment.id, **_ONE_TRY)

    def label_setters(self) -> dict[str, str]:
        with self._errors.translated("read"):
            listed = self._label_events.list(iterator=True, per_page=_PAGE, **_ONE_TRY)
            events: list[dict[str, Any]] = [event.attributes for event in listed]
        return {
            str(event["label"].get("name")): str(event["user"].get("username"))
            for event in events
            if event.get("action") == "add" and event.get("label") and event.get("user")
        }

    def _account(self) -> int:
        """Return the number of the account that writes."""
        number = at(self._client.http_get("/user", **_ONE_TRY), "id")
        if not isinstance(number, int):
            raise self._errors.wrong_server()
        return number

    def _posted(self, note: dict[str, Any]) -> PostedComment:
        mine = at(note, "author", "id") == self._me and not note.get("system")
        return PostedComment(int(note["id"]), str(note.get("body") or ""), mine=mine)
