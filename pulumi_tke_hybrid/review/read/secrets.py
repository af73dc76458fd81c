"""Values that nobody may see: the engine's own secrets, and what stands under names such as `password`."""

import re
from typing import Any

from pulumi_tke_hybrid.tke.values import SECRET, is_secret, mapping, unknown

_TELLING = re.compile(
    r"pass(word|wd|phrase)|secret(?!name|store|ref)|token|kube_?config|(private|access|api|secret)_?-?key|credential|client-key|"
    r"authority(-data|$)|certificationauthority",
    re.IGNORECASE,
)
_KUBERNETES_SECRET = "kubernetes:core/v1:Secret"  # noqa: S105
_NESTED: tuple[object, ...] = (dict, list)
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
        found = mapping(props)
        return self._open(found) if self._look(found, type_.startswith(_KUBERNETES_SECRET)) else found

    def _look(self, value: Any, hidden: bool) -> bool:
        """Remember what is secret; whether some of it is wrapped. There are many values, so most are not even looked at."""
        kind = _kind(value)
        if kind is str:
            if hidden:
                self.remember(value)
            return False
        if kind is list:
            return True in [self._look(item, hidden) for item in value if hidden or type(item) in _NESTED]  # all of them, so a list
        if kind is not dict:
            return False
        if is_secret(value):
            self._look(value.get("plaintext"), True)
            self._look(value.get("value"), True)
            return True
        name = value.get("name")
        hidden = hidden or ("value" in value and type(name) is str and _telling(name))  # an environment variable
        wrapped = False
        for key, item in value.items():
            kind = _kind(item)
            if kind is str:
                if hidden or _telling(key):
                    self.remember(item)
            elif kind in _NESTED and self._look(item, hidden or _telling(key)):
                wrapped = True
        return wrapped

    def _open(self, value: Any) -> Any:
        kind = _kind(value)
        if kind is list:
            return [self._open(item) for item in value]
        if kind is not dict:
            return value
        return SECRET if is_secret(value) else {key: self._open(item) for key, item in value.items()}

    def remember(self, value: str) -> None:
        """One more secret, also as a JSON text, in which the engine keeps it, says it."""
        text = value[1:-1] if value.startswith('"') and value.endswith('"') and len(value) > 1 else value
        if len(text) >= SHORTEST and text != SECRET and not unknown(text):
            self.values.add(text)
            self.values.update(_RANDOM.findall(text))


def _kind(value: Any) -> object:
    return value.__class__


_known: dict[str, bool] = {}


def _telling(key: str) -> bool:
    """Whether a name says that its value is secret. There are few names and many values."""
    found = _known.get(key)
    if found is None:
        found = _known[key] = bool(_TELLING.search(key))
        if len(_known) > 100_000:
            _known.clear()
    return found
