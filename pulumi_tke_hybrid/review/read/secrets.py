"""Values that nobody may see: the engine's own secrets, and what stands under names such as `password`."""

import re
from typing import Any

from pulumi_tke_hybrid.tke.step import SECRET, mapping, unknown

_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 the engine's mark of a secret value
_TELLING = re.compile(
    r"pass(word|wd|phrase)|secret(?!name|store|ref)|token|kube_?config|(private|access|api|secret)_?-?key|credential|client-key|"
    r"authority(-data|$)|certificationauthority",
    re.IGNORECASE,
)
_KUBERNETES_SECRET = "kubernetes:core/v1:Secret"  # noqa: S105
_RANDOM = re.compile(r"[A-Za-z0-9+/=_.-]{20,}")
"""A token inside a larger secret, such as a kubeconfig."""
SHORTEST = 6
"""Shorter texts occur everywhere; replacing them would make a report unreadable and protect nothing."""


class Secrets:
    """Secret values that were met, so that they can be kept out of names and messages as well."""

    def __init__(self) -> None:
        self.values: set[str] = set()

    def opened(self, props: object, type_: str = "") -> dict[str, Any]:
        """The same properties with the engine's wrappers opened: a secret becomes `[secret]`. Everything secret is remembered."""
        return mapping(self._clean(props, type_.startswith(_KUBERNETES_SECRET)))

    def _clean(self, value: Any, hidden: bool) -> Any:
        if isinstance(value, str):
            if hidden:
                self.remember(value)
            return value
        if isinstance(value, dict):
            given = mapping(value)  # pyright: ignore[reportUnknownArgumentType]
            if given.get(_SIGNATURE) == _SECRET_SIGNATURE:
                for inner in ("plaintext", "value"):
                    self._clean(given.get(inner), True)
                return SECRET
            return {
                key: item if item is None or item is True or item is False else self._clean(item, hidden or bool(_telling(str(key))))
                for key, item in given.items()
            }
        if isinstance(value, list):
            return [self._clean(item, hidden) for item in value]  # pyright: ignore[reportUnknownVariableType]
        return value

    def remember(self, value: str) -> None:
        """One more secret, also as a JSON text, in which the engine keeps it, says it."""
        text = value[1:-1] if value.startswith('"') and value.endswith('"') and len(value) > 1 else value
        if len(text) >= SHORTEST and text != SECRET and not unknown(text):
            self.values.add(text)
            self.values.update(_RANDOM.findall(text))


_known: dict[str, bool] = {}


def _telling(key: str) -> bool:
    """Whether a name says that its value is secret. There are few names and many values."""
    found = _known.get(key)
    if found is None:
        found = _known[key] = bool(_TELLING.search(key))
        if len(_known) > 100_000:
            _known.clear()
    return found
