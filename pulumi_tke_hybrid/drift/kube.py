"""The in-cluster sides, read through the Kubernetes API. Never writes."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol, TypeVar

from pulumi_tke_hybrid.console.kubeconfig import connect
from pulumi_tke_hybrid.drift import network_conf
from pulumi_tke_hybrid.drift.ipamd_objects import config_map_side
from pulumi_tke_hybrid.drift.sides import ConfigMapSide, EniPod, Node, Unread
from pulumi_tke_hybrid.kube import client
from pulumi_tke_hybrid.kube.client import Kind, KubeClient
from pulumi_tke_hybrid.kube.errors import KubeError, NotFound
from pulumi_tke_hybrid.tke import ipamd, keys
from pulumi_tke_hybrid.tke.nodes import internal_address, is_virtual
from pulumi_tke_hybrid.tke.pods import over, selects_eni
from pulumi_tke_hybrid.tke.values import Json

T = TypeVar("T")


class Kube(Protocol):
    """What is asked of a cluster. Each answer may be that it could not be read."""

    def config_map(self) -> ConfigMapSide | Unread:
        """ipamd's ConfigMap."""
        ...

    def nodes(self) -> tuple[Node, ...] | Unread:
        """All nodes."""
        ...

    def eni_pods(self) -> tuple[EniPod, ...] | Unread:
        """All living pods that ask for the shared ENI."""
        ...


class LiveKube:
    """A real cluster."""

    def __init__(self, live: KubeClient) -> None:
        self._client = live

    @classmethod
    def connect(cls, kubeconfig: Path | None, context: str) -> "LiveKube":
        """By a file, else by `KUBECONFIG`. Raises `WrongUse` or `KubeError`."""
        return cls(connect(kubeconfig, context))

    def config_map(self) -> ConfigMapSide | Unread:
        def call() -> ConfigMapSide:
            deployment = self._found(client.DEPLOYMENT, ipamd.NAME)
            own, other = self._data(ipamd.NAME), self._data(network_conf.NAME)
            return config_map_side(own, deployment, other)

        return _answer(call)

    def nodes(self) -> tuple[Node, ...] | Unread:
        return _answer(lambda: tuple(node_side(node) for node in self._client.list(client.NODE)))

    def eni_pods(self) -> tuple[EniPod, ...] | Unread:
        return _answer(lambda: eni_pod_sides(self._client.list(client.POD)))

    def _data(self, name: str) -> Json | None:
        live = self._found(client.CONFIG_MAP, name)
        return None if live is None else live.get("data") or {}

    def _found(self, kind: Kind, name: str) -> Json | None:
        """ipamd's object of that kind; None where there is none."""
        try:
            return self._client.get(kind, ipamd.NAMESPACE, name)
        except NotFound:
            return None


def _answer(call: Callable[[], T]) -> T | Unread:
    try:
        return call()
    except KubeError as error:
        return Unread(str(error))


def node_side(node: Json) -> Node:
    """A node object."""
    labels, spec = _child(node, "metadata", "labels"), _child(node, "spec")
    blocks: list[str | None] = spec.get("podCIDRs") or [spec.get("podCIDR")]
    return Node(
        name=str(node["metadata"]["name"]),
        address=internal_address(node),
        zone_label=str(labels.get(keys.ZONE_LABEL, "")),
        zone_name=str(labels.get(keys.CBS_ZONE_LABEL, "")),
        pod_ranges=tuple(block for block in blocks if block),
        virtual=is_virtual(node),
    )


def eni_pod_sides(pods: Iterable[Json]) -> tuple[EniPod, ...]:
    """Those pod objects that ask for the shared ENI and are not over."""
    return tuple(eni_pod_side(pod) for pod in pods if selects_eni(pod) and not over(pod))


def eni_pod_side(pod: Json) -> EniPod:
    """A pod object."""
    metadata, spec = _child(pod, "metadata"), _child(pod, "spec")
    containers: list[Json] = spec.get("containers") or []
    return EniPod(
        namespace=str(metadata.get("namespace") or "default"),
        name=str(metadata["name"]),
        workload=_workload(metadata),
        node=str(spec.get("nodeName") or ""),
        address=str(_child(pod, "status").get("podIP") or ""),
        asks=bool(containers) and keys.ENI_IP in _child(containers[0], "resources", "requests"),
        on_host=bool(spec.get("hostNetwork")),
    )


def _workload(metadata: Json) -> str:
    """The name of what made the pod: of the Deployment, not of its ReplicaSet."""
    owners: list[Json] = metadata.get("ownerReferences") or []
    if not owners:
        return str(metadata["name"])
    generation = _child(metadata, "labels").get("pod-template-hash", "")
    return str(owners[0]["name"]).removesuffix(f"-{generation}")


def _child(value: Json, *path: str) -> Json:
    """The object at a path; empty where there is none."""
    found: Json = value
    for key in path:
        found = found.get(key) or {}
    return found
