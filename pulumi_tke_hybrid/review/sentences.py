"""The two sentences that open a review: what happens if the change is merged, and what to check before."""

from collections.abc import Sequence

from pulumi_tke_hybrid.console.text import several
from pulumi_tke_hybrid.review import view
from pulumi_tke_hybrid.review.gate import JudgedCause
from pulumi_tke_hybrid.review.review import Review
from pulumi_tke_hybrid.review.verdict import Verdict
from pulumi_tke_hybrid.tke.rule import Severity

NO_EFFECT = "No effect on the network found"


def opening(review: Review) -> list[tuple[str, str]]:
    """(`If merged`, sentence), (`Check`, sentence); one pair without a title where no effect was found."""
    if review.verdict is Verdict.COULD_NOT_TELL:
        return [
            ("If merged", "not known: no whole preview could be read, so this comment shows no effect or only a part."),
            ("Check", "do not merge on this comment; run the preview again and read the job's log."),
        ]
    told = [item for item in review.causes if item.severity is not Severity.NOTE]
    failed = any(stack.plan.failed for stack in review.stacks)
    if failed:
        return _failed(review, told)
    return _effects(review, told) if told else [("", f"{NO_EFFECT}.")]


def _failed(review: Review, told: Sequence[JudgedCause]) -> list[tuple[str, str]]:
    merged = "nothing is applied: the next `pulumi up` ends with the same error in its own preview, before it changes anything."
    if told:
        merged += f" Without the error: {_merged(review, told)}"
    return [("If merged", merged), ("Check", "send the change back to its author: the error must be mended first, and a new preview made.")]


def _effects(review: Review, told: Sequence[JudgedCause]) -> list[tuple[str, str]]:
    first = told[0].cause.first
    return [("If merged", _merged(review, told)), ("Check", f"is this intended? If not: {first.todo}.")]


def _merged(review: Review, told: Sequence[JudgedCause]) -> str:
    first, rest = told[0], told[1:]
    dangers = sum(item.severity is Severity.ERROR for item in rest)
    more = [several(dangers, "more danger") if dangers else "", several(len(rest) - dangers, "more warning") if len(rest) > dangers else ""]
    also = " and ".join(part for part in more if part)
    return f"{view.place(review, first.stack, first.cause.first)}: {first.cause.first.why}{f'; and {also} below' if also else ''}."
