"""What the facts of a cluster say about a workload: enough addresses, the right subnets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from pulumi_tke_hybrid.component.advice import say
from pulumi_tke_hybrid.component.inputs import Input, known
from pulumi_tke_hybrid.tke import cluster_facts
from pulumi_tke_hybrid.tke.capacity import room_of
from pulumi_tke_hybrid.tke.cluster_facts import ClusterFacts
from pulumi_tke_hybrid.tke.rule import Severity
from pulumi_tke_hybrid.tke.rules import workload as rules
from pulumi_tke_hybrid.workload.rollout import surge_of


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
    component: pulumi.Resource, owner: str, settings: Mapping[str, Severity], asked: Asked, facts: Input[Mapping[str, Any]] | None
) -> Input[int]:
    """How many pods a rollout may add. Raises, as soon as the facts are known, when they say that the workload cannot be."""

    def judged(values: Sequence[Any]) -> int:
        replicas, given, told, nominated, balancers = values
        say(component, owner, settings, cluster_facts.shape_problems(told) if facts is not None else ())
        cluster = ClusterFacts.of(told)
        room = room_of(cluster.inventory(), frozenset(nominated)) if asked.on_eni and facts is not None else None
        free = None if room is None else max(room.pods - int(replicas), 0)
        surge = surge_of(int(replicas), free) if given is None else int(given)
        findings = [
            *cluster_facts.range_problems(told),
            *rules.capacity_findings(int(replicas), surge if asked.rolling else 0, room, asked.exposed, asked.rolling),
            *rules.fact_findings(cluster, asked.fixed_ip, balancers),
        ]
        say(component, owner, settings, findings)
        return surge

    if facts is None and known(asked.replicas) is not None and (asked.surge is None or known(asked.surge) is not None):
        return judged([asked.replicas, asked.surge, {}, [], {}])
    told: Input[Mapping[str, Any]] = {} if facts is None else facts
    return pulumi.Output.all(asked.replicas, asked.surge, told, list(asked.nominated), asked.balancers).apply(judged)
