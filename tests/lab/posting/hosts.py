"""Both code hosts as stand-ins, and the environment of a job that runs on them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pulumi_tke_hybrid.review.command import Host
from pulumi_tke_hybrid.review.posting import RetryLimit, post
from pulumi_tke_hybrid.review.report import Comment, marker
from pulumi_tke_hybrid.review.review import ReviewVerdict
from tests.lab.code_hosts import Account, Discussion, Front, Note, github, gitlab

TOKEN = "tok-4f1c9a7be2d05836"
STRANGER_TOKEN = "tok-of-somebody-else"
BOT = Account(41, "github-actions[bot]")
STRANGER = Account(7, "somebody")
PROJECT = {Host.GITHUB: "team/network", Host.GITLAB: "4711"}
NUMBER = 7
MARKER = marker(["network/prod"])


def comment(
    text: str = "### 2 changes", verdict: ReviewVerdict = ReviewVerdict.CHANGES, of: str = MARKER
) -> Comment:
    return Comment(of, f"{of}\n{text}\n", {"format": 1}, worth_making=verdict is not ReviewVerdict.CLEAN)


@dataclass
class Clock:
    """A clock that counts the time to wait and does not wait."""

    waited: list[float] = field(default_factory=list)

    def limit(self) -> RetryLimit:
        return RetryLimit(
            seconds_left=180.0, sleep=self.waited.append, now=lambda: 1_000_000.0 + sum(self.waited)
        )


@dataclass
class Job:
    """A CI job on a code host."""

    host: Host
    front: Front
    discussion: Discussion
    clock: Clock = field(default_factory=Clock)

    def environment(self, **changes: str) -> dict[str, str]:
        if self.host is Host.GITHUB:
            found = {
                "GITHUB_TOKEN": TOKEN,
                "GITHUB_REPOSITORY": PROJECT[self.host],
                "GITHUB_API_URL": f"{self.front.address}/api/v3",
                "GITHUB_REF": f"refs/pull/{NUMBER}/merge",
            }
        else:
            found = {
                "GITLAB_TOKEN": TOKEN,
                "CI_API_V4_URL": f"{self.front.address}/git/api/v4",
                "CI_PROJECT_ID": PROJECT[self.host],
                "CI_MERGE_REQUEST_IID": str(NUMBER),
            }
        return {**found, **changes}

    def run(self, of: Comment | None = None, environment: Mapping[str, str] | None = None) -> str:
        return post(
            of or comment(),
            self.host,
            environment=environment or self.environment(),
            limit=self.clock.limit(),
        )

    def ours(self) -> list[Note]:
        return self.discussion.own(BOT, MARKER)


def job(front: Front, host: Host, *, together: int = 0, bot: Account = BOT) -> Job:
    """Return a job: GitHub as an enterprise server, GitLab below a path."""
    accounts = {TOKEN: bot, STRANGER_TOKEN: STRANGER}
    discussion = Discussion(
        accounts, longest=github.LONGEST if host is Host.GITHUB else gitlab.LONGEST, together=together
    )
    if host is Host.GITHUB:
        front.show(github.GitHub(discussion, PROJECT[host], NUMBER).routes())
    else:
        front.show(gitlab.GitLab(discussion, PROJECT[host], NUMBER, root="/git").routes())
    return Job(host, front, discussion)


MakeJob = Callable[..., Job]
