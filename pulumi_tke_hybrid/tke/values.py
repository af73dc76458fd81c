"""Read values of JSON and of Pulumi's properties without trusting their types; the engine's marks for unknown
and secret values."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

Json = dict[str, Any]
"""A JSON object."""
Props = Mapping[str, Any]
"""Properties of a resource."""

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""The engine's text for a value that is known only after `up`."""
SECRET = "[secret]"  # noqa: S105
"""The engine's text for a secret value."""
_SIGNATURE, _OF_A_SECRET = "4dabf18193072939515e22adb298388d", "1b47061264138c4ac30d75fd1eb44270"
_UNKNOWNS = frozenset(
    (
        UNKNOWN,
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "030794c1-ac77-496b-92df-f27374a8bd58",
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    )
)


def unknown(value: object) -> bool:
    """Whether the value is unknown in a preview."""
    return isinstance(value, str) and value in _UNKNOWNS


def is_secret(value: Mapping[str, Any]) -> bool:
    """Whether the object is the engine's wrapper around a secret value."""
    return value.get(_SIGNATURE) == _OF_A_SECRET


def at(props: object, *path: str) -> Any:
    """The value at a path; None if there is no such path."""
    for key in path:
        if not isinstance(props, Mapping):
            return None
        props = props.get(key)  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
    return props  # pyright: ignore[reportUnknownVariableType]


def below(props: object, *path: str) -> Any:
    """As `at`, but a value below an unknown value is unknown, not None."""
    for key in path:
        if unknown(props):
            return props
        props = at(props, key)
    return props


def items(value: object) -> list[Any]:
    """The items of a list; none for any other value."""
    return list(cast(Sequence[Any], value)) if isinstance(value, list) else []


def mapping(value: object) -> dict[str, Any]:
    """The object; an empty object for any other value."""
    return value if isinstance(value, dict) else {}  # pyright: ignore[reportUnknownVariableType]


MOST = 1_000_000
"""Greatest number that `whole` accepts; a whole VPC has 65,536 addresses."""


def whole(value: object) -> int | None:
    """The number without its fraction; None for a text, a truth value, NaN, or a number beyond `MOST`."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not -MOST <= value <= MOST:
        return None
    return int(value)


def texts(value: object) -> list[str]:
    """The strings of a list; none for any other value."""
    if isinstance(value, (list, tuple)):
        return [item for item in value if isinstance(item, str)]  # pyright: ignore[reportUnknownVariableType]
    return []


def holds_unknown(value: Any) -> bool:
    """Whether the value, or a part of the value, is unknown in a preview."""
    return unknown(value) or any(holds_unknown(item) for item in (*mapping(value).values(), *items(value)))
