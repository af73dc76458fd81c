"""A rule about TKE, the finding of a broken rule, the severities that a program sets, and the rules on inputs
in general.

The module also has the text of a refusal, which the components write and the commands parse. The other rules
are in `tke.rules` and `plan.rules`.
"""

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import partial

_HEAD = re.compile(r"(?:^|: )([A-Za-z_]\w*(?: (?:'[^'\n]*'|\"[^\"\n]*\"|\d+))?: (\d+) invalid inputs?)$")
_MARGIN = "  "


def refusal_text(owner: str, problems: Sequence[object]) -> str:
    """`NodePoolArgs 'four': 2 invalid inputs`, then a line for each problem."""
    noun = "invalid input" if len(problems) == 1 else "invalid inputs"
    return "\n".join([f"{owner}: {len(problems)} {noun}", *(f"{_MARGIN}{problem}" for problem in problems)])


def refusal_lines(text: str) -> list[str]:
    """The lines of all refusals in a text of the engine. The first line of a refusal holds the number of its
    further lines."""
    lines, found = text.splitlines(), list[str]()
    for index, line in enumerate(lines):
        head = _HEAD.search(line.rstrip())
        if head:
            below = lines[index + 1 : index + 1 + int(head[2])]
            found += [head[1], *(item.strip() for item in below if item.startswith(_MARGIN))]
    return found


_KEBAB = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class Severity(str, Enum):
    """The effect of a finding, the strictest first."""

    ERROR = "error"
    """Stops the preview."""
    WARNING = "warning"
    """Is shown in the preview: the program works now, and will cause harm later."""
    NOTE = "note"
    """Is shown in the preview: worth knowing."""


@dataclass(frozen=True)
class Rule:
    """One rule. The check of the rule is a function in the same module that yields findings."""

    id: str
    """In kebab-case. Programs name the rule by its id, so an id never changes."""
    summary: str
    """The rule in one sentence."""
    requires: str
    """The values that the check reads."""
    source: str
    """Where the rule is written: a document of the vendor, the article, or the arithmetic behind the rule."""
    severity: Severity = field(default=Severity.ERROR, kw_only=True)
    """Severity of the findings unless the program sets another."""
    fixed_severity: bool = field(default=False, kw_only=True)
    """A program cannot set the severity; see `fixed_rule`."""

    def __post_init__(self) -> None:
        if not _KEBAB.fullmatch(self.id):
            raise ValueError(f"{self.id!r} is not in kebab-case")

    def finding(
        self, path: str, what: str, *, value: object = "", why: str = "", todo: str = "", intended: str = ""
    ) -> "Finding":
        """The finding that the property at `path` breaks the rule."""
        return Finding(self, path, str(value), what, why, todo, self.severity, intended)


@dataclass(frozen=True)
class Finding:
    """A broken rule: the property, and the message in four parts. The value begins the message: `10.0.0.0/24
    overlaps …; why; what to do`."""

    rule: Rule
    path: str
    """The property as the user wrote it, e.g. `eni_subnets[1].zone`."""
    value: str
    """Value of the property; empty for a missing or secret value."""
    what: str
    """The change: real values, from and to."""
    why: str
    """The effect: certain or possible, when, how long, whether the apply succeeds."""
    todo: str
    """One action."""
    severity: Severity
    intended: str = ""
    """The action if the change is intended; empty if `todo` covers this case."""
    urn: str = ""
    """URN of the finding's resource; empty where the finding is about no single resource of a plan."""
    unknown: bool = False
    """The rule could not be checked; the message holds the reason."""

    @property
    def judged_severity(self) -> Severity | None:
        """The severity; None where the rule could not be checked."""
        return None if self.unknown else self.severity

    @property
    def message(self) -> str:
        """The four parts as one sentence."""
        return "; ".join(part for part in (self.head, self.tail) if part)

    @property
    def head(self) -> str:
        """The value and the change: differs between the findings of a rule."""
        return f"{self.value} {self.what}".strip()

    @property
    def tail(self) -> str:
        """The effect and the action: mostly the same for all findings of a rule."""
        return "; ".join(part for part in (self.why, self.todo) if part)

    def under(self, prefix: str) -> "Finding":
        """The finding with the path of the object that holds the property in front."""
        separator = "" if not self.path or self.path.startswith("[") else "."
        return replace(self, path=f"{prefix}{separator}{self.path}")

    def __str__(self) -> str:
        """One line; with the rule's id if a program may set the severity."""
        where = f"{self.path}: " if self.path else ""
        return where + self.message + ("" if self.rule.fixed_severity else f" [{self.rule.id}]")


fixed_rule = partial(Rule, fixed_severity=True)
"""Return a rule whose findings are always errors: an input that breaks the rule cannot be applied."""
warning_rule = partial(Rule, severity=Severity.WARNING)
note_rule = partial(Rule, severity=Severity.NOTE)


SETTING = fixed_rule(
    "rule-setting", "A setting names a rule that exists and may be set.", "the setting", "docs/rules.md"
)


def setting_findings(
    settings: Mapping[str, Severity], known: Mapping[str, Rule], path: str = "rules"
) -> Iterator[Finding]:
    """Return a finding for each severity that names no rule or that a program may not set."""
    for name, severity in settings.items():
        rule = known.get(name)
        if rule is None:
            near = difflib.get_close_matches(name, known, n=1)
            todo = f"did you mean {near[0]!r}?" if near else "docs/rules.md lists them"
            yield SETTING.finding(path, "is no rule", value=repr(name), todo=todo)
        elif rule.fixed_severity and severity is not Severity.ERROR:
            yield SETTING.finding(
                path,
                "cannot be lowered",
                value=name,
                why="an input that breaks the rule cannot be applied",
                todo="remove the setting and correct the input",
            )


def judged(findings: Iterable[Finding], settings: Mapping[str, Severity]) -> list[Finding]:
    """Return the findings, each with the severity that the program sets for its rule."""
    return [
        replace(finding, severity=settings[finding.rule.id])
        if finding.rule.id in settings and not finding.rule.fixed_severity
        else finding
        for finding in findings
    ]


PROPERTY = fixed_rule(
    "property",
    "A property exists, is given where it is required, and has the type and the bounds that its class"
    " states.",
    "the property",
    "the documentation of the class",
)
COMBINATION = fixed_rule(
    "combination",
    "Properties that exclude or need each other are given so.",
    "the properties",
    "the documentation of the class",
)
NO_EFFECT = warning_rule(
    "no-effect",
    "A property that the program sets has an effect.",
    "the properties",
    "the documentation of the class",
)
TWICE = fixed_rule(
    "listed-twice", "A list names each item once.", "the list", "the documentation of the class"
)
EMPTY = fixed_rule(
    "empty-list",
    "A list that something needs is not empty.",
    "the list",
    "the article, step 7; the provider: an emptied list switches VPC-CNI off",
)
ADOPTED = fixed_rule(
    "adopted-as-it-is",
    "The program describes an adopted resource as it is.",
    "the id of the adopted resource, and its properties in the cloud",
    "the documentation of the class",
)
NOT_GLOBAL_ROUTER = fixed_rule(
    "not-global-router",
    "Only a GlobalRouter cluster without Cilium becomes hybrid.",
    "the cluster's properties in the cloud",
    "the article; imroc/tke-guide, cilium/gr-native-not-recommended",
)
NOT_YET = note_rule(
    "not-known-yet",
    "A check whose values are known only during the update is made then.",
    "nothing",
    "how Pulumi previews what does not exist yet",
)
NOT_STATED = note_rule(
    "not-stated",
    "A check that lacks a value which the program could give is named.",
    "nothing",
    "the documentation of the class",
)


def twice(path: str, value: str, first: str = "") -> Finding:
    """Refuse an item that is listed a second time."""
    return TWICE.finding(
        path, "is listed twice" + (f", first at {first}" if first else ""), value=value, todo="list it once"
    )


def twice_findings(path: str, values: Sequence[object]) -> Iterator[Finding]:
    """Refuse each text that is listed before; a value that is not known yet is not compared."""
    seen: dict[str, int] = {}
    for index, value in enumerate(values):
        if isinstance(value, str) and (first := seen.setdefault(value, index)) != index:
            yield twice(f"{path}[{index}]", value, f"{path}[{first}]")


def not_yet(rule: Rule, path: str) -> Finding:
    """Note that a rule waits for the property at `path`. `gathered` makes one line of all such notes."""
    return NOT_YET.finding(path, rule.id)


def gathered(findings: Iterable[Finding], *, in_update: bool = False) -> Iterator[Finding]:
    """Return the findings, with those of `not_yet` as one: the pending values, and the rules that wait.

    In an update the values that are still missing are secret, and no rule compares a secret.
    """
    waiting: list[Finding] = []
    for finding in findings:
        if finding.rule is NOT_YET:
            waiting.append(finding)
        else:
            yield finding
    if waiting:
        paths = ", ".join(dict.fromkeys(finding.path for finding in waiting))
        rules = ", ".join(sorted({finding.what for finding in waiting}))
        if in_update:
            yield NOT_YET.finding(
                paths, "secret, and no rule compares a secret", todo=f"not checked: {rules}"
            )
        else:
            yield NOT_YET.finding(paths, "not known yet", todo=f"checked during the update: {rules}")


def not_stated(path: str, unchecked: str) -> Finding:
    """Note that a rule was not checked because the program does not give the property at `path`."""
    return NOT_STATED.finding(path, "is not given", why=f"not checked: {unchecked}", todo="give it")
