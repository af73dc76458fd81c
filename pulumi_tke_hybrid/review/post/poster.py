"""Where a comment goes: which code host, which pull request, with whose token. Read from what CI sets; the
token from nowhere else.

Posting as the command does it: the comment of a review onto the pull request that the job runs for."""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from pulumi_tke_hybrid.review.post import sticky
from pulumi_tke_hybrid.review.post.sticky import Budget, CannotPost
from pulumi_tke_hybrid.review.report import Comment


class Host(str, Enum):
    """The code hosts that a comment can be put on."""

    GITHUB = "github"
    GITLAB = "gitlab"


@dataclass(frozen=True)
class Place:
    """One pull request (GitLab: merge request)."""

    host: Host
    address: str
    """GitHub: of the REST API, e.g. `https://git.example.com/api/v3`. GitLab: of the instance."""
    project: str
    """`owner/name`; GitLab also takes a number."""
    number: int
    token: str = field(repr=False)

    def __str__(self) -> str:
        return (
            f"{self.project}#{self.number}" if self.host is Host.GITHUB else f"{self.project}!{self.number}"
        )


def of(host: Host, environment: Mapping[str, str], number: int | None = None) -> Place:
    """The pull request that the job runs for; `number` names another one of the same project."""
    return _github(environment, number) if host is Host.GITHUB else _gitlab(environment, number)


def _github(environment: Mapping[str, str], number: int | None) -> Place:
    token = environment.get("GITHUB_TOKEN") or environment.get("GH_TOKEN") or ""
    if not token:
        raise CannotPost(
            "GITHUB_TOKEN is empty, so GitHub takes no comment; give the step that variable, of"
            " `github.token`, and its job `permissions: {pull-requests: write}`"
        )
    project = environment.get("GITHUB_REPOSITORY", "")
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", project):
        raise CannotPost(
            f"GITHUB_REPOSITORY is {project!r}, so it is not known whose pull request is meant; set it to"
            " owner/name"
        )
    ref = environment.get("GITHUB_REF", "")
    found = number or _number_in(ref) or _number_of_event(environment.get("GITHUB_EVENT_PATH", ""))
    if found is None:
        raise CannotPost(
            f"no pull request is named by GITHUB_REF ({ref or 'empty'}) or by the event; run on"
            " `pull_request`, or give --pull-request"
        )
    return Place(
        Host.GITHUB, environment.get("GITHUB_API_URL") or "https://api.github.com", project, found, token
    )


def _number_in(ref: str) -> int | None:
    match = re.fullmatch(r"refs/pull/(\d+)/(?:merge|head)", ref)
    return int(match.group(1)) if match else None


def _number_of_event(path: str) -> int | None:
    """`pull_request_target` and `issue_comment` run on the default branch: their event alone says which pull
    request it is."""
    try:
        event: Any = json.loads(Path(path).read_text(encoding="utf-8")) if path else {}
    except (OSError, ValueError):
        return None  # the message says that nothing names a pull request, and what to do
    for key in ("pull_request", "issue"):
        part = event.get(key) if isinstance(event, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        number = part.get("number") if isinstance(part, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        if isinstance(number, int):
            return number
    return None


def _gitlab(environment: Mapping[str, str], number: int | None) -> Place:
    token = environment.get("GITLAB_TOKEN", "")
    if not token:
        raise CannotPost(
            "GITLAB_TOKEN is empty, so GitLab takes no comment; give the job a project access token with the"
            " scope `api` in a masked variable GITLAB_TOKEN (CI_JOB_TOKEN may not write comments)"
        )
    # A merge request from a fork lives in the project that it goes to.
    project = (
        environment.get("CI_MERGE_REQUEST_PROJECT_ID")
        or environment.get("CI_PROJECT_ID")
        or environment.get("CI_PROJECT_PATH")
        or ""
    )
    if not project:
        raise CannotPost(
            "CI_PROJECT_ID is empty, so it is not known whose merge request is meant; set it to the project's"
            " number or path"
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
    return Place(Host.GITLAB, address, project, found, token)


def post(
    comment: Comment,
    host: Host,
    *,
    number: int | None = None,
    environment: Mapping[str, str] = os.environ,
    budget: Budget | None = None,
) -> str:
    """Put it there, and say in one line what was done. Raises `CannotPost`; whatever happens, the token is in
    no message.

    `number` is that of the pull request, where the job itself does not run for one.
    """
    where = of(host, environment, number)
    done = sticky.put(
        _thread(where, budget or Budget()), comment.marker, comment.body, worth_making=comment.worth_making
    )
    duplicates = (
        f", {done.removed} duplicate{'s' if done.removed > 1 else ''} removed" if done.removed else ""
    )
    return f"comment on {where}: {done.deed}{duplicates}"


def setters(
    host: Host,
    *,
    number: int | None = None,
    environment: Mapping[str, str] = os.environ,
    budget: Budget | None = None,
) -> dict[str, str]:
    """Return who set each label of the pull request last, by the label's name. Raises `CannotPost` where the
    code host does not answer."""
    return _thread(of(host, environment, number), budget or Budget()).setters()


def _thread(where: Place, budget: Budget) -> sticky.Thread:
    """The clients are an extra, and what they need beside them comes with them."""
    library = {Host.GITHUB: "PyGithub", Host.GITLAB: "python-gitlab"}[where.host]
    try:
        if where.host is Host.GITHUB:
            from pulumi_tke_hybrid.review.post.code_hosts import GitHubThread

            return GitHubThread(where, budget)
        from pulumi_tke_hybrid.review.post.code_hosts import GitLabThread

        return GitLabThread(where, budget)
    except ImportError as error:
        raise CannotPost(
            f"posting to {where.host.value} needs {library} ({error.name} is missing); run `pip install"
            " '.[comment]'` in a clone of this library"
        ) from None
