"""Settings of tests that run programs and commands in the process of the tests."""

import functools
import importlib
import ssl
from types import SimpleNamespace
from typing import Any


class _NoServer:
    """Takes the place of the gRPC servers for calls of hooks, which mocks never make."""

    def add_generic_rpc_handlers(self, *_: object) -> None:
        pass

    def add_registered_method_handlers(self, *_: object) -> None:
        pass

    def add_insecure_port(self, address: str) -> int:
        return len(address)

    async def start(self) -> None:
        pass

    async def stop(self, grace: float) -> None:
        pass


def leave_out_unused_work() -> None:
    """Switch off the parts of typer and OpenSSL that no test needs."""
    # The machine's certificate authorities are a large file. A context without them trusts no further server.
    context: Any = ssl.SSLContext
    context.set_default_verify_paths = lambda _: None
    # typer builds all commands anew for each call.
    testing: Any = importlib.import_module("typer.testing")
    testing._get_command = functools.cache(testing._get_command)


def leave_out_unused_work_of_pulumi() -> None:
    """Switch off the parts of Pulumi that no program under mocks needs."""
    resource: Any = importlib.import_module("pulumi.runtime.resource")
    # The place in a program where a resource was made is for editors. Under pytest the stack is deep, and
    # Pulumi reads all of the stack for each resource.
    proto: Any = importlib.import_module("pulumi.runtime.proto.source_pb2")
    resource._get_stack_trace = proto.StackTrace
    # Pulumi writes the trace of each error to a log that no test reads.
    log: Any = importlib.import_module("pulumi.log")
    log.debug = lambda *_, **__: None
    manager: Any = importlib.import_module("pulumi.runtime.rpc_manager")
    manager.traceback = resource.traceback = SimpleNamespace(format_exc=str)
    # Pulumi reads the annotations of a class anew for each resource.
    types: Any = importlib.import_module("pulumi._types")
    for name in ("resource_types", "resource_py_to_pulumi_names", "unwrap_type"):
        setattr(types, name, functools.cache(getattr(types, name)))
    callbacks: Any = importlib.import_module("pulumi.runtime._callbacks")
    callbacks.aio = type(
        "Servers", (), {"server": staticmethod(lambda **_: _NoServer()), "Server": _NoServer}
    )
