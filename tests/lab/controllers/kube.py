"""Access to a cluster's API for the stand-in controllers: Kubernetes objects as JSON, one error type.

The models of lightkube are turned into plain JSON here, because nearly every field of theirs is optional.
"""

import contextlib
from collections.abc import AsyncGenerator, Generator, Mapping
from datetime import datetime, timezone
from typing import Any

import httpx2
import yaml
from lightkube import ApiError, AsyncClient, KubeConfig, generic_resource
from lightkube.resources.admissionregistration_v1 import MutatingWebhookConfiguration
from lightkube.resources.apiextensions_v1 import CustomResourceDefinition
from lightkube.resources.apps_v1 import DaemonSet, Deployment
from lightkube.resources.core_v1 import ConfigMap, Event, Node, Pod, Secret, Service
from lightkube.resources.networking_v1 import Ingress, IngressClass
from lightkube.types import PatchType

Json = dict[str, Any]
Kind = type[Any]

# Not fully typed upstream.
_generic: Any = generic_resource
_kubeconfig: Any = KubeConfig

CONFIG_MAP: Kind = ConfigMap
CRD: Kind = CustomResourceDefinition
DAEMON_SET: Kind = DaemonSet
DEPLOYMENT: Kind = Deployment
EVENT: Kind = Event
INGRESS: Kind = Ingress
INGRESS_CLASS: Kind = IngressClass
INGRESS_STATUS: Kind = Ingress.Status
NODE: Kind = Node
NODE_STATUS: Kind = Node.Status
POD: Kind = Pod
POD_STATUS: Kind = Pod.Status
SECRET: Kind = Secret
SERVICE: Kind = Service
SERVICE_STATUS: Kind = Service.Status
VPC_IP_CLAIM: Kind = _generic.create_namespaced_resource(
    "networking.tke.cloud.tencent.com", "v1", "VpcIPClaim", "vpcipclaims"
)
TKE_SERVICE_CONFIG: Kind = _generic.create_namespaced_resource(
    "cloud.tencent.com", "v1alpha1", "TkeServiceConfig", "tkeserviceconfigs"
)
WEBHOOK: Kind = MutatingWebhookConfiguration

WATCH_SECONDS = 30
"""Then the server ends a watch and the next one begins, as Kubernetes' own clients do it: none that hangs is
waited for for ever."""
NOT_FOUND = 404
CONFLICT = 409
GONE = 410


class KubeError(Exception):
    """A request that the API server refused, or (code 0) that did not reach it."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


def _kube_error(error: httpx2.HTTPError) -> KubeError:
    if isinstance(error, ApiError):
        return KubeError(int(error.status.code or 0), str(error.status.message))
    if isinstance(error, httpx2.HTTPStatusError):
        return KubeError(error.response.status_code, str(error))
    return KubeError(0, f"{type(error).__name__}: {error}")


@contextlib.contextmanager
def _one_error_type() -> Generator[None, None, None]:
    try:
        yield
    except httpx2.HTTPError as error:
        raise _kube_error(error) from error


class Api:
    """The few calls the controllers make."""

    def __init__(self, kubeconfig: str) -> None:
        config: Json = yaml.safe_load(kubeconfig)
        # No environment: a proxy set for the cloud API must never see these requests.
        self._client: Any = AsyncClient(_kubeconfig.from_dict(config).get(), trust_env=False)

    async def close(self) -> None:
        await self._client.close()

    async def list_all(self, kind: Kind, namespace: str | None = "*") -> tuple[list[Json], str]:
        """The objects (of all namespaces by default) and the resource version of the list."""
        where = {} if namespace is None else {"namespace": namespace}
        with _one_error_type():
            found: Any = self._client.list(kind, **where)
            objects: list[Json] = [item.to_dict() async for item in found]
            return objects, str(found.resourceVersion)

    async def watch(
        self, kind: Kind, namespace: str | None, resource_version: str
    ) -> AsyncGenerator[tuple[str, Json], None]:
        where = {} if namespace is None else {"namespace": namespace}
        with _one_error_type():
            watched = self._client.watch(
                kind, resource_version=resource_version, server_timeout=WATCH_SECONDS, **where
            )
            async for operation, item in watched:
                yield str(operation), item.to_dict()

    async def get(self, kind: Kind, name: str, namespace: str | None = None) -> Json | None:
        """The object, or None when there is none."""
        try:
            with _one_error_type():
                found: Json = (await self._client.get(kind, name, **_where(namespace))).to_dict()
                return found
        except KubeError as error:
            if error.code == NOT_FOUND:
                return None
            raise

    async def create(self, kind: Kind, body: Json, *, manager: str) -> Json:
        with _one_error_type():
            made: Json = (await self._client.create(kind.from_dict(body), field_manager=manager)).to_dict()
            return made

    async def patch(
        self,
        kind: Kind,
        name: str,
        body: Json,
        *,
        manager: str,
        namespace: str | None = None,
        strategic: bool = False,
    ) -> Json:
        patch_type = PatchType.STRATEGIC if strategic else PatchType.MERGE
        with _one_error_type():
            patched: Any = await self._client.patch(
                kind, name, body, patch_type=patch_type, field_manager=manager, **_where(namespace)
            )
            result: Json = patched.to_dict()
            return result

    async def delete(
        self, kind: Kind, name: str, namespace: str | None = None, *, at_once: bool = False
    ) -> None:
        """Delete; an object that is not there is as good as deleted."""
        try:
            with _one_error_type():
                await self._client.delete(
                    kind, name, grace_period=0 if at_once else None, **_where(namespace)
                )
        except KubeError as error:
            if error.code != NOT_FOUND:
                raise

    async def ensure(self, kind: Kind, body: Json, *, manager: str) -> None:
        """Create the object unless one of that name exists."""
        try:
            await self.create(kind, body, manager=manager)
        except KubeError as error:
            if error.code != CONFLICT:
                raise


def _where(namespace: str | None) -> dict[str, str]:
    return {} if namespace is None else {"namespace": namespace}


def name_of(item: Json) -> str:
    return str(item["metadata"]["name"])


def namespace_of(item: Json) -> str:
    return str(item["metadata"].get("namespace") or "")


def key_of(item: Json) -> tuple[str, str]:
    return namespace_of(item), name_of(item)


def uid_of(item: Json) -> str:
    return str(item["metadata"].get("uid") or "")


def child(item: Json | None, field: str) -> Json:
    """A nested object; empty when it is missing or null."""
    found: Json = (item or Json()).get(field) or Json()
    return found


def children(item: Json | None, field: str) -> list[Json]:
    """A nested list of objects; empty when it is missing or null."""
    found: list[Json] = (item or Json()).get(field) or list[Json]()
    return found


def labels_of(item: Json) -> dict[str, str]:
    return child(child(item, "metadata"), "labels")


def annotations_of(item: Json) -> dict[str, str]:
    return child(child(item, "metadata"), "annotations")


def finalizers_of(item: Json) -> list[str]:
    found: list[str] = item["metadata"].get("finalizers") or list[str]()
    return found


def spec_of(item: Json) -> Json:
    return child(item, "spec")


def status_of(item: Json) -> Json:
    return child(item, "status")


def data_of(config_map: Json | None) -> dict[str, str]:
    return child(config_map, "data")


def vips_of(item: Json) -> list[str]:
    """The load balancer addresses in the status of a Service or an Ingress."""
    return [str(entry.get("ip")) for entry in children(child(status_of(item), "loadBalancer"), "ingress")]


def being_deleted(item: Json) -> bool:
    return bool(item["metadata"].get("deletionTimestamp"))


def deleted_for(item: Json) -> float:
    """Seconds since the deletion was requested; 0 before."""
    requested = item["metadata"].get("deletionTimestamp")
    return (
        (
            datetime.now(timezone.utc) - datetime.fromisoformat(requested.replace("Z", "+00:00"))
        ).total_seconds()
        if requested
        else 0.0
    )


def condition(item: Json, kind: str) -> bool:
    """Whether a status condition is True."""
    conditions = children(status_of(item), "conditions")
    return any(entry.get("type") == kind and entry.get("status") == "True" for entry in conditions)


def selects(selector: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    """A Service's selector; an empty one selects nothing."""
    return bool(selector) and all(labels.get(key) == value for key, value in selector.items())


def containers_of(pod: Json) -> list[Json]:
    return children(spec_of(pod), "containers")


def host_network(pod: Json) -> bool:
    return bool(spec_of(pod).get("hostNetwork"))


def finished(pod: Json) -> bool:
    return status_of(pod).get("phase") in ("Succeeded", "Failed")


def pod_ip(pod: Json) -> str:
    return str(status_of(pod).get("podIP") or "")


def node_of(pod: Json) -> str:
    return str(spec_of(pod).get("nodeName") or "")
