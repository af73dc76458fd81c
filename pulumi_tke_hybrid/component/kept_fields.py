"""Fields that a program ignores: what the live object holds there takes the place of what the program says.

The Kubernetes provider does so itself, but it splits a path at its dots. An item of a list, an image for example, or a key with a dot in it
it does not find, and there it writes the value of the stack's state: it sets back what a release tool wrote.
"""

import copy
import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

import pulumi

from pulumi_tke_hybrid.tke.values import at, items

_PART = re.compile(r"""\["((?:[^"\\]|\\.)*)"\]|\[(\d+|\*)\]|([^.\[\]]+)""")
Path = Sequence[str | int]
EVERY = "*"


def lost_on_the_provider(path: str) -> bool:
    """Whether the provider does not find the field of a path of `ignore_changes`: one behind an item of a list, or a key with a dot."""
    return any(isinstance(part, int) or part == EVERY or "." in part for part in parts(path))


def parts(path: str) -> list[str | int]:
    """The parts of a property path: `spec.containers[0].image`, `metadata.annotations["a/b"]`."""
    found: list[str | int] = []
    for quoted, index, plain in _PART.findall(path):
        found.append(quoted or plain or (index if index == EVERY else int(index)))
    return found


def with_live_value(value: Any, live: Any, path: Path) -> Any:
    """A copy of typed arguments, of a mapping or of a list, with the live value at the path; without one the field is left out."""
    if not path:
        return live
    if isinstance(value, pulumi.Output):
        return pulumi.Output.from_input(cast(Any, value)).apply(lambda known: with_live_value(known, live, path))
    part, rest = path[0], path[1:]
    if isinstance(value, list | tuple):
        found = list(cast(Sequence[Any], value))
        for index, item in enumerate(found):
            if part in (EVERY, index):
                found[index] = with_live_value(item, _same(item, index, live), rest)
        return found
    if isinstance(value, Mapping):
        fields = cast(Mapping[str, Any], value)
        key = _spelt(part, fields)
        kept = with_live_value(fields.get(key), at(live, str(part)), rest)
        return {**{name: held for name, held in fields.items() if name != key}, **({} if kept is None else {key: kept})}
    if value is None:
        kept = with_live_value(None, at(live, str(part)), rest)
        return None if kept is None else {str(part): kept}
    same = copy.copy(value)
    name = next((name for name in dir(cast(Any, type(value))) if _plain(name) == _plain(str(part))), str(part))
    setattr(same, name, with_live_value(getattr(value, name), at(live, str(part)), rest))
    return same


def _same(item: Any, index: int, live: Any) -> Any:
    """The live item of the same name; without names the one at the same place."""
    others = items(live)
    name = cast(Mapping[str, Any], item).get("name") if isinstance(item, Mapping) else getattr(item, "name", None)
    if isinstance(name, str) and any(at(other, "name") for other in others):
        return next((other for other in others if at(other, "name") == name), None)
    return others[index] if index < len(others) else None


def _plain(name: str) -> str:
    return name.replace("_", "").lower()


def _spelt(part: str | int, fields: Mapping[str, Any]) -> str:
    return next((name for name in fields if _plain(str(name)) == _plain(str(part))), str(part))
