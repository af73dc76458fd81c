"""What a pod object, or a pod template, tells about its network."""

from collections.abc import Mapping
from typing import Any

from pulumi_tke_hybrid.tke import keys
from pulumi_tke_hybrid.tke.step import at

Pod = Mapping[str, Any]


def networks(pod: Pod) -> list[str]:
    """The networks that it selects, as its annotation lists them; none: GlobalRouter alone."""
    return [name.strip() for name in str(at(pod, "metadata", "annotations", keys.NETWORKS) or "").split(",") if name.strip()]


def selects_eni(pod: Pod) -> bool:
    """Whether it selects the shared ENI."""
    return keys.ROUTE_ENI in networks(pod)


def over(pod: Pod) -> bool:
    """Whether it has ended: it is listed still, and has no address any more."""
    return at(pod, "status", "phase") in ("Succeeded", "Failed")
