"""What a review hands to whoever posts it: one comment, found again by its first line."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pulumi_tke_hybrid.review.verdict import Verdict

GITHUB_LIMIT = 65_536
"""Characters that GitHub takes in one comment; GitLab takes a million."""
_LONGEST = 300


@dataclass(frozen=True)
class Digest:
    """The same review for programs. `as_data` is what `--json` writes; its schema is in docs/review.md."""

    verdict: Verdict
    fingerprint: str
    """Tells this set of changes from any other: equal previews have equal fingerprints, in whatever order their steps came."""
    data: Mapping[str, Any]
    """Plain JSON data, free of secrets, with `format` as the version of its schema."""

    def as_data(self) -> dict[str, Any]:
        """A copy that may be changed."""
        return dict(self.data)


@dataclass(frozen=True)
class Comment:
    """One sticky comment.

    To post it: look through all comments of the pull request, on all pages, for one of your own whose body starts with `marker`; put
    `body` in its place, or make a new one when there is none. `worth_making` says whether a new one is wanted at all.
    """

    marker: str
    """First line of `body`: `<!-- tke-hybrid:<project>/<stack>,<project>/<stack> -->`, the same in every run of the same set of stacks."""
    body: str
    """The whole Markdown, the marker included, no longer than the limit it was rendered for. Everything foreign in it is escaped."""
    digest: Digest

    @property
    def worth_making(self) -> bool:
        """Nothing changes: an existing comment is reduced to `body`, which is then one line; a new one would only be noise."""
        return self.digest.verdict is not Verdict.CLEAN


def marker(stacks: Iterable[str]) -> str:
    """The hidden line by which a comment is found again. `stacks` are `<project>/<stack>`, in any order."""
    whole = ",".join(sorted({_harmless(stack) for stack in stacks}))
    if len(whole) > _LONGEST:
        whole = f"{whole[:_LONGEST]}~{hashlib.sha256(whole.encode()).hexdigest()[:16]}"
    return f"<!-- tke-hybrid:{whole} -->"


def _harmless(name: str) -> str:
    """Nothing may end the HTML comment early, and two names that differ must not become one."""
    signs = "".join(sign if sign.isascii() and (sign.isalnum() or sign in "/._-") else f"%{ord(sign):x}" for sign in name)
    return signs.replace("--", "-%2d")
