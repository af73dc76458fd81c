"""The cluster behind a Kubernetes provider, and live objects of a workload, read with the kubeconfig of the
provider.

Also puts live values in the place of fields that a program ignores. The Kubernetes provider does so itself,
but splits a path at its dots: for an item of a list (an image, for example) or a key with a dot it would
write the value of the stack's state, and so set back a change by a release tool.
"""

import asyncio
import copy
import os
import re
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

import pulumi
from pulumi.output import Unknown

from pulumi_tke_hybrid.component import in_thread, of_run, state_of
from pulumi_tke_hybrid.component.inputs import Input, is_plain, spelling
from pulumi_tke_hybrid.component.invalid_inputs import InvalidInputs
from pulumi_tke_hybrid.kube import KubeError, NotFound
from pulumi_tke_hybrid.kube.client import (
    DEPLOYMENT,
    EVENT,
    INGRESS,
    POD,
    SERVICE,
    Kind,
    KubeClient,
    connect,
    connect_to,
)
from pulumi_tke_hybrid.plan import UPSERT_SINCE, takes_existing_objects_over
from pulumi_tke_hybrid.tke.objects import Object, at, items
from pulumi_tke_hybrid.tke.rule import ADOPTED, PROPERTY, Finding


@dataclass(frozen=True)
class Live:
    """The live objects of a workload, each under the name of the child that applies the object."""

    objects: Mapping[str, Object] = field(default_factory=dict[str, Object])
    budgets: Sequence[Object] = ()
    """The disruption budgets of the namespace."""


@dataclass(frozen=True)
class Place:
    """The objects to read."""

    namespace: Input[str]
    names: Mapping[str, tuple[str, Input[str]]]
    """By child: kind, and name of the object."""


async def read_live(
    component: pulumi.Resource, owner: str, provider: pulumi.ProviderResource | None, place: Place, why: str
) -> Live | None:
    """Return the objects that exist. `why` describes the purpose of the read in messages.

    A preview that does not know the cluster, or cannot read the cluster, logs so and returns None. An update
    raises `InvalidInputs` then, before any object is made.
    """
    later = f"{why} during `up`, before anything is made"
    namespace = await known_value(place.namespace)
    names = {child: (kind, await known_value(name)) for child, (kind, name) in place.names.items()}
    all_known = None not in [namespace, *(name for _, name in names.values())]
    if not all_known or not await cluster_is_known(provider):
        pulumi.log.info(f"{owner}: the cluster or the names are not known yet; {later}", component)
        return None
    try:
        return Live(*await in_thread(objects_and_budgets, *await cluster_of(provider), namespace, names))
    except KubeError as error:
        if pulumi.runtime.is_dry_run():
            pulumi.log.warn(f"{owner}: the cluster could not be read ({error}); {later}", component)
            return None
        why, todo = f"{why} ({error})", "let this machine read the cluster"
        finding = ADOPTED.finding("opts.provider", "could not be read", why=why, todo=todo)
        raise InvalidInputs(owner, [finding]) from None


async def known_value(value: Any) -> Any:
    """Return the value of an input; None if a preview does not know a part of the value."""
    if is_plain(value):
        return value
    output: pulumi.Output[Any] = pulumi.Output.from_input(value)
    return await output.future() if await output.is_known() else None


async def cluster_is_known(provider: pulumi.ProviderResource | None) -> bool:
    """Whether the kubeconfig of a provider is known; without a provider the machine's own kubeconfig is used.

    The context does not count: in a preview an unknown context looks like a missing context.
    """
    kubeconfig = getattr(provider, "kubeconfig", None)
    return await kubeconfig.is_known() if isinstance(kubeconfig, pulumi.Output) else True


Objects = list[Mapping[str, Any]]
KINDS: Mapping[str, Kind] = {
    "Deployment": DEPLOYMENT,
    "Ingress": INGRESS,
    "PodDisruptionBudget": Kind("poddisruptionbudgets", "policy"),
    "Service": SERVICE,
    "StatefulSet": Kind("statefulsets", "apps"),
}


def pods_and_events(
    kubeconfig: str, context: str, namespace: str, labels: Mapping[str, str]
) -> tuple[Objects, Objects]:
    """Return the pods with these labels, and all events of their namespace. Raise `KubeError`."""
    client = client_of(kubeconfig, context)
    return list(client.list(POD, namespace, labels)), list(client.list(EVENT, namespace))


async def pods_in(
    provider: pulumi.ProviderResource | None, namespace: str, labels: Mapping[str, str]
) -> tuple[Objects, Objects]:
    """As `pods_and_events`, in the cluster of a provider."""
    return await in_thread(pods_and_events, *await cluster_of(provider), namespace, labels)


def objects_and_budgets(
    kubeconfig: str, context: str, namespace: str, names: Mapping[str, tuple[str, str]]
) -> tuple[Mapping[str, Mapping[str, Any]], Objects]:
    """Return the existing objects among `names` (key -> kind and name) by the same keys, and the
    disruption budgets of the namespace. Raise `KubeError`."""
    client = client_of(kubeconfig, context)
    found: dict[str, Mapping[str, Any]] = {}
    for key, (kind, name) in names.items():
        with suppress(NotFound):
            found[key] = client.get(KINDS[kind], namespace, name)
    return found, list(client.list(KINDS["PodDisruptionBudget"], namespace))


async def budgets_in(provider: pulumi.ProviderResource | None, namespace: str) -> Objects:
    """Return the disruption budgets of a namespace. Raise `KubeError`.

    A preview makes no budget, so all workloads of the preview share one read.
    """
    cluster = await cluster_of(provider)

    async def read() -> Objects:
        return (await in_thread(objects_and_budgets, *cluster, namespace, {}))[1]

    if not pulumi.runtime.is_dry_run():
        return await read()
    reads = of_run("tke_hybrid_budgets", dict[object, asyncio.Task[Objects]])
    if (cluster, namespace) not in reads:
        reads[cluster, namespace] = asyncio.create_task(read())
    return await reads[cluster, namespace]


CLIENT_SECONDS = 60.0
"""How long a client serves further reads. A credential of a credential helper expires later."""
_CLIENTS: dict[tuple[str, str], tuple[float, KubeClient]] = {}
_CONNECTING = threading.Lock()


def client_of(kubeconfig: str, context: str) -> KubeClient:
    """Return a client, shared for `CLIENT_SECONDS`: a new client runs the credential helper."""
    key, now = (kubeconfig, context), time.monotonic()
    with _CONNECTING:
        made, client = _CLIENTS.get(key, (-CLIENT_SECONDS, None))
        if client is None or now - made >= CLIENT_SECONDS:
            client = _new_client(kubeconfig, context)
            _CLIENTS[key] = now, client
        return client


def _new_client(kubeconfig: str, context: str) -> KubeClient:
    """Connect as the provider does: the text is a kubeconfig or a path; an empty text is the machine's
    own."""
    if not kubeconfig:
        return connect(None, context)
    path = os.path.expanduser(kubeconfig)
    if os.path.exists(path):
        return connect(Path(path), context)
    return connect_to(kubeconfig, context, "the provider's kubeconfig")


_PART = re.compile(r"""\["((?:[^"\\]|\\.)*)"\]|\[(\d+|\*)\]|([^.\[\]]+)""")
FieldPath = Sequence[str | int]
EVERY = "*"


def lost_on_the_provider(path: str) -> bool:
    """Whether the provider misses the field of a path of `ignore_changes`: a field in an item of a list,
    or a key with a dot."""
    return any(isinstance(part, int) or part == EVERY or "." in part for part in parts(path))


def parts(path: str) -> list[str | int]:
    """Return the parts of a property path: `spec.containers[0].image`, `metadata.annotations["a/b"]`."""
    return [
        quoted or plain or (index if index == EVERY else int(index))
        for quoted, index, plain in _PART.findall(path)
    ]


def with_live_value(value: Any, live: Any, path: FieldPath) -> Any:
    """Return a copy of the value with the live value at the path; without a live value the field is left
    out."""
    if not path:
        return live
    if isinstance(value, pulumi.Output):
        return pulumi.Output.from_input(cast(Any, value)).apply(
            lambda known: with_live_value(known, live, path)
        )
    part, rest = path[0], path[1:]
    if isinstance(value, list | tuple):
        found = list(cast(Sequence[Any], value))
        for index, item in enumerate(found):
            if part in (EVERY, index):
                found[index] = with_live_value(item, _same(item, index, live), rest)
        return found
    if value is not None and not isinstance(value, Mapping):
        same, name = copy.copy(value), _spelled(part, dir(cast(Any, type(value))))
        setattr(same, name, with_live_value(getattr(value, name), at(live, str(part)), rest))
        return same
    fields = cast(Mapping[str, Any], value or {})
    name = _spelled(part, fields)
    kept = with_live_value(fields.get(name), at(live, str(part)), rest)
    others = {key: held for key, held in fields.items() if key != name}
    if kept is None:
        return None if value is None else others
    return {**others, name: kept}


def _spelled(part: str | int, names: Iterable[str]) -> str:
    """Return the name that is `part` in another spelling; without such a name `part` itself."""
    return next((name for name in names if spelling(str(name)) == spelling(str(part))), str(part))


def _same(item: Any, index: int, live: Any) -> Any:
    """Return the live item of the same name; without names the item at the same index."""
    others = items(live)
    name = cast(Any, item).get("name") if isinstance(item, Mapping) else getattr(item, "name", None)
    if isinstance(name, str) and any(at(other, "name") for other in others):
        return next((other for other in others if at(other, "name") == name), None)
    return others[index] if index < len(others) else None


UPSERT = "upsert_existing_objects"
"""Argument of the Kubernetes provider, from `UPSERT_SINCE`: a create takes an existing object over."""
_TRUE = ("1", "t", "true")
"""Values that pulumi-kubernetes reads as true; a provider's booleans are stored as JSON."""


def upsert_problems(wanted: bool | None) -> Iterator[Finding]:
    """Return a finding if `UPSERT` is given and the installed pulumi-kubernetes does not have the
    argument."""
    sdk = version("pulumi-kubernetes")
    if wanted is not None and takes_existing_objects_over(sdk):
        what = f"is no argument of pulumi-kubernetes {sdk}"
        why = "this version takes existing objects over without it"
        todo = f"leave it out, or install pulumi-kubernetes {UPSERT_SINCE} or later"
        yield PROPERTY.finding(UPSERT, what, value=wanted, why=why, todo=todo)


async def upsert_findings(provider: pulumi.ProviderResource | None) -> list[Finding]:
    """Return a finding if a create through this provider would fail because the object exists."""
    sdk = version("pulumi-kubernetes")
    inputs = await _engine_inputs(provider)
    plugin = str(inputs.get("version") or sdk)
    upsert = inputs.get("upsertExistingObjects")
    if takes_existing_objects_over(plugin) or isinstance(upsert, Unknown) or str(upsert).lower() in _TRUE:
        return []
    todo = f"set {UPSERT}=True on the Kubernetes provider; HybridCluster has the argument too"
    if takes_existing_objects_over(sdk):
        todo = (
            f"leave out `version` of the provider, or install pulumi-kubernetes {UPSERT_SINCE} or later and"
            f" set {UPSERT}=True on the provider"
        )
    what = f"does not take existing objects over: the kubernetes plugin {plugin} fails to create what exists"
    return [PROPERTY.finding("opts.provider", what, todo=todo)]


async def _engine_inputs(provider: pulumi.ProviderResource | None) -> Mapping[str, Any]:
    """Return the inputs of a Kubernetes provider as the engine has them, with the version of its plugin.

    The SDK resolves inputs of more than one word (`upsertExistingObjects`) to None in an update, and to
    unknown in a preview. The default provider has the stack's configuration and the environment.
    """
    if provider is None:
        given = pulumi.Config("kubernetes").get("upsertExistingObjects")
        return {"upsertExistingObjects": given or os.environ.get("PULUMI_K8S_UPSERT_EXISTING_OBJECTS", "")}
    return await state_of(provider)


async def cluster_of(provider: pulumi.ProviderResource | None) -> tuple[str, str]:
    """Return kubeconfig and context of a Kubernetes provider; empty texts stand for the machine's own."""
    return await _input_of(provider, "kubeconfig"), await _input_of(provider, "context")


async def _input_of(provider: pulumi.ProviderResource | None, field: str) -> str:
    """Return an input of the provider. The SDK stores inputs as undeclared outputs."""
    found: Any = getattr(provider, field, None)
    return str((await found.future() if hasattr(found, "future") else found) or "")
