"""How pods are replaced without losing a request, and how long that may take.

What the facts of a cluster say about a workload: enough addresses, the right subnets."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Optional

import pulumi

from pulumi_tke_hybrid.component.args import Args, args_class
from pulumi_tke_hybrid.component.diagnostics import report
from pulumi_tke_hybrid.component.inputs import Check, Input, value_if_known
from pulumi_tke_hybrid.tke import cluster_facts
from pulumi_tke_hybrid.tke.capacity import room_of
from pulumi_tke_hybrid.tke.cluster_facts import ClusterFacts
from pulumi_tke_hybrid.tke.rule import Finding, Severity
from pulumi_tke_hybrid.tke.rules import workload as rules
from pulumi_tke_hybrid.tke.rules.inputs import PROPERTY

PRE_STOP_SECONDS = 15
"""Long enough for a load balancer to see weight 0 and for node-port rules to follow, before the application
is told to stop."""
APPLICATION_SECONDS = 30
"""What Kubernetes gives an application to end by itself."""
POD_SECONDS = 120
MOST_WAVES = 4
"""A quarter of the pods at a time."""
PULUMI_MARGIN = 30
"""Kubernetes' own verdict, which names the reason, comes before Pulumi's timeout."""
LONGEST_SECONDS = 7200
"""When the number of replicas is not known in time."""


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
    """A pod that is to go keeps serving for this long, while load balancers stop sending to it; 0 for not at
    all. Containers that have a
    preStop hook of their own keep it. Default: 15. A change rolls the pods."""

    termination_grace_seconds: Optional[int] = None
    """After this long a pod is killed; must leave the application time beyond `pre_stop_seconds`. Default: 30
    more than that. A change rolls the pods."""

    native_sleep: Optional[bool] = None
    """Wait by Kubernetes' own sleep, which needs no program in the image; on clusters older than 1.30 say
    false, for the program `sleep` of the image. Default: true. A change rolls the pods."""

    max_surge: Optional[Input[int]] = None
    """How many pods a Deployment has beyond `replicas` while it rolls; each one needs an address, and more
    than the container subnets hold is refused when `cluster_facts` tell them. Default: a quarter, at least
    one, and never more than they hold. Updated in place."""

    pod_seconds: Optional[int] = None
    """How long one pod may take until the load balancer has it: image, start, health checks. Progress
    deadline and Pulumi's timeout are this times the waves of a rollout. Default: 120. Updated in place."""

    def problems(self) -> Iterator[Finding]:
        if self.termination_grace_seconds is not None and self.termination_grace_seconds <= self.pre_stop:
            yield PROPERTY.finding(
                "termination_grace_seconds",
                f"{self.termination_grace_seconds} s leaves the application no time after {self.pre_stop} s"
                f" of pre_stop_seconds, it would be killed; use {self.pre_stop + APPLICATION_SECONDS}",
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


@dataclass(frozen=True)
class Seconds:
    """How long a rollout may take."""

    progress: int
    """Until Kubernetes gives up, and says why."""

    def options(self) -> pulumi.CustomTimeouts:
        """Pulumi's own patience: a little more, so that Kubernetes' verdict comes first."""
        text = f"{self.progress + PULUMI_MARGIN}s"
        return pulumi.CustomTimeouts(create=text, update=text)


def surge_of(replicas: int, free: int | None = None) -> int:
    """How many pods may come beyond `replicas`: a quarter, at least one, at most as many as there are
    addresses for."""
    wanted = max(math.ceil(replicas / MOST_WAVES), 1)
    return wanted if free is None else max(min(wanted, free), 0)


def deployment_timeout(
    rollout: RolloutArgs, replicas: Input[int], *, bounded: bool, scaled: bool = False
) -> Seconds:
    """Pods come in waves, as many at a time as the surge allows; plus a wave to begin and one to end.

    `bounded`: the addresses may allow fewer at a time than wished for, down to one. `scaled`: an autoscaler
    decides how many there are.
    """
    if scaled:
        return Seconds(LONGEST_SECONDS)
    number, surge = value_if_known(replicas), value_if_known(rollout.max_surge)
    if rollout.max_surge is None and not bounded:
        waves = MOST_WAVES if number is None else math.ceil(number / surge_of(number))
    elif number is None:
        return Seconds(LONGEST_SECONDS)
    else:
        waves = math.ceil(number / max(surge or 1, 1))
    return Seconds(rollout.pod * (2 + waves))


def stateful_set_timeout(rollout: RolloutArgs, replicas: Input[int], *, scaled: bool = False) -> Seconds:
    """One pod after the other, each gone before it comes again."""
    number = None if scaled else value_if_known(replicas)
    return Seconds(
        LONGEST_SECONDS if number is None else (rollout.pod + rollout.termination_grace) * (1 + number)
    )


@dataclass(frozen=True)
class Asked:
    """What a workload asks of its cluster."""

    replicas: Input[int]
    surge: Input[int] | None
    """As the user gave it."""
    on_eni: bool
    exposed: bool
    rolling: bool
    """A new pod comes before an old one goes. Not with a StatefulSet."""
    fixed_ip: bool
    nominated: Sequence[Input[str]]
    balancers: Mapping[str, Input[str]]
    """Subnets of internal load balancers that must not be the pods', by property path."""


def surge_within(
    component: pulumi.Resource,
    owner: str,
    settings: Mapping[str, Severity],
    asked: Asked,
    facts: Input[Mapping[str, Any]] | None,
) -> Input[int]:
    """How many pods a rollout may add. Raises, as soon as the facts are known, when they say that the
    workload cannot be."""

    def judged(values: Sequence[Any]) -> int:
        replicas, given, told, nominated, balancers = values
        report(component, owner, settings, cluster_facts.shape_problems(told) if facts is not None else ())
        cluster = ClusterFacts.of(told)
        room = (
            room_of(cluster.inventory(), frozenset(nominated)) if asked.on_eni and facts is not None else None
        )
        free = None if room is None else max(room.pods - int(replicas), 0)
        surge = surge_of(int(replicas), free) if given is None else int(given)
        findings = [
            *cluster_facts.range_problems(told),
            *rules.capacity_findings(
                int(replicas), surge if asked.rolling else 0, room, asked.exposed, asked.rolling
            ),
            *rules.fact_findings(cluster, asked.fixed_ip, balancers),
        ]
        report(component, owner, settings, findings)
        return surge

    if (
        facts is None
        and value_if_known(asked.replicas) is not None
        and (asked.surge is None or value_if_known(asked.surge) is not None)
    ):
        return judged([asked.replicas, asked.surge, {}, [], {}])
    told: Input[Mapping[str, Any]] = {} if facts is None else facts
    return pulumi.Output.all(asked.replicas, asked.surge, told, list(asked.nominated), asked.balancers).apply(
        judged
    )
