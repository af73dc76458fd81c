"""How argument classes are made: one class is the type, the documentation, the validation and the schema."""

import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, TypeVar, Union, cast

import pydantic.dataclasses
from pydantic import ConfigDict, TypeAdapter, ValidationError
from typing_extensions import dataclass_transform

from pulumi_tke_hybrid.component.errors import InvalidInputs, labelled, problems_of
from pulumi_tke_hybrid.component.inputs import Check, EachItem, NoneAllowed, accept_outputs
from pulumi_tke_hybrid.plan.rules import every_rule
from pulumi_tke_hybrid.tke.rule import Finding, Severity, judged, setting_findings

A = TypeVar("A", bound="Args")
C = TypeVar("C", bound=type)

SeverityInput = Union[Severity, Literal["error", "warning", "note"]]
"""A severity, or its word."""

_CONFIG = ConfigDict(
    arbitrary_types_allowed=True, extra="forbid", hide_input_in_errors=True, use_enum_values=False
)


class Args:
    """Base of all argument classes."""

    def problems(self) -> Iterator[Finding]:
        """What the rules say across several properties, for plain values; paths are relative to this
        object."""
        yield from ()

    def without_components(self: A) -> A:
        """The same, with components that it holds replaced by what the program said of them."""
        return self

    def judged(self) -> list[Finding]:
        """The findings, with the severities that the program's own `rules` give them."""
        settings = self.settings
        if not settings:
            return list(self.problems())
        return [*setting_findings(settings, every_rule()), *judged(self.problems(), settings)]

    @property
    def settings(self) -> Mapping[str, Severity]:
        """The severities that the program gives to single rules."""
        return getattr(self, "rules", None) or {}


@dataclass_transform(kw_only_default=True)
def args_class(**checks: Check | EachItem | NoneAllowed) -> Callable[[C], C]:
    """Make a keyword-only class whose properties are validated, plain ones at once and Outputs when they
    resolve.

    `checks` maps a property to a function that looks at a plain value and says what is wrong with it, or
    None; to `Each` of such a
    function where it looks at the items of a list or the values of a mapping; to `PassedOn` where an Output
    may also turn out None.
    """

    def make(cls: C) -> C:
        annotations: dict[str, Any] = dict(cls.__annotations__)
        unknown = checks.keys() - annotations.keys()
        if unknown:
            raise TypeError(f"{cls.__name__} has no properties {sorted(unknown)}")
        cls.__annotations__ = {
            name: accept_outputs(annotation, cls.__name__, name, checks.get(name))
            for name, annotation in annotations.items()
        }
        made: Any = pydantic.dataclasses.dataclass(cls, kw_only=True, config=_CONFIG)
        # Cross-language schemas, editors and our own documentation read what the author wrote.
        made.__annotations__ = annotations
        validate: Callable[..., None] = made.__init__

        @functools.wraps(validate)
        def __init__(self: object, *positional: object, **named: object) -> None:
            try:
                validate(self, *positional, **named)
            except ValidationError as error:
                raise InvalidInputs(labelled(cls.__name__, named), problems_of(error, cls)) from None

        made.__init__ = __init__
        return cast(C, made)

    return make


def parse_args(cls: type[A], value: A | Mapping[str, object], owner: str) -> A:
    """An instance of `cls` from itself or from a plain mapping of the same shape.

    Errors come together: those of types and bounds first, and only without any the rules', which look at a
    whole object.

    Warnings and notes are for `advise`, which needs the component to say them under.
    """
    if not isinstance(value, cls):
        try:
            value = TypeAdapter(cls).validate_python(value)
        except ValidationError as error:
            raise InvalidInputs(owner, problems_of(error, cls)) from None
    InvalidInputs.raise_if_any(
        owner, (finding for finding in value.judged() if finding.severity is Severity.ERROR)
    )
    return value
