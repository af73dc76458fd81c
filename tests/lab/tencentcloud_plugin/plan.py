"""Planning of the stand-in plugin: old state and new inputs give the planned state and the differences.

As in the bridge, the comparison is between the old *state* and the new inputs, so a change made elsewhere
shows after a refresh. The names of `ignoreChanges` get the value of the old state before the comparison.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from tests.lab.tencentcloud_plugin.schema import DEFAULTS, Prop, is_zero, zero
from tests.lab.tencentcloud_plugin.values import UNKNOWN, Object, Unknown, Value

DiffKind = Literal["add", "delete", "update"]
_PATH_PART = re.compile(r'\["([^"]*)"\]|\[(\d+|\*)\]|([^.\[\]]+)')


@dataclass(frozen=True)
class Change:
    path: str
    kind: DiffKind
    replaces: bool


def parse_path(path: str) -> list[str]:
    """`tags["a.b"]`, `taints[0].key`, `*` -> parts."""
    return [quoted or index or plain for quoted, index, plain in _PATH_PART.findall(path)]


def apply_ignored(inputs: Object, state: Object, ignored: Sequence[str]) -> Object:
    """The inputs, with every ignored property set back to the old state."""
    result: Object = dict(inputs)
    for path in ignored:
        parts = parse_path(path)
        if parts == ["*"]:
            return dict(state)
        if parts:
            _reset(result, state, parts)
    return result


def _reset(inputs: Object, state: Object, parts: list[str]) -> None:
    name, rest = parts[0], parts[1:]
    old = state.get(name)
    new = inputs.get(name)
    if rest and isinstance(new, dict):
        inner = dict(new)
        _reset(inner, old if isinstance(old, dict) else {}, rest)
        inputs[name] = inner
    elif rest and isinstance(new, list) and isinstance(old, list) and rest[0].isdigit():
        index = int(rest[0])
        if index < min(len(new), len(old)):
            inputs[name] = [*new[:index], old[index], *new[index + 1 :]]
    elif old is None:
        inputs.pop(name, None)
    else:
        inputs[name] = old


def planned_state(props: Mapping[str, Prop], state: Object | None, inputs: Object) -> Object:
    """The planned state of an update; of a create if `state` is None, where computed values are unknown."""
    planned: Object = {}
    for name, prop in props.items():
        old = None if state is None else state.get(name)
        new = None if prop.output else inputs.get(name)
        if new is None or (prop.computed and new == "" and not is_zero(old)):
            if state is None and (prop.output or prop.computed):
                planned[name] = UNKNOWN
            elif (prop.output or prop.computed) and old is not None:
                planned[name] = old
        elif prop.kind == "object" and isinstance(new, dict):
            planned[name] = planned_state(prop.fields, _fields_of(state, old), new)
        elif prop.kind == "objects" and isinstance(new, list):
            olds = old if isinstance(old, list) else []
            items: list[Value] = []
            for index, item in enumerate(new):
                old_item = olds[index] if index < len(olds) else None
                if isinstance(item, dict):
                    items.append(planned_state(prop.fields, _fields_of(state, old_item), item))
                else:
                    items.append(item)
            planned[name] = items
        else:
            planned[name] = new
    return planned


def _fields_of(state: Object | None, old: Value) -> Object | None:
    if state is None:
        return None
    return old if isinstance(old, dict) else {}


def same(prop: Prop, old: Value, new: Value) -> bool:
    """Whether Terraform sees no difference; nothing and the zero value are the same."""
    if isinstance(old, Unknown) or isinstance(new, Unknown):
        return False
    nothing = prop.default if prop.default_is_nothing else zero(prop)
    left = nothing if old is None or (prop.default_is_nothing and old == "") else old
    right = nothing if new is None or (prop.default_is_nothing and new == "") else new
    if prop.kind == "object" and isinstance(left, dict) and isinstance(right, dict):
        return all(same(inner, left.get(name), right.get(name)) for name, inner in prop.fields.items())
    if prop.kind == "objects" and isinstance(left, list) and isinstance(right, list):
        if len(left) != len(right):
            return False
        element = Prop("object", fields=prop.fields)
        return all(same(element, one, other) for one, other in zip(left, right, strict=True))
    if prop.unordered and isinstance(left, list) and isinstance(right, list):
        return sorted(map(str, left)) == sorted(map(str, right))
    return left == right


def changes(props: Mapping[str, Prop], state: Object, planned: Object, path: str = "") -> Iterator[Change]:
    """The differences between a state and a plan, as detailed as the bridge shows them."""
    for name, prop in props.items():
        old, new = state.get(name), planned.get(name)
        if same(prop, old, new):
            continue
        where = f"{path}.{name}" if path else name
        if prop.kind == "object" and isinstance(old, dict) and isinstance(new, dict):
            yield from changes(prop.fields, old, new, where)
        else:
            yield from _leaf_changes(prop, where, old, new)


def _leaf_changes(prop: Prop, where: str, old: Value, new: Value) -> Iterator[Change]:
    if is_zero(old) and not isinstance(new, Unknown) and prop.kind != "boolean":
        yield Change(where, "add", prop.force_new)
    elif is_zero(new) and (new is None or prop.kind not in ("boolean", "integer")):
        yield Change(where, "delete", prop.force_new)
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            if index >= len(old):
                yield Change(f"{where}[{index}]", "add", prop.force_new)
            elif index >= len(new):
                yield Change(f"{where}[{index}]", "delete", prop.force_new)
            elif old[index] != new[index]:
                yield Change(f"{where}[{index}]", "update", prop.force_new)
    elif isinstance(old, dict) and isinstance(new, dict):
        for key in {**old, **new}:
            part = f'["{key}"]' if re.search(r'[.\[\]"]', key) else f".{key}"
            if key not in old:
                yield Change(where + part, "add", prop.force_new)
            elif key not in new:
                yield Change(where + part, "delete", prop.force_new)
            elif old[key] != new[key]:
                yield Change(where + part, "update", prop.force_new)
    else:
        yield Change(where, "update", prop.force_new)


def inputs_of_state(props: Mapping[str, Prop], state: Object, old_inputs: Object | None) -> Object:
    """The inputs after a read: the old inputs with the values of the cloud; after an import all inputs."""
    inputs: Object = {}
    defaults: list[Value] = []
    for name, prop in props.items():
        if prop.output or name not in state:
            continue
        value = state[name]
        if old_inputs is not None:
            if name not in old_inputs:
                continue
            if same(prop, value, old_inputs[name]):
                inputs[name] = old_inputs[name]
                continue
        elif value == prop.default:
            defaults.append(name)
        elif is_zero(value):
            continue
        if prop.kind == "object" and isinstance(value, dict):
            inner = old_inputs.get(name) if old_inputs is not None else None
            inputs[name] = inputs_of_state(prop.fields, value, inner if isinstance(inner, dict) else None)
        else:
            inputs[name] = value
    inputs[DEFAULTS] = defaults if old_inputs is None else old_inputs.get(DEFAULTS, [])
    return inputs
