"""What TKE fixes when a cluster or a node pool is made: a change rebuilds it, and everything on it."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pulumi_tke_hybrid.tke.problem import Problem

CLUSTER = {
    "vpcId": "the VPC",
    "clusterCidr": "the overlay range",
    "clusterMaxPodNum": "the overlay addresses of a node",
    "clusterMaxServiceNum": "the number of Services",
    "serviceCidr": "the range of Services",
    "staticIp": "static-IP mode",
}
"""Properties of a cluster that the provider answers with a replacement."""

POOL = {"subnetId": "the nodes' subnet", "instanceType": "the machine type"}
"""The same for a node pool."""

Unknown = Callable[[object], bool]


def cluster_problems(before: Mapping[str, Any], after: Mapping[str, Any], unknown: Unknown) -> Iterator[Problem]:
    """One finding for each change that would rebuild the cluster."""
    for name, what in CLUSTER.items():
        old, new = before.get(name), after.get(name)
        if old is not None and not unknown(new) and old != new:
            yield Problem(
                f"cluster.{name}",
                f"{new} instead of {old}; TKE fixes {what} when the cluster is made, so this would rebuild the whole cluster; go back to "
                f"{old}, or say allow_cluster_replacement=True",
            )


def pool_problems(before: Mapping[str, Any], after: Mapping[str, Any], unknown: Unknown) -> Iterator[Problem]:
    """One finding for each change that would rebuild a node pool of the same name."""
    for pool, old in before.items():
        new = after.get(pool, {})
        for name, what in POOL.items():
            if old.get(name) is not None and new.get(name) is not None and not unknown(new[name]) and old[name] != new[name]:
                yield Problem(
                    f"nodePools.{pool}.{name}",
                    f"{new[name]} instead of {old[name]}; TKE fixes {what} when the pool is made, so this would rebuild it and its "
                    f"{old.get('size')} machines at once; add a pool of another name, drain the nodes of this one, then remove it",
                )
