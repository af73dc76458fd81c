"""The Kubernetes API, as far as the proof needs it. Objects are plain dicts of the API's own shape."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol, TypeVar, cast

import httpx2
from lightkube import Client, generic_resource
from lightkube.core.exceptions import ApiError
from lightkube.resources.batch_v1 import Job
from lightkube.resources.core_v1 import Node, Pod, Service
from lightkube.resources.discovery_v1 import EndpointSlice
from lightkube.resources.networking_v1 import Ingress
from lightkube.types import CascadeType

from pulumi_tke_hybrid.console.kubeconfig import NoKubeconfig, connect
from pulumi_tke_hybrid.console.text import shown
from pulumi_tke_hybrid.proof.errors import CannotVerify
from pulumi_tke_hybrid.proof.objects import children

Json = dict[str, Any]
T = TypeVar("T")

_LIBRARY: Any = generic_resource  # partly without types
_KINDS: Mapping[str, Any] = {
    "Service": Service,
    "Ingress": Ingress,
    "Pod": Pod,
    "Node": Node,
    "EndpointSlice": EndpointSlice,
    "Job": Job,
    "TkeServiceConfig": _LIBRARY.create_namespaced_resource("cloud.tencent.com", "v1alpha1", "TkeServiceConfig", "tkeserviceconfigs"),
}


class NotThere(CannotVerify):
    """The object does not exist."""


class NotAllowed(CannotVerify):
    """The role of the kubeconfig does not allow it."""


class Kube(Protocol):
    """What the proof asks of a cluster. Reading only, but for its own Job."""

    def get(self, kind: str, namespace: str, name: str) -> Json:
        """One object; raises NotThere or NotAllowed."""
        ...

    def list(self, kind: str, namespace: str | None = None, labels: Mapping[str, str] | None = None) -> list[Json]:
        """Objects; of the whole cluster without a namespace."""
        ...

    def log(self, namespace: str, pod: str, seconds: int) -> Iterator[str]:
        """The last lines of a pod's first container."""
        ...

    def create_job(self, job: Json) -> Json:
        """Make a Job."""
        ...

    def delete_job(self, namespace: str, name: str) -> None:
        """Remove a Job and its pods; nothing happens if it is gone."""
        ...


class LiveKube:
    """A real cluster."""

    def __init__(self, client: Client) -> None:
        self._client: Any = client  # the library's overloads do not know a kind that is data

    @classmethod
    def connect(cls, kubeconfig: Path | None, context: str) -> "LiveKube":
        """By a file, else by `KUBECONFIG`, `~/.kube/config` or the pod's own account."""
        try:
            return cls(connect(kubeconfig, context))
        except NoKubeconfig as error:
            raise CannotVerify(f"the kubeconfig {error}; give another one with --kubeconfig") from None

    def get(self, kind: str, namespace: str, name: str) -> Json:
        return self._call(f"{kind} {namespace}/{name}", lambda: self._client.get(_KINDS[kind], name, namespace=namespace).to_dict())

    def list(self, kind: str, namespace: str | None = None, labels: Mapping[str, str] | None = None) -> list[Json]:
        def call() -> list[Json]:
            if kind == "Node":
                return [node.to_dict() for node in self._client.list(Node)]
            return [item.to_dict() for item in self._client.list(_KINDS[kind], namespace=namespace or "*", labels=labels)]

        return self._call(f"{kind}s", call)

    def log(self, namespace: str, pod: str, seconds: int) -> Iterator[str]:
        containers = children(self.get("Pod", namespace, pod), "spec", "containers")
        first = str(containers[0].get("name", "")) if containers else None

        def call() -> list[str]:
            return list(self._client.log(pod, namespace=namespace, container=first, since=seconds))

        return iter(self._call(f"log of {namespace}/{pod}", call))

    def create_job(self, job: Json) -> Json:
        return self._call("Job", lambda: self._client.create(cast(Any, Job).from_dict(job)).to_dict())

    def delete_job(self, namespace: str, name: str) -> None:
        try:
            self._call(f"Job {name}", lambda: self._client.delete(Job, name, namespace=namespace, cascade=CascadeType.BACKGROUND))
        except NotThere:
            return

    def _call(self, what: str, call: Callable[[], T]) -> T:
        try:
            return call()
        except ApiError as error:
            if error.status.code == 404:
                raise NotThere(f"{what} is not there") from None
            if error.status.code in (401, 403):
                raise NotAllowed(f"{what}: not allowed with this kubeconfig") from None
            raise CannotVerify(f"{what}: the API server said: {shown(error.status.message or '', 200)}") from None
        except httpx2.HTTPError as error:
            raise CannotVerify(f"{what}: the API server was not reached ({type(error).__name__})") from None
        except ValueError:
            raise CannotVerify(f"{what}: what answered is no API server") from None
