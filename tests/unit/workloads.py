"""A workload on a cluster that is there already, under mocks: what the unit tests of workloads share."""

from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

import pulumi_tke_hybrid as tke
from tests.unit.programs import Graph, run

SUBNET = "subnet-88888888"


def workload(name: str = "w", **more: Any) -> tke.ClientIpWorkload:
    """One with an internal load balancer, unless told otherwise."""
    described: dict[str, Any] = {"image": "nginx", "exposure": tke.internal(SUBNET), **more}
    provider = kubernetes.Provider("cluster", kubeconfig="none")
    return tke.ClientIpWorkload(
        name, tke.ClientIpWorkloadArgs(**described), pulumi.ResourceOptions(provider=provider)
    )


def made(**more: Any) -> Graph:
    """What is registered for it."""
    return run(lambda: workload(**more))


def template(**more: Any) -> dict[str, Any]:
    """The pod template of its Deployment."""
    found: dict[str, Any] = made(**more).named("w-deployment").inputs["spec"]["template"]
    return found
