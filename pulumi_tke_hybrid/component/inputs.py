"""`Input[T]`: a plain value, or one that is known later. And the check that works on both."""

import functools
import inspect
import types
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar, Union, cast, get_args, get_origin

import pulumi
from pydantic import GetCoreSchemaHandler, ValidationError
from pydantic_core import CoreSchema, core_schema

from pulumi_tke_hybrid.component.errors import InvalidInputs, Refused, problems_of
from pulumi_tke_hybrid.tke.rule import Finding
from pulumi_tke_hybrid.tke.rules.inputs import PROPERTY

T = TypeVar("T")

# Not `pulumi.Input`: that one holds a string forward reference which pydantic cannot resolve.
Input = Union[T, Awaitable[T], pulumi.Output[T]]

Check = Callable[[Any], Finding | str | None]
"""Looks at a plain value; says what is wrong with it, or None. A text is about the bounds that the property's own class states."""


def known(value: Input[T] | None) -> T | None:
    """The value, if the running program already knows it; else None. For checks, never for decisions."""
    return None if awaited(value) else cast(T | None, value)


def awaited(value: object) -> bool:
    """Whether a value is given, and the running program does not know it yet."""
    return isinstance(value, pulumi.Output) or inspect.isawaitable(value)


@dataclass(frozen=True)
class _Checked:
    """Validates a plain value now, and one inside an Output under the same name as soon as it is known."""

    owner: str
    path: str
    check: Check | None
    may_come_later: bool

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_wrap_validator_function(self._validate, handler(source))

    def _validate(self, value: object, validate: Callable[[object], object]) -> object:
        if self.may_come_later and awaited(value):
            later: pulumi.Output[object] = pulumi.Output.from_input(cast(Awaitable[object], value))
            return pulumi.Output.all(later, later.is_secret()).apply(lambda both: self._resolved(both[0], validate, both[1]))
        return self._with_check(validate(value))

    def _with_check(self, value: object) -> object:
        problem = self.check(value) if self.check and value is not None else None
        if problem:
            raise Refused(problem if isinstance(problem, Finding) else PROPERTY.finding("", problem))
        return value

    def _resolved(self, value: object, validate: Callable[[object], object], secret: bool) -> object:
        try:
            return self._with_check(validate(value))
        except ValidationError as error:  # a ValueError too, but one with several findings
            problems = [problem.under(self.path) for problem in problems_of(error)]
            raise InvalidInputs(self.owner, [self._hidden] if secret else problems) from None
        except Refused as error:
            raise InvalidInputs(self.owner, [self._hidden if secret else error.finding.under(self.path)]) from None

    @property
    def _hidden(self) -> Finding:
        return PROPERTY.finding(self.path, "the secret value is not valid", todo="it is not shown")


def _either(one: Any, other: Any) -> Any:
    return one | other


def deferrable(annotation: Any, owner: str, path: str, check: Check | None = None) -> Any:
    """The annotation with every `Input[T]` in it turned into a T that may also come later.

    pydantic then reports one error a value instead of one for each member of the union.
    """
    members = get_args(annotation)
    origin = get_origin(annotation)
    may_come_later = False
    inner = annotation
    if origin in (Union, types.UnionType):
        plain = [member for member in members if get_origin(member) not in (Awaitable, pulumi.Output)]
        may_come_later = len(plain) < len(members)
        inner = functools.reduce(_either, [deferrable(member, owner, path) for member in plain])
    elif origin in (list, Sequence):
        inner = types.GenericAlias(Sequence, (deferrable(members[0], owner, f"{path}[]"),))
    elif origin in (dict, Mapping):
        inner = types.GenericAlias(Mapping, (members[0], deferrable(members[1], owner, f"{path}[]")))
    if may_come_later or check:
        return Annotated[inner, _Checked(owner, path, check, may_come_later)]
    return inner
