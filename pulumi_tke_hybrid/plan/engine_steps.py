"""Converts steps of the engine's JSON into steps of the model, and collects the secret values on the way.

One resource may have several steps of the engine; the model has one step for each resource.
"""

import re
from collections.abc import Iterable, Mapping, Set
from dataclasses import replace
from functools import lru_cache
from typing import Any

from pulumi_tke_hybrid.plan import resource_types
from pulumi_tke_hybrid.plan.model import (
    ADOPTING,
    CLEANING,
    Op,
    State,
    Step,
    all_sources_of,
    deleted_with,
    is_known_operation,
    leaves_old,
    operation,
    provider_of,
    stays,
    together,
)
from pulumi_tke_hybrid.plan.resource_types import canonical
from pulumi_tke_hybrid.tke.objects import SECRET, at, is_secret, mapping, texts, unknown

_SECRET_NAMES = re.compile(
    r"pass(word|wd|phrase)|secret(?!name|store|ref)|token|kube_?config"
    r"|(private|access|api|secret)_?-?key|credential|client-key|"
    r"authority(-data|$)|certificationauthority",
    re.IGNORECASE,
)
_KUBERNETES_SECRET = "kubernetes:core/v1:Secret"  # noqa: S105
_NESTED: tuple[object, ...] = (dict, list)
_RANDOM = re.compile(r"[A-Za-z0-9+/=_.-]{20,}")
"""A token inside a larger secret, for example in a kubeconfig."""
SHORTEST = 6
"""Shorter texts occur everywhere; hiding them would make a report unreadable and protect nothing."""


class Secrets:
    """Secret values of a preview, so that names and messages can hide these values as well."""

    def __init__(self) -> None:
        self.values: set[str] = set()

    def opened(self, props: object, type_: str = "") -> dict[str, Any]:
        """Return the properties without the engine's wrappers: a secret becomes `[secret]` and is
        collected."""
        found = mapping(props)
        return self._open(found) if self._look(found, type_.startswith(_KUBERNETES_SECRET)) else found

    def _look(self, value: Any, hidden: bool) -> bool:
        """Collect the secrets in a value; return whether a secret has a wrapper. Most values are skipped, for
        speed."""
        kind = _kind(value)
        if kind is str:
            if hidden:
                self.remember(value)
            return False
        if kind is list:
            return True in [
                self._look(item, hidden) for item in value if hidden or type(item) in _NESTED
            ]  # a list, because every item must be visited
        if kind is not dict:
            return False
        if is_secret(value):
            self._look(value.get("plaintext"), True)
            self._look(value.get("value"), True)
            return True
        name = value.get("name")
        hidden = hidden or (
            "value" in value and type(name) is str and _is_secret_name(name)
        )  # an environment variable
        wrapped = False
        for key, item in value.items():
            kind = _kind(item)
            if kind is str:
                if hidden or _is_secret_name(key):
                    self.remember(item)
            elif kind in _NESTED and self._look(item, hidden or _is_secret_name(key)):
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
        """Collect one secret; the engine keeps some secrets as JSON text."""
        text = value[1:-1] if value.startswith('"') and value.endswith('"') and len(value) > 1 else value
        if len(text) >= SHORTEST and text != SECRET and not unknown(text):
            self.values.add(text)
            self.values.update(_RANDOM.findall(text))


def _kind(value: Any) -> object:
    return value.__class__


@lru_cache(maxsize=100_000)
def _is_secret_name(key: str) -> bool:
    """Whether a property of this name is secret; cached, because there are few names and many values."""
    return bool(_SECRET_NAMES.search(key))


_DEFAULT = re.compile(r"pulumi:providers:([\w-]+)::default_(\d+)_(\d+)_(\d+)")
_STATE = ("eniSubnetIds", "registeredSubnets", "availableIpCount", "status", "clbVips", "publicIp")
"""Outputs that rules or tables read; others are dropped."""


class Steps:
    """Collects the steps of one preview."""

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets
        self._steps: dict[str, Step] = {}
        self._deleted_with: dict[str, str] = {}
        self._seen: set[tuple[str, str]] = set()
        self.versions: dict[str, str] = {}
        """Versions of default providers, read from their names: no preview shows their steps."""
        self.refreshed = False
        """Whether a step was a refresh."""
        self.unknown_operations: dict[str, None] = {}
        self.malformed = 0
        """Number of steps that name no resource or have no valid state."""
        self.changing = 0
        """Number of the engine's steps that change something: a replaced resource has three."""

    def add(self, raw: object) -> None:
        """Add one step in the shape of `pulumi preview --json`."""
        given = mapping(raw)
        said = given.get("op")
        urn = given.get("urn") or at(given, "newState", "urn") or at(given, "oldState", "urn")
        states = (given.get("oldState"), given.get("newState"))
        if not isinstance(urn, str) or not urn or not all(map(_is_state, states)):
            self.malformed += 1
            return
        old, new, is_rest = mapping(given.get("oldState")), mapping(given.get("newState")), False
        op = operation(said, old, new)
        self.changing += operation(said, {}, {}).changes
        if old.get("delete") is True and said in CLEANING:
            op = Op.READ if stays(old) else Op.OTHER  # left over from an earlier run that was cut off
            urn, is_rest = f"{urn} (left over)", True
        elif not is_known_operation(said):
            self.unknown_operations[str(said)] = None
        self.refreshed = self.refreshed or said == "refresh"
        self._deleted_with[urn] = deleted_with(old)
        step = self._step(given, urn, op, old, new)
        if is_rest:
            step = replace(step, is_rest=True)
        pair = (str(at(old, "provider") or ""), str(at(new, "provider") or provider_of(given)))
        if pair not in self._seen:
            self._seen.add(pair)
            self._provider_pair(*pair)
        before = self._steps.get(urn)
        self._steps[urn] = step if before is None else _merged(before, step)

    def done(self) -> list[Step]:
        """Return the steps so far, one for each resource."""
        replaced = {urn for urn, step in self._steps.items() if _is_replaced(step)}
        return [self._explained(self._kept(step), replaced) for step in self._steps.values()]

    def _kept(self, step: Step) -> Step:
        """Return LEAVE for a deletion that the engine skips: the resource is `deleted_with` a resource that
        stays in the cloud."""
        seen: set[str] = set()
        urn = self._deleted_with.get(step.urn, "") if step.op is Op.DELETE else ""
        while urn in self._steps and urn not in seen:
            if self._steps[urn].left:
                return step.leaving()
            seen.add(urn)
            urn = self._deleted_with.get(urn, "")
        return step

    def _explained(self, step: Step, replaced: Set[str]) -> Step:
        """Name the properties that come from a replaced resource, where the engine names none."""
        if step.replace_keys or not _is_replaced(step):
            return step
        keys = tuple(key for key, urns in step.sources.items() if not replaced.isdisjoint(urns))
        return replace(step, replace_keys=keys)

    def _provider_pair(self, before: str, now: str) -> None:
        """Note the versions of a default provider: its name holds them, and no preview shows its steps."""
        old, new = _DEFAULT.search(before), _DEFAULT.search(now)
        if new is None:
            return
        version = self.versions[new[1]] = ".".join(new.group(2, 3, 4))
        was = ".".join(old.group(2, 3, 4)) if old else version
        if was != version:
            urn = now.rpartition("::")[0]
            self._steps[urn] = Step(
                urn, f"{resource_types.PROVIDERS}{new[1]}", Op.SAME, {"version": was}, {"version": version}
            )

    def _step(self, given: State, urn: str, op: Op, old: State, new: State) -> Step:
        token = str(new.get("type") or old.get("type") or _type_of(urn))
        before = self._secrets.opened(old.get("inputs"), token)
        same = old.get("inputs") == new.get("inputs")
        after = before if same else self._secrets.opened(new.get("inputs"), token)
        state = self._secrets.opened(old.get("outputs") or new.get("outputs"), token)
        details = given.get("detailedDiff")
        diff = [*texts(given.get("diffReasons")), *(_head(str(key)) for key in mapping(details))]
        either = new or old
        type_ = canonical(token, after or before)
        step = Step(
            urn=urn,
            type=type_,
            op=op,
            old=before,
            new={} if op is Op.DELETE else after,
            state={key: state[key] for key in _STATE if key in state},
            replace_keys=tuple(
                _forced(mapping(details)) or [_head(key) for key in texts(given.get("replaceReasons"))]
            ),
            diff_keys=tuple(dict.fromkeys(diff)) if diff else None,
            id=str(old.get("id") or new.get("id") or ""),
            parent=str(either.get("parent") or ""),
            sources=all_sources_of(either, provider_of(given)),
            was_protected=old.get("protect") is True,
            protected=new.get("protect") is True,
            custom=either.get("custom") is not False
            if "custom" in either
            else not (type_.startswith("tke-hybrid:") or type_ == "pulumi:pulumi:Stack"),
            token=token if token != type_ else "",
            adopted=given.get("op") in ADOPTING,
            left=leaves_old(given.get("op"), old),
        )
        return _as_applied(step)


def _is_state(value: object) -> bool:
    """Whether a value is the engine's JSON of a resource, or absent."""
    state = mapping(value)
    return (
        isinstance(value, dict | None)
        and isinstance(state.get("type"), str | None)
        and isinstance(state.get("inputs"), dict | None)
    )


def _is_replaced(step: Step) -> bool:
    """Whether a new resource takes the place of the old one, which may stay in the cloud."""
    return step.op is Op.REPLACE or (step.op is Op.CREATE and step.left)


def _as_applied(step: Step) -> Step:
    """Adjust a step to what the apply does: a resource that leaves the stack is unchanged, an imported
    resource existed before, and a resource beside a kept one is new."""
    if step.op is Op.LEAVE:
        return step.leaving()
    if step.op is Op.IMPORT:
        # The program's inputs may differ from the imported resource: then the preview shows an update.
        differs = bool(step.old) and step.old != step.new
        return replace(step, op=Op.UPDATE if differs else Op.IMPORT, old=step.old or step.new)
    if step.op is Op.CREATE and step.left:
        return replace(step, old={}, state={}, id="", was_protected=step.protected)
    return step


def _merged(first: Step, second: Step) -> Step:
    """Merge two steps of one resource: a refresh and the next step, an import and its update, or the parts of
    a replacement."""
    op = together(first.op, second.op)
    if first.op is Op.READ:
        return second
    if second.op is Op.READ:
        return first
    strong = first if first.op is op else second
    return replace(
        strong,
        op=op,
        old=(second.old if first.op is Op.IMPORT else first.old) or second.old,
        new={} if op is Op.DELETE else second.new or first.new,
        state=first.state or second.state,
        replace_keys=tuple(dict.fromkeys([*first.replace_keys, *second.replace_keys])),
        id=first.id or second.id,
        parent=first.parent or second.parent,
        sources={**first.sources, **second.sources},
        was_protected=first.was_protected or second.was_protected,
        protected=second.protected or (first.protected and not second.new),
        adopted=first.adopted or second.adopted,
        is_rest=False,
        left=first.left or second.left,
    )


def _type_of(urn: str) -> str:
    parts = urn.split("::")
    return parts[2].rsplit("$", 1)[-1] if len(parts) > 3 else ""


def _forced(details: Mapping[str, Any]) -> Iterable[str]:
    return [
        _head(path)
        for path, how in details.items()
        if str(at(how, "kind") or at(how, "diffKind")).endswith("-replace")
    ]


def _head(path: str) -> str:
    """`eniSubnetIds[0]` → `eniSubnetIds`; paths of Kubernetes objects are kept, because the key of an
    annotation matters."""
    if path.startswith(("metadata.", "spec.", "data")):
        return path
    return path.partition("[")[0].partition(".")[0] or path
