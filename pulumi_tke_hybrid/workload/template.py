"""The pod template of a workload: the user's pod with the network, the drain and the spread that it needs."""

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from pulumi_tke_hybrid.component.inputs import Input
from pulumi_tke_hybrid.component.pods import Container, asked_by_hand, with_eni_ip, with_pre_stop
from pulumi_tke_hybrid.tke import keys

PodSpec = kubernetes.core.v1.PodSpecArgs
_HOST_LABEL = "kubernetes.io/hostname"


@dataclass(frozen=True)
class Drain:
    """How a pod stops."""

    pre_stop_seconds: int
    native_sleep: bool
    grace_seconds: int


def asking_paths(containers: Sequence[Container], init_containers: Sequence[Container], where: str = "") -> Iterator[str]:
    """Property paths of the containers that ask for an ENI address by hand though they are not the first."""
    for name, group, start in (("containers", containers, 1), ("init_containers", init_containers, 0)):
        for index, container in enumerate(group[start:], start):
            if any(asked_by_hand(container.resources)):
                yield f"{where}{name}[{index}].resources"


def asked_amounts(containers: Sequence[Container], where: str = "") -> Iterator[tuple[str, Any]]:
    """Property path and amount of the ENI addresses that the first container asks for by hand."""
    for container in containers[:1]:
        yield from ((f"{where}containers[0].resources.{path}", amount) for path, amount in asked_by_hand(container.resources))


def pod_template(
    spec: PodSpec,
    *,
    on_eni: bool,
    labels: Mapping[str, Input[str]],
    annotations: Mapping[str, Input[str]],
    selector: Mapping[str, Input[str]],
    drain: Drain,
) -> kubernetes.core.v1.PodTemplateSpecArgs:
    """The template; what the user's own spec says already about drain and spread stays."""
    made = copy.copy(spec)
    containers: list[Any] = list(spec.containers)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType, reportUnknownArgumentType]
    containers = with_pre_stop(containers, drain.pre_stop_seconds, drain.native_sleep)
    made.containers = with_eni_ip(containers) if on_eni else containers
    if made.termination_grace_period_seconds is None:
        made.termination_grace_period_seconds = drain.grace_seconds
    if made.topology_spread_constraints is None:
        made.topology_spread_constraints = [_spread(keys.ZONE_LABEL, selector), _spread(_HOST_LABEL, selector)]
    return kubernetes.core.v1.PodTemplateSpecArgs(
        metadata=kubernetes.meta.v1.ObjectMetaArgs(labels=labels, annotations=annotations or None), spec=made
    )


def _spread(key: str, selector: Mapping[str, Input[str]]) -> kubernetes.core.v1.TopologySpreadConstraintArgs:
    # By the key only: the zone label's values are numbers on TKE. And never as a condition for being scheduled at all: zones without an
    # ENI subnet count too, and would block every further pod.
    return kubernetes.core.v1.TopologySpreadConstraintArgs(
        max_skew=1,
        topology_key=key,
        when_unsatisfiable="ScheduleAnyway",
        label_selector=kubernetes.meta.v1.LabelSelectorArgs(match_labels=selector),
    )


def pod_annotations(
    own: Mapping[str, Input[str]] | None,
    written: Mapping[str, str],
    ip_reclaim: Input[str] | None,
    nominated_subnets: Sequence[Input[str]] | None,
) -> dict[str, Input[str]]:
    """The user's annotations and ours."""
    found: dict[str, Input[str]] = {**(own or {}), **written}
    if ip_reclaim is not None:
        found[keys.CLAIM_EXPIRED_DURATION] = ip_reclaim
    if nominated_subnets is not None:
        found[keys.NOMINATED_SUBNETS] = pulumi.Output.all(*nominated_subnets).apply(",".join)
    return found
