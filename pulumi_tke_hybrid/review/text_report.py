"""A review as text for a terminal or a job's log: the same rows, without Markdown."""

from collections.abc import Iterator

from pulumi_tke_hybrid.console.text import listed
from pulumi_tke_hybrid.review import view, zone_table
from pulumi_tke_hybrid.review.gate import LABEL, JudgedCause
from pulumi_tke_hybrid.review.review import Review
from pulumi_tke_hybrid.review.sentences import opening
from pulumi_tke_hybrid.review.verdict import Verdict

_MOST = 60


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
    yield from (f"    {say(line)}" for stack in review.stacks for failure in stack.plan.failures for line in view.own_words(failure))
    yield from (f"  {say(line)}" for line in view.void(review))
    for item in review.causes[:_MOST]:
        yield from _cause(review, item)
    if len(review.causes) > _MOST:
        yield f"  and {len(review.causes) - _MOST} more findings"
    for stack in review.stacks:
        zones = zone_table.rows(stack)[:_MOST]
        yield from _table("zones", [tuple(say(cell, 100) for cell in row) for row in zones], len(stack.zones))
        groups = [view.component_row(group) for group in stack.outline.groups[:_MOST]]
        yield from _table("changes", [tuple(say(cell, 200) for cell in row) for row in groups], len(stack.outline.groups))
        yield from (f"  folded: {sort}: {count}" for sort, count in stack.outline.folded)
    yield from (f"  not known: {say(line)}" for line in view.unknowns(review))


def _cause(review: Review, item: JudgedCause) -> Iterator[str]:
    say, finding = review.words.line, item.cause.first
    who = f" (accepted by {say(item.accepted.by, 120)})" if item.accepted else ""
    places = listed([say(view.place(review, item.stack, found), 120) for found in item.cause.findings], 10)
    yield f"  {view.level(item)}{who}: {places}: {say(finding.head)} [{finding.rule.id}]"
    accept = f"--accept {item.code}, or the label {LABEL}:{item.code}" if view.needs_code(review, item) else ""
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
