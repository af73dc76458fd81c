"""Reading of Kubernetes objects, which are plain dictionaries of the API's own shape: names, conditions,
addresses, zones. Any field may be missing and reads as empty then. Sends no request."""

from collections.abc import Mapping
from typing import Any

from pulumi_tke_hybrid.tke import keys, regions
from pulumi_tke_hybrid.tke.values import Json, at, items, mapping

Object = Mapping[str, Any]
"""An object of the API, or a part of an object."""


def child(value: Object, *path: str) -> Json:
    """Return the JSON object at a path; an empty one where none is."""
    return mapping(at(value, *path))


def children(value: Object, *path: str) -> list[Json]:
    """Return the JSON objects of the list at a path; items of other types are left out."""
    return [item for item in items(at(value, *path)) if isinstance(item, dict)]


def name_of(value: Object) -> str:
    """Return `metadata.name`."""
    return str(at(value, "metadata", "name") or "")


def namespace_of(value: Object) -> str:
    """Return `metadata.namespace`; an object without the field is in `default`."""
    return str(at(value, "metadata", "namespace") or "default")


def annotations_of(value: Object) -> dict[str, str]:
    """Return `metadata.annotations`."""
    return {str(key): str(text) for key, text in child(value, "metadata", "annotations").items()}


def being_deleted(value: Object) -> bool:
    """Return whether the object has a deletion timestamp."""
    return bool(at(value, "metadata", "deletionTimestamp"))


def condition(value: Object, kind: str) -> str:
    """Return the status of a condition: `True`, `False`, `Unknown`, or "" without that condition."""
    conditions = children(value, "status", "conditions")
    return next((str(item.get("status", "")) for item in conditions if item.get("type") == kind), "")


def node_of(pod: Object) -> str:
    """Return the name of the node that runs the pod; empty before the pod is scheduled."""
    return str(at(pod, "spec", "nodeName") or "")


def pod_addresses(pod: Object) -> tuple[str, ...]:
    """Return all addresses of a pod, `podIP` first: a dual-stack pod has two, a starting pod none."""
    every = [at(pod, "status", "podIP"), *(item.get("ip") for item in children(pod, "status", "podIPs"))]
    return tuple(dict.fromkeys(str(address) for address in every if address))


def pod_address(pod: Object) -> str:
    """Return the first address of a pod; empty where the pod has none yet."""
    return next(iter(pod_addresses(pod)), "")


def internal_address(node: Object) -> str:
    """Return the node's address in the VPC; empty where the node has none yet."""
    addresses = children(node, "status", "addresses")
    return next((str(item["address"]) for item in addresses if item.get("type") == "InternalIP"), "")


def pod_ranges(node: Object) -> list[str]:
    """Return the node's ranges of the overlay (GlobalRouter)."""
    spec = child(node, "spec")
    return [str(block) for block in items(spec.get("podCIDRs")) or [spec.get("podCIDR")] if block]


def is_super_node(node: Object) -> bool:
    """Return whether the node is a super node: its pods have addresses of the super node's own subnet."""
    return child(node, "metadata", "labels").get(keys.INSTANCE_TYPE_LABEL) == keys.SUPER_NODE


def is_virtual(node: Object) -> bool:
    """Return whether the node is a super or a registered node: such a node has no ENI and needs no container
    subnet."""
    kind = child(node, "metadata", "labels").get(keys.INSTANCE_TYPE_LABEL)
    return kind in (keys.SUPER_NODE, keys.EXTERNAL_NODE)


def zone_of_node(node: Object, region: str) -> str | None:
    """Return the node's zone by its labels; None without a label. Without a region a number stays a number.

    The label of the CBS add-on holds the zone's name, Kubernetes' own label on TKE a number (`100004`).
    """
    labels = child(node, "metadata", "labels")
    label = str(labels.get(keys.CBS_ZONE_LABEL) or labels.get(keys.ZONE_LABEL) or "")
    return regions.zone_by_label(label, region) if region else label or None
