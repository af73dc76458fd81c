"""The rollout of a workload: `RolloutArgs`, timeouts, the surge that the cluster's addresses allow, and the
hooks that wait for the end of a rollout or report a stuck rollout."""

import asyncio
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Optional

import pulumi

from pulumi_tke_hybrid.component import live_objects, plain
from pulumi_tke_hybrid.component.args import Args, args_class, report
from pulumi_tke_hybrid.component.inputs import (
    Input,
    apply_together,
    in_range,
    is_pending,
    output_of,
    value_if_known,
)
from pulumi_tke_hybrid.kube import KubeError
from pulumi_tke_hybrid.tke import cluster as cluster_facts
from pulumi_tke_hybrid.tke.capacity import room_of
from pulumi_tke_hybrid.tke.cluster import ClusterFacts
from pulumi_tke_hybrid.tke.objects import Object, at, child, diagnosis_lines, items
from pulumi_tke_hybrid.tke.rule import Finding
from pulumi_tke_hybrid.tke.rules import address_capacity
from pulumi_tke_hybrid.tke.rules.pod_rules import stop_time_findings

if TYPE_CHECKING:
    from pulumi_tke_hybrid.workload.workload_args import ClientIpWorkloadArgs
    from pulumi_tke_hybrid.workload.workload_objects import WorkloadObjects

PRE_STOP_SECONDS = 15
"""Default time between the pod's deletion and SIGTERM: a load balancer sees weight 0, and node-port rules
follow."""
APPLICATION_SECONDS = 30
"""Kubernetes' default time for an application to end."""
POD_SECONDS = 120
MOST_WAVES = 4
"""Default surge: a quarter of the pods at a time."""
PULUMI_MARGIN = 30
"""Seconds by which Pulumi's timeout exceeds Kubernetes' progress deadline, whose error names the reason."""
LONGEST_SECONDS = 7200
"""Timeout while the number of replicas is not known."""
POLL_SECONDS = 1.0


@args_class(
    pre_stop_seconds=in_range(0, 3600, " s"),
    termination_grace_seconds=in_range(1, 7200, " s"),
    max_surge=in_range(0, 1000, " pods"),
    pod_seconds=in_range(5, 3600, " s"),
)
class RolloutArgs(Args):
    """How pods are replaced. The defaults lose no request."""

    pre_stop_seconds: Optional[int] = None
    """Seconds that a deleted pod keeps serving while load balancers stop sending to the pod; 0 for none.
    Containers with a preStop hook of their own keep that hook. Default: 15. A change rolls the pods."""

    termination_grace_seconds: Optional[int] = None
    """Seconds from a pod's deletion until the pod is killed; more than `pre_stop_seconds`. Default: 30 more
    than `pre_stop_seconds`. A change rolls the pods."""

    native_sleep: Optional[bool] = None
    """Whether the preStop hook uses Kubernetes' own sleep, which needs no program in the image. Clusters
    older than 1.30 need false: the hook then runs the program `sleep` of the image. Default: true. A change
    rolls the pods."""

    max_surge: Optional[Input[int]] = None
    """How many pods a Deployment has beyond `replicas` during a rollout; each pod needs an address. With
    `cluster_facts`, more pods than the container subnets hold are refused. Default: a quarter of `replicas`,
    at least one, at most the free addresses. Updated in place."""

    pod_seconds: Optional[int] = None
    """Seconds from the start of a pod until the load balancer sends to the pod: image, start, health checks.
    Progress deadline and Pulumi's timeout are these seconds times the waves of a rollout. Default: 120.
    Updated in place."""

    def problems(self) -> Iterator[Finding]:
        path, enough = "termination_grace_seconds", str(self.pre_stop + APPLICATION_SECONDS)
        grace, pre_stop = self.termination_grace, self.pre_stop
        yield from stop_time_findings(path, grace, pre_stop, "pre_stop_seconds", enough)

    @property
    def pre_stop(self) -> int:
        """Seconds of preStop."""
        return PRE_STOP_SECONDS if self.pre_stop_seconds is None else self.pre_stop_seconds

    @property
    def termination_grace(self) -> int:
        """Seconds from the pod's deletion to its kill."""
        given = self.termination_grace_seconds
        return self.pre_stop + APPLICATION_SECONDS if given is None else given

    @property
    def pod(self) -> int:
        """Seconds that one pod may take to become ready."""
        return POD_SECONDS if self.pod_seconds is None else self.pod_seconds


DEFAULT_ROLLOUT = RolloutArgs()


def surge_of(replicas: int, free: int | None = None) -> int:
    """Return the default surge: a quarter of `replicas`, at least one, at most the `free` addresses."""
    quarter = max(math.ceil(replicas / MOST_WAVES), 1)
    return quarter if free is None else max(min(quarter, free), 0)


def deployment_deadline(args: "ClientIpWorkloadArgs", replicas: Input[int]) -> int:
    """Return the seconds of all waves of a Deployment, with a wave more to begin and a wave more to end.

    With `cluster_facts`, free addresses may reduce the surge, down to one pod.
    """
    rollout = args.rollout or DEFAULT_ROLLOUT
    number, surge = value_if_known(replicas), value_if_known(rollout.max_surge)
    by_default = rollout.max_surge is None and args.cluster_facts is None
    if args.autoscaled or (number is None and not by_default):
        return LONGEST_SECONDS
    if number is None:
        waves = MOST_WAVES
    else:
        waves = math.ceil(number / (surge_of(number) if by_default else max(surge or 1, 1)))
    return rollout.pod * (2 + waves)


def stateful_set_deadline(args: "ClientIpWorkloadArgs", replicas: Input[int]) -> int:
    """Return the seconds of a StatefulSet, which stops and starts one pod after the other."""
    rollout, number = args.rollout or DEFAULT_ROLLOUT, value_if_known(replicas)
    if args.autoscaled or number is None:
        return LONGEST_SECONDS
    return (rollout.pod + rollout.termination_grace) * (1 + number)


def max_surge(
    component: pulumi.Resource, owner: str, args: "ClientIpWorkloadArgs", replicas: Input[int]
) -> Input[int]:
    """Return how many pods a rollout may add.

    Raises `InvalidInputs` where the facts contradict the workload, as soon as both are known.
    """
    given, facts = args.rollout.max_surge if args.rollout else None, args.cluster_facts
    exposed, rolling = bool(args.load_balanced_objects), not args.stateful

    def checked(known_facts: Any, values: Sequence[Any]) -> int:
        number, wanted, nominated, subnets = values
        count = int(number)
        if facts is not None:
            report(component, owner, args.settings, cluster_facts.shape_problems(known_facts))
        cluster = ClusterFacts.of(known_facts)
        limited = args.on_eni and facts is not None
        foreign = [*address_capacity.nominated_findings(cluster, nominated)] if limited else []
        room = room_of(cluster.inventory(), frozenset(nominated)) if limited and not foreign else None
        free = None if room is None else max(room.pods - count, 0)
        surge = surge_of(count, free) if wanted is None else int(wanted)
        findings = [
            *cluster_facts.range_problems(known_facts),
            *foreign,
            *address_capacity.capacity_findings(count, surge if rolling else 0, room, exposed, rolling),
            *address_capacity.fact_findings(cluster, bool(args.fixed_ip), subnets),
        ]
        report(component, owner, args.settings, findings)
        return surge

    if facts is None and value_if_known(replicas) is not None and not is_pending(given):
        return checked({}, [replicas, given, [], {}])
    values: pulumi.Output[list[Any]] = pulumi.Output.all(
        replicas, given, list(args.nominated_subnets or ()), _load_balancer_subnets(args)
    )
    return apply_together(checked, output_of({} if facts is None else facts), values)


def _load_balancer_subnets(args: "ClientIpWorkloadArgs") -> dict[str, Input[str]]:
    """Return the subnets of load balancers that must be no container subnets, by property path."""
    exposures = {"exposure.subnet_id": args.exposure}
    if args.ingress:
        exposures["ingress.exposure.subnet_id"] = args.ingress.exposure
    return {
        path: exposure.subnet_id
        for path, exposure in exposures.items()
        if exposure.subnet_id is not None and not exposure.allow_eni_subnet
    }


def max_unavailable(surge: Input[int]) -> Input[int]:
    """Return 1 where a rollout may add no pod, so that one pod stops before the next pod starts; else 0."""
    plain = value_if_known(surge)
    return pulumi.Output.from_input(surge).apply(_is_zero) if plain is None else _is_zero(plain)


def _is_zero(surge: int) -> int:
    return int(surge == 0)


async def await_rollout(objects: "WorkloadObjects", hook: pulumi.ResourceHookArgs) -> None:
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
        found = await objects.read_pods("the rollout is read")
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


async def explain_stuck_rollout(objects: "WorkloadObjects", hook: pulumi.ErrorHookArgs) -> bool:
    """Log which pods are not ready, and why, after a failed wait for a Deployment or StatefulSet.

    Pulumi's own error names neither readiness gate nor subnet. The hook reads the cluster once, and never
    retries.
    """
    if hook.failed_operation != "delete":
        await _log_reasons(objects, hook.new_inputs or {})
    return False


async def _log_reasons(objects: "WorkloadObjects", workload: Mapping[str, Any]) -> None:
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
