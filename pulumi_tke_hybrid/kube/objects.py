"""Reading Kubernetes objects as plain dicts, where nearly everything may be left out.

What a node object tells about its machine."""

from collections.abc import Mapping
from typing import Any, TypeGuard, cast

from pulumi_tke_hybrid.tke import keys
from pulumi_tke_hybrid.tke.values import Json, at


def is_list(value: object) -> TypeGuard[list[Any]]:
    """Whether it is a list, of whatever."""
    return isinstance(value, list)


def child(value: Mapping[str, Any], *path: str) -> Json:
    """The object at a path; empty where there is none."""
    found: Any = value
    for key in path:
        found = cast(Json, found).get(key) if isinstance(found, dict) else None
    return cast(Json, found) if isinstance(found, dict) else {}


def children(value: Mapping[str, Any], *path: str) -> list[Json]:
    """The list of objects at a path."""
    found = child(value, *path[:-1]).get(path[-1])
    return [cast(Json, item) for item in found if isinstance(item, dict)] if is_list(found) else []


def name_of(value: Mapping[str, Any]) -> str:
    """The object's name."""
    return str(child(value, "metadata").get("name", ""))


def annotations_of(value: Mapping[str, Any]) -> dict[str, str]:
    """The object's annotations."""
    return {str(key): str(text) for key, text in child(value, "metadata", "annotations").items()}


def being_deleted(value: Mapping[str, Any]) -> bool:
    """Whether it is on its way out."""
    return bool(child(value, "metadata").get("deletionTimestamp"))


def condition(value: Mapping[str, Any], kind: str) -> str:
    """Status of a condition: `True`, `False`, `Unknown`, or "" if it is not there."""
    return next(
        (
            str(item.get("status", ""))
            for item in children(value, "status", "conditions")
            if item.get("type") == kind
        ),
        "",
    )


def pod_addresses(pod: Mapping[str, Any]) -> tuple[str, ...]:
    """All addresses of a pod, `podIP` first: a dual-stack pod has two. Empty before the pod has an
    address."""
    every = [
        child(pod, "status").get("podIP"),
        *(entry.get("ip") for entry in children(pod, "status", "podIPs")),
    ]
    return tuple(dict.fromkeys(str(address) for address in every if address))


Node = Mapping[str, Any]


def internal_address(node: Node) -> str:
    """Its address in the VPC; empty where it has none yet."""
    addresses: list[Mapping[str, Any]] = at(node, "status", "addresses") or []
    return next((str(item["address"]) for item in addresses if item["type"] == "InternalIP"), "")


def is_virtual(node: Node) -> bool:
    """Whether it is no machine of the cloud, so that it gets no ENI and needs no container subnet: a super or
    a registered node."""
    return at(node, "metadata", "labels", keys.INSTANCE_TYPE_LABEL) in (keys.SUPER_NODE, keys.EXTERNAL_NODE)
