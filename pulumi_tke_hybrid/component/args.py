"""Argument classes: one class is the type, the documentation, the validation and the schema of its
properties.

The checks of single values are in `component.inputs`; the rules are in `tke.rules`.
"""

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal, TypeVar, Union, cast

import pydantic.dataclasses
from pydantic import ConfigDict, TypeAdapter, ValidationError
from typing_extensions import dataclass_transform

from pulumi_tke_hybrid.component.inputs import Check, EachItem, NoneAllowed, accept_outputs
from pulumi_tke_hybrid.component.invalid_inputs import InvalidInputs, labelled, problems_of
from pulumi_tke_hybrid.plan.rules import every_rule
from pulumi_tke_hybrid.tke.rule import Finding, Severity, judged, setting_findings

A = TypeVar("A", bound="Args")
C = TypeVar("C", bound=type)

SeverityInput = Union[Severity, Literal["error", "warning", "note"]]
"""A severity, or its name."""

_CONFIG = ConfigDict(
    arbitrary_types_allowed=True, extra="forbid", hide_input_in_errors=True, use_enum_values=False
)


class Args:
    """Base of all argument classes."""

    def problems(self) -> Iterator[Finding]:
        """Yield the findings that concern several properties of this object; paths are relative to the
        object.

        Nested argument objects are checked by the base class, and not here.
        """
        yield from ()

    def without_components(self: A) -> A:
        """Return a copy in which the inputs of each component replace the component."""
        return self

    def judged(self) -> list[Finding]:
        """Return the findings on this object and on all nested objects, with the severities of `rules`."""
        found, settings = list(_findings("", self)), self.settings
        if not settings:
            return found
        return [*setting_findings(settings, every_rule()), *judged(found, settings)]

    @property
    def settings(self) -> Mapping[str, Severity]:
        """The severities that the program gives to single rules."""
        return getattr(self, "rules", None) or {}


def parts_of(value: object) -> list[tuple[str, object]]:
    """Return the values inside an argument object, a mapping or a list, each with its path below the
    value."""
    if isinstance(value, Args):
        return list(vars(value).items())
    if isinstance(value, Mapping):
        return [(f"[{key!r}]", part) for key, part in cast(Mapping[str, object], value).items()]
    listed = cast(Sequence[object], value) if isinstance(value, list | tuple) else ()
    return [(f"[{index}]", part) for index, part in enumerate(listed)]


def _findings(path: str, value: object) -> Iterator[Finding]:
    """Yield the findings on every argument object in the value, the innermost first; `path` leads to the
    value."""
    for below, part in parts_of(value):
        yield from _findings(f"{path}.{below}" if path and not below.startswith("[") else path + below, part)
    if isinstance(value, Args):
        yield from (finding.under(path) if path else finding for finding in value.problems())


@dataclass_transform(kw_only_default=True)
def args_class(**checks: Check | EachItem | NoneAllowed) -> Callable[[C], C]:
    """Make a keyword-only class with validated properties: plain values at once, Outputs when they resolve.

    `checks` maps a property to a function that returns the fault of a plain value, or None; to `EachItem` of
    such a function for the items of a list or the values of a mapping; to `NoneAllowed` for a property whose
    Output may resolve to None.
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
        # Cross-language schemas, editors and the documentation read the annotations as written.
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
    """Return an instance of `cls`, made from a mapping of the same shape if necessary.

    Raise `InvalidInputs` with all errors of types and bounds; without such errors, with all errors of the
    rules. `check_deferred` reports warnings and notes, once the component exists.
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
