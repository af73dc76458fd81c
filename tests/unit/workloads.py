"""A workload under mocks, for the unit tests."""

from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

import pulumi_tke_hybrid as tke
from tests.unit.programs import Graph, run

SUBNET = "subnet-88888888"


def workload(name: str = "w", **more: Any) -> tke.ClientIpWorkload:
    """Make a workload, with an internal load balancer by default."""
    described: dict[str, Any] = {"image": "nginx", "exposure": tke.internal(SUBNET), **more}
    provider = kubernetes.Provider("cluster", kubeconfig="none")
    return tke.ClientIpWorkload(
        name, tke.ClientIpWorkloadArgs(**described), pulumi.ResourceOptions(provider=provider)
    )


def made(**more: Any) -> Graph:
    """Return the registered resources of a workload."""
    return run(lambda: workload(**more))


def template(**more: Any) -> dict[str, Any]:
    """Return the pod template of the Deployment."""
    found: dict[str, Any] = made(**more).named("w-deployment").inputs["spec"]["template"]
    return found
