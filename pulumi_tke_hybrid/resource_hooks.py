"""Hooks of the cluster, its node pools and its endpoint: reads of the live state right before the provider
works.

The engine runs hooks in the program's process. This module changes nothing.
"""

import pulumi

from pulumi_tke_hybrid.cloud.api_client import TencentCloud
from pulumi_tke_hybrid.cloud.calls import CloudError
from pulumi_tke_hybrid.cloud.clusters import refuse_orphan, refuse_orphan_pool, size_of
from pulumi_tke_hybrid.component.invalid_inputs import InvalidInputs
from pulumi_tke_hybrid.component.region import settings_in
from pulumi_tke_hybrid.tke.rules import pools

_ALSO_AT_PREVIEW = pulumi.ResourceHookOptions(on_dry_run=True)


def cluster_hooks(name: str, region: str) -> pulumi.ResourceHookBinding:
    """Refuse to create a cluster if a lost response has left a cluster of its name."""

    def is_free(hook: pulumi.ResourceHookArgs) -> None:
        inputs = hook.new_inputs or {}
        refuse_orphan(TencentCloud(settings_in(region)), str(inputs["vpcId"]), str(inputs["clusterName"]))

    return pulumi.ResourceHookBinding(before_create=[pulumi.ResourceHook(f"{name}-name-is-free", is_free)])


def pool_hooks(owner: str, name: str, region: str) -> pulumi.ResourceHookBinding:
    """Refuse to create a pool if a lost response has left a pool of its name; refuse an update that would
    change the number of live nodes."""

    def is_free(hook: pulumi.ResourceHookArgs) -> None:
        inputs = hook.new_inputs or {}
        refuse_orphan_pool(TencentCloud(settings_in(region)), str(inputs["clusterId"]), str(inputs["name"]))

    def size_stays(hook: pulumi.ResourceHookArgs) -> None:
        try:
            there = size_of(TencentCloud(settings_in(region)), hook.id)
        except CloudError as error:
            if not pulumi.runtime.is_dry_run():
                raise
            pulumi.log.info(
                f"could not look at the size of {hook.name} ({error.code}); `up` looks before it changes the"
                " pool"
            )
            return
        before, after = hook.old_inputs or {}, hook.new_inputs or {}
        if there is not None:
            InvalidInputs.raise_if_any(
                owner, pools.resized_findings(str(after.get("name")), there, before, after)
            )

    return pulumi.ResourceHookBinding(
        before_create=[pulumi.ResourceHook(f"{name}-is-free", is_free)],
        before_update=[pulumi.ResourceHook(f"{name}-size-stays", size_stays, opts=_ALSO_AT_PREVIEW)],
    )


def endpoint_hooks(owner: str, name: str) -> pulumi.ResourceHookBinding:
    """Refuse an update that would move the endpoint to another subnet."""

    def stays(hook: pulumi.ResourceHookArgs) -> None:
        InvalidInputs.raise_if_any(
            owner, pools.moved_endpoint_findings(hook.old_inputs or {}, hook.new_inputs or {})
        )

    return pulumi.ResourceHookBinding(
        before_update=[pulumi.ResourceHook(f"{name}-stays", stays, opts=_ALSO_AT_PREVIEW)]
    )
