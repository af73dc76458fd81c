"""Every allowed combination of exposure, kind and network, and the objects that the cluster makes."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import yaml
from lightkube import Client
from lightkube.resources.apps_v1 import Deployment, StatefulSet
from lightkube.resources.core_v1 import Secret, Service
from lightkube.resources.networking_v1 import Ingress
from lightkube.resources.policy_v1 import PodDisruptionBudget

from tests.lab.controllers.kube import TKE_SERVICE_CONFIG

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
FRONTS = [
    *((service, "none") for service in SERVICES),
    *(("none", ingress) for ingress in SERVICES[1:]),
    ("internal", "public"),
]
KINDS_OF_OBJECTS: tuple[Any, ...] = (
    Service,
    Ingress,
    Deployment,
    StatefulSet,
    PodDisruptionBudget,
    TKE_SERVICE_CONFIG,
    Secret,
)
VOLATILE = (
    "uid",
    "resourceVersion",
    "creationTimestamp",
    "generation",
    "managedFields",
    "selfLink",
    "namespace",
)
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
    """One combination. The name has all its parts."""

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
        found: Json = {
            "exposure": _exposure(self.service, subnet, balancer),
            "kind": self.kind,
            "replicas": 0,
            **MODES[self.mode],
        }
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


def rich(subnet: str, group: str) -> dict[str, Json]:
    """Workloads with many settings, whose pods become ready; by the name of the settings."""
    inside = {"kind": "internal", "subnet_id": subnet, "security_groups": [group], "pass_to_target": True}
    check = {"interval": 10, "timeout": 3, "healthy": 2, "unhealthy": 4}
    certificate = "AbCd1234"
    return {
        "ports, listeners and security groups": {
            "exposure": inside,
            "ports": [
                {"port": 53},
                {"port": 53, "protocol": "UDP", "listener": {"scheduler": "LEAST_CONN"}},
                {
                    "port": 443,
                    "target_port": 80,
                    "protocol": "TCP_SSL",
                    "certificate_id": certificate,
                    "name": "secure",
                },
            ],
            "listener": {"session_seconds": 60, "health_check": check},
            "service_annotations": {"team": "shop"},
        },
        "HTTPS with a redirect, several hosts and paths": {
            "exposure": {"kind": "none"},
            "ports": [{"port": 80}, {"port": 8080}],
            "ingress": {
                "exposure": inside,
                "hosts": ["shop.example.com", "www.example.com"],
                "paths": [{"path": "/"}, {"path": "/api", "port": 8080}],
                "certificate_id": certificate,
                "redirect": True,
            },
        },
        "the same rules on HTTP and HTTPS": {
            "exposure": {"kind": "none"},
            "ingress": {
                "exposure": inside,
                "certificate_id": certificate,
                "both_protocols": True,
                "annotations": {"team": "shop"},
            },
        },
        "a whole pod": {
            "exposure": {"kind": "none"},
            "whole": True,
            "labels": {"team": "shop"},
            "pod_annotations": {"team": "shop"},
            "node_selector": {"kubernetes.io/os": "linux"},
            "rollout": {
                "pre_stop_seconds": 20,
                "termination_grace_seconds": 90,
                "max_surge": 2,
                "pod_seconds": 60,
                "native_sleep": False,
            },
            "replicas": 1,
        },
        "kept addresses": {
            "exposure": {"kind": "none"},
            "kind": "statefulset",
            "fixed_ip": True,
            "ip_reclaim": "3600s",
            "env": {"MODE": "primary"},
            "requests": {"cpu": "250m"},
        },
    }


def read_back(client: Client, name: str, words: dict[str, str]) -> dict[str, Json]:
    """The objects of this workload in the cluster, without what differs from run to run; `words` stand for
    ids."""
    found: dict[str, Json] = {}
    for kind in KINDS_OF_OBJECTS:
        for item in client.list(kind, namespace="default", labels={"app.kubernetes.io/name": name}):
            found[kind.__name__] = _plain(item.to_dict(), {**words, name: "NAME"})
    return found


def _plain(item: Json, words: dict[str, str]) -> Json:
    metadata = {key: value for key, value in item["metadata"].items() if key not in VOLATILE}
    kept = {
        key: value
        for key, value in (metadata.get("annotations") or {}).items()
        if key not in WRITTEN_WITH_A_TIME_OR_AN_ID
    }
    metadata["annotations"] = kept or None
    said = {key: item[key] for key in ("spec", "data") if key in item}
    plain: Json = _in_words({"metadata": metadata, **said}, words)
    return plain


def _in_words(value: Any, words: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {
            key: "GIVEN" if key in GIVEN_BY_THE_CLUSTER else _in_words(entry, words)
            for key, entry in value.items()
            if entry is not None
        }
    if isinstance(value, list):
        return [_in_words(entry, words) for entry in value]
    if isinstance(value, str):
        for word, stands_for in words.items():
            value = value.replace(word, stands_for)
    return value


def golden(objects: dict[str, dict[str, Json]], clients: dict[str, str]) -> str:
    """As text to review: which workload has which shapes of objects, and each shape once."""
    shapes: dict[str, Json] = {}
    lines: list[str] = []
    for title, made in objects.items():
        names: list[str] = []
        for kind, item in made.items():
            known = [name for name, shape in shapes.items() if name.startswith(f"{kind}-") and shape == item]
            alike = [name for name in shapes if name.startswith(f"{kind}-")]
            names.append(known[0] if known else f"{kind}-{len(alike) + 1}")
            shapes[names[-1]] = item
        lines.append(f"  {title}: {{client: {clients[title]}, objects: [{', '.join(names)}]}}\n")
    return "".join(
        ["workloads:\n", *(line.replace("  ", '  "', 1).replace(": {", '": {', 1) for line in lines)]
    ) + yaml.safe_dump({"shapes": shapes}, sort_keys=False, width=140)
