"""A review as JSON for programs, as text for a terminal, the comment with its marker, and the terms that a
comment explains.

The schema of the JSON is in docs/review.md; the Markdown of the comment comes from `markdown_report`, and
docs/network-terms.md from `TERMS`.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pulumi_tke_hybrid.cli.process import listed
from pulumi_tke_hybrid.cli.result import MAX_ROWS, Row
from pulumi_tke_hybrid.plan.model import Op
from pulumi_tke_hybrid.review import view
from pulumi_tke_hybrid.review.opening import opening
from pulumi_tke_hybrid.review.review import (
    LABEL,
    JudgedCause,
    JudgedFinding,
    Review,
    ReviewVerdict,
    StackReview,
)
from pulumi_tke_hybrid.review.view import ReviewTable
from pulumi_tke_hybrid.tke.objects import texts
from pulumi_tke_hybrid.tke.rule import Finding

Line = Callable[..., str]
"""`Redactor.line`."""

GITHUB_LIMIT = 65_536
"""Characters that GitHub takes in one comment; GitLab takes a million."""
_LONGEST_MARKER = 300


@dataclass(frozen=True)
class Comment:
    """One sticky comment.

    A program that posts the comment searches all comments of its own account, on all pages, for a body that
    starts with `marker`, and replaces that body by `body`. Without such a comment the program creates a new
    one if `worth_making`.
    """

    marker: str
    """First line of `body`: `<!-- tke-hybrid:<project>/<stack>,<project>/<stack> -->`, the same in every run
    of the same stacks."""
    body: str
    """The whole Markdown with the marker, within the limit of characters. All foreign text is escaped."""
    digest: Mapping[str, Any]
    """The review for programs: see `digest`."""
    worth_making: bool
    """Whether a new comment is useful. Without changes an existing comment becomes one line, and no new
    comment is created."""


def marker(stacks: Iterable[str]) -> str:
    """Return the hidden line that identifies a comment. `stacks` are `<project>/<stack>`, in any order."""
    whole = ",".join(sorted({_harmless(stack) for stack in stacks}))
    if len(whole) > _LONGEST_MARKER:
        whole = f"{whole[:_LONGEST_MARKER]}~{hashlib.sha256(whole.encode()).hexdigest()[:16]}"
    return f"<!-- tke-hybrid:{whole} -->"


def _harmless(name: str) -> str:
    """Return the name without signs that end the HTML comment; different names stay different."""
    signs = "".join(
        sign if sign.isascii() and (sign.isalnum() or sign in "/._-") else f"%{ord(sign):x}" for sign in name
    )
    return signs.replace("--", "-%2d")


FORMAT = 1
"""Version of the JSON. Changes when a key changes its meaning or is removed."""
_MOST = 500
"""Entries of a list; another key has the number of all entries."""


def digest(review: Review) -> dict[str, Any]:
    """Return the review as `--json` writes it: plain JSON data, free of secrets; the schema is in
    docs/review.md.

    `fingerprint` identifies the set of changes: equal previews have equal fingerprints in any order of their
    steps.
    """
    prints = "\n".join(sorted(f"{stack.plan.stack} {stack.plan.fingerprint}" for stack in review.stacks))
    fingerprint = hashlib.sha256(prints.encode()).hexdigest()[:16]
    line = review.redactor.line
    return {
        "format": FORMAT,
        "verdict": review.verdict.value,
        "exitCode": int(review.exit_code),
        "fingerprint": fingerprint,
        "headline": line(view.headline(review)),
        "commit": line(review.origin.commit, 100),
        "counts": _counts(review.counts, review.noise),
        "findings": [_finding(line, item) for item in review.findings[:_MOST]],
        "findingsInAll": len(review.findings),
        "voidAcceptances": [line(item.by, 200) for item in review.void[:_MOST]],
        "stacks": [_stack(line, stack) for stack in review.stacks],
        "notKnown": [line(unknown) for unknown in view.unknowns(review)],
    }


def _counts(counts: Counter[Op], noise: int) -> dict[str, int]:
    return {
        "add": counts[Op.CREATE],
        "update": counts[Op.UPDATE],
        "replace": counts[Op.REPLACE],
        "delete": counts[Op.DELETE],
        "stateOnly": counts[Op.IMPORT] + counts[Op.LEAVE],
        "unknown": counts[Op.OTHER],
        "noise": noise,
        "same": counts[Op.SAME],
    }


def _finding(line: Line, item: JudgedFinding) -> dict[str, Any]:
    finding, cause = item.finding, item.cause
    return {
        "rule": finding.rule.id,
        "severity": finding.severity.value,
        "blocks": item.blocks,
        "stack": line(cause.stack, 200),
        "path": line(finding.path, 200),
        "message": line(finding.message),
        "intended": line(finding.intended) or None,
        "follows": line(item.follows, 200) or None,
        "acceptCode": cause.code,
        "acceptedBy": line(cause.accepted.by, 200) if cause.accepted else None,
    }


def _stack(line: Line, stack: StackReview) -> dict[str, Any]:
    return {
        "stack": line(stack.plan.stack, 200),
        "source": line(stack.plan.source, 200),
        "fingerprint": stack.plan.fingerprint,
        "unreadable": line(stack.plan.unreadable) or None,
        "errors": len(stack.plan.failures),
        "refreshed": stack.plan.refreshed,
        "versions": {line(name, 100): line(version, 100) for name, version in stack.plan.versions.items()},
        "counts": _counts(stack.grouping.counts, sum(stack.grouping.noise.values())),
        "zones": _table_data(line, view.zones(stack)),
        "changes": _table_data(line, view.changes(stack)),
        "changesInAll": len(stack.grouping.groups),
    }


def _table_data(line: Line, table: ReviewTable[Row]) -> list[dict[str, Any]]:
    return [
        {column.key: _redacted(line, column.cell(row)) for column in table.columns}
        for row in table.rows[:_MOST]
    ]


def _redacted(line: Line, value: object) -> object:
    """Return a value for JSON without secrets in its texts."""
    if isinstance(value, str):
        return line(value, 200)
    found = texts(value)
    return [line(text, 200) for text in found] if found else value


def text(review: Review) -> str:
    """Return the whole report for a terminal; the verdict comes first."""
    return "\n".join(_lines(review)) + "\n"


def _lines(review: Review) -> Iterator[str]:
    line = review.redactor.line
    stacks = listed([line(name, 60) for name in review.names])
    yield f"{stacks}: {review.verdict.value}: {line(view.headline(review))}"
    if review.stopped_by:
        yield f"  --fail-on {review.fail_on.value} stops at: {review.stopped_by}"
    if review.verdict is ReviewVerdict.CLEAN:
        return
    for title, sentence in opening(review):
        yield f"  {title}: {line(sentence)}" if title else f"  {line(sentence)}"
    yield from (f"  {line(trouble)}" for trouble in view.troubles(review))
    yield from (f"    {line(error)}" for error in view.errors(review))
    yield from (f"  {line(void)}" for void in view.void(review))
    for item in review.causes[:MAX_ROWS]:
        yield from _cause(review, item)
    if len(review.causes) > MAX_ROWS:
        yield f"  and {len(review.causes) - MAX_ROWS} more findings"
    for stack in review.stacks:
        yield from _table("zones", line, view.zones(stack))
        yield from _table("changes", line, view.changes(stack))
        yield from (f"  folded: {kind}: {count}" for kind, count in stack.grouping.noise.items())
    yield from (f"  not known: {line(unknown)}" for unknown in view.unknowns(review))


def _cause(review: Review, item: JudgedCause) -> Iterator[str]:
    line, finding = review.redactor.line, item.cause.first
    accepted = f" (accepted by {line(item.accepted.by, 120)})" if item.accepted else ""
    places = _places(review, item, item.cause.findings)
    yield f"  {item.level}{accepted}: {places}: {line(finding.head)} [{finding.rule.id}]"
    code = f"--accept {item.code}, or the label {LABEL}:{item.code}" if review.needs_code(item) else ""
    parts = {
        "affected": review.affected(item),
        "effect": finding.why,
        "do": finding.todo,
        "if intended": finding.intended,
        "to accept it as it is": code,
    }
    yield from (f"    {title}: {line(part)}" for title, part in parts.items() if part)
    for below in item.cause.consequences_by_rule:
        places = _places(review, item, below)
        yield f"    so also {places}: {line(below[0].head)} [{below[0].rule.id}]"


def _places(review: Review, item: JudgedCause, findings: Sequence[Finding]) -> str:
    places = [review.redactor.line(review.place(item.stack, finding), 120) for finding in findings]
    return listed(places, 10)


def _table(title: str, line: Line, table: ReviewTable[Row]) -> Iterator[str]:
    rows = [
        [line(column.written(row), 200) for column in table.shown_columns] for row in table.rows[:MAX_ROWS]
    ]
    if not rows:
        return
    yield f"{title}:"
    widths = [min(max(map(len, column)), 40) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
    if len(table.rows) > len(rows):
        yield f"  and {len(table.rows) - len(rows)} more"


@dataclass(frozen=True)
class Term:
    """One term of TKE or Pulumi."""

    name: str
    pattern: str
    """Regular expression of the spellings in a review."""
    text: str


TERMS: Sequence[Term] = (
    Term(
        "Apply",
        r"\bapply|\bapplied",
        "The run of `pulumi up` after the merge. A preview changes nothing; the apply does.",
    ),
    Term(
        "cbr0",
        r"cbr0",
        "The bridge on each node that connects the node's GlobalRouter pods. Without direct access a pod "
        "may see the address of cbr0 where its client's should be.",
    ),
    Term(
        "Container range",
        r"clusterCidr|pod range|container range",
        "The cluster's own range (clusterCidr) for pods on the overlay. It belongs to no VPC subnet, and "
        "other networks need a route to it.",
    ),
    Term(
        "Container subnet",
        r"(pod|container|ENI) subnets?|eniSubnetIds",
        "Also pod subnet or ENI subnet: a VPC subnet that holds addresses of pods. Each zone whose"
        " nodes run such pods needs one, because a network interface must be in its node's zone.",
    ),
    Term(
        "Direct access",
        r"[Dd]irect(-| )access",
        "The load balancer sends to the pods' own addresses, and pods see their clients' addresses. "
        "Without it the load balancer sends to a port of the nodes (node port), and pods see the address "
        "of a node.",
    ),
    Term(
        "ENI",
        r"\bENIs?\b",
        "Elastic network interface: a network card of a node in a VPC subnet. A pod with an address of "
        "such a card is an ENI pod: other hosts of the VPC reach the pod as they reach a server.",
    ),
    Term(
        "GlobalRouter",
        r"GlobalRouter|overlay",
        "The pods' first network, an overlay: addresses of the cluster's own range, outside of the VPC's "
        "subnets. Other hosts see the node's address instead of the pod's, unless the destination is in "
        "the non-masquerade list.",
    ),
    Term(
        "ipamd",
        r"ipamd",
        "The address allocator: the program in the cluster that gives pods their addresses of container"
        " subnets. While ipamd is away, running pods keep their addresses, and new pods wait.",
    ),
    Term(
        "Kept address",
        r"[Kk]ept address|kept ones|claim-delete-policy",
        "A pod of a StatefulSet comes back with the address that it had before a restart, so that allow-lists"
        " and DNS entries stay right.",
    ),
    Term(
        "Non-masquerade list",
        r"[Nn]on-?[Mm]asquerade|ip-masq-agent",
        "Destination ranges to which pods on the overlay show their own address. Towards all other"
        " destinations they show their node's.",
    ),
    Term(
        "Readiness gate",
        r"[Rr]eadiness gate",
        "With direct access a new pod counts as ready only when the load balancer sends to it; until then a"
        " rollout keeps the old pods.",
    ),
    Term(
        "VPC-CNI",
        r"VPC-CNI|vpcCni|VpcCni",
        "The pods' second network: pods with addresses of container subnets. In a hybrid cluster VPC-CNI is"
        " on beside GlobalRouter, and each workload chooses.",
    ),
)


def terms_in(text: str) -> list[Term]:
    """Return the terms that occur in the text."""
    return [term for term in TERMS if re.search(term.pattern, text)]
