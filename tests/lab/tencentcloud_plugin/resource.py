"""A resource of the stand-in plugin, and the view of its data that its functions work on (Terraform's
ResourceData)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, cast

from tests.lab.tencentcloud_plugin.client import Api, Json
from tests.lab.tencentcloud_plugin.plan import planned_state, same
from tests.lab.tencentcloud_plugin.schema import Prop, is_zero, zero
from tests.lab.tencentcloud_plugin.values import Object, Value


class Gone(Exception):
    """The cloud no longer has the resource."""


class Panic(Exception):
    """The vendor's plugin dereferences a nil pointer here: the process ends, and every call in it with it."""


@dataclass
class Data:
    """Old state, planned state and, as reads go on, the new state of one resource."""

    props: Mapping[str, Prop]
    id: str
    state: Object
    planned: Object
    partial: bool = False
    """Terraform's `d.Partial`: after an error keep the old state, not the planned one."""

    @classmethod
    def for_create(cls, props: Mapping[str, Prop], inputs: Object) -> "Data":
        # An update of nothing: unlike in a preview of a create, computed values are absent, not unknown.
        planned = planned_state(props, {}, inputs)
        return cls(props, "", {}, planned)

    @classmethod
    def for_update(cls, props: Mapping[str, Prop], id_: str, state: Object, inputs: Object) -> "Data":
        return cls(props, id_, state, planned_state(props, state, inputs))

    @classmethod
    def for_read(cls, props: Mapping[str, Prop], id_: str, state: Object) -> "Data":
        return cls(props, id_, state, dict(state))

    def __post_init__(self) -> None:
        self._changed = {
            name
            for name, prop in self.props.items()
            if not same(prop, self.state.get(name), self.planned.get(name))
        }

    def has_change(self, *names: str) -> bool:
        return any(name in self._changed for name in names)

    def has(self, name: str) -> bool:
        """Set, be it to the zero value (`GetOkExists`)."""
        return self.planned.get(name) is not None

    def get(self, name: str) -> Value:
        value = self.planned.get(name)
        return zero(self.props[name]) if value is None else value

    def get_ok(self, name: str) -> Value:
        """The value, or None if it is not set or zero."""
        value = self.planned.get(name)
        return None if is_zero(value) else value

    def string(self, name: str) -> str:
        return cast("str", self.get(name))

    def integer(self, name: str) -> int:
        return cast("int", self.get(name))

    def boolean(self, name: str) -> bool:
        return cast("bool", self.get(name))

    def strings(self, name: str) -> list[str]:
        return list(cast("list[str]", self.get(name)))

    def mapping(self, name: str) -> dict[str, str]:
        return dict(cast("dict[str, str]", self.get(name)))

    def object(self, name: str) -> Object:
        return dict(cast("Object", self.get(name)))

    def set(self, name: str, value: Value) -> None:
        if value is None:
            self.planned.pop(name, None)
        else:
            self.planned[name] = value

    def set_unless_null(self, name: str, value: Value) -> None:
        if value is not None:
            self.planned[name] = value

    def set_fields(self, answer: Json, **fields: str) -> None:
        """Set properties to fields of an API answer. `fields`: property = field. A null changes nothing."""
        for name, field in fields.items():
            self.set_unless_null(name, cast("Value", answer.get(field)))

    @property
    def outputs(self) -> Object:
        return dict(self.planned)


class Resource:
    """A resource type of the provider. `read` raises Gone; `create` sets `data.id` at the same point as the
    vendor."""

    type_name: ClassVar[str]
    tf_name: ClassVar[str]
    props: ClassVar[Mapping[str, Prop]]
    importable: ClassVar[bool] = True

    def customize_create(self, planned: Object) -> None:
        """Terraform's CustomizeDiff of a resource that does not exist yet."""

    def create(self, api: Api, data: Data) -> None:
        raise NotImplementedError

    def read(self, api: Api, data: Data, *, importing: bool = False) -> None:
        raise NotImplementedError

    def update(self, api: Api, data: Data) -> None:
        raise NotImplementedError

    def delete(self, api: Api, data: Data) -> None:
        raise NotImplementedError
