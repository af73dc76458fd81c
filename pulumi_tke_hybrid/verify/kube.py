"""Why no verdict could be reached, in a sentence for the user.

The Kubernetes API, as far as the proof needs it. Objects are plain dicts of the API's own shape."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Protocol, TypeVar

from pulumi_tke_hybrid.cli.exit_code import CouldNotTell
from pulumi_tke_hybrid.cli.options import connect
from pulumi_tke_hybrid.kube import client
from pulumi_tke_hybrid.kube.client import Kind, KubeClient
from pulumi_tke_hybrid.kube.errors import KubeError, NotFound
from pulumi_tke_hybrid.kube.errors import NotAllowed as Denied
from pulumi_tke_hybrid.kube.objects import children
from pulumi_tke_hybrid.tke.values import Json


class CannotVerify(CouldNotTell):
    """Something that the proof needs is not there or cannot be read."""


T = TypeVar("T")

_KINDS: Mapping[str, Kind] = {
    "Service": client.SERVICE,
    "Ingress": client.INGRESS,
    "Pod": client.POD,
    "Node": client.NODE,
    "EndpointSlice": client.ENDPOINT_SLICE,
    "Job": client.JOB,
    "TkeServiceConfig": client.TKE_SERVICE_CONFIG,
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

    def list(
        self, kind: str, namespace: str | None = None, labels: Mapping[str, str] | None = None
    ) -> list[Json]:
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

    def __init__(self, live: KubeClient) -> None:
        self._client = live

    @classmethod
    def connect(cls, kubeconfig: Path | None, context: str) -> "LiveKube":
        """By a file, else by `KUBECONFIG`, `~/.kube/config` or the pod's own account. Raises `WrongUse` or
        `CannotVerify`."""
        return cls(_named(lambda: connect(kubeconfig, context)))

    def get(self, kind: str, namespace: str, name: str) -> Json:
        return _named(lambda: self._client.get(_KINDS[kind], namespace, name), f"{kind} {namespace}/{name}")

    def list(
        self, kind: str, namespace: str | None = None, labels: Mapping[str, str] | None = None
    ) -> list[Json]:
        return _named(lambda: list(self._client.list(_KINDS[kind], namespace or "", labels)))

    def log(self, namespace: str, pod: str, seconds: int) -> Iterator[str]:
        containers = children(self.get("Pod", namespace, pod), "spec", "containers")
        first = str(containers[0].get("name", "")) if containers else ""
        return iter(_named(lambda: self._client.log(namespace, pod, first, seconds)))

    def create_job(self, job: Json) -> Json:
        return _named(lambda: self._client.create(client.JOB, str(job["metadata"]["namespace"]), job))

    def delete_job(self, namespace: str, name: str) -> None:
        try:
            _named(lambda: self._client.delete(client.JOB, namespace, name))
        except NotThere:
            return


def _named(call: Callable[[], T], what: str = "") -> T:
    """The result; a cluster that could not be read is a reason to end without a verdict."""
    try:
        return call()
    except NotFound as error:
        raise NotThere(f"{what} is not there" if what else str(error)) from None
    except Denied as error:
        raise NotAllowed(str(error)) from None
    except KubeError as error:
        raise CannotVerify(str(error)) from None
