"""Indexes of a plan: steps by type, component and cluster, and the container subnets that each cluster lists.

The name of a cluster is its URN where the plan has the cluster, else its id.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from functools import cached_property

from pulumi_tke_hybrid.plan import resource_types
from pulumi_tke_hybrid.plan.demands import demands
from pulumi_tke_hybrid.plan.model import Op, Plan, Step, kept_by_plan
from pulumi_tke_hybrid.plan.nodes_of_pools import NODE_MAKERS
from pulumi_tke_hybrid.tke.objects import texts, unknown

UNKNOWN_CLUSTER = ""
"""Name of a cluster that the plan does not show."""


class Clusters:
    """The cluster of each node pool, each switch, and each resource whose properties come from one of
    these."""

    def __init__(self, plan: Plan) -> None:
        self._steps = {step.urn: step for step in plan.steps}
        self._urns = {step.id: step.urn for step in plan.of(resource_types.CLUSTER) if step.id}
        self._all_ids_known = all(step.id for step in plan.of(resource_types.CLUSTER))

    def of(self, step: Step) -> str:
        """Return the name of the resource's cluster."""
        found: set[str] = set()
        waiting, seen = [step], {step.urn}
        while waiting:
            one = waiting.pop()
            named = one.urn if one.type == resource_types.CLUSTER else self._urns.get(_cluster_id(one))
            if named:
                found.add(named)
            else:
                sources = [
                    self._steps[urn]
                    for urn in one.sources.get("clusterId", ())
                    if urn in self._steps and urn not in seen
                ]
                seen.update(source.urn for source in sources)
                waiting += sources
        # An id of no cluster in this plan belongs to another stack, if all ids of clusters here are known.
        # A policy without the previous state knows no id.
        elsewhere = _cluster_id(step) if self._all_ids_known and not found else UNKNOWN_CLUSTER
        return found.pop() if len(found) == 1 else elsewhere


def _cluster_id(step: Step) -> str:
    given = (step.new or step.old).get("clusterId")
    return given if isinstance(given, str) and not unknown(given) else UNKNOWN_CLUSTER


@dataclass(frozen=True)
class Listing:
    """Container subnets that a cluster or its switch will list."""

    cluster: str
    ids: Set[str]
    urns: Set[str]
    """URNs of the resources from which the ids come."""
    lost: Set[str]
    """Ids that are no longer listed."""
    lists_some: bool
    """Whether a subnet is listed, known or not."""

    def has(self, subnet: Step) -> bool:
        """Whether the subnet is listed. A list that is computed from several subnets may leave some of them
        out."""
        return subnet.id in self.ids or (subnet.urn in self.urns and subnet.id not in self.lost)


def _listing(step: Step, cluster: str) -> Listing:
    """The listing of a cluster or a switch."""
    key = resource_types.subnets_key(step.type)
    late = unknown(step.new.get(key))
    before = texts(step.old.get(key))
    after = before if late else texts(step.new.get(key))  # an unknown list has lost nothing
    stays = step.op is not Op.DELETE
    return Listing(
        cluster,
        ids=frozenset(after if stays else ()),
        urns=frozenset(step.sources.get(key, ()) if stays else ()),
        lost=frozenset(set(before) - set(after) if step.new and not any(map(unknown, after)) else ()),
        lists_some=stays and (bool(after) or late),
    )


@kept_by_plan
def index_of(plan: Plan) -> "PlanIndex":
    """The index of the plan."""
    return PlanIndex(plan)


_KUBERNETES = f"{resource_types.PROVIDERS}kubernetes"


class PlanIndex:
    """The steps of a plan by type, by component and by cluster; each index is built once."""

    def __init__(self, plan: Plan) -> None:
        self.steps = {step.urn: step for step in plan.steps}
        self._by_type: defaultdict[str, list[Step]] = defaultdict(list)
        for step in plan.steps:
            self._by_type[step.type].append(step)
        self._plan = plan
        self.clusters = Clusters(plan)

    def of(self, *types: str) -> list[Step]:
        """Steps of resources of these types, in the order of the plan for each type."""
        return [step for type_ in dict.fromkeys(types) for step in self._by_type.get(type_, ())]

    @cached_property
    def stating(self) -> dict[str, Step]:
        """HybridClusters with `eniSubnets` in their inputs, by URN; states of early releases have none."""
        return {step.urn: step for step in self.of(resource_types.HYBRID_CLUSTER) if "eniSubnets" in step.new}

    @cached_property
    def homes(self) -> dict[str, str]:
        """URN of the HybridCluster above each resource, at any depth."""
        found: dict[str, str] = {}
        for step in self._plan.steps if self.stating else ():
            above, seen = step.parent, {step.urn}
            while above and above not in seen and above not in self.stating:
                seen.add(above)
                above = self.steps[above].parent if above in self.steps else ""
            if above in self.stating:
                found[step.urn] = above
        return found

    @cached_property
    def subnets_by_id(self) -> dict[str, Step]:
        """Subnets whose id is known."""
        return {step.id: step for step in self.of(resource_types.SUBNET) if step.id}

    @cached_property
    def subnets_by_range(self) -> dict[tuple[object, object], list[Step]]:
        """Subnets by zone and range."""
        found: defaultdict[tuple[object, object], list[Step]] = defaultdict(list)
        for step in self.of(resource_types.SUBNET):
            found[str(step.new.get("availabilityZone")), str(step.new.get("cidrBlock"))].append(step)
        return dict(found)

    @cached_property
    def listings(self) -> dict[str, list[Listing]]:
        """Listings by cluster."""
        found: defaultdict[str, list[Listing]] = defaultdict(list)
        for step in self._plan.of(*resource_types.LISTING):
            cluster = self.clusters.of(step)
            found[cluster].append(_listing(step, cluster))
        return dict(found)

    def subnets_among(self, urns: Iterable[str]) -> list[Step]:
        """The subnets of the plan among these URNs."""
        found = (self.steps[urn] for urn in urns if urn in self.steps)
        return [step for step in found if step.type == resource_types.SUBNET]

    def listed_subnets(self, listing: Listing) -> list[Step]:
        """The listed subnets that the plan has, by zone and name."""
        named = [self.subnets_by_id[each] for each in listing.ids if each in self.subnets_by_id]
        listed = (*named, *self.subnets_among(listing.urns))
        found = {step.urn: step for step in listed if listing.has(step)}
        return sorted(found.values(), key=lambda step: (str(step.new.get("availabilityZone")), step.urn))

    @cached_property
    def node_makers(self) -> dict[str, list[Step]]:
        """Resources that create nodes and belong to no HybridCluster, by cluster."""
        found: defaultdict[str, list[Step]] = defaultdict(list)
        for step in self.of(*NODE_MAKERS):
            if step.urn not in self.homes:
                found[self.clusters.of(step)].append(step)
        return dict(found)

    @cached_property
    def pools_without_cluster(self) -> Sequence[str]:
        """A sentence for each node pool whose cluster is not known."""
        return [
            f"which cluster {pool.name} belongs to is not known"
            for pool in self.node_makers.get(UNKNOWN_CLUSTER, ())
            if pool.type != resource_types.CLUSTER
        ]

    @cached_property
    def objects(self) -> Sequence[Step]:
        """All objects of Kubernetes."""
        return [step for step in self._plan.steps if step.type.startswith("kubernetes:")]

    @cached_property
    def objects_by_cluster(self) -> dict[str, list[Step]]:
        """Kubernetes objects by the URNs of the clusters and components of their provider.

        Under `UNKNOWN_CLUSTER`: objects that need addresses, and whose provider leads to no cluster.
        """
        providers = {step.urn: self._clusters_of(step) for step in self.of(_KUBERNETES)}
        found: defaultdict[str, list[Step]] = defaultdict(list)
        for step in self.objects:
            home = next(
                (providers[urn] for urn in step.sources.get("provider", ()) if urn in providers),
                frozenset[str](),
            )
            for urn in home:
                found[urn].append(step)
            if not home and any(True for _ in demands([step], "")):
                found[UNKNOWN_CLUSTER].append(step)
        return dict(found)

    @cached_property
    def without_cluster(self) -> Sequence[str]:
        """A sentence for each object that needs addresses and whose cluster is not known."""
        return [
            f"which cluster {step.name} is on is not known"
            for step in self.objects_by_cluster.get(UNKNOWN_CLUSTER, ())
        ]

    def _clusters_of(self, provider: Step) -> frozenset[str]:
        """Clusters and components of a Kubernetes provider: its parents, and the sources of its
        kubeconfig."""
        found, seen, waiting = set[str](), {provider.urn}, [provider]
        while waiting:
            step = waiting.pop()
            for urn in (step.parent, *step.all_sources):
                if urn in seen or urn not in self.steps:
                    continue
                seen.add(urn)
                if self.steps[urn].type in (resource_types.CLUSTER, resource_types.HYBRID_CLUSTER):
                    found.add(urn)
                if self.steps[urn].type != resource_types.CLUSTER:
                    waiting.append(self.steps[urn])
        return frozenset(found)
