"""The schema of the stand-in plugin's resources: one table of properties each, and Check by this table."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from tests.lab.tencentcloud_plugin.values import (
    Object,
    Secret,
    Unknown,
    Value,
    has_unknown,
    mark_secrets,
    plain,
)

Kind = Literal["string", "integer", "boolean", "strings", "map", "object", "objects"]
Validator = Callable[[str, Value], str | None]
"""Called with the Terraform name and the value; returns the problem of the value."""

DEFAULTS: Final = "__defaults"
"""Key of the bridge: names of the inputs that it filled in itself."""
_MAX_NAME = 255


@dataclass(frozen=True)
class Prop:
    kind: Kind = "string"
    required: bool = False
    force_new: bool = False
    secret: bool = False
    output: bool = False
    """Only ever computed."""
    computed: bool = False
    """Also computed: an absent input keeps the value of the cloud."""
    default: Value = None
    default_is_nothing: bool = False
    """The default and nothing at all are no difference (the vendor's DiffSuppressFunc)."""
    auto_name: bool = False
    unordered: bool = False
    """A set: order is no difference."""
    validate: Validator | None = None
    fields: "Mapping[str, Prop]" = field(default_factory=dict[str, "Prop"])
    tf: str = ""
    """Terraform name, if it is not the snake case of the wire name."""
    modelled: bool = True


@dataclass(frozen=True)
class CheckFailure:
    property: str
    reason: str


def snake(name: str, prop: Prop | None = None) -> str:
    """The Terraform name of a property."""
    if prop is not None and prop.tf:
        return prop.tf
    return "".join("_" + letter.lower() if letter.isupper() else letter for letter in name)


def zero(prop: Prop) -> Value:
    """The result of Terraform's `d.Get` for an absent property."""
    if prop.kind == "string":
        return ""
    if prop.kind == "integer":
        return 0
    if prop.kind == "boolean":
        return False
    return [] if prop.kind in ("strings", "objects") else {}


def is_zero(value: Value) -> bool:
    return value is None or value == "" or value is False or value == 0 or value in ([], {})


@dataclass
class Checker:
    """Check of one resource: defaults, names, types and validators. Texts are the bridge's."""

    resource_name: str
    random_seed: bytes = b""
    proposed_name: str | None = None
    naming_disabled: bool = False
    failures: list[CheckFailure] = field(default_factory=list[CheckFailure])

    def check(self, props: Mapping[str, Prop], olds: Object, news: Object, path: str = "") -> Object:
        """Return the inputs to use. Problems are added to `failures`."""
        inputs: Object = {}
        defaults: list[str] = []
        old_defaults = _default_names(olds)
        for name in news:
            if name != DEFAULTS and (name not in props or props[name].output):
                self._fail(
                    path + name, f"Invalid or unknown key. Examine values at '{self._at(path + name)}'."
                )
            elif name != DEFAULTS and not props[name].modelled:
                self._fail(path + name, f"the stand-in plugin does not model `{snake(name, props[name])}`")
        for name, prop in props.items():
            if prop.output or not prop.modelled:
                continue
            if name in news:
                inputs[name] = self._checked(name, prop, olds.get(name), news[name], path)
            elif name in old_defaults and name in olds:
                inputs[name] = olds[name]
                defaults.append(name)
            elif (default := self._default(prop, path + name)) is not None:
                inputs[name] = default
                defaults.append(name)
            elif prop.required:
                self._fail(path + name, f"Missing required property '{path + name}'")
        inputs[DEFAULTS] = list[Value](sorted(defaults))
        return inputs

    def _default(self, prop: Prop, where: str) -> Value:
        if not prop.auto_name:
            return prop.default
        if self.naming_disabled:
            self._fail(where, f"Automatic naming is disabled but {where} is not set")
            return None
        if self.proposed_name:
            return self.proposed_name
        suffix = hashlib.sha256(self.random_seed + self.resource_name.encode()).hexdigest()[:7]
        return f"{self.resource_name[: _MAX_NAME - 8]}-{suffix}"

    def _checked(self, name: str, prop: Prop, old: Value, given: Value, path: str) -> Value:
        where = path + name
        if isinstance(given, Unknown) or (isinstance(given, Secret) and has_unknown(given.value)):
            return given
        value = plain(given)
        if prop.kind == "object" and isinstance(value, dict):
            old_fields = plain(old)
            old_object = old_fields if isinstance(old_fields, dict) else {}
            return mark_secrets(self.check(prop.fields, old_object, value, f"{where}."), given)
        if prop.kind == "objects" and isinstance(value, list):
            checked: list[Value] = []
            for index, item in enumerate(value):
                if isinstance(item, dict):
                    checked.append(self.check(prop.fields, {}, item, f"{where}[{index}]."))
                else:
                    checked.append(item)
            return mark_secrets(checked, given)
        try:
            value = coerce(prop, value)
        except ValueError as error:
            self._fail(where, f"{error}. Examine values at '{self._at(where)}'.")
            return given
        if prop.validate is not None and not has_unknown(value):
            problem = prop.validate(snake(name, prop), value)
            if problem is not None:
                self._fail(where, f"{problem}. Examine values at '{self._at(where)}'.")
        return mark_secrets(value, given)

    def _at(self, where: str) -> str:
        return f"{self.resource_name}.{where}"

    def _fail(self, where: str, reason: str) -> None:
        self.failures.append(CheckFailure(where, reason))


def _default_names(values: Object) -> frozenset[str]:
    names = values.get(DEFAULTS)
    return (
        frozenset(name for name in names if isinstance(name, str)) if isinstance(names, list) else frozenset()
    )


def was_defaulted(inputs: Object, name: str) -> bool:
    return name in _default_names(inputs)


def coerce(prop: Prop, value: Value) -> Value:
    """The value in the property's own type; the bridge converts what can be converted."""
    if isinstance(value, Unknown):
        return value
    if prop.kind == "string":
        return _string(value)
    if prop.kind == "integer":
        return _integer(value)
    if prop.kind == "boolean":
        return _boolean(value)
    if prop.kind == "strings":
        if not isinstance(value, list):
            raise ValueError(f"expected list type, got {value!r} of type {type(value).__name__}")
        return [_string(item) if not isinstance(item, Unknown) else item for item in value]
    if prop.kind == "map":
        if not isinstance(value, dict):
            raise ValueError(f"expected object type, got {value!r} of type {type(value).__name__}")
        return {key: _string(item) if not isinstance(item, Unknown) else item for key, item in value.items()}
    expected = "object" if prop.kind == "object" else "list"
    raise ValueError(f"expected {expected} type, got {value!r} of type {type(value).__name__}")


def _string(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int, float)):
        return str(value)
    raise ValueError(f"expected string type, got {value!r} of type {type(value).__name__}")


def _integer(value: Value) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lstrip("-").isdigit():
        return int(value)
    raise ValueError(f"expected int type, got {value!r} of type {type(value).__name__}")


def _boolean(value: Value) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value in ("true", "false"):
        return value == "true"
    raise ValueError(f"expected bool type, got {value!r} of type {type(value).__name__}")
