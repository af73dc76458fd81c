"""What is said when a rollout does not come to its end: which pods, and why. Pulumi's own text names neither gate nor subnet."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pulumi

from pulumi_tke_hybrid.component.kubernetes import cluster_of
from pulumi_tke_hybrid.kube.errors import KubeError
from pulumi_tke_hybrid.tke.stuck import stuck_lines


def on_stuck_rollout(name: str, owner: pulumi.Resource, provider: pulumi.ProviderResource | None) -> pulumi.ResourceHookBinding:
    """A hook of a Deployment or StatefulSet. It asks the cluster of `provider` once, after the wait has failed, and never retries."""

    async def explain(hook: pulumi.ErrorHookArgs) -> bool:
        if hook.failed_operation == "delete":
            return False
        from pulumi_tke_hybrid.component.pods_of import pods_and_events  # a program that runs well does not pay for it

        inputs: Mapping[str, Any] = hook.new_inputs or {}
        workload, namespace = str(inputs["metadata"]["name"]), str(inputs["metadata"].get("namespace") or "default")
        labels: Mapping[str, str] = inputs["spec"]["selector"]["matchLabels"]
        try:
            pods, events = await asyncio.to_thread(pods_and_events, *await cluster_of(provider), namespace, labels)
        except KubeError as error:
            # The failure itself is reported by the engine.
            pulumi.log.warn(f"{workload}: the rollout failed, and its pods could not be asked why ({error})", owner)
            return False
        for line in stuck_lines(workload, pods, events):
            pulumi.log.error(f"{workload}: the rollout is stuck: {line}", owner)
        return False

    return pulumi.ResourceHookBinding(on_error=[pulumi.ErrorHook(f"{name}-stuck-rollout", explain)])
