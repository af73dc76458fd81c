"""A review as the Markdown of one comment, shortened step by step until the comment fits the limit.

All texts come from `view` and `opening`; this module escapes and arranges them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pulumi_tke_hybrid.cli import process
from pulumi_tke_hybrid.cli.process import listed, several
from pulumi_tke_hybrid.cli.result import Row
from pulumi_tke_hybrid.plan.rules.cluster_rules import APPLY_FAILS
from pulumi_tke_hybrid.review import view
from pulumi_tke_hybrid.review.grouping import SIGNS
from pulumi_tke_hybrid.review.opening import opening
from pulumi_tke_hybrid.review.redaction import property_lines
from pulumi_tke_hybrid.review.report import GITHUB_LIMIT, Comment, digest, marker, terms_in
from pulumi_tke_hybrid.review.review import LABEL, JudgedCause, Review, ReviewVerdict
from pulumi_tke_hybrid.review.view import ReviewTable
from pulumi_tke_hybrid.tke.rule import Finding, Severity

ICONS = {
    ReviewVerdict.CLEAN: "✅",
    ReviewVerdict.CHANGES: "🔷",
    ReviewVerdict.DANGEROUS: "⛔",
    ReviewVerdict.INVALID: "❌",
    ReviewVerdict.COULD_NOT_TELL: "❔",
}
LEVELS = {"danger": "⛔", "warning": "⚠️", "note": "📝", "accepted": "☑️"}
FIRST_SCREEN = 25
"""Lines that hold the verdict and every danger."""
_STACKS_NAMED = 5
_MOST_CHANGES = 4
_MOST_CELL = 300


@dataclass(frozen=True)
class Detail:
    """The limits of one step; each step is shorter than the step before."""

    rows: int
    """Rows of a table, and lines of unknowns."""
    diffs: int
    """Resources whose changed properties are listed."""
    values: bool
    """Whether the values of these properties are shown."""
    subjects: int
    """Places of one finding."""
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
    """Return the comment with at most `limit` characters."""
    head, data = marker(review.names), digest(review)
    body = ""
    writer = _Writer(review, data["fingerprint"])
    for detail in STEPS:
        body = "\n".join([head, *writer.lines(detail)]) + "\n"
        if _length(body) <= limit:
            break
    else:
        while _length(body) > limit:  # a limit that is smaller than any comment
            body = body[: len(body) - max(_length(body) - limit, 1)]
    return Comment(head, body, data, worth_making=review.verdict is not ReviewVerdict.CLEAN)


def _length(text: str) -> int:
    """Return the length as code hosts count: a character outside the basic plane counts twice."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


class _Writer:
    """Writes the lines of one comment."""

    def __init__(self, review: Review, fingerprint: str) -> None:
        self._fingerprint = fingerprint
        self._review = review
        self._detail = STEPS[0]
        self._redactor = review.redactor
        self._opening = opening(review)
        self._zones = [(stack.plan.stack, view.zones(stack)) for stack in review.stacks]

    def lines(self, detail: Detail) -> list[str]:
        """Return the lines within the limits of one step."""
        self._detail = detail
        first = [self._heading()]
        if self._review.verdict is ReviewVerdict.CLEAN:
            return first
        first += [self._opening_line(title, sentence) for title, sentence in self._opening]
        first += [f"- ❌ {self._prose(line)}" for line in view.troubles(self._review)[:5]]
        first += [f"  - {self._prose(line)}" for line in view.errors(self._review)[:4]]
        first += [f"- ⚠️ {self._prose(line)}" for line in view.stopped(self._review)]
        first += [f"- {self._prose(line)}" for line in view.void(self._review)[:3]]
        bullets = self._bullets(FIRST_SCREEN - 3 - len(first))
        is_open = any(self._review.needs_code(item) for item in self._review.causes)
        title = "**Needs a decision**" if is_open else "**Worth knowing**"
        return [
            *first,
            *(["", title, *bullets] if bullets else []),
            *self._zone_table(),
            *self._changes(),
            *self._all_places(),
            *self._details(),
            *self._noise(),
            *self._unknowns(),
            *self._terms("\n".join([*first, *bullets])),
            *self._footer(),
        ]

    def _terms(self, text: str) -> list[str]:
        """Return the explanations of the terms on the first screen."""
        found = terms_in(text) if self._detail.rows else []
        return _folded("Network terms", [f"- **{term.name}:** {term.text}" for term in found])

    def _opening_line(self, title: str, sentence: str) -> str:
        text = self._redactor.prose(sentence, 2 * self._detail.sentence)
        return f"- **{title}:** {text}" if title else f"- **{text}**"

    def _prose(self, text: str) -> str:
        return self._redactor.prose(text, self._detail.sentence)

    def _heading(self) -> str:
        names = [self._redactor.code(name, 60) for name in self._review.names]
        stacks = listed(names, _STACKS_NAMED) or "no stack"
        verdict = self._review.verdict
        headline = view.headline(self._review)
        if verdict is ReviewVerdict.CLEAN:
            return f"{ICONS[verdict]} {stacks}: {headline}"
        return f"### {ICONS[verdict]} {stacks}: {verdict.value}. {headline}"

    def _bullets(self, room: int) -> list[str]:
        """Return the causes, strictest first, in at most `room` lines: a line for each part, or for each
        cause; the last line counts the rest."""
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
        named = listed(rest, self._detail.subjects, self._short)
        return [*narrow, f"- and {len(rest)} more: {named}"] if rest else narrow

    def _cut(self, item: JudgedCause, below: Sequence[str], room: int) -> list[str]:
        """Return the consequences in at most `room` lines: the last line names the rest by their rules."""
        kept = max(room - 1, 0)
        rules = [finding.rule.id for finding, *_ in item.cause.consequences_by_rule][kept:]
        return [*below[:kept], f"  - so also: {', '.join(f'[{rule}]' for rule in rules)}"][:room]

    def _short(self, item: JudgedCause) -> str:
        code = f" `{item.code}`" if self._review.needs_code(item) else ""
        return f"{self._place(item.stack, item.cause.first)} [{item.cause.first.rule.id}]{code}"

    def _bullet(self, item: JudgedCause, *, wide: bool) -> list[str]:
        """Return the lines of a cause: change, affected resources, effect, action; then the consequences, a
        line for each rule."""
        finding, affected = item.cause.first, self._review.affected(item)
        accepted = f" **accepted by {self._redactor.prose(item.accepted.by, 120)}:**" if item.accepted else ""
        code = f" · accept code `{item.code}`" if self._review.needs_code(item) else ""
        change = self._change_text(item.stack, item.cause.findings)
        head = f"- {LEVELS[item.level]}{accepted} {change} {self._rule(finding)}{code}"
        # In one line: the first clause of the effect, and for a warning no more than a decision needs.
        full = wide or item.severity is Severity.ERROR
        parts = {
            "Affected": affected if full else "",
            "Effect": finding.why if wide else finding.why.partition("; ")[0],
            "Do": finding.todo,
            "If intended": finding.intended if full else "",
        }
        shown = [f"**{title}:** {self._prose(text)}" for title, text in parts.items() if text]
        if self._review.needs_code(item):
            fails = finding.why.startswith(APPLY_FAILS)
            useless = " (accepting does not help: the apply fails)" if fails else ""
            shown.append(
                f"**To accept it as it is:** label `{LABEL}:{item.code}` or `--accept {item.code}`{useless}"
            )
        first = [head, *(f"  - {part}" for part in shown)] if wide else [" · ".join([head, *shown])]
        consequences = (
            f"  - so also {self._change_text(item.stack, found)} {self._rule(found[0])}"
            for found in item.cause.consequences_by_rule
        )
        return [*first, *consequences]

    def _change_text(self, stack: str, findings: Sequence[Finding]) -> str:
        if len({finding.head for finding in findings}) == 1:
            return f"{self._places(stack, findings)}: {self._prose(findings[0].head)}"
        each = [
            f"{self._place(stack, finding)}: {self._prose(finding.head)}"
            for finding in findings[:_MOST_CHANGES]
        ]
        rest = findings[_MOST_CHANGES:]
        return "; ".join([*each, f"likewise {self._places(stack, rest)}"] if rest else each)

    def _places(self, stack: str, findings: Sequence[Finding]) -> str:
        return listed(findings, self._detail.subjects, lambda finding: self._place(stack, finding))

    def _rule(self, finding: Finding) -> str:
        docs = self._review.origin.docs
        return f"[{finding.rule.id}]" + (f"({docs}/rules.md#{finding.rule.id})" if docs else "")

    def _place(self, stack: str, finding: Finding) -> str:
        return self._redactor.code(self._review.place(stack, finding), 120)

    def _all_places(self) -> list[str]:
        """Return the places of causes that do not fit the line of the cause."""
        lines: list[str] = []
        for item in self._review.causes:
            rest = item.cause.findings[self._detail.subjects : 10 * self._detail.rows]
            if rest and self._detail.diffs:
                places = ", ".join(self._place(item.stack, finding) for finding in rest)
                lines.append(f"- {item.cause.first.rule.id}: {places}")
        return _folded("More places of the findings above", lines)

    def _zone_table(self) -> list[str]:
        """Return the zones of all stacks as one table."""
        in_all = sum(len(table.rows) for _, table in self._zones)
        if not in_all:
            return []
        many = len(self._zones) > 1
        rows = [
            [*([self._redactor.code(name)] if many else []), *cells]
            for name, table in self._zones
            for cells in self._cells(table)
        ]
        head = [*(["stack"] if many else []), *(column.head for column in self._zones[0][1].shown_columns)]
        return _titled("Zones", head, rows[: self._detail.rows], in_all)

    def _changes(self) -> list[str]:
        """Return the changes of each stack as a table."""
        lines: list[str] = []
        for stack in self._review.stacks:
            table, many = view.changes(stack), len(self._review.stacks) > 1
            title = f"Changes of {self._redactor.code(stack.plan.stack)}" if many else "Changes"
            head = [column.head for column in table.shown_columns]
            lines += _titled(title, head, self._cells(table), len(table.rows))
        return lines

    def _cells(self, table: ReviewTable[Row]) -> list[list[str]]:
        most = min(self._detail.sentence, _MOST_CELL)
        return [
            [
                column.markdown(self._redactor, row)
                if column.markdown
                else self._redactor.prose(column.written(row), most)
                for column in table.shown_columns
            ]
            for row in table.rows[: self._detail.rows]
        ]

    def _details(self) -> list[str]:
        lines: list[str] = []
        steps = view.changed_steps(self._review)
        for step in steps[: self._detail.diffs]:
            name, kind = self._redactor.code(step.name), self._redactor.prose(step.type, 100)
            lines.append(f"- {SIGNS[step.op]} {name} {kind}")
            for path, change in property_lines(step):
                value = f": {self._redactor.code(change, 200)}" if self._detail.values and change else ""
                lines.append(f"  - {self._redactor.code(path, 120)}{value}")
        total = several(len(steps), "resource")
        if steps and not lines:
            return ["", f"Properties of {total} are left out: they do not fit."]
        more = len(steps) - self._detail.diffs
        rest = [f"- and {more} more resources"] if more > 0 else []
        return _folded(f"Properties ({total})", [*lines, *rest])

    def _noise(self) -> list[str]:
        rows = [
            f"- {kind}: {count}"
            for stack in self._review.stacks
            for kind, count in stack.grouping.noise.items()
        ]
        return _folded(f"Folded steps without effect ({self._review.noise})", rows)

    def _unknowns(self) -> list[str]:
        found = view.unknowns(self._review)
        hidden = sum(len(stack.plan.failures) for stack in self._review.stacks)
        if hidden and not view.errors(self._review):
            found.append(
                f"the text of {several(hidden, 'error')}: it may hold anything, so it stays in the job's log"
            )
        lines = [f"- {self._prose(line)}" for line in found[: max(self._detail.rows, 1)]]
        return _folded(f"Not known ({len(found)})", lines)

    def _footer(self) -> list[str]:
        origin, docs = self._review.origin, self._review.origin.docs
        commit = f"commit {self._redactor.code(origin.commit, 60)}" if origin.commit else ""
        tools = ", ".join(self._redactor.prose(tool, 60) for tool in view.tools(self._review)[:10])
        pages = (
            f"[rules]({docs}/rules.md), [terms]({docs}/network-terms.md)"
            if docs
            else "rules: docs/rules.md, terms: docs/network-terms.md"
        )
        links = [f"[job]({origin.job})" if origin.job else "", pages if self._review.causes else ""]
        parts = [commit, tools, view.refresh_text(self._review), f"change set {self._fingerprint}", *links]
        return ["", f"<sub>{' · '.join(part for part in parts if part)}</sub>"]


def _titled(title: str, head: Sequence[str], rows: Sequence[Sequence[str]], count: int) -> list[str]:
    """Return a table below its title. `rows` are those that fit, of `count`."""
    if not count:
        return []
    more = ["", f"and {count - len(rows)} more"] if count > len(rows) else []
    return ["", f"**{title}**", "", *(process.table(head, rows) if rows else []), *more]


def _folded(title: str, lines: Sequence[str]) -> list[str]:
    return ["", *process.folded(title, lines)] if lines else []
