"""What a review hands to whoever posts it: one comment, found again by its first line.

A review for programs: plain JSON data. Its schema is in docs/review.md.

A review as text for a terminal or a job's log: the same rows, without Markdown."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pulumi_tke_hybrid.cli.text import listed
from pulumi_tke_hybrid.review import effects, view
from pulumi_tke_hybrid.review.accepting import LABEL, Judged, JudgedCause, Verdict
from pulumi_tke_hybrid.review.grouping import Counts
from pulumi_tke_hybrid.review.review import Review, StackReview
from pulumi_tke_hybrid.review.sentences import opening
from pulumi_tke_hybrid.review.wording import Words

GITHUB_LIMIT = 65_536
"""Characters that GitHub takes in one comment; GitLab takes a million."""
_LONGEST = 300


@dataclass(frozen=True)
class Digest:
    """The same review for programs. `as_data` is what `--json` writes; its schema is in docs/review.md."""

    verdict: Verdict
    fingerprint: str
    """Tells this set of changes from any other: equal previews have equal fingerprints, in whatever order
    their steps came."""
    data: Mapping[str, Any]
    """Plain JSON data, free of secrets, with `format` as the version of its schema."""

    def as_data(self) -> dict[str, Any]:
        """A copy that may be changed."""
        return dict(self.data)


@dataclass(frozen=True)
class Comment:
    """One sticky comment.

    To post it: look through all comments of the pull request, on all pages, for one of your own whose body
    starts with `marker`; put
    `body` in its place, or make a new one when there is none. `worth_making` says whether a new one is wanted
    at all.
    """

    marker: str
    """First line of `body`: `<!-- tke-hybrid:<project>/<stack>,<project>/<stack> -->`, the same in every run
    of the same set of stacks."""
    body: str
    """The whole Markdown, the marker included, no longer than the limit it was rendered for. Everything
    foreign in it is escaped."""
    digest: Digest

    @property
    def worth_making(self) -> bool:
        """Nothing changes: an existing comment is reduced to `body`, which is then one line; a new one would
        only be noise."""
        return self.digest.verdict is not Verdict.CLEAN


def marker(stacks: Iterable[str]) -> str:
    """The hidden line by which a comment is found again. `stacks` are `<project>/<stack>`, in any order."""
    whole = ",".join(sorted({_harmless(stack) for stack in stacks}))
    if len(whole) > _LONGEST:
        whole = f"{whole[:_LONGEST]}~{hashlib.sha256(whole.encode()).hexdigest()[:16]}"
    return f"<!-- tke-hybrid:{whole} -->"


def _harmless(name: str) -> str:
    """Nothing may end the HTML comment early, and two names that differ must not become one."""
    signs = "".join(
        sign if sign.isascii() and (sign.isalnum() or sign in "/._-") else f"%{ord(sign):x}" for sign in name
    )
    return signs.replace("--", "-%2d")


FORMAT = 1
"""Changes when a key of the JSON changes its meaning or goes."""
_MOST = 500
"""Entries of a list; how many there are in all is always said."""


def digest(review: Review) -> Digest:
    """The digest of a review."""
    prints = "\n".join(sorted(f"{stack.plan.stack} {stack.plan.fingerprint}" for stack in review.stacks))
    fingerprint = hashlib.sha256(prints.encode()).hexdigest()[:16]
    words = review.words
    data: dict[str, Any] = {
        "format": FORMAT,
        "verdict": review.verdict.value,
        "exitCode": int(review.exit_code),
        "fingerprint": fingerprint,
        "headline": words.line(view.headline(review)),
        "commit": words.line(review.origin.commit, 100),
        "counts": _counts(review.counts),
        "findings": [_finding(words, item) for item in review.findings[:_MOST]],
        "findingsInAll": len(review.findings),
        "voidAcceptances": [words.line(item.by, 200) for item in review.void[:_MOST]],
        "stacks": [_stack(words, stack) for stack in review.stacks],
        "notKnown": [words.line(line) for line in view.unknowns(review)],
    }
    return Digest(review.verdict, fingerprint, data)


def _counts(counts: Counts) -> dict[str, int]:
    return {
        "add": counts.add,
        "update": counts.update,
        "replace": counts.replace,
        "delete": counts.delete,
        "stateOnly": counts.state_only,
        "unknown": counts.other,
        "noise": counts.noise,
        "same": counts.same,
    }


def _finding(words: Words, item: Judged) -> dict[str, Any]:
    finding = item.finding
    return {
        "rule": finding.rule.id,
        "severity": finding.severity.value,
        "blocks": item.blocks,
        "stack": words.line(item.stack, 200),
        "path": words.line(finding.path, 200),
        "message": words.line(finding.message),
        "intended": words.line(finding.intended) or None,
        "follows": words.line(item.follows, 200) or None,
        "acceptCode": item.code,
        "acceptedBy": words.line(item.accepted.by, 200) if item.accepted else None,
    }


def _stack(words: Words, stack: StackReview) -> dict[str, Any]:
    groups = stack.outline.groups
    return {
        "stack": words.line(stack.plan.stack, 200),
        "source": words.line(stack.plan.source, 200),
        "fingerprint": stack.plan.fingerprint,
        "unreadable": words.line(stack.plan.unreadable) or None,
        "errors": len(stack.plan.failures),
        "refreshed": stack.plan.refreshed,
        "versions": {
            words.line(name, 100): words.line(version, 100) for name, version in stack.plan.versions.items()
        },
        "counts": _counts(stack.outline.counts),
        "zones": [
            {
                "zone": words.line(zone.name, 100),
                "subnets": [words.line(subnet.block or subnet.name, 100) for subnet in zone.subnets],
                "free": zone.free,
                "freeAfter": zone.free_after,
                "nodes": zone.nodes_after,
                "covered": zone.covered and not any(zone.uncovered_pools()),
            }
            for zone in stack.zones[:_MOST]
        ],
        "changes": [
            dict(
                zip(
                    ("sign", "name", "type", "what"),
                    (words.line(part, 200) for part in view.component_row(group)),
                    strict=True,
                )
            )
            for group in groups[:_MOST]
        ],
        "changesInAll": len(groups),
    }


_MOST_LINES = 60


def text(review: Review) -> str:
    """The whole report; the verdict comes first."""
    return "\n".join(_lines(review)) + "\n"


def _lines(review: Review) -> Iterator[str]:
    say = review.words.line
    stacks = listed([say(name, 60) for name in review.names])
    yield f"{stacks}: {review.verdict.value}: {say(view.headline(review))}"
    if review.stopped_by:
        yield f"  --fail-on {review.fail_on.value} stops at: {review.stopped_by}"
    if review.verdict is Verdict.CLEAN:
        return
    yield from (f"  {title}: {say(said)}" if title else f"  {say(said)}" for title, said in opening(review))
    yield from (f"  {say(line)}" for line in view.troubles(review))
    yield from (
        f"    {say(line)}"
        for stack in review.stacks
        for failure in stack.plan.failures
        for line in view.own_words(failure)
    )
    yield from (f"  {say(line)}" for line in view.void(review))
    for item in review.causes[:_MOST_LINES]:
        yield from _cause(review, item)
    if len(review.causes) > _MOST_LINES:
        yield f"  and {len(review.causes) - _MOST_LINES} more findings"
    for stack in review.stacks:
        zones = effects.rows(stack)[:_MOST_LINES]
        yield from _table("zones", [tuple(say(cell, 100) for cell in row) for row in zones], len(stack.zones))
        groups = [view.component_row(group) for group in stack.outline.groups[:_MOST_LINES]]
        yield from _table(
            "changes", [tuple(say(cell, 200) for cell in row) for row in groups], len(stack.outline.groups)
        )
        yield from (f"  folded: {sort}: {count}" for sort, count in stack.outline.folded)
    yield from (f"  not known: {say(line)}" for line in view.unknowns(review))


def _cause(review: Review, item: JudgedCause) -> Iterator[str]:
    say, finding = review.words.line, item.cause.first
    who = f" (accepted by {say(item.accepted.by, 120)})" if item.accepted else ""
    places = listed([say(view.place(review, item.stack, found), 120) for found in item.cause.findings], 10)
    yield f"  {view.level(item)}{who}: {places}: {say(finding.head)} [{finding.rule.id}]"
    accept = (
        f"--accept {item.code}, or the label {LABEL}:{item.code}" if view.needs_code(review, item) else ""
    )
    parts = {
        "who": view.behind(review, item),
        "effect": finding.why,
        "do": finding.todo,
        "if intended": finding.intended,
        "to accept it as it is": accept,
    }
    yield from (f"    {title}: {say(said)}" for title, said in parts.items() if said)
    for below in view.consequences(item):
        paths = listed([say(view.place(review, item.stack, found), 120) for found in below], 10)
        yield f"    so also {paths}: {say(below[0].head)} [{below[0].rule.id}]"


def _table(title: str, rows: list[tuple[str, ...]], in_all: int) -> Iterator[str]:
    if not rows:
        return
    yield f"{title}:"
    widths = [min(max(len(row[column]) for row in rows), 40) for column in range(len(rows[0]))]
    for row in rows:
        yield "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
    if in_all > len(rows):
        yield f"  and {in_all - len(rows)} more"
