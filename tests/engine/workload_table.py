"""Every allowed combination of exposure, kind and network, and what the cluster makes of it."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import yaml
from lightkube import Client
from lightkube.resources.apps_v1 import Deployment, StatefulSet
from lightkube.resources.core_v1 import Service
from lightkube.resources.networking_v1 import Ingress

Json = dict[str, Any]

KINDS = ("deployment", "statefulset")
MODES: dict[str, Json] = {
    "eni": {},
    "eni-by-node-port": {"direct": False},
    "overlay": {"network": "global_route"},
    "overlay-direct": {"network": "global_route", "direct": True},
    "overlay-local": {"network": "global_route", "external_traffic_policy": "local"},
}
SERVICES = ("none", "public", "internal", "existing")
FRONTS = [*((service, "none") for service in SERVICES), *(("none", ingress) for ingress in SERVICES[1:]), ("internal", "public")]
KINDS_OF_OBJECTS: dict[str, Any] = {"Service": Service, "Ingress": Ingress, "Deployment": Deployment, "StatefulSet": StatefulSet}
VOLATILE = ("uid", "resourceVersion", "creationTimestamp", "generation", "managedFields", "selfLink", "namespace")
WRITTEN_WITH_A_TIME_OR_AN_ID = (
    "service.kubernetes.io/loadbalance-id",
    "kubernetes.io/ingress.qcloud-loadbalance-id",
    "service.cloud.tencent.com/client-token",
    "service.cloud.tencent.com/sync-begin-time",
    "service.cloud.tencent.com/sync-end-time",
)
GIVEN_BY_THE_CLUSTER = ("clusterIP", "clusterIPs", "healthCheckNodePort", "nodePort")


@dataclass(frozen=True)
class Case:
    """One combination. Its name tells all of it."""

    service: str
    ingress: str
    kind: str
    mode: str

    @property
    def title(self) -> str:
        """For people, and for the golden file."""
        fronts = [f"{self.service} Service"] if self.service != "none" else []
        fronts += [f"{self.ingress} Ingress"] if self.ingress != "none" else []
        return f"{' + '.join(fronts) or 'not exposed'}, {self.kind}, {self.mode}"

    def args(self, subnet: str, balancer: Callable[[], str]) -> Json:
        """The arguments of its workload."""
        found: Json = {"exposure": _exposure(self.service, subnet, balancer), "kind": self.kind, "replicas": 0, **MODES[self.mode]}
        if self.ingress != "none":
            found["ingress"] = {"exposure": _exposure(self.ingress, subnet, balancer)}
        return found


def _exposure(kind: str, subnet: str, balancer: Callable[[], str]) -> Json:
    more: dict[str, Json] = {
        "internal": {"subnet_id": subnet},
        "existing": {"load_balancer_id": balancer() if kind == "existing" else ""},
        "public": {"charge_type": "TRAFFIC_POSTPAID_BY_HOUR", "bandwidth": 10},
    }
    return {"kind": kind, **more.get(kind, {})}


def cases() -> Iterator[Case]:
    """All that are allowed: node ports of nodes with a pod need a Service with a load balancer."""
    for (service, ingress), kind, mode in itertools.product(FRONTS, KINDS, MODES):
        if mode != "overlay-local" or service != "none":
            yield Case(service, ingress, kind, mode)


def read_back(client: Client, name: str, words: dict[str, str]) -> dict[str, Json]:
    """The objects of this name in the cluster, without what differs from run to run; `words` stand for ids."""
    found: dict[str, Json] = {}
    for kind, model in KINDS_OF_OBJECTS.items():
        for item in client.list(model, namespace="default", fields={"metadata.name": name}):
            found[kind] = _plain(item.to_dict(), {**words, name: "NAME"})
    return found


def _plain(item: Json, words: dict[str, str]) -> Json:
    metadata = {key: value for key, value in item["metadata"].items() if key not in VOLATILE}
    kept = {key: value for key, value in (metadata.get("annotations") or {}).items() if key not in WRITTEN_WITH_A_TIME_OR_AN_ID}
    metadata["annotations"] = kept
    plain: Json = _in_words({"metadata": metadata, "spec": item["spec"]}, words)
    return plain


def _in_words(value: Any, words: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {
            key: "GIVEN" if key in GIVEN_BY_THE_CLUSTER else _in_words(entry, words)
            for key, entry in value.items()
            if entry not in (None, [], {})
        }
    if isinstance(value, list):
        return [_in_words(entry, words) for entry in value]
    return words.get(value, value) if isinstance(value, str) else value


def golden(objects: dict[str, dict[str, Json]]) -> str:
    """As text to review: each shape of an object once, under a name of its own, then which workload has which."""
    shapes: dict[str, dict[str, Json]] = {}
    workloads: dict[str, dict[str, str]] = {}
    for title, made in objects.items():
        for kind, item in made.items():
            known = shapes.setdefault(kind, {})
            name = next((name for name, shape in known.items() if shape == item), f"{kind}-{len(known) + 1}")
            known[name] = item
            workloads.setdefault(title, {})[kind] = name
    return yaml.safe_dump({"workloads": workloads, "shapes": shapes}, sort_keys=False, width=140)
