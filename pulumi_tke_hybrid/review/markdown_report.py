"""A review as the Markdown of one comment. What does not fit is said shorter, step by step; it never fails."""

from collections.abc import Sequence
from dataclasses import dataclass

from pulumi_tke_hybrid.console.text import several
from pulumi_tke_hybrid.review import view
from pulumi_tke_hybrid.review.comment import GITHUB_LIMIT, Comment, marker
from pulumi_tke_hybrid.review.digest import digest
from pulumi_tke_hybrid.review.review import Review
from pulumi_tke_hybrid.review.verdict import Verdict

ICONS = {
    Verdict.CLEAN: "✅",
    Verdict.CHANGES: "🔷",
    Verdict.DANGEROUS: "⛔",
    Verdict.INVALID: "❌",
    Verdict.COULD_NOT_TELL: "❔",
}
LEVELS = {"danger": "⛔", "warning": "⚠️", "note": "📝", "accepted": "☑️"}
FIRST_SCREEN = 25
"""Lines that carry the verdict and every danger."""
_STACKS_NAMED = 5
_EACH = 4


@dataclass(frozen=True)
class Detail:
    """How much is said. Each step says less."""

    rows: int
    """Lines of a table, of components, of unknowns."""
    diffs: int
    """Resources whose properties are named."""
    values: bool
    """Whether their values are shown."""
    subjects: int
    """Places of one danger."""
    sentence: int
    """Characters of a sentence."""


STEPS = (
    Detail(40, 200, True, 25, 600),
    Detail(40, 100, False, 25, 600),
    Detail(30, 0, False, 20, 500),
    Detail(10, 0, False, 10, 300),
    Detail(3, 0, False, 3, 120),
    Detail(0, 0, False, 1, 60),
)


def comment(review: Review, limit: int = GITHUB_LIMIT) -> Comment:
    """The comment, not longer than `limit`."""
    head, whole = marker(review.names), digest(review)
    body = ""
    for detail in STEPS:
        body = "\n".join([head, *_Writer(review, detail, whole.fingerprint).lines()]) + "\n"
        if _length(body) <= limit:
            break
    else:
        while _length(body) > limit:  # a limit that is smaller than any comment
            body = body[: len(body) - max(_length(body) - limit, 1)]
    return Comment(head, body, whole)


def _length(text: str) -> int:
    """As code hosts count: a sign outside the basic plane counts twice."""
    return len(text) + sum(ord(sign) > 0xFFFF for sign in text)


class _Writer:
    """The lines of one comment."""

    def __init__(self, review: Review, detail: Detail, fingerprint: str) -> None:
        self._fingerprint = fingerprint
        self._review = review
        self._detail = detail
        self._words = review.words

    def lines(self) -> list[str]:
        first = [self._heading()]
        if self._review.verdict is Verdict.CLEAN:
            return first
        first += [f"- ❌ {self._prose(line)}" for line in view.troubles(self._review)[:5]]
        first += [f"  - {self._prose(line)}" for line in self._own_words()[:4]]
        dangers = self._dangers(FIRST_SCREEN - 2 - len(first))
        return [
            *first,
            *(["", "**Needs a decision**", *dangers] if self._open else ["", "**Worth knowing**", *dangers] if dangers else []),
            *self._zones(),
            *self._components(),
            *self._all_places(),
            *self._details(),
            *self._folded(),
            *self._unknowns(),
            *self._footer(),
        ]

    @property
    def _open(self) -> bool:
        return any(item.blocks for item in self._review.findings)

    def _prose(self, text: str) -> str:
        return self._words.prose(text, self._detail.sentence)

    def _heading(self) -> str:
        names = ", ".join(self._words.code(name, 60) for name in self._review.names[:_STACKS_NAMED]) or "no stack"
        more = len(self._review.names) - _STACKS_NAMED
        stacks = f"{names} and {more} more" if more > 0 else names
        verdict = self._review.verdict
        said = view.headline(self._review)
        if verdict is Verdict.CLEAN:
            return f"{ICONS[verdict]} {stacks}: {said}"
        return f"### {ICONS[verdict]} {stacks}: {verdict.value}. {said}"

    def _own_words(self) -> list[str]:
        return [line for stack in self._review.stacks for failure in stack.plan.failures for line in view.own_words(failure)]

    def _dangers(self, room: int) -> list[str]:
        """One line a rule. All of them fit the first screen, the last line takes what is over."""
        room = max(room - 2, 3)
        found = view.dangers(self._review, room)
        rest = found[room - 1 :] if len(found) > room else []
        lines = [self._danger(item) for item in found[: len(found) - len(rest)]]
        also = ", ".join(f"{self._places(item)} [{item.judged.finding.rule.id}]" for item in rest)
        return [*lines, f"- also: {also}"] if rest else lines

    def _danger(self, item: view.Danger) -> str:
        finding = item.judged.finding
        who = f" **accepted by {self._words.prose(item.accepted, 120)}**" if item.accepted else ""
        stands = f"; behind it: {self._prose(item.behind)}" if item.behind else ""
        said = self._each(item) if len(item.findings) > 1 else ""
        told = said or f"{self._places(item)}: {self._prose(finding.message)}"
        return f"- {LEVELS[item.level]}{who} {told}{stands} [{finding.rule.id}]"

    def _each(self, item: view.Danger) -> str:
        """What is different about a few findings of one sentence; nothing where that is nothing, or they are many."""
        heads = [finding.head for finding in item.findings]
        if len(heads) > min(_EACH, self._detail.subjects) or len(set(heads)) == 1 or not item.one_sentence:
            return ""
        each = "; ".join(f"{self._words.code(place, 120)}: {self._prose(head)}" for place, head in zip(item.subjects, heads, strict=True))
        return f"{each}; {self._prose(item.judged.finding.tail)}"

    def _places(self, item: view.Danger) -> str:
        shown = item.subjects[: self._detail.subjects]
        more = f" and {len(item.subjects) - len(shown)} more" if len(item.subjects) > len(shown) else ""
        return ", ".join(self._words.code(place, 120) for place in shown) + more

    def _all_places(self) -> list[str]:
        """Of findings that are in more places than their line names."""
        lines: list[str] = []
        for item in view.dangers(self._review, 0):
            rest = item.subjects[self._detail.subjects : self._detail.subjects + 10 * self._detail.rows]
            if rest and self._detail.diffs:
                lines.append(f"- {item.judged.finding.rule.id}: {', '.join(self._words.code(place, 120) for place in rest)}")
        return ["", *_folded("More places of the findings above", lines)] if lines else []

    def _zones(self) -> list[str]:
        many = len(self._review.stacks) > 1
        rows = [(stack.plan.stack, view.zone_row(zone, whole=stack.plan.whole)) for stack in self._review.stacks for zone in stack.zones]
        if not rows:
            return []
        head = ["stack"] if many else []
        shown = [[*([self._words.code(name)] if many else []), *self._zone(row)] for name, row in rows[: self._detail.rows]]
        return [
            "",
            "**Zones**",
            "",
            *_table([*head, "zone", "pod subnets", "free addresses", "nodes", ""], shown),
            *_more(len(rows) - len(shown)),
        ]

    def _zone(self, row: tuple[str, str, str, str, str]) -> list[str]:
        zone, subnets, free, nodes, verdict = row
        return [self._words.code(zone), self._words.prose(subnets, 200), free, nodes, verdict]

    def _components(self) -> list[str]:
        lines: list[str] = []
        for stack in self._review.stacks:
            groups = stack.outline.groups
            if not groups:
                continue
            title = f"**Changes of {self._words.code(stack.plan.stack)}**" if len(self._review.stacks) > 1 else "**Changes**"
            rows = [self._component(view.component_row(group)) for group in groups[: self._detail.rows]]
            lines += ["", title, "", *_table(["", "what", "how"], rows), *_more(len(groups) - len(rows))]
        return lines

    def _component(self, row: tuple[str, str, str, str]) -> list[str]:
        sign, name, kind, what = row
        return [sign, f"{self._words.code(name)} {self._words.prose(kind, 60)}", self._words.prose(what, min(self._detail.sentence, 300))]

    def _details(self) -> list[str]:
        lines: list[str] = []
        left, total = self._detail.diffs, 0
        for stack in self._review.stacks:
            steps = view.changed_steps(stack)
            total += len(steps)
            for step in steps[:left]:
                lines.append(f"- {view.SIGNS[step.op]} {self._words.code(step.name)} {self._words.prose(step.type, 100)}")
                for path, before, after in view.property_lines(step):
                    values = f": {self._words.code(before)} → {self._words.code(after)}" if self._detail.values and before else ""
                    lines.append(f"  - {self._words.code(path, 120)}{values}")
            left = max(left - len(steps), 0)
        if not lines:
            return [] if not total else ["", f"Properties of {several(total, 'resource')} are left out: they do not fit."]
        more = total - self._detail.diffs
        rest = [f"- and {more} more resources"] if more > 0 else []
        return ["", *_folded(f"Properties ({several(total, 'resource')})", [*lines, *rest])]

    def _folded(self) -> list[str]:
        rows = [f"- {sort}: {count}" for stack in self._review.stacks for sort, count in stack.outline.folded]
        return ["", *_folded(f"Folded noise ({self._review.counts.noise})", rows)] if rows else []

    def _unknowns(self) -> list[str]:
        found = view.unknowns(self._review)
        hidden = sum(len(stack.plan.failures) for stack in self._review.stacks) if not self._own_words() else 0
        if hidden:
            found.append(f"the text of {several(hidden, 'error')}: it may hold anything, so it stays in the job's log")
        lines = [f"- {self._prose(line)}" for line in found[: max(self._detail.rows, 1)]]
        return ["", *_folded(f"Not known ({len(found)})", lines)] if found else []

    def _footer(self) -> list[str]:
        commit = f"commit {self._words.code(self._review.origin.commit, 60)}" if self._review.origin.commit else ""
        tools = ", ".join(self._words.prose(tool, 60) for tool in view.tools(self._review)[:10])
        parts = [commit, tools, view.refresh_text(self._review), f"change set {self._fingerprint}"]
        return ["", f"<sub>{' · '.join(part for part in parts if part)}</sub>"]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}", *(f"| {' | '.join(row)} |" for row in rows)] if rows else []


def _more(count: int) -> list[str]:
    return ["", f"and {count} more"] if count > 0 else []


def _folded(title: str, lines: Sequence[str]) -> list[str]:
    return [f"<details><summary>{title}</summary>", "", *lines, "", "</details>"]
