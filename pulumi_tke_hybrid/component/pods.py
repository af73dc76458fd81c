"""Containers of a program, with the additions that TKE needs; and the types of pulumi-kubernetes as inputs.

A program may write these types as plain dictionaries, in the spelling of Python or of Kubernetes.
"""

import copy
import difflib
import inspect
import re
from collections.abc import Awaitable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Union, cast

import pulumi
import pulumi_kubernetes as kubernetes
from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from pulumi_tke_hybrid.component.inputs import spelling
from pulumi_tke_hybrid.component.invalid_inputs import InvalidValue
from pulumi_tke_hybrid.tke import annotations, keys
from pulumi_tke_hybrid.tke.rule import PROPERTY, Finding

core = kubernetes.core.v1
Container = core.ContainerArgs


def with_eni_ip(containers: Sequence[Container]) -> list[Container]:
    """Return the containers, with a request for an ENI address in the first.

    TKE's webhook looks at the first container alone, and would add a second request there.
    """
    first = copy.copy(containers[0])
    given = first.resources
    first.resources = (
        pulumi.Output.from_input(given).apply(_with_eni_request)
        if isinstance(given, pulumi.Output)
        else _with_eni_request(given)
    )
    return [first, *containers[1:]]


def asked_by_hand(holder: Any) -> Iterator[tuple[str, str, Any]]:
    """Yield path, resource and amount of each request for ENIs or their addresses that the program states in
    `requests` or `limits`."""
    for name in ("requests", "limits"):
        amounts = take(holder, name)
        if isinstance(amounts, Mapping):
            stated = cast(Mapping[str, Any], amounts)
            yield from (
                (f"{name}[{key!r}]", key, stated[key]) for key in keys.ENI_RESOURCES.values() if key in stated
            )


def with_pre_stop(containers: Sequence[Container], seconds: int, native: bool) -> list[Container]:
    """Return the containers with a preStop hook that waits; a container with its own preStop hook keeps
    that."""
    return [_waiting(container, seconds, native) for container in containers] if seconds else list(containers)


def _waiting(container: Container, seconds: int, native: bool) -> Container:
    lifecycle = container.lifecycle
    if isinstance(lifecycle, pulumi.Output) or take(lifecycle, "pre_stop"):
        return container
    made = copy.copy(container)
    sleep = core.SleepActionArgs(seconds=seconds) if native else None
    command = None if native else core.ExecActionArgs(command=["sleep", str(seconds)])
    made.lifecycle = core.LifecycleArgs(
        pre_stop=core.LifecycleHandlerArgs(sleep=sleep, exec_=command),
        post_start=take(lifecycle, "post_start"),
        stop_signal=take(lifecycle, "stop_signal"),
    )
    return made


def take(holder: Any, name: str) -> Any:
    """Return a field of typed arguments or of a mapping in either spelling; None inside an Output."""
    if isinstance(holder, Mapping):
        fields = cast(Mapping[str, Any], holder).items()
        return next((value for key, value in fields if spelling(str(key)) == spelling(name)), None)
    return None if isinstance(holder, pulumi.Output) else getattr(holder, name, None)


def _with_eni_request(resources: Any) -> core.ResourceRequirementsArgs:
    amounts = {name: _with(take(resources, name), one) for name, one in annotations.eni_resources().items()}
    return core.ResourceRequirementsArgs(**amounts, claims=take(resources, "claims"))


def _with(amounts: Any, more: Mapping[str, str]) -> Any:
    if isinstance(amounts, pulumi.Output):
        return cast(pulumi.Output[dict[str, Any]], amounts).apply(lambda given: {**(given or {}), **more})
    plain: Mapping[str, Any] = amounts or {}
    return {**plain, **more}


_INNER = re.compile(r"ForwardRef\('[\w.]*?(\w+Args)'")


@dataclass(frozen=True)
class Written:
    """Validate an instance of `cls`, or make an instance from a dictionary, nested dictionaries included."""

    cls: Any

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self._validate)

    def _validate(self, value: object) -> object:
        if isinstance(value, self.cls):
            return _written_out(value, self.cls)
        if isinstance(value, Mapping):
            return instance(self.cls, cast(Mapping[str, Any], value))
        what, todo = f"must be a dictionary or an instance of {self.cls.__name__}", ""
        if isinstance(value, str | int | float | bool):
            todo = f"got {value!r}"
        elif isinstance(value, pulumi.Output | Awaitable):
            what, todo = f"{what} (not an Output)", "write its properties out"
        raise InvalidValue(PROPERTY.finding("", what, todo=todo))


def instance(cls: Any, properties: Mapping[str, Any], path: str = "") -> Any:
    """Return an instance of a class of pulumi-kubernetes. Raise `InvalidValue` for the first property that
    the class lacks."""
    parameters = _parameters(cls)
    found: dict[str, Any] = {}
    for key, value in properties.items():
        name = parameters.get(spelling(key))
        if name is None:
            raise InvalidValue(_unknown(key, [*parameters.values()], path))
        found[name] = _nested(_inner(cls, name), value, f"{path}.{key}" if path else key)
    for name, parameter in _signature(cls).items():
        if parameter.default is inspect.Parameter.empty and name not in found:
            raise InvalidValue(PROPERTY.finding(f"{path}.{name}" if path else name, "is required"))
    return cls(**found)


def _written_out(value: Any, cls: Any) -> Any:
    """Return the instance, or a copy in which dictionaries are replaced by instances."""
    found = {
        name: held
        for name in _parameters(cls).values()
        if _inner(cls, name) and _holds_mapping(held := getattr(value, name))
    }
    if not found:
        return value
    same = copy.copy(value)
    for name, held in found.items():
        setattr(same, name, _nested(_inner(cls, name), held, name))
    return same


def _holds_mapping(value: Any) -> bool:
    return isinstance(value, Mapping) or (
        isinstance(value, list | tuple) and any(map(_holds_mapping, cast(list[Any], value)))
    )


def _nested(inner: type[Any] | None, value: Any, path: str) -> Any:
    if inner is None:
        return value
    if isinstance(value, Mapping):
        return instance(inner, cast(Mapping[str, Any], value), path)
    if isinstance(value, list | tuple):
        return [_nested(inner, item, f"{path}[{index}]") for index, item in enumerate(cast(list[Any], value))]
    return value


def _unknown(key: str, names: list[str], path: str) -> Finding:
    near = difflib.get_close_matches(key, names, n=1)
    todo = f"did you mean {near[0]!r}?" if near else "see the documentation of pulumi-kubernetes"
    return PROPERTY.finding(f"{path}.{key}" if path else key, "is not a property", todo=todo)


@cache
def _signature(cls: Any) -> Mapping[str, inspect.Parameter]:
    """Return the parameters of a class's constructor, without `self`."""
    return dict(list(inspect.signature(cls.__init__).parameters.items())[1:])


@cache
def _parameters(cls: Any) -> Mapping[str, str]:
    return {spelling(name): name for name in _signature(cls)}


@cache
def _inner(cls: Any, name: str) -> type[Any] | None:
    """Return the class of pulumi-kubernetes for a property or its items; None for a plain value."""
    match = _INNER.search(str(_signature(cls)[name].annotation))
    if match is None:
        return None
    return getattr(core, match[1], None) or getattr(kubernetes.meta.v1, match[1], None)


ContainerInput = Annotated[Union[Container, Mapping[str, Any]], Written(Container)]
PodSpecInput = Annotated[Union[core.PodSpecArgs, Mapping[str, Any]], Written(core.PodSpecArgs)]
ProbeInput = Annotated[Union[core.ProbeArgs, Mapping[str, Any]], Written(core.ProbeArgs)]
VolumeInput = Annotated[Union[core.VolumeArgs, Mapping[str, Any]], Written(core.VolumeArgs)]
ClaimInput = Annotated[
    Union[core.PersistentVolumeClaimArgs, Mapping[str, Any]], Written(core.PersistentVolumeClaimArgs)
]
TolerationInput = Annotated[Union[core.TolerationArgs, Mapping[str, Any]], Written(core.TolerationArgs)]
