"""Posting as the command does it: the comment of a review onto the pull request that the job runs for."""

import os
from collections.abc import Mapping

from pulumi_tke_hybrid.review.comment import Comment
from pulumi_tke_hybrid.review.post import place, sticky
from pulumi_tke_hybrid.review.post.budget import Budget
from pulumi_tke_hybrid.review.post.errors import CannotPost
from pulumi_tke_hybrid.review.post.place import Host, Place


def post(
    comment: Comment, host: Host, *, number: int | None = None, environment: Mapping[str, str] = os.environ, budget: Budget | None = None
) -> str:
    """Put it there, and say in one line what was done. Raises `CannotPost`; whatever happens, the token is in no message.

    `number` is that of the pull request, where the job itself does not run for one.
    """
    where = place.of(host, environment, number)
    done = sticky.put(_thread(where, budget or Budget()), comment.marker, comment.body, worth_making=comment.worth_making)
    duplicates = f", {done.removed} duplicate{'s' if done.removed > 1 else ''} removed" if done.removed else ""
    return f"comment on {where}: {done.deed}{duplicates}"


def setters(
    host: Host, *, number: int | None = None, environment: Mapping[str, str] = os.environ, budget: Budget | None = None
) -> dict[str, str]:
    """Return who set each label of the pull request last, by the label's name. Raises `CannotPost` where the code host does not answer."""
    return _thread(place.of(host, environment, number), budget or Budget()).setters()


def _thread(where: Place, budget: Budget) -> sticky.Thread:
    """The clients are an extra, and what they need beside them comes with them."""
    library = {Host.GITHUB: "PyGithub", Host.GITLAB: "python-gitlab"}[where.host]
    try:
        if where.host is Host.GITHUB:
            from pulumi_tke_hybrid.review.post.github_thread import GitHubThread

            return GitHubThread(where, budget)
        from pulumi_tke_hybrid.review.post.gitlab_thread import GitLabThread

        return GitLabThread(where, budget)
    except ImportError as error:
        raise CannotPost(
            f"posting to {where.host.value} needs {library} ({error.name} is missing); run `pip install '.[comment]'` in a clone of "
            "this library"
        ) from None
