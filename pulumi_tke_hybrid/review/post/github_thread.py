"""Comments of a pull request on GitHub, through PyGithub."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import github
import requests
from github.IssueComment import IssueComment

from pulumi_tke_hybrid.review.post.budget import Budget
from pulumi_tke_hybrid.review.post.errors import CannotPost, Gone, cleaned
from pulumi_tke_hybrid.review.post.patience import TIMEOUT, Patience
from pulumi_tke_hybrid.review.post.place import Place
from pulumi_tke_hybrid.review.post.sticky import Remark

PAGE = 100


class GitHubThread:
    """`sticky.Thread` of a pull request. To GitHub it is an issue like any other."""

    def __init__(self, place: Place, budget: Budget) -> None:
        self._place = place
        self._client = github.Github(
            auth=github.Auth.Token(place.token),
            base_url=place.address.rstrip("/"),
            timeout=TIMEOUT,
            per_page=PAGE,
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
            return {event.label.name: event.actor.login for event in events if event.event == "labeled" and event.label and event.actor}

    def _login(self) -> str:
        """Who writes. The REST API does not tell a job's own token; this question is answered for tokens of every kind."""
        _, answer = self._client.requester.graphql_query("query { viewer { login } }", {})
        data: Any = answer.get("data")
        viewer: Any = data.get("viewer") if isinstance(data, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        login: Any = viewer.get("login") if isinstance(viewer, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        if not isinstance(login, str) or not login:
            raise CannotPost(f"{self._place.address} does not answer like GitHub; check GITHUB_API_URL and the proxy")
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
                f"GitHub at {self._place.address} does not answer ({type(error).__name__}); check GITHUB_API_URL, HTTPS_PROXY and NO_PROXY"
            ) from None
        except (AssertionError, RuntimeError) as error:  # PyGithub's own way to say that an answer leads to another host
            said = cleaned(error, self._place.token)
            raise CannotPost(f"{self._place.address} leads elsewhere ({said}); set GITHUB_API_URL to the address it uses itself") from None

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
                f"the token may not {doing} comments of {self._place} ({status}: {said}); give the job "
                "`permissions: {pull-requests: write}` (a pull request from a fork gets a token that only reads: use the job's summary)"
            )
        if status == 404:
            return f"{self._place} is not there, or the token may not see it ({status}: {said}); check GITHUB_REPOSITORY and the number"
        if status >= 500:
            return f"GitHub answers {status} ({said}), also after further tries; run the job again later"
        return f"GitHub refuses to {doing} comments of {self._place} ({status}: {said}); nothing more is known"
