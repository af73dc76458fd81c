"""Values of JSON and of Pulumi's properties, read with nothing trusted to be there, and the marks that the
engine puts in their place."""

from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]
"""A JSON object."""
Props = Mapping[str, Any]
"""Properties of a resource."""

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""How the engine writes a value that is known only after `up`."""
SECRET = "[secret]"  # noqa: S105
"""How the engine writes a value that nobody may see."""
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
    """Whether a preview cannot know the value."""
    return isinstance(value, str) and value in _UNKNOWNS


def is_secret(value: Mapping[str, Any]) -> bool:
    """Whether it is the engine's wrapper around a secret value."""
    return value.get(_SIGNATURE) == _OF_A_SECRET


def at(props: object, *path: str) -> Any:
    """The value at a path, or None where there is none. Nothing is trusted to be there."""
    for key in path:
        if not isinstance(props, Mapping):
            return None
        props = props.get(key)  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
    return props  # pyright: ignore[reportUnknownVariableType]


def below(props: object, *path: str) -> Any:
    """As `at`; but what lies below something unknown is unknown too, not absent."""
    for key in path:
        if unknown(props):
            return props
        props = at(props, key)
    return props


def items(value: object) -> list[Any]:
    """What a list holds; anything else holds nothing."""
    return list(value) if isinstance(value, list) else []  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]


def mapping(value: object) -> dict[str, Any]:
    """What an object holds; anything else holds nothing."""
    return value if isinstance(value, dict) else {}  # pyright: ignore[reportUnknownVariableType]


MOST = 1_000_000
"""Greatest number of nodes, pods or addresses that counts as a number; a whole VPC has 65,536 addresses."""


def whole(value: object) -> int | None:
    """The number without its fraction. None for anything else: a text, a truth value, NaN, or one beyond
    `MOST`."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not -MOST <= value <= MOST:
        return None
    return int(value)


def texts(value: object) -> list[str]:
    """The strings of a list; anything else counts as none."""
    if isinstance(value, (list, tuple)):
        return [item for item in value if isinstance(item, str)]  # pyright: ignore[reportUnknownVariableType]
    return []


def holds_unknown(value: Any) -> bool:
    """Whether the value, or part of it, is one that a preview cannot know."""
    return unknown(value) or any(holds_unknown(item) for item in (*mapping(value).values(), *items(value)))
