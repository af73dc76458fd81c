"""Stacks of an earlier version of the package: a preview with the code of today must change nothing.

`states/` holds one folder for each earlier version and, in the folder, the state of each engine program.
`leaves_earlier_states_alone` compares such a state with the state of a fresh stack of the same program. A
preview of an equal state is the same preview. If the states differ, the function puts the earlier state in
the place of the fresh state and runs a preview. A recorded state holds no secret and no path of a machine.

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
REMOVED_TYPES: Final = (":WorkloadGuard", "tke-hybrid:index:VpcCni", "pulumi:providers:pulumi-python")
"""Ends of the types of resources that earlier versions made and today's version does not make. A preview of a
recorded state deletes these resources, and may update their parents, which take over the stored values.
Nothing else changes. After one `up`, a preview changes nothing."""
MOVED: Final = ("tke-hybrid:index:HybridCluster$tke-hybrid:index:VpcCni$", "tke-hybrid:index:HybridCluster$")
"""Parents of the VPC-CNI resource of a cluster, in earlier versions and today. A preview finds the resource
by its alias, does not change the resource, and deletes the component between the two."""
ADDED_TYPES: Final = ("pulumi:providers:pulumi",)
"""Types of resources that earlier versions did not make: the engine's provider of `getResource`, which a
preview does not show."""
_SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
"""The key by which Pulumi marks the wrapper of a secret."""
_SECRET: Final = "the secret of the same property in today's stack"
_OF_THE_MACHINE: Final = ("sourcePosition", "stackTrace", "created", "modified")
_ID: Final = re.compile(
    r"\b(?:(?:cls|vpc|subnet|np|lb|sg|ins|eni|rtb|asc|asg)-[a-z0-9]{8}"
    r"|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\b"
)
"""An id of the cloud, or a UUID. The values differ in each run of a program."""

Json = dict[str, Any]


def leaves_earlier_states_alone(
    project: PulumiProject, name: str, *, restless: Mapping[str, str] | None = None
) -> None:
    """Compare each recorded state `name` with the state of today. If both differ, raise if a preview of the
    recorded state changes a resource.

    `project` must stand where the recorded stack stood: right after the same `up`. The state of `project` is
    put back. `restless`: the steps, by resource name, that the program plans with its own state too. Only a
    program of raw resources of the vendor may have such steps.
    """
    file = project.state_file()
    written = file.read_bytes()
    today: Json = json.loads(written)
    folder = os.environ.get(RECORD)
    if folder:
        _record(today, STATES / folder / f"{name}.json")
    recorded = sorted(STATES.glob(f"*/{name}.json"))
    assert recorded, f"no state of {name} is recorded below {STATES}; set {RECORD} to record one"
    try:
        for path in recorded:
            earlier = rebound(json.loads(path.read_text()), today)
            if comparable(earlier) != comparable(today):
                file.write_text(json.dumps(earlier))
                _check(project, f"{path.parent.name}/{path.name}", earlier, today, restless or {})
    finally:
        file.write_bytes(written)


def _check(
    project: PulumiProject, title: str, earlier: Json, today: Json, restless: Mapping[str, str]
) -> None:
    """Raise if a preview of the earlier state plans other steps than the expected ones."""
    now = {_today(resource["urn"]) for resource in resources_of(today)}
    gone = [
        resource
        for resource in resources_of(earlier)
        if _today(resource["urn"]) not in now and not resource["type"].startswith("pulumi:providers:")
    ]  # the engine deletes a default provider without a step
    expected = {**restless, **{_name(resource["urn"]): "delete" for resource in gone}}
    parents = {_name(resource["parent"]) for resource in gone if "parent" in resource}
    planned = {
        name: step for name, step in steps(project).items() if not (step == "update" and name in parents)
    }
    if planned != expected:
        shown = project.preview("--diff").output
        raise AssertionError(f"{title} would change: {planned} instead of {expected}:\n{shown}")
    if gone:
        project.up()
        updated: Json = json.loads(project.state_file().read_text())
        if comparable(updated) != comparable(today):
            assert steps(project) == restless, f"{title} changes again after an `up`"


def _name(urn: str) -> str:
    return urn.rsplit("::", 1)[1]


def _today(urn: str) -> str:
    """The URN of the same resource in a state of today."""
    return urn.replace(*MOVED)


def rebound(earlier: Json, today: Json) -> Json:
    """Return the earlier state with today's ids, secrets, live Kubernetes objects, plugin versions and values
    that the cloud computed.

    Inputs of resources, and all that the package itself stores, stay as the earlier version wrote them.
    """
    now = {_today(resource["urn"]): resource for resource in resources_of(today)}
    then = {_today(resource["urn"]): resource for resource in resources_of(earlier)}
    gone = {urn for urn in then.keys() - now.keys() if then[urn]["type"].endswith(REMOVED_TYPES)}
    added = {urn for urn in now.keys() - then.keys() if now[urn]["type"] in ADDED_TYPES}
    other = sorted((then.keys() ^ now.keys()) - gone - added)
    assert not other, f"other resources than before: {other}"
    ids: dict[str, str] = {}
    for urn in then.keys() & now.keys():
        _pair(then[urn], now[urn], ids)
    found: Json = _replaced(earlier, ids)
    for resource in resources_of(found):
        same = now.get(_replaced(_today(resource["urn"]), ids))
        if same is None:
            continue
        if resource["type"].startswith("kubernetes:"):
            resource.pop("outputs", None)
            resource.update({"outputs": same["outputs"]} if "outputs" in same else {})
        elif resource["type"].startswith("tencentcloud:"):
            declared = {key: item for key, item in resource["outputs"].items() if key in resource["inputs"]}
            resource["outputs"] = {**same["outputs"], **declared}
        elif resource["type"].startswith("pulumi:providers:"):
            for part in ("inputs", "outputs"):  # a newer plugin changes the machine, not the package
                if "version" in resource.get(part, {}):
                    resource[part]["version"] = same[part]["version"]
        _restore_secrets(resource, same)
    checkpoint = today["checkpoint"]
    latest = {**checkpoint["latest"], "resources": resources_of(found)}
    return {**today, "checkpoint": {**checkpoint, "latest": latest}}


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
        same: list[Any] = now if isinstance(now, list) else []
        for index, item in enumerate(then):  # a list of today may be shorter, such as the dependencies
            _restore_secrets(item, same[index] if index < len(same) else None, f"{where}/{index}")


def _record(today: Json, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    resources = [recordable(resource) for resource in resources_of(today)]
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


def resources_of(state: Json) -> list[Json]:
    """The resources of a recorded state, or of a state as the file backend stores states."""
    holder = state["checkpoint"]["latest"] if "checkpoint" in state else state["deployment"]
    resources: list[Json] = holder["resources"]
    return resources


def comparable(state: Json) -> dict[str, Json]:
    """Return what a preview compares, by URN. A preview compares no outputs of components, and the engine
    writes lists of dependencies in any order."""
    found: dict[str, Json] = {}
    for resource in map(recordable, resources_of(state)):
        depends = resource.get("propertyDependencies") or {}
        found[resource["urn"]] = {
            **resource,
            "outputs": resource.get("outputs") if resource.get("custom") else None,
            "dependencies": sorted(resource.get("dependencies") or []),
            "propertyDependencies": {key: sorted(urns or []) for key, urns in depends.items()},
        }
    return found
