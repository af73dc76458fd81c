"""What TKE fixes when a cluster or a node pool is made: a change rebuilds it, and everything on it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from pulumi_tke_hybrid.tke.problem import Problem

CLUSTER = {
    "vpcId": ("vpc_id", "the VPC"),
    "clusterCidr": ("cluster_cidr", "the overlay range"),
    "clusterMaxPodNum": ("cluster_max_pod_num", "the overlay addresses of a node"),
    "clusterMaxServiceNum": ("cluster_max_service_num", "the number of Services"),
    "serviceCidr": ("service_cidr", "the range of Services"),
    "staticIp": ("static_ip", "static-IP mode"),
}
"""Properties of a cluster that the provider answers with a replacement: the name that users know, and what it is."""

POOL = {"subnetId": ("subnet_id", "the nodes' subnet"), "instanceType": ("instance_type", "the machine type")}
"""The same for a node pool."""

SUBNET = {"zone": ("zone", "the zone"), "cidr": ("cidr_block", "the range")}
"""The same for a container subnet."""

Unknown = Callable[[object], bool]


def cluster_problems(before: Mapping[str, Any], after: Mapping[str, Any], unknown: Unknown) -> Iterator[Problem]:
    """One finding for each change that would rebuild the cluster."""
    for name, (property_, what) in CLUSTER.items():
        old, new = before.get(name), after.get(name)
        if old is not None and not unknown(new) and old != new:
            yield Problem(
                property_,
                f"{_shown(new)} instead of {_shown(old)}; TKE fixes {what} when the cluster is made, so this would rebuild the "
                f"whole cluster; go back to {_shown(old)}, or say allow_cluster_replacement=True",
            )


def pool_problems(before: Mapping[str, Any], after: Mapping[str, Any], unknown: Unknown) -> Iterator[Problem]:
    """One finding for each change that would rebuild a node pool of the same name."""
    for pool, old in before.items():
        new = after.get(pool, {})
        for name, (property_, what) in POOL.items():
            if old.get(name) is not None and new.get(name) is not None and not unknown(new[name]) and old[name] != new[name]:
                yield Problem(
                    f"node_pools[{pool}].{property_}",
                    f"{new[name]} instead of {old[name]}; TKE fixes {what} when the pool is made, so this would rebuild it and its "
                    f"{_shown(old.get('size'))} machines at once; add a pool of another name, drain the nodes of this one, then remove it",
                )


def subnet_problems(before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]], unknown: Unknown) -> Iterator[Problem]:
    """One finding for each property by which another subnet would take a registered one's place: its id is not known any more."""
    kept = [subnet.get("id") for subnet in after if not unknown(subnet.get("id"))]
    for index, (old, new) in enumerate(zip(before, after, strict=False)):
        if old.get("id") in kept or not unknown(new.get("id")):
            continue
        for name, (property_, what) in SUBNET.items():
            if old.get(name) is not None and not unknown(new.get(name)) and old[name] != new.get(name):
                yield Problem(
                    f"eni_subnets[{index}].{property_}",
                    f"{new.get(name)} instead of {old[name]}; {what} of a subnet is fixed when it is made, so another one "
                    f"would take the place of {old.get('id')}, in which pods hold addresses and which TKE cannot unregister; go back "
                    f"to {old[name]} and add another subnet at the end of the list",
                )


def _shown(value: object) -> object:
    """A state has no whole numbers."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
