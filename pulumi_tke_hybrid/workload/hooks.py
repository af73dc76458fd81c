"""The last look before a load balancer turns direct: are the pods on the network that the program says?

A rollout that failed half-way leaves pods on the other network. A preview knows it from what the stack
stored; an `up` without one would
find out only after the load balancer had turned, so the cluster is asked before.

Before a disruption budget is made: does another one select the pods already? The API server would evict none
of them any more.

What is said when a rollout does not come to its end: which pods, and why. Pulumi's own text names neither
gate nor subnet.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

import pulumi

from pulumi_tke_hybrid.component.errors import InvalidInputs
from pulumi_tke_hybrid.component.inputs import Input
from pulumi_tke_hybrid.component.live_objects import cluster_is_known, known_value
from pulumi_tke_hybrid.component.resource_options import cluster_of
from pulumi_tke_hybrid.kube.errors import KubeError
from pulumi_tke_hybrid.plan.rules.workload_changes import unmoved_findings
from pulumi_tke_hybrid.tke.enis import over, selects_eni
from pulumi_tke_hybrid.tke.rollout_diagnosis import stuck_lines
from pulumi_tke_hybrid.tke.rules.adoption import budget_findings
from pulumi_tke_hybrid.tke.values import at


def before_turning_direct(
    name: str,
    owner: str,
    key: str,
    on_eni: bool,
    selector: Mapping[str, Input[str]],
    provider: pulumi.ProviderResource | None,
) -> pulumi.ResourceHookBinding:
    """A hook of a Service or an Ingress, whose annotation `key` says that it is direct. Reads only."""

    async def check(hook: pulumi.ResourceHookArgs) -> None:
        if _direct(hook.old_inputs, key) or not _direct(hook.new_inputs, key):
            return
        from pulumi_tke_hybrid.component.live_objects import (
            pods_and_events,  # a program that changes no network does not pay for it
        )

        labels: Any = await pulumi.Output.from_input(dict(selector)).future()
        namespace = str(at(hook.new_inputs, "metadata", "namespace") or "default")
        try:
            pods, _ = await asyncio.to_thread(pods_and_events, *await cluster_of(provider), namespace, labels)
        except KubeError as error:
            pulumi.log.warn(
                f"{owner}: turns direct, and its pods could not be asked on which network they are ({error})"
            )
            return
        living = [pod for pod in pods if not over(pod) and at(pod, "metadata", "deletionTimestamp") is None]
        unmoved = [str(at(pod, "metadata", "name")) for pod in living if selects_eni(pod) is not on_eni]
        InvalidInputs.raise_if_any(owner, unmoved_findings("eni" if on_eni else "global_route", unmoved))

    return pulumi.ResourceHookBinding(before_update=[pulumi.ResourceHook(f"{name}-turns-direct", check)])


def _direct(inputs: Mapping[str, Any] | None, key: str) -> bool:
    return bool(at(inputs, "metadata", "annotations", key) == "true")


_ALSO_AT_PREVIEW = pulumi.ResourceHookOptions(on_dry_run=True)


def before_second_budget(
    name: str,
    component: pulumi.Resource,
    owner: str,
    labels: Mapping[str, Input[str]],
    provider: pulumi.ProviderResource | None,
) -> pulumi.ResourceHookBinding:
    """A hook of a disruption budget for pods with these labels. Reads only."""

    async def check(hook: pulumi.ResourceHookArgs) -> None:
        known = await known_value(dict(labels))
        own, namespace = at(hook.new_inputs, "metadata", "name"), at(hook.new_inputs, "metadata", "namespace")
        if (
            known is None
            or not isinstance(own, str)
            or not isinstance(namespace, str)
            or not await cluster_is_known(provider)
        ):
            return  # a preview; the update looks
        from pulumi_tke_hybrid.component.live_objects import (
            objects_and_budgets,  # only a program that makes a budget pays for it
        )

        try:
            _, budgets = await asyncio.to_thread(
                objects_and_budgets, *await cluster_of(provider), namespace, {}
            )
        except KubeError as error:
            pulumi.log.warn(
                f"{owner}: whether another disruption budget selects its pods could not be read ({error})",
                component,
            )
            return
        InvalidInputs.raise_if_any(owner, budget_findings(budgets, own, known))

    return pulumi.ResourceHookBinding(
        before_create=[pulumi.ResourceHook(f"{name}-only-budget", check, opts=_ALSO_AT_PREVIEW)]
    )


def on_stuck_rollout(
    name: str, owner: pulumi.Resource, provider: pulumi.ProviderResource | None
) -> pulumi.ResourceHookBinding:
    """A hook of a Deployment or StatefulSet. It asks the cluster of `provider` once, after the wait has
    failed, and never retries."""

    async def explain(hook: pulumi.ErrorHookArgs) -> bool:
        if hook.failed_operation == "delete":
            return False
        from pulumi_tke_hybrid.component.live_objects import (
            pods_and_events,  # a program that runs well does not pay for it
        )

        inputs: Mapping[str, Any] = hook.new_inputs or {}
        workload, namespace = (
            str(inputs["metadata"]["name"]),
            str(inputs["metadata"].get("namespace") or "default"),
        )
        labels: Mapping[str, str] = inputs["spec"]["selector"]["matchLabels"]
        try:
            pods, events = await asyncio.to_thread(
                pods_and_events, *await cluster_of(provider), namespace, labels
            )
        except KubeError as error:
            # The failure itself is reported by the engine.
            pulumi.log.warn(
                f"{workload}: the rollout failed, and its pods could not be asked why ({error})", owner
            )
            return False
        for line in stuck_lines(workload, pods, events):
            pulumi.log.error(f"{workload}: the rollout is stuck: {line}", owner)
        return False

    return pulumi.ResourceHookBinding(on_error=[pulumi.ErrorHook(f"{name}-stuck-rollout", explain)])
