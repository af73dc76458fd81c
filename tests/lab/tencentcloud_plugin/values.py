"""Property values of the stand-in plugin: protobuf Struct <-> Python, with Pulumi's secrets and unknowns."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from google.protobuf import struct_pb2  # type: ignore[import-untyped]  # protobuf ships no type information

SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # the engine's marker of a secret, not a secret
RESOURCE: Final = "5cf8f73096256a8f31e491e813e4eb8e"
OUTPUT: Final = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
UNKNOWN_SENTINEL: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
_TYPED_UNKNOWNS: Final = frozenset(
    {
        UNKNOWN_SENTINEL,
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # bool
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # number
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # array
        "030794c1-ac77-496b-92df-f27374a8bd58",  # asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # archive
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # object
    }
)


class Unknown:
    """A value that is not known before the deployment."""

    def __repr__(self) -> str:
        return "<unknown>"


UNKNOWN: Final = Unknown()


@dataclass(frozen=True)
class Secret:
    """A value that the engine keeps encrypted. Never shown, not even by repr."""

    value: "Value"

    def __repr__(self) -> str:
        return "Secret(...)"


Value: TypeAlias = "str | int | float | bool | Unknown | Secret | list[Value] | dict[str, Value] | None"
Object: TypeAlias = dict[str, Value]


def from_struct(struct: struct_pb2.Struct) -> Object:
    """Decode the properties of a request; nulls are left out, as the bridge does."""
    decoded = {key: _from_proto(value) for key, value in struct.fields.items()}
    return {key: value for key, value in decoded.items() if value is not None}


def _from_proto(value: struct_pb2.Value) -> Value:
    kind: str | None = value.WhichOneof("kind")
    if kind == "string_value":
        text: str = value.string_value
        return UNKNOWN if text in _TYPED_UNKNOWNS else text
    if kind == "number_value":
        number: float = value.number_value
        return int(number) if number.is_integer() else number
    if kind == "bool_value":
        flag: bool = value.bool_value
        return flag
    if kind == "list_value":
        return [_from_proto(item) for item in value.list_value.values]
    if kind == "struct_value":
        return _unwrap(from_struct(value.struct_value))
    return None


def _unwrap(fields: Object) -> Value:
    """A plain object, or one of the engine's special objects that carry a signature."""
    signature = fields.get(SIGNATURE)
    if signature == SECRET:
        return Secret(fields.get("value"))
    if signature == OUTPUT:
        inner: Value = fields.get("value", UNKNOWN)
        return Secret(inner) if fields.get("secret") else inner
    if signature == RESOURCE:
        # A resource handed over as such stands for its id, as in the SDKs.
        return fields.get("id") or UNKNOWN
    return fields


def to_struct(values: Mapping[str, Value]) -> struct_pb2.Struct:
    """Encode properties for the engine; entries that are None are left out."""
    struct = struct_pb2.Struct()
    for key, value in values.items():
        if value is not None:
            struct.fields[key].CopyFrom(_to_proto(value))
    return struct


def _to_proto(value: Value) -> struct_pb2.Value:
    if value is None:
        return struct_pb2.Value(null_value=struct_pb2.NULL_VALUE)
    if isinstance(value, Unknown):
        return struct_pb2.Value(string_value=UNKNOWN_SENTINEL)
    if isinstance(value, Secret):
        return struct_pb2.Value(struct_value=to_struct({SIGNATURE: SECRET, "value": value.value}))
    if isinstance(value, bool):
        return struct_pb2.Value(bool_value=value)
    if isinstance(value, (int, float)):
        return struct_pb2.Value(number_value=value)
    if isinstance(value, str):
        return struct_pb2.Value(string_value=value)
    if isinstance(value, list):
        return struct_pb2.Value(list_value=struct_pb2.ListValue(values=[_to_proto(item) for item in value]))
    return struct_pb2.Value(struct_value=to_struct(value))


def plain(value: Value) -> Value:
    """The value without its secret markers."""
    if isinstance(value, Secret):
        return plain(value.value)
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value


def plain_object(values: Object) -> Object:
    return {key: plain(value) for key, value in values.items()}


def mark_secrets(value: Value, template: Value) -> Value:
    """Put back the secret markers that `template` carries at the same places."""
    if isinstance(template, Secret):
        return Secret(plain(value))
    if isinstance(value, dict) and isinstance(template, dict):
        return {key: mark_secrets(item, template.get(key)) for key, item in value.items()}
    if isinstance(value, list) and isinstance(template, list):
        marked = [mark_secrets(item, other) for item, other in zip(value, template, strict=False)]
        return marked + value[len(template) :]
    return value


def has_unknown(value: Value) -> bool:
    if isinstance(value, Secret):
        return has_unknown(value.value)
    if isinstance(value, list):
        return any(has_unknown(item) for item in value)
    if isinstance(value, dict):
        return any(has_unknown(item) for item in value.values())
    return isinstance(value, Unknown)
