"""A review as the Markdown of one comment. What does not fit is said shorter, step by step; it never
fails."""

from collections.abc import Sequence
from dataclasses import dataclass

from pulumi_tke_hybrid.cli.text import listed, several
from pulumi_tke_hybrid.plan.rules.clusters import APPLY_FAILS
from pulumi_tke_hybrid.review import effects, view, wording
from pulumi_tke_hybrid.review.accepting import LABEL, JudgedCause, Verdict
from pulumi_tke_hybrid.review.report import GITHUB_LIMIT, Comment, digest, marker
from pulumi_tke_hybrid.review.review import Review
from pulumi_tke_hybrid.review.sentences import opening
from pulumi_tke_hybrid.tke.rule import Finding, Severity

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
        first += [self._opened(title, said) for title, said in opening(self._review)]
        first += [f"- ❌ {self._prose(line)}" for line in view.troubles(self._review)[:5]]
        first += [f"  - {self._prose(line)}" for line in self._own_words()[:4]]
        first += [f"- ⚠️ {self._prose(line)}" for line in view.stopped(self._review)]
        first += [f"- {self._prose(line)}" for line in view.void(self._review)[:3]]
        bullets = self._bullets(FIRST_SCREEN - 3 - len(first))
        return [
            *first,
            *(
                ["", "**Needs a decision**", *bullets]
                if self._open
                else ["", "**Worth knowing**", *bullets]
                if bullets
                else []
            ),
            *self._zones(),
            *self._components(),
            *self._all_places(),
            *self._details(),
            *self._folded(),
            *self._unknowns(),
            *self._terms("\n".join([*first, *bullets])),
            *self._footer(),
        ]

    def _terms(self, text: str) -> list[str]:
        """The words of the first screen that a reader of networks may not know."""
        found = wording.used(text) if self._detail.rows else []
        return (
            ["", *_folded("Network terms", [f"- **{term.name}:** {term.text}" for term in found])]
            if found
            else []
        )

    def _opened(self, title: str, said: str) -> str:
        text = self._words.prose(said, 2 * self._detail.sentence)
        return f"- **{title}:** {text}" if title else f"- **{text}**"

    @property
    def _open(self) -> bool:
        return any(view.needs_code(self._review, item) for item in self._review.causes)

    def _prose(self, text: str) -> str:
        return self._words.prose(text, self._detail.sentence)

    def _heading(self) -> str:
        names = (
            ", ".join(self._words.code(name, 60) for name in self._review.names[:_STACKS_NAMED]) or "no stack"
        )
        more = len(self._review.names) - _STACKS_NAMED
        stacks = f"{names} and {more} more" if more > 0 else names
        verdict = self._review.verdict
        said = view.headline(self._review)
        if verdict is Verdict.CLEAN:
            return f"{ICONS[verdict]} {stacks}: {said}"
        return f"### {ICONS[verdict]} {stacks}: {verdict.value}. {said}"

    def _own_words(self) -> list[str]:
        return [
            line
            for stack in self._review.stacks
            for failure in stack.plan.failures
            for line in view.own_words(failure)
        ]

    def _bullets(self, room: int) -> list[str]:
        """The causes, strictest first, as they fit the first screen: each part on a line, or a line each; the
        last line counts the rest."""
        causes, room = self._review.causes, max(room, 3)
        for wide in (tuple(Severity), (Severity.ERROR,), ()) if len(causes) <= room else ():
            lines = [line for item in causes for line in self._bullet(item, wide=item.severity in wide)]
            if len(lines) <= room:
                return lines
        shown = causes if len(causes) <= room else causes[: room - 1]
        spare = room - len(shown) - (len(shown) < len(causes))
        narrow: list[str] = []
        for item in shown:
            head, *below = self._bullet(item, wide=False)
            fitting = below if len(below) <= spare else self._cut(item, below, spare)
            spare -= len(fitting)
            narrow += [head, *fitting]
        rest = causes[len(shown) :]
        return [*narrow, f"- and {len(rest)} more: {self._rest(rest)}"] if rest else narrow

    def _cut(self, item: JudgedCause, below: Sequence[str], room: int) -> list[str]:
        """Consequences that do not fit: the last line names the rest by their rules; without room there is
        none."""
        kept = max(room - 1, 0)
        rules = [finding.rule.id for finding, *_ in view.consequences(item)][kept:]
        return [*below[:kept], f"  - so also: {', '.join(f'[{rule}]' for rule in rules)}"][:room]

    def _rest(self, causes: Sequence[JudgedCause]) -> str:
        named = [self._short(item) for item in causes[: self._detail.subjects]]
        return listed(named, len(named)) + (
            f" and {len(causes) - len(named)} more" if len(causes) > len(named) else ""
        )

    def _short(self, item: JudgedCause) -> str:
        code = f" `{item.code}`" if view.needs_code(self._review, item) else ""
        return f"{self._place(item.stack, item.cause.first)} [{item.cause.first.rule.id}]{code}"

    def _bullet(self, item: JudgedCause, *, wide: bool) -> list[str]:
        """Change, who, effect, what to do; then the consequences, a line for each rule."""
        finding, who = item.cause.first, view.behind(self._review, item)
        accepted = f" **accepted by {self._words.prose(item.accepted.by, 120)}:**" if item.accepted else ""
        code = f" · accept code `{item.code}`" if view.needs_code(self._review, item) else ""
        head = f"- {LEVELS[view.level(item)]}{accepted} {self._change(item.stack, item.cause.findings)} {self._rule(finding)}{code}"
        parts = {"Who": who, "Effect": finding.why, "Do": finding.todo, "If intended": finding.intended}
        if not wide:  # one line, so the first clause of the effect, and no more than what a decision needs
            danger = item.severity is Severity.ERROR
            parts |= {"Who": who if danger else "", "Effect": finding.why.partition("; ")[0]}
            parts |= {} if danger else {"If intended": ""}
        said = [f"**{title}:** {self._prose(text)}" for title, text in parts.items() if text]
        if view.needs_code(self._review, item):
            useless = (
                " (accepting does not help: the apply fails)" if finding.why.startswith(APPLY_FAILS) else ""
            )
            said.append(
                f"**To accept it as it is:** label `{LABEL}:{item.code}` or `--accept {item.code}`{useless}"
            )
        first = [head, *(f"  - {part}" for part in said)] if wide else [" · ".join([head, *said])]
        return [*first, *self._consequences(item)]

    def _change(self, stack: str, findings: Sequence[Finding]) -> str:
        if len({finding.head for finding in findings}) == 1:
            return f"{self._places(stack, findings)}: {self._prose(findings[0].head)}"
        each = [f"{self._place(stack, finding)}: {self._prose(finding.head)}" for finding in findings[:_EACH]]
        rest = findings[_EACH:]
        return "; ".join([*each, f"likewise {self._places(stack, rest)}"] if rest else each)

    def _places(self, stack: str, findings: Sequence[Finding]) -> str:
        shown = findings[: self._detail.subjects]
        more = f" and {len(findings) - len(shown)} more" if len(findings) > len(shown) else ""
        return ", ".join(self._place(stack, finding) for finding in shown) + more

    def _consequences(self, item: JudgedCause) -> list[str]:
        return [
            f"  - so also {self._change(item.stack, found)} {self._rule(found[0])}"
            for found in view.consequences(item)
        ]

    def _rule(self, finding: Finding) -> str:
        docs = self._review.origin.docs
        return f"[{finding.rule.id}]" + (f"({docs}/rules.md#{finding.rule.id})" if docs else "")

    def _place(self, stack: str, finding: Finding) -> str:
        return self._words.code(view.place(self._review, stack, finding), 120)

    def _all_places(self) -> list[str]:
        """Of causes that are in more places than their line names."""
        lines: list[str] = []
        for item in self._review.causes:
            rest = item.cause.findings[self._detail.subjects : 10 * self._detail.rows]
            if rest and self._detail.diffs:
                places = ", ".join(self._place(item.stack, finding) for finding in rest)
                lines.append(f"- {item.cause.first.rule.id}: {places}")
        return ["", *_folded("More places of the findings above", lines)] if lines else []

    def _zones(self) -> list[str]:
        many = len(self._review.stacks) > 1
        rows = [(stack.plan.stack, row) for stack in self._review.stacks for row in effects.rows(stack)]
        if not rows:
            return []
        head = ["stack"] if many else []
        shown = [
            [*([self._words.code(name)] if many else []), *self._zone(row)]
            for name, row in rows[: self._detail.rows]
        ]
        return [
            "",
            "**Zones**",
            "",
            *_table([*head, *effects.HEAD], shown),
            *_more(len(rows) - len(shown)),
        ]

    def _zone(self, row: effects.Row) -> list[str]:
        zone, subnets, free, nodes, verdict = row
        return [self._words.code(zone), self._words.prose(subnets, 200), free, nodes, verdict]

    def _components(self) -> list[str]:
        lines: list[str] = []
        for stack in self._review.stacks:
            groups = stack.outline.groups
            if not groups:
                continue
            title = (
                f"**Changes of {self._words.code(stack.plan.stack)}**"
                if len(self._review.stacks) > 1
                else "**Changes**"
            )
            rows = [self._component(view.component_row(group)) for group in groups[: self._detail.rows]]
            lines += ["", title, "", *_table(["", "what", "how"], rows), *_more(len(groups) - len(rows))]
        return lines

    def _component(self, row: tuple[str, str, str, str]) -> list[str]:
        sign, name, kind, what = row
        return [
            sign,
            f"{self._words.code(name)} {self._words.prose(kind, 60)}",
            self._words.prose(what, min(self._detail.sentence, 300)),
        ]

    def _details(self) -> list[str]:
        lines: list[str] = []
        left, total = self._detail.diffs, 0
        for stack in self._review.stacks:
            steps = view.changed_steps(stack)
            total += len(steps)
            for step in steps[:left]:
                lines.append(
                    f"- {view.SIGNS[step.op]} {self._words.code(step.name)} {self._words.prose(step.type, 100)}"
                )
                for path, change in view.property_lines(step):
                    value = f": {self._words.code(change, 200)}" if self._detail.values and change else ""
                    lines.append(f"  - {self._words.code(path, 120)}{value}")
            left = max(left - len(steps), 0)
        if not lines:
            return (
                []
                if not total
                else ["", f"Properties of {several(total, 'resource')} are left out: they do not fit."]
            )
        more = total - self._detail.diffs
        rest = [f"- and {more} more resources"] if more > 0 else []
        return ["", *_folded(f"Properties ({several(total, 'resource')})", [*lines, *rest])]

    def _folded(self) -> list[str]:
        rows = [f"- {sort}: {count}" for stack in self._review.stacks for sort, count in stack.outline.folded]
        return ["", *_folded(f"Folded noise ({self._review.counts.noise})", rows)] if rows else []

    def _unknowns(self) -> list[str]:
        found = view.unknowns(self._review)
        hidden = (
            sum(len(stack.plan.failures) for stack in self._review.stacks) if not self._own_words() else 0
        )
        if hidden:
            found.append(
                f"the text of {several(hidden, 'error')}: it may hold anything, so it stays in the job's log"
            )
        lines = [f"- {self._prose(line)}" for line in found[: max(self._detail.rows, 1)]]
        return ["", *_folded(f"Not known ({len(found)})", lines)] if found else []

    def _footer(self) -> list[str]:
        commit = (
            f"commit {self._words.code(self._review.origin.commit, 60)}" if self._review.origin.commit else ""
        )
        tools = ", ".join(self._words.prose(tool, 60) for tool in view.tools(self._review)[:10])
        docs, job = self._review.origin.docs, self._review.origin.job
        pages = (
            f"[rules]({docs}/rules.md), [terms]({docs}/network-terms.md)"
            if docs
            else "rules: docs/rules.md, terms: docs/network-terms.md"
        )
        links = [f"[job]({job})" if job else "", pages if self._review.causes else ""]
        parts = [commit, tools, view.refresh_text(self._review), f"change set {self._fingerprint}", *links]
        return ["", f"<sub>{' · '.join(part for part in parts if part)}</sub>"]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return (
        [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}", *(f"| {' | '.join(row)} |" for row in rows)]
        if rows
        else []
    )


def _more(count: int) -> list[str]:
    return ["", f"and {count} more"] if count > 0 else []


def _folded(title: str, lines: Sequence[str]) -> list[str]:
    return [f"<details><summary>{title}</summary>", "", *lines, "", "</details>"]
