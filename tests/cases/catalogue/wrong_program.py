"""A wrong program with its lines, and the builders of wrong programs."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

import pulumi_tke_hybrid as tke
from tests.cases.catalogue.described import (
    FOUR,
    Described,
    awake,
    hybrid,
    pool,
)


@dataclass(frozen=True)
class Wrong:
    """A program, and all its lines, each as `path: …` or its beginning."""

    name: str
    program: Callable[[], object]
    lines: tuple[str, ...]


def cluster(name: str, described: Described, *lines: str) -> Wrong:
    return Wrong(f"cluster, {name}", lambda: tke.HybridCluster("demo", awake(described)), lines)


def subnet(name: str, described: Described, *lines: str) -> Wrong:
    return Wrong(f"subnet, {name}", lambda: tke.EniZoneSubnet("pods", awake(described)), lines)


def app(name: str, described: Described, *lines: str) -> Wrong:
    return Wrong(f"workload, {name}", lambda: tke.ClientIpWorkload("web", awake(described)), lines)


def cni(name: str, described: Described, *lines: str) -> Wrong:
    return Wrong(f"switch, {name}", lambda: tke.VpcCni("cni", awake(described)), lines)


def config(name: str, described: Described, *lines: str) -> Wrong:
    return Wrong(f"ipamd, {name}", lambda: tke.IpamdConfig("ipamd", awake(described)), lines)


def one_pool(**more: Any) -> Described:
    return hybrid(node_pools=[pool(**more)])


CLUSTER_ITSELF: Any = tke.HybridCluster.__new__(tke.HybridCluster)
"""Where a provider belongs; nothing is registered for it."""


class VpcResource(pulumi.Resource):
    """A resource; nothing is registered for it."""

    def __init__(self) -> None:
        self.zone = FOUR


EMPTY = (
    "is empty; its Output holds no value, as that of another stack does by a wrong name; correct where it"
    " comes from, or give it a value"
)
PROVIDER: Any = pulumi.ProviderResource.__new__(kubernetes.Provider)
"""A provider; nothing is registered for it."""
SHAPE = "what the program makes depends on it"
NO_SUBNET = "must be an instance of EniZoneSubnet, or a dictionary or an instance of EniSubnetArgs"


def container_args(**more: Any) -> kubernetes.core.v1.ContainerArgs:
    return kubernetes.core.v1.ContainerArgs(name="a", image="a", **more)


def untyped(value: object) -> Any:
    """Return the value without its type, so that a type checker accepts a wrong argument."""
    return value
