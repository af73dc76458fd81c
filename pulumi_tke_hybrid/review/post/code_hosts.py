"""Comments of a pull request on GitHub, through PyGithub.

Comments of a merge request on GitLab, through python-gitlab."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import github
import gitlab
import requests
from github.IssueComment import IssueComment
from requests.adapters import HTTPAdapter

from pulumi_tke_hybrid.review.post.poster import Place
from pulumi_tke_hybrid.review.post.sticky import TIMEOUT, Budget, CannotPost, Gone, Patience, Remark, cleaned

GITHUB_PAGE = 100


class GitHubThread:
    """`sticky.Thread` of a pull request. To GitHub it is an issue like any other."""

    def __init__(self, place: Place, budget: Budget) -> None:
        self._place = place
        self._client = github.Github(
            auth=github.Auth.Token(place.token),
            base_url=place.address.rstrip("/"),
            timeout=TIMEOUT,
            per_page=GITHUB_PAGE,
            retry=Patience(budget),
            seconds_between_requests=None,  # at most a few writes: nothing that would have to be slowed down
            seconds_between_writes=None,
            lazy=True,
        )
        self._issue = self._client.get_repo(place.project).get_issue(place.number)
        self._me = ""

    def remarks(self) -> Generator[Remark]:
        with self._told("read"):
            self._me = self._me or self._login()
            for comment in self._issue.get_comments():
                yield self._remark(comment)

    def add(self, body: str) -> Remark:
        with self._told("write"):
            return self._remark(self._issue.create_comment(body))

    def change(self, remark: Remark, body: str) -> None:
        with self._told("write", of_one=True):
            self._issue.get_comment(remark.id).edit(body)

    def remove(self, remark: Remark) -> None:
        with self._told("write", of_one=True):
            self._issue.get_comment(remark.id).delete()

    def setters(self) -> dict[str, str]:
        with self._told("read"):
            events: Any = self._issue.get_events()
            return {
                event.label.name: event.actor.login
                for event in events
                if event.event == "labeled" and event.label and event.actor
            }

    def _login(self) -> str:
        """Who writes. The REST API does not tell a job's own token; this question is answered for tokens of
        every kind."""
        _, answer = self._client.requester.graphql_query("query { viewer { login } }", {})
        data: Any = answer.get("data")
        viewer: Any = data.get("viewer") if isinstance(data, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        login: Any = viewer.get("login") if isinstance(viewer, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        if not isinstance(login, str) or not login:
            raise CannotPost(
                f"{self._place.address} does not answer like GitHub; check GITHUB_API_URL and the proxy"
            )
        return login

    def _remark(self, comment: IssueComment) -> Remark:
        """`user` is null where its account was deleted."""
        user: Any = comment.user
        return Remark(comment.id, comment.body or "", mine=user is not None and user.login == self._me)

    @contextmanager
    def _told(self, doing: str, *, of_one: bool = False) -> Generator[None]:
        """Turns whatever goes wrong into one line."""
        try:
            yield
        except github.GithubException as error:
            if of_one and error.status == 404:
                raise Gone from None
            raise CannotPost(self._sentence(error, doing)) from None
        except requests.RequestException as error:
            raise CannotPost(
                f"GitHub at {self._place.address} does not answer ({type(error).__name__}); check"
                " GITHUB_API_URL, HTTPS_PROXY and NO_PROXY"
            ) from None
        except (
            AssertionError,
            RuntimeError,
        ) as error:  # PyGithub's own way to say that an answer leads to another host
            said = cleaned(error, self._place.token)
            raise CannotPost(
                f"{self._place.address} leads elsewhere ({said}); set GITHUB_API_URL to the address it uses"
                " itself"
            ) from None

    def _sentence(self, error: github.GithubException, doing: str) -> str:
        data: Any = error.data
        said = cleaned(data.get("message") if isinstance(data, dict) else error.message, self._place.token)  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
        status = error.status
        if isinstance(error, github.RateLimitExceededException) or status == 429:
            return f"GitHub's rate limit does not end in time ({status}: {said}); run the job again later"
        if status == 401:
            return f"GitHub does not know the token ({status}: {said}); give a valid one in GITHUB_TOKEN"
        if status == 403:
            return (
                f"the token may not {doing} comments of {self._place} ({status}: {said}); give the job"
                " `permissions: {pull-requests: write}` (a pull request from a fork gets a token that only"
                " reads: use the job's summary)"
            )
        if status == 404:
            return (
                f"{self._place} is not there, or the token may not see it ({status}: {said}); check"
                " GITHUB_REPOSITORY and the number"
            )
        if status >= 500:
            return f"GitHub answers {status} ({said}), also after further tries; run the job again later"
        return (
            f"GitHub refuses to {doing} comments of {self._place} ({status}: {said}); nothing more is known"
        )


GITLAB_PAGE = 100
_ONE_TRY: dict[str, Any] = {"obey_rate_limit": False}
"""`Patience` repeats what is worth it, within limits; the client by itself would wait for as long as it is
told."""


class GitLabThread:
    """`sticky.Thread` of a merge request. GitLab calls its comments notes."""

    def __init__(self, place: Place, budget: Budget) -> None:
        self._place = place
        session = requests.Session()
        for scheme in ("http://", "https://"):
            session.mount(scheme, HTTPAdapter(max_retries=Patience(budget)))
        # As a bearer token, because `requests` drops that one when it is led to another host.
        # `keep_base_url`: the next page is asked for
        # where the first one was, whatever the instance believes its own name to be.
        self._client = gitlab.Gitlab(
            place.address, oauth_token=place.token, timeout=TIMEOUT, session=session, keep_base_url=True
        )
        project: Any = self._client.projects.get(place.project, lazy=True)
        request: Any = project.mergerequests.get(place.number, lazy=True)
        self._notes: Any = request.notes
        self._label_events: Any = request.resourcelabelevents
        self._me: int | None = None

    def remarks(self) -> Generator[Remark]:
        with self._told("read"):
            self._me = self._me or self._account()
            listed = self._notes.list(
                iterator=True, per_page=GITLAB_PAGE, order_by="created_at", sort="asc", **_ONE_TRY
            )
            for note in listed:
                yield self._remark(note.attributes)

    def add(self, body: str) -> Remark:
        with self._told("write"):
            return self._remark(self._notes.create({"body": body}, **_ONE_TRY).attributes)

    def change(self, remark: Remark, body: str) -> None:
        with self._told("write", of_one=True):
            self._notes.update(remark.id, {"body": body}, **_ONE_TRY)

    def remove(self, remark: Remark) -> None:
        with self._told("write", of_one=True):
            self._notes.delete(remark.id, **_ONE_TRY)

    def setters(self) -> dict[str, str]:
        with self._told("read"):
            listed = self._label_events.list(iterator=True, per_page=GITLAB_PAGE, **_ONE_TRY)
            events: list[dict[str, Any]] = [event.attributes for event in listed]
        added = [
            event
            for event in events
            if event.get("action") == "add" and event.get("label") and event.get("user")
        ]
        return {str(event["label"].get("name")): str(event["user"].get("username")) for event in added}

    def _account(self) -> int:
        answer: Any = self._client.http_get("/user", **_ONE_TRY)
        number: Any = answer.get("id") if isinstance(answer, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        if not isinstance(number, int):
            raise CannotPost(
                f"{self._place.address} does not answer like GitLab; check CI_SERVER_URL and the proxy"
            )
        return number

    def _remark(self, note: dict[str, Any]) -> Remark:
        author: dict[str, Any] = note.get("author") or {}
        return Remark(
            int(note["id"]),
            str(note.get("body") or ""),
            mine=author.get("id") == self._me and not note.get("system"),
        )

    @contextmanager
    def _told(self, doing: str, *, of_one: bool = False) -> Generator[None]:
        """Turns whatever goes wrong into one line."""
        try:
            yield
        except gitlab.GitlabError as error:
            status = error.response_code or 0
            if of_one and status == 404:
                raise Gone from None
            raise CannotPost(
                self._sentence(status, cleaned(error.error_message, self._place.token), doing)
            ) from None
        except requests.RequestException as error:
            raise CannotPost(
                f"GitLab at {self._place.address} does not answer ({type(error).__name__}); check"
                " CI_SERVER_URL, HTTPS_PROXY and NO_PROXY"
            ) from None

    def _sentence(self, status: int, said: str, doing: str) -> str:
        if status == 429:
            return f"GitLab's rate limit does not end in time ({status}: {said}); run the job again later"
        if status == 401:
            return f"GitLab does not know the token ({status}: {said}); give a valid one in GITLAB_TOKEN"
        if status == 403:
            return (
                f"the token may not {doing} comments of {self._place} ({status}: {said}); it needs the scope"
                " `api` and the role Reporter at least"
            )
        if status == 404:
            return (
                f"{self._place} is not there, or the token may not see it ({status}: {said}); check"
                " CI_PROJECT_ID and the number"
            )
        if status >= 500:
            return f"GitLab answers {status} ({said}), also after further tries; run the job again later"
        return (
            f"GitLab refuses to {doing} comments of {self._place} ({status or 'no answer'}: {said}); check"
            " CI_SERVER_URL and the proxy"
        )
