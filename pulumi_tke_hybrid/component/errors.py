"""The one error that users of the components see: every bad input at once, one line a property."""

import difflib
from collections.abc import Iterable, Sequence
from typing import Any

import pulumi
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from pulumi_tke_hybrid.component.places import Place
from pulumi_tke_hybrid.tke.rule import Finding, Rule
from pulumi_tke_hybrid.tke.rules.inputs import PROPERTY


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


def problems_of(error: ValidationError, annotation: Any, holder: str = "") -> list[Finding]:
    """pydantic's findings as ours: one line a value, union members collapsed.

    `annotation` is the type of what was validated, `holder` the path of the property that it was validated for.
    """
    found: dict[str, Finding] = {}
    for detail in error.errors(include_url=False):
        place = Place.of(holder).below(detail["loc"], annotation)
        if not (detail["loc"] and str(detail["loc"][-1]).startswith("is-instance[")):  # the other members of a union say it better
            found[place.path] = _finding(place, detail)
    return list(found.values())


def _finding(place: Place, detail: ErrorDetails) -> Finding:
    path, kind = place.path, detail["type"]
    if kind == "missing":
        return PROPERTY.finding(path, "is required")
    if kind == "unexpected_keyword_argument":
        near = difflib.get_close_matches(place.name, place.siblings, n=1) if "." not in path else []
        return PROPERTY.finding(path, "is not a property", todo=f"did you mean {near[0]!r}?" if near else "see the class's documentation")
    if kind == "value_error":
        cause = detail["ctx"]["error"] if "ctx" in detail else None
        return cause.finding.under(path) if isinstance(cause, Refused) else PROPERTY.finding(path, detail["msg"])
    value = detail.get("input")
    shown = not place.hidden and isinstance(value, str | int | float | bool)
    quotes = place.in_mapping and kind == "string_type" and isinstance(value, int | float | bool)
    todo = [f"got {value!r}"] * shown + ["write it in quotes"] * quotes
    wanted = detail["msg"].replace("Input should be", "must be").replace("a valid string", "a string")
    return PROPERTY.finding(path, wanted, todo="; ".join(todo))
