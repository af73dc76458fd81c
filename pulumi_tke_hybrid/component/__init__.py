"""Common parts of all components: inputs, argument classes, errors, resource options, dynamic providers.

This module itself has the calls of a running program to its engine, the hooks by which the engine calls the
program, and what the program keeps for one run.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar, cast

import pulumi
from pulumi.runtime import settings, sync_await
from pulumi.runtime.proto.resource_pb2 import ResourceInvokeRequest
from pulumi.runtime.rpc import deserialize_properties_unwrap_secrets, serialize_properties
from pulumi.runtime.settings import get_monitor

from pulumi_tke_hybrid.tke.objects import UNKNOWN

T = TypeVar("T")
_THREADS = ThreadPoolExecutor(8, "tke-hybrid")


async def in_thread(function: Callable[..., T], *arguments: Any) -> T:
    """Return the result of a blocking function.

    The event loop's own threads wait for the engine, and the engine waits for hooks: a hook that needed such
    a thread could wait forever.
    """
    return await asyncio.get_running_loop().run_in_executor(_THREADS, function, *arguments)


async def state_of(resource: pulumi.Resource) -> dict[str, Any]:
    """Return the outputs of a registered resource as the engine has them; of a provider its inputs. Outputs
    that this run has not updated are those of the last run.

    `pulumi.runtime.invoke` would need a thread of the event loop, as `in_thread` explains.
    """
    monitor: Any = get_monitor()
    arguments = await serialize_properties({"urn": await resource.urn.future()}, {})
    request = ResourceInvokeRequest(tok="pulumi:pulumi:getResource", args=arguments, acceptResources=True)
    response = await in_thread(monitor.Invoke, request)
    found, _ = deserialize_properties_unwrap_secrets(getattr(response, "return"))
    return cast(dict[str, Any], found["state"])


async def as_engine_has(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return inputs as a registration sends them to the engine: without None, and arguments as objects."""
    struct = await serialize_properties(inputs, {})
    found, _ = deserialize_properties_unwrap_secrets(struct)
    return cast(dict[str, Any], found)


def of_run(name: str, make: Callable[[], T]) -> T:
    """Return a value that exists once in each run, made at the first call.

    The value is an attribute of the monitor, the engine's side of the run. A dictionary of a module would
    keep all runs of a process in memory: hooks, tasks and Outputs refer to the run.
    """
    values = vars(get_monitor())
    if name not in values:
        values[name] = make()
    found: T = values[name]
    return found


Call = Callable[[Any], Awaitable[Any]]
"""The function of a shared hook: takes `pulumi.ResourceHookArgs` or `pulumi.ErrorHookArgs`."""


class _SharedHook:
    """A hook of many resources, with a function for each by the name of the resource."""

    def __init__(self) -> None:
        self.calls: dict[str, Call] = {}
        self.hook: Any = None

    async def run(self, step: Any) -> Any:
        """Call the function of the resource."""
        return await self.calls[step.name](step)


def _first_hook() -> dict[str, _SharedHook]:
    """Return the shared hooks of a run by their names, before the first hook."""
    serve_hooks()
    await_registrations_first()
    return {}


def _shared(title: str, resource: str, call: Call, make: Callable[[str, Call], Any]) -> Any:
    """Return the hook of this title that serves the resource. Two resources of one name, below parents of
    different types, have two hooks."""
    hooks = of_run("tke_hybrid_hooks", _first_hook)
    name, number = title, 1
    while resource in hooks.setdefault(name, _SharedHook()).calls:
        number += 1
        name = f"{title}-{number}"
    shared = hooks[name]
    shared.calls[resource] = call
    if shared.hook is None:
        shared.hook = make(name, shared.run)
    return shared.hook


def shared_hook(title: str, resource: str, call: Call, *, at_preview: bool) -> pulumi.ResourceHook:
    """Return the hook of this title that calls the function for the resource, in an update, with `at_preview`
    in a preview too.

    Each registration of a hook is a request to the engine, so resources share a hook. The engine gives the
    hook the name of the resource.
    """
    found: pulumi.ResourceHook = _shared(
        title, resource, call, lambda name, run: resource_hook(name, run, at_preview=at_preview)
    )
    return found


def shared_error_hook(title: str, resource: str, call: Call) -> pulumi.ErrorHook:
    """Return the hook of this title that calls the function after a failed step of the resource. The function
    returns whether the engine tries again."""
    found: pulumi.ErrorHook = _shared(title, resource, call, pulumi.ErrorHook)
    return found


def resource_hook(
    name: str, call: Callable[[pulumi.ResourceHookArgs], Any], *, at_preview: bool = False
) -> pulumi.ResourceHook:
    """Return a hook that calls the function in an update, with `at_preview` in a preview too."""
    serve_hooks()
    return pulumi.ResourceHook(name, call, pulumi.ResourceHookOptions(on_dry_run=at_preview))


def serve_hooks() -> None:
    """Start the server of the hooks before the first hook, and wait until the server runs.

    The SDK starts a server for each hook, beside the program. If the program fails in that moment, the SDK
    stops a server that has not started, and grpcio ends the process with signal 11: the user would not see
    the mistake. Tasks of the program may run during the first call.
    """
    sdk: Any = settings
    wait: Any = sync_await
    server = of_run("tke_hybrid_hook_server", lambda: wait._sync_await(sdk._get_callbacks()))
    sdk.SETTINGS.callbacks = server  # of the context that the tasks of the next hooks inherit


def await_registrations_first() -> None:
    """Let the Pulumi SDK await the registrations of a preview before the SDK awaits single Outputs.

    Without a pending registration at the end of the program, the SDK waits for all Outputs at once, and looks
    through all of them whenever one resolves. Each call of a hook resolves a few. So the time of a preview
    with hooks would grow with the square of its resources. An update keeps the order of the SDK: the first
    error ends the program.
    """
    manager: Any = getattr(pulumi.runtime.settings, "_get_rpc_manager", None)
    if manager is not None and pulumi.runtime.is_dry_run():
        manager().rpcs.append(asyncio.ensure_future(asyncio.sleep(0)))


async def plain(value: Any) -> Any:
    """Return inputs or outputs of a hook with values in place of Outputs, and `UNKNOWN` for a value that a
    preview does not know. The engine sends secrets as Outputs and whole numbers as floats."""
    if isinstance(value, pulumi.Output):
        return await _resolved(value)
    if isinstance(value, pulumi.output.Unknown):
        return UNKNOWN
    if isinstance(value, Mapping):
        return {key: await plain(item) for key, item in cast(Mapping[str, Any], value).items()}
    if isinstance(value, list | tuple):
        return [await plain(item) for item in cast(list[Any], value)]
    return int(value) if isinstance(value, float) and value.is_integer() else value


async def _resolved(output: Any) -> Any:
    return await plain(await output.future()) if await output.is_known() else UNKNOWN
