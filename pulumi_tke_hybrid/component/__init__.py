"""Common parts of all components: inputs, argument classes, errors, resource options, dynamic providers.

This module itself has the calls of a running program to its engine, and what the program keeps for one run.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar, cast

import pulumi
from pulumi.runtime import settings, sync_await
from pulumi.runtime.proto.resource_pb2 import ResourceInvokeRequest
from pulumi.runtime.rpc import deserialize_properties_unwrap_secrets, serialize_properties
from pulumi.runtime.settings import get_monitor

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


def resource_hook(
    name: str, function: Callable[[pulumi.ResourceHookArgs], Any], *, at_preview: bool = False
) -> pulumi.ResourceHook:
    """Return a hook that calls the function in an update, with `at_preview` in a preview too."""
    serve_hooks()
    return pulumi.ResourceHook(name, function, pulumi.ResourceHookOptions(on_dry_run=at_preview))


def error_hook(name: str, function: Callable[[pulumi.ErrorHookArgs], Any]) -> pulumi.ErrorHook:
    """Return a hook that calls the function after a failed step."""
    serve_hooks()
    return pulumi.ErrorHook(name, function)


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
