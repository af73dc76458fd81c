"""Reading the parameters of a request to the API stand-in: typed, with the vendor's errors."""

from collections.abc import Mapping
from typing import cast

from tests.lab.cloud.errors import missing, wrong_type

Json = dict[str, object]


class Params:
    """One JSON object of a request. A null counts as absent, as in the cloud."""

    def __init__(self, values: Mapping[str, object], path: str = "") -> None:
        self._values = values
        self._path = path

    def raw(self) -> Json:
        return dict(self._values)

    def has(self, name: str) -> bool:
        return self._values.get(name) is not None

    def value(self, name: str) -> object:
        return self._values.get(name)

    def text(self, name: str, default: str = "") -> str:
        value = self._values.get(name)
        if value is None:
            return default
        if not isinstance(value, str):
            raise wrong_type(self._path + name, "string")
        return value

    def need(self, name: str) -> str:
        """A string that must be there and must not be empty."""
        value = self.text(name)
        if not value:
            raise missing(self._path + name)
        return value

    def number(self, name: str, default: int = 0) -> int:
        """Also from a string of digits: `Limit` and `Offset` are strings in the vpc service."""
        value = self._values.get(name)
        if value is None:
            return default
        if isinstance(value, str) and value.lstrip("-").isdigit():
            return int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise wrong_type(self._path + name, "integer")
        return value

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Also from `"true"` and `"false"`: the multicast and broadcast switches are strings in the vpc
        service."""
        value = self._values.get(name)
        if value is None:
            return default
        if isinstance(value, str) and value.lower() in ("true", "false"):
            return value.lower() == "true"
        if not isinstance(value, bool):
            raise wrong_type(self._path + name, "boolean")
        return value

    def texts(self, name: str) -> list[str]:
        found: list[str] = []
        for item in self._list(name):
            if not isinstance(item, str):
                raise wrong_type(self._path + name, "list of strings")
            found.append(item)
        return found

    def child(self, name: str) -> "Params":
        value = self._values.get(name)
        if value is None:
            return Params({}, f"{self._path}{name}.")
        if not isinstance(value, dict):
            raise wrong_type(self._path + name, "object")
        return Params(cast("Json", value), f"{self._path}{name}.")

    def children(self, name: str) -> "list[Params]":
        found: list[Params] = []
        for number, item in enumerate(self._list(name)):
            if not isinstance(item, dict):
                raise wrong_type(self._path + name, "list of objects")
            found.append(Params(cast("Json", item), f"{self._path}{name}.{number}."))
        return found

    def pairs(self, name: str, key: str = "Key", value: str = "Value") -> dict[str, str]:
        """A list of key and value objects, such as tags and labels."""
        return {item.need(key): item.text(value) for item in self.children(name)}

    def _list(self, name: str) -> list[object]:
        value = self._values.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise wrong_type(self._path + name, "list")
        return cast("list[object]", value)
