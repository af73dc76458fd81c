"""Reads and merges kubeconfigs as kubectl does: the first file that names a cluster, user or context wins."""

import base64
import binascii
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from pulumi_tke_hybrid.kube import KubeError, NoSuchEntry
from pulumi_tke_hybrid.tke import printable
from pulumi_tke_hybrid.tke.objects import items

_MAX_BYTES = 16 * 1024 * 1024
"""Limit of a kubeconfig, and of a file that a kubeconfig names."""
_LISTS = {"clusters": "cluster", "users": "user", "contexts": "context"}
_MAX_NAMES = 10
_MAX_NAME = 80
_NO_MAPPING = "is not a mapping of fields"


def shown_name(name: object) -> str:
    """A name of a file, context, cluster or user, in quotes."""
    return f'"{printable(str(name)[:_MAX_NAME])}"'


@dataclass(frozen=True)
class Section:
    """The fields of a cluster, user or context."""

    title: str
    """For example: `user "admin"`."""
    fields: Mapping[str, Any] = field(repr=False)
    folder: Path = Path()
    """Where relative paths start: the folder of the kubeconfig."""

    def _value(self, key: str, kind: type[Any], problem: str) -> Any:
        """The value of a field; None where the field is missing. Raises `KubeError` for another type."""
        value = self.fields.get(key)
        if value is not None and not isinstance(value, kind):
            raise KubeError(f"{self.title}: {key} {problem}")
        return value

    def text(self, key: str) -> str:
        """A text; empty where the field is missing."""
        return str(self._value(key, str, "is not a text") or "")

    def flag(self, key: str) -> bool:
        """A boolean; False where the field is missing."""
        return bool(self._value(key, bool, "is neither true nor false"))

    def items(self, key: str) -> list[Any]:
        """A list; empty where the field is missing."""
        return items(self._value(key, list, "is not a list"))

    def mapping(self, key: str) -> "Section | None":
        """The fields below a field; None where that is missing."""
        fields = self._value(key, dict, _NO_MAPPING)
        return None if fields is None else Section(f"{self.title}: {key}", fields, self.folder)

    def file(self, key: str) -> bytes | None:
        """The content of the file that a field names; None where the field is missing."""
        name = self.text(key)
        return read_bytes(self.folder / name, f"{self.title}: the file of {key}") if name else None

    def data_or_file(self, key: str) -> bytes | None:
        """The value of `key-data`, else the content of the file that `key` names; None where both are
        missing."""
        data = self.text(f"{key}-data")
        if not data:
            return self.file(key)
        try:
            return base64.b64decode(data, validate=False)
        except (binascii.Error, ValueError):
            raise KubeError(f"{self.title}: {key}-data is not base64") from None


@dataclass(frozen=True)
class Entry:
    context: str
    cluster: Section
    user: Section


class Kubeconfig:
    """Clusters, users and contexts of one or several files."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._current = ""
        self._sections: dict[str, dict[str, Section]] = {name: {} for name in _LISTS}

    def add(self, data: bytes | str, file_title: str, folder: Path) -> None:
        """Merge the text of a file; entries of earlier files stay. Raises `KubeError`."""
        content = Section(file_title, _parse(data, file_title))
        for plural, singular in _LISTS.items():
            for name, fields in _named(content, plural, singular).items():
                section = Section(f"{singular} {shown_name(name)}", fields, folder)
                self._sections[plural].setdefault(name, section)
        current = content.fields.get("current-context") or ""
        if not isinstance(current, str):
            raise KubeError(f"{file_title}: current-context is not a text")
        self._current = self._current or current

    def entry(self, context: str = "") -> Entry:
        """Return a context by its name; without a name the current context. Raises `NoSuchEntry` or
        `KubeError`."""
        name = context or self._current
        contexts = self._sections["contexts"]
        if not name:
            raise KubeError(
                f"{self._title} has no current-context; name one with --context ({self._listed()})"
            )
        if name not in contexts:
            if context:
                raise NoSuchEntry(f"{self._title} has no context {shown_name(name)}; {self._listed()}")
            raise KubeError(
                f"{self._title}: current-context names {shown_name(name)}, and there is no such context;"
                f" {self._listed()}"
            )
        found = contexts[name]
        cluster, user = found.text("cluster"), found.text("user")
        if cluster not in self._sections["clusters"]:
            missing = (
                f"names cluster {shown_name(cluster)}, and there is none" if cluster else "names no cluster"
            )
            raise KubeError(f"{self._title}: {found.title} {missing}")
        if user and user not in self._sections["users"]:
            raise KubeError(f"{self._title}: {found.title} names user {shown_name(user)}, and there is none")
        no_user = Section(f"{found.title} without a user", {})
        return Entry(
            name, self._sections["clusters"][cluster], self._sections["users"][user] if user else no_user
        )

    def _listed(self) -> str:
        names = list(self._sections["contexts"])
        more = f" and {len(names) - _MAX_NAMES} more" if len(names) > _MAX_NAMES else ""
        shown = ", ".join(map(shown_name, names[:_MAX_NAMES]))
        return f"contexts: {shown}{more}" if names else "there is no context"


def of_file(path: Path) -> Kubeconfig:
    """Read one file. Raises `NoSuchEntry` where it does not exist, `KubeError` where it cannot be used."""
    title = f"kubeconfig {shown_name(path)}"
    if not os.path.exists(path):  # unlike Path.exists this raises nothing for a name that is too long
        raise NoSuchEntry(f"{title} does not exist")
    return _merged([path], title)


def environment_files() -> list[Path]:
    """The files that `KUBECONFIG` names, also those that do not exist."""
    return [Path(name).expanduser() for name in os.environ.get("KUBECONFIG", "").split(os.pathsep) if name]


def of_environment() -> Kubeconfig | None:
    """Read the files of `KUBECONFIG`, else `~/.kube/config`; None where neither exists.

    Files of `KUBECONFIG` that do not exist are skipped, as in kubectl. Raises `NoSuchEntry` where no file
    exists.
    """
    named = environment_files()
    if named:
        found = [path for path in named if os.path.exists(path)]
        if not found:
            raise NoSuchEntry(
                f"no file of KUBECONFIG exists: {', '.join(map(shown_name, named[:_MAX_NAMES]))}"
            )
        return _merged(found, "KUBECONFIG")
    usual = Path("~/.kube/config").expanduser()
    return _merged([usual], "kubeconfig ~/.kube/config") if usual.exists() else None


def of_text(text: str, title: str) -> Kubeconfig:
    """Read a kubeconfig in a text. Relative paths start at the working directory."""
    made = Kubeconfig(title)
    made.add(text, title, Path())
    return made


def read_bytes(path: Path, title: str) -> bytes:
    """Return the content of a file. Raises `KubeError` with the system's reason, or for more than 16 MiB."""
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else ""
        raise KubeError(f"{title} cannot be read ({reason or type(error).__name__})") from None
    if len(data) > _MAX_BYTES:
        raise KubeError(f"{title} is longer than {_MAX_BYTES} bytes")
    return data


def _merged(paths: Sequence[Path], title: str) -> Kubeconfig:
    made = Kubeconfig(title)
    for path in paths:
        file_title = f"kubeconfig {shown_name(path)}"
        made.add(read_bytes(path, file_title), file_title, path.absolute().parent)
    return made


def _parse(data: bytes | str, title: str) -> Mapping[str, Any]:
    import yaml

    try:
        content: Any = yaml.safe_load(data)
    except (yaml.YAMLError, ValueError, RecursionError):
        raise KubeError(f"{title} is not YAML") from None
    if content is None:
        raise KubeError(f"{title} is empty")
    return _mapping(content, title)


def _named(content: Section, plural: str, singular: str) -> Mapping[str, Mapping[str, Any]]:
    """Return the entries of a list by their names."""
    title = content.title
    found: dict[str, Mapping[str, Any]] = {}
    for entry in content.items(plural):
        fields = _mapping(entry, f"{title}: an entry of {plural}")
        name = fields.get("name")
        if not isinstance(name, str):
            raise KubeError(f"{title}: an entry of {plural} has no name")
        if name in found:
            raise KubeError(f"{title}: {plural} holds {shown_name(name)} twice")
        found[name] = _mapping(fields.get(singular) or {}, f"{title}: {singular} {shown_name(name)}")
    return found


def _mapping(value: Any, title: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise KubeError(f"{title} {_NO_MAPPING}")
    return cast(Mapping[str, Any], value)
