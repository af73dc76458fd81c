"""A review for programs: plain JSON data. Its schema is in docs/review.md."""

import hashlib
from typing import Any

from pulumi_tke_hybrid.review import view
from pulumi_tke_hybrid.review.comment import Digest
from pulumi_tke_hybrid.review.gate import Judged
from pulumi_tke_hybrid.review.outline import Counts
from pulumi_tke_hybrid.review.review import Review, StackReview
from pulumi_tke_hybrid.review.words import Words

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
        "versions": {words.line(name, 100): words.line(version, 100) for name, version in stack.plan.versions.items()},
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
            dict(zip(("sign", "name", "type", "what"), (words.line(part, 200) for part in view.component_row(group)), strict=True))
            for group in groups[:_MOST]
        ],
        "changesInAll": len(groups),
    }
