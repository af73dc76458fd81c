"""What others said, made fit to be shown.

The text of every refusal of the components: written by `InvalidInputs`, and found again by the commands that
show it.

A rule about TKE, what it finds, and how a program lowers or raises it."""

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum


def printable(text: str, kept: str = "") -> str:
    """The text without control sequences, which a terminal would obey: `?` for each unprintable character
    that is not among `kept`."""
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() or character in kept else "?" for character in text)


_HEAD = re.compile(r"(?:^|: )([A-Za-z_]\w*(?: (?:'[^'\n]*'|\"[^\"\n]*\"|\d+))?: (\d+) invalid inputs?)$")
_MARGIN = "  "


def refusal_text(owner: str, problems: Sequence[object]) -> str:
    """`NodePoolArgs 'four': 2 invalid inputs`, and below it one line for each."""
    noun = "invalid input" if len(problems) == 1 else "invalid inputs"
    return "\n".join([f"{owner}: {len(problems)} {noun}", *(f"{_MARGIN}{problem}" for problem in problems)])


def refusal_lines(text: str) -> list[str]:
    """The lines of the refusals in a text, whichever class they are about and whatever the engine wrote
    around them; none without one.

    A refusal is as long as its first line says.
    """
    lines, found = text.splitlines(), list[str]()
    for index, line in enumerate(lines):
        head = _HEAD.search(line.rstrip())
        if head:
            below = lines[index + 1 : index + 1 + int(head[2])]
            found += [head[1], *(item.strip() for item in below if item.startswith(_MARGIN))]
    return found


_KEBAB = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class Severity(str, Enum):
    """What a finding does, the strictest first."""

    ERROR = "error"
    """Stops the preview."""
    WARNING = "warning"
    """Is shown in the preview: it works now, and will hurt."""
    NOTE = "note"
    """Is shown in the preview: worth knowing."""


@dataclass(frozen=True)
class Rule:
    """One rule. Its check is a function beside it that yields findings."""

    id: str
    """In kebab-case; a program names the rule by it, so it never changes."""
    severity: Severity
    """What a finding does unless the program says otherwise."""
    summary: str
    """The rule in one sentence."""
    requires: str
    """The values that the check reads."""
    source: str
    """Where the rule is written: a document of the vendor, the article, or the arithmetic behind the rule."""
    fixed_severity: bool = False
    """A program cannot set the severity: an input that breaks the rule cannot be applied."""

    def __post_init__(self) -> None:
        if not _KEBAB.fullmatch(self.id):
            raise ValueError(f"{self.id!r} is not in kebab-case")
        if self.fixed_severity and self.severity is not Severity.ERROR:
            raise ValueError(f"{self.id} has a fixed severity, so it must be an error")

    def finding(
        self, path: str, what: str, *, value: object = "", why: str = "", todo: str = "", intended: str = ""
    ) -> "Finding":
        """That the property at `path` breaks the rule."""
        return Finding(self, path, str(value), what, why, todo, self.severity, intended)


@dataclass(frozen=True)
class Finding:
    """A broken rule: where, and the message in four parts. The value opens the sentence: `10.0.0.0/24
    overlaps …; why; what to do`."""

    rule: Rule
    path: str
    """The property as the user wrote it, e.g. `eni_subnets[1].zone`."""
    value: str
    """What it holds; empty where there is none to show (missing, secret)."""
    what: str
    """The change: real values, from and to."""
    why: str
    """The effect: certain or possible, when, how long, whether the apply succeeds."""
    todo: str
    """The action: one."""
    severity: Severity
    intended: str = ""
    """What to do where the change is intended; empty where the action says all."""
    urn: str = ""
    """URN of the resource that the finding is about; empty where the finding is about no single resource of a
    plan."""
    unknown: bool = False
    """The rule could not be checked; the message holds the reason."""

    @property
    def message(self) -> str:
        """The four parts as one sentence."""
        return "; ".join(part for part in (self.head, self.tail) if part)

    @property
    def head(self) -> str:
        """What is so: differs from one finding of a rule to the next."""
        return f"{self.value} {self.what}".strip()

    @property
    def tail(self) -> str:
        """Why it matters and what to do: mostly the same for all findings of a rule."""
        return "; ".join(part for part in (self.why, self.todo) if part)

    def under(self, prefix: str) -> "Finding":
        """The same finding seen from the object that holds the property."""
        separator = "" if not self.path or self.path.startswith("[") else "."
        path = f"{prefix}{separator}{self.path}"
        return replace(self, path=path)

    def __str__(self) -> str:
        """One line; the rule's id where a program may set it."""
        return (
            (f"{self.path}: " if self.path else "")
            + self.message
            + ("" if self.rule.fixed_severity else f" [{self.rule.id}]")
        )


SETTING = Rule(
    "rule-setting",
    Severity.ERROR,
    "A setting names a rule that exists and may be set.",
    "the setting",
    "docs/rules.md",
    fixed_severity=True,
)


def setting_findings(
    settings: Mapping[str, Severity], known: Mapping[str, Rule], path: str = "rules"
) -> Iterator[Finding]:
    """What is wrong with a program's own severities."""
    for name, wanted in settings.items():
        rule = known.get(name)
        if rule is None:
            near = difflib.get_close_matches(name, known, n=1)
            todo = f"did you mean {near[0]!r}?" if near else "docs/rules.md lists them"
            yield SETTING.finding(path, "is no rule", value=repr(name), todo=todo)
        elif rule.fixed_severity and wanted is not Severity.ERROR:
            yield SETTING.finding(
                path,
                "cannot be lowered",
                value=name,
                why="nothing can be made of an input that breaks it",
                todo="leave it out and correct the input",
            )


def judged(findings: Iterable[Finding], settings: Mapping[str, Severity]) -> list[Finding]:
    """Return the findings, each with the severity that the program sets for its rule."""
    return [
        replace(finding, severity=settings[finding.rule.id])
        if finding.rule.id in settings and not finding.rule.fixed_severity
        else finding
        for finding in findings
    ]
