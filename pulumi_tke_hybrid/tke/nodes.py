"""What a node object tells about its machine."""

from collections.abc import Mapping
from typing import Any

from pulumi_tke_hybrid.tke import keys
from pulumi_tke_hybrid.tke.values import at

Node = Mapping[str, Any]


def internal_address(node: Node) -> str:
    """Its address in the VPC; empty where it has none yet."""
    addresses: list[Mapping[str, Any]] = at(node, "status", "addresses") or []
    return next((str(item["address"]) for item in addresses if item["type"] == "InternalIP"), "")


def is_virtual(node: Node) -> bool:
    """Whether it is no machine of the cloud, so that it gets no ENI and needs no container subnet: a super or a registered node."""
    return at(node, "metadata", "labels", keys.INSTANCE_TYPE_LABEL) in (keys.SUPER_NODE, keys.EXTERNAL_NODE)
