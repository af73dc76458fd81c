"""Which cluster of a plan lists which pod subnets, and which cluster a resource belongs to.

A cluster goes by its URN where the plan has it, else by its id. One that nobody can tell has no name.

A plan looked up by what its resources belong to, so that a plan of ten thousand steps is read once and not
once for each cluster.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from functools import cached_property

from pulumi_tke_hybrid.plan import resource_types
from pulumi_tke_hybrid.plan.demands import demands
from pulumi_tke_hybrid.plan.model import Op, Plan, Step, kept_by_plan
from pulumi_tke_hybrid.tke.values import texts, unknown

UNTOLD = ""
"""The name of a cluster that nobody can tell."""


class Clusters:
    """Tells the cluster of a node pool, a switch, or of what waits for one."""

    def __init__(self, plan: Plan) -> None:
        self._steps = {step.urn: step for step in plan.steps}
        self._urns = {step.id: step.urn for step in plan.of(resource_types.CLUSTER) if step.id}
        self._all_ids_known = all(step.id for step in plan.of(resource_types.CLUSTER))

    def of(self, step: Step) -> str:
        """The cluster that the resource belongs to."""
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
        # An id that is no cluster's here is another stack's, unless one's own id is not known: a policy
        # without the last state has none.
        elsewhere = _cluster_id(step) if self._all_ids_known and not found else UNTOLD
        return found.pop() if len(found) == 1 else elsewhere


def _cluster_id(step: Step) -> str:
    given = (step.new or step.old).get("clusterId")
    return given if isinstance(given, str) and not unknown(given) else UNTOLD


@dataclass(frozen=True)
class Listing:
    """What a cluster or its switch will list."""

    cluster: str
    ids: Set[str]
    urns: Set[str]
    """Of the resources that its ids come from."""
    lost: Set[str]
    """Ids that it listed before."""
    lists_some: bool
    """Whether it lists a pod subnet, known or not."""

    def has(self, subnet: Step) -> bool:
        """Whether the subnet is listed. A list that is computed from several subnets may hold fewer of them
        than it comes from."""
        return subnet.id in self.ids or (subnet.urn in self.urns and subnet.id not in self.lost)


def listings(plan: Plan, clusters: Clusters) -> Iterator[Listing]:
    """One for each cluster and each switch of the plan."""
    for step in plan.of(resource_types.CLUSTER, resource_types.SWITCH):
        key = "eniSubnetIds" if step.type == resource_types.CLUSTER else "subnets"
        before = texts(step.old.get(key))
        after = (
            before if unknown(step.new.get(key)) else texts(step.new.get(key))
        )  # a list that is still to come has lost nothing
        stays = step.op is not Op.DELETE
        yield Listing(
            cluster=clusters.of(step),
            ids=frozenset(after if stays else ()),
            urns=frozenset(step.sources.get(key, ()) if stays else ()),
            lost=frozenset(
                set(before) - set(after) if step.new and not any(unknown(item) for item in after) else ()
            ),
            lists_some=stays and (bool(after) or unknown(step.new.get(key))),
        )


@kept_by_plan
def index_of(plan: Plan) -> "PlanIndex":
    """The index of the plan."""
    return PlanIndex(plan)


_KUBERNETES = f"{resource_types.PROVIDERS}kubernetes"
UNKNOWN_CLUSTER = ""
"""Key of what belongs to a cluster that is not known."""


class PlanIndex:
    """The steps of a plan by type, by component, by cluster."""

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
        """The components whose inputs list their container subnets, by URN; the state of an early release has
        them without that list."""
        return {step.urn: step for step in self.of(resource_types.HYBRID_CLUSTER) if "eniSubnets" in step.new}

    @cached_property
    def homes(self) -> dict[str, str]:
        """URN of the component of each resource that lies, at any depth, below one of `stating`."""
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
        """What clusters and their switches list, by cluster."""
        found: defaultdict[str, list[Listing]] = defaultdict(list)
        for listing in listings(self._plan, self.clusters):
            found[listing.cluster].append(listing)
        return dict(found)

    def listed_subnets(self, listing: Listing) -> list[Step]:
        """The subnets of the plan that are listed, by zone and name."""
        named = [self.subnets_by_id[each] for each in listing.ids if each in self.subnets_by_id]
        computed = [
            self.steps[urn]
            for urn in listing.urns
            if urn in self.steps and self.steps[urn].type == resource_types.SUBNET
        ]
        found = {step.urn: step for step in (*named, *computed) if listing.has(step)}
        return sorted(found.values(), key=lambda step: (str(step.new.get("availabilityZone")), step.urn))

    @cached_property
    def node_makers(self) -> dict[str, list[Step]]:
        """Resources that make nodes and that no component states, by cluster."""
        found: defaultdict[str, list[Step]] = defaultdict(list)
        for step in self.of(*resource_types.POOLS, resource_types.CLUSTER):
            if step.urn not in self.homes:
                found[self.clusters.of(step)].append(step)
        return dict(found)

    @cached_property
    def objects(self) -> Sequence[Step]:
        """All objects of Kubernetes."""
        return [step for step in self._plan.steps if step.type.startswith("kubernetes:")]

    @cached_property
    def objects_by_cluster(self) -> dict[str, list[Step]]:
        """Objects of Kubernetes by the URNs of the clusters and components that their provider belongs to.

        Under `UNKNOWN_CLUSTER`: those that want addresses, and whose provider tells no cluster.
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
        """For each object that wants addresses and whose cluster is not known: a sentence that names the
        object."""
        return [
            f"which cluster {step.name} is on is not known"
            for step in self.objects_by_cluster.get(UNKNOWN_CLUSTER, ())
        ]

    def _clusters_of(self, provider: Step) -> frozenset[str]:
        """Clusters and components that a provider of Kubernetes belongs to: by its parent, and by what its
        kubeconfig comes from."""
        found, seen, waiting = set[str](), {provider.urn}, [provider]
        while waiting:
            step = waiting.pop()
            for urn in [step.parent, *(urn for urns in step.sources.values() for urn in urns)]:
                if urn in seen or urn not in self.steps:
                    continue
                seen.add(urn)
                if self.steps[urn].type in (resource_types.CLUSTER, resource_types.HYBRID_CLUSTER):
                    found.add(urn)
                if self.steps[urn].type != resource_types.CLUSTER:
                    waiting.append(self.steps[urn])
        return frozenset(found)
