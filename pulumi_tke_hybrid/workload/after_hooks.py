"""Hooks after the step of a workload's object: the wait for a rollout that the Kubernetes plugin has reported
too early, the report of a stuck rollout, and a warning about a state that is not current.
"""

import asyncio
import time
from collections.abc import Mapping
from typing import Any

import pulumi

from pulumi_tke_hybrid.component import live_objects, plain
from pulumi_tke_hybrid.kube import KubeError
from pulumi_tke_hybrid.tke.objects import Object, at, child, diagnosis_lines, items, mapping
from pulumi_tke_hybrid.workload.workload_objects import PODS, WorkloadObjects

POLL_SECONDS = 1.0


async def await_rollout(objects: WorkloadObjects, hook: pulumi.ResourceHookArgs) -> None:
    """Wait for the rollout, if the Kubernetes plugin has ended its own wait with the status of before the
    update. Raise `RunError` if the rollout fails, or has not ended at the workload's deadline.

    pulumi-kubernetes 4.25 ends its wait at the first event of the updated object. If the controller of
    Kubernetes has not seen the update yet, that event has the status of the pods of before the update.
    """
    metadata, status = [await plain(at(hook.new_outputs, part)) for part in ("metadata", "status")]
    if _observed({"metadata": metadata, "status": status}):
        return
    pulumi.log.info(f"{objects.owner}: waiting for the rollout", objects.component)
    deadline = time.monotonic() + objects.rollout_seconds
    while True:
        live = await objects.read_live("the rollout is read", only=PODS)
        found = {} if live is None else live.objects.get(PODS) or {}
        lacking = unfinished(found)
        if not lacking:
            return
        if _has_failed(found) or time.monotonic() >= deadline:
            break
        await asyncio.sleep(POLL_SECONDS)
    if found:
        await _log_reasons(objects, found)
    todo = "`pulumi up --refresh` waits again"  # without a refresh, the engine takes the update as done
    raise pulumi.RunError(f"{objects.owner}: the rollout has not ended: {lacking}; {todo}")


def _observed(workload: Object) -> bool:
    """Whether the status belongs to the current specification. Also true for an object without a status."""
    generation = at(workload, "metadata", "generation")
    return (
        not isinstance(generation, int) or (at(workload, "status", "observedGeneration") or 0) >= generation
    )


def unfinished(workload: Object) -> str:
    """Return what the rollout of a live Deployment or StatefulSet still lacks; an empty text after its end.

    The conditions are those of `kubectl rollout status`.
    """
    if not workload:
        return "the object does not exist"
    if not _observed(workload):
        return "the controller of Kubernetes has not seen the update"
    spec, status = child(workload, "spec"), child(workload, "status")
    wanted = spec.get("replicas", 1)
    updated = status.get("updatedReplicas") or 0
    if "updateStrategy" in spec:  # a StatefulSet
        strategy = child(spec, "updateStrategy")
        kept = at(strategy, "rollingUpdate", "partition") or 0
        if strategy.get("type") != "OnDelete" and updated < wanted - kept:
            return f"{updated} of {wanted - kept} pods are new"
        ready = status.get("readyReplicas") or 0
        return "" if ready >= wanted else f"{ready} of {wanted} pods are ready"
    if updated < wanted:
        return f"{updated} of {wanted} pods are new"
    old = (status.get("replicas") or 0) - updated
    if old > 0:
        return f"old pods that still run: {old}"
    available = status.get("availableReplicas") or 0
    return "" if available >= updated else f"{available} of {updated} new pods are available"


def _has_failed(workload: Object) -> bool:
    """Whether Kubernetes has given the rollout up."""
    conditions = items(at(workload, "status", "conditions"))
    return any(at(found, "reason") == "ProgressDeadlineExceeded" for found in conditions)


async def explain_stuck_rollout(objects: WorkloadObjects, hook: pulumi.ErrorHookArgs) -> bool:
    """Log which pods are not ready, and why, after a failed wait for a Deployment or StatefulSet.

    Pulumi's own error names neither readiness gate nor subnet. The hook reads the cluster once, and never
    retries.
    """
    if hook.failed_operation != "delete":
        await _log_reasons(objects, hook.new_inputs or {})
    return False


async def _log_reasons(objects: WorkloadObjects, workload: Mapping[str, Any]) -> None:
    name = str(workload["metadata"]["name"])
    namespace = str(workload["metadata"].get("namespace") or "default")
    labels: Mapping[str, str] = workload["spec"]["selector"]["matchLabels"]
    try:
        pods, events = await live_objects.pods_in(objects.provider, namespace, labels)
    except KubeError as error:  # the engine reports the failed rollout itself
        text = f"{name}: the rollout failed, and its pods could not be read ({error})"
        pulumi.log.warn(text, objects.component)
        return
    for line in diagnosis_lines(name, pods, events):
        pulumi.log.error(f"{name}: the rollout is stuck: {line}", objects.component)


async def check_stored(objects: WorkloadObjects, hook: pulumi.ResourceHookArgs) -> None:
    """Log a warning if the state of the stack has a Service or an Ingress as of before the update.

    pulumi-kubernetes 4.25 stores the first object that meets `pulumi.com/waitFor`, and the object of before
    the update meets the condition too. Later the plugin compares the program with the stored object.
    """
    given, stored = [
        mapping(await plain(at(side, "metadata", "annotations")))
        for side in (hook.new_inputs, hook.new_outputs)
    ]
    of_tke = [key for key in given if not key.startswith("pulumi.com/")]
    if any(stored.get(key) != given[key] for key in of_tke):
        text = f"the state of the stack has {hook.name} as of before this update"
        todo = "run `pulumi refresh` before the next change"
        pulumi.log.warn(f"{objects.owner}: {text}; {todo}", objects.component)
