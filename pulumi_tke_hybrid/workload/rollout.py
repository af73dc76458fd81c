"""The rollout of a workload: `RolloutArgs`, timeouts, and the surge that the cluster's addresses
allow."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Optional

import pulumi

from pulumi_tke_hybrid.component.args import Args, args_class, report
from pulumi_tke_hybrid.component.inputs import (
    Check,
    Input,
    apply_together,
    is_pending,
    output_of,
    value_if_known,
)
from pulumi_tke_hybrid.tke import cluster as cluster_facts
from pulumi_tke_hybrid.tke.capacity import room_of
from pulumi_tke_hybrid.tke.cluster import ClusterFacts
from pulumi_tke_hybrid.tke.rule import Finding, Severity
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


def _at_least(low: int, high: int, unit: str) -> Check:
    def problem(value: int) -> str | None:
        return None if low <= value <= high else f"{value}{unit} is outside {low} to {high}{unit}"

    return problem


@args_class(
    pre_stop_seconds=_at_least(0, 3600, " s"),
    termination_grace_seconds=_at_least(1, 7200, " s"),
    max_surge=_at_least(0, 1000, " pods"),
    pod_seconds=_at_least(5, 3600, " s"),
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
        if self.termination_grace_seconds is not None:
            enough = str(self.pre_stop + APPLICATION_SECONDS)
            yield from stop_time_findings(
                "termination_grace_seconds",
                self.termination_grace_seconds,
                self.pre_stop,
                "pre_stop_seconds",
                enough,
            )

    @property
    def pre_stop(self) -> int:
        """Seconds of preStop."""
        return PRE_STOP_SECONDS if self.pre_stop_seconds is None else self.pre_stop_seconds

    @property
    def termination_grace(self) -> int:
        """Seconds from the pod's deletion to its kill."""
        return (
            self.pre_stop + APPLICATION_SECONDS
            if self.termination_grace_seconds is None
            else self.termination_grace_seconds
        )

    @property
    def pod(self) -> int:
        """Seconds that one pod may take to become ready."""
        return POD_SECONDS if self.pod_seconds is None else self.pod_seconds


DEFAULT_ROLLOUT = RolloutArgs()


@dataclass(frozen=True)
class RolloutTimeout:
    """How long a rollout may take."""

    progress: int
    """Seconds until Kubernetes ends the rollout with a reason."""

    @property
    def seconds(self) -> int:
        """Pulumi's own timeout, which is longer, so that Kubernetes' error comes first."""
        return self.progress + PULUMI_MARGIN

    def options(self) -> pulumi.CustomTimeouts:
        """Return Pulumi's own timeout for a new and for a changed object."""
        text = f"{self.seconds}s"
        return pulumi.CustomTimeouts(create=text, update=text)


def surge_of(replicas: int, free: int | None = None) -> int:
    """Return the default surge: a quarter of `replicas`, at least one, at most the `free` addresses."""
    quarter = max(math.ceil(replicas / MOST_WAVES), 1)
    return quarter if free is None else max(min(quarter, free), 0)


def deployment_timeout(
    rollout: RolloutArgs, replicas: Input[int], *, bounded: bool, autoscaled: bool = False
) -> RolloutTimeout:
    """Return the time of all waves of a Deployment, with a wave more to begin and a wave more to end.

    `bounded`: free addresses may reduce the surge, down to one pod.
    """
    if autoscaled:
        return RolloutTimeout(LONGEST_SECONDS)
    number, surge = value_if_known(replicas), value_if_known(rollout.max_surge)
    if rollout.max_surge is None and not bounded:
        waves = MOST_WAVES if number is None else math.ceil(number / surge_of(number))
    elif number is None:
        return RolloutTimeout(LONGEST_SECONDS)
    else:
        waves = math.ceil(number / max(surge or 1, 1))
    return RolloutTimeout(rollout.pod * (2 + waves))


def stateful_set_timeout(
    rollout: RolloutArgs, replicas: Input[int], *, autoscaled: bool = False
) -> RolloutTimeout:
    """Return the time of a StatefulSet, which stops and starts one pod after the other."""
    number = None if autoscaled else value_if_known(replicas)
    if number is None:
        return RolloutTimeout(LONGEST_SECONDS)
    return RolloutTimeout((rollout.pod + rollout.termination_grace) * (1 + number))


@dataclass(frozen=True)
class AddressDemand:
    """The properties of a workload that the facts of its cluster limit."""

    replicas: Input[int]
    surge: Input[int] | None
    """`rollout.max_surge`; None for the default."""
    on_eni: bool
    exposed: bool
    """Whether a load balancer sends to the pods."""
    rolling: bool
    """Whether a new pod starts before an old pod stops; false for a StatefulSet."""
    fixed_ip: bool
    nominated_subnets: Sequence[Input[str]]
    load_balancer_subnets: Mapping[str, Input[str]]
    """Subnets of internal load balancers that must be no container subnets, by property path."""


def address_demand(args: "ClientIpWorkloadArgs", replicas: Input[int]) -> AddressDemand:
    """Return the demand of a workload."""
    exposures = {
        "exposure.subnet_id": args.exposure,
        "ingress.exposure.subnet_id": args.ingress.exposure if args.ingress else None,
    }
    return AddressDemand(
        replicas=replicas,
        surge=args.rollout.max_surge if args.rollout else None,
        on_eni=args.on_eni,
        exposed=bool(args.load_balanced_objects),
        rolling=not args.stateful,
        fixed_ip=bool(args.fixed_ip),
        nominated_subnets=args.nominated_subnets or (),
        load_balancer_subnets={
            path: exposure.subnet_id
            for path, exposure in exposures.items()
            if exposure is not None and exposure.subnet_id is not None and not exposure.allow_eni_subnet
        },
    )


def max_surge(
    component: pulumi.Resource,
    owner: str,
    settings: Mapping[str, Severity],
    demand: AddressDemand,
    facts: Input[Mapping[str, Any]] | None,
) -> Input[int]:
    """Return how many pods a rollout may add.

    Raises `InvalidInputs` where the facts contradict the workload, as soon as both are known.
    """

    def checked(known_facts: Any, values: Sequence[Any]) -> int:
        replicas, given, nominated, subnets = values
        report(
            component, owner, settings, cluster_facts.shape_problems(known_facts) if facts is not None else ()
        )
        cluster = ClusterFacts.of(known_facts)
        room = (
            room_of(cluster.inventory(), frozenset(nominated))
            if demand.on_eni and facts is not None
            else None
        )
        free = None if room is None else max(room.pods - int(replicas), 0)
        surge = surge_of(int(replicas), free) if given is None else int(given)
        findings = [
            *cluster_facts.range_problems(known_facts),
            *address_capacity.capacity_findings(
                int(replicas), surge if demand.rolling else 0, room, demand.exposed, demand.rolling
            ),
            *address_capacity.fact_findings(cluster, demand.fixed_ip, subnets),
        ]
        report(component, owner, settings, findings)
        return surge

    if facts is None and value_if_known(demand.replicas) is not None and not is_pending(demand.surge):
        return checked({}, [demand.replicas, demand.surge, [], {}])
    values: pulumi.Output[list[Any]] = pulumi.Output.all(
        demand.replicas, demand.surge, list(demand.nominated_subnets), demand.load_balancer_subnets
    )
    return apply_together(checked, output_of({} if facts is None else facts), values)


def max_unavailable(surge: Input[int]) -> Input[int]:
    """Return 1 where a rollout may add no pod, so that one pod stops before the next pod starts; else 0."""
    plain = value_if_known(surge)
    return pulumi.Output.from_input(surge).apply(_is_zero) if plain is None else _is_zero(plain)


def _is_zero(surge: int) -> int:
    return int(surge == 0)
