"""Run a program under Pulumi's mocks: the registered resources, their order and their inputs."""

import asyncio
import concurrent.futures
import gc
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi.runtime import mocks, rpc, settings, stack

from tests.in_process import leave_out_unused_work_of_pulumi

leave_out_unused_work_of_pulumi()
CONFIG_MAP, DEPLOYMENT = "kubernetes:core/v1:ConfigMap", "kubernetes:apps/v1:Deployment"


def ipamd_of(tag: str, separator: str = ":") -> dict[str, Any]:
    """ipamd's live Deployment, with an image of this tag."""
    image = f"registry.example.com/tke/tke-eni-ipamd{separator}{tag}"
    return {"spec": {"template": {"spec": {"containers": [{"name": "tke-eni-ipamd", "image": image}]}}}}


@dataclass
class Registered:
    """One resource as the engine would see it."""

    type: str
    name: str
    inputs: dict[str, Any]
    provider: str


@dataclass
class Graph(mocks.Mocks):
    """Collects what a program registers; ids look like the cloud's."""

    preview: bool = False
    free: int = 42
    """Free addresses of an adopted subnet."""
    kubeconfig: str = "kind: Config"
    """What an endpoint answers."""
    live: dict[str, dict[str, Any]] = field(
        default_factory=lambda: {CONFIG_MAP: {"data": {}}, DEPLOYMENT: ipamd_of("v3.4.4")}
    )
    """What reads of a cluster's objects find, by type. Anything else is not there."""
    resources: list[Registered] = field(default_factory=list[Registered])
    secrets: set[str] = field(default_factory=set[str])
    """`<name>.<property>` of every property that was registered as a secret."""
    invokes: list[str] = field(default_factory=list[str])
    """Functions of the cloud that were invoked."""
    said: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """Level and text of each diagnostic message."""

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        self.resources.append(Registered(args.typ, args.name, dict(args.inputs), args.provider or ""))
        self.secrets |= {
            f"{args.name}.{key}" for key, value in args.inputs.items() if rpc.is_rpc_secret(value)
        }
        if args.resource_id and args.typ.startswith("kubernetes:") and args.typ not in self.live:
            raise LookupError(f"resource {args.resource_id!r} does not exist")
        if self.preview:
            return None, dict(args.inputs)
        outputs: dict[str, Any] = dict(args.inputs)
        if args.typ == "kubernetes:core/v1:Service":
            outputs["status"] = {"loadBalancer": {"ingress": [{"ip": "10.0.8.10"}]}}
        if args.resource_id:
            outputs |= {"metadata": {"uid": "5f6b9a52"}, **self.live.get(args.typ, {})}
        if args.typ.endswith(":ClusterEndpoint"):
            outputs |= dict.fromkeys(("kubeConfig", "kubeConfigIntranet"), self.kubeconfig)
        if args.typ == "pulumi:pulumi:StackReference":
            outputs["outputs"] = {"clusterId": "cls-12345678", "kubeconfig": "none"}
        prefix = {"Vpc": "vpc", "Subnet": "subnet", "Kubernetes": "cls"}.get(
            args.typ.partition(":")[2].partition("/")[0], "id"
        )
        return f"{prefix}-{len(self.resources):08d}", outputs

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        self.invokes.append(args.token)
        subnet = {
            "vpcId": "vpc-12345678",
            "availabilityZone": "ap-guangzhou-4",
            "cidrBlock": "10.0.64.0/22",
            "availableIpCount": self.free,
        }
        return {"instanceLists": [subnet]}, []

    def named(self, name: str) -> Registered:
        """The one resource of that name."""
        found = [resource for resource in self.resources if resource.name == name]
        assert len(found) == 1, f"{name}: {[resource.name for resource in self.resources]}"
        return found[0]

    @property
    def logger(self) -> logging.Logger:
        """Record diagnostics."""
        logger = logging.Logger("diagnostics", logging.INFO)
        said = self.said

        class Recorder(logging.Handler):
            def emit(self, record: logging.LogRecord) -> None:
                said.append((record.levelname.lower(), record.getMessage()))

        logger.addHandler(Recorder())
        return logger

    def of_type(self, ending: str) -> list[Registered]:
        """All resources whose type ends so."""
        return [resource for resource in self.resources if resource.type.endswith(ending)]


def unknown() -> Any:
    """An Output that a preview does not know."""

    def settled(value: Any) -> "asyncio.Future[Any]":
        future = asyncio.get_event_loop().create_future()
        future.set_result(value)
        return future

    return pulumi.Output(set(), settled(None), settled(False))


class _AtOnce(concurrent.futures.ThreadPoolExecutor):
    """Run a function in the thread of the caller: Pulumi calls its monitor in threads, and starting
    threads for each program takes longer."""

    def submit(
        self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any
    ) -> "concurrent.futures.Future[Any]":
        done: concurrent.futures.Future[Any] = concurrent.futures.Future()
        try:
            done.set_result(fn(*args, **kwargs))
        except Exception as error:
            done.set_exception(error)
        return done


def run(
    program: Callable[[], object],
    *,
    preview: bool = False,
    config: dict[str, str] | None = None,
    into: Graph | None = None,
) -> Graph:
    """Run a program to its end; raises what the program, or anything in an Output, raised. `into` holds what
    there was until then."""
    graph = into or Graph(preview=preview)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.set_default_executor(_AtOnce())
    loop.set_exception_handler(lambda *_: None)  # the first error is raised, and no further error is logged
    mocks.set_mocks(graph, project="unit", stack="test", preview=preview, logger=graph.logger)
    left_behind: Any = settings.SETTINGS  # by a failed program before this one
    left_behind.outputs.clear()
    left_behind.rpc_manager.clear()
    pulumi.runtime.set_all_config(config or {})
    try:
        loop.run_until_complete(stack.run_pulumi_func(lambda: (program(), None)[1]))
    finally:
        for _ in range(2):  # each setting remembers its last value once
            settings.reset_options()
        loop.close()
        # CPython 3.11 fails when what is left of the program is collected while a module is being compiled
        gc.collect()
        gc.freeze()  # what is still there are modules: no later collection need look at them
    return graph
