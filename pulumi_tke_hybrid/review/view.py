"""What a reviewer is shown, as rows of plain text; how it looks is the business of Markdown and of the
terminal.

Nothing here is escaped or bounded: whoever writes it somewhere does that, for every piece.
"""

import re
from collections.abc import Sequence

from pulumi_tke_hybrid.cli.text import several
from pulumi_tke_hybrid.plan.model import Op, Step
from pulumi_tke_hybrid.plan.preview_json import Failure
from pulumi_tke_hybrid.review.accepting import JudgedCause, Verdict
from pulumi_tke_hybrid.review.difference import MOST, delta, differences
from pulumi_tke_hybrid.review.grouping import Counts, Group, summary
from pulumi_tke_hybrid.review.review import Review, StackReview
from pulumi_tke_hybrid.tke.rule import Finding, Severity, refusal_lines

SIGNS = {
    Op.CREATE: "+",
    Op.UPDATE: "~",
    Op.REPLACE: "±",
    Op.DELETE: "-",
    Op.OTHER: "?",
    Op.IMPORT: "=",
    Op.LEAVE: "=",
}


def headline(review: Review) -> str:
    """What it comes to, in some words. A danger with its consequences counts once, as it is one row."""
    if review.verdict is Verdict.CLEAN:
        return "nothing changes"
    dangers = [item for item in review.causes if item.severity is Severity.ERROR]
    told = [
        _counted([item for item in dangers if item.blocks], "danger"),
        _counted([item for item in dangers if item.accepted], "accepted danger"),
        _counted([item for item in review.causes if item.severity is Severity.WARNING], "warning"),
        counts_text(review.counts),
    ]
    return "; ".join(part for part in told if part)


def _counted(causes: Sequence[JudgedCause], noun: str) -> str:
    consequences = sum(len(item.cause.consequences) for item in causes)
    return (
        several(len(causes), noun) + (f" with {several(consequences, 'consequence')}" if consequences else "")
        if causes
        else ""
    )


def counts_text(counts: Counts) -> str:
    """The counts, replacements apart."""
    parts = [
        f"{counts.add} add",
        f"{counts.update} update",
        f"{counts.replace} replace",
        f"{counts.delete} delete",
    ]
    parts += [f"{counts.state_only} in the stack's state only"] if counts.state_only else []
    parts += [f"{counts.other} unknown"] if counts.other else []
    folded = f", {counts.noise} noise folded" if counts.noise else ""
    return f"{several(counts.changes, 'change')} ({', '.join(parts)}){folded}"


def troubles(review: Review) -> list[str]:
    """Why a stack's preview is not one to rely on."""
    found: list[str] = []
    for stack in review.stacks:
        name = stack.plan.stack or stack.plan.source
        if stack.plan.unreadable:
            found.append(f"{name}: no whole preview could be read: {stack.plan.unreadable}")
        if stack.plan.failed:
            silent = any(not own_words(failure) for failure in stack.plan.failures)
            where = (
                f"; {'its' if len(stack.plan.failures) == 1 else 'their'} text is in the job's log"
                if silent
                else ""
            )
            found.append(
                f"{name}: the preview failed with {several(len(stack.plan.failures), 'error')}{where}"
            )
    return found


def void(review: Review) -> list[str]:
    """Acceptances that accept nothing."""
    return [
        f"{item.by} accepts nothing here: it is the code of another change set, or no code"
        for item in review.void
    ]


def stopped(review: Review) -> list[str]:
    """Why the pipeline stops though nothing is dangerous."""
    stops = review.stopped_by and review.verdict is not Verdict.DANGEROUS
    return [f"--fail-on {review.fail_on.value} stops at {review.stopped_by}"] if stops else []


def level(item: JudgedCause) -> str:
    """`danger`, `warning`, `note` or `accepted`."""
    if item.accepted is not None:
        return "accepted"
    return "danger" if item.severity is Severity.ERROR else item.severity.value


def place(review: Review, stack: str, finding: Finding) -> str:
    """Where a finding is; with its stack where there are several."""
    return f"{stack}: {finding.path}" if len(review.stacks) > 1 else finding.path


def needs_code(review: Review, item: JudgedCause) -> bool:
    """Whether the cause stops the pipeline until somebody accepts it."""
    stops = item.severity is Severity.ERROR or (
        item.severity is Severity.WARNING and review.fail_on.warnings_count
    )
    return stops and item.accepted is None


def behind(review: Review, item: JudgedCause) -> str:
    """Who stands behind a cause."""
    return next(
        (
            stack.surroundings.of(item.cause.findings)
            for stack in review.stacks
            if stack.plan.stack == item.stack
        ),
        "",
    )


def consequences(item: JudgedCause) -> list[list[Finding]]:
    """The consequences of a cause, those of one rule together."""
    grouped: dict[str, list[Finding]] = {}
    for finding in item.cause.consequences:
        grouped.setdefault(finding.rule.id, []).append(finding)
    return list(grouped.values())


def component_row(group: Group) -> tuple[str, str, str, str]:
    """sign, name, kind, what."""
    return SIGNS.get(group.op, "~"), group.name, group.kind, summary(group)


def property_lines(step: Step) -> list[tuple[str, str]]:
    """(path, change) of what differs; no change where only the provider knows of it."""
    rows = [
        (path, "" if before is None and after is None else delta(path, before, after))
        for path, before, after in differences(step)
    ]
    return rows[:MOST] + ([(f"{len(rows) - MOST} more", "")] if len(rows) > MOST else [])


def changed_steps(stack: StackReview) -> list[Step]:
    """Steps whose properties are worth a look."""
    return [
        step
        for group in stack.outline.groups
        for step in group.steps
        if step.op in (Op.UPDATE, Op.REPLACE, Op.OTHER)
    ]


def unknowns(review: Review) -> list[str]:
    """What could not be known."""
    found: list[str] = []
    for stack in review.stacks:
        plan, start = stack.plan, f"{stack.plan.stack}: " if len(review.stacks) > 1 else ""
        found += [f"{start}{gap}" for gap in plan.gaps]
        if plan.unnamed_ops:
            found.append(
                f"{start}what {', '.join(sorted(plan.unnamed_ops))} means: unknown operations count as"
                " changes"
            )
        if plan.unknowns:
            found.append(
                f"{start}values of {several(plan.unknowns, 'resource')} that are known only after `up`"
            )
        if any(zone.covered and zone.free is None for zone in stack.zones):
            found.append(f"{start}free addresses of some pod subnets")
    return found


def refresh_text(review: Review) -> str:
    """Whether the cloud was looked at, as far as it is known."""
    said = {stack.plan.refreshed for stack in review.stacks}
    return "refreshed" if said == {True} else "not refreshed" if said == {False} else "refresh unknown"


def tools(review: Review) -> list[str]:
    """Names and versions of what made the preview."""
    found = dict(review.origin.tools)
    for stack in review.stacks:
        found.update(stack.plan.versions)
    return [f"{name} {version}" for name, version in sorted(found.items())]


_PROTECTED = re.compile(
    r'unable to (delete|replace) resource "([^"]{1,2000})"[\s\S]{0,4000}?marked for protection'
)
"""A sentence of the engine that holds nothing but names."""


def own_words(failure: Failure) -> list[str]:
    """What may be shown of an error: what this library wrote itself. Any other text may hold anything, so it
    is only counted."""
    protected = _PROTECTED.search(failure.text)
    if protected:
        name = protected[2].rsplit("::", 1)[-1]
        return [
            f"{name} is protected, and the plan would {protected[1]} it; go back, or switch protect off in a"
            " change of its own"
        ]
    ours = "tke-hybrid:" in failure.urn or "/tke-hybrid" in failure.urn
    found = [line.partition("has a problem: ")[2].strip() for line in failure.text.splitlines() if ours]
    return [line for line in found if line] + refusal_lines(failure.text)
