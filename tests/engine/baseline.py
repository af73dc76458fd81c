"""Stacks of an earlier version of the package: a preview with the code of today must change nothing.

`states/` holds one folder for each earlier version and, in the folder, the state of each engine program as
`pulumi stack export` wrote the state. `leaves_earlier_states_alone` puts such a state in the place of a fresh
stack of the same program and runs a preview. A recorded state holds no secret and no path of a machine.

`TKE_HYBRID_RECORD_STATES=NAME python -m pytest tests/engine` records a new folder; a recorded state is never
changed afterwards.
"""

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from tests.engine.stacks import steps
from tests.lab.pulumi_cli import PulumiProject

STATES: Final = Path(__file__).with_name("states")
RECORD: Final = "TKE_HYBRID_RECORD_STATES"
_SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
"""The key by which Pulumi marks the wrapper of a secret."""
_GUARD: Final = ":WorkloadGuard"
"""The end of the type of a guard. A workload of an earlier version has two."""
_PROVIDER_OF_GUARDS: Final = "pulumi:providers:pulumi-python"
_SECRET: Final = "the secret of the same property in today's stack"
_OF_THE_MACHINE: Final = ("sourcePosition", "stackTrace", "created", "modified")
_ID: Final = re.compile(
    r"\b(?:(?:cls|vpc|subnet|np|lb|sg|ins|eni|rtb)-[a-z0-9]{8}"
    r"|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\b"
)
"""An id of the cloud, or a UUID. The values differ in each run of a program."""

Json = dict[str, Any]


def leaves_earlier_states_alone(project: PulumiProject, name: str) -> None:
    """Preview each recorded state `name` with the program of today; raise if a resource would change that
    would not change with the state of today. The guards of earlier versions are deleted, and their component
    takes over what they stored.

    `project` must stand where the recorded stack stood: right after the same `up`. The state of `project` is
    put back.
    """
    today: Json = json.loads(project.run("stack", "export", "--show-secrets").stdout)
    project.printed.pop()  # the secrets of the export: other tests search all that was printed
    folder = os.environ.get(RECORD)
    if folder:
        _record(today, STATES / folder / f"{name}.json")
    recorded = sorted(STATES.glob(f"*/{name}.json"))
    assert recorded, f"no state of {name} is recorded below {STATES}; set {RECORD} to record one"
    try:
        for path in recorded:
            _import(project, rebound(json.loads(path.read_text()), today))
            planned = _beside_the_guards(steps(project))
            if planned:  # a program of raw resources may not be quiet with its own state either
                shown = project.preview("--diff").output
                _import(project, today)
                assert planned == steps(project), f"{path.parent.name}/{path.name} would change:\n{shown}"
    finally:
        _import(project, today)


def _beside_the_guards(planned: Mapping[str, str]) -> dict[str, str]:
    """Return the planned steps without the deletion of guards and the update of their components."""
    deleted = {name for name, step in planned.items() if step == "delete"}
    guards = {name for name in deleted if name.endswith(("-guard", "-settled"))}
    updated = {name.removesuffix("-guard") for name in guards}
    gone = guards | ({"default"} if guards else set())  # the provider of dynamic resources
    return {
        name: step
        for name, step in planned.items()
        if not (step == "delete" and name in gone) and not (step == "update" and name in updated)
    }


def rebound(earlier: Json, today: Json) -> Json:
    """Return the earlier state with the ids, the secrets and the live Kubernetes objects of today's stack.

    Inputs of resources, and all that the package itself stores, stay as the earlier version wrote them.
    """
    now = {resource["urn"]: resource for resource in _resources(today)}
    then = {resource["urn"]: resource for resource in _resources(earlier)}
    kept = {urn for urn, resource in then.items() if not resource["type"].endswith(_GUARD)}
    if _PROVIDER_OF_GUARDS not in {resource["type"] for resource in now.values()}:
        kept = {urn for urn in kept if then[urn]["type"] != _PROVIDER_OF_GUARDS}
    assert kept == now.keys(), f"other resources than before: {sorted(kept ^ now.keys())}"
    ids: dict[str, str] = {}
    for urn in kept:
        _pair(then[urn], now[urn], ids)
    found: Json = _replaced(earlier, ids)
    for resource in _resources(found):
        same = now.get(_replaced(resource["urn"], ids), {})
        if resource["type"].startswith("kubernetes:"):
            resource.pop("outputs", None)
            resource.update({"outputs": same["outputs"]} if "outputs" in same else {})
        _restore_secrets(resource, same)
    return {**today, "deployment": {**today["deployment"], "resources": _resources(found)}}


def _pair(then: object, now: object, ids: dict[str, str]) -> None:
    """Collect the ids that stand at the same place in both states."""
    if isinstance(then, dict) and isinstance(now, dict):
        for key in then.keys() & now.keys():
            _pair(then[key], now[key], ids)
    elif isinstance(then, list) and isinstance(now, list):
        for left, right in zip(then, now, strict=False):
            _pair(left, right, ids)
    elif isinstance(then, str) and isinstance(now, str) and then != now:
        old, new = _ID.findall(then), _ID.findall(now)
        if len(old) == len(new) and _ID.sub("", then) == _ID.sub("", now):
            ids.update(zip(old, new, strict=True))


def _replaced(value: Any, ids: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {_replaced(key, ids): _replaced(item, ids) for key, item in value.items()}
    if isinstance(value, list):
        return [_replaced(item, ids) for item in value]
    if isinstance(value, str):
        return _ID.sub(lambda match: ids.get(match[0], match[0]), value)
    return value


def _restore_secrets(then: Any, now: Any, where: str = "") -> None:
    """Put today's secrets where the recorded state holds a placeholder; changes `then` in place."""
    if isinstance(then, dict):
        for key, item in then.items():
            if item == _SECRET or (isinstance(item, dict) and item.get("plaintext") == _SECRET):
                assert isinstance(now, dict), f"{where}/{key} held a secret, and is gone"
                assert key in now, f"{where}/{key} held a secret, and is gone"
                then[key] = now[key]
            else:
                _restore_secrets(item, now.get(key) if isinstance(now, dict) else None, f"{where}/{key}")
    elif isinstance(then, list):
        for index, item in enumerate(then):
            _restore_secrets(item, now[index] if isinstance(now, list) else None, f"{where}/{index}")


def _record(today: Json, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    resources = [recordable(resource) for resource in _resources(today)]
    path.write_text(json.dumps({"deployment": {"resources": resources}}, indent=1, sort_keys=True) + "\n")


def recordable(resource: Json) -> Json:
    """Return the resource without secrets, source positions and times."""
    kept = {key: value for key, value in resource.items() if key not in _OF_THE_MACHINE}
    if resource["type"].startswith("kubernetes:"):
        kept["outputs"] = {}  # the live object, which is taken from today's stack
    cleaned: Json = _without_secrets(kept)
    return cleaned


def _without_secrets(value: Any) -> Any:
    if isinstance(value, dict):
        if _SIGNATURE in value:
            return {_SIGNATURE: value[_SIGNATURE], "plaintext": _SECRET}
        return {key: _without_secrets(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_secrets(item) for item in value]
    if isinstance(value, str) and any(mark in value for mark in ("-----BEGIN", "client-key-data", "token:")):
        return _SECRET
    return value


def _resources(state: Json) -> list[Json]:
    resources: list[Json] = state["deployment"]["resources"]
    return resources


def _import(project: PulumiProject, state: Json) -> None:
    path = project.backend / "imported.json"
    path.write_text(json.dumps(state))
    try:
        project.run("stack", "import", "--file", str(path))
    finally:
        path.unlink()
