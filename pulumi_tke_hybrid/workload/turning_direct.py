"""The last look before a load balancer turns direct: are the pods on the network that the program says?

A rollout that failed half-way leaves pods on the other network. A preview knows it from what the stack stored; an `up` without one would
find out only after the load balancer had turned, so the cluster is asked before.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

import pulumi

from pulumi_tke_hybrid.component.errors import InvalidInputs
from pulumi_tke_hybrid.component.inputs import Input
from pulumi_tke_hybrid.component.kubernetes import cluster_of
from pulumi_tke_hybrid.kube.errors import KubeError
from pulumi_tke_hybrid.tke.pods import over, selects_eni
from pulumi_tke_hybrid.tke.rules.workload_changes import unmoved_findings
from pulumi_tke_hybrid.tke.values import at


def before_turning_direct(
    name: str, owner: str, key: str, on_eni: bool, selector: Mapping[str, Input[str]], provider: pulumi.ProviderResource | None
) -> pulumi.ResourceHookBinding:
    """A hook of a Service or an Ingress, whose annotation `key` says that it is direct. Reads only."""

    async def check(hook: pulumi.ResourceHookArgs) -> None:
        if _direct(hook.old_inputs, key) or not _direct(hook.new_inputs, key):
            return
        from pulumi_tke_hybrid.component.pods_of import pods_and_events  # a program that changes no network does not pay for it

        labels: Any = await pulumi.Output.from_input(dict(selector)).future()
        namespace = str(at(hook.new_inputs, "metadata", "namespace") or "default")
        try:
            pods, _ = await asyncio.to_thread(pods_and_events, *await cluster_of(provider), namespace, labels)
        except KubeError as error:
            pulumi.log.warn(f"{owner}: turns direct, and its pods could not be asked on which network they are ({error})")
            return
        living = [pod for pod in pods if not over(pod) and at(pod, "metadata", "deletionTimestamp") is None]
        unmoved = [str(at(pod, "metadata", "name")) for pod in living if selects_eni(pod) is not on_eni]
        InvalidInputs.check(owner, unmoved_findings("eni" if on_eni else "global_route", unmoved))

    return pulumi.ResourceHookBinding(before_update=[pulumi.ResourceHook(f"{name}-turns-direct", check)])


def _direct(inputs: Mapping[str, Any] | None, key: str) -> bool:
    return bool(at(inputs, "metadata", "annotations", key) == "true")
