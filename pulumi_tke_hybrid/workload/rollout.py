"""The rollout of a workload: `RolloutArgs`, timeouts, and the surge that the cluster's addresses
allow."""

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Optional

import pulumi

from pulumi_tke_hybrid.component.args import Args, args_class, report
from pulumi_tke_hybrid.component.inputs import (
    Input,
    apply_together,
    in_range,
    is_pending,
    output_of,
    value_if_known,
)
from pulumi_tke_hybrid.tke import cluster as cluster_facts
from pulumi_tke_hybrid.tke.capacity import room_of
from pulumi_tke_hybrid.tke.cluster import ClusterFacts
from pulumi_tke_hybrid.tke.rule import Finding
from pulumi_tke_hybrid.tke.rules import address_capacity
from pulumi_tke_hybrid.tke.rules.pod_rules import stop_time_findings

if TYPE_CHECKING:
    from pulumi_tke_hybrid.workload.workload_args import ClientIpWorkloadArgs

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
