"""Steps of the engine's JSON made into steps of the rules. One resource may have several; they become one."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from pulumi_tke_hybrid.review.read.secrets import Secrets
from pulumi_tke_hybrid.tke import tokens
from pulumi_tke_hybrid.tke.step import Op, Step, at, mapping, texts

_OPS = {
    "same": Op.SAME,
    "create": Op.CREATE,
    "import": Op.CREATE,
    "update": Op.UPDATE,
    "delete": Op.DELETE,
    "replace": Op.REPLACE,
    "create-replacement": Op.REPLACE,
    "delete-replaced": Op.REPLACE,
    "import-replacement": Op.REPLACE,
    "read": Op.READ,
    "read-replacement": Op.READ,
    "refresh": Op.READ,
    "discard": Op.READ,
    "discard-replaced": Op.READ,
}
_CLEANING = ("delete", "delete-replaced", "remove-pending-replace")
_WEIGHT = {op: weight for weight, op in enumerate((Op.READ, Op.SAME, Op.UPDATE, Op.OTHER, Op.CREATE, Op.DELETE, Op.REPLACE))}
_DEFAULT = re.compile(r"pulumi:providers:([\w-]+)::default_(\d+)_(\d+)_(\d+)")
_STATE = ("eniSubnetIds", "registeredSubnets", "availableIpCount", "status")
"""Outputs that a rule or a table looks at; the others are not kept."""


class Steps:
    """Collects the steps of one preview."""

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets
        self._steps: dict[str, Step] = {}
        self._said: dict[str, set[str]] = {}
        self._seen: set[tuple[str, str]] = set()
        self.versions: dict[str, str] = {}
        """Of default providers: their names hold them, and their own steps are not shown."""
        self.unnamed_ops: dict[str, None] = {}
        self.odd = 0
        """Steps that are no steps."""

    def add(self, raw: object) -> None:
        """One step, in the shape of `pulumi preview --json`."""
        given = mapping(raw)
        said, urn = given.get("op"), given.get("urn") or at(given, "newState", "urn") or at(given, "oldState", "urn")
        if not isinstance(urn, str) or not urn:
            self.odd += 1
            return
        op = _OPS.get(said, Op.OTHER) if isinstance(said, str) else Op.OTHER
        old, new = mapping(given.get("oldState")), mapping(given.get("newState"))
        if old.get("delete") is True and said in _CLEANING:
            op, said = Op.OTHER, "delete-replaced"  # left over from an earlier run that was cut off
            urn += " (left over)"
        elif op is Op.OTHER:
            self.unnamed_ops[str(said)] = None
        self._said.setdefault(urn, set()).add(str(said))
        step = self._step(given, urn, op, old, new)
        pair = (str(at(old, "provider") or ""), str(at(new, "provider") or _provider(given)))
        if pair not in self._seen:
            self._seen.add(pair)
            self._provider_pair(*pair)
        before = self._steps.get(urn)
        self._steps[urn] = step if before is None else _merged(before, step)

    def done(self) -> list[Step]:
        """The steps so far, one for each resource."""
        replaced = {urn for urn, step in self._steps.items() if step.op is Op.REPLACE}
        return [self._explained(step, replaced) if step.op is Op.REPLACE else step for step in self._steps.values()]

    def _explained(self, step: Step, replaced: set[str]) -> Step:
        """The engine names no property where a resource is replaced only because another one is: then those that come from that one."""
        if step.replace_keys:
            return step
        keys = tuple(key for key, urns in step.sources.items() if not replaced.isdisjoint(urns))
        return replace(step, replace_keys=keys)

    @property
    def refreshed(self) -> bool:
        """Whether some step only looked at the cloud."""
        return any("refresh" in said for said in self._said.values())

    def _provider_pair(self, before: str, now: str) -> None:
        """A default provider has a resource of its own for each version, whose steps no preview shows; its users name both."""
        old, new = _DEFAULT.search(before), _DEFAULT.search(now)
        if new is None:
            return
        version = self.versions[new[1]] = ".".join(new.group(2, 3, 4))
        was = ".".join(old.group(2, 3, 4)) if old else version
        if was != version:
            urn = now.rpartition("::")[0]
            self._steps[urn] = Step(urn, f"{tokens.PROVIDERS}{new[1]}", Op.SAME, {"version": was}, {"version": version})

    def _step(self, given: Mapping[str, Any], urn: str, op: Op, old: Mapping[str, Any], new: Mapping[str, Any]) -> Step:
        type_ = str(new.get("type") or old.get("type") or _type_of(urn))
        before = self._secrets.opened(old.get("inputs"), type_)
        after = before if old.get("inputs") == new.get("inputs") else self._secrets.opened(new.get("inputs"), type_)
        state = self._secrets.opened(old.get("outputs") or new.get("outputs"), type_)
        details = given.get("detailedDiff")
        diff = [*texts(given.get("diffReasons")), *(_head(str(key)) for key in mapping(details))]
        either = new or old
        return Step(
            urn=urn,
            type=type_,
            op=op,
            old=before,
            new={} if op is Op.DELETE else after,
            state={key: state[key] for key in _STATE if key in state},
            replace_keys=tuple(_forced(mapping(details)) or _keys(given.get("replaceReasons"))),
            diff_keys=tuple(dict.fromkeys(diff)) if diff else None,
            id=str(old.get("id") or new.get("id") or ""),
            parent=str(either.get("parent") or ""),
            sources={**_sources(either), **({"provider": (provider,)} if (provider := _provider(given) or _provider(either)) else {})},
            was_protected=old.get("protect") is True,
            protected=new.get("protect") is True,
            custom=either.get("custom") is not False if "custom" in either else not _is_component(type_),
        )


def _merged(first: Step, second: Step) -> Step:
    """Two steps of one resource: a refresh and what follows, or the parts of a replacement."""
    strong = max((first, second), key=lambda step: _WEIGHT[step.op])
    gone_and_back = {first.op, second.op} == {Op.DELETE, Op.CREATE}
    return Step(
        urn=first.urn,
        type=strong.type,
        op=Op.REPLACE if gone_and_back else strong.op,
        old=first.old or second.old,
        new={} if strong.op is Op.DELETE and not gone_and_back else second.new or first.new,
        state=first.state or second.state,
        replace_keys=tuple(dict.fromkeys([*first.replace_keys, *second.replace_keys])),
        diff_keys=strong.diff_keys,
        id=first.id or second.id,
        parent=first.parent or second.parent,
        sources={**first.sources, **second.sources},
        was_protected=first.was_protected or second.was_protected,
        protected=second.protected or (first.protected and not second.new),
        custom=strong.custom,
    )


def _sources(state: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    return {str(key): tuple(texts(value)) for key, value in mapping(state.get("propertyDependencies")).items() if value}


def _provider(holder: Mapping[str, Any]) -> str:
    """URN of the provider that a step or a state names as `URN::id`."""
    return str(holder.get("provider") or "").rpartition("::")[0]


def _type_of(urn: str) -> str:
    parts = urn.split("::")
    return parts[2].rsplit("$", 1)[-1] if len(parts) > 3 else ""


def _is_component(type_: str) -> bool:
    return type_.startswith("tke-hybrid:") or type_ == "pulumi:pulumi:Stack"


def _keys(value: object) -> list[str]:
    return [_head(key) for key in texts(value)]


def _forced(details: Mapping[str, Any]) -> Iterable[str]:
    return [_head(path) for path, how in details.items() if str(at(how, "kind") or at(how, "diffKind")).endswith("-replace")]


def _head(path: str) -> str:
    """`eniSubnetIds[0]` → `eniSubnetIds`; the annotation's key is kept, it says what happens."""
    if path.startswith(("metadata.", "spec.", "data")):
        return path
    return path.partition("[")[0].partition(".")[0] or path
