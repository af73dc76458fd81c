"""Before a disruption budget is made: does another one select the pods already? The API server would evict none of them any more."""

import asyncio
from collections.abc import Mapping

import pulumi

from pulumi_tke_hybrid.component.errors import InvalidInputs
from pulumi_tke_hybrid.component.inputs import Input
from pulumi_tke_hybrid.component.kubernetes import cluster_of
from pulumi_tke_hybrid.component.live_objects import cluster_is_known, known_value
from pulumi_tke_hybrid.kube.errors import KubeError
from pulumi_tke_hybrid.tke.rules.adoption import budget_findings
from pulumi_tke_hybrid.tke.values import at

_ALSO_AT_PREVIEW = pulumi.ResourceHookOptions(on_dry_run=True)


def before_second_budget(
    name: str, component: pulumi.Resource, owner: str, labels: Mapping[str, Input[str]], provider: pulumi.ProviderResource | None
) -> pulumi.ResourceHookBinding:
    """A hook of a disruption budget for pods with these labels. Reads only."""

    async def check(hook: pulumi.ResourceHookArgs) -> None:
        known = await known_value(dict(labels))
        own, namespace = at(hook.new_inputs, "metadata", "name"), at(hook.new_inputs, "metadata", "namespace")
        if known is None or not isinstance(own, str) or not isinstance(namespace, str) or not await cluster_is_known(provider):
            return  # a preview; the update looks
        from pulumi_tke_hybrid.component.pods_of import objects_and_budgets  # only a program that makes a budget pays for it

        try:
            _, budgets = await asyncio.to_thread(objects_and_budgets, *await cluster_of(provider), namespace, {})
        except KubeError as error:
            pulumi.log.warn(f"{owner}: whether another disruption budget selects its pods could not be read ({error})", component)
            return
        InvalidInputs.check(owner, budget_findings(budgets, own, known))

    return pulumi.ResourceHookBinding(before_create=[pulumi.ResourceHook(f"{name}-only-budget", check, opts=_ALSO_AT_PREVIEW)])
