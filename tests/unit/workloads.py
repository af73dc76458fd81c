"""A workload under mocks, for the unit tests."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

import pulumi_tke_hybrid as tke
from pulumi_tke_hybrid.component import plain
from pulumi_tke_hybrid.workload.guard import fingerprint, with_defaults
from pulumi_tke_hybrid.workload.hooks import check_change
from tests.unit.programs import Graph, run

SUBNET = "subnet-88888888"


def workload(name: str = "w", **more: Any) -> tke.ClientIpWorkload:
    """Make a workload, with an internal load balancer by default."""
    described: dict[str, Any] = {"image": "nginx", "exposure": tke.internal(SUBNET), **more}
    opts = pulumi.ResourceOptions(provider=adopting_provider())
    return tke.ClientIpWorkload(name, tke.ClientIpWorkloadArgs(**described), opts)


def adopting_provider() -> kubernetes.Provider:
    """Return a provider that takes existing objects over, with every version of pulumi-kubernetes."""
    later = hasattr(kubernetes.ProviderArgs, "upsert_existing_objects")
    further: dict[str, Any] = {"upsert_existing_objects": True} if later else {}
    return kubernetes.Provider("cluster", kubeconfig="none", **further)


def made(**more: Any) -> Graph:
    """Return the registered resources of a workload."""
    return run(lambda: workload(**more))


def template(**more: Any) -> dict[str, Any]:
    """Return the pod template of the Deployment."""
    found: dict[str, Any] = made(**more).named("w-deployment").inputs["spec"]["template"]
    return found


def refusals(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Return the findings of a component's hook between the inputs of the last `up` and the new inputs."""
    objects: Any = SimpleNamespace(owner="ClientIpWorkload 'web'", component=None)

    async def update() -> None:
        outputs = {"settled": fingerprint(with_defaults(await plain(before)))}
        hook: Any = SimpleNamespace(old_inputs=before, new_inputs=after, old_outputs=outputs)
        await check_change(objects, hook)

    try:
        asyncio.run(update())
    except tke.InvalidInputs as error:
        return [str(problem) for problem in error.problems]
    return []
