"""InvalidInputs: the error for the inputs of a component, with one line for each faulty property.

`PropertyPath` translates the location of a pydantic error to the property as the program writes it.
"""

import difflib
import re
import types
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Union, get_args, get_origin

import pulumi
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from pulumi_tke_hybrid.tke.rule import PROPERTY, Finding, refusal_text

SECRET_PROPERTIES = frozenset({"password", "kubeconfig", "env"})
"""Values of these properties, and the values inside them, appear in no message."""


@dataclass(frozen=True)
class PropertyPath:
    """A property, or a value inside one."""

    path: str = ""
    """The path as the program writes it, e.g. `node_pools[1].labels['Team']`."""
    name: str = ""
    """Name of the property that holds the value."""
    siblings: Sequence[str] = ()
    """All properties of the class that has the property."""
    in_mapping: bool = False
    """Whether the value is in a mapping, under a key that the program chose."""

    @classmethod
    def of(cls, path: str) -> "PropertyPath":
        """Return the path of a property, or of a value inside a property, e.g. `env['A']`."""
        return cls(path, path.partition("[")[0], in_mapping=path.endswith(("']", '"]')))

    @property
    def hidden(self) -> bool:
        """Whether the value must not be shown."""
        return self.name in SECRET_PROPERTIES

    def below(self, location: Sequence[int | str], annotation: Any) -> "PropertyPath":
        """Return the path at pydantic's location below this path, whose value has the annotated type."""
        place, members = self, _members(annotation)
        for item in location:
            chosen = [member for member in members if item in _tags(member)] if len(members) > 1 else []
            if chosen:
                members = chosen
                continue
            place, members = place._one_below(item, members)
        return place

    def _one_below(self, item: int | str, members: Sequence[Any]) -> tuple["PropertyPath", list[Any]]:
        for member in members:
            held = get_args(member)
            if get_origin(member) in (dict, Mapping):
                return replace(self, path=f"{self.path}[{item!r}]", in_mapping=True), _members(held[1])
            if get_origin(member) in (list, Sequence) and isinstance(item, int):
                return replace(self, path=f"{self.path}[{item}]", in_mapping=False), _members(held[0])
        properties = next((found for member in members if (found := _properties(member))), None)
        if properties is None:  # an addition of pydantic about a key
            return self, []
        if isinstance(item, int):  # an argument without a name
            return replace(self, path=f"{self.path}[{item}]"), []
        path = f"{self.path}.{item}" if self.path else item
        return PropertyPath(path, item, sorted(properties)), _members(properties.get(item, object))


def _members(annotation: Any) -> list[Any]:
    """Return the plain types of an annotation, without Output, Awaitable and None."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _members(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        return [plain for member in get_args(annotation) for plain in _members(member)]
    return [] if origin in (Awaitable, pulumi.Output) or annotation is types.NoneType else [annotation]


def _tags(member: Any) -> tuple[str, ...]:
    """Return the names that pydantic gives to a member of a union in a location."""
    name = getattr(member, "__name__", "")
    return (name, f"is-instance[{name}]") if isinstance(member, type) else ()


def _properties(member: Any) -> Mapping[str, Any] | None:
    """Return the properties of an argument class; None for any other type."""
    return member.__annotations__ if hasattr(member, "__pydantic_fields__") else None


class InvalidInputs(pulumi.RunError):
    """Inputs are not valid. Pulumi prints the text alone, without a stack trace."""

    def __init__(self, owner: str, problems: Sequence[Finding]) -> None:
        self.owner = owner
        self.problems = tuple(problems)
        super().__init__(refusal_text(owner, self.problems))

    @classmethod
    def single(cls, owner: str, path: str, message: str) -> "InvalidInputs":
        """Return the error for a single property."""
        return cls(owner, [PROPERTY.finding(path, message)])

    @classmethod
    def raise_if_any(cls, owner: str, problems: Iterable[Finding]) -> None:
        """Raise `InvalidInputs` if there is any problem."""
        found = list(problems)
        if found:
            raise cls(owner, found)


_IDENTIFYING = (
    "name",
    "cluster_name",
    "existing_cluster_id",
    "cluster_id",
    "zone",
    "subnet_id",
    "load_balancer_id",
    "image",
    "path",
    "port",
)


def labelled(owner: str, properties: Mapping[str, object]) -> str:
    """Return the class with the first identifying property, to find the object: `NodePoolArgs 'four'`."""
    plain = (properties.get(name) for name in _IDENTIFYING)
    which = next((value for value in plain if isinstance(value, str | int) and value), None)
    return owner if which is None else f"{owner} {which!r}"


class InvalidValue(ValueError):
    """Carries a finding about a value through pydantic."""

    def __init__(self, finding: Finding) -> None:
        self.finding = finding
        super().__init__(finding.message)


def problems_of(error: ValidationError, annotation: Any, holder: str = "") -> list[Finding]:
    """Return a finding for each faulty value of a pydantic error; errors of union members become one finding.

    `annotation` is the type of the validated value, `holder` the path of its property.
    """
    found: dict[str, Finding] = {}
    components: dict[str, str] = {}
    for detail in error.errors(include_url=False):
        place = PropertyPath.of(holder).below(detail["loc"], annotation)
        # The other members of a union have the rest of the finding.
        if detail["loc"] and str(detail["loc"][-1]).startswith("is-instance["):
            components[place.path] = detail["ctx"]["class"] if "ctx" in detail else ""
        else:
            found[place.path] = _finding(place, detail, components.get(place.path, ""))
    return list(found.values())


def _finding(place: PropertyPath, detail: ErrorDetails, component: str) -> Finding:
    path, kind = place.path, detail["type"]
    if kind == "missing":
        return PROPERTY.finding(path, "is required")
    if kind == "unexpected_keyword_argument":
        near = _near(place.name, place.siblings)
        todo = f"did you mean {near!r}?" if near else "see the class's documentation"
        return PROPERTY.finding(path, "is not a property", todo=todo)
    if kind == "unexpected_positional_argument":
        return PROPERTY.finding(path, "properties are given by their names", todo="write name=value")
    if kind == "value_error":
        cause = detail["ctx"]["error"] if "ctx" in detail else None
        if isinstance(cause, InvalidValue):
            return cause.finding.under(path)
        return PROPERTY.finding(path, detail["msg"])
    what, why, todo = _wrong_type(place, detail, component)
    return PROPERTY.finding(path, what, why=why, todo=todo)


def _near(name: str, known: Sequence[str]) -> str | None:
    """Return the property that was probably meant: with the same beginning, or with a similar name."""
    longer = [property_ for property_ in known if property_.startswith(f"{name}_")]
    return longer[0] if len(longer) == 1 else next(iter(difflib.get_close_matches(name, known, n=1)), None)


_WRITTEN_OUT = {"dict_type": "write its keys out", "dataclass_type": "write its properties out"}


def _wrong_type(place: PropertyPath, detail: ErrorDetails, component: str) -> tuple[str, str, str]:
    """Return the expected type, the reason and the cure."""
    kind, value = detail["type"], detail.get("input")
    wanted = detail["msg"].replace("Input should be", "must be").replace("a valid string", "a string")
    simple, later = isinstance(value, str | int | float | bool), isinstance(value, pulumi.Output | Awaitable)
    got = [f"got {value!r}"] if simple and not place.hidden else []
    if "Sequence" in wanted:
        return _no_list(value, hidden=place.hidden)
    if component:
        itself = [f"pass the {component} itself"] if simple or later else []
        what = wanted.replace("must be", f"must be an instance of {component}, or")
        return what, "", "; ".join(got + itself)
    if later:
        what = f"{wanted.replace('a string', 'a plain string')} (not an Output)"
        todo = _WRITTEN_OUT.get(kind, "write it out, or take it from configuration")
        return what, "what the program makes depends on it", todo
    if isinstance(value, pulumi.Resource) and kind in ("string_type", "mapping_type", "dict_type"):
        output = _output_of(value, place, is_text=kind == "string_type")
        return f"{wanted}, not a resource", "", f"pass {output}" if output else ""
    quotes = ["write it in quotes"] if place.in_mapping and simple and kind == "string_type" else []
    return wanted, "", "; ".join(got + quotes)


def _no_list(value: object, *, hidden: bool) -> tuple[str, str, str]:
    if isinstance(value, str) and not hidden:
        return f"must be a list: [{value!r}]", "", ""
    if isinstance(value, pulumi.Output | Awaitable):
        why = "what the program makes depends on how much it holds"
        return "must be a list (not an Output)", why, "write [...] around its items"
    several = isinstance(value, Iterable) and not isinstance(value, str | Mapping)
    return "must be a list", "", "write list(...) around it" if several else "write [...] around it"


def _output_of(resource: pulumi.Resource, place: PropertyPath, *, is_text: bool) -> str:
    """Return the output that was probably meant: the output of the property's name or of its last words, the
    name of a Kubernetes object, or the id, which a component does not have. Empty if none is found."""
    words = re.sub(r"([a-z])s$", r"\1_id", place.name).split("_")
    names = [place.name, *("_".join(words[start:]) for start in range(len(words)))]
    declared = {*dir(resource), *vars(type(resource)).get("__annotations__", {})} - {"", "id"}
    output = next((name for name in names if name in declared), "")
    if not output and is_text and "metadata" in declared:
        output = "metadata"
    if not output and is_text and not isinstance(resource, pulumi.ComponentResource):
        output = "id"
    thing, shown = re.sub(r"_ids?$", "", place.name), "metadata.name" if output == "metadata" else output
    return shown and (f"its .{shown}" if thing in (place.name, "") else f"{thing}.{shown}")
