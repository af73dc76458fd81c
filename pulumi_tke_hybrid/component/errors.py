"""The one error that users of the components see: every bad input at once, one line a property."""

import difflib
from collections.abc import Iterable, Sequence

import pulumi
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from pulumi_tke_hybrid.tke.problem import Problem

SECRET_PROPERTIES = frozenset({"password"})
"""Their values appear in no message."""


class InvalidInputs(pulumi.RunError):
    """Raised for inputs that cannot work. Printed by Pulumi as its text alone, before anything is created."""

    def __init__(self, owner: str, problems: Sequence[Problem]) -> None:
        self.owner = owner
        self.problems = tuple(problems)
        noun = "invalid input" if len(self.problems) == 1 else "invalid inputs"
        super().__init__("\n".join([f"{owner}: {len(self.problems)} {noun}", *(f"  {problem}" for problem in self.problems)]))

    @classmethod
    def single(cls, owner: str, path: str, message: str) -> "InvalidInputs":
        """The error for one property."""
        return cls(owner, [Problem(path, message)])

    @classmethod
    def check(cls, owner: str, problems: Iterable[Problem]) -> None:
        """Raise if there is any problem."""
        found = list(problems)
        if found:
            raise cls(owner, found)


def problems_of(error: ValidationError, known: Sequence[str] = ()) -> list[Problem]:
    """pydantic's findings as ours: one line a property, union members collapsed, `known` names for suggestions."""
    found: dict[str, str] = {}
    details = error.errors(include_url=False)
    for detail in details:
        path = _path(detail["loc"])
        if detail["type"] == "is_instance_of" and any(_path(other["loc"]).startswith(path) for other in details if other is not detail):
            continue  # the other members of a union say it better
        found[path] = _message(detail, known)
    return [Problem(path, message) for path, message in found.items()]


_TAGS = frozenset({"str", "int", "float", "bool", "dict", "list"})
"""What pydantic puts into a location for the members of a union."""


def _path(location: tuple[int | str, ...]) -> str:
    path = ""
    for item in location:
        if isinstance(item, int):
            path += f"[{item}]"
        elif item.isidentifier() and item[:1].islower() and item not in _TAGS:  # class names are not properties either
            path += f".{item}" if path else item
    return path


def _message(detail: ErrorDetails, known: Sequence[str]) -> str:
    kind = detail["type"]
    name = str(detail["loc"][-1]) if detail["loc"] else ""
    if kind == "missing":
        return "is required"
    if kind == "unexpected_keyword_argument":
        near = difflib.get_close_matches(name, known, n=1) if len(detail["loc"]) == 1 else []
        return "is not a property" + (f"; did you mean {near[0]!r}?" if near else "; see the class's documentation")
    if kind == "value_error":
        return str(detail["ctx"]["error"]) if "ctx" in detail else detail["msg"]
    text = detail["msg"].replace("Input should be", "must be")
    value = detail.get("input")
    if name not in SECRET_PROPERTIES and isinstance(value, str | int | float | bool):
        text += f"; got {value!r}"
    return text
