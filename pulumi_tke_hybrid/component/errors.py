"""The one error that users of the components see: every bad input at once, one line a property."""

import difflib
import re
from collections.abc import Iterable, Sequence

import pulumi
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from pulumi_tke_hybrid.tke.rule import Finding, Rule
from pulumi_tke_hybrid.tke.rules.inputs import PROPERTY

SECRET_PROPERTIES = frozenset({"password", "kubeconfig"})
"""Their values appear in no message."""


class InvalidInputs(pulumi.RunError):
    """Raised for inputs that cannot work. Printed by Pulumi as its text alone, before anything is created."""

    def __init__(self, owner: str, problems: Sequence[Finding]) -> None:
        self.owner = owner
        self.problems = tuple(problems)
        noun = "invalid input" if len(self.problems) == 1 else "invalid inputs"
        super().__init__("\n".join([f"{owner}: {len(self.problems)} {noun}", *(f"  {problem}" for problem in self.problems)]))

    @classmethod
    def single(cls, owner: str, path: str, message: str, rule: Rule = PROPERTY) -> "InvalidInputs":
        """The error for one property."""
        return cls(owner, [rule.finding(path, message)])

    @classmethod
    def check(cls, owner: str, problems: Iterable[Finding]) -> None:
        """Raise if there is any problem."""
        found = list(problems)
        if found:
            raise cls(owner, found)


class Refused(ValueError):
    """Carries a finding about one value through pydantic."""

    def __init__(self, finding: Finding) -> None:
        self.finding = finding
        super().__init__(finding.message)


def problems_of(error: ValidationError, known: Sequence[str] = ()) -> list[Finding]:
    """pydantic's findings as ours: one line a property, union members collapsed, `known` names for suggestions."""
    found: dict[str, Finding] = {}
    details = error.errors(include_url=False)
    for detail in details:
        path = _path(detail["loc"])
        if detail["type"] == "is_instance_of" and any(_path(other["loc"]).startswith(path) for other in details if other is not detail):
            continue  # the other members of a union say it better
        found[path] = _finding(path, detail, known)
    return list(found.values())


_KEY = re.compile(r"[A-Za-z0-9]+([-./_][A-Za-z0-9]+)+")
"""A key of a mapping that is no identifier, e.g. a label or a rule's id."""

_TAGS = frozenset({"str", "int", "float", "bool", "dict", "list"})
"""What pydantic puts into a location for the members of a union."""


def _path(location: tuple[int | str, ...]) -> str:
    path = ""
    for item in location:
        if isinstance(item, int):
            path += f"[{item}]"
        elif item.isidentifier() and item[:1].islower() and item not in _TAGS:  # class names are not properties either
            path += f".{item}" if path else item
        elif _KEY.fullmatch(item) and not item.isidentifier():
            path += f"[{item!r}]"
    return path


def _finding(path: str, detail: ErrorDetails, known: Sequence[str]) -> Finding:
    kind = detail["type"]
    name = str(detail["loc"][-1]) if detail["loc"] else ""
    if kind == "missing":
        return PROPERTY.finding(path, "is required")
    if kind == "unexpected_keyword_argument":
        near = difflib.get_close_matches(name, known, n=1) if len(detail["loc"]) == 1 else []
        todo = f"did you mean {near[0]!r}?" if near else "see the class's documentation"
        return PROPERTY.finding(path, "is not a property", todo=todo)
    if kind == "value_error":
        cause = detail["ctx"]["error"] if "ctx" in detail else None
        return cause.finding.under(path) if isinstance(cause, Refused) else PROPERTY.finding(path, detail["msg"])
    value = detail.get("input")
    shown = name not in SECRET_PROPERTIES and isinstance(value, str | int | float | bool)
    return PROPERTY.finding(path, detail["msg"].replace("Input should be", "must be"), todo=f"got {value!r}" if shown else "")
