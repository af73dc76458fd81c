"""The comment of a review on the pull request that a CI job runs for.

Reads code host, project, number and token from the job's environment, and keeps exactly one comment for each
set of stacks. The HTTP requests are in `code_hosts`.
"""

import json
import os
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from pulumi_tke_hybrid.cli.process import several
from pulumi_tke_hybrid.review.command import Host
from pulumi_tke_hybrid.review.report import Comment
from pulumi_tke_hybrid.tke.objects import child, mapping


class CannotPost(Exception):
    """The comment is not on the pull request. The message is one line with the action for the user."""


class Gone(Exception):
    """The comment to be changed does not exist any more, because another job removed the comment."""


@dataclass
class RetryLimit:
    """The time that all requests of one run may wait together."""

    seconds_left: float = 180.0
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], float] = time.time

    def wait(self, seconds: float) -> None:
        """Sleep, and subtract the time from the limit."""
        self.seconds_left -= seconds
        self.sleep(seconds)


@dataclass(frozen=True)
class PullRequest:
    """One pull request (GitLab: merge request)."""

    host: Host
    address: str
    """GitHub: of the REST API, e.g. `https://git.example.com/api/v3`. GitLab: of the instance."""
    project: str
    """`owner/name`; GitLab also takes a number."""
    number: int
    token: str = field(repr=False)

    def __str__(self) -> str:
        return f"{self.project}{'#' if self.host is Host.GITHUB else '!'}{self.number}"


def pull_request_of_job(host: Host, environment: Mapping[str, str], number: int | None = None) -> PullRequest:
    """Return the pull request that the job runs for; `number` selects another one of the same project."""
    return _github(environment, number) if host is Host.GITHUB else _gitlab(environment, number)


def _github(environment: Mapping[str, str], number: int | None) -> PullRequest:
    token = environment.get("GITHUB_TOKEN") or environment.get("GH_TOKEN") or ""
    if not token:
        raise CannotPost(
            "GITHUB_TOKEN is empty, so GitHub takes no comment; give the step that variable, of"
            " `github.token`, and its job `permissions: {pull-requests: write}`"
        )
    project = environment.get("GITHUB_REPOSITORY", "")
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", project):
        raise CannotPost(
            f"GITHUB_REPOSITORY is {project!r}, so the project of the pull request is not known; set the"
            " variable to owner/name"
        )
    ref = environment.get("GITHUB_REF", "")
    found = number or _number_in(ref, event_of_job(environment))
    if found is None:
        raise CannotPost(
            f"no pull request is named by GITHUB_REF ({ref or 'empty'}) or by the event; run on"
            " `pull_request`, or give --pull-request"
        )
    address = environment.get("GITHUB_API_URL") or "https://api.github.com"
    return PullRequest(Host.GITHUB, address, project, found, token)


def event_of_job(environment: Mapping[str, str]) -> dict[str, Any]:
    """Return the event that a GitHub job runs for; empty where no event can be read."""
    path = environment.get("GITHUB_EVENT_PATH", "")
    try:
        return mapping(json.loads(Path(path).read_text(encoding="utf-8"))) if path else {}
    except (OSError, ValueError):
        return {}  # the event then has no number, and no label that accepts a danger


def _number_in(ref: str, event: Mapping[str, Any]) -> int | None:
    """Return the number of the pull request: `pull_request_target` and `issue_comment` run on the default
    branch, so that only the event has the number."""
    match = re.fullmatch(r"refs/pull/(\d+)/(?:merge|head)", ref)
    found = (
        [int(match[1])] if match else [child(event, key).get("number") for key in ("pull_request", "issue")]
    )
    return next((number for number in found if isinstance(number, int)), None)


def _gitlab(environment: Mapping[str, str], number: int | None) -> PullRequest:
    token = environment.get("GITLAB_TOKEN", "")
    if not token:
        raise CannotPost(
            "GITLAB_TOKEN is empty, so GitLab takes no comment; give the job a project access token with the"
            " scope `api` in a masked variable GITLAB_TOKEN (CI_JOB_TOKEN may not write comments)"
        )
    # A merge request from a fork belongs to the target project.
    keys = ("CI_MERGE_REQUEST_PROJECT_ID", "CI_PROJECT_ID", "CI_PROJECT_PATH")
    project = next((environment[key] for key in keys if environment.get(key)), "")
    if not project:
        raise CannotPost(
            "CI_PROJECT_ID is empty, so the project of the merge request is not known; set the variable to"
            " the project's number or path"
        )
    iid = environment.get("CI_MERGE_REQUEST_IID", "")
    found = number or (int(iid) if iid.isdecimal() else None)
    if found is None:
        raise CannotPost(
            f"CI_MERGE_REQUEST_IID is {iid!r}, so no merge request is named; run the job with "
            "`rules: [{if: $CI_PIPELINE_SOURCE == 'merge_request_event'}]`, or give --pull-request"
        )
    address = (
        environment.get("CI_API_V4_URL", "").removesuffix("/api/v4")
        or environment.get("CI_SERVER_URL")
        or "https://gitlab.com"
    )
    return PullRequest(Host.GITLAB, address, project, found, token)


@dataclass(frozen=True)
class PostedComment:
    """One comment of a pull request."""

    id: int
    """Code hosts count upwards: the smallest is the oldest."""
    body: str
    mine: bool
    """Written by the account that writes now. Any account may copy the hidden first line; only comments of
    this account are changed or removed."""


class Thread(Protocol):
    """The comments of one pull request on a code host."""

    def comments(self) -> Iterable[PostedComment]:
        """Return all comments, over all pages."""
        ...

    def label_setters(self) -> dict[str, str]:
        """Return the account that set each label last, by the label's name."""
        ...

    def add(self, body: str) -> PostedComment:
        """Create a comment."""
        ...

    def change(self, comment: PostedComment, body: str) -> None:
        """Replace the body. Raises `Gone` when the comment does not exist any more."""
        ...

    def remove(self, comment: PostedComment) -> None:
        """Delete the comment. Raises `Gone` when the comment does not exist any more."""
        ...


def post(
    comment: Comment,
    host: Host,
    *,
    number: int | None = None,
    environment: Mapping[str, str] = os.environ,
    limit: RetryLimit | None = None,
) -> str:
    """Put the comment on the pull request, and return one line for the log. Raises `CannotPost`; no message
    holds the token.

    `number` is that of the pull request, where the job itself does not run for one.
    """
    pull_request = pull_request_of_job(host, environment, number)
    return f"comment on {pull_request}: {put_comment(_thread(pull_request, limit), comment)}"


def label_setters(
    host: Host,
    *,
    number: int | None = None,
    environment: Mapping[str, str] = os.environ,
    limit: RetryLimit | None = None,
) -> dict[str, str]:
    """Return the account that set each label of the pull request last, by the label's name. Raises
    `CannotPost` where the code host does not answer."""
    return _thread(pull_request_of_job(host, environment, number), limit).label_setters()


def _thread(pull_request: PullRequest, limit: RetryLimit | None) -> Thread:
    """Return the client of the code host. The client libraries are an extra of this package."""
    library = {Host.GITHUB: "PyGithub", Host.GITLAB: "python-gitlab"}[pull_request.host]
    try:
        from pulumi_tke_hybrid.review.code_hosts import thread
    except ImportError as error:
        raise CannotPost(
            f"posting to {pull_request.host.value} needs {library} ({error.name} is missing); run `pip"
            " install '.[comment]'` in a clone of this library"
        ) from None
    return thread(pull_request, limit or RetryLimit())


PUT_TRIES = 3
"""Each failed try means that another job removed the comment between reading and writing."""


def put_comment(thread: Thread, comment: Comment) -> str:
    """Make `comment` the only comment of this account that begins with the marker. A new comment is created
    only if `worth_making`. Return `added`, `changed`, `kept` or `left out`, and the number of duplicates of
    this account that were removed, for the log."""
    for _ in range(PUT_TRIES):
        try:
            return _put(thread, comment)
        except Gone:
            continue
    raise CannotPost(
        f"another job removed the comment {PUT_TRIES} times while it was written; let one job at a time"
        " post for a pull request"
    )


def _put(thread: Thread, comment: Comment) -> str:
    own = _own(thread, comment.marker)
    if own:
        action = "kept"
    elif comment.worth_making:
        added = thread.add(comment.body)
        action = "added"
        # Another job may have read and added at the same time, so read again. Of two jobs that add, at least
        # the later one reads both comments, and both keep the older one. The comment just added counts even
        # where the response comes from a cache without that comment.
        own = {**_own(thread, comment.marker), added.id: added}
    else:
        return "left out"
    oldest, *rest = (own[number] for number in sorted(own))
    if _lines(oldest.body) != _lines(comment.body):
        thread.change(oldest, comment.body)
        action = "changed"
    removed = sum(_removed(thread, duplicate) for duplicate in rest)
    return f"{action}, {several(removed, 'duplicate')} removed" if removed else action


def _own(thread: Thread, marker: str) -> dict[int, PostedComment]:
    return {found.id: found for found in thread.comments() if found.mine and found.body.startswith(marker)}


def _lines(body: str) -> list[str]:
    """Return the lines without what hosts may change: line ends, and text after the last line."""
    return [line.rstrip() for line in body.strip().splitlines()]


def _removed(thread: Thread, comment: PostedComment) -> bool:
    try:
        thread.remove(comment)
    except Gone:
        return False
    return True
