"""`Input[T]`: a plain value or an Output; and the validation of both.

A plain value is validated at once, the value of an Output when it resolves.
"""

import functools
import inspect
import operator
import types
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Any, Literal, TypeVar, Union, cast, get_args, get_origin

import pulumi
from pydantic import BeforeValidator, GetCoreSchemaHandler, ValidationError, ValidationInfo
from pydantic_core import CoreSchema, core_schema

from pulumi_tke_hybrid.component.invalid_inputs import (
    InvalidInputs,
    InvalidValue,
    PropertyPath,
    labelled,
    problems_of,
)
from pulumi_tke_hybrid.tke.rule import PROPERTY, Finding

T = TypeVar("T")

# Not `pulumi.Input`: that one holds a string forward reference which pydantic cannot resolve.
Input = Union[T, Awaitable[T], pulumi.Output[T]]

Check = Callable[[Any], Finding | str | None]
"""Return the fault of a plain value, or None. A text stands for a finding of the rule `property`."""


def in_range(low: int, high: int, unit: str = "", note: str = "") -> Check:
    """Return the check of a number with bounds. The message has the `note` after the bounds."""

    def problem(value: int) -> str | None:
        return None if low <= value <= high else f"{value}{unit} is outside {low} to {high}{unit}{note}"

    return problem


@dataclass(frozen=True)
class EachItem:
    """Check every item of a list, or every value of a mapping, under the path of the item."""

    item: Check
    whole: Check | None = None
    """Check of the list or the mapping itself, for example of its length."""


@dataclass(frozen=True)
class NoneAllowed:
    """Accept an Output that resolves to None: such a property is left out, as with a plain None."""

    check: Check | EachItem | None = None


_OUTPUT_AS_TEXT = "Calling __str__ on an Output"
"""Beginning of the text that Pulumi gives for an Output in an f-string."""


def value_if_known(value: Input[T] | None) -> T | None:
    """Return a plain value; None for an Output. For checks, never for decisions."""
    return None if is_pending(value) else cast(T | None, value)


def is_pending(value: object) -> bool:
    """Whether a value is an Output or awaitable, so that the running program does not know it yet."""
    if value is None or isinstance(value, str | int):
        return False
    return isinstance(value, pulumi.Output) or inspect.isawaitable(value)


def is_plain(value: Any) -> bool:
    """Whether a value holds no Output and no arguments of pulumi-kubernetes: the value needs no Output."""
    if isinstance(value, Mapping | list):
        held = cast(Any, value)
        return all(map(is_plain, held.values() if isinstance(value, Mapping) else held))
    return value is None or isinstance(value, str | int)


def one_or_more(value: Input[str] | Sequence[Input[str]] | None) -> tuple[list[str], bool]:
    """Return the known items of a text or a list of texts, and whether an item is not known yet."""
    if value is None:
        return [], False
    given: Sequence[Any] = cast(Sequence[Any], value) if isinstance(value, list | tuple) else [value]
    return [item for item in given if item is not None and not is_pending(item)], any(map(is_pending, given))


def output_of(value: Any) -> pulumi.Output[Any]:
    """Return an Output or an awaitable as an Output whose value holds no Output.

    `Output.from_input` and `Output.all` would make an Output of each value inside a mapping or a list.
    """
    if not isinstance(value, pulumi.Output):
        return pulumi.Output.from_input(value)
    found: pulumi.Output[Any] = cast(Any, value).apply(_without_outputs)
    return found


def _without_outputs(value: Any) -> Any:
    return value if is_plain(value) else pulumi.Output.from_input(value)


def value_after(value: Any, *others: object) -> pulumi.Output[Any]:
    """Return the value as an Output that is known only after the other values are."""
    return pulumi.Output.all(value, *others).apply(operator.itemgetter(0))


def apply_together(function: Callable[..., T], *outputs: pulumi.Output[Any]) -> pulumi.Output[T]:
    """Return the result of the function for the values of the outputs, of which there is at least one.

    `Output.all` would make an Output of each value inside the values: more than a hundred for a pod template.
    """
    first, *rest = outputs
    if not rest:
        return first.apply(function)
    return first.apply(lambda value: apply_together(functools.partial(function, value), *rest))


def pending_paths(holder: object, prefix: str, *names: str) -> list[str]:
    """Return the paths of those properties of an object whose values are not known yet."""
    return [f"{prefix}{name}" for name in names if is_pending(getattr(holder, name))]


@dataclass(frozen=True)
class _Checked:
    """Validate a plain value now, and the value of an Output under the same path when it resolves.

    A plain None leaves a property out. An Output that resolves to None is refused, unless the property is
    `NoneAllowed`: mostly such an Output is the output of another stack, read by a wrong name.
    """

    owner: str
    path: str
    annotation: Any
    """The type, for the paths of faults inside the value."""
    check: Check | None
    may_come_later: bool
    passed_on: bool = False

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_wrap_validator_function(self._validate, handler(source))

    def _validate(
        self, value: object, validate: Callable[[object], object], info: ValidationInfo[None]
    ) -> object:
        path = self.path
        if isinstance(value, _Item):
            path, value = path.removesuffix("[]") + value.place, value.value
        if self.may_come_later and is_pending(value):
            later = output_of(value)
            owner = labelled(self.owner, info.data)  # properties that are declared earlier

            async def check(known: object) -> Any:
                return self._resolved(known, validate, await later.is_secret(), owner, path)

            return later.apply(check)
        return self._with_check(validate(value))

    def _with_check(self, value: object) -> object:
        if isinstance(value, str) and _OUTPUT_AS_TEXT in value:
            what = "holds what Pulumi writes in place of an Output"
            why = "an f-string does not wait for the value of one"
            todo = "use pulumi.Output.format(...) or .apply(...)"
            raise InvalidValue(PROPERTY.finding("", what, why=why, todo=todo))
        problem = self.check(value) if self.check and value is not None else None
        if problem:
            raise InvalidValue(problem if isinstance(problem, Finding) else PROPERTY.finding("", problem))
        return value

    def _resolved(
        self, value: object, validate: Callable[[object], object], secret: bool, owner: str, path: str
    ) -> object:
        if value is None:
            if self.passed_on:
                return None
            why = "its Output holds no value, as that of another stack does by a wrong name"
            todo = "correct where it comes from, or give it a value: .apply(lambda value: value or …)"
            raise InvalidInputs(owner, [PROPERTY.finding(path, "is empty", why=why, todo=todo)])
        hidden = PROPERTY.finding(path, "the secret value is not valid", todo="it is not shown")
        try:
            return self._with_check(validate(value))
        except ValidationError as error:  # before InvalidValue: both are a ValueError
            found = [hidden] if secret else problems_of(error, self.annotation, path)
            raise InvalidInputs(owner, found) from None
        except InvalidValue as error:
            # The findings on a property of `SECRET_PROPERTIES` never have its value.
            shown = not secret or PropertyPath.of(path).hidden
            raise InvalidInputs(owner, [error.finding.under(path) if shown else hidden]) from None


@dataclass(frozen=True)
class _Item:
    """A pending item of a list or a mapping, with its position: the item is validated later and alone."""

    place: str
    value: object


def _placed(holder: object) -> object:
    """Return the list or mapping with an `_Item` in place of each pending item."""
    if isinstance(holder, Mapping):
        items = cast(Mapping[object, object], holder).items()
        return {key: _Item(f"[{key!r}]", item) if is_pending(item) else item for key, item in items}
    if isinstance(holder, list | tuple):
        return [
            _Item(f"[{index}]", item) if is_pending(item) else item
            for index, item in enumerate(cast(Sequence[object], holder))
        ]
    return holder


def _no_truth_value(value: object) -> object:
    """Refuse True and False, which Python takes for 1 and 0."""
    if isinstance(value, bool):
        raise InvalidValue(PROPERTY.finding("", "must be a number, not a truth value", todo=f"got {value}"))
    return value


_NUMBER = Annotated[int, BeforeValidator(_no_truth_value)]


def _either(one: Any, other: Any) -> Any:
    return one | other


def accept_outputs(
    annotation: Any, owner: str, path: str, check: Check | EachItem | NoneAllowed | None = None
) -> Any:
    """Return the annotation in which every `Input[T]` is a T that may also come as an Output.

    pydantic then reports a single error for a value, and not an error for each member of the union.
    """
    passed_on = isinstance(check, NoneAllowed)
    check = check.check if isinstance(check, NoneAllowed) else check
    each = check if isinstance(check, EachItem) else None
    own = check.whole if isinstance(check, EachItem) else check
    if annotation is int:
        return _NUMBER if own is None else Annotated[_NUMBER, _Checked(owner, path, int, own, False)]
    members = get_args(annotation)
    origin = get_origin(annotation)
    may_come_later = False
    inner = annotation
    if origin in (Union, types.UnionType):
        plain = [member for member in members if get_origin(member) not in (Awaitable, pulumi.Output)]
        may_come_later = len(plain) < len(members)
        plain = without_literals(plain)
        item_checks = each and EachItem(each.item)
        inner = functools.reduce(
            _either, [accept_outputs(member, owner, path, item_checks) for member in plain]
        )
    elif origin in (list, Sequence, dict, Mapping):
        *keys, item = members
        item = accept_outputs(item, owner, f"{path}[]", each and each.item)
        holder = Mapping if keys else Sequence
        inner = _with_places(types.GenericAlias(holder, (*keys, item)))
    if may_come_later or own:
        return Annotated[inner, _Checked(owner, path, annotation, own, may_come_later, passed_on)]
    return inner


def without_literals(members: list[Any]) -> list[Any]:
    """Return the members of a union without the literals of an enumeration, which only type checkers need."""
    enumerations = any(isinstance(member, type) and issubclass(member, Enum) for member in members)
    return [member for member in members if get_origin(member) is not Literal] if enumerations else members


def _with_places(holder: types.GenericAlias) -> Any:
    """Return the type of a list or mapping in which each pending item carries its position."""
    checks = getattr(get_args(holder)[-1], "__metadata__", ())
    later = any(isinstance(check, _Checked) and check.may_come_later for check in checks)
    return Annotated[holder, BeforeValidator(_placed)] if later else holder


def spelling(name: str) -> str:
    """Return the common spelling of `image_pull_policy` and `imagePullPolicy`, `exec_` and `exec`."""
    return name.replace("_", "").lower()
