"""What a pod object, or a pod template, tells about its network."""

from collections.abc import Mapping
from typing import Any

from pulumi_tke_hybrid.tke import keys
from pulumi_tke_hybrid.tke.values import at, items, mapping

Pod = Mapping[str, Any]


def networks(pod: Pod) -> list[str]:
    """The networks that it selects, as its annotation lists them; none: GlobalRouter alone."""
    return [name.strip() for name in str(at(pod, "metadata", "annotations", keys.NETWORKS) or "").split(",") if name.strip()]


def selects_eni(pod: Pod) -> bool:
    """Whether it selects the shared ENI."""
    return keys.ROUTE_ENI in networks(pod)


def needs_eni(pod: Pod) -> bool:
    """Whether VPC-CNI is its network in any way, by annotation or resource: shared, exclusive or trunked ENI."""
    return any(name in keys.ENI_RESOURCES for name in networks(pod)) or bool(requested_network(pod))


def requested_network(pod: Pod) -> str:
    """The network whose resource a container of the pod requests, e.g. `tke-route-eni`; empty where none does."""
    containers = [*items(at(pod, "spec", "initContainers")), *items(at(pod, "spec", "containers"))]
    amounts = [mapping(at(container, "resources", kind)) for container in containers for kind in ("requests", "limits")]
    return next((network for network, name in keys.ENI_RESOURCES.items() if any(name in amount for amount in amounts)), "")


def over(pod: Pod) -> bool:
    """Whether it has ended: it is listed still, and has no address any more."""
    return at(pod, "status", "phase") in ("Succeeded", "Failed")
