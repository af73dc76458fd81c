"""What an ipamd from 3.5.0 on is configured with: YAML under one key of a ConfigMap, read while ipamd runs (457/50360).

The key was seen in the ConfigMap `tke-eni-ipamd`, and in one named `tke-network-conf`. Its fields are written with dots
(`vpc-cni.vpc-id`); the vendor documents neither their names nor their shapes, so a field that is not as expected counts
as not told, and nothing here is ever taken for more than a hint.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

import yaml

NAME = "tke-network-conf"
"""The ConfigMap of its own, in kube-system."""
KEY = "tke-network-conf.yaml"
_VPC = "vpc-cni.vpc-id"
_SUBNET = re.compile(r"subnet-[a-z0-9]{8}")


@dataclass(frozen=True)
class NetworkConf:
    """The part of it that is about subnets."""

    vpc_id: str | None = None
    """None: not told."""
    subnets: tuple[str, ...] | None = None
    """None: not told."""


def network_conf(text: str) -> NetworkConf:
    """Of the text under `KEY`."""
    try:
        values = dict(_fields(yaml.safe_load(text), ""))
    except (yaml.YAMLError, RecursionError):
        return NetworkConf()
    lists = [found for name, value in values.items() if name.startswith("vpc-cni.") and (found := _subnets(name, value)) is not None]
    vpc = values.get(_VPC)
    return NetworkConf(vpc if isinstance(vpc, str) and vpc else None, lists[0] if len(lists) == 1 else None)


def _fields(value: object, path: str) -> Iterator[tuple[str, object]]:
    """The fields by their dotted names, whether they are written with dots or nested."""
    if not isinstance(value, dict):
        yield path, value
        return
    for key, item in cast(dict[object, object], value).items():
        yield from _fields(item, f"{path}.{key}" if path else str(key))


def _subnets(name: str, value: object) -> tuple[str, ...] | None:
    """The ids in a field that is named for subnets and holds nothing else; as a list, or joined as in the older keys."""
    items = cast(list[object], value) if isinstance(value, list) else re.split("[:,]", value) if isinstance(value, str) else []
    found = [item.strip() for item in items if isinstance(item, str)]
    fits = "subnet" in name and items and len(found) == len(items) and all(_SUBNET.fullmatch(item) for item in found)
    return tuple(found) if fits else None
