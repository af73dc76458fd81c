"""Where a value lies that pydantic finds fault with: pydantic's location, read along the types of the argument classes."""

import types
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Union, get_args, get_origin

import pulumi

SECRET_PROPERTIES = frozenset({"password", "kubeconfig", "env"})
"""Their values, and whatever lies in them, appear in no message."""


@dataclass(frozen=True)
class Place:
    """A property, or a value inside one."""

    path: str = ""
    """As the user wrote it, e.g. `node_pools[1].labels['Team']`."""
    name: str = ""
    """The property that it is, or that it lies in."""
    siblings: Sequence[str] = ()
    """All properties of the class whose property it is."""
    in_mapping: bool = False
    """Whether it is a value of a mapping, under a key of the user's."""

    @classmethod
    def of(cls, path: str) -> "Place":
        """The place of one property, or of a value in it, e.g. `env['A']`."""
        return cls(path, path.partition("[")[0], in_mapping=path.endswith(("']", '"]')))

    @property
    def hidden(self) -> bool:
        """Whether no value may be shown."""
        return self.name in SECRET_PROPERTIES

    def below(self, location: Sequence[int | str], annotation: Any) -> "Place":
        """The place at pydantic's location below this one, which holds what the annotation says."""
        place, members = self, _members(annotation)
        for item in location:
            chosen = [member for member in members if item in _tags(member)] if len(members) > 1 else []
            if chosen:
                members = chosen
                continue
            place, members = place._one_below(item, members)
        return place

    def _one_below(self, item: int | str, members: Sequence[Any]) -> tuple["Place", list[Any]]:
        for member in members:
            if get_origin(member) in (dict, Mapping):
                return replace(self, path=f"{self.path}[{item!r}]", in_mapping=True), _members(get_args(member)[1])
            if get_origin(member) in (list, Sequence) and isinstance(item, int):
                return replace(self, path=f"{self.path}[{item}]", in_mapping=False), _members(get_args(member)[0])
        properties = next((found for member in members if (found := _properties(member))), None)
        if properties is None:  # what pydantic adds about a key
            return self, []
        if isinstance(item, int):  # an argument without a name
            return replace(self, path=f"{self.path}[{item}]"), []
        name = item
        path = f"{self.path}.{name}" if self.path else name
        return Place(path, name, sorted(properties)), _members(properties.get(name, object))


def _members(annotation: Any) -> list[Any]:
    """The plain types that a value may have, without what only says that it may come later or be left out."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _members(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        return [plain for member in get_args(annotation) for plain in _members(member)]
    return [] if origin in (Awaitable, pulumi.Output) or annotation is types.NoneType else [annotation]


def _tags(member: Any) -> tuple[str, ...]:
    """How pydantic names a member of a union in a location."""
    name = getattr(member, "__name__", "")
    return (name, f"is-instance[{name}]") if isinstance(member, type) else ()


def _properties(member: Any) -> Mapping[str, Any] | None:
    """The properties of an argument class."""
    return member.__annotations__ if hasattr(member, "__pydantic_fields__") else None
